package kubernetes_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"plinth/internal/offline"
)

// docs: https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming, and "Create a Deployment with auto-naming"
// in the SDK's documentation of each kind.
func TestAnObjectWithoutANameIsNamedAfterItsResource(t *testing.T) {
	r := newRig(t, nil)
	unnamed := strings.Replace(configMap, "name: settings, ", "", 1)
	made, err := r.up(t, nil, "core/v1:ConfigMap", "options", unnamed)
	made = must(t, made, err)
	first := made.output(t, "metadata.name").StringValue()
	if !regexp.MustCompile(`^options-[0-9a-f]{8}$`).MatchString(first) {
		t.Errorf("got the name %q, want options- and eight hexadecimal digits", first)
	}
	mark := made.output(t, `metadata.annotations["pulumi.com/autonamed"]`)
	if !mark.IsString() || mark.StringValue() != "true" {
		t.Errorf("got the annotation pulumi.com/autonamed %v, want true", mark)
	}
	same, err := r.up(t, made, "core/v1:ConfigMap", "options", unnamed)
	if same = must(t, same, err); same.step != "same" {
		t.Errorf("deploying the same again: got the step %q, want %q", same.step, "same")
	}
	replaced, err := r.up(t, made, "core/v1:ConfigMap", "options", strings.ReplaceAll(unnamed, "info", "debug"))
	replaced = must(t, replaced, err)
	if want := "replace data.LOG_LEVEL"; replaced.step != want {
		t.Errorf("got the step %q, want %q: with a name of its own the new one comes first", replaced.step, want)
	}
	if second := replaced.output(t, "metadata.name").StringValue(); second == first {
		t.Errorf("the new object has the old one's name %s", first)
	}
}

// The engine's proposal is documented at https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming
// configuration.
func TestTheEnginesAutonamingIsHonoured(t *testing.T) {
	r := newRig(t, nil)
	check := func(mode pulumirpc.CheckRequest_AutonamingOptions_Mode) (*pulumirpc.CheckResponse, error) {
		return r.provider.Check(t.Context(), &pulumirpc.CheckRequest{
			Urn: urnOf("core/v1:ConfigMap", "options"), News: wire(t, r.inputs(t, "apiVersion: v1\nkind: ConfigMap\n")),
			Autonaming: &pulumirpc.CheckRequest_AutonamingOptions{ProposedName: "chosen", Mode: mode},
		})
	}
	response, err := check(pulumirpc.CheckRequest_AutonamingOptions_ENFORCE)
	if err != nil {
		t.Fatal(err)
	}
	metadata := unwire(t, response.GetInputs())["metadata"].ObjectValue()
	if got := metadata["name"].StringValue(); got != "chosen" {
		t.Errorf("got the name %q, want %q", got, "chosen")
	}
	_, err = check(pulumirpc.CheckRequest_AutonamingOptions_DISABLE)
	want := "options: metadata.name: must be set, because the project's autonaming is disabled"
	if err == nil || messageOf(err) != want {
		t.Errorf("got the error %v, want %q", err, want)
	}
}

// sdk/go/kubernetes/provider.go, namespace: "the default namespace to use. This flag is ignored for cluster-scoped
// resources".
func TestTheProvidersNamespaceIsTheDefault(t *testing.T) {
	r := newRig(t, nil)
	made, err := r.up(t, nil, "core/v1:ConfigMap", "settings", strings.Replace(configMap, ", namespace: !NS", "", 1))
	if got, want := must(t, made, err).id, r.namespace+"/settings"; got != want {
		t.Errorf("got the id %q, want %q", got, want)
	}
	cluster, err := r.up(t, nil, "core/v1:Namespace", r.namespace+"-other", namespace)
	cluster = must(t, cluster, err)
	if got := cluster.output(t, "metadata.namespace"); !got.IsNull() {
		t.Errorf("got the namespace %v for a Namespace, want none", got)
	}
	if got := cluster.output(t, "status.phase"); got.StringValue() != "Active" {
		t.Errorf("got the phase %v, want Active", got)
	}
	r.delete(t, cluster)
}

