package proxy_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"plinth/components/app"
	"plinth/components/proxy"
	"plinth/components/workload"
	"plinth/internal/record"
)

// routes are the arguments of a proxy with routes: path, application, path, application.
func routes(pairs ...string) *proxy.Args {
	one := 1
	amounts := workload.Amounts{CPU: "1", Memory: "128Mi", EphemeralStorage: "512Mi"}
	args := &proxy.Args{
		App: app.Args{
			Namespace: &workload.Namespace{Name: "shop"}, PartOf: "shop-test",
			Image: "docker.io/nginxinc/nginx-unprivileged:1.28.0", Replicas: &one,
			Disruption: app.Disruption{MaxUnavailable: &one},
			Resources:  workload.Resources{Requests: amounts, Limits: amounts},
			Grace:      60, Drain: 5, RolloutTimeout: 300, Public: true,
		},
		BodySize: "10m", ConnectTimeout: 3, SendTimeout: 60, ReadTimeout: 60,
	}
	for pair := range slices.Chunk(pairs, 2) {
		id := workload.ID{Name: pair[1], PartOf: "shop-test", Namespace: "shop"}
		args.Routes = append(args.Routes, proxy.Route{
			Path: pair[0], Backends: []workload.Backend{workload.Ports{{Container: 8080, Service: 80}}.Backend(id, 100)},
		})
	}
	return args
}

// deploy records a proxy.
func deploy(t *testing.T, args *proxy.Args) *record.Recording {
	t.Helper()
	rec, err := record.Run(t.Context(), record.Options{Project: "shop", Stack: "test"}, func(ctx *pulumi.Context) error {
		_, err := proxy.New(ctx, "proxy", args)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// read decodes the inputs of the resource with that name as the Kubernetes object that they become.
func read[T any](t *testing.T, rec *record.Recording, name string) (object T) {
	t.Helper()
	r, err := rec.One("::" + name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(resource.NewProperty(r.Inputs).MapRepl(nil, nil))
	if err == nil {
		err = json.Unmarshal(text, &object)
	}
	if err != nil {
		t.Fatalf("reading %s: %v", name, err)
	}
	return object
}

// files are what the proxy's container has mounted, by path.
func files(t *testing.T, rec *record.Recording) map[string]string {
	t.Helper()
	data := read[corev1.ConfigMap](t, rec, "proxy-files").Data
	found := map[string]string{}
	pod := read[appsv1.Deployment](t, rec, "proxy-deployment").Spec.Template.Spec
	for _, mount := range pod.Containers[0].VolumeMounts {
		if mount.SubPath != "" {
			found[mount.MountPath] = data[mount.SubPath]
		}
	}
	return found
}

// rendered is the proxy's nginx.conf.
func rendered(t *testing.T, args *proxy.Args) string {
	t.Helper()
	return files(t, deploy(t, args))[configuration]
}

// configured is the proxy's nginx.conf as nginx understands it.
func configured(t *testing.T, args *proxy.Args) tree {
	t.Helper()
	text := rendered(t, args)
	parsed, err := parse(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return tree{t, parsed}
}

func TestTheProxyRunsAsNginxAndNotAsRoot(t *testing.T) {
	rec := deploy(t, routes("/", "web"))
	pod := read[appsv1.Deployment](t, rec, "proxy-deployment").Spec.Template.Spec
	if user := pod.SecurityContext.RunAsUser; user == nil || *user != 101 {
		t.Errorf("got the user %v, want 101", user)
	}
	c := pod.Containers[0]
	if want := []string{"/bin/sh", "/etc/nginx/plinth/start.sh"}; !slices.Equal(c.Command, want) {
		t.Errorf("got the command %q, want %q", c.Command, want)
	}
	if got := c.ReadinessProbe.HTTPGet.Path + " " + c.ReadinessProbe.HTTPGet.Port.String(); got != "/healthz health" {
		t.Errorf("got the readiness %s, want /healthz health", got)
	}
	var ports []string
	for _, port := range read[corev1.Service](t, rec, "proxy-service").Spec.Ports {
		ports = append(ports, port.Name)
	}
	if want := []string{"http", "health"}; !slices.Equal(ports, want) {
		t.Errorf("got the ports %q, want %q", ports, want)
	}
}

func TestEveryFileOfTheProxyIsMounted(t *testing.T) {
	args := routes("/", "web")
	args.ErrorPages = map[int]string{502: "<p>back soon</p>"}
	got := files(t, deploy(t, args))
	if got["/etc/nginx/plinth/pages/502.html"] != "<p>back soon</p>" {
		t.Errorf("got the page %q", got["/etc/nginx/plinth/pages/502.html"])
	}
	if !strings.HasPrefix(got["/etc/nginx/plinth/start.sh"], "#!/bin/sh\n") {
		t.Errorf("got the script %q", got["/etc/nginx/plinth/start.sh"])
	}
	if want := 2 + len(proxy.DefaultErrorPages()); len(got) != want {
		t.Errorf("got %d files, want %d", len(got), want)
	}
	if got := len(files(t, deploy(t, routes("/", "web")))); got != 2+len(proxy.DefaultErrorPages()) {
		t.Errorf("got %d files with the default pages, want %d", got, 2+len(proxy.DefaultErrorPages()))
	}
}

func TestAChangedConfigurationRollsTheProxy(t *testing.T) {
	name := func(args *proxy.Args) string {
		return read[corev1.ConfigMap](t, deploy(t, args), "proxy-files").Name
	}
	if one, again := name(routes("/", "web")), name(routes("/", "web")); one != again {
		t.Error("the same configuration makes two names")
	}
	if name(routes("/", "web")) == name(routes("/", "api")) {
		t.Error("another route changes nothing")
	}
}

func TestTwoRoutesToOneAppOpenOneEdge(t *testing.T) {
	rec := deploy(t, routes("/", "web", "/api/", "api", "/api/v2/", "api"))
	var names []string
	for _, r := range rec.All("kubernetes:networking.k8s.io/v1:NetworkPolicy") {
		names = append(names, r.Name)
	}
	slices.Sort(names)
	want := []string{"proxy-at-api", "proxy-at-web", "proxy-public", "proxy-to-api", "proxy-to-web"}
	if !slices.Equal(names, want) {
		t.Errorf("got the policies %q, want %q", names, want)
	}
}
