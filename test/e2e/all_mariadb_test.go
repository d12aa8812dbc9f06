//go:build e2e && e2eall

package e2e

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// onMariaDB is a stack of an application on MariaDB. Of the application nothing tells which engine it is on.
type onMariaDB struct {
	namespace, engine, synchronous string
	replicas, rotation             int
	// more are databases besides.
	more string
}

func (s onMariaDB) stack() string {
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
      database: {name: main, readOnly: {url: REPLICA_URL}}
      migration: {command: [alembic, upgrade, head], timeout: 60}
      rolloutTimeout: 120
  plinth:databases:
    main:
      engine: %s
      image: docker.io/library/mariadb:10.11
      replicas: %d
      rotation: %d
      synchronous: %q
      settings: {max_connections: "60"}
      resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 384Mi, ephemeralStorage: 128Mi}}
      timeout: 240
%s`, s.namespace, s.engine, s.replicas, s.rotation, s.synchronous, s.more)
}

// mariadb runs a statement in a server's pod, as its administrator.
func (c *cluster) mariadb(t *testing.T, namespace, pod, statement string) (string, error) {
	t.Helper()
	out, err := c.execIn(t, namespace, pod, "mariadb", "mariadb", "--defaults-file=/tmp/root.cnf", "-BN", "-e", statement)
	return strings.TrimSpace(out), err
}

// mariadbRows counts what the application has stored.
func (c *cluster) mariadbRows(t *testing.T, namespace, pod string) (count int) {
	t.Helper()
	await(t, "the rows of "+pod, "counted", resume, func() (string, error) {
		out, err := c.mariadb(t, namespace, pod, "SELECT count(*) FROM web.todos")
		if err == nil {
			count, err = strconv.Atoi(out)
		}
		return "counted", err
	})
	return count
}

// mariadbFollows waits until a replica follows and has the primary's rows.
func (c *cluster) mariadbFollows(t *testing.T, namespace, pod string) {
	t.Helper()
	want := c.mariadbRows(t, namespace, "main-0")
	took := await(t, "rows in "+pod, strconv.Itoa(want), 2*time.Minute, func() (string, error) {
		if state, err := c.mariadbFollowing(t, namespace, pod); err != nil || state != "follows" {
			return state, err
		}
		return c.mariadb(t, namespace, pod, "SELECT count(*) FROM web.todos")
	})
	t.Logf("%s has all %d rows after %v", pod, want, took)
}

// mariadbFollowing says whether a replica follows.
func (c *cluster) mariadbFollowing(t *testing.T, namespace, pod string) (string, error) {
	t.Helper()
	status, err := c.execIn(t, namespace, pod, "mariadb", "mariadb", "--defaults-file=/tmp/root.cnf", "-e", `SHOW SLAVE STATUS\G`)
	if err == nil && strings.Contains(status, "Slave_IO_Running: Yes") && strings.Contains(status, "Slave_SQL_Running: Yes") {
		return "follows", nil
	}
	return "does not follow", err
}

func TestMariaDBLivesItsWholeLife(t *testing.T) {
	const ns = "e2e-all-mariadb"
	c, p := connect(t), newProject(t)
	up := func(t *testing.T, replicas, rotation int) string {
		t.Helper()
		p.stack(t, ns, onMariaDB{
			namespace: ns, engine: "mariadb", synchronous: "on", replicas: replicas, rotation: rotation,
		}.stack())
		return p.must(t, "up", ns)
	}
	rows := func(t *testing.T, pod string) int { t.Helper(); return c.mariadbRows(t, ns, pod) }
	follow := func(t *testing.T, pod string) { t.Helper(); c.mariadbFollows(t, ns, pod) }
	t.Cleanup(func() {
		p.run(t, "destroy", ns, "--yes")
		c.gone(t, ns)
	})
	up(t, 2, 0)
	web := c.serviceURL(t, ns, "web")

	t.Run("a POST is read back from each replica", func(t *testing.T) {
		if err := post(web+"/api/todos", "first"); err != nil {
			t.Fatal(err)
		}
		for _, pod := range []string{"main-replica-0", "main-replica-1"} {
			await(t, "the row in "+pod, "first", 10*time.Second, func() (string, error) {
				return c.mariadb(t, ns, pod, "SELECT title FROM web.todos")
			})
		}
	})
	t.Run("connections are encrypted and verified, and others refused; readers may not write", func(t *testing.T) {
		const ask = `import os, sqlalchemy as sa