// CHANGELOG.md, 4.29.0 (#2926): "the API server now returns an AlreadyExists error".
func TestCreatingWhatExistsFails(t *testing.T) {
	r := newRig(t, nil)
	made, err := r.up(t, nil, "core/v1:ConfigMap", "settings", configMap)
	must(t, made, err)
	_, err = r.up(t, nil, "core/v1:ConfigMap", "again", configMap)
	want := "creating ConfigMap " + r.namespace + `/settings: configmaps "settings" already exists; import it, change it ` +
		"with a Patch resource, or delete it"
	if err == nil || messageOf(err) != want {
		t.Errorf("got the error %v, want %q", err, want)
	}
}

// sdk/go/kubernetes/provider.go, upsertExistingObjects.
func TestUpsertTakesOverWhatExists(t *testing.T) {
	r := newRig(t, map[string]any{"upsertExistingObjects": "true"})
	for _, level := range []string{"info", "debug"} {
		made, err := r.up(t, nil, "core/v1:ConfigMap", level, strings.Replace(configMap, "kind: ConfigMap\nmetadata: {",
			`kind: ConfigMap
metadata: {annotations: {pulumi.com/patchForce: "true"}, `, 1))
		must(t, made, err)
	}
}

// A field that leaves the inputs must leave the object, though a create has set it: provider/pkg/await/await.go
// (fixCSAFieldManagers).
func TestAFieldThatLeavesTheInputsLeavesTheObject(t *testing.T) {
	r := newRig(t, nil)
	made, err := r.up(t, nil, "core/v1:ConfigMap", "settings", configMap)
	made = must(t, made, err)
	updated, err := r.up(t, made, "core/v1:ConfigMap", "settings", strings.Replace(configMap, ", labels: {app: web}", "", 1))
	updated = must(t, updated, err)
	if want := "update metadata.labels"; updated.step != want {
		t.Errorf("got the step %q, want %q", updated.step, want)
	}
	if got := r.live(t, "v1/configmaps", "settings").GetLabels(); len(got) > 0 {
		t.Errorf("got the labels %v, want none", got)
	}
}

// docs: https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/,
// "Handle field conflicts on existing resources".
func TestAnotherManagersFieldIsAConflict(t *testing.T) {
	r := newRig(t, map[string]any{"enableConfigMapMutable": "true"})
	made, err := r.up(t, nil, "core/v1:ConfigMap", "settings", configMap)
	made = must(t, made, err)
	_, err = r.objects("v1/configmaps").Apply(t.Context(), "settings", &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "settings"},
		"data": map[string]any{"LOG_LEVEL": "trace"},
	}}, metav1.ApplyOptions{FieldManager: "somebody", Force: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.up(t, made, "core/v1:ConfigMap", "settings", strings.ReplaceAll(configMap, "info", "debug"))
	want := "updating ConfigMap " + r.namespace + `/settings: Apply failed with 1 conflict: conflict with "somebody": ` +
		`.data.LOG_LEVEL; set the annotation pulumi.com/patchForce to "true" to take the fields over, or leave them out`
	if err == nil || messageOf(err) != want {
		t.Errorf("got the error %v, want %q", err, want)
	}
	forced, err := r.up(t, made, "core/v1:ConfigMap", "settings", strings.Replace(strings.ReplaceAll(configMap, "info",
		"debug"), "labels:", `annotations: {pulumi.com/patchForce: "true"}, labels:`, 1))
	must(t, forced, err)
	got, _, _ := unstructured.NestedString(r.live(t, "v1/configmaps", "settings").Object, "data", "LOG_LEVEL")
	if got != "debug" {
		t.Errorf("with patchForce: got LOG_LEVEL %q, want %q", got, "debug")
	}
}

