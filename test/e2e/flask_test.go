//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// flask is a stack of three applications from one image: client may call web, stranger may call nobody.
const flask = `
config:
  plinth:tier: dev
  plinth:namespace: {name: e2e-flask}
  plinth:apps:
    web: {%[1]s, image: %[2]q, replicas: 2, from: [client], env: {GREETING: %[3]q}}
    client: {%[1]s, image: test.local/todo-flask:1}
    stranger: {%[1]s, image: test.local/todo-flask:1}
`

// flaskApp is what the three have in common.
const flaskApp = `server: gunicorn, ports: [{name: http, container: 5000, service: 80}],
      probes: {readiness: {path: /healthz}, liveness: {path: /health}},
      resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 256Mi, ephemeralStorage: 128Mi}}, drain: 1`

func flaskStack(image, greeting string) string { return fmt.Sprintf(flask, flaskApp, image, greeting) }

const webURL = "http://web.e2e-flask.svc.cluster.local:80"

func TestFlaskApplicationLivesItsWholeLife(t *testing.T) {
	const image = "test.local/todo-flask:1"
	c, p := connect(t), newProject(t)
	p.stack(t, "e2e-flask", flaskStack(image, "one"))
	t.Cleanup(func() {
		p.run(t, "destroy", "e2e-flask", "--yes")
		c.gone(t, "e2e-flask")
	})
	p.must(t, "up", "e2e-flask")
	for _, service := range []string{"web", "client", "stranger"} {
		c.serviceURL(t, "e2e-flask", service)
	}

	t.Run("it answers over the network through its Service", func(t *testing.T) {
		if out, err := c.get(t, "e2e-flask", "client", webURL+"/healthz"); err != nil || strings.TrimSpace(out) != "ok" {
			t.Errorf("client asked %s/healthz: got %q, %v; want ok", webURL, out, err)
		}
	})
	t.Run("it runs as the image's user with the workers of its CPU limit", func(t *testing.T) {
		out, err := c.exec(t, "e2e-flask", "web", "sh", "-c", "id -u; echo $WEB_CONCURRENCY; touch /x 2>&1; ls /proc | grep -c '^[0-9]'")
		if err != nil || !strings.HasPrefix(out, "1000\n3\n") || !strings.Contains(out, "Read-only file system") {
			t.Errorf("got %q, %v; want uid 1000, 3 workers, a read-only root", out, err)
		}
	})
	t.Run("what was not declared is refused by the network", func(t *testing.T) {
		for from, url := range map[string]string{
			"stranger": webURL + "/healthz",
			"web":      "http://stranger.e2e-flask.svc.cluster.local:80/healthz",
			"client":   "http://stranger.e2e-flask.svc.cluster.local:80/healthz",
		} {
			if out, err := c.get(t, "e2e-flask", from, url); err == nil || !strings.Contains(err.Error(), "timed out") {
				t.Errorf("%s asked %s: got %q, %v; want a time-out", from, url, out, err)
			}
		}
	})
	t.Run("a second up changes nothing", func(t *testing.T) {
		if out := p.must(t, "up", "e2e-flask"); !strings.Contains(out, "nothing changed") {
			t.Error("the output does not say: nothing changed")
		}
	})
	t.Run("a bad image fails with the pod's reason, and the old pods answer", func(t *testing.T) {
		before := c.pods(t, "e2e-flask", "web")
		p.stack(t, "e2e-flask", flaskStack("test.local/no-such-image:1", "one"))
		out, code, took := p.run(t, "up", "e2e-flask")
		if code != 1 || took > 90*time.Second {
			t.Errorf("exit code %d after %v, want 1 within 90 s", code, took)
		}
		if !strings.Contains(out, "ImagePullBackOff") && !strings.Contains(out, "ErrImagePull") {
			t.Error("the output does not name the pod's reason")
		}
		if !strings.Contains(out, "test.local/no-such-image:1") {
			t.Error("the output does not name the image")
		}
		if _, err := c.get(t, "e2e-flask", "client", webURL+"/healthz"); err != nil {
			t.Errorf("the old pods do not answer: %v", err)
		}
		var names []string
		for _, pod := range c.pods(t, "e2e-flask", "web") {
			names = append(names, pod.Name)
		}
		for _, pod := range before {
			if !strings.Contains(strings.Join(names, " "), pod.Name) {
				t.Errorf("the old pod %s is gone", pod.Name)
			}
		}
	})
	t.Run("the right image and a setting roll out", func(t *testing.T) {
		p.stack(t, "e2e-flask", flaskStack(image, "two"))
		p.must(t, "up", "e2e-flask")
		out, err := c.exec(t, "e2e-flask", "web", "sh", "-c", "echo $GREETING")
		if err != nil || strings.TrimSpace(out) != "two" {
			t.Errorf("got %q, %v; want two", out, err)
		}
	})
}
