//go:build e2e && e2eall

package e2e

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// guarded is a stack of an application that verifies its database's certificate.
type guarded struct {
	namespace, synchronous string
	rotation               int
}

func (g guarded) stack() string {
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
      database: {name: main, tls: verify-full}
      migration: {command: [alembic, upgrade, head], timeout: 60}
      rolloutTimeout: 120
  plinth:databases:
    main:
      image: docker.io/library/postgres:15
      replicas: 2
      synchronous: %s
      rotation: %d
      resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 256Mi, ephemeralStorage: 256Mi}}
      timeout: 180
`, g.namespace, strconv.Quote(g.synchronous), g.rotation)
}

func TestPostgresIsEncryptedRotatedPromotedAndLosesNothing(t *testing.T) {
	const ns = "e2e-all-postgres"
	c, p := connect(t), newProject(t)
	s := guarded{namespace: ns, synchronous: "quorum"}
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
	c.streaming(t, ns, 2)
	web := c.serviceURL(t, ns, "web")

	t.Run("connections are encrypted, and others refused", func(t *testing.T) {
		const ask = `import os, sqlalchemy as sa
url = os.environ["DATABASE_URL"]
with sa.create_engine(url).connect() as c:
    print(c.execute(sa.text("select ssl, version from pg_stat_ssl where pid = pg_backend_pid()")).first())
for mode in ("sslmode=disable", "sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt"):
    try: sa.create_engine(url.split("?")[0] + "?" + mode).connect(); print("connected")
    except Exception as e: print(e.orig)`
		out, err := c.exec(t, ns, "web", "python3", "-c", ask)
		for _, want := range []string{"(True, 'TLSv1.3')", "no encryption"} {
			if err != nil || !strings.Contains(out, want) {
				t.Errorf("got %q, %v; want %s", out, err, want)
			}
		}
		if strings.Contains(out, "connected") {
			t.Errorf("a client that must not has connected: %s", out)
		}
		got, err := c.sql(t, ns, "main-0", "postgres",
			"SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_replication USING (pid) WHERE ssl")
		if err != nil || got != "2" {
			t.Errorf("replicas that are encrypted: got %q, %v; want 2", got, err)
		}
	})
	t.Run("a second up changes nothing", func(t *testing.T) {
		if out := up(t); !strings.Contains(out, "nothing changed") {
			t.Error("the output does not say: nothing changed")
		}
	})
	t.Run("rotations refuse no connection, and the second one ends the first password", func(t *testing.T) {
		first := c.secret(t, ns, "main-role-web", "password")
		login := func(role, word string) string {
			out, err := c.exec(t, ns, "web", "python3", "-c", fmt.Sprintf(`import psycopg2
try: psycopg2.connect(host="main", dbname="web", user=%q, password=%q).close(); print("in")
except Exception as e: print("refused" if "password authentication failed" in str(e) else e)`, role, word))
			if err != nil {
				t.Fatal(err)
			}
			return strings.TrimSpace(out)
		}
		for _, step := range []struct{ role, key, old string }{
			{"web_alt", "alternate-password", "in"}, {"web", "password", "refused"},
		} {
			uid := c.identities(t, ns)
			before := c.runOf(t, ns, "main-0")
			l := newLoad(t, web+"/api")
			time.Sleep(2 * time.Second)
			s.rotation++
			start := time.Now()
			up(t)
			took := time.Since(start).Round(time.Second)
			time.Sleep(8 * time.Second)
			l.stop(t, fmt.Sprintf("rotation %d, in %v", s.rotation, took))
			out, err := c.exec(t, ns, "web", "python3", "-c", `import os, sqlalchemy as sa
