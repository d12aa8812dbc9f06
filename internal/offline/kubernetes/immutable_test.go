package kubernetes_test

import (
	"strings"
	"testing"
)

// The plugin's list of fields that replace is in its repository, pulumi/pulumi-kubernetes, at
// provider/pkg/provider/diff.go (forceNew and forceNewProperties); lines below name where else it is documented.
func TestChangedFieldsUpdateOrReplace(t *testing.T) {
	replaced := "provider/pkg/provider/diff.go"
	tests := []struct {
		name, token, object string
		old, now            string
		documented          string
		want                string
	}{
		{
			"replicas of a Deployment", "apps/v1:Deployment", strings.ReplaceAll(deployment, "replicas: 1", "replicas: 0"),
			`"0.1"`, `"0.2"`, "docs: Deployment has the update semantics of Kubernetes",
			"update spec.template.spec.containers[0].resources.requests.cpu",
		},
		{
			"selector of a Deployment", "apps/v1:Deployment", strings.ReplaceAll(deployment, "replicas: 1", "replicas: 0"),
			"{app: web}", "{app: shop}", replaced,
			"delete-replace spec.selector.matchLabels.app",
		},
		{
			"selector of a DaemonSet", "apps/v1:DaemonSet", daemonSet, "{app: agent}", "{app: probe}", replaced,
			"delete-replace spec.selector.matchLabels.app",
		},
		{
			"claim of a StatefulSet", "apps/v1:StatefulSet", statefulSet, "storage: 1Gi", "storage: 2Gi", replaced,
			"delete-replace spec.volumeClaimTemplates[0].spec.resources.requests.storage",
		},
		{
			"service of a StatefulSet", "apps/v1:StatefulSet", statefulSet, "serviceName: db", "serviceName: data", replaced,
			"delete-replace spec.serviceName",
		},
		{
			"pod management of a StatefulSet", "apps/v1:StatefulSet", statefulSet, "OrderedReady", "Parallel", replaced,
			"delete-replace spec.podManagementPolicy",
		},
		{
			"history of a StatefulSet", "apps/v1:StatefulSet", statefulSet, "HistoryLimit: 3", "HistoryLimit: 4", replaced,
			"delete-replace spec.revisionHistoryLimit",
		},
		{
			"image of a StatefulSet", "apps/v1:StatefulSet", statefulSet, "postgres:15", "postgres:16", replaced,
			"update spec.template.spec.containers[0].image",
		},
		{
			"template of a Job", "batch/v1:Job", skipped(job), "flask:1", "flask:2",
			replaced + "; issue pulumi-kubernetes#856",
			"delete-replace spec.template.spec.containers[0].image",
		},
		{
			"completions of a Job", "batch/v1:Job", skipped(job), "completions: 1", "completions: 2", replaced,
			"delete-replace spec.completions",
		},
		{
			"parallelism of a Job", "batch/v1:Job", skipped(job), "parallelism: 1", "parallelism: 2", replaced,
			"delete-replace spec.parallelism",
		},
		{
			"ports of a Service", "core/v1:Service", skipped(service), "port: 80", "port: 81", replaced,
			"update spec.ports[0].port",
		},
		{
			"clusterIP of a Service", "core/v1:Service", skipped(service), "spec: {", "spec: {clusterIP: None, ", replaced,
			"delete-replace spec.clusterIP",
		},
		{
			"role of a RoleBinding", "rbac.authorization.k8s.io/v1:RoleBinding", roleBinding, "name: view", "name: edit",
			replaced, "delete-replace roleRef.name",
		},
		{
			"subject of a RoleBinding", "rbac.authorization.k8s.io/v1:RoleBinding", roleBinding, "name: default", "name: other",
			replaced, "update subjects[0].name",
		},
		{
			"type of a Secret", "core/v1:Secret", secret, "type: Opaque", "type: plinth.test/token", replaced,
			"delete-replace type",
		},
		{
			"data of a Secret", "core/v1:Secret", secret, "canary-5f3c", "canary-77aa",
			"sdk/go/kubernetes/provider.go, enableSecretMutable", "delete-replace stringData.token",
		},
		{
			"data of a ConfigMap", "core/v1:ConfigMap", configMap, "info", "debug",
			"sdk/go/kubernetes/provider.go, enableConfigMapMutable", "delete-replace data.LOG_LEVEL",
		},
		{
			"labels of a ConfigMap", "core/v1:ConfigMap", configMap, "app: web", "app: shop", replaced,
			"update metadata.labels.app",
		},
		{
			"name", "core/v1:ConfigMap", configMap, "name: settings", "name: options",
			replaced + " (metadataForceNewProperties)", "replace metadata.name",
		},
		{
			"class of a claim", "core/v1:PersistentVolumeClaim", skipped(claim), "no-such-class", "other-class", replaced,
			"delete-replace spec.storageClassName",
		},
		{
			"budget", "policy/v1:PodDisruptionBudget", budget, "maxUnavailable: 1", "maxUnavailable: 2",
			replaced + ": only policy/v1beta1 is listed", "update spec.maxUnavailable",
		},
		{
			"bounds of an autoscaler", "autoscaling/v2:HorizontalPodAutoscaler", autoscaler, "maxReplicas: 3",
			"maxReplicas: 4", replaced, "update spec.maxReplicas",
		},
		{
			"types of a network policy", "networking.k8s.io/v1:NetworkPolicy", networkPolicy, "[Ingress, Egress]", "[Ingress]",
			replaced, "update spec.policyTypes[1]",
		},
		{
			"scopes of a quota", "core/v1:ResourceQuota", quota, "[NotTerminating]", "[Terminating]", replaced,
			"delete-replace spec.scopes[0]",
		},
	}
	r := newRig(t, nil)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.documented == "" {
				t.Fatal("say where the plugin documents it")
			}
			made, err := r.up(t, nil, test.token, "it", test.object)
			made = must(t, made, err)
			same, err := r.up(t, made, test.token, "it", test.object)
			if same = must(t, same, err); same.step != "same" {
				t.Errorf("deploying the same again: got the step %q, want %q", same.step, "same")
			}
			changed := strings.ReplaceAll(test.object, test.old, test.now)
			if changed == test.object {
				t.Fatalf("nothing to change: no %q in the object", test.old)
			}
			got, err := r.up(t, made, test.token, "it", changed)
			if got = must(t, got, err); got.step != test.want {
				t.Errorf("got the step %q, want %q", got.step, test.want)
			}
			r.delete(t, got)
		})
	}
}

