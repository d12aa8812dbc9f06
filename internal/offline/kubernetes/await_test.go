package kubernetes_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// SDK documentation of Deployment: "This resource waits until its status is ready".
func TestADeploymentIsWaitedFor(t *testing.T) {
	r := newRig(t, nil)
	made, err := r.up(t, nil, "apps/v1:Deployment", "web", deployment)
	made = must(t, made, err)
	if got := made.output(t, "status.availableReplicas"); got.IsNull() || got.NumberValue() != 1 {
		t.Errorf("got %v available replicas, want 1", got)
	}
	if _, statuses := r.engine.said(); !slices.ContainsFunc(statuses, func(s string) bool {
		return strings.HasPrefix(s, "[1/2] ")
	}) || statuses[len(statuses)-1] != "" {
		t.Errorf("got the progress %q, want a line that starts with [1/2], and an empty one at the end", statuses)
	}
}

// The objects that a workload of this project is made of come up together, the Service while its pods do.
func TestAnApplicationComesUp(t *testing.T) {
	r := newRig(t, nil)
	type result struct {
		made *deployed
		err  error
	}
	objects := map[string]string{
		"core/v1:ConfigMap": configMap, "core/v1:Secret": secret, "apps/v1:Deployment": deployment, "core/v1:Service": service,
		"policy/v1:PodDisruptionBudget": budget, "autoscaling/v2:HorizontalPodAutoscaler": autoscaler,
		"networking.k8s.io/v1:NetworkPolicy": networkPolicy, "core/v1:ResourceQuota": strings.Replace(quota,
			", scopes: [NotTerminating]", "", 1),
	}
	done := make(chan result, len(objects))
	for token, object := range objects {
		go func() {
			made, err := r.up(t, nil, token, "it", object)
			done <- result{made, err}
		}()
	}
	for range objects {
		got := <-done
		if got.err != nil {
			t.Error(got.err)
		} else if got.made.failure != "" {
			t.Error(got.made.failure)
		}
	}
}

// provider/pkg/metadata/annotations.go: pulumi.com/timeoutSeconds; provider/pkg/await/deployment.go: pods' reasons.
func TestAnUnschedulablePodIsTheReasonOfATimeout(t *testing.T) {
	r := newRig(t, nil)
	object := strings.NewReplacer("name: web, namespace: !NS", `name: web, namespace: !NS, annotations: `+
		`{pulumi.com/timeoutSeconds: "3"}`, "terminationGracePeriodSeconds: 1", "nodeSelector: {no: such-node}").
		Replace(deployment)
	made, err := r.up(t, nil, "apps/v1:Deployment", "web", object)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Deployment " + r.namespace + "/web was created, but is not ready: it was not ready after 3s",
		"Unschedulable: 0/", "didn't match Pod's node affinity/selector",
	} {
		if !strings.Contains(made.failure, want) {
			t.Errorf("got the failure\n%s\nwant it to say %q", made.failure, want)
		}
	}
	if made.id != r.namespace+"/web" || made.output(t, "metadata.uid").IsNull() {
		t.Error("the object is not in state")
	}
	// The engine updates what is not ready, and so waits for it again.
	again, err := r.up(t, made, "apps/v1:Deployment", "web", strings.ReplaceAll(object, "replicas: 1", "replicas: 0"))
	must(t, again, err)
}

// podStatus makes the one pod of the application web be in a state, as a kubelet would.
func (r *rig) podStatus(t *testing.T, status string) {
	t.Helper()
	eventually(t, "a pod is there and takes the status", func() bool {
		found, err := r.objects("v1/pods").List(t.Context(), metav1.ListOptions{})
		if err != nil || len(found.Items) == 0 {
			return false
		}
		_, err = r.objects("v1/pods").Patch(t.Context(), found.Items[0].GetName(), types.MergePatchType, []byte(status),
			metav1.PatchOptions{}, "status")
		return err == nil
	})
}

// provider/pkg/await/checker/pod/check.go reports the same reason, at the timeout.
func TestAnImageThatCannotBePulledFailsEarlyWithThePodsReason(t *testing.T) {
	r := newRig(t, nil)
	go r.podStatus(t, `{"status":{"containerStatuses":[{
"name":"web","image":"test.local/nothing:1","imageID":"","ready":false,"restartCount":0,
"state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image test.local/nothing:1"}}}]}}`)
	made, err := r.up(t, nil, "apps/v1:Deployment", "web", unscheduled)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"was created, but is not ready: pod " + r.namespace + "/web-", ": container web: ImagePullBackOff: Back-off pulling image " +
			"test.local/nothing:1",
	} {
		if !strings.Contains(made.failure, want) {
			t.Errorf("got the failure\n%s\nwant it to say %q", made.failure, want)
		}
	}
}

