//go:build e2e && e2eall

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/yaml"
)

// fronted is a stack with two applications, one of them behind the proxy, and an edge of a kind.
const fronted = `
config:
  plinth:tier: dev
  plinth:namespace: {name: %[1]s}
  plinth:apps:
    web: {%[2]s, replicas: 2, env: {GREETING: %[4]s}}
    api: {%[2]s}
    stranger: {%[2]s}
  plinth:proxy:
    image: docker.io/nginxinc/nginx-unprivileged:1.22
    replicas: 2
    trustedProxies: [10.0.0.0/8]
    routes: [{path: /, app: web}]
  plinth:edge:
    class: traefik-e2e
    controller: {namespace: e2e-traefik}
    routes: [{host: shop.e2e.test}, {host: shop.e2e.test, path: /api/, app: api}, {host: api.e2e.test, app: api}]
    tls: {secret: shop-tls}
    ports: {http: 8000, https: 8443}
    timeout: 60
    %[3]s
`

// The names of what the edge's tests use: the two of the stack, and the controller's.
const (
	frontedNamespace = "e2e-all-edge"
	traefikNamespace = "e2e-traefik"
	patientApp       = `image: test.local/todo-flask:1, server: gunicorn, ports: [{name: http, container: 5000, service: 80}],
      probes: {readiness: {path: /healthz, period: 1}},
      resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 256Mi, ephemeralStorage: 128Mi}}, drain: 8`
)

func frontedStack(kind, greeting string) string {
	return fmt.Sprintf(fronted, frontedNamespace, patientApp, kind, greeting)
}

func TestRequestsComeInThroughARealController(t *testing.T) {
	const ns = frontedNamespace
	c, p := connect(t), newProject(t)
	c.startTraefik(t)
	up := func(t *testing.T, kind, greeting string) string {
		t.Helper()
		p.stack(t, ns, frontedStack(kind, greeting))
		return p.must(t, "up", ns)
	}
	t.Cleanup(func() {
		p.run(t, "destroy", ns, "--yes")
		c.gone(t, ns)
		if left := c.routed(t, ns); len(left) > 0 {
			t.Errorf("still there: %v", left)
		}
	})
	up(t, "kind: none", "one")
	pair := certificateUntil(t, time.Now().AddDate(1, 0, 0), "shop.e2e.test", "api.e2e.test")
	c.keep(t, ns, "shop-tls", pair)
	outside := c.outside(t, traefikNamespace, "traefik", pair["ca.crt"])

	for _, kind := range []string{"ingress", "gateway"} {
		t.Run(kind, func(t *testing.T) {
			before := c.instances(t, ns, "web") + c.instances(t, ns, "api") + c.instances(t, ns, "proxy")
			out := up(t, "kind: "+kind, "one")
			if after := c.instances(t, ns, "web") + c.instances(t, ns, "api") + c.instances(t, ns, "proxy"); after != before {
				t.Errorf("pods: got %s, want %s", after, before)
			}
			if out := p.must(t, "up", ns); !strings.Contains(out, "nothing changed") {
				t.Errorf("a second up after this one changes something:\n%s", out)
			}
			t.Run("hosts and paths lead where they should", func(t *testing.T) { c.leads(t, outside) })
			t.Run("TLS has the certificate, and without it the way there is said", func(t *testing.T) { secure(t, outside) })
			t.Run("nobody but the controller gets in", func(t *testing.T) { c.closed(t, ns) })
			t.Run("what is behind learns who asks, and that it was by TLS", func(t *testing.T) {
				headers := outside.who(t, "https://shop.e2e.test/api/whoami").Forwarded
				if headers["X-Forwarded-Proto"] != "https" {
					t.Errorf("got %v", headers)
				}
			})
			t.Run("verify asks from outside, and names what is wrong", func(t *testing.T) { c.verified(t, p, pair) })
			t.Run("a rollout loses no request", func(t *testing.T) {
				for _, url := range []string{"https://shop.e2e.test/api/whoami", "https://shop.e2e.test/healthz"} {
					if _, err := outside.get(url); err != nil {
						t.Fatal(err)
					}
				}
				old := c.instances(t, ns, "web")
				flow := newFlow(t, outside.flow)
				time.Sleep(2 * time.Second)
				up(t, "kind: "+kind, "with-"+kind)
				time.Sleep(12 * time.Second)
				flow.stop(t, "a rollout behind the "+kind)
				if now := c.instances(t, ns, "web"); now == old {
					t.Errorf("the pods are those of before: %s", now)
				}
				up(t, "kind: "+kind, "one")
			})
			if !strings.Contains(out, "edge") {
				t.Errorf("the output does not speak of an edge:\n%s", out)
			}
		})
	}
	t.Run("weights", func(t *testing.T) { c.weighs(t, p, outside) })
	t.Run("loadBalancer", func(t *testing.T) { c.balances(t, p) })
	t.Run("none", func(t *testing.T) {
		up(t, "kind: none", "one")
		if left := c.routed(t, ns); len(left) > 0 {
			t.Errorf("still there: %v", left)
		}
	})
}

