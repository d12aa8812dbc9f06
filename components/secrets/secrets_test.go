package secrets_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/secrets"
	"plinth/components/workload"
	"plinth/internal/record"
)

const canary = "canary-5e1c"

// server is Vault as the tests have it.
func server() secrets.Server {
	return secrets.Server{
		Address: "https://vault.vault.svc:8200", Mount: "kv", Auth: "cluster", Role: "shop", Audience: "vault",
		Prefix: "shop", Paths: map[string]string{"api": "reactbin/api/config"},
	}
}

// backends are all of them, each holding the values token and session.
func backends(ctx *pulumi.Context, ns *workload.Namespace) (map[string]secrets.Backend, error) {
	hidden := pulumi.ToSecret(pulumi.String(canary)).(pulumi.StringOutput)
	keys := map[string]string{"session": "SESSION_KEY"}
	external, err := secrets.NewExternal(ctx, "secrets", &secrets.ExternalArgs{
		Namespace: ns, PartOf: "shop-test", Workloads: []string{"web"}, Keys: keys, Refresh: "1m",
		Store: secrets.ClusterStore{Namespace: "vaulted", Prefix: "shop"},
	})
	if err != nil {
		return nil, err
	}
	vault, err := secrets.NewVault(ctx, "secrets", &secrets.VaultArgs{
		Namespace: ns, PartOf: "shop-test", Server: server(), Keys: keys, Refresh: "1m",
	})
	return map[string]secrets.Backend{
		"kubernetes":       secrets.Kubernetes{Values: map[string]pulumi.StringInput{"token": hidden, "session": hidden}},
		"existing":         secrets.Existing{Secrets: map[string]string{"web": "made-elsewhere"}, Keys: keys},
		"sealed":           secrets.Sealed{Values: map[string]string{"token": "AgA", "session": "AgB"}},
		"external-secrets": external,
		"vault":            vault,
	}, err
}

// use records the workload web with one backend.
func use(t *testing.T, backend string, change func(*secrets.Args)) (*record.Recording, *secrets.Reference, error) {
	t.Helper()
	var made *secrets.Reference
	rec, err := record.Run(t.Context(), record.Options{Project: "shop", Stack: "test"}, func(ctx *pulumi.Context) error {
		ns := &workload.Namespace{Name: "shop"}
		all, err := backends(ctx, ns)
		if err != nil {
			return err
		}
		args := &secrets.Args{
			Namespace: ns, Names: []string{"session", "token"}, Restart: []string{"web"},
			ID: workload.ID{Name: "web", Component: "application", PartOf: "shop-test", Namespace: "shop"},
		}
		change(args)
		made, err = all[backend].Secret(ctx, "web-secrets", args)
		return err
	})
	return rec, made, err
}

func same(*secrets.Args) {}

func must(t *testing.T, backend string) (*record.Recording, *secrets.Reference) {
	t.Helper()
	rec, made, err := use(t, backend, same)
	if err != nil {
		t.Fatal(err)
	}
	return rec, made
}