// provider/pkg/await/checker/pod/check.go.
func TestACrashLoopFailsAfterThreeRestarts(t *testing.T) {
	r := newRig(t, nil)
	go r.podStatus(t, `{"status":{"containerStatuses":[{
"name":"web","image":"test.local/nothing:1","imageID":"","ready":false,"restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 40s"}},
"lastState":{"terminated":{"exitCode":2,"reason":"Error"}}}]}}`)
	made, err := r.up(t, nil, "apps/v1:Deployment", "web", unscheduled)
	if err != nil {
		t.Fatal(err)
	}
	if want := ": container web: CrashLoopBackOff: exit code 2, restarts: 3"; !strings.Contains(made.failure, want) {
		t.Errorf("got the failure\n%s\nwant it to say %q", made.failure, want)
	}
}

// The quota is named: events of the ReplicaSet, provider/pkg/await/deployment.go.
func TestAQuotaThatForbidsPodsIsTheReasonOfATimeout(t *testing.T) {
	r := newRig(t, nil)
	limits, err := r.up(t, nil, "core/v1:ResourceQuota", "limits", strings.NewReplacer(`"10"`, `"0"`,
		", scopes: [NotTerminating]", "").Replace(quota))
	must(t, limits, err)
	made, err := r.up(t, nil, "apps/v1:Deployment", "web", strings.ReplaceAll(unscheduled, `"60"`, `"4"`))
	if err != nil {
		t.Fatal(err)
	}
	if want := "exceeded quota: limits, requested: pods=1, used: pods=0, limited: pods=0"; !strings.Contains(made.failure,
		want) {
		t.Errorf("got the failure\n%s\nwant it to say %q", made.failure, want)
	}
}

// jobStatus makes the Job be in a state, as its controller would.
func (r *rig) jobStatus(t *testing.T, status string) {
	t.Helper()
	eventually(t, "the Job is there and takes the status", func() bool {
		_, err := r.objects("batch/v1/jobs").Patch(context.WithoutCancel(t.Context()), "migrate", types.MergePatchType,
			[]byte(status), metav1.PatchOptions{}, "status")
		return err == nil
	})
}

const (
	jobFailed = `{"status":{"startTime":"2026-01-01T00:00:00Z","failed":1,"conditions":[
{"type":"FailureTarget","status":"True","reason":"BackoffLimitExceeded"},
{"type":"Failed","status":"True","reason":"BackoffLimitExceeded","message":"three times is enough"}]}}`
	jobComplete = `{"status":{"startTime":"2026-01-01T00:00:00Z","completionTime":"2026-01-01T00:00:01Z","succeeded":1,
"conditions":[{"type":"SuccessCriteriaMet","status":"True"},{"type":"Complete","status":"True"}]}}`
)

// SDK documentation of Job: waits for Complete, fails on Failed; "pulumi.com/replaceUnready".
func TestAFailedJobFailsAndIsReplacedWhereItAsksForIt(t *testing.T) {
	r := newRig(t, nil)
	go r.jobStatus(t, jobFailed)
	object := strings.Replace(job, "annotations: {", `annotations: {pulumi.com/replaceUnready: "true", `, 1)
	made, err := r.up(t, nil, "batch/v1:Job", "migrate", object)
	if err != nil {
		t.Fatal(err)
	}
	want := "Job " + r.namespace + "/migrate was created, but is not ready: the Job failed: BackoffLimitExceeded: three " +
		"times is enough"
	if made.failure != want {
		t.Errorf("got the failure %q, want %q", made.failure, want)
	}
	if got := r.refresh(t, made).failure; !strings.Contains(got, "the Job failed: BackoffLimitExceeded") {
		t.Errorf("a refresh: got the failure %q, want the Job's", got)
	}
	go func() {
		first := made.output(t, "metadata.uid").StringValue()
		eventually(t, "another Job is there", func() bool {
			found, err := r.objects("batch/v1/jobs").Get(context.WithoutCancel(t.Context()), "migrate", metav1.GetOptions{})
			return err == nil && string(found.GetUID()) != first
		})
		r.jobStatus(t, jobComplete)
	}()
	again, err := r.up(t, made, "batch/v1:Job", "migrate", object)
	again = must(t, again, err)
	if want := `delete-replace metadata.annotations["pulumi.com/replaceUnready"]`; again.step != want {
		t.Errorf("got the step %q, want %q", again.step, want)
	}
	same, err := r.up(t, again, "batch/v1:Job", "migrate", object)
	if same = must(t, same, err); same.step != "same" {
		t.Errorf("a complete one: got the step %q, want %q", same.step, "same")
	}
}