// leads asks every route.
func (c *cluster) leads(t *testing.T, from outside) {
	t.Helper()
	for url, want := range map[string]string{
		"https://shop.e2e.test/api/whoami": "api-", "https://api.e2e.test/api/whoami": "api-",
	} {
		if got := from.who(t, url).Host; !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", url, got, want)
		}
	}
	// The proxy takes everything else of the shop, and leads it to web.
	if body, err := from.get("https://shop.e2e.test/healthz"); err != nil || body != "ok" {
		t.Errorf("the shop: got %q, %v", body, err)
	}
	response, err := from.do("https://other.e2e.test/healthz", true)
	if err == nil {
		_ = response.Body.Close()
	}
	if err != nil || response.StatusCode != http.StatusNotFound {
		t.Errorf("a host that nobody has: got %v, %v; want 404", response, err)
	}
}

// secure looks at the certificate, and asks without TLS.
func secure(t *testing.T, from outside) {
	t.Helper()
	response, err := from.do("https://shop.e2e.test/healthz", false)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if names := response.TLS.PeerCertificates[0].DNSNames; !slices.Contains(names, "shop.e2e.test") {
		t.Errorf("the certificate is for %v", names)
	}
	response, err = from.do("http://shop.e2e.test/healthz?a=b", false)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if got := response.Header.Get("Location"); response.StatusCode/100 != 3 || got != "https://shop.e2e.test/healthz?a=b" {
		t.Errorf("without TLS: got %s to %q, want the same address with TLS", response.Status, got)
	}
}

// closed asks from inside: another application reaches neither the proxy nor what is behind it.
func (c *cluster) closed(t *testing.T, ns string) {
	t.Helper()
	for _, to := range []string{"proxy", "web", "api"} {
		url := fmt.Sprintf("http://%s.%s.svc.cluster.local:80/healthz", to, ns)
		if out, err := c.get(t, ns, "stranger", url); err == nil || !strings.Contains(err.Error(), "timed out") {
			t.Errorf("stranger asked %s: got %q, %v; want a time-out", url, out, err)
		}
	}
}