for name in ("DATABASE_URL", "REPLICA_URL"):
    url = os.environ[name].replace("mysql://", "mysql+pymysql://")
    with sa.create_engine(url).connect() as c:
        print(c.execute(sa.text("show status like 'Ssl_version'")).first()[1], c.execute(sa.text("select current_user(), @@read_only")).first())
        if name == "REPLICA_URL":
            try: c.execute(sa.text("insert into todos (title) values ('x')")); print("written")
            except Exception as e: print(e.orig)
    try: sa.create_engine(url.split("?")[0]).connect(); print("connected in plain")
    except Exception as e: print(e.orig)`
		out, err := c.exec(t, ns, "web", "python3", "-c", ask)
		for _, want := range []string{"TLSv1.3 ('web@%', 0)", "TLSv1.3 ('web_read@%', 1)", "--read-only option", "Access denied"} {
			if err != nil || !strings.Contains(out, want) {
				t.Errorf("got %q, %v; want %s", out, err, want)
			}
		}
		if strings.Contains(out, "connected in plain") || strings.Contains(out, "written") {
			t.Errorf("what must not was done: %s", out)
		}
	})
	t.Run("no password is in an argument", func(t *testing.T) {
		for _, pod := range []string{"main-0", "main-replica-0"} {
			out, err := c.execIn(t, ns, pod, "mariadb", "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
			if err != nil || !strings.Contains(out, "--defaults-file") {
				t.Fatalf("got %q, %v", out, err)
			}
			for _, key := range []string{"password", "replication-password"} {
				if strings.Contains(out, c.secret(t, ns, "main-credentials", key)) {
					t.Errorf("%s: %s is in an argument", pod, key)
				}
			}
		}
	})
	t.Run("a second up changes nothing", func(t *testing.T) {
		if out := up(t, 2, 0); !strings.Contains(out, "nothing changed") {
			t.Error("the output does not say: nothing changed")
		}
	})
	t.Run("a crash of the primary under load loses no acknowledged row", func(t *testing.T) {
		for range 2 {
			before := rows(t, "main-0")
			acknowledged, stop := writer(web)
			time.Sleep(3 * time.Second)
			c.crash(t, ns, "main-0", "mariadb")
			start := time.Now()
			time.Sleep(time.Second)
			rows(t, "main-0")
			t.Logf("the primary answers again after %v", time.Since(start).Round(100*time.Millisecond))
			time.Sleep(3 * time.Second)
			stop()
			after, want := rows(t, "main-0"), int(acknowledged.Load())
			t.Logf("%d rows acknowledged, %d there", want, after-before)
			if after-before < want {
				t.Errorf("%d acknowledged rows were lost", want-(after-before))
			}
			follow(t, "main-replica-0")
			follow(t, "main-replica-1")
		}
	})
	t.Run("a replica that is deleted comes back", func(t *testing.T) {
		if err := c.CoreV1().Pods(ns).Delete(t.Context(), "main-replica-0", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := post(web+"/api/todos", "while it was away"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		follow(t, "main-replica-0")
	})
	t.Run("a replica that was away for more than is kept clones anew by itself", func(t *testing.T) {
		if _, err := c.mariadb(t, ns, "main-replica-1", "STOP SLAVE"); err != nil {
			t.Fatal(err)
		}
		if err := post(web+"/api/todos", "out of reach"); err != nil {
			t.Fatal(err)
		}
		// A clone holds all that a database can.
		for _, statement := range []string{
			"CREATE VIEW web.titles AS SELECT title FROM web.todos",
			"CREATE EVENT web.nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM web.todos WHERE title = 'old'",
			"CREATE PROCEDURE web.nothing() SELECT 1", "FLUSH BINARY LOGS", "FLUSH BINARY LOGS",
		} {
			if _, err := c.mariadb(t, ns, "main-0", statement); err != nil {
				t.Fatal(err)
			}
		}
		// What the other replica still reads is not purged: until it has gone on.
		await(t, "what the primary keeps", "one log", 30*time.Second, func() (string, error) {
			logs, err := c.mariadb(t, ns, "main-0", "SHOW BINARY LOGS")
			lines := strings.Split(logs, "\n")
			if err != nil || len(lines) == 1 {
				return "one log", err
			}
			_, err = c.mariadb(t, ns, "main-0", "PURGE BINARY LOGS TO '"+strings.Fields(lines[len(lines)-1])[0]+"'")
			return logs, err
		})
		before := c.runOf(t, ns, "main-replica-1")
		if _, err := c.mariadb(t, ns, "main-replica-1", "START SLAVE"); err != nil {
			t.Fatal(err)
		}
		want := strconv.Itoa(rows(t, "main-0"))
		took := await(t, "rows in the replica", want, 3*time.Minute, func() (string, error) {
			return c.mariadb(t, ns, "main-replica-1", "SELECT count(*) FROM web.todos")
		})
		t.Logf("it follows again after %v", took)
		if got := c.runOf(t, ns, "main-replica-1"); got == before {
			t.Errorf("it was not restarted: %s", got)
		}
		got, err := c.mariadb(t, ns, "main-replica-1", `SELECT
			(SELECT count(*) FROM information_schema.views WHERE table_schema = 'web'),
			(SELECT count(*) FROM information_schema.events WHERE event_schema = 'web'),
			(SELECT count(*) FROM information_schema.routines WHERE routine_schema = 'web')`)
		if err != nil || got != "1\t1\t1" {
			t.Errorf("views, events and procedures in the clone: got %q, %v; want one each", got, err)
		}
	})
	t.Run("a rotation refuses no connection", func(t *testing.T) {
		l := newLoad(t, web+"/api")
		time.Sleep(2 * time.Second)
		up(t, 2, 1)
		time.Sleep(8 * time.Second)
		l.stop(t, "a rotation")
		out, err := c.exec(t, ns, "web", "python3", "-c", `import os; print(os.environ["DATABASE_URL"].split(":")[1])`)
		if err != nil || strings.TrimSpace(out) != "//web_alt" {
			t.Errorf("who the application is: got %q, %v; want web_alt", out, err)
		}
		follow(t, "main-replica-0")
	})
	t.Run("three replicas, and one", func(t *testing.T) {
		for _, replicas := range []int{3, 1} {
			up(t, replicas, 1)
			last := fmt.Sprintf("main-replica-%d", replicas-1)
			follow(t, last)
			var claims []string
			for _, claim := range c.volumes(t, ns) {
				claims = append(claims, strings.Fields(claim)[0])
			}
			if len(claims) != replicas+1 {
				t.Errorf("claims with %d replicas: %v", replicas, claims)
			}
		}
	})
	t.Run("another engine is refused in the preview, and nothing happens", func(t *testing.T) {
		before, count := c.runOf(t, ns, "main-0"), rows(t, "main-0")
		p.stack(t, ns, onMariaDB{namespace: ns, engine: "mysql", synchronous: "on", replicas: 1, rotation: 1}.stack())
		for _, command := range []string{"preview", "up"} {
			out, code, _ := p.run(t, command, ns)
			if code == 0 || !strings.Contains(out, "databases.main.engine: the database was made with mariadb and holds data") {
				t.Errorf("%s: exit code %d, and the output does not say why", command, code)
			}
		}
		if got := c.runOf(t, ns, "main-0"); got != before || rows(t, "main-0") != count {
			t.Errorf("the primary is another, or has other rows: %s, before %s", got, before)
		}
		if out := up(t, 1, 1); !strings.Contains(out, "nothing changed") {
			t.Error("up with the engine it has does not say: nothing changed")
		}
	})
}

func TestMariaDBIsPromotedAndAQuorumLosesNothing(t *testing.T) {
	const ns = "e2e-all-mariadb-quorum"
	c, p := connect(t), newProject(t)
	s := onMariaDB{namespace: ns, engine: "mariadb", synchronous: "quorum", replicas: 2}
	up := func(t *testing.T) string {
		t.Helper()
		p.stack(t, ns, s.stack())
		return p.must(t, "up", ns)
	}
	unchanged := func(t *testing.T) {
		t.Helper()
		if out := up(t); !strings.Contains(out, "nothing changed") {
			t.Error("up does not say: nothing changed")
		}
	}
	follow := func(t *testing.T) {
		t.Helper()
		for i := range s.replicas {
			c.mariadbFollows(t, ns, fmt.Sprint("main-replica-", i))
		}
	}
	t.Cleanup(func() {
		p.run(t, "destroy", ns, "--yes")
		c.gone(t, ns)
	})
	up(t)
	web := c.serviceURL(t, ns, "web")
	// load writes while something is done, and counts what was acknowledged and what is there.
	load := func(t *testing.T, what string, do func()) (acknowledged, lost int) {
		t.Helper()
		before := c.mariadbRows(t, ns, "main-0")
		count, stop := writer(web)
		time.Sleep(2 * time.Second)
		do()
		time.Sleep(3 * time.Second)
		stop()
		after := c.mariadbRows(t, ns, "main-0")
		acknowledged = int(count.Load())
		lost = max(0, acknowledged-(after-before))
		t.Logf("%s, synchronous %s: %d rows acknowledged, %d there", what, s.synchronous, acknowledged, after-before)
		return acknowledged, lost
	}

	t.Run("a commit waits for a replica", func(t *testing.T) {
		status, err := c.mariadb(t, ns, "main-0", "SHOW GLOBAL STATUS WHERE variable_name IN ('Rpl_semi_sync_master_clients', 'Rpl_semi_sync_master_status')")
		if err != nil || status != "Rpl_semi_sync_master_clients\t2\nRpl_semi_sync_master_status\tON" {
			t.Errorf("got %q, %v", status, err)
		}
		unchanged(t)
	})
	t.Run("a promotion under load loses nothing, and there is never a second primary", func(t *testing.T) {
		uid, old := c.identities(t, ns), c.boundTo(t, ns, "data-main-0")
		var out string
		_, lost := load(t, "a promotion", func() { out = p.must(t, "promote", ns, "main") })
		if lost > 0 {
			t.Errorf("%d acknowledged rows were lost", lost)
		}
		promoted := regexp.MustCompile(`what was (main-replica-\d) is the primary, after ([0-9.]+)s without one`).FindStringSubmatch(out)
		if promoted == nil {
			t.Fatal("the output does not say what was promoted, and how long it took")
		}
		t.Logf("without a primary for %s s", promoted[2])
		if seconds, _ := strconv.ParseFloat(promoted[2], 64); seconds > 60 {
			t.Errorf("without a primary for %s s, want at most 60", promoted[2])
		}
		if now := c.boundTo(t, ns, "data-main-0"); now == old {
			t.Errorf("the primary is still on its old volume %s", old)
		}
		await(t, "the old primary's volume", "gone", 30*time.Second, func() (string, error) {
			if _, err := c.CoreV1().PersistentVolumes().Get(t.Context(), old, metav1.GetOptions{}); err != nil {
				return "gone", nil
			}
			return "there", nil
		})
		follow(t)
		if got := withoutClaim(c.identities(t, ns)); got != withoutClaim(uid) {
			t.Errorf("what must stay was replaced:\ngot  %s\nwant %s", got, uid)
		}
		unchanged(t)
	})
	t.Run("a clone that nothing was written since is promoted, and the others follow it", func(t *testing.T) {
		before := c.mariadbRows(t, ns, "main-0")
		for range 2 {
			p.must(t, "promote", ns, "main", "--to", "main-replica-0")
			c.mariadbFollows(t, ns, "main-replica-0")
		}
		if err := post(web+"/api/todos", "after two promotions"); err != nil {
			t.Fatal(err)
		}
		if after := c.mariadbRows(t, ns, "main-0"); after != before+1 {
			t.Errorf("rows: got %d, want %d", after, before+1)
		}
		follow(t)
		unchanged(t)
	})
	for _, synchronous := range []string{"quorum", "off"} {
		t.Run("a crash of the primary under load with synchronous "+synchronous, func(t *testing.T) {
			s.synchronous = synchronous
			up(t)
			follow(t)
			for range 2 {
				acknowledged, lost := load(t, "a crash", func() {
					c.crash(t, ns, "main-0", "mariadb")
					time.Sleep(time.Second)
					c.mariadbRows(t, ns, "main-0")
				})
				t.Logf("synchronous %s: %d of %d acknowledged rows lost in a crash", synchronous, lost, acknowledged)
				if lost > 0 && synchronous != "off" {
					t.Errorf("synchronous %s: %d acknowledged rows were lost", synchronous, lost)
				}
				follow(t)
			}
		})
	}
	t.Run("the only replica of a quorum clones anew while commits wait for it", func(t *testing.T) {
		s.synchronous, s.replicas = "quorum", 1
		up(t)
		_, lost := load(t, "a lost replica", func() {
			background := metav1.DeletePropagationBackground
			err := c.CoreV1().PersistentVolumeClaims(ns).Delete(t.Context(), "data-main-replica-0", metav1.DeleteOptions{PropagationPolicy: &background})
			if err != nil {
				t.Fatal(err)
			}
			c.deletePod(t, ns, "main-replica-0")
			time.Sleep(5 * time.Second)
			await(t, "the replica", "follows", 2*time.Minute, func() (string, error) { return c.mariadbFollowing(t, ns, "main-replica-0") })
		})
		if lost > 0 {
			t.Errorf("%d acknowledged rows were lost", lost)
		}
		if err := post(web+"/api/todos", "with the replica"); err != nil {
			t.Error(err)
		}
	})
	t.Run("the volume of a primary that did not answer is kept, and can be looked into", func(t *testing.T) {
		rows, old := c.mariadbRows(t, ns, "main-0"), c.boundTo(t, ns, "data-main-0")
		// The pod does not answer, and is not gone by itself.
		if _, err := c.execIn(t, ns, "main-0", "mariadb", "bash", "-c", "rm /tmp/root.cnf"); err != nil {
			t.Fatal(err)
		}
		out := p.must(t, "promote", ns, "main")
		if !strings.Contains(out, "kept: volume "+old) || !strings.Contains(out, "under the name main-old, with replicas: 0") {
			t.Fatalf("the output does not say what to do with the volume %s", old)
		}
		volumes := c.CoreV1().PersistentVolumes()
		s.more = `    main-old:
      engine: mariadb
      image: docker.io/library/mariadb:10.11
      replicas: 0
      resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 384Mi, ephemeralStorage: 128Mi}}
      timeout: 240
`
		up(t)
		if got := c.mariadbRows(t, ns, "main-old-0"); got != rows {
			t.Errorf("rows on the old volume: got %d, want %d", got, rows)
		}
		if got := c.boundTo(t, ns, "data-main-old-0"); got != old {
			t.Errorf("the server runs on %s, want %s", got, old)
		}
		s.more = ""
		up(t)
		await(t, "the volume", "gone", time.Minute, func() (string, error) {
			if _, err := volumes.Get(t.Context(), old, metav1.GetOptions{}); err != nil {
				return "gone", nil
			}
			return "there", nil
		})
		follow(t)
	})
}
