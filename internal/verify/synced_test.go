package verify_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"

	"plinth/internal/verify"
)

// operated are objects of each secrets operator that work, each of which fills a Secret of its own name.
const operated = `
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: eso, namespace: shop}
spec: {target: {name: eso}, data: [{secretKey: token}, {secretKey: session}]}
status: {conditions: [{type: Ready, status: "True"}]}
---
apiVersion: secrets.hashicorp.com/v1beta1
kind: VaultStaticSecret
metadata: {name: vso, namespace: shop}
spec: {destination: {name: vso, transformation: {templates: {token: {text: x}, session: {text: y}}}}}
status: {secretMAC: bWFj}
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: sealed, namespace: shop}
spec: {encryptedData: {token: AgA, session: AgB}}
status: {conditions: [{type: Synced, status: "True"}]}
`

// lookAt verifies those objects, with these keys in each Secret.
func lookAt(t *testing.T, manifests string, names, keys []string) []verify.Check {
	t.Helper()
	mapper, lists := meta.NewDefaultRESTMapper(nil), map[schema.GroupVersionResource]string{}
	var live, filled []runtime.Object
	var wanted []verify.Object
	for _, o := range objects(t, manifests) {
		kind := o.GroupVersionKind()
		mapper.Add(kind, meta.RESTScopeNamespace)
		plural, _ := meta.UnsafeGuessKindToResource(kind)
		lists[plural] = kind.Kind + "List"
		live = append(live, o)
		wanted = append(wanted, verify.Object{
			APIVersion: o.GetAPIVersion(), Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName(), Declared: o.Object,
		})
	}
	for _, name := range names {
		secret := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop"}, Data: map[string][]byte{"empty": nil},
		}
		for _, key := range keys {
			secret.Data[key] = []byte("value")
		}
		filled = append(filled, secret)
	}
	v := &verify.Verifier{
		Client:  fake.NewClientset(filled...),
		Dynamic: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists, live...),
		Mapper:  mapper, Repair: "plinth up shop", Kubectl: "kubectl", Now: now,
	}
	return v.Run(t.Context(), wanted, nil, nil)
}

func TestSecretsThatOperatorsFillAreComplete(t *testing.T) {
	all, both := []string{"eso", "vso", "sealed"}, []string{"token", "session"}
	checks := lookAt(t, operated, all, both)
	if failed := verify.Failed(checks); len(checks) != 6 || len(failed) > 0 {
		t.Fatalf("got %d checks, failed %v; want 6 that pass", len(checks), failed)
	}
	for what, c := range map[string]struct {
		manifests   string
		names, keys []string
		failed      int
		want        string
	}{
		"a key is missing": {operated, all, []string{"token"}, 3, "missing or empty: session"},
		"no Secret":        {operated, nil, nil, 3, "did not fill it"},
		"the store says no": {
			strings.Replace(operated, `{type: Ready, status: "True"}`,
				`{type: Ready, status: "False", reason: SecretSyncedError, message: no such path}`, 1),
			all, both, 1, "SecretSyncedError: no such path",
		},
		"no key opens it": {
			strings.Replace(operated, `{type: Synced, status: "True"}`,
				`{type: Synced, status: "False", message: no key could decrypt secret}`, 1),
			all, both, 1, "no key could decrypt secret",
		},
		"Vault was never read": {
			strings.Replace(operated, "{secretMAC: bWFj}", "{lastGeneration: 1}", 1), all, both, 1, "it has not been read",
		},
	} {
		failed := verify.Failed(lookAt(t, c.manifests, c.names, c.keys))
		if len(failed) != c.failed || !strings.Contains(failed[0].Seen, c.want) || failed[0].Next == "" {
			t.Errorf("%s: got %+v, want %d that say %s", what, failed, c.failed, c.want)
		}
	}
}
