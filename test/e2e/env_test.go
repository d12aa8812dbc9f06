//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// shared is a stack that an ephemeral environment is made from: two applications, of which client may call web.
const shared = `
config:
  plinth:tier: dev
  plinth:namespace: {name: e2e-env}
  plinth:apps:
    web: {` + flaskApp + `, image: test.local/todo-flask:1, from: [client]}
    client: {` + flaskApp + `, image: test.local/todo-flask:1, egress: []}
`

// objectsOf are the objects of every kind that a namespace holds or whose name or labels speak of it.
func (c *cluster) objectsOf(t *testing.T, namespace string) []string {
	t.Helper()
	config := rest.CopyConfig(c.rest)
	config.QPS, config.WarningHandler = -1, rest.NoWarnings{}
	objects, err := metadata.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := c.Discovery().ServerPreferredResources()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	seen := 0
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range list.APIResources {
			if kind.Kind == "Event" || !slices.Contains(kind.Verbs, "list") {
				continue
			}
			items, err := objects.Resource(version.WithResource(kind.Name)).List(t.Context(), metav1.ListOptions{})
			if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
				continue
			}
			if err != nil && kind.Kind != "ComponentStatus" {
				t.Fatalf("listing %s: %v", kind.Kind, err)
			}
			if err != nil {
				continue
			}
			seen += len(items.Items)
			for _, o := range items.Items {
				if o.Namespace == namespace || strings.Contains(o.Name, namespace) ||
					o.Labels["app.kubernetes.io/part-of"] == namespace {
					found = append(found, kind.Kind+" "+o.Namespace+"/"+o.Name)
				}
			}
		}
	}
	if seen < 50 {
		t.Fatalf("only %d objects were seen in the whole cluster", seen)
	}
	return found
}

func TestAnEphemeralEnvironmentStandsApartAndLeavesNothing(t *testing.T) {
	const namespace = "plinth-e2e-pr"
	c, p := connect(t), newProject(t)
	p.stack(t, "e2e-env", shared)
	t.Cleanup(func() {
		p.run(t, "env", "destroy", "e2e-pr", "--yes")
		p.run(t, "destroy", "e2e-env", "--yes")
		c.gone(t, namespace)
		c.gone(t, "e2e-env")
	})
	p.must(t, "up", "e2e-env")
	if before := c.objectsOf(t, namespace); len(before) > 0 {
		t.Fatalf("there is something of the environment before it is made: %q", before)
	}
	out, code, took := p.run(t, "env", "create", "e2e-pr", "--from", "e2e-env", "--ttl", "1h")
	if code != 0 || !strings.Contains(out, "environment e2e-pr is there (") {
		t.Fatalf("env create: exit code %d", code)
	}
	t.Logf("env create took %v", took)
	for ns, services := range map[string][]string{namespace: {"web", "client"}, "e2e-env": {"web", "client"}} {
		for _, service := range services {
			c.serviceURL(t, ns, service)
		}
	}
	own, others := "http://web."+namespace+".svc.cluster.local:80/healthz", "http://web.e2e-env.svc.cluster.local:80/healthz"
	if out, err := c.get(t, namespace, "client", own); err != nil || strings.TrimSpace(out) != "ok" {
		t.Errorf("its client asked %s: got %q, %v; want ok", own, out, err)
	}
	if out, err := c.get(t, namespace, "client", others); err == nil || !strings.Contains(err.Error(), "timed out") {
		t.Errorf("its client asked its neighbour, %s: got %q, %v; want a time-out", others, out, err)
	}
	if out, err := c.get(t, "e2e-env", "client", own); err == nil || !strings.Contains(err.Error(), "timed out") {
		t.Errorf("its neighbour's client asked %s: got %q, %v; want a time-out", own, out, err)
	}
	quota, err := c.CoreV1().ResourceQuotas(namespace).Get(t.Context(), "quota", metav1.GetOptions{})
	if err != nil || quota.Status.Used.Pods().Value() != 2 {
		t.Errorf("its quota counts %v pods (%v), want its own 2", quota.Status.Used.Pods(), err)
	}

	out, code, took = p.run(t, "env", "reap", "--at", "2000-01-01T00:00:00Z")
	if code != 0 || !strings.Contains(out, ", 0 of them expired and destroyed") {
		t.Errorf("a reaper whose clock is early: exit code %d", code)
	}
	t.Logf("env reap without anything to do took %v", took)
	out, code, took = p.run(t, "env", "destroy", "e2e-pr")
	if code != 0 || !strings.Contains(out, "environment e2e-pr is gone (") {
		t.Errorf("env destroy: exit code %d", code)
	}
	t.Logf("env destroy took %v", took)
	if left := c.objectsOf(t, namespace); len(left) > 0 {
		t.Errorf("left in the cluster: %q", left)
	}
}
