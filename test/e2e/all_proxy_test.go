//go:build e2e && e2eall

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// routed is a stack of two applications behind the proxy: back below /api/, front everywhere else and on one path below
// /api/ too.
const routed = `
config:
  plinth:tier: dev
  plinth:namespace: {name: %[1]s}
  plinth:apps:
    front: {%[2]s, env: {S3_REGION: front}}
    back: {%[2]s, env: {S3_REGION: back}}
  plinth:proxy:
    image: docker.io/nginxinc/nginx-unprivileged:1.22
    bodySize: 1m
    errorPages: {"413": "<p>no more than a megabyte</p>"}
    routes: [{path: /, app: front}, {path: /api/, app: back}, {path: /api/settings/, app: front}]
`

func TestProxyInFrontOfWhatComesAndGoes(t *testing.T) {
	const ns = "e2e-all-proxy"
	c, p := connect(t), newProject(t)
	p.stack(t, ns, fmt.Sprintf(routed, ns, "image: test.local/todo-flask:1, "+flaskApp))
	t.Cleanup(func() {
		p.run(t, "destroy", ns, "--yes")
		c.gone(t, ns)
	})
	p.must(t, "up", ns)
	url := c.serviceURL(t, ns, "proxy")

	t.Run("the longest path wins", func(t *testing.T) {
		if who := whoami(t, url, nil); !strings.HasPrefix(who.Host, "back-") {
			t.Errorf("/api/whoami: got %s, want back", who.Host)
		}
		if body, err := get(url + "/api/settings/s3"); err != nil || !strings.Contains(body, `"front"`) {
			t.Errorf("/api/settings/s3: got %s, %v; want front's", body, err)
		}
		if body, err := get(url + "/healthz"); err != nil || body != "ok" {
			t.Errorf("/healthz: got %q, %v", body, err)
		}
	})
	t.Run("the forwarded headers are the proxy's own", func(t *testing.T) {
		host := strings.TrimPrefix(url, "http://")
		plain := whoami(t, url, nil).Forwarded
		spoofed := whoami(t, url, map[string]string{
			"X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6", "X-Forwarded-Proto": "https",
			"X-Forwarded-Host": "evil.example", "X-Request-ID": "mine",
		}).Forwarded
		for _, headers := range []map[string]string{plain, spoofed} {
			for name, want := range map[string]string{
				"X-Forwarded-For": `^(\d+\.){3}\d+$`, "X-Forwarded-Proto": "^http$",
				"X-Forwarded-Host": "^" + regexp.QuoteMeta(host) + "(:80)?$", "X-Request-Id": "^[0-9a-f]{32}$",
			} {
				if !regexp.MustCompile(want).MatchString(headers[name]) {
					t.Errorf("%s: got %q, want %s", name, headers[name], want)
				}
			}
			if headers["X-Forwarded-For"] != plain["X-Forwarded-For"] || headers["X-Real-Ip"] != plain["X-Forwarded-For"] {
				t.Errorf("who asks: got %q and %q, want %q",
					headers["X-Forwarded-For"], headers["X-Real-Ip"], plain["X-Forwarded-For"])
			}
		}
		if plain["X-Request-Id"] == spoofed["X-Request-Id"] {
			t.Error("two requests have one identifier")
		}
	})
	t.Run("a body that is too large is refused with the page", func(t *testing.T) {
		status, body, _ := answer(t, http.MethodPost, url+"/api/todos", strings.Repeat("x", 2<<20))
		if status != http.StatusRequestEntityTooLarge || body != "<p>no more than a megabyte</p>" {
			t.Errorf("2 MiB: got %d, %q", status, body)
		}
		// There is no database: that the application fails shows that the body went through.
		status, body, _ = answer(t, http.MethodPost, url+"/api/todos", strings.Repeat("x", 1<<20))
		if status < 400 || status == http.StatusRequestEntityTooLarge {
			t.Errorf("1 MiB: got %d, %q", status, body)
		}
	})
	t.Run("an application without pods answers 502 at once, with the page", func(t *testing.T) {
		c.scale(t, ns, "back", 0)
		await(t, "the answer", "502", 30*time.Second, func() (string, error) {
			status, _, _ := answer(t, http.MethodGet, url+"/api/whoami", "")
			return fmt.Sprint(status), nil
		})
		// What the kernel refuses is answered at once, but for one of many that it leaves unanswered (icmp_ratelimit) and
		// that is tried again a second later.
		var slowest time.Duration
		for i := range 10 {
			method := []string{http.MethodGet, http.MethodPost}[i%2]
			status, body, took := answer(t, method, url+"/api/whoami", "")
			if status != http.StatusBadGateway || !strings.Contains(body, "The application does not answer at the moment") {
				t.Errorf("%s: got %d after %v, %q", method, status, took, body)
			}
			slowest = max(slowest, took)
		}
		t.Logf("502 after %v at most", slowest.Round(time.Millisecond))
		if slowest > 3*time.Second {
			t.Errorf("502 after %v: that is a hang", slowest)
		}
		// The other one serves on.
		if _, err := get(url + "/healthz"); err != nil {
			t.Error(err)
		}
		c.scale(t, ns, "back", 1)
		t.Logf("with a pod again it answers after %v", answers(t, url))
	})
	t.Run("a Service that is made again is followed, without a restart", func(t *testing.T) {
		before := c.instances(t, ns, "proxy")
		old, made := c.remakeService(t, ns, "back")
		// Long enough for the old address to be gone from the cluster, and from the memory of every worker of the proxy.
		start, last, lost := time.Now(), time.Duration(0), 0
		for time.Since(start) < 15*time.Second {
			if status, _, _ := answer(t, http.MethodGet, url+"/api/whoami", ""); status != http.StatusOK {
				last, lost = time.Since(start), lost+1
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Logf("from %s to %s: followed after %v, with %d requests lost", old, made, last.Round(time.Millisecond), lost)
		if last > 8*time.Second {
			t.Errorf("followed after %v, want the 5 s that an address is remembered, and a moment", last)
		}
		if after := c.instances(t, ns, "proxy"); after != before {
			t.Errorf("the proxy's pods: got %s, want %s", after, before)
		}
	})
}

// who is what the application says of itself and of a request.
type who struct {
	Host      string
	Forwarded map[string]string
}

func whoami(t *testing.T, url string, headers map[string]string) who {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/whoami", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := read(response)
	if err != nil {
		t.Fatal(err)
	}
	var answer who
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return answer
}

// answer makes a request on a connection of its own, and returns its status, body and how long it took.
func answer(t *testing.T, method, url, body string) (status int, text string, took time.Duration) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	start := time.Now()
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // It was read to its end.
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content), time.Since(start)
}