print(sa.create_engine(os.environ["DATABASE_URL"]).connect().execute(sa.text("select session_user, current_user")).first())`)
			if want := fmt.Sprintf("('%s', 'web')", step.role); err != nil || strings.TrimSpace(out) != want {
				t.Errorf("who the application is: got %q, %v; want %s", out, err, want)
			}
			if got := login(step.role, c.secret(t, ns, "main-role-web", step.key)); got != "in" {
				t.Errorf("with the new password: %s", got)
			}
			if got := login("web", first); got != step.old {
				t.Errorf("with the first password after rotation %d: got %s, want %s", s.rotation, got, step.old)
			}
			if got := c.identities(t, ns); got != uid {
				t.Errorf("what must stay was replaced:\ngot  %s\nwant %s", got, uid)
			}
			if got := c.runOf(t, ns, "main-0"); got != before {
				t.Errorf("the primary was restarted: %s, before %s", got, before)
			}
			c.streaming(t, ns, 2)
		}
		if got, err := c.sql(t, ns, "main-0", "web", "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"); err != nil || got != "web" {
			t.Errorf("who owns the tables: got %q, %v; want web", got, err)
		}
	})
	t.Run("a promotion under load loses nothing, and there is never a second primary", func(t *testing.T) {
		before, uid := c.rows(t, ns), c.identities(t, ns)
		old := c.boundTo(t, ns, "data-main-0")
		acknowledged, stop := writer(web)
		time.Sleep(2 * time.Second)
		start := time.Now()
		out := p.must(t, "promote", ns, "main")
		t.Logf("plinth promote took %v in all", time.Since(start).Round(100*time.Millisecond))
		time.Sleep(3 * time.Second)
		stop()
		after, want := c.rows(t, ns), before+int(acknowledged.Load())
		t.Logf("%d rows acknowledged, %d there", want, after)
		if after < want {
			t.Errorf("there are %d rows, %d were acknowledged", after, want)
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
			_, err := c.CoreV1().PersistentVolumes().Get(t.Context(), old, metav1.GetOptions{})
			if err != nil {
				return "gone", nil
			}
			return "there", nil
		})
		c.follow(t, ns, after)
		// Its claim is another one; all else is as it was.
		if got := withoutClaim(c.identities(t, ns)); got != withoutClaim(uid) {
			t.Errorf("what must stay was replaced:\ngot  %s\nwant %s", got, uid)
		}
		if out := up(t); !strings.Contains(out, "nothing changed") {
			t.Error("up after a promotion does not say: nothing changed")
		}
	})
	t.Run("a promotion that is killed is finished by the next, and nothing else goes on before", func(t *testing.T) {
		rows := c.rows(t, ns)
		ctx, cancel := context.WithCancel(t.Context())
		cmd := exec.CommandContext(ctx, filepath.Join(p.dir, "bin", "plinth"), "promote", ns, "main", "--to", "main-replica-0")
		cmd.Dir = p.dir
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		await(t, "the primary", "gone", time.Minute, func() (string, error) {
			_, err := c.CoreV1().Pods(ns).Get(t.Context(), "main-0", metav1.GetOptions{})
			if err != nil {
				return "gone", nil
			}
			return "there", nil
		})
		cancel()
		_ = cmd.Wait()
		t.Logf("killed after:\n%s", out.String())
		if text, code, _ := p.run(t, "up", ns); code != 3 || !strings.Contains(text, "plinth promote "+ns+" main") {
			t.Errorf("up in between: exit code %d, want 3 and what to do", code)
		}
		p.must(t, "promote", ns, "main")
		if got := c.rows(t, ns); got != rows {
			t.Errorf("rows: got %d, want %d", got, rows)
		}
		c.follow(t, ns, rows)
		if out := up(t); !strings.Contains(out, "nothing changed") {
			t.Error("up after a promotion does not say: nothing changed")
		}
	})
	t.Run("a renewed certificate is taken up without a restart", func(t *testing.T) {
		before := c.runOf(t, ns, "main-0")
		certificate, key := selfSigned(t)
		secret, err := c.CoreV1().Secrets(ns).Get(t.Context(), "main-certificate", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		original := secret.DeepCopy()
		secret.Data["tls.crt"], secret.Data["tls.key"] = certificate, key
		if _, err := c.CoreV1().Secrets(ns).Update(t.Context(), secret, metav1.UpdateOptions{FieldManager: "test"}); err != nil {
			t.Fatal(err)
		}
		took := await(t, "the certificate", "renewed", 3*time.Minute, func() (string, error) {
			out, err := c.exec(t, ns, "web", "python3", "-c", `import socket, ssl, struct
