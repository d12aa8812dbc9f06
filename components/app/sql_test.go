package app_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"plinth/components/app"
	"plinth/components/binding"
	"plinth/internal/record"
)

// stating is a change of the ordinary application to one with a migration and a statement, and then more.
func stating(more func(*app.Args)) func(*app.Args) {
	return migrating(func(a *app.Args) {
		a.Secrets = map[string]pulumi.StringInput{"TOKEN": pulumi.String("t")}
		a.Env["not-a-variable"] = "x"
		a.Env["PGSSLMODE"] = "disable"
		a.AfterMigration = &app.SQL{
			Statements: "SELECT :'LEVEL';\n", Image: "postgres:17", User: 999, Timeout: 60,
			Values: []binding.Variable{{Name: "region", Value: pulumi.String("eu")}},
			Database: binding.Binding{
				Env: []binding.Variable{
					{Name: "PGHOST", Value: pulumi.String("main")},
					{Name: "PGPASSWORD", Secret: &binding.SecretRef{Secret: pulumi.String("main-role-web"), Key: "password"}},
				},
				Edges: []binding.Edge{{
					To:    binding.Peer{Name: "main", Namespace: "shop", Selector: map[string]string{"app": "main"}},
					Ports: []binding.Port{{Number: 5432}},
				}},
			},
		}
		more(a)
	})
}

func statement(t *testing.T, rec *record.Recording) (batchv1.Job, corev1.Container) {
	t.Helper()
	job := read[batchv1.Job](t, rec, "web-after-migration")
	return job, job.Spec.Template.Spec.Containers[0]
}

func TestStatementsGetPlainValuesAndNothingSecretButTheirConnection(t *testing.T) {
	rec := deploy(t, stating(func(*app.Args) {}))
	_, c := statement(t, rec)
	expectAll(t, "command", c.Command,
		[]string{"psql", "-qX", "-1", "-v", "ON_ERROR_STOP=1", "-f", "/statements/after-migration.sql"})
	expectAll(t, "variables", variables(c), []string{
		"LEVEL=info", "not-a-variable=x", "region=eu", "PGHOST=main", "PGPASSWORD=$(secret main-role-web/password)",
		"PGCONNECT_TIMEOUT=5",
	})
	text := read[corev1.ConfigMap](t, rec, "web-sql-files").Data["after-migration.sql"]
	expect(t, "statements", text, "\\getenv LEVEL LEVEL\n\\getenv region region\nSELECT :'LEVEL';\n")
	expect(t, "image", c.Image, "postgres:17")
}

func TestStatementsRunBetweenTheMigrationAndTheApplicationAndReachTheDatabaseAlone(t *testing.T) {
	rec := deploy(t, stating(func(*app.Args) {}))
	job, _ := statement(t, rec)
	for who, whom := range map[string]string{
		"web-after-migration": "web-migration", "web-deployment": "web-after-migration",
	} {
		found := false
		for _, urn := range one(t, rec, who).Dependencies {
			found = found || urn == one(t, rec, whom).URN
		}
		expect(t, who+" waits for "+whom, found, true)
	}
	expect(t, "whose pods", job.Spec.Template.Labels["app.kubernetes.io/name"], "web-sql")
	policy := read[networkingv1.NetworkPolicy](t, rec, "web-sql-to-main").Spec
	expect(t, "whose connection", policy.PodSelector.MatchLabels["app.kubernetes.io/name"], "web-sql")
	expect(t, "port", policy.Egress[0].Ports[0].Port.IntValue(), 5432)
}

func TestStatementsRunAnewForAnotherTextOrValueAndForNothingElse(t *testing.T) {
	name := func(more func(*app.Args)) string {
		job, _ := statement(t, deploy(t, stating(more)))
		return job.Name
	}
	before := name(func(*app.Args) {})
	if !strings.HasPrefix(before, "web-sql-") {
		t.Errorf("got the name %s, want one that begins with web-sql-", before)
	}
	for what, change := range map[string]func(*app.Args){
		"the application's image": func(a *app.Args) { a.Image = "registry.example.com/web:1.2.4" },
		"the migration":           func(a *app.Args) { a.Migration.Args = []string{"--more"} },
		"a secret":                func(a *app.Args) { a.Secrets["TOKEN"] = pulumi.String("u") },
	} {
		expect(t, "the name after a change of "+what, name(change), before)
	}
	for what, change := range map[string]func(*app.Args){
		"a statement":          func(a *app.Args) { a.AfterMigration.Statements = "SELECT 2" },
		"a value":              func(a *app.Args) { a.AfterMigration.Values[0].Value = pulumi.String("us") },
		"a variable":           func(a *app.Args) { a.Env["LEVEL"] = "debug" },
		"the database's image": func(a *app.Args) { a.AfterMigration.Image = "postgres:18" },
	} {
		if after := name(change); after == before {
			t.Errorf("the name stays %s when %s changes", after, what)
		}
	}
}

func TestFilesOfBindingsAreMountedWithTheirEntryAlone(t *testing.T) {
	rec := deploy(t, func(a *app.Args) {
		a.Bindings = []binding.Binding{{Files: []binding.File{{
			Path: "/etc/plinth/s3/ca.crt", Secret: binding.SecretRef{Secret: pulumi.String("tls"), Key: "ca.crt"},
		}}}}
	})
	c := container(t, rec)
	expect(t, "where", c.VolumeMounts[0].MountPath, "/etc/plinth/s3")
	expect(t, "read-only", c.VolumeMounts[0].ReadOnly, true)
}

func TestOtherSecretsBehindABindingRollTheApplication(t *testing.T) {
	revision := func(value string) string {
		rec := deploy(t, func(a *app.Args) {
			a.Bindings = []binding.Binding{{Revision: pulumi.ToSecret(pulumi.String(value)).(pulumi.StringOutput)}}
		})
		expectHidden(t, rec, value)
		return read[appsv1.Deployment](t, rec, "web-deployment").Spec.Template.Annotations["checksum/bindings"]
	}
	if one, other := revision("first-word"), revision("second-word"); one == other || len(one) != 8 {
		t.Errorf("got the fingerprints %q and %q, want two of 8 digits", one, other)
	}
}