// object is the manifest that a resource becomes.
func object(t *testing.T, rec *record.Recording, name string) map[string]any {
	t.Helper()
	r, err := rec.One("::" + name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(resource.NewProperty(r.Inputs).MapRepl(nil, record.Open))
	if err != nil {
		t.Fatal(err)
	}
	var made map[string]any
	if err := json.Unmarshal(text, &made); err != nil {
		t.Fatal(err)
	}
	return made
}

// at is a value deep in an object, as JSON.
func at(t *testing.T, object any, path ...string) string {
	t.Helper()
	for _, key := range path {
		m, _ := object.(map[string]any)
		object = m[key]
	}
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func words() []string {
	return []string{"kubernetes", "existing", "sealed", "external-secrets", "vault"}
}

// The contract of all backends: the workload says the same, and is told the same.
func TestAWorkloadSeesTheSameOnEveryBackend(t *testing.T) {
	for _, word := range words() {
		_, made := must(t, word)
		b, err := made.Binding(map[string]string{"API_TOKEN": "token", "SESSION": "session"},
			map[string]string{"/etc/keys/session": "session"})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, v := range b.Env {
			names = append(names, v.Name)
			if v.Secret == nil || v.Value != nil {
				t.Errorf("%s: variable %s is not by reference", word, v.Name)
			}
		}
		if !slices.Equal(names, []string{"API_TOKEN", "SESSION"}) || len(b.Files) != 1 ||
			b.Files[0].Path != "/etc/keys/session" || b.Files[0].Secret.Key != b.Env[1].Secret.Key {
			t.Errorf("%s: got variables %v and files %v", word, names, b.Files)
		}
		if word != "existing" && (b.Env[0].Secret.Key != "token" || len(b.Ready) == 0) {
			t.Errorf("%s: got the key %s and %d resources to wait for", word, b.Env[0].Secret.Key, len(b.Ready))
		}
	}
}

func TestAValueThatNobodyAskedForIsAnError(t *testing.T) {
	_, made := must(t, "vault")
	_, err := made.Binding(map[string]string{"PIN": "pin"}, nil)
	want := `variable PIN: secret ` + made.Secret + `: there is no value "pin", only [session token]`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	for word, want := range map[string]string{
		"kubernetes": `secrets of web: there is no value "pin"`, "sealed": `secrets of web: there is no ciphertext of "pin"`,
	} {
		_, _, err := use(t, word, func(a *secrets.Args) { a.Names = []string{"pin"} })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", word, err, want)
		}
	}
}

// No backend but kubernetes has a value at all, and there it is secret.
func TestNoValueIsInPlainText(t *testing.T) {
	for _, word := range words() {
		rec, _ := must(t, word)
		found := false
		for _, r := range rec.Resources {
			shown, err := json.Marshal(resource.NewProperty(r.Inputs).MapRepl(nil, closed))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(shown), canary) {
				t.Errorf("%s: %s holds the value in plain text", word, r.Label())
			}
			whole, err := json.Marshal(resource.NewProperty(r.Inputs).MapRepl(nil, record.Open))
			if err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(string(whole), canary)
			if kind := r.Inputs["kind"]; word != "kubernetes" && kind.IsString() && kind.StringValue() == "Secret" {
				t.Errorf("%s: %s: Pulumi writes a Secret", word, r.Label())
			}
		}
		if found != (word == "kubernetes") {
			t.Errorf("%s: the value is registered: %v", word, found)
		}
	}
}

// closed replaces what is secret by a word.
func closed(v resource.PropertyValue) (any, bool) {
	if v.IsSecret() || v.IsOutput() && v.OutputValue().Secret {
		return "[secret]", true
	}
	return nil, false
}

func TestPulumiWritesASecretAndTellsThePodsOfItsChanges(t *testing.T) {
	rec, made := must(t, "kubernetes")
	secret := object(t, rec, "web-secrets-secret")
	expect(t, "values", at(t, secret, "stringData"), `{"session":"`+canary+`","token":"`+canary+`"}`)
	expect(t, "name", at(t, secret, "metadata", "name"), `"web-secrets"`)
	if made.Revision == nil {
		t.Error("got no revision")
	}
}

func TestASecretOfSomebodyElseIsOnlyReferredTo(t *testing.T) {
	rec, made := must(t, "existing")
	expect(t, "name", made.Secret, "made-elsewhere")
	expect(t, "key", made.Keys["session"], "SESSION_KEY")
	expect(t, "key of the same name", made.Keys["token"], "token")
	for _, r := range rec.Resources {
		if r.Custom && strings.HasPrefix(r.Name, "web-secrets") {
			t.Errorf("%s is made", r.Label())
		}
	}
}

func TestCiphertextHasANameOfItsContent(t *testing.T) {
	rec, made := must(t, "sealed")
	sealed := object(t, rec, made.Secret)
	expect(t, "kind", at(t, sealed, "apiVersion")+at(t, sealed, "kind"), `"bitnami.com/v1alpha1""SealedSecret"`)
	expect(t, "ciphertext", at(t, sealed, "spec", "encryptedData"), `{"session":"AgB","token":"AgA"}`)
	expect(t, "name", at(t, sealed, "metadata", "name"), `"`+made.Secret+`"`)
	expect(t, "name inside", at(t, sealed, "spec", "template", "metadata", "name"), `"`+made.Secret+`"`)
	expect(t, "scope", at(t, sealed, "metadata", "annotations", "sealedsecrets.bitnami.com/namespace-wide"), `"true"`)
	expect(t, "scope inside",
		at(t, sealed, "spec", "template", "metadata", "annotations"), `{"sealedsecrets.bitnami.com/namespace-wide":"true"}`)
	expect(t, "wait", at(t, sealed, "metadata", "annotations", "pulumi.com/waitFor"), `"condition=Synced"`)
	_, other, err := use(t, "sealed", func(a *secrets.Args) { a.Names = []string{"token"} })
	if err != nil || other.Secret == made.Secret {
		t.Errorf("got %v and %v, want another name for other content", other, err)
	}
}

