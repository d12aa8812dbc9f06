package secrets_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/secrets"
	"plinth/components/workload"
	"plinth/internal/record"
)

// keepers are those backends that what the environment makes can be written to.
func keepers(ctx *pulumi.Context, ns *workload.Namespace) (map[string]secrets.Keeper, error) {
	_, certificate := controller()
	writer, err := secrets.NewVaultWriter(ctx, "vault", "https://vault.example.com", pulumi.String("token-"+canary))
	if err != nil {
		return nil, err
	}
	written := server()
	written.Writer = writer
	external := func(name string, store secrets.Store) *secrets.External {
		made, failed := secrets.NewExternal(ctx, name, &secrets.ExternalArgs{
			Namespace: ns, PartOf: "shop-test", Store: store, Refresh: "1m",
		})
		err = errors.Join(err, failed)
		return made
	}
	vault, failed := secrets.NewVault(ctx, "secrets", &secrets.VaultArgs{
		Namespace: ns, PartOf: "shop-test", Server: written, Refresh: "1m",
	})
	return map[string]secrets.Keeper{
		"kubernetes":       secrets.Kubernetes{},
		"sealed":           secrets.Sealed{Certificate: certificate},
		"external-cluster": external("secrets", secrets.ClusterStore{Namespace: "vaulted", Prefix: "shop"}),
		"external-vault":   external("vaulted", written),
		"vault":            vault,
	}, errors.Join(err, failed)
}