// weighs counts who answers when an application has a canary: by the Gateway, which leads to both, and by the proxy,
// which divides them itself. The last share is another one, which changes the route and no pod.
func (c *cluster) weighs(t *testing.T, p *project, from outside) {
	t.Helper()
	const (
		ns        = frontedNamespace
		requests  = 400
		tolerance = 8 // In percent: for chance alone, three times what 400 draws at a half deviate by is 7.5.
	)
	for _, share := range []int{25, 50} {
		before := ""
		if share != 25 {
			before = c.instances(t, ns, "api") + c.instances(t, ns, "api-canary")
		}
		canary := fmt.Sprintf(", canary: {image: \"test.local/todo-flask:1\", weight: %d}}", share)
		text := strings.Replace(frontedStack("kind: gateway", "one"), "    api: {"+patientApp+"}", "    api: {"+patientApp+canary, 1)
		text = strings.Replace(text, "routes: [{path: /, app: web}]", "routes: [{path: /, app: web}, {path: /api/, app: api}]", 1)
		text = strings.Replace(text, "{host: shop.e2e.test, path: /api/, app: api}, ", "", 1)
		p.stack(t, ns, text)
		p.must(t, "up", ns)
		if after := c.instances(t, ns, "api") + c.instances(t, ns, "api-canary"); before != "" && after != before {
			t.Errorf("pods after another share: got %s, want %s", after, before)
		}
		for _, host := range []string{"api.e2e.test", "shop.e2e.test"} {
			// The controller takes a moment to have the new shares.
			patiently(t, 30*time.Second, "the share of the canary at "+host, func() (bool, string) {
				of := 0
				for range requests {
					if strings.HasPrefix(from.who(t, "https://"+host+"/api/whoami").Host, "api-canary-") {
						of++
					}
				}
				got := 100 * of / requests
				t.Logf("%s: the canary answers %d of %d requests, and should answer %d %%", host, of, requests, share)
				return got >= share-tolerance && got <= share+tolerance, fmt.Sprintf("%d %%", got)
			})
		}
	}
}

// verified plants faults, each of which verify has to name.
func (c *cluster) verified(t *testing.T, p *project, pair map[string][]byte) {
	t.Helper()
	const ns = frontedNamespace
	out := p.must(t, "verify", ns, "--verbose")
	for _, want := range []string{
		"certificate at https://shop.e2e.test", "http://api.e2e.test/: leads to https", "https://shop.e2e.test/api/: answers",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("verify does not say %q", want)
		}
	}
	failing := func(what string, want ...string) {
		t.Helper()
		patiently(t, 40*time.Second, what, func() (bool, string) {
			out, code, _ := p.run(t, "verify", ns)
			for _, text := range want {
				if code == 0 || !strings.Contains(out, text) {
					return false, fmt.Sprintf("exit code %d, and no %q", code, text)
				}
			}
			return true, ""
		})
	}
	c.replace(t, ns, "shop-tls", certificateUntil(t, time.Now().Add(-time.Hour), "shop.e2e.test", "api.e2e.test"))
	failing("an expired certificate", "Secret "+ns+"/shop-tls tls.crt", "it has expired on",
		"certificate at https://shop.e2e.test")
	c.replace(t, ns, "shop-tls", certificateUntil(t, time.Now().AddDate(1, 0, 0), "shop.e2e.test"))
	failing("a certificate without a host", "it is for shop.e2e.test")
	c.replace(t, ns, "shop-tls", pair)
	c.scale(t, ns, "api", 0)
	failing("a route without pods", "Service "+ns+"/api", "https://api.e2e.test/")
	c.scale(t, ns, "api", 1)
	patiently(t, time.Minute, "all is well again", func() (bool, string) {
		out, code, _ := p.run(t, "verify", ns)
		return code == 0, out
	})
}