s = socket.create_connection(("main", 5432)); s.sendall(struct.pack("!ii", 8, 80877103)); s.recv(1)
c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
print(b"the renewed one" in c.wrap_socket(s).getpeercert(True))`)
			if strings.TrimSpace(out) == "True" {
				return "renewed", err
			}
			return out, err
		})
		t.Logf("a renewed certificate is in use after %v", took)
		if got := c.runOf(t, ns, "main-0"); got != before {
			t.Errorf("the primary was restarted: %s, before %s", got, before)
		}
		original.ResourceVersion = ""
		if _, err := c.CoreV1().Secrets(ns).Update(t.Context(), original, metav1.UpdateOptions{FieldManager: "test"}); err != nil {
			t.Fatal(err)
		}
	})
	for _, synchronous := range []string{"quorum", "on", "off"} {
		t.Run("a crash of the primary under load with synchronous "+synchronous, func(t *testing.T) {
			s.synchronous = synchronous
			up(t)
			c.streaming(t, ns, 2)
			lost := 0
			for range 2 {
				before := c.rows(t, ns)
				acknowledged, stop := writer(web)
				time.Sleep(2 * time.Second)
				c.crash(t, ns, "main-0", "postgres")
				time.Sleep(3 * time.Second)
				c.streaming(t, ns, 2)
				stop()
				after, want := c.rows(t, ns), before+int(acknowledged.Load())
				t.Logf("synchronous %s: %d rows acknowledged, %d there", synchronous, want-before, after-before)
				lost += max(0, want-after)
			}
			t.Logf("synchronous %s: %d acknowledged rows lost in two crashes", synchronous, lost)
			if lost > 0 && synchronous != "off" {
				t.Errorf("synchronous %s: %d acknowledged rows were lost", synchronous, lost)
			}
		})
	}
}

// runOf tells a pod and the runs of its container apart.
func (c *cluster) runOf(t *testing.T, namespace, pod string) string {
	t.Helper()
	found, err := c.CoreV1().Pods(namespace).Get(t.Context(), pod, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(found.UID, " ", found.Status.ContainerStatuses[0].RestartCount)
}

// boundTo is the volume of a claim.
func (c *cluster) boundTo(t *testing.T, namespace, claim string) string {
	t.Helper()
	found, err := c.CoreV1().PersistentVolumeClaims(namespace).Get(t.Context(), claim, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return found.Spec.VolumeName
}

// follow waits until both replicas stream from the primary, have its timeline and its rows.
func (c *cluster) follow(t *testing.T, namespace string, rows int) {
	t.Helper()
	start := time.Now()
	c.streaming(t, namespace, 2)
	t.Logf("both replicas stream again after %v", time.Since(start).Round(100*time.Millisecond))
	const timeline = "SELECT received_tli FROM pg_stat_wal_receiver"
	want, err := c.sql(t, namespace, "main-0", "postgres", "SELECT timeline_id FROM pg_control_checkpoint()")
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range []string{"main-replica-0", "main-replica-1"} {
		await(t, "the timeline of "+pod, want, 30*time.Second, func() (string, error) {
			return c.sql(t, namespace, pod, "postgres", timeline)
		})
		await(t, "rows in "+pod, strconv.Itoa(rows), 30*time.Second, func() (string, error) {
			return c.sql(t, namespace, pod, "web", "SELECT count(*) FROM todos")
		})
	}
}

func withoutClaim(identities string) string {
	before, _, _ := strings.Cut(identities, "\nclaim ")
	return before
}

// selfSigned is a certificate that can be told from others by its name, and its key.
func selfSigned(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "the renewed one"},
		NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	written, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: written})
}
