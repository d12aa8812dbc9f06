//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// shop is a stack of an application behind the proxy with a database, and of a stranger who may reach neither.
type shop struct {
	namespace string
	replicas  int
	// migration is the command, as a YAML list; env of the application, as a YAML map.
	migration, env string
	// settings of the database, as a YAML map.
	settings string
	retain   bool
}

func (s shop) stack() string {
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
      probes: {readiness: {path: /readyz, period: 2}, liveness: {path: /healthz}}
      resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 256Mi, ephemeralStorage: 128Mi}}
      env: %s
      database: {name: main, readOnly: {url: REPLICA_URL}}
      migration: {command: %s, timeout: 60}
      rolloutTimeout: 90
    stranger:
      image: test.local/todo-flask:1
      ports: [{name: http, container: 5000}]
      probes: {readiness: {path: /healthz}}
      resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 256Mi, ephemeralStorage: 128Mi}}
      drain: 1
  plinth:databases:
    main:
      image: docker.io/library/postgres:15
      replicas: %d
      retain: %t
      settings: %s
      resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 256Mi, ephemeralStorage: 256Mi}}
      timeout: 180
  plinth:proxy:
    image: docker.io/nginxinc/nginx-unprivileged:1.22
    replicas: 2
    routes: [{path: /api/, app: web}]
`, s.namespace, s.env, s.migration, s.replicas, s.retain, s.settings)
}

func newShop(namespace string) shop {
	return shop{namespace: namespace, replicas: 2, migration: "[alembic, upgrade, head]", env: "{}", settings: "{}"}
}

// sql runs a statement in a database server's pod, as its superuser.
func (c *cluster) sql(t *testing.T, namespace, pod, database, statement string) (string, error) {
	t.Helper()
	out, err := c.execIn(t, namespace, pod, "postgres", "psql", "-qXAt", "-U", "postgres", "-d", database, "-c", statement)
	return strings.TrimSpace(out), err
}

// await waits until ask answers want, and returns how long that took.
func await(t *testing.T, what, want string, limit time.Duration, ask func() (string, error)) time.Duration {
	t.Helper()
	start := time.Now()
	for {
		got, err := ask()
		if err == nil && got == want {
			return time.Since(start).Round(100 * time.Millisecond)
		}
		if time.Since(start) > limit {
			t.Fatalf("%s: got %q, %v after %v; want %q", what, got, err, limit, want)
		}
		time.Sleep(300 * time.Millisecond)
	}
}

// streaming waits until n replicas stream.
func (c *cluster) streaming(t *testing.T, namespace string, n int) time.Duration {
	t.Helper()
	return await(t, "replicas that stream", strconv.Itoa(n), 90*time.Second, func() (string, error) {
		return c.sql(t, namespace, "main-0", "postgres", "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
	})
}

// resume is how long replication may take to resume after a crash: the time to notice, to restart the container and to
// connect again.
const resume = 60 * time.Second

func TestPostgresBehindTheProxyLivesItsWholeLife(t *testing.T) {
	const ns = "e2e-shop"
	c, p, s := connect(t), newProject(t), newShop(ns)
	up := func(t *testing.T) string {
		t.Helper()
		p.stack(t, ns, s.stack())
		return p.must(t, "up", ns)
	}
	t.Cleanup(func() {
		p.run(t, "destroy", ns, "--yes")
		c.gone(t, ns)
	})
	up(t)
	proxy := c.serviceURL(t, ns, "proxy")

	t.Run("a POST through the proxy is read back through the proxy and from a replica", func(t *testing.T) {
		if err := post(proxy+"/api/todos", "first"); err != nil {
			t.Fatal(err)
		}
		if body, err := get(proxy + "/api/todos"); err != nil || !strings.Contains(body, `"first"`) {
			t.Errorf("through the proxy: got %q, %v", body, err)
		}
		for _, pod := range []string{"main-replica-0", "main-replica-1"} {
			await(t, "the row in "+pod, "first", 10*time.Second, func() (string, error) {
				return c.sql(t, ns, pod, "web", "SELECT title FROM todos")
			})
		}
		c.streaming(t, ns, 2)
	})
	t.Run("the read-only binding leads to a replica and may not write", func(t *testing.T) {
		const ask = `import os, sqlalchemy as sa