// keep records a password and a user that are kept.
func keep(t *testing.T, keeper, version string) (*record.Recording, *secrets.Reference) {
	t.Helper()
	var made *secrets.Reference
	rec, err := record.Run(t.Context(), record.Options{Project: "shop", Stack: "test"}, func(ctx *pulumi.Context) error {
		all, err := keepers(ctx, &workload.Namespace{Name: "shop"})
		if err != nil {
			return err
		}
		made, err = all[keeper].Keep(ctx, "main-credentials", &secrets.Kept{
			ID:     workload.ID{Name: "main", Component: "database", PartOf: "shop-test", Namespace: "shop"},
			Secret: "main-credentials", Type: "kubernetes.io/basic-auth", Labels: map[string]string{"reload": "true"},
			Values: map[string]pulumi.StringInput{
				"password": pulumi.ToSecret(pulumi.String(canary)).(pulumi.StringOutput), "username": pulumi.String("owner"),
			},
			Version: version,
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec, made
}

// kinds are what the operators' objects are called, by keeper.
func kinds() map[string]string {
	return map[string]string{
		"kubernetes": "Secret", "sealed": "SealedSecret", "external-cluster": "ExternalSecret",
		"external-vault": "ExternalSecret", "vault": "VaultStaticSecret",
	}
}

// The contract of all: whoever reads finds the same keys, in a Secret of the same name.
func TestWhatIsMadeIsFoundTheSameOnEveryBackend(t *testing.T) {
	for keeper, kind := range kinds() {
		rec, made := keep(t, keeper, "")
		keys := []string{made.Keys["password"], made.Keys["username"]}
		if made.Secret != "main-credentials" || !slices.Equal(keys, []string{"password", "username"}) || len(made.Ready) == 0 {
			t.Errorf("%s: got %+v", keeper, made)
		}
		o := object(t, rec, "main-credentials")
		if got := at(t, o, "kind"); got != `"`+kind+`"` {
			t.Errorf("%s: got a %s, want a %s", keeper, got, kind)
		}
		if text := at(t, o); !strings.Contains(text, "kubernetes.io/basic-auth") || !strings.Contains(text, `"reload":"true"`) {
			t.Errorf("%s: got %s, want the type and the label in it", keeper, text)
		}
	}
}

// Another version is another object where somebody has to wait for it, and the same where nobody has.
func TestAnotherVersionIsAnotherObjectWhereItHasToBeWaitedFor(t *testing.T) {
	for keeper := range kinds() {
		want := "main-credentials-2"
		if keeper == "kubernetes" {
			want = "main-credentials"
		}
		rec, made := keep(t, keeper, "2")
		if made.Secret != want {
			t.Errorf("%s: got the Secret %s, want %s", keeper, made.Secret, want)
		}
		if got := at(t, object(t, rec, "main-credentials"), "metadata", "name"); got != `"`+want+`"` {
			t.Errorf("%s: got the object %s, want %s", keeper, got, want)
		}
	}
}

// With an operator, no object in the namespace holds a value; and nothing anywhere shows it.
func TestWhatIsMadeIsInPlainTextNowhere(t *testing.T) {
	for keeper := range kinds() {
		rec, _ := keep(t, keeper, "")
		for _, r := range rec.Resources {
			inputs := resource.NewProperty(r.Inputs)
			shown, err := json.Marshal(inputs.MapRepl(nil, closed))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(shown), canary) {
				t.Errorf("%s: %s shows the value", keeper, r.Label())
			}
			whole, err := json.Marshal(inputs.MapRepl(nil, record.Open))
			if err != nil {
				t.Fatal(err)
			}
			var o struct{ Metadata struct{ Namespace string } }
			if err := json.Unmarshal(whole, &o); err != nil {
				t.Fatal(err)
			}
			if keeper != "kubernetes" && o.Metadata.Namespace == "shop" && strings.Contains(string(whole), canary) {
				t.Errorf("%s: %s holds the value, in the namespace", keeper, r.Label())
			}
		}
	}
}

func TestTheControllerOpensWhatIsKept(t *testing.T) {
	rec, _ := keep(t, "sealed", "")
	o := object(t, rec, "main-credentials")
	for key, want := range map[string]string{"password": canary, "username": "owner"} {
		text := strings.Trim(at(t, o, "spec", "encryptedData", key), `"`)
		if got, err := opened(t, "shop", text); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", key, got, err, want)
		}
	}
}

// Each entry that Pulumi writes is its own, and whoever fetches it comes after it and may read it.
func TestAnEntryIsWrittenBeforeItIsFetched(t *testing.T) {
	rec, _ := keep(t, "external-cluster", "")
	o := object(t, rec, "main-credentials-kept")
	expect(t, "namespace", at(t, o, "metadata", "namespace"), `"vaulted"`)
	expect(t, "name", at(t, o, "metadata", "name"), `"shop-main-credentials"`)
	role := object(t, rec, "main-credentials-kept-role")
	expect(t, "rights", at(t, role, "rules"),
		`[{"apiGroups":[""],"resourceNames":["shop-main-credentials"],"resources":["secrets"],"verbs":["get"]}]`)
	expectAfter(t, rec, "main-credentials", "::main-credentials-kept", "::main-credentials-kept-role-binding")
	for _, keeper := range []string{"external-vault", "vault"} {
		rec, _ := keep(t, keeper, "")
		o := object(t, rec, "main-credentials-kept")
		expect(t, "path", at(t, o, "name"), `"shop/generated/main-credentials"`)
		expect(t, "mount", at(t, o, "mount"), `"kv"`)
		expect(t, "all versions go", at(t, o, "deleteAllVersions"), `true`)
		expectAfter(t, rec, "main-credentials", "::main-credentials-kept")
		entry, err := rec.One("::main-credentials-kept")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(entry.ProviderURN()), "pulumi:providers:vault::vault") {
			t.Errorf("%s: got the provider %s", keeper, entry.ProviderURN())
		}
	}
}

func TestWhereNothingCanBeWrittenNothingIsKept(t *testing.T) {
	for what, keeper := range map[string]func(*pulumi.Context) (secrets.Keeper, error){
		"nobody is said to write to Vault": func(ctx *pulumi.Context) (secrets.Keeper, error) {
			return secrets.NewVault(ctx, "secrets", &secrets.VaultArgs{Namespace: &workload.Namespace{}, Server: server()})
		},
		"the certificate of the Sealed Secrets controller: it is no certificate in PEM": func(
			*pulumi.Context,
		) (secrets.Keeper, error) {
			return secrets.Sealed{}, nil
		},
	} {
		_, err := record.Run(t.Context(), record.Options{Project: "shop", Stack: "test"}, func(ctx *pulumi.Context) error {
			k, err := keeper(ctx)
			if err == nil {
				_, err = k.Keep(ctx, "main", &secrets.Kept{Secret: "main"})
			}
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "secret main: "+what) {
			t.Errorf("got %v, want %s", err, what)
		}
	}
}