// sdk/go/kubernetes/core/v1/secret.go: "Pulumi automatically encrypts the 'data' and 'stringData' fields".
func TestTheDataOfASecretIsSecret(t *testing.T) {
	r := newRig(t, nil)
	inputs := r.inputs(t, secret)
	inputs["stringData"] = resource.MakeSecret(inputs["stringData"])
	made, err := r.deploy(t, nil, "core/v1:Secret", "credentials", inputs)
	made = must(t, made, err)
	for _, path := range []string{"data", "__inputs.stringData"} {
		if got := made.output(t, path); !got.IsSecret() {
			t.Errorf("%s is not secret: %v", path, got.TypeString())
		}
	}
	same, err := r.deploy(t, r.refresh(t, made), "core/v1:Secret", "credentials", inputs)
	if same = must(t, same, err); same.step != "same" {
		t.Errorf("after a refresh: got the step %q, want %q", same.step, "same")
	}
	patch := []byte(`{"data":{"token":"b3RoZXI="}}`)
	if _, err := r.objects("v1/secrets").Patch(t.Context(), "credentials", types.MergePatchType, patch,
		metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	changed, err := r.deploy(t, r.refresh(t, made), "core/v1:Secret", "credentials", inputs)
	if changed = must(t, changed, err); changed.step != "delete-replace stringData.token" {
		t.Errorf("after a change by somebody else: got the step %q, want %q", changed.step, "delete-replace stringData.token")
	}
}

// A secret in any field stays secret in the outputs: provider/pkg/provider/provider.go (annotateSecrets).
func TestASecretFieldStaysSecretInTheOutputs(t *testing.T) {
	r := newRig(t, nil)
	inputs := r.inputs(t, configMap)
	inputs["data"] = resource.NewObjectProperty(resource.PropertyMap{
		"LOG_LEVEL": resource.MakeSecret(resource.NewStringProperty("canary-5f3c")),
	})
	made, err := r.deploy(t, nil, "core/v1:ConfigMap", "settings", inputs)
	if got := must(t, made, err).output(t, "data.LOG_LEVEL"); !got.IsSecret() {
		t.Errorf("got %s, want a secret", got.TypeString())
	}
}

// The API server quotes values that it refuses; a secret one is not shown.
func TestErrorsDoNotShowSecrets(t *testing.T) {
	r := newRig(t, nil)
	inputs := r.inputs(t, secret)
	inputs["type"] = resource.NewStringProperty("kubernetes.io/dockerconfigjson")
	inputs["metadata"].ObjectValue()["labels"] = resource.NewObjectProperty(resource.PropertyMap{
		"token": resource.MakeSecret(resource.NewStringProperty("canary 5f3c")),
	})
	_, err := r.deploy(t, nil, "core/v1:Secret", "credentials", inputs)
	if err == nil || strings.Contains(messageOf(err), "canary") || !strings.Contains(messageOf(err), `"[secret]"`) {
		t.Errorf("got the error %v, want one that has [secret] in place of the value", err)
	}
}

// docs: https://www.pulumi.com/docs/iac/cli/commands/pulumi_refresh/; provider/pkg/provider/provider.go (Read).
func TestARefreshFindsWhatSomebodyElseChanged(t *testing.T) {
	r := newRig(t, nil)
	made, err := r.up(t, nil, "apps/v1:Deployment", "web", deployment)
	made = must(t, made, err)
	same, err := r.up(t, r.refresh(t, made), "apps/v1:Deployment", "web", deployment)
	if same = must(t, same, err); same.step != "same" {
		t.Errorf("nobody changed it, but 0.1 is written as 100m now: got the step %q, want %q", same.step, "same")
	}
	patch := []byte(`{"spec":{"replicas":2,"minReadySeconds":1},"metadata":{"labels":{"by":"somebody"}}}`)
	if _, err := r.objects("apps/v1/deployments").Patch(t.Context(), "web", types.MergePatchType, patch,
		metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	refreshed := r.refresh(t, made)
	updated, err := r.up(t, refreshed, "apps/v1:Deployment", "web", strings.Replace(deployment, "metadata: {",
		`metadata: {annotations: {pulumi.com/patchForce: "true"}, `, 1))
	if err != nil {
		t.Fatal(err)
	}
	if want := "update metadata.annotations spec.replicas"; updated.step != want {
		t.Errorf("got the step %q, want %q: what no input sets belongs to others", updated.step, want)
	}
	if err := r.objects("apps/v1/deployments").Delete(t.Context(), "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the Deployment is gone", func() bool { return r.refresh(t, made).id == "" })
}

// docs: https://www.pulumi.com/docs/iac/concepts/resources/options/import/; ids are NAMESPACE/NAME.
func TestAnObjectIsImportedByNamespaceAndName(t *testing.T) {
	r := newRig(t, nil)
	made, err := r.up(t, nil, "core/v1:ConfigMap", "settings", configMap)
	made = must(t, made, err)
	response, err := r.provider.Read(t.Context(), &pulumirpc.ReadRequest{Id: made.id, Urn: made.urn})
	if err != nil {
		t.Fatal(err)
	}
	imported := &deployed{
		urn: made.urn, id: response.GetId(), inputs: response.GetInputs(), state: response.GetProperties(),
	}
	same, err := r.up(t, imported, "core/v1:ConfigMap", "settings", configMap)
	if same = must(t, same, err); same.step != "same" {
		t.Errorf("got the step %q, want %q", same.step, "same")
	}
	_, err = r.provider.Read(t.Context(), &pulumirpc.ReadRequest{Id: "a/b/c", Urn: made.urn})
	if want := "must be NAME, or NAMESPACE/NAME"; err == nil || !strings.Contains(messageOf(err), want) {
		t.Errorf("got the error %v, want one with %q", err, want)
	}
}

// docs: https://www.pulumi.com/docs/iac/concepts/resources/options/ignorechanges/; provider/pkg/await/await.go
// (handleSSAIgnoreFields).
func TestIgnoredChangesAreLeftAlone(t *testing.T) {
	r := newRig(t, nil)
	made, err := r.up(t, nil, "apps/v1:Deployment", "web", deployment)
	made = must(t, made, err)
	patch := []byte(`{"spec":{"replicas":2}}`)
	if _, err := r.objects("apps/v1/deployments").Patch(t.Context(), "web", types.MergePatchType, patch,
		metav1.PatchOptions{FieldManager: "autoscaler"}); err != nil {
		t.Fatal(err)
	}
	changed := wire(t, r.inputs(t, strings.ReplaceAll(deployment, `"0.1"`, `"0.2"`)))
	if _, err := r.provider.Update(t.Context(), &pulumirpc.UpdateRequest{
		Id: made.id, Urn: made.urn, Olds: made.state, OldInputs: made.inputs, News: changed,
		IgnoreChanges: []string{"spec.replicas"},
	}); err != nil {
		t.Fatal(err)
	}
	got, _, _ := unstructured.NestedInt64(r.live(t, "apps/v1/deployments", "web").Object, "spec", "replicas")
	if got != 2 {
		t.Errorf("got %d replicas, want the 2 that the autoscaler set", got)
	}
}

// SDK documentation of every Patch resource, such as sdk/go/kubernetes/core/v1/serviceAccountPatch.go.
func TestAPatchOwnsItsFieldsAndGivesThemUp(t *testing.T) {
	r := newRig(t, nil)
	eventually(t, "the default ServiceAccount is there", func() bool {
		_, err := r.objects("v1/serviceaccounts").Get(t.Context(), "default", metav1.GetOptions{})
		return err == nil
	})
	patch := `
apiVersion: v1
kind: ServiceAccount
metadata: {name: default, namespace: !NS, labels: {by: plinth}}
automountServiceAccountToken: false
`
	made, err := r.up(t, nil, "core/v1:ServiceAccountPatch", "default", patch)
	made = must(t, made, err)
	if got := r.live(t, "v1/serviceaccounts", "default").Object["automountServiceAccountToken"]; got != false {
		t.Errorf("got automountServiceAccountToken %v, want false", got)
	}
	updated, err := r.up(t, made, "core/v1:ServiceAccountPatch", "default", strings.Replace(patch, ", labels: {by: plinth}",
		"", 1))
	updated = must(t, updated, err)
	if want := "update metadata.labels"; updated.step != want {
		t.Errorf("got the step %q, want %q", updated.step, want)
	}
	if _, err := r.provider.Delete(t.Context(), deletion(updated)); err != nil {
		t.Fatal(err)
	}
	if got, ok := r.live(t, "v1/serviceaccounts", "default").Object["automountServiceAccountToken"]; ok {
		t.Errorf("after the delete: got automountServiceAccountToken %v, want none", got)
	}
	_, err = r.up(t, nil, "core/v1:ServiceAccountPatch", "other", strings.Replace(patch, "name: default", "name: other", 1))
	want := "creating ServiceAccount " + r.namespace + "/other: patching ServiceAccount " + r.namespace + "/other: there is " +
		"no such object; a Patch resource changes one that exists: create it with the resource type without Patch"
	if err == nil || messageOf(err) != want {
		t.Errorf("got the error %v, want %q", err, want)
	}
}

// provider/pkg/provider/provider.go (Check, Invoke, Construct): lists are refused there too; the rest is this stand-in's.
func TestWhatIsNotSupportedIsRefusedByName(t *testing.T) {
	r := newRig(t, nil)
	tests := []struct{ token, want string }{
		{"core/v1:ConfigMapList", "kubernetes:core/v1:ConfigMapList: a list is no object; declare its items one by one"},
		{"helm.sh/v4:Chart", "kubernetes:helm.sh/v4:Chart: not supported by this stand-in of the kubernetes plugin; " +
			"install the plugin, or declare the objects"},
		{"yaml:ConfigFile", "kubernetes:yaml:ConfigFile: not supported by this stand-in of the kubernetes plugin; install " +
			"the plugin, or declare the objects"},
		{"kustomize/v2:Directory", "kubernetes:kustomize/v2:Directory: not supported by this stand-in of the kubernetes " +
			"plugin; install the plugin, or declare the objects"},
	}
	for _, test := range tests {
		_, err := r.up(t, nil, test.token, "it", "kind: It")
		if err == nil || messageOf(err) != test.want {
			t.Errorf("got the error %v, want %q", err, test.want)
		}
	}
	_, err := r.provider.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "kubernetes:yaml:decode"})
	want := "function kubernetes:yaml:decode: not supported by this stand-in of the kubernetes plugin; install the plugin, " +
		"or do without"
	if err == nil || messageOf(err) != want {
		t.Errorf("got the error %v, want %q", err, want)
	}
	_, err = r.up(t, nil, "core/v1:ConfigMap", "it", "{apiVersion: v1, kind: ConfigMap, metadata: {generateName: it-}}")
	want = "it: metadata.generateName: not supported with server-side apply; leave the name out to have one made"
	if err == nil || messageOf(err) != want {
		t.Errorf("got the error %v, want %q", err, want)
	}
}

