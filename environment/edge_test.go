package environment_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/config"
	"plinth/internal/record"
)

// words are the kinds of edges, as a stack that says everything of all of them has them: the word alone changes.
const words = `
config:
  plinth:tier: dev
  plinth:edge:
    kind: %s
    class: traefik
    controller: {namespace: traefik}
    sourceRanges: []
    routes: [{host: shop.example.com}]
    tls: {none: the test is about something else}
  plinth:databases:
    main: {resources: {limits: {cpu: "1", memory: 1Gi, ephemeralStorage: 256Mi}}}
  plinth:proxy: {routes: [{path: /, app: web}], trustedProxies: [10.0.0.0/8]}
  plinth:apps:
    web:
      image: example/web:1.0.0
      ports: [{name: http, container: 8080, service: 80}]
      probes: {readiness: {path: /}}
      resources: {limits: {cpu: 500m, memory: 128Mi, ephemeralStorage: 64Mi}}
      database: {name: main}
      migration: {command: [./migrate]}
`

// recorded is a stack of this text.
func recorded(t *testing.T, text string) *record.Recording {
	t.Helper()
	dir := t.TempDir()
	project, err := filepath.Abs("../Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(project, filepath.Join(dir, "Pulumi.yaml")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "Pulumi.words.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return run(t, stackFile{"words", path}.options(t))
}

// ofEdge says whether a resource is the edge's, or what it looks for.
func ofEdge(r *record.Resource) bool {
	return r.Name == "edge" || strings.HasPrefix(r.Name, "edge-")
}

func TestAnotherKindOfEdgeChangesTheEdgeAlone(t *testing.T) {
	kinds := config.EdgeNone.Values()
	recordings := map[string]map[resource.URN]*record.Resource{}
	for _, kind := range kinds {
		by := map[resource.URN]*record.Resource{}
		for _, r := range recorded(t, fmt.Sprintf(words, kind)).Ordered() {
			by[r.URN] = r
		}
		recordings[kind] = by
	}
	for _, before := range kinds {
		for _, after := range kinds {
			for _, change := range changes(recordings[before], recordings[after]) {
				t.Errorf("from %s to %s: %s", before, after, change)
			}
		}
	}
	// That is no comparison of nothing: each kind has its own.
	for kind, want := range map[string]string{
		"loadBalancer": "kubernetes:core/v1:Service", "ingress": "kubernetes:networking.k8s.io/v1:Ingress",
		"gateway": "kubernetes:gateway.networking.k8s.io/v1:Gateway",
	} {
		if !slices.ContainsFunc(slices.Collect(maps.Values(recordings[kind])), func(r *record.Resource) bool {
			return ofEdge(r) && string(r.Type) == want
		}) {
			t.Errorf("%s has no %s", kind, want)
		}
	}
}

// changes are what differs besides the edge: who may call the proxy when there is nothing in front of it, and how many
// ports of nodes there may be.
func changes(before, after map[resource.URN]*record.Resource) []string {
	var found []string
	for urn, r := range before {
		other, stays := after[urn]
		switch {
		case ofEdge(r), isRoot(r):
		case !stays && r.Name == "proxy-public":
		case !stays:
			found = append(found, r.Label()+" goes")
		case r.Name == "namespace-quota":
			left, right := r.Inputs.Copy(), other.Inputs.Copy()
			for _, inputs := range []resource.PropertyMap{left, right} {
				delete(inputs["spec"].ObjectValue()["hard"].ObjectValue(), "services.nodeports")
			}
			if !left.DeepEquals(right) {
				found = append(found, r.Label()+" changes in more than ports of nodes")
			}
		case !r.Inputs.DeepEquals(other.Inputs):
			found = append(found, r.Label()+" changes")
		}
	}
	for urn, r := range after {
		if before[urn] == nil && !ofEdge(r) && r.Name != "proxy-public" {
			found = append(found, r.Label()+" comes")
		}
	}
	slices.Sort(found)
	return found
}

func TestAChangeBesideTheEdgeIsSeen(t *testing.T) {
	index := func(text string) map[resource.URN]*record.Resource {
		by := map[resource.URN]*record.Resource{}
		for _, r := range recorded(t, text).Ordered() {
			by[r.URN] = r
		}
		return by
	}
	one := fmt.Sprintf(words, "ingress")
	got := changes(index(one), index(strings.Replace(one, "example/web:1.0.0", "example/web:1.0.1", 1)))
	if len(got) == 0 || !strings.Contains(strings.Join(got, "\n"), "web-deployment changes") {
		t.Errorf("got %q, want the Deployment among them", got)
	}
}

// The controller deletes what it made, so everything of the edge goes before the workloads, the definitions and the
// cluster's provider: it depends on them.
func TestTheEdgeGoesFirst(t *testing.T) {
	for _, file := range stackFiles(t) {
		w := file.world(t)
		for _, r := range w.rec.Ordered() {
			if !ofEdge(r) || !r.Custom || r.Read {
				continue
			}
			before := w.before(r)
			need := func(other *record.Resource) {
				if !before[other.URN] {
					t.Errorf("stack %s: %s does not wait for %s", file.name, r.Label(), other.Label())
				}
			}
			policy := strings.HasSuffix(string(r.Type), ":NetworkPolicy")
			for _, other := range w.rec.Ordered() {
				switch {
				case other.Type == "kubernetes:core/v1:Namespace" && strings.HasPrefix(other.Name, "namespace"),
					other.URN == r.ProviderURN(), !policy && other.Read && ofEdge(other):
					need(other)
				case strings.HasSuffix(string(r.Type), ":HTTPRoute") && strings.HasSuffix(string(other.Type), ":Gateway"):
					need(other)
				case entry(r) && other.Type == "kubernetes:apps/v1:Deployment" && leads(w, r, other):
					need(other)
				}
			}
			if r.DeletedWith != "" {
				t.Errorf("stack %s: %s is deleted with %s", file.name, r.Label(), r.DeletedWith)
			}
		}
	}
}

// entry says whether a resource is what makes a load balancer.
func entry(r *record.Resource) bool {
	return slices.ContainsFunc([]string{":Gateway", ":HTTPRoute", ":Ingress"}, func(kind string) bool {
		return strings.HasSuffix(string(r.Type), kind)
	}) || r.Name == "edge-service"
}

// leads says whether there is a policy of the edge's for a workload.
func leads(w *world, r, workload *record.Resource) bool {
	name := "edge-to-" + strings.TrimSuffix(workload.Name, "-deployment")
	return slices.ContainsFunc(w.rec.Ordered(), func(other *record.Resource) bool {
		return other.Name == name && other.Parent == r.Parent
	})
}

func TestAnAppLearnsItsHostsAndTheOriginsFromTheEdge(t *testing.T) {
	text := strings.Replace(fmt.Sprintf(words, "ingress"), "      image:", "      edge: {hosts: HOSTS, origins: ORIGINS}\n      image:", 1)
	text = strings.Replace(text, "[{host: shop.example.com}]", "[{host: shop.example.com}, {host: a.example.com}]", 1)
	rec := recorded(t, text)
	deployment, err := rec.One("::web-deployment")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	pod := at(resource.NewProperty(deployment.Inputs), []string{"spec", "template", "spec", "containers", "0"})
	for _, variable := range pod["env"].ArrayValue() {
		one := at(variable, nil)
		got[fmt.Sprint(plain(one["name"]))] = fmt.Sprint(plain(one["value"]))
	}
	if want := "a.example.com,shop.example.com"; got["HOSTS"] != want {
		t.Errorf("got the hosts %q, want %q", got["HOSTS"], want)
	}
	if want := "http://a.example.com,http://shop.example.com"; got["ORIGINS"] != want {
		t.Errorf("got the origins %q, want %q", got["ORIGINS"], want)
	}
}