// answers waits until /api/ is answered again.
func answers(t *testing.T, url string) time.Duration {
	t.Helper()
	return await(t, "the answer", "200", time.Minute, func() (string, error) {
		status, _, _ := answer(t, http.MethodGet, url+"/api/whoami", "")
		return fmt.Sprint(status), nil
	})
}

// scale sets the number of an application's pods behind Plinth's back.
func (c *cluster) scale(t *testing.T, namespace, app string, replicas int32) {
	t.Helper()
	deployments := c.AppsV1().Deployments(namespace)
	scale, err := deployments.GetScale(t.Context(), app, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	scale.Spec.Replicas = replicas
	if _, err := deployments.UpdateScale(t.Context(), app, scale, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// remakeService deletes a Service and makes it again, so that it has another address.
func (c *cluster) remakeService(t *testing.T, namespace, name string) (old, made string) {
	t.Helper()
	services := c.CoreV1().Services(namespace)
	service, err := services.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	old = service.Spec.ClusterIP
	service.ObjectMeta = metav1.ObjectMeta{Name: name, Labels: service.Labels, Annotations: service.Annotations}
	service.Spec.ClusterIP, service.Spec.ClusterIPs = "", nil
	for made = old; made == old; {
		if err := services.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		again, err := services.Create(t.Context(), service, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		made = again.Spec.ClusterIP
	}
	return old, made
}

// instances are the app's pods with the number of their restarts.
func (c *cluster) instances(t *testing.T, namespace, app string) string {
	t.Helper()
	var out []string
	for _, pod := range c.pods(t, namespace, app) {
		out = append(out, fmt.Sprint(pod.Name, " ", pod.UID, " ", pod.Status.ContainerStatuses[0].RestartCount))
	}
	return strings.Join(out, ", ")
}