// Engine: https://www.pulumi.com/docs/iac/concepts/how-pulumi-works/; the plugin's dry run: provider/pkg/provider/
// provider.go (Create).
func TestAPreviewAsksTheAPIServer(t *testing.T) {
	r := newRig(t, nil)
	preview := func(token string, inputs resource.PropertyMap) (resource.PropertyMap, error) {
		response, err := r.provider.Create(t.Context(), &pulumirpc.CreateRequest{
			Urn: urnOf(token, "it"), Properties: wire(t, inputs), Preview: true,
		})
		if err != nil {
			return nil, err
		}
		return unwire(t, response.GetProperties()), nil
	}
	_, err := preview("apps/v1:Deployment", r.inputs(t, strings.ReplaceAll(deployment, "labels: {app: web}",
		"labels: {app: shop}")))
	if want := "`selector` does not match template `labels`"; err == nil || !strings.Contains(messageOf(err), want) {
		t.Errorf("got the error %v, want one with %q", err, want)
	}
	unknown := r.inputs(t, configMap)
	unknown["data"] = resource.MakeComputed(resource.NewStringProperty(""))
	outputs, err := preview("core/v1:ConfigMap", unknown)
	if err != nil || !outputs["data"].IsComputed() {
		t.Errorf("got the data %v and the error %v, want it to stay unknown", outputs["data"], err)
	}
	for name, object := range map[string]string{
		"a namespace that is to be made": strings.ReplaceAll(configMap, "!NS", "standin-not-there-yet"),
		"a kind that is to be defined":   "{apiVersion: plinth.test/v1, kind: Thing, metadata: {name: it, namespace: !NS}}",
	} {
		if _, err := preview("core/v1:ConfigMap", r.inputs(t, object)); err != nil {
			t.Errorf("%s: got the error %v, want none", name, err)
		}
	}
	if found, err := r.objects("v1/configmaps").List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Fatal(err)
	} else if slices.ContainsFunc(found.Items, func(o unstructured.Unstructured) bool { return o.GetName() == "settings" }) {
		t.Error("the preview made the object")
	}
}

