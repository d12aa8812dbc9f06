package postgres_test

import (
	"slices"
	"strings"
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
		return p.Binding("web", postgres.Shape{URL: "DATABASE_URL"}, postgres.Require)
	})
	expectAll(t, "variables", got, []string{
		"DATABASE_URL_PASSWORD=$(secret main-role-web/password)",
		"DATABASE_URL=postgresql://web:$(DATABASE_URL_PASSWORD)@main.shop.svc.cluster.local:5432/web?sslmode=require",
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
	got, _ := bound(t, unchanged, func(p *postgres.Postgres) binding.Binding { return p.Binding("web", shape, postgres.ClientDecides) })
	expectAll(t, "parts", got, parts)

	// With both, the password is given once.
	shape.URL = "DATABASE_URL"
	got, _ = bound(t, unchanged, func(p *postgres.Postgres) binding.Binding { return p.Binding("web", shape, postgres.ClientDecides) })
	expectAll(t, "parts and URL", got,
		append(parts, "DATABASE_URL=postgresql://web:$(DB_WORD)@main.shop.svc.cluster.local:5432/web"))

	got, _ = bound(t, unchanged, func(p *postgres.Postgres) binding.Binding {
		return p.Binding("web", postgres.Shape{Host: "DB_HOST"}, postgres.VerifyFull)
	})
	expectAll(t, "the host alone", got, parts[:1])
}

func TestReadersGoToTheReplicasAsARoleThatMayOnlyRead(t *testing.T) {
	read := func(p *postgres.Postgres) binding.Binding {
		return p.ReadOnly("web", postgres.Shape{URL: "READ_URL"}, postgres.Require)
	}
	got, made := bound(t, unchanged, read)
	expectAll(t, "variables", got, []string{
		"READ_URL_PASSWORD=$(secret main-role-web/read-password)",
		"READ_URL=postgresql://web_read:$(READ_URL_PASSWORD)@main-replicas.shop.svc.cluster.local:5432/web?sslmode=require",
	})
	expect(t, "peer", made.Edges[0].To.Name, "main-replica")
	expect(t, "what is waited for", len(made.Ready), 2)

	got, made = bound(t, func(a *postgres.Args) { a.Replicas = 0 }, read)
	expectAll(t, "variables without replicas", got, []string{
		"READ_URL_PASSWORD=$(secret main-role-web/read-password)",
		"READ_URL=postgresql://web_read:$(READ_URL_PASSWORD)@main.shop.svc.cluster.local:5432/web?sslmode=require",
	})
	expect(t, "peer without replicas", made.Edges[0].To.Name, "main")
}

func TestAClientThatVerifiesGetsTheAuthorityAsAFile(t *testing.T) {
	shape := postgres.Shape{URL: "DATABASE_URL", Mode: "PGSSLMODE", Authority: "PGSSLROOTCERT"}
	const file = "/etc/plinth/databases/main/ca.crt"
	got, made := bound(t, unchanged, func(p *postgres.Postgres) binding.Binding {
		return p.Binding("web", shape, postgres.VerifyFull)
	})
	expectAll(t, "variables", got, []string{
		"DATABASE_URL_PASSWORD=$(secret main-role-web/password)", "PGSSLMODE=verify-full", "PGSSLROOTCERT=" + file,
		"DATABASE_URL=postgresql://web:$(DATABASE_URL_PASSWORD)@main.shop.svc.cluster.local:5432/web" +
			"?sslmode=verify-full&sslrootcert=" + file,
	})
	expect(t, "files", len(made.Files), 1)
	expect(t, "file", made.Files[0].Path, file)
	expect(t, "its secret", text(t, made.Files[0].Secret.Secret)+"/"+made.Files[0].Secret.Key, "main-authority/ca.crt")
	// The two bindings of one application mount one file each.
	_, reads := bound(t, unchanged, func(p *postgres.Postgres) binding.Binding {
		return p.ReadOnly("web", shape, postgres.VerifyFull)
	})
	expect(t, "the readers' file", reads.Files[0].Path, "/etc/plinth/databases/main-replicas/ca.crt")

	got, made = bound(t, unchanged, func(p *postgres.Postgres) binding.Binding {
		return p.Binding("web", shape, postgres.Require)
	})
	expect(t, "files where nothing is verified", len(made.Files), 0)
	expect(t, "the mode", got[1], "PGSSLMODE=require")
	expect(t, "variables", len(got), 3)
}

func TestARotationChangesTheLoginAndKeepsTheOther(t *testing.T) {
	for rotation, want := range [][2]string{
		{"web", "main-role-web/password"},
		{"web_alt", "main-role-web/alternate-password"},
		{"web", "main-role-web/password"},
	} {
		got, made := bound(t, func(a *postgres.Args) { a.Rotation = rotation }, func(p *postgres.Postgres) binding.Binding {
			return p.Binding("web", postgres.Shape{User: "USER", Password: "WORD"}, postgres.Require)
		})
		expectAll(t, "variables", got, []string{"USER=" + want[0], "WORD=$(secret " + want[1] + ")"})
		expect(t, "a revision", made.Revision != nil, true)
		got, _ = bound(t, func(a *postgres.Args) { a.Rotation = rotation }, func(p *postgres.Postgres) binding.Binding {
			return p.ReadOnly("web", postgres.Shape{User: "USER"}, postgres.Require)
		})
		expectAll(t, "the reader", got, []string{"USER=" + strings.Replace(want[0], "web", "web_read", 1)})
	}
}

func TestWhatWaitsForAQuorumWaitsForReplicas(t *testing.T) {
	for synchronous, want := range map[postgres.Synchronous]int{postgres.On: 1, postgres.Quorum: 2} {
		_, made := bound(t, func(a *postgres.Args) { a.Synchronous = synchronous }, func(p *postgres.Postgres) binding.Binding {
			return p.Binding("web", postgres.Shape{}, postgres.Require)
		})
		expect(t, "what is waited for with "+string(synchronous), len(made.Ready), want)
	}
}

func TestASecretOfABindingIsOneThatIsMade(t *testing.T) {
	rec := deploy(t, unchanged)
	_, made := bound(t, unchanged, func(p *postgres.Postgres) binding.Binding {
		return p.Binding("web", postgres.Shape{URL: "DATABASE_URL"}, postgres.Require)
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
