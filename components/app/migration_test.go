package app_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"plinth/components/app"
	"plinth/components/binding"
	"plinth/components/workload"
	"plinth/internal/record"
)

const jobType = "kubernetes:batch/v1:Job"

// migrating is a change of the ordinary application to one with a migration, and then more.
func migrating(more func(*app.Args)) func(*app.Args) {
	return func(a *app.Args) {
		a.Env = map[string]string{"LEVEL": "info"}
		a.Migration = &app.Migration{Command: []string{"migrate", "up"}, Timeout: 90}
		more(a)
	}
}

func TestAMigrationsNameChangesWithItsContentAndNothingElse(t *testing.T) {
	name := func(more func(*app.Args)) string {
		return read[batchv1.Job](t, deploy(t, migrating(more)), "web-migration").Name
	}
	before := name(func(*app.Args) {})
	if !strings.HasPrefix(before, "web-migrate-") {
		t.Errorf("got the name %s, want one that begins with web-migrate-", before)
	}
	three := 3
	for what, change := range map[string]func(*app.Args){
		"nothing":       func(*app.Args) {},
		"replicas":      func(a *app.Args) { a.Replicas = &three },
		"resources":     func(a *app.Args) { a.Resources.Limits.Memory = "256Mi" },
		"ports":         func(a *app.Args) { a.Ports = a.Ports[:1] },
		"probes":        func(a *app.Args) { a.Readiness = &workload.Probe{Path: "/", Port: "http"} },
		"app's command": func(a *app.Args) { a.Command = []string{"serve"} },
		"timeout":       func(a *app.Args) { a.Migration.Timeout = 30 },
		"secret": func(a *app.Args) {
			a.Secrets = map[string]pulumi.StringInput{"TOKEN": pulumi.String("t")}
		},
	} {
		expect(t, "the name after a change of "+what, name(change), before)
	}
	for what, change := range map[string]func(*app.Args){
		"image":    func(a *app.Args) { a.Image = "registry.example.com/web:1.2.4" },
		"command":  func(a *app.Args) { a.Migration.Command = []string{"migrate", "down"} },
		"args":     func(a *app.Args) { a.Migration.Args = []string{"--verbose"} },
		"variable": func(a *app.Args) { a.Env["LEVEL"] = "debug" },
		"new env":  func(a *app.Args) { a.Env["MORE"] = "" },
	} {
		if after := name(change); after == before {
			t.Errorf("the name stays %s when %s changes", after, what)
		}
	}
}

func TestAMigrationRunsOnceAndIsNeverTriedAgainByItself(t *testing.T) {
	rec := deploy(t, migrating(func(a *app.Args) {
		a.Files = map[string]string{"/etc/web.conf": "x"}
		a.Migration.Args = []string{"--all"}
	}))
	job := read[batchv1.Job](t, rec, "web-migration")
	expect(t, "retries", *job.Spec.BackoffLimit, 0)
	expect(t, "deadline", *job.Spec.ActiveDeadlineSeconds, 90)
	expect(t, "wait", job.Annotations["pulumi.com/timeoutSeconds"], "90")
	expect(t, "a new try with the next update", job.Annotations["pulumi.com/replaceUnready"], "true")
	expect(t, "restarts", job.Spec.Template.Spec.RestartPolicy, "Never")

	r := one(t, rec, "web-migration")
	if r.DeleteBeforeReplace == nil || !*r.DeleteBeforeReplace {
		t.Error("a new migration is made while the one before is there")
	}
	c := job.Spec.Template.Spec.Containers[0]
	expectAll(t, "command", c.Command, []string{"migrate", "up"})
	expectAll(t, "args", c.Args, []string{"--all"})
	expectAll(t, "variables", variables(c), variables(container(t, rec)))
	expect(t, "image", c.Image, container(t, rec).Image)
	expect(t, "mounted files", c.VolumeMounts[0].MountPath, "/etc/web.conf")
	expect(t, "ports", len(c.Ports), 0)
}

func TestTheDeploymentWaitsForTheMigrationAndTheMigrationForWhatItUses(t *testing.T) {
	rec := deploy(t, migrating(func(a *app.Args) {
		a.Secrets = map[string]pulumi.StringInput{"TOKEN": pulumi.String("t")}
		a.Files = map[string]string{"/etc/web.conf": "x"}
		a.Edges = []binding.Edge{{
			To:    binding.Peer{Name: "main", Namespace: "shop", Selector: map[string]string{"app": "main"}},
			Ports: []binding.Port{{Number: 5432}},
		}}
	}))
	waits := func(r *record.Resource, names ...string) {
		t.Helper()
		for _, name := range names {
			if !slices.Contains(r.Dependencies, one(t, rec, name).URN) {
				t.Errorf("%s does not wait for %s", r.Name, name)
			}
		}
	}
	waits(one(t, rec, "web-deployment"), "web-migration", "web-secrets", "web-files", "web-to-main", "web-at-main")
	waits(one(t, rec, "web-migration"), "web-secrets", "web-files", "web-migrate-to-main", "web-migrate-at-main")

	// Its pods are not the application's: no Service and no budget counts them.
	pod := read[batchv1.Job](t, rec, "web-migration").Spec.Template
	for key, value := range read[appsv1.Deployment](t, rec, "web-deployment").Spec.Selector.MatchLabels {
		if key == "app.kubernetes.io/name" {
			expect(t, "the application's label", value, "web")
			expect(t, "the migration's label", pod.Labels[key], "web-migrate")
		}
	}
	policy := read[networkingv1.NetworkPolicy](t, rec, "web-migrate-to-main").Spec
	expect(t, "whom its policy selects", policy.PodSelector.MatchLabels["app.kubernetes.io/name"], "web-migrate")
}

func TestAMigrationInEveryPodRunsBeforeTheAppWithItsEnvironment(t *testing.T) {
	rec := deploy(t, migrating(func(a *app.Args) {
		a.Migration.InEveryPod = true
		a.Secrets = map[string]pulumi.StringInput{"TOKEN": pulumi.String("t")}
	}))
	expect(t, "Jobs", len(rec.All(jobType)), 0)
	pod := read[appsv1.Deployment](t, rec, "web-deployment").Spec.Template.Spec
	if len(pod.InitContainers) != 1 {
		t.Fatalf("got %d init containers, want 1", len(pod.InitContainers))
	}
	init := pod.InitContainers[0]
	expect(t, "name", init.Name, "migrate")
	expect(t, "image", init.Image, pod.Containers[0].Image)
	expectAll(t, "command", init.Command, []string{"migrate", "up"})
	expectAll(t, "variables", variables(init), []string{"TOKEN=$(secret web-secrets/TOKEN)", "LEVEL=info"})
	expectAll(t, "variables", variables(init), variables(pod.Containers[0]))
}

func TestAnAppWithoutAMigrationHasNone(t *testing.T) {
	rec := deploy(t, func(*app.Args) {})
	expect(t, "Jobs", len(rec.All(jobType)), 0)
	init := read[appsv1.Deployment](t, rec, "web-deployment").Spec.Template.Spec.InitContainers
	expect(t, "init containers", len(init), 0)
}