// docs: https://www.pulumi.com/registry/packages/kubernetes/api-docs/apiextensions/customresource/; creates are retried
// while a kind is not served: provider/pkg/await/await.go (Creation).
func TestACustomResourceWaitsForItsDefinition(t *testing.T) {
	r := newRig(t, nil)
	group := r.namespace + ".plinth.test"
	definition := `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.GROUP}
spec:
  group: GROUP
  scope: Cluster
  names: {kind: Thing, plural: things}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x_kubernetes_preserve_unknown_fields: true}}
`
	thing := "{apiVersion: GROUP/v1, kind: Thing, metadata: {name: one}, spec: {size: 1}}"
	thing, definition = strings.ReplaceAll(thing, "GROUP", group), strings.ReplaceAll(definition, "GROUP", group)
	type result struct {
		made *deployed
		err  error
	}
	done := make(chan result, 1)
	go func() {
		urn := urnOf(group+"/v1:Thing", "one")
		response, err := r.provider.Create(context.WithoutCancel(t.Context()), &pulumirpc.CreateRequest{
			Urn: urn, Properties: wire(t, r.inputs(t, thing)),
		})
		done <- result{&deployed{urn: urn, id: response.GetId(), state: response.GetProperties()}, err}
	}()
	made, err := r.up(t, nil, "apiextensions.k8s.io/v1:CustomResourceDefinition", "things", definition)
	made = must(t, made, err)
	got := <-done
	if got.err != nil {
		t.Fatal(got.err)
	}
	if got.made.id != "one" {
		t.Errorf("got the id %q, want %q: the kind has no namespaces", got.made.id, "one")
	}
	same, err := r.up(t, made, "apiextensions.k8s.io/v1:CustomResourceDefinition", "things", definition)
	if same = must(t, same, err); same.step != "same" {
		t.Errorf("got the step %q, want %q", same.step, "same")
	}
	r.delete(t, made)
	if _, err := r.provider.Delete(t.Context(), &pulumirpc.DeleteRequest{
		Id: got.made.id, Urn: got.made.urn, Properties: got.made.state,
	}); err != nil {
		t.Errorf("deleting a custom resource whose definition is gone: got the error %v, want none", err)
	}
}

