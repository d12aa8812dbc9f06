package environment_test

import (
	"slices"
	"strings"
	"testing"

	"plinth/components/operators"
	"plinth/config"
	"plinth/environment"
	"plinth/internal/record"
)

// The configuration knows what it may not import: the two lists are one.
func TestTheConfigurationKnowsEveryOperatorAndItsImages(t *testing.T) {
	known := config.OperatorImages()
	for name, images := range operators.Images() {
		if got := slices.Sorted(slices.Values(known[name])); !slices.Equal(got, images) {
			t.Errorf("%s: the configuration knows the images %v, want %v", name, got, images)
		}
		delete(known, name)
	}
	for name := range known {
		t.Errorf("the configuration knows the operator %s, and there is none", name)
	}
}

func TestWhatAnAdministratorPreparesIsSaidForVaultAlone(t *testing.T) {
	for _, file := range stackFiles(t) {
		o := file.options(t)
		cfg, err := config.Load(o.Stack, o.Config, o.SecretKeys)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(environment.Preparation(cfg), "\n")
		if cfg.Secrets.Backend != config.VaultSecrets {
			if got != "" {
				t.Errorf("stack %s: got %s, want nothing", file.name, got)
			}
			continue
		}
		if file.name != "vault" {
			if !strings.Contains(got, "vault kv put -mount="+cfg.Secrets.Vault.Mount+" ") {
				t.Errorf("stack %s: got %s, want how the values come into Vault", file.name, got)
			}
			continue
		}
		for _, want := range []string{
			`path "kv/data/reactbin/api/config" { capabilities = ["read"] }`,
			"bound_service_account_namespaces=reactbin",
			"vault kv put -mount=kv reactbin/api/config SESSION_KEY=@SESSION_KEY token=@token\n",
			`path "kv/data/reactbin/generated/*" { capabilities = ["create", "update", "read"] }`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("stack %s: got:\n%s\nwant in it: %s", file.name, got, want)
			}
		}
	}
}

// With an operator Pulumi writes no Secret in the stack's namespace, not even for what it has made itself, and everything
// of the operator's kinds goes while it lives.
func TestWithAnOperatorPulumiWritesNoSecretInTheNamespace(t *testing.T) {
	for _, name := range []string{"vault", "external", "sealed"} {
		rec := run(t, stackFile{name, "testdata/Pulumi." + name + ".yaml"}.options(t))
		seen, made := 0, map[string]bool{}
		for _, r := range rec.Resources {
			if r.Type == "kubernetes:core/v1:Secret" && namespaceOf(r) != "kept" {
				t.Errorf("stack %s: %s is written", name, r.Label())
			}
			made[string(r.Type)] = true
			group := strings.Split(string(r.Type), ":")
			if len(group) < 2 || !strings.Contains(group[1], "secrets.") && !strings.HasPrefix(group[1], "bitnami.com/") {
				continue
			}
			seen++
			installed := 0
			for urn := range rec.Before(r) {
				if strings.Contains(string(urn), "helm.sh/v3:Release") || strings.Contains(string(urn), "CustomResourceDefinition") {
					installed++
				}
			}
			if installed == 0 {
				t.Errorf("stack %s: %s does not wait for its operator", name, r.Label())
			}
		}
		// Passwords of the database (2), its certificate and authority, the bucket's root and user, and the app's own.
		if seen < 7 || !made["random:index/randomPassword:RandomPassword"] || !made["tls:index/privateKey:PrivateKey"] {
			t.Errorf("stack %s: got %d of an operator's kinds, and %v", name, seen, made)
		}
	}
}

// namespaceOf is where an object is.
func namespaceOf(r *record.Resource) string {
	metadata, _ := r.Inputs["metadata"].MapRepl(nil, record.Open).(map[string]any)
	namespace, _ := metadata["namespace"].(string)
	return namespace
}