func TestAnExternalSecretTakesEachValueByItsKey(t *testing.T) {
	rec, made := must(t, "external-secrets")
	external := object(t, rec, made.Secret)
	expect(t, "data", at(t, external, "spec", "data"), `[{"remoteRef":{"key":"shop-web","property":"SESSION_KEY"},`+
		`"secretKey":"session"},{"remoteRef":{"key":"shop-web","property":"token"},"secretKey":"token"}]`)
	expect(t, "target", at(t, external, "spec", "target"),
		`{"creationPolicy":"Owner","deletionPolicy":"Retain","name":"`+made.Secret+`"}`)
	expect(t, "refresh", at(t, external, "spec", "refreshInterval"), `"1m"`)
	expect(t, "wait", at(t, external, "metadata", "annotations", "pulumi.com/waitFor"), `"condition=Ready"`)
	store := object(t, rec, "secrets-store")
	expect(t, "store", at(t, external, "spec", "secretStoreRef", "name"), at(t, store, "metadata", "name"))
	role := object(t, rec, "secrets-role")
	expect(t, "rights", at(t, role, "rules"),
		`[{"apiGroups":[""],"resourceNames":["shop-web"],"resources":["secrets"],"verbs":["get"]}]`)
	expect(t, "where", at(t, role, "metadata", "namespace"), `"vaulted"`)
	expectAfter(t, rec, made.Secret, "::secrets-store", "::secrets-role-binding", "External$kubernetes:core/v1:ServiceAccount::secrets-account")
}

// What was ready once says so until somebody looks again: another question has another name, and is waited for. It is
// another resource too, so that the old one is there to go back to.
func TestAnotherQuestionHasAnotherName(t *testing.T) {
	for _, word := range []string{"sealed", "external-secrets", "vault"} {
		rec, one := must(t, word)
		object(t, rec, one.Secret)
		_, again := must(t, word)
		_, other, err := use(t, word, func(a *secrets.Args) { a.Names = []string{"token"} })
		if err != nil {
			t.Fatal(err)
		}
		if one.Secret != again.Secret || one.Secret == other.Secret || !strings.HasPrefix(one.Secret, "web-secrets-") {
			t.Errorf("%s: got %s and %s, and %s for fewer values", word, one.Secret, again.Secret, other.Secret)
		}
	}
}

func TestAStoreMayBeVault(t *testing.T) {
	of := server()
	of.Authority = "vault-ca"
	text := at(t, toJSON(t, of.Provider("reader")))
	expect(t, "provider", text, `{"vault":{"auth":{"kubernetes":{"mountPath":"cluster","role":"shop",`+
		`"serviceAccountRef":{"audiences":["vault"],"name":"reader"}}},"caProvider":{"key":"ca.crt","name":"vault-ca",`+
		`"type":"Secret"},"path":"kv","server":"https://vault.vault.svc:8200","version":"v2"}}`)
}

// toJSON is an Input of plain values as JSON has it.
func toJSON(t *testing.T, m pulumi.Map) any {
	t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var made any
	if err := json.Unmarshal(text, &made); err != nil {
		t.Fatal(err)
	}
	return made
}

func TestVaultIsReadByOneAccountAndRestartsThePods(t *testing.T) {
	rec, made := must(t, "vault")
	login := object(t, rec, "secrets-login")
	expect(t, "login", at(t, login, "spec", "kubernetes"),
		`{"audiences":["vault"],"role":"shop","serviceAccount":"plinth-secrets-reader"}`)
	expect(t, "mount", at(t, login, "spec", "mount"), `"cluster"`)
	static := object(t, rec, made.Secret)
	expect(t, "path", at(t, static, "spec", "path"), `"shop/web"`)
	expect(t, "engine", at(t, static, "spec", "mount")+at(t, static, "spec", "type"), `"kv""kv-v2"`)
	expect(t, "restart", at(t, static, "spec", "rolloutRestartTargets"), `[{"kind":"Deployment","name":"web"}]`)
	expect(t, "refresh", at(t, static, "spec", "refreshAfter"), `"1m"`)
	transformation := at(t, static, "spec", "destination", "transformation")
	for _, want := range []string{
		`"excludeRaw":true`, `"excludes":[".*"]`, `get .Secrets \"SESSION_KEY\"`, `kv/shop/web has no key SESSION_KEY`,
	} {
		if !strings.Contains(transformation, want) {
			t.Errorf("got the transformation %s, want %s in it", transformation, want)
		}
	}
	expectAfter(t, rec, made.Secret, "::secrets-login", "::secrets-connection", "Vault$kubernetes:core/v1:ServiceAccount::secrets-account")
}