// provider/pkg/await/awaiters.go (untilCoreV1PersistentVolumeClaimReady).
func TestAClaimThatCannotBindFailsWithItsReason(t *testing.T) {
	r := newRig(t, nil)
	made, err := r.up(t, nil, "core/v1:PersistentVolumeClaim", "data", claim)
	if err != nil {
		t.Fatal(err)
	}
	want := "PersistentVolumeClaim " + r.namespace + "/data was created, but is not ready: it was not ready after 3s (the " +
		"claim is Pending)\nPersistentVolumeClaim " + r.namespace + "/data: ProvisioningFailed: " +
		`storageclass.storage.k8s.io "no-such-class" not found`
	if made.failure != want {
		t.Errorf("got the failure\n%s\nwant\n%s", made.failure, want)
	}
}

// CHANGELOG.md, 4.27.0 (#4181): a claim whose class waits for its first consumer is ready while it is pending.
func TestAClaimThatWaitsForItsFirstPodIsReady(t *testing.T) {
	r := newRig(t, nil)
	class := `
apiVersion: storage.k8s.io/v1
kind: StorageClass
provisioner: plinth.test/none
volumeBindingMode: WaitForFirstConsumer
`
	made, err := r.up(t, nil, "storage.k8s.io/v1:StorageClass", r.namespace, class)
	made = must(t, made, err)
	name := made.output(t, "metadata.name").StringValue()
	claimed, err := r.up(t, nil, "core/v1:PersistentVolumeClaim", "data", strings.ReplaceAll(claim, "no-such-class", name))
	if got := must(t, claimed, err).output(t, "status.phase").StringValue(); got != "Pending" {
		t.Errorf("got the phase %q, want Pending", got)
	}
	r.delete(t, claimed)
	r.delete(t, made)
}

// SDK documentation of Service: waits for endpoints "unless the Service is an 'empty headless' Service, a Service with
// '.spec.type: ExternalName', or a Service without a selector", and for an address if it is a LoadBalancer.
func TestServicesAreWaitedForByTheirKind(t *testing.T) {
	r := newRig(t, nil)
	short := strings.Replace(service, "namespace: !NS", `namespace: !NS, annotations: {pulumi.com/timeoutSeconds: "2"}`, 1)
	for name, test := range map[string]struct{ object, want string }{
		"no pods": {short, "the Service selects no pod: there is none with the labels of spec.selector, or it has no " +
			"address yet"},
		"headless": {strings.Replace(short, "spec: {", "spec: {clusterIP: None, ", 1), ""},
		"external": {strings.Replace(short, "spec: {selector: {app: web}, ", "spec: {type: ExternalName, externalName: "+
			"example.com, ", 1), ""},
		"without a selector": {strings.Replace(short, "selector: {app: web}, ", "", 1), ""},
		"without await": {strings.Replace(short, "{pulumi.com/timeoutSeconds", `{pulumi.com/skipAwait: "true", `+
			"pulumi.com/timeoutSeconds", 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			made, err := r.up(t, nil, "core/v1:Service", "web", test.object)
			if err != nil {
				t.Fatal(err)
			}
			if test.want == "" && made.failure != "" || !strings.Contains(made.failure, test.want) {
				t.Errorf("got the failure %q, want %q", made.failure, test.want)
			}
			r.delete(t, made)
		})
	}
	t.Run("load balancer", func(t *testing.T) {
		made, err := r.up(t, nil, "core/v1:Service", "web", strings.Replace(service, "spec: {selector: {app: web}, ",
			"spec: {type: LoadBalancer, ", 1))
		if got := must(t, made, err).output(t, "status.loadBalancer.ingress[0].ip").StringValue(); got == "" {
			t.Error("the Service has no address")
		}
	})
}

