package operators_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/operators"
	"plinth/internal/record"
)

func install(t *testing.T, args *operators.Args) (*record.Recording, error) {
	t.Helper()
	return record.Run(t.Context(), record.Options{Project: "shop", Stack: "test"}, func(ctx *pulumi.Context) error {
		_, err := operators.New(ctx, "op", args)
		return err
	})
}

func ordinary(name string) *operators.Args {
	return &operators.Args{Operator: name, Namespace: name, PartOf: "shop-test", Timeout: 300}
}

// inputs of a resource as JSON.
func inputs(t *testing.T, rec *record.Recording, name string) string {
	t.Helper()
	r, err := rec.One("::" + name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(resource.NewProperty(r.Inputs).Mappable())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEachOperatorIsOnePinnedReleaseInANamespaceOfItsOwn(t *testing.T) {
	for name, images := range operators.Images() {
		rec, err := install(t, ordinary(name))
		if err != nil {
			t.Fatal(err)
		}
		release := inputs(t, rec, "op-release")
		for _, want := range []string{
			`"namespace":"` + name + `"`, `"version":"`, `"repo":"https://`, `"skipAwait":false`, `"atomic":true`,
			`"createNamespace":false`, `"limits":{"cpu":"500m"`, `"timeout":300`,
		} {
			if !strings.Contains(release, want) {
				t.Errorf("%s: got the release %s, want %s in it", name, release, want)
			}
		}
		if strings.Contains(release, "latest") || len(images) == 0 {
			t.Errorf("%s: got images %v in %s", name, images, release)
		}
		namespace := inputs(t, rec, "op-namespace-namespace")
		if !strings.Contains(namespace, `"pod-security.kubernetes.io/enforce":"restricted"`) {
			t.Errorf("%s: got the namespace %s", name, namespace)
		}
		made, err := rec.One("::op-release")
		if err != nil {
			t.Fatal(err)
		}
		for _, guard := range []string{"op-namespace-default-deny", "op-namespace-quota", "op-api-server"} {
			if before, err := rec.One("::" + guard); err != nil || !rec.Before(made)[before.URN] {
				t.Errorf("%s: the release does not wait for %s (%v)", name, guard, err)
			}
		}
	}
}

func TestAnImageOfItsOwnReplacesTheChartsAndGoesThroughTheMirror(t *testing.T) {
	const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	args := ordinary(operators.Vault)
	args.Images = map[string]string{"metrics": "example.com/proxy:1@" + digest}
	args.Resolve = func(image string) string { return strings.Replace(image, "docker.io", "mirror.example.com", 1) }
	rec, err := install(t, args)
	if err != nil {
		t.Fatal(err)
	}
	release := inputs(t, rec, "op-release")
	for _, want := range []string{
		`"repository":"example.com/proxy","tag":"1@` + digest + `"`,
		`"repository":"mirror.example.com/hashicorp/vault-secrets-operator","tag":"0.10.0"`,
	} {
		if !strings.Contains(release, want) {
			t.Errorf("got %s, want %s in it", release, want)
		}
	}
	args = ordinary(operators.CertManager)
	args.Images = map[string]string{"webhook": "example.com/webhook:1@" + digest}
	if rec, err = install(t, args); err != nil {
		t.Fatal(err)
	}
	if want := `"digest":"` + digest + `","pullPolicy":"IfNotPresent","repository":"example.com/webhook","tag":"1"`; !strings.Contains(
		inputs(t, rec, "op-release"), want) {
		t.Errorf("got %s, want %s in it", inputs(t, rec, "op-release"), want)
	}
}

func TestAnOperatorReachesWhatIsDeclaredAndNoMetadataServer(t *testing.T) {
	args := ordinary(operators.ExternalSecrets)
	args.Edges = []binding.Edge{
		{To: binding.Peer{Namespace: "vault"}, Ports: []binding.Port{{Number: 8200}}},
		{To: binding.Peer{CIDR: "203.0.113.0/24"}, Ports: []binding.Port{{Number: 8201}}},
	}
	rec, err := install(t, args)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"op-api-server": {`"except":["169.254.169.254/32"]`, `"port":443`, `"port":6443`},
		"op-webhook":    {`"port":10250`, `"policyTypes":["Ingress"]`},
		"op-egress-0":   {`"kubernetes.io/metadata.name":"vault"`, `"port":8200`},
		"op-egress-1":   {`"cidr":"203.0.113.0/24"`, `"port":8201`},
	} {
		got := inputs(t, rec, name)
		for _, text := range want {
			if !strings.Contains(got, text) {
				t.Errorf("%s: got %s, want %s in it", name, got, text)
			}
		}
	}
}

func TestAnOperatorThatNobodyKnowsIsRefused(t *testing.T) {
	_, err := install(t, ordinary("argo"))
	want := `operator "argo": want one of [cert-manager external-secrets sealed-secrets vault-secrets-operator]`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	bad := ordinary(operators.ExternalSecrets)
	bad.Images = map[string]string{"operator": "example.com/operator"}
	if _, err := install(t, bad); err == nil || !strings.Contains(err.Error(), "has no tag") {
		t.Errorf("got %v for an image without a tag", err)
	}
}

func TestAnOperatorOfSomebodyElseIsLookedUp(t *testing.T) {
	rec, err := record.Run(t.Context(), record.Options{Project: "shop", Stack: "test"}, func(ctx *pulumi.Context) error {
		_, err := operators.Find(ctx, "vault", operators.Vault)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rec.Resources {
		if r.Read {
			got = append(got, string(r.ID))
		}
	}
	slices.Sort(got)
	want := []string{"vaultauths.secrets.hashicorp.com", "vaultstaticsecrets.secrets.hashicorp.com"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