// expectAfter: the first is made after the others, and goes before them.
func expectAfter(t *testing.T, rec *record.Recording, name string, others ...string) {
	t.Helper()
	r, err := rec.One("::" + name)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range others {
		if before, err := rec.One(other); err != nil || !rec.Before(r)[before.URN] {
			t.Errorf("%s does not wait for %s (%v)", name, other, err)
		}
	}
}

func TestAnAdministratorsCommandsAreExact(t *testing.T) {
	got := strings.Join(server().Commands("shop", []secrets.Needs{
		{Workload: "api", Keys: []string{"token"}}, {Workload: "web", Keys: []string{"token", "SESSION_KEY", "token"}},
	}, true), "\n")
	for _, want := range []string{
		"vault secrets enable -path=kv -version=2 kv\n",
		"vault auth enable -path=cluster kubernetes\n",
		"vault policy write shop - <<'EOF'\n" +
			"path \"kv/data/reactbin/api/config\" { capabilities = [\"read\"] }\n" +
			"path \"kv/data/shop/web\" { capabilities = [\"read\"] }\n" +
			"path \"kv/data/shop/generated/*\" { capabilities = [\"read\"] }\nEOF\n",
		"vault write auth/cluster/role/shop bound_service_account_names=plinth-secrets-reader " +
			"bound_service_account_namespaces=shop audience=vault token_policies=shop token_ttl=20m\n",
		"vault kv put -mount=kv reactbin/api/config token=@token\n",
		"vault kv put -mount=kv shop/web SESSION_KEY=@SESSION_KEY token=@token\n",
		"vault policy write shop-writer - <<'EOF'\n" +
			"path \"kv/data/shop/generated/*\" { capabilities = [\"create\", \"update\", \"read\"] }\n" +
			"path \"kv/metadata/shop/generated/*\" { capabilities = [\"read\", \"delete\"] }\nEOF\n",
		"vault token create -orphan -policy=shop-writer -period=768h -field=token",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got:\n%s\nwant in it:\n%s", got, want)
		}
	}
}

func TestWhatIsNotWrittenNeedsNoWriter(t *testing.T) {
	got := strings.Join(server().Commands("shop", []secrets.Needs{{Workload: "web", Keys: []string{"token"}}}, false), "\n")
	if strings.Contains(got, "generated") || strings.Contains(got, "writer") {
		t.Errorf("got:\n%s\nwant nothing of a writer in it", got)
	}
}

func TestASigningKeyIsLongAndItsPrivateHalfSecret(t *testing.T) {
	var private pulumi.StringOutput
	rec, err := record.Run(t.Context(), record.Options{Project: "shop", Stack: "test"}, func(ctx *pulumi.Context) error {
		made, err := secrets.NewSigningKey(ctx, "secrets-jwt")
		if err != nil {
			return err
		}
		private = made.Private
		ctx.Export("private", private)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	key := object(t, rec, "secrets-jwt-key")
	expect(t, "algorithm", at(t, key, "algorithm")+at(t, key, "rsaBits"), `"RSA"3072`)
	if out := rec.Outputs["private"]; !out.IsSecret() && (!out.IsOutput() || !out.OutputValue().Secret) {
		t.Errorf("got the private key %v, want it secret", out)
	}
}

func TestAnotherValueIsAnotherRevisionAndTellsNothing(t *testing.T) {
	revision := func(value string) (text string, secret bool) {
		rec, err := record.Run(t.Context(), record.Options{Project: "shop", Stack: "test"}, func(ctx *pulumi.Context) error {
			hidden := pulumi.ToSecret(pulumi.String(value)).(pulumi.StringOutput)
			made, err := secrets.Kubernetes{Values: map[string]pulumi.StringInput{"token": hidden}}.Secret(ctx, "web-secrets",
				&secrets.Args{
					Namespace: &workload.Namespace{Name: "shop"}, Names: []string{"token"},
					ID: workload.ID{Name: "web", Component: "application", PartOf: "shop-test", Namespace: "shop"},
				})
			if err == nil {
				ctx.Export("revision", made.Revision)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		out := rec.Outputs["revision"]
		text, _ = out.MapRepl(nil, record.Open).(string)
		return text, out.IsSecret() || out.IsOutput() && out.OutputValue().Secret
	}
	one, secret := revision("one")
	other, _ := revision("other")
	again, _ := revision("one")
	if one != again || one == other || len(one) != 8 || !secret {
		t.Errorf("got the revisions %q and %q, then %q again, secret: %v", one, other, again, secret)
	}
}