// SDK documentation of Ingress.
func TestAnIngressWithoutAControllerSaysSo(t *testing.T) {
	r := newRig(t, nil)
	made, err := r.up(t, nil, "networking.k8s.io/v1:Ingress", "web", `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: !NS, annotations: {pulumi.com/timeoutSeconds: "2"}}
spec: {rules: [{host: example.com}]}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := "the Ingress was given no address: is there a controller for its class? Set pulumi.com/skipAwait to \"true\" " +
		"where none is to be had"
	if !strings.Contains(made.failure, want) {
		t.Errorf("got the failure %q, want it to say %q", made.failure, want)
	}
}

// provider/pkg/metadata/annotations.go (GetReadyCondition).
func TestWaitForNamesWhatIsWaitedFor(t *testing.T) {
	r := newRig(t, nil)
	with := func(expression string) string {
		return strings.Replace(configMap, "labels:", "annotations: {pulumi.com/timeoutSeconds: \"1\", pulumi.com/waitFor: '"+
			expression+"'}, labels:", 1)
	}
	for expression, want := range map[string]string{
		"jsonpath={.data.LOG_LEVEL}=info":                             "",
		"jsonpath={.metadata.uid}":                                    "",
		`["jsonpath={.data.LOG_LEVEL}", "jsonpath={.metadata.name}"]`: "",
		"jsonpath={.data.LOG_LEVEL}=debug":                            "jsonpath={.data.LOG_LEVEL}=debug does not hold",
		"condition=Ready":                                             "condition=Ready does not hold",
		`["jsonpath={.data.LOG_LEVEL}", "condition=Synced=Unknown"]`:  "condition=Synced=Unknown does not hold",
		"ready": `pulumi.com/waitFor: an expression starts with jsonpath= or condition=, got "ready"`,
		"jsonpath=.data": "pulumi.com/waitFor: must be jsonpath={EXPRESSION} or jsonpath={EXPRESSION}=VALUE, got " +
			`"jsonpath=.data"`,
	} {
		t.Run(expression, func(t *testing.T) {
			made, err := r.up(t, nil, "core/v1:ConfigMap", "settings", with(expression))
			if err != nil {
				t.Fatal(err)
			}
			if want == "" && made.failure != "" || !strings.Contains(made.failure, want) {
				t.Errorf("got the failure %q, want %q", made.failure, want)
			}
			r.delete(t, made)
		})
	}
}

// provider/pkg/metadata/annotations.go (deletionPropagationPolicy): CHANGELOG.md, 4.12.0 (#3011).
func TestADeleteTakesDependentsWithItUnlessTheyAreOrphaned(t *testing.T) {
	r := newRig(t, nil)
	count := func() int {
		found, err := r.objects("v1/pods").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return len(found.Items)
	}
	orphaning := strings.Replace(deployment, "namespace: !NS", "namespace: !NS, annotations: "+
		"{pulumi.com/deletionPropagationPolicy: orphan}", 1)
	for name, test := range map[string]struct {
		object string
		want   int
	}{"foreground": {deployment, 0}, "orphan": {orphaning, 1}} {
		t.Run(name, func(t *testing.T) {
			made, err := r.up(t, nil, "apps/v1:Deployment", "web", test.object)
			r.delete(t, must(t, made, err))
			if got := count(); got != test.want {
				t.Errorf("got %d pods after the delete, want %d", got, test.want)
			}
		})
	}
}

// CHANGELOG.md, 4.18.0: a delete that hangs names the finalizers.
func TestADeleteThatHangsNamesWhatKeepsTheObject(t *testing.T) {
	r := newRig(t, nil)
	made, err := r.up(t, nil, "core/v1:ConfigMap", "settings", strings.Replace(configMap, "labels:",
		`finalizers: [plinth.test/keep], annotations: {pulumi.com/timeoutSeconds: "1"}, labels:`, 1))
	made = must(t, made, err)
	_, err = r.provider.Delete(t.Context(), deletion(made))
	want := "deleting ConfigMap " + r.namespace + "/settings: it is still there after 1s: finalizers "
	if err == nil || !strings.HasPrefix(messageOf(err), want) || !strings.Contains(messageOf(err), "plinth.test/keep") {
		t.Errorf("got the error %v, want one that starts with %q and names plinth.test/keep", err, want)
	}
	if _, err := r.objects("v1/configmaps").Patch(t.Context(), "settings", types.MergePatchType,
		[]byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.provider.Delete(t.Context(), deletion(made)); err != nil {
		t.Errorf("deleting what is gone: got the error %v, want none", err)
	}
}

// Warnings of the API server reach the user.
func TestWarningsOfTheAPIServerReachTheUser(t *testing.T) {
	r := newRig(t, nil)
	label := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{
			"name": r.namespace, "labels": map[string]any{"pod-security.kubernetes.io/warn": "restricted"},
		},
	}}
	if _, err := r.cluster.Resource(namespaces()).Apply(t.Context(), r.namespace, label,
		metav1.ApplyOptions{FieldManager: "test", Force: true}); err != nil {
		t.Fatal(err)
	}
	made, err := r.up(t, nil, "apps/v1:Deployment", "web", deployment)
	must(t, made, err)
	messages, _ := r.engine.said()
	if !slices.ContainsFunc(messages, func(s string) bool {
		return strings.HasPrefix(s, "would violate PodSecurity \"restricted:latest\"")
	}) {
		t.Errorf("got the warnings %q, want one of Pod Security admission", messages)
	}
}