// balances asks a load balancer from a range that may connect, and from none.
func (c *cluster) balances(t *testing.T, p *project) {
	t.Helper()
	const ns = frontedNamespace
	routes := "kind: loadBalancer\n    loadBalancer: {targets: nodes}\n    sourceRanges: [%s]"
	stack := func(ranges string) string {
		text := frontedStack(fmt.Sprintf(routes, ranges), "one")
		text = strings.Replace(text, "tls: {secret: shop-tls}", "tls: {none: a load balancer has none here}", 1)
		return strings.Replace(text, ", {host: shop.e2e.test, path: /api/, app: api}, {host: api.e2e.test, app: api}", "", 1)
	}
	ask := func() (string, error) {
		service, err := c.CoreV1().Services(ns).Get(t.Context(), "edge", metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		at := service.Status.LoadBalancer.Ingress
		if len(at) == 0 {
			return "no address", nil
		}
		impatient := http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := impatient.Get("http://" + net.JoinHostPort(at[0].IP, fmt.Sprint(service.Spec.Ports[0].Port)) + "/healthz")
		if err != nil {
			var late net.Error
			if errors.As(err, &late) && late.Timeout() {
				return "time-out", nil
			}
			return err.Error(), nil
		}
		return read(response)
	}
	p.stack(t, ns, stack(c.ownRange(t)))
	p.must(t, "up", ns)
	await(t, "the load balancer's answer to a range that may connect", "ok", 30*time.Second, ask)
	p.stack(t, ns, stack("192.0.2.0/24"))
	p.must(t, "up", ns)
	await(t, "its answer to any other", "time-out", 30*time.Second, ask)
}

// ownRange is the range of this machine's address, as the cluster sees it.
func (c *cluster) ownRange(t *testing.T) string {
	t.Helper()
	nodes, err := c.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil || len(nodes.Items) == 0 {
		t.Fatalf("nodes: got %v, %v", nodes, err)
	}
	for _, address := range nodes.Items[0].Status.Addresses {
		if address.Type == corev1.NodeInternalIP {
			return address.Address + "/32"
		}
	}
	t.Fatal("the node has no address")
	return ""
}

// outside is somebody who reaches a controller by its address, and asks for hosts that no name server knows.
type outside struct{ plain, trusting *http.Client }

// outside reaches a controller's Service from this machine, and trusts an authority.
func (c *cluster) outside(t *testing.T, namespace, service string, authority []byte) outside {
	t.Helper()
	found, err := c.CoreV1().Services(namespace).Get(t.Context(), service, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		t.Fatal("the authority is no certificate")
	}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, net.JoinHostPort(found.Spec.ClusterIP, port))
	}
	client := func(config *tls.Config, keepAlive bool) *http.Client {
		return &http.Client{
			Timeout:   10 * time.Second,
			Transport: &http.Transport{DialContext: dial, TLSClientConfig: config, DisableKeepAlives: !keepAlive},
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		}
	}
	trusting := &tls.Config{InsecureSkipVerify: true}
	return outside{client(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, true), client(trusting, false)}
}

// do asks, and follows no redirect.
func (o outside) do(url string, anyCertificate bool) (*http.Response, error) {
	client := o.plain
	if anyCertificate {
		client = o.trusting
	}
	return client.Get(url)
}

func (o outside) get(url string) (string, error) {
	response, err := o.do(url, false)
	if err != nil {
		return "", err
	}
	return read(response)
}

// flow is one of a flow of requests: to the proxy and to the application, on a connection that is kept and on one of
// its own. What it is made with does not try again by itself.
func (o outside) flow(i int) error {
	url := []string{"https://shop.e2e.test/healthz", "https://shop.e2e.test/api/whoami"}[i%2]
	request, err := http.NewRequest(http.MethodPost, url, io.NopCloser(strings.NewReader("")))
	if err != nil {
		return err
	}
	request.Method = http.MethodGet
	response, err := []*http.Client{o.plain, o.trusting}[i/2%2].Do(request)
	if err != nil {
		return err
	}
	_, err = read(response)
	return err
}

func (o outside) who(t *testing.T, url string) who {
	t.Helper()
	body, err := o.get(url)
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	var answer who
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return answer
}

