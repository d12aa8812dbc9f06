package postgres_test

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/database/postgres"
)

// bound is what web gets of the database, in one line for each variable, and the name of its peer.
func bound(
	t *testing.T, change func(*postgres.Args), bind func(*postgres.Postgres) binding.Binding,
) (variables []string, made binding.Binding) {
	t.Helper()
	_, err := attempt(t, change, func(p *postgres.Postgres) { made = bind(p) })
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range made.Env {
		if v.Secret != nil {
			expect(t, v.Name+" is plain", v.Value != nil, false)
			variables = append(variables, v.Name+"=$(secret "+text(t, v.Secret.Secret)+"/"+v.Secret.Key+")")
			continue
		}
		variables = append(variables, v.Name+"="+text(t, v.Value))
	}
	return variables, made
}

// text is a value that a component has given in plain.
func text(t *testing.T, in pulumi.StringInput) string {
	t.Helper()
	plain, ok := in.(pulumi.String)
	if !ok {
		t.Fatalf("got %T, want a plain text", in)
	}
	return string(plain)
}

func TestABindingIsAURLThatThePodCompletes(t *testing.T) {
	got, made := bound(t, unchanged, func(p *postgres.Postgres) binding.Binding {
		return p.Binding("web", postgres.Shape{URL: "DATABASE_URL"})
	})
	expectAll(t, "variables", got, []string{
		"DATABASE_URL_PASSWORD=$(secret main-role-web/password)",
		"DATABASE_URL=postgresql://web:$(DATABASE_URL_PASSWORD)@main.shop.svc.cluster.local:5432/web",
	})
	expect(t, "edges", len(made.Edges), 1)
	expect(t, "peer", made.Edges[0].To.Name, "main")
	expect(t, "port", made.Edges[0].Ports[0].Number, 5432)
	expect(t, "what is waited for", len(made.Ready), 1)
}

func TestABindingIsPartsUnderTheAppsOwnNames(t *testing.T) {
	shape := postgres.Shape{Host: "DB_HOST", Port: "DB_PORT", Name: "DB_NAME", User: "DB_USER", Password: "DB_WORD"}
	parts := []string{
		"DB_HOST=main.shop.svc.cluster.local", "DB_PORT=5432", "DB_NAME=web", "DB_USER=web",
		"DB_WORD=$(secret main-role-web/password)",
	}
	got, _ := bound(t, unchanged, func(p *postgres.Postgres) binding.Binding { return p.Binding("web", shape) })
	expectAll(t, "parts", got, parts)

	// With both, the password is given once.
	shape.URL = "DATABASE_URL"
	got, _ = bound(t, unchanged, func(p *postgres.Postgres) binding.Binding { return p.Binding("web", shape) })
	expectAll(t, "parts and URL", got,
		append(parts, "DATABASE_URL=postgresql://web:$(DB_WORD)@main.shop.svc.cluster.local:5432/web"))

	got, _ = bound(t, unchanged, func(p *postgres.Postgres) binding.Binding {
		return p.Binding("web", postgres.Shape{Host: "DB_HOST"})
	})
	expectAll(t, "the host alone", got, parts[:1])
}

func TestReadersGoToTheReplicasAsARoleThatMayOnlyRead(t *testing.T) {
	read := func(p *postgres.Postgres) binding.Binding { return p.ReadOnly("web", postgres.Shape{URL: "READ_URL"}) }
	got, made := bound(t, unchanged, read)
	expectAll(t, "variables", got, []string{
		"READ_URL_PASSWORD=$(secret main-role-web/read-password)",
		"READ_URL=postgresql://web_read:$(READ_URL_PASSWORD)@main-replicas.shop.svc.cluster.local:5432/web",
	})
	expect(t, "peer", made.Edges[0].To.Name, "main-replica")
	expect(t, "what is waited for", len(made.Ready), 2)

	got, made = bound(t, func(a *postgres.Args) { a.Replicas = 0 }, read)
	expectAll(t, "variables without replicas", got, []string{
		"READ_URL_PASSWORD=$(secret main-role-web/read-password)",
		"READ_URL=postgresql://web_read:$(READ_URL_PASSWORD)@main.shop.svc.cluster.local:5432/web",
	})
	expect(t, "peer without replicas", made.Edges[0].To.Name, "main")
}

func TestASecretOfABindingIsOneThatIsMade(t *testing.T) {
	rec := deploy(t, unchanged)
	_, made := bound(t, unchanged, func(p *postgres.Postgres) binding.Binding {
		return p.Binding("web", postgres.Shape{URL: "DATABASE_URL"})
	})
	ref := made.Env[slices.IndexFunc(made.Env, func(v binding.Variable) bool { return v.Secret != nil })].Secret
	secret := one(t, rec, "Secret::"+text(t, ref.Secret))
	value := secret.Inputs["stringData"]
	if value.IsSecret() {
		value = value.SecretValue().Element
	}
	if _, found := value.ObjectValue()[resource.PropertyKey(ref.Key)]; !found {
		t.Errorf("%s has no %s", secret.Name, ref.Key)
	}
}
