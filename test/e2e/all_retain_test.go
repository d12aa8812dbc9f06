//go:build e2e && e2eall

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestWhatIsKeptAtADestroyIsUsedAgain(t *testing.T) {
	const ns = "e2e-all-retain"
	c, p, s := connect(t), newProject(t), newShop(ns)
	s.replicas, s.retain = 1, true
	p.stack(t, ns, s.stack())
	t.Cleanup(func() {
		c.forgetKept(t, p, ns)
	})
	p.must(t, "up", ns)
	if err := post(c.serviceURL(t, ns, "proxy")+"/api/todos", "kept"); err != nil {
		t.Fatal(err)
	}
	passwords := c.secret(t, ns, "main-role-web", "password") + c.secret(t, ns, "main-credentials", "password")
	volumes := c.volumes(t, ns)

	out := p.must(t, "destroy", ns, "--yes")
	for _, want := range []string{
		"kept: namespace " + ns + ", with 2 volume claims: data-main-0 (1Gi), data-main-replica-0 (1Gi)",
		"plinth up " + ns, "delete namespace " + ns,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("destroy does not say: %s", want)
		}
	}
	if got := c.volumes(t, ns); !slices.Equal(got, volumes) {
		t.Errorf("volumes after destroy: got %v, want %v", got, volumes)
	}
	if left := c.left(t, ns); len(left) > 0 {
		t.Errorf("destroy left %v", left)
	}
	// A destroy of what is destroyed says so again.
	if out := p.must(t, "destroy", ns, "--yes"); !strings.Contains(out, "kept: namespace "+ns) {
		t.Error("a second destroy does not say what is kept")
	}
	out = p.must(t, "preview", ns)
	if !strings.Contains(out, "namespace "+ns+" was kept") {
		t.Error("preview does not say that the namespace is taken back")
	}

	out = p.must(t, "up", ns)
	if !strings.Contains(out, "namespace "+ns+" was kept") {
		t.Error("up does not say that the namespace is taken back")
	}
	if body, err := get(c.serviceURL(t, ns, "proxy") + "/api/todos"); err != nil || !strings.Contains(body, `"kept"`) {
		t.Errorf("the row that was kept: got %q, %v", body, err)
	}
	c.streaming(t, ns, 1)
	await(t, "the row in the replica", "kept", 10*time.Second, func() (string, error) {
		return c.sql(t, ns, "main-replica-0", "web", "SELECT title FROM todos")
	})
	if got := c.volumes(t, ns); !slices.Equal(got, volumes) {
		t.Errorf("volumes after the next up: got %v, want %v", got, volumes)
	}
	if c.secret(t, ns, "main-role-web", "password")+c.secret(t, ns, "main-credentials", "password") == passwords {
		t.Error("the passwords are those from before the destroy, whose state was dropped")
	}
	if out := p.must(t, "up", ns); !strings.Contains(out, "nothing changed") {
		t.Error("a second up does not say: nothing changed")
	}
}

func TestRetainedDatabaseThatIsTakenOutKeepsItsVolumes(t *testing.T) {
	const ns = "e2e-all-out"
	c, p := connect(t), newProject(t)
	in := fmt.Sprintf(bare, ns) + "      retain: true\n"
	out, _, _ := strings.Cut(in, "  plinth:databases:")
	p.stack(t, ns, in)
	t.Cleanup(func() {
		p.stack(t, ns, in)
		c.forgetKept(t, p, ns)
	})
	p.must(t, "up", ns)
	if _, err := c.sql(t, ns, "main-0", "postgres", "CREATE TABLE t AS SELECT 7 AS n"); err != nil {
		t.Fatal(err)
	}
	volumes := c.volumes(t, ns)
	p.stack(t, ns, out)
	p.must(t, "up", ns)
	if got := c.volumes(t, ns); !slices.Equal(got, volumes) {
		t.Errorf("volumes without the database: got %v, want %v", got, volumes)
	}
	p.stack(t, ns, in)
	p.must(t, "up", ns)
	c.streaming(t, ns, 1)
	for _, pod := range []string{"main-0", "main-replica-0"} {
		if got, err := c.sql(t, ns, pod, "postgres", "SELECT n FROM t"); err != nil || got != "7" {
			t.Errorf("what was in %s: got %q, %v", pod, got, err)
		}
	}
}

// forgetKept destroys a stack that keeps its volumes, and then deletes them as destroy advises.
func (c *cluster) forgetKept(t *testing.T, p *project, namespace string) {
	t.Helper()
	p.run(t, "destroy", namespace, "--yes")
	c.deleteNamespace(t, namespace)
	await(t, "the namespace", "gone", time.Minute, func() (string, error) {
		_, err := c.CoreV1().Namespaces().Get(context.WithoutCancel(t.Context()), namespace, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return "gone", nil
		}
		return "there", err
	})
	if out, _, _ := p.run(t, "destroy", namespace, "--yes"); strings.Contains(out, "kept:") {
		t.Error("destroy speaks of what is gone")
	}
	// A volume goes a moment after its claim.
	time.Sleep(3 * time.Second)
	c.gone(t, namespace)
}

func TestNamespaceOfSomebodyElseIsNotTaken(t *testing.T) {
	const ns = "e2e-all-foreign"
	c, p := connect(t), newProject(t)
	c.makeNamespace(t, ns)
	t.Cleanup(func() {
		p.run(t, "destroy", ns, "--yes")
		c.deleteNamespace(t, ns)
	})
	p.stack(t, ns, fmt.Sprintf(bare, ns))
	out, code, _ := p.run(t, "up", ns)
	if code != 1 || !strings.Contains(out, `namespaces "`+ns+`" already exists`) {
		t.Errorf("exit code %d, and the output does not say that the namespace exists", code)
	}
	if labels := c.namespaceLabels(t, ns); labels["app.kubernetes.io/managed-by"] != "" {
		t.Errorf("the namespace was changed: %v", labels)
	}
}