// keep puts a pair into the namespace, as whoever looks after certificates would.
func (c *cluster) keep(t *testing.T, namespace, name string, pair map[string][]byte) {
	t.Helper()
	_, err := c.CoreV1().Secrets(namespace).Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{"tls.crt": pair["tls.crt"], "tls.key": pair["tls.key"]},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// replace puts another pair in its place.
func (c *cluster) replace(t *testing.T, namespace, name string, pair map[string][]byte) {
	t.Helper()
	secret, err := c.CoreV1().Secrets(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	secret.Data = map[string][]byte{"tls.crt": pair["tls.crt"], "tls.key": pair["tls.key"]}
	if _, err := c.CoreV1().Secrets(namespace).Update(t.Context(), secret, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// startTraefik brings the controller up, with the definitions of its kinds and of the Gateway API's, all of which go
// when the test ends.
func (c *cluster) startTraefik(t *testing.T) {
	t.Helper()
	var files []string
	for module, pattern := range map[string]string{
		"sigs.k8s.io/gateway-api@v1.5.0":       "config/crd/standard/gateway.networking.k8s.io_*s.yaml",
		"github.com/traefik/traefik/v3@v3.5.4": "docs/content/reference/dynamic-configuration/traefik.io_*.yaml",
	} {
		found, err := filepath.Glob(filepath.Join(moduleDir(t, module), filepath.FromSlash(pattern)))
		if err != nil || len(found) == 0 {
			t.Fatalf("definitions of %s: got %v, %v", module, found, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		c.apply(t, file)
	}
	c.ownNamespace(t, traefikNamespace)
	c.apply(t, filepath.Join("testdata", "traefik.yaml"))
	await(t, "Traefik", "1 ready", 2*time.Minute, func() (string, error) {
		d, err := c.AppsV1().Deployments(traefikNamespace).Get(t.Context(), "traefik", metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%d ready", d.Status.ReadyReplicas), nil
	})
}

// moduleDir is where a Go module is, downloaded if it is not there yet.
func moduleDir(t *testing.T, module string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", module)
	// In no module, so that nothing is added to ours.
	command.Dir, command.Env = t.TempDir(), append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	out, err := command.Output()
	var got struct{ Dir string }
	if err == nil {
		err = json.Unmarshal(out, &got)
	}
	if err != nil {
		t.Fatalf("downloading %s: %v\n%s", module, err, out)
	}
	return got.Dir
}

// client is one for objects of any kind.
func (c *cluster) client(t *testing.T, kind *unstructured.Unstructured) dynamic.ResourceInterface {
	t.Helper()
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(c.Discovery()))
	var mapping *meta.RESTMapping
	await(t, kind.GetKind()+" among the kinds that are served", "served", 30*time.Second, func() (string, error) {
		found, err := mapper.RESTMapping(kind.GroupVersionKind().GroupKind(), kind.GroupVersionKind().Version)
		if err != nil {
			mapper.Reset()
			return "", err
		}
		mapping = found
		return "served", nil
	})
	any, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		t.Fatal(err)
	}
	return any.Resource(mapping.Resource).Namespace(kind.GetNamespace())
}

// apply makes the objects of a file, and takes them away when the test ends.
func (c *cluster) apply(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &o.Object); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if o.GetKind() == "" {
			continue
		}
		body, err := json.Marshal(o.Object)
		if err != nil {
			t.Fatal(err)
		}
		client, force := c.client(t, o), true
		_, err = client.Patch(t.Context(), o.GetName(), types.ApplyPatchType, body,
			metav1.PatchOptions{FieldManager: "e2e", Force: &force})
		if err != nil {
			t.Fatalf("%s %s: %v", o.GetKind(), o.GetName(), err)
		}
		t.Cleanup(func() {
			err := client.Delete(context.WithoutCancel(t.Context()), o.GetName(), metav1.DeleteOptions{})
			if err != nil && !apierrors.IsNotFound(err) {
				t.Errorf("deleting %s %s: %v", o.GetKind(), o.GetName(), err)
			}
		})
	}
}

// routed are the objects of an edge that are in a namespace.
func (c *cluster) routed(t *testing.T, namespace string) []string {
	t.Helper()
	var found []string
	for kind, version := range map[string]string{
		"Ingress": "networking.k8s.io/v1", "Gateway": "gateway.networking.k8s.io/v1",
		"HTTPRoute": "gateway.networking.k8s.io/v1", "Middleware": "traefik.io/v1alpha1",
	} {
		o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": version, "kind": kind}}
		o.SetNamespace(namespace)
		list, err := c.client(t, o).List(context.WithoutCancel(t.Context()), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range list.Items {
			found = append(found, kind+" "+item.GetName())
		}
	}
	services, err := c.CoreV1().Services(namespace).List(context.WithoutCancel(t.Context()), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range services.Items {
		if service.Spec.Type == corev1.ServiceTypeLoadBalancer {
			found = append(found, "load balancer "+service.Name)
		}
	}
	return found
}