// skipped is an object that nothing waits for.
func skipped(object string) string {
	annotations := "annotations: {pulumi.com/skipAwait: \"true\""
	if strings.Contains(object, "annotations: {") {
		return strings.Replace(object, "annotations: {", annotations+", ", 1)
	}
	return strings.Replace(object, "namespace: !NS", "namespace: !NS, "+annotations+"}", 1)
}

func TestMutableConfigMapsAndSecretsAreUpdated(t *testing.T) {
	// sdk/go/kubernetes/provider.go: enableConfigMapMutable, enableSecretMutable.
	r := newRig(t, map[string]any{"enableConfigMapMutable": "true", "enableSecretMutable": "true"})
	tests := []struct{ name, token, object, old, now, want string }{
		{"ConfigMap", "core/v1:ConfigMap", configMap, "info", "debug", "update data.LOG_LEVEL"},
		{"Secret", "core/v1:Secret", secret, "canary-5f3c", "canary-77aa", "update stringData.token"},
		{
			"immutable ConfigMap", "core/v1:ConfigMap", configMap + "immutable: true\n", "info", "debug",
			"delete-replace data.LOG_LEVEL",
		},
		{
			"type of a Secret", "core/v1:Secret", secret, "type: Opaque", "type: plinth.test/token", "delete-replace type",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			made, err := r.up(t, nil, test.token, "it", test.object)
			made = must(t, made, err)
			got, err := r.up(t, made, test.token, "it", strings.ReplaceAll(test.object, test.old, test.now))
			if got = must(t, got, err); got.step != test.want {
				t.Errorf("got the step %q, want %q", got.step, test.want)
			}
			r.delete(t, got)
		})
	}
}
