//go:build e2e && e2eall

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// changing is a stack whose database changes, with an application that wants the parts of its URL and migrates in every
// pod.
type changing struct {
	namespace, image, settings, storage, migration, extra string
	replicas                                              int
}

func (s changing) stack() string {
	return fmt.Sprintf(`
config:
  plinth:tier: dev
  plinth:namespace: {name: %s}
  plinth:apps:
    web:
      image: test.local/todo-flask:1
      replicas: 2
      server: gunicorn
      ports: [{name: http, container: 5000, service: 80}]
      probes: {readiness: {path: /readyz, period: 2}}
      resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 256Mi, ephemeralStorage: 128Mi}}
      drain: 1
      env: {DATABASE_URL: 'postgresql://$(DB_USER):$(DB_PASSWORD)@$(DB_HOST):$(DB_PORT)/$(DB_NAME)'}
      database:
        name: main
        variables: {host: DB_HOST, port: DB_PORT, name: DB_NAME, user: DB_USER, password: DB_PASSWORD}
      migration: {command: %s, as: initContainer}
      rolloutTimeout: 90
%s
  plinth:databases:
    main:
      image: %s
      replicas: %d
      storage: %s
      settings: %s
      resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 256Mi, ephemeralStorage: 256Mi}}
      timeout: 180
`, s.namespace, s.migration, s.extra, s.image, s.replicas, s.storage, s.settings)
}

// replacesNothing demands that a preview replaces nothing but what is made anew for new content.
func replacesNothing(t *testing.T, preview string) {
	t.Helper()
	for line := range strings.Lines(preview) {
		words := strings.Fields(line)
		if len(words) > 1 && words[0] == "replace" && words[1] != "Job" && words[1] != "ConfigMap" {
			t.Errorf("preview: %s", strings.TrimSpace(line))
		}
	}
}

func TestChangesOfADatabaseReplaceNothing(t *testing.T) {
	const ns = "e2e-all-change"
	c, p := connect(t), newProject(t)
	s := changing{
		namespace: ns, image: "docker.io/library/postgres:15", settings: "{}", storage: "1Gi",
		// Pods that start together migrate one after the other.
		migration: "[alembic, upgrade, head]", replicas: 1,
	}
	p.stack(t, ns, s.stack())
	t.Cleanup(func() {
		p.run(t, "destroy", ns, "--yes")
		c.gone(t, ns)
	})
	p.must(t, "up", ns)

	t.Run("the parts of the URL arrive in the pod", func(t *testing.T) {
		out, err := c.exec(t, ns, "web", "sh", "-c", "echo $DB_HOST $DB_PORT $DB_NAME $DB_USER $DB_PASSWORD")
		want := fmt.Sprintf("main.%s.svc.cluster.local 5432 web web %s", ns, c.secret(t, ns, "main-role-web", "password"))
		if strings.TrimSpace(out) != want {
			t.Errorf("got %q, %v; want %q", out, err, want)
		}
	})
	t.Run("a migration in every pod has run", func(t *testing.T) {
		out, err := c.sql(t, ns, "main-0", "web",
			"INSERT INTO todos (title) VALUES ('here'); SELECT count(*) FROM alembic_version")
		if err != nil || out != "1" {
			t.Errorf("got %q, %v; want one version", out, err)
		}
		for _, pod := range c.pods(t, ns, "web") {
			if len(pod.Status.InitContainerStatuses) != 1 || pod.Status.InitContainerStatuses[0].State.Terminated.ExitCode != 0 {
				t.Errorf("pod %s: its migration: %v", pod.Name, pod.Status.InitContainerStatuses)
			}
		}
	})
	for _, change := range []struct {
		what   string
		change func()
		check  func() (got, want string, err error)
	}{
		{"replicas", func() { s.replicas = 2 }, func() (string, string, error) {
			out, err := c.sql(t, ns, "main-0", "postgres", "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
			return out, "2", err
		}},
		{"a setting", func() { s.settings = "{work_mem: 5MB}" }, func() (string, string, error) {
			out, err := c.sql(t, ns, "main-0", "postgres", "SHOW work_mem")
			return out, "5MB", err
		}},
		{"the image", func() { s.image = "test.local/postgres:15" }, func() (string, string, error) {
			return c.pods(t, ns, "main")[0].Spec.Containers[0].Image, "test.local/postgres:15", nil
		}},
		{"an application more", func() {
			s.extra = "    other: {image: test.local/todo-flask:1, database: {name: main}, " + flaskApp + "}"
		}, func() (string, string, error) {
			out, err := c.sql(t, ns, "main-0", "postgres", "SELECT datname FROM pg_database WHERE datname = 'other'")
			return out, "other", err
		}},
		{"replicas, to none", func() { s.replicas = 0 }, func() (string, string, error) {
			out, err := c.sql(t, ns, "main-0", "postgres", "SELECT count(*) FROM pg_replication_slots")
			return out, "0", err
		}},
	} {
		t.Run(change.what, func(t *testing.T) {
			before := c.identities(t, ns)
			change.change()
			p.stack(t, ns, s.stack())
			planned := p.must(t, "preview", ns)
			p.must(t, "up", ns)
			replacesNothing(t, planned)
			after := c.identities(t, ns)
			for _, line := range strings.Split(before, "\n") {
				// What is of replicas goes with the last of them.
				if !strings.Contains(after, line) && !(s.replicas == 0 && strings.Contains(line, "main-replica")) {
					t.Errorf("was replaced: %s; there is\n%s", line, after)
				}
			}
			if strings.Contains(planned, "nothing would change") {
				t.Error("preview says that nothing would change")
			}
			_, want, _ := change.check()
			await(t, change.what, want, 60*time.Second, func() (string, error) {
				got, _, err := change.check()
				return got, err
			})
			if out, err := c.sql(t, ns, "main-0", "web", "SELECT title FROM todos"); err != nil || out != "here" {
				t.Errorf("the row: got %q, %v", out, err)
			}
		})
	}
	t.Run("storage that grows is asked of the claim, and replaces nothing", func(t *testing.T) {
		before := c.identities(t, ns)
		s.storage = "2Gi"
		p.stack(t, ns, s.stack())
		planned := p.must(t, "preview", ns)
		replacesNothing(t, planned)
		p.must(t, "up", ns)
		claim, err := c.CoreV1().PersistentVolumeClaims(ns).Get(t.Context(), "data-main-0", metav1.GetOptions{})
		if err != nil || claim.Spec.Resources.Requests.Storage().String() != "2Gi" {
			t.Errorf("the claim asks for %s, %v; want 2Gi", claim.Spec.Resources.Requests.Storage(), err)
		}
		if after := c.identities(t, ns); after != before {
			t.Errorf("what must stay was replaced:\ngot  %s\nwant %s", after, before)
		}
	})
	t.Run("a broken migration in the pods leaves the old ones serving", func(t *testing.T) {
		good := s
		s.migration = "[alembic, upgrade, no-such-revision]"
		p.stack(t, ns, s.stack())
		out, code, _ := p.run(t, "up", ns)
		if code != 1 || !strings.Contains(out, "Can't locate revision identified by 'no-such-revision'") {
			t.Errorf("exit code %d, and the output does not hold the migration's last words", code)
		}
		if _, err := get(c.serviceURL(t, ns, "web") + "/api/todos"); err != nil {
			t.Errorf("the old version does not serve: %v", err)
		}
		s = good
		p.stack(t, ns, s.stack())
		p.must(t, "up", ns)
	})
}
