package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/database/postgres"
	"plinth/components/database/replicated"
	"plinth/internal/recorded"
)

// bound is what web gets of the database, in one line for each variable, and the name of its peer.
func bound(
	t *testing.T, change func(*postgres.Args), bind func(*replicated.Database) binding.Binding,
) (variables []string, made binding.Binding) {
	t.Helper()
	_, err := attempt(t, change, func(p *replicated.Database) { made = bind(p) })
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range made.Env {
		if v.Secret != nil {
			recorded.Equal(t, v.Name+" is plain", v.Value != nil, false)
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
	got, made := bound(t, unchanged, func(p *replicated.Database) binding.Binding {
		return p.Binding("web", database.Shape{URL: "DATABASE_URL"}, database.Require)
	})
	recorded.EqualAll(t, "variables", got, []string{
		"DATABASE_URL_PASSWORD=$(secret main-role-web/password)",
		"DATABASE_URL=postgresql://web:$(DATABASE_URL_PASSWORD)@main.shop.svc.cluster.local:5432/web?sslmode=require",
	})
	recorded.Equal(t, "edges", len(made.Edges), 1)
	recorded.Equal(t, "peer", made.Edges[0].To.Name, "main")
	recorded.Equal(t, "port", made.Edges[0].Ports[0].Number, 5432)
	recorded.Equal(t, "what is waited for", len(made.Ready), 1)
}

func TestABindingIsPartsUnderTheAppsOwnNames(t *testing.T) {
	shape := database.Shape{Host: "DB_HOST", Port: "DB_PORT", Name: "DB_NAME", User: "DB_USER", Password: "DB_WORD"}
	parts := []string{
		"DB_HOST=main.shop.svc.cluster.local", "DB_PORT=5432", "DB_NAME=web", "DB_USER=web",
		"DB_WORD=$(secret main-role-web/password)",
	}
	got, _ := bound(t, unchanged, func(p *replicated.Database) binding.Binding { return p.Binding("web", shape, database.ClientDecides) })
	recorded.EqualAll(t, "parts", got, parts)

	// With both, the password is given once.
	shape.URL = "DATABASE_URL"
	got, _ = bound(t, unchanged, func(p *replicated.Database) binding.Binding { return p.Binding("web", shape, database.ClientDecides) })
	recorded.EqualAll(t, "parts and URL", got,
		append(parts, "DATABASE_URL=postgresql://web:$(DB_WORD)@main.shop.svc.cluster.local:5432/web"))

	got, _ = bound(t, unchanged, func(p *replicated.Database) binding.Binding {
		return p.Binding("web", database.Shape{Host: "DB_HOST"}, database.VerifyFull)
	})
	recorded.EqualAll(t, "the host alone", got, parts[:1])
}

func TestReadersGoToTheReplicasAsARoleThatMayOnlyRead(t *testing.T) {
	read := func(p *replicated.Database) binding.Binding {
		return p.ReadOnly("web", database.Shape{URL: "READ_URL"}, database.Require)
	}
	got, made := bound(t, unchanged, read)
	recorded.EqualAll(t, "variables", got, []string{
		"READ_URL_PASSWORD=$(secret main-role-web/read-password)",
		"READ_URL=postgresql://web_read:$(READ_URL_PASSWORD)@main-replicas.shop.svc.cluster.local:5432/web?sslmode=require",
	})
	recorded.Equal(t, "peer", made.Edges[0].To.Name, "main-replica")
	recorded.Equal(t, "what is waited for", len(made.Ready), 2)

	got, made = bound(t, func(a *postgres.Args) { a.Replicas = 0 }, read)
	recorded.EqualAll(t, "variables without replicas", got, []string{
		"READ_URL_PASSWORD=$(secret main-role-web/read-password)",
		"READ_URL=postgresql://web_read:$(READ_URL_PASSWORD)@main.shop.svc.cluster.local:5432/web?sslmode=require",
	})
	recorded.Equal(t, "peer without replicas", made.Edges[0].To.Name, "main")
}

func TestAClientThatVerifiesGetsTheAuthorityAsAFile(t *testing.T) {
	shape := database.Shape{URL: "DATABASE_URL", Mode: "PGSSLMODE", Authority: "PGSSLROOTCERT"}
	const file = "/etc/plinth/databases/main/ca.crt"
	got, made := bound(t, unchanged, func(p *replicated.Database) binding.Binding {
		return p.Binding("web", shape, database.VerifyFull)
	})
	recorded.EqualAll(t, "variables", got, []string{
		"DATABASE_URL_PASSWORD=$(secret main-role-web/password)", "PGSSLMODE=verify-full", "PGSSLROOTCERT=" + file,
		"DATABASE_URL=postgresql://web:$(DATABASE_URL_PASSWORD)@main.shop.svc.cluster.local:5432/web" +
			"?sslmode=verify-full&sslrootcert=" + file,
	})
	recorded.Equal(t, "files", len(made.Files), 1)
	recorded.Equal(t, "file", made.Files[0].Path, file)
	recorded.Equal(t, "its secret", text(t, made.Files[0].Secret.Secret)+"/"+made.Files[0].Secret.Key, "main-authority/ca.crt")
	// The two bindings of one application mount one file each.
	_, reads := bound(t, unchanged, func(p *replicated.Database) binding.Binding {
		return p.ReadOnly("web", shape, database.VerifyFull)
	})
	recorded.Equal(t, "the readers' file", reads.Files[0].Path, "/etc/plinth/databases/main-replicas/ca.crt")

	got, made = bound(t, unchanged, func(p *replicated.Database) binding.Binding {
		return p.Binding("web", shape, database.Require)
	})
	recorded.Equal(t, "files where nothing is verified", len(made.Files), 0)
	recorded.Equal(t, "the mode", got[1], "PGSSLMODE=require")
	recorded.Equal(t, "variables", len(got), 3)
}

func TestARotationChangesTheLoginAndKeepsTheOther(t *testing.T) {
	for rotation, want := range [][2]string{
		{"web", "main-role-web/password"},
		{"web_alt", "main-role-web/alternate-password"},
		{"web", "main-role-web/password"},
	} {
		got, made := bound(t, func(a *postgres.Args) { a.Rotation = rotation }, func(p *replicated.Database) binding.Binding {
			return p.Binding("web", database.Shape{User: "USER", Password: "WORD"}, database.Require)
		})
		recorded.EqualAll(t, "variables", got, []string{"USER=" + want[0], "WORD=$(secret " + want[1] + ")"})
		recorded.Equal(t, "a revision", made.Revision != nil, true)
		got, _ = bound(t, func(a *postgres.Args) { a.Rotation = rotation }, func(p *replicated.Database) binding.Binding {
			return p.ReadOnly("web", database.Shape{User: "USER"}, database.Require)
		})
		recorded.EqualAll(t, "the reader", got, []string{"USER=" + strings.Replace(want[0], "web", "web_read", 1)})
	}
}

func TestWhatWaitsForAQuorumWaitsForReplicas(t *testing.T) {
	for synchronous, want := range map[replicated.Synchronous]int{replicated.On: 1, replicated.Quorum: 2} {
		_, made := bound(t, func(a *postgres.Args) { a.Synchronous = synchronous }, func(p *replicated.Database) binding.Binding {
			return p.Binding("web", database.Shape{}, database.Require)
		})
		recorded.Equal(t, "what is waited for with "+string(synchronous), len(made.Ready), want)
	}
}

func TestASecretOfABindingIsOneThatIsMade(t *testing.T) {
	rec := deploy(t, unchanged)
	_, made := bound(t, unchanged, func(p *replicated.Database) binding.Binding {
		return p.Binding("web", database.Shape{URL: "DATABASE_URL"}, database.Require)
	})
	ref := made.Env[slices.IndexFunc(made.Env, func(v binding.Variable) bool { return v.Secret != nil })].Secret
	secret := recorded.One(t, rec, "Secret::"+text(t, ref.Secret))
	value := secret.Inputs["stringData"]
	if value.IsSecret() {
		value = value.SecretValue().Element
	}
	if _, found := value.ObjectValue()[resource.PropertyKey(ref.Key)]; !found {
		t.Errorf("%s has no %s", secret.Name, ref.Key)
	}
}