c = sa.create_engine(os.environ["REPLICA_URL"]).connect()
print(c.execute(sa.text("select pg_is_in_recovery(), current_user, count(*) from todos")).first())
try: c.execute(sa.text("insert into todos (title) values ('x')"))
except Exception as e: print(e.orig)`
		out, err := c.exec(t, ns, "web", "python3", "-c", ask)
		if err != nil || !strings.Contains(out, "(True, 'web_read', 1)") || !strings.Contains(out, "read-only transaction") {
			t.Errorf("got %q, %v", out, err)
		}
	})
	t.Run("what no edge leads to cannot be reached", func(t *testing.T) {
		const try = `import socket, sys
try: socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=4); print("open")
except Exception as e: print(type(e).__name__)`
		for _, test := range []struct{ from, host, port, want string }{
			{"web", "main", "5432", "open"},
			{"web", "main-replicas", "5432", "open"},
			{"stranger", "main", "5432", "TimeoutError"},
			{"stranger", "main-replicas", "5432", "TimeoutError"},
			{"stranger", "web", "80", "TimeoutError"},
			{"web", "stranger", "5000", "TimeoutError"},
			{"stranger", "no-such-service", "80", "gaierror"},
		} {
			out, err := c.exec(t, ns, test.from, "python3", "-c", try, test.host, test.port)
			if err != nil || strings.TrimSpace(out) != test.want {
				t.Errorf("%s to %s:%s: got %q, %v; want %s", test.from, test.host, test.port, out, err, test.want)
			}
		}
	})
	t.Run("a second up changes nothing", func(t *testing.T) {
		if out := up(t); !strings.Contains(out, "nothing changed") {
			t.Error("the output does not say: nothing changed")
		}
	})
	t.Run("no acknowledged row is lost with the primary, and replication resumes", func(t *testing.T) {
		for what, harm := range map[string]func(){
			"a crash":         func() { c.crash(t, ns, "main-0", "postgres") },
			"a pod that goes": func() { c.deletePod(t, ns, "main-0") },
		} {
			before := c.rows(t, ns)
			acknowledged, stop := writer(proxy)
			time.Sleep(2 * time.Second)
			harm()
			time.Sleep(3 * time.Second)
			took := c.streaming(t, ns, 2) + 3*time.Second
			stop()
			if took > resume {
				t.Errorf("after %s replication resumed in %v, want at most %v", what, took, resume)
			}
			after, want := c.rows(t, ns), before+int(acknowledged.Load())
			t.Logf("%s of the primary: %d rows acknowledged, %d there; replication resumed in %v", what, want, after, took)
			if after < want {
				t.Errorf("after %s there are %d rows, %d were acknowledged", what, after, want)
			}
		}
	})
	t.Run("a replica follows again after a crash and in a new pod", func(t *testing.T) {
		c.crash(t, ns, "main-replica-1", "postgres")
		time.Sleep(2 * time.Second)
		c.streaming(t, ns, 2)
		c.deletePod(t, ns, "main-replica-0")
		time.Sleep(2 * time.Second)
		t.Logf("a new pod of a replica streams after %v", c.streaming(t, ns, 2))
	})
	t.Run("scaling 2, 3, 1 leaves no slot behind and replaces nothing", func(t *testing.T) {
		uid := c.identities(t, ns)
		s.replicas = 3
		up(t)
		c.streaming(t, ns, 3)
		s.replicas = 1
		up(t)
		c.streaming(t, ns, 1)
		slots, err := c.sql(t, ns, "main-0", "postgres", "SELECT slot_name FROM pg_replication_slots")
		if err != nil || slots != "main_replica_0" {
			t.Errorf("slots: got %q, %v; want main_replica_0", slots, err)
		}
		if got := c.identities(t, ns); got != uid {
			t.Errorf("what must stay was replaced:\ngot  %s\nwant %s", got, uid)
		}
	})
	t.Run("a broken migration fails with its last words, and the old version serves", func(t *testing.T) {
		good := s
		s.migration = "[alembic, upgrade, no-such-revision]"
		p.stack(t, ns, s.stack())
		out, code, _ := p.run(t, "up", ns)
		if code != 1 || !strings.Contains(out, "Can't locate revision identified by 'no-such-revision'") {
			t.Errorf("exit code %d, and the output does not hold the migration's last words", code)
		}
		if _, err := get(proxy + "/api/todos"); err != nil {
			t.Errorf("the old version does not serve: %v", err)
		}
		s = good
		up(t)
	})
	t.Run("a wrong password fails with the server's reason, and the old version serves", func(t *testing.T) {
		good := s
		s.env = "{DATABASE_URL: 'postgresql://web:wrong@main:5432/web'}"
		p.stack(t, ns, s.stack())
		out, code, _ := p.run(t, "up", ns)
		if code != 1 || !strings.Contains(out, `password authentication failed for user "web"`) {
			t.Errorf("exit code %d, and the output does not hold the server's reason", code)
		}
		if _, err := get(proxy + "/api/todos"); err != nil {
			t.Errorf("the old version does not serve: %v", err)
		}
		s = good
		up(t)
	})
}

// crash kills a container's first process, as the out-of-memory killer would.
func (c *cluster) crash(t *testing.T, namespace, pod, container string) {
	t.Helper()
	script, err := filepath.Abs("../../../shared/cluster/cluster")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(script); err == nil {
		if out, err := exec.Command(script, "crash", namespace, pod, container).CombinedOutput(); err != nil {
			t.Fatalf("crashing %s: %v: %s", pod, err, out)
		}
		return
	}
	// From inside, the first process cannot be killed; that one of its own dies is a crash to the server as well.
	if _, err := c.execIn(t, namespace, pod, container, "sh", "-c", "pkill -9 -P 1 || kill -9 $(cat /proc/1/task/1/children)"); err != nil {
		t.Fatalf("crashing %s: %v", pod, err)
	}
}

func (c *cluster) deletePod(t *testing.T, namespace, pod string) {
	t.Helper()
	if err := c.CoreV1().Pods(namespace).Delete(t.Context(), pod, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// rows counts what the application has stored.
func (c *cluster) rows(t *testing.T, namespace string) int {
	t.Helper()
	var count int
	await(t, "the primary", "ok", resume, func() (string, error) {
		out, err := c.sql(t, namespace, "main-0", "web", "SELECT count(*) FROM todos")
		if err != nil {
			return "", err
		}
		count, err = strconv.Atoi(out)
		return "ok", err
	})
	return count
}

// writer posts one row after the other until it is stopped, and counts those that were acknowledged.
func writer(proxy string) (acknowledged *atomic.Int64, stop func()) {
	acknowledged = &atomic.Int64{}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			if post(proxy+"/api/todos", fmt.Sprint("row ", i)) == nil {
				acknowledged.Add(1)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return acknowledged, func() { close(done); <-ended }
}

// identities are the UIDs of what no change but a move may replace.
func (c *cluster) identities(t *testing.T, namespace string) string {
	t.Helper()
	var out []string
	sets, err := c.AppsV1().StatefulSets(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sets.Items {
		out = append(out, fmt.Sprint("statefulset ", s.Name, " ", s.UID))
	}
	services, err := c.CoreV1().Services(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range services.Items {
		out = append(out, fmt.Sprint("service ", s.Name, " ", s.UID))
	}
	claim, err := c.CoreV1().PersistentVolumeClaims(namespace).Get(t.Context(), "data-main-0", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(append(out, fmt.Sprint("claim ", claim.Name, " ", claim.UID)), "\n")
}
