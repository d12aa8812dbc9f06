package kubernetes_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const providerURN = "urn:pulumi:test::plinth::pulumi:providers:kubernetes::cluster"

func kubeconfigOf(server string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Config
current-context: it
contexts: [{name: it, context: {cluster: it, user: it}}]
clusters: [{name: it, cluster: {server: %q}}]
users: [{name: it, user: {}}]
`, server)
}

// sdk/go/kubernetes/provider.go, clusterIdentifier: "the provider will _only_ be replaced when clusterIdentifier
// changes"; without one, provider/pkg/provider/provider.go (DiffConfig).
func TestTheClusterIdentifierDecidesWhetherAProviderIsReplaced(t *testing.T) {
	client := attach(t, &engine{})
	one, two := kubeconfigOf("https://one:6443"), kubeconfigOf("https://two:6443")
	unknown := resource.MakeComputed(resource.NewStringProperty(""))
	text := resource.NewStringProperty
	tests := []struct {
		name     string
		old, now resource.PropertyMap
		want     string
	}{
		{"nothing changed", resource.PropertyMap{"kubeconfig": text(one)}, resource.PropertyMap{"kubeconfig": text(one)}, ""},
		{
			"another cluster",
			resource.PropertyMap{"kubeconfig": text(one)},
			resource.PropertyMap{"kubeconfig": text(two)},
			"replace kubeconfig",
		},
		{
			"the same cluster written differently",
			resource.PropertyMap{"kubeconfig": text(one)},
			resource.PropertyMap{"kubeconfig": text(one + "# a comment\n")},
			"update",
		},
		{
			"an unknown kubeconfig",
			resource.PropertyMap{"kubeconfig": text(one)},
			resource.PropertyMap{"kubeconfig": unknown},
			"replace kubeconfig",
		},
		{
			"an unknown kubeconfig of the cluster identified before",
			resource.PropertyMap{"kubeconfig": text(one), "clusterIdentifier": text("a")},
			resource.PropertyMap{"kubeconfig": unknown, "clusterIdentifier": text("a")},
			"update",
		},
		{
			"another kubeconfig of the cluster identified before",
			resource.PropertyMap{"kubeconfig": text(one), "clusterIdentifier": text("a")},
			resource.PropertyMap{"kubeconfig": text(two), "clusterIdentifier": text("a")},
			"update",
		},
		{
			"another identifier",
			resource.PropertyMap{"kubeconfig": text(one), "clusterIdentifier": text("a")},
			resource.PropertyMap{"kubeconfig": text(one), "clusterIdentifier": text("b")},
			"replace clusterIdentifier",
		},
		{
			"an identifier for the first time",
			resource.PropertyMap{"kubeconfig": text(one)},
			resource.PropertyMap{"kubeconfig": text(one), "clusterIdentifier": text("a")},
			"update",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			response, err := client.DiffConfig(t.Context(), &pulumirpc.DiffRequest{
				Urn: providerURN, Olds: wire(t, test.old), News: wire(t, test.now),
			})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			switch {
			case len(response.GetReplaces()) > 0:
				got = "replace " + strings.Join(response.GetReplaces(), " ")
			case response.GetChanges() == pulumirpc.DiffResponse_DIFF_SOME:
				got = "update"
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestArgumentsThatAreNotHonouredAreRefused(t *testing.T) {
	client := attach(t, &engine{})
	response, err := client.CheckConfig(t.Context(), &pulumirpc.CheckRequest{
		Urn: providerURN, News: wire(t, resource.NewPropertyMapFromMap(map[string]any{
			"renderYamlToDirectory": "out", "enableServerSideApply": "false", "helmReleaseSettings": `{"driver":"secret"}`,
		})),
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, failure := range response.GetFailures() {
		got[failure.GetProperty()] = failure.GetReason()
	}
	want := map[string]string{
		"renderYamlToDirectory": "not supported by this stand-in of the kubernetes plugin: use plinth render",
		"enableServerSideApply": "must not be false: this stand-in of the kubernetes plugin knows server-side apply alone",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got the failures %v, want %v", got, want)
	}
}

// provider/pkg/provider/provider.go (Create, Delete, Read): "configured Kubernetes cluster is unreachable";
// sdk/go/kubernetes/provider.go, deleteUnreachable and skipUpdateUnreachable.
func TestAnUnreachableClusterIsNamed(t *testing.T) {
	kubeconfig := kubeconfigOf("https://127.0.0.1:1")
	refused := "the Kubernetes API server https://127.0.0.1:1 cannot be reached: " +
		`Get "https://127.0.0.1:1/version": dial tcp 127.0.0.1:1: connect: connection refused`
	urn := urnOf("core/v1:ConfigMap", "it")
	inputs := resource.NewPropertyMapFromMap(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "it", "namespace": "default"},
	})
	unreachable := func(more map[string]any) (pulumirpc.ResourceProviderClient, *engine) {
		e := &engine{}
		client := attach(t, e)
		arguments := map[string]any{"kubeconfig": kubeconfig}
		for key, value := range more {
			arguments[key] = value
		}
		configure(t, client, arguments)
		return client, e
	}

	client, e := unreachable(nil)
	_, err := client.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn, Properties: wire(t, inputs)})
	if want := "creating ConfigMap default/it: " + refused; err == nil || messageOf(err) != want {
		t.Errorf("create: got the error %v, want %q", err, want)
	}
	if _, err := client.Create(t.Context(), &pulumirpc.CreateRequest{
		Urn: urn, Properties: wire(t, inputs), Preview: true,
	}); err != nil {
		t.Errorf("preview: got the error %v, want none", err)
	}
	if messages, _ := e.said(); len(messages) != 1 || messages[0] != "not checked: "+refused {
		t.Errorf("preview: got the warnings %q, want %q", messages, "not checked: "+refused)
	}
	deletion := &pulumirpc.DeleteRequest{Urn: urn, Id: "default/it", Properties: wire(t, inputs)}
	_, err = client.Delete(t.Context(), deletion)
	want := "deleting ConfigMap default/it: " + refused + "; where the cluster is gone for good, set the provider's " +
		"deleteUnreachable"
	if err == nil || messageOf(err) != want {
		t.Errorf("delete: got the error %v, want %q", err, want)
	}

	client, _ = unreachable(map[string]any{"deleteUnreachable": "true"})
	if _, err := client.Delete(t.Context(), deletion); err != nil {
		t.Errorf("delete with deleteUnreachable: got the error %v, want none", err)
	}
	client, _ = unreachable(map[string]any{"skipUpdateUnreachable": "true"})
	read, err := client.Read(t.Context(), &pulumirpc.ReadRequest{
		Urn: urn, Id: "default/it", Properties: wire(t, inputs), Inputs: wire(t, inputs),
	})
	if err != nil || read.GetId() != "default/it" {
		t.Errorf("read with skipUpdateUnreachable: got the id %q and the error %v, want it unchanged", read.GetId(), err)
	}
}

// sdk/go/kubernetes/provider.go, kubeconfig: "The contents of a kubeconfig file or the path to a kubeconfig file".
func TestAKubeconfigIsContentOrPath(t *testing.T) {
	content, err := os.ReadFile(clusterConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	for name, test := range map[string]struct{ value, want string }{
		"content": {string(content), ""},
		"path":    {clusterConfig(t), ""},
		"neither": {nowhere, "provider argument kubeconfig: must be a kubeconfig or the path of one: open " + nowhere +
			": no such file or directory"},
		"nonsense": {"a: [\nb", "provider argument kubeconfig: does not parse as a kubeconfig"},
	} {
		t.Run(name, func(t *testing.T) {
			client := attach(t, &engine{})
			configure(t, client, map[string]any{"kubeconfig": test.value})
			_, err := client.Read(t.Context(), &pulumirpc.ReadRequest{
				Id: "kube-system", Urn: urnOf("core/v1:Namespace", "it"),
			})
			switch {
			case test.want == "" && err != nil:
				t.Errorf("got the error %v, want none", err)
			case test.want != "" && (err == nil || messageOf(err) != "reading kube-system: "+test.want):
				t.Errorf("got the error %v, want %q", err, test.want)
			}
		})
	}
}