// The engine opens a connection for each provider of a program.
func TestEachConnectionHasItsOwnConfiguration(t *testing.T) {
	value, stop, err := offline.Serve(t.Context(), "kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	one, two := dial(t, value, &engine{}), dial(t, value, &engine{})
	configure(t, one, map[string]any{"kubeconfig": clusterConfig(t), "namespace": "one"})
	configure(t, two, map[string]any{"kubeconfig": clusterConfig(t), "namespace": "two"})
	for want, client := range map[string]pulumirpc.ResourceProviderClient{"one": one, "two": two} {
		response, err := client.Check(t.Context(), &pulumirpc.CheckRequest{
			Urn: urnOf("core/v1:ConfigMap", "it"), News: wire(t, resource.PropertyMap{}),
		})
		if err != nil {
			t.Fatal(err)
		}
		got := unwire(t, response.GetInputs())["metadata"].ObjectValue()["namespace"].StringValue()
		if got != want {
			t.Errorf("got the namespace %q, want %q", got, want)
		}
	}
	info, err := one.GetPluginInfo(t.Context(), &emptypb.Empty{})
	if err != nil || info.GetVersion() != "4.33.0" {
		t.Errorf("got the version %q and the error %v, want 4.33.0", info.GetVersion(), err)
	}
}
