package clouds_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plinth/config"
	"plinth/internal/record"
)

// edges are the words for a way in, as each cloud's own controllers have them.
func edges(cloud config.Cloud) map[string]string {
	edges := map[string]string{"loadBalancer": `{"kind": "loadBalancer", "sourceRanges": ["198.51.100.0/24"],
		"tls": {"none": "the test is about load balancers"}}`}
	if cloud == config.OnAWS {
		edges["ingress"] = `{"kind": "ingress", "class": "alb", "public": true, "sourceRanges": [], "tls": {"managed": "arn:aws:acm:a"}}`
		edges["gateway"] = `{"kind": "gateway", "class": "amazon-vpc-lattice", "tls": {"managed": "arn:aws:acm:a"}}`
		return edges
	}
	edges["ingress"] = `{"kind": "ingress", "class": "gce", "sourceRanges": [], "tls": {"managed": "certificate"}}`
	edges["gateway"] = `{"kind": "gateway", "class": "gke-l7-global-external-managed", "tls": {"managed": "certificates"}}`
	return edges
}

// edged records the stack of a variant with an edge.
func edged(t *testing.T, v variant, edge string) *record.Recording {
	t.Helper()
	o := v.options(t)
	o.Config["plinth:edge"] = edge
	return run(t, o)
}

func TestEveryEdgeOnEveryCloudKeepsEveryRule(t *testing.T) {
	for _, v := range variants() {
		if v.tier == config.Staging {
			continue // It differs from prod in nothing that an edge meets.
		}
		for kind, edge := range edges(v.cloud) {
			t.Run(fmt.Sprint(kind, " on ", v), func(t *testing.T) {
				rec := edged(t, v, edge)
				in := entrances(rec)
				if len(in) == 0 {
					t.Fatal("there is no way in")
				}
				for _, r := range rules() {
					for _, complaint := range r.broken(v, rec) {
						t.Errorf("%s: %s", r.name, complaint)
					}
				}
				for _, r := range in {
					if !holdsCloud(r) {
						t.Errorf("%s is not among what holds something in the cloud", r.Label())
					}
				}
				seen(t, v, rec, kind)
			})
		}
	}
}

// entrances are what a cloud's controllers make load balancers for.
func entrances(rec *record.Recording) []*record.Resource {
	return slices.DeleteFunc(inCluster(rec), func(r *record.Resource) bool {
		return !strings.HasPrefix(r.Name, "edge-") || !slices.ContainsFunc([]string{"service", "ingress", "gateway", "route"},
			func(part string) bool { return r.Name == "edge-"+part || strings.HasPrefix(r.Name, "edge-route-") })
	})
}

// seen breaks what an edge rests on: the rules must see it.
func seen(t *testing.T, v variant, rec *record.Recording, kind string) {
	t.Helper()
	complains := func(what, start string, rec *record.Recording) {
		for _, r := range rules() {
			if strings.HasPrefix(r.name, start) && len(r.broken(v, rec)) == 0 {
				t.Errorf("%s: %s is not seen", r.name, what)
			}
		}
	}
	broken := clone(rec)
	for _, r := range entrances(broken) {
		r.DeletedWith = of(broken, clusterTypes...)[0].URN
	}
	complains("an edge that is deleted with the cluster", "b:", broken)
	broken = clone(rec)
	for _, r := range entrances(broken) {
		r.Provider, r.Dependencies = "", nil
	}
	complains("an edge that waits for nothing", "a:", broken)
	if kind == "gateway" {
		complains("a Gateway without its definition", "d:", broken)
	}
}

// Each word in the place of the one before, and a destroy while the last is there: its load balancer holds the network,
// so that it would fail if the edge did not go first.
func TestTheLifeOfEveryEdgeOnEveryCloud(t *testing.T) {
	for _, cloud := range []config.Cloud{config.OnAWS, config.OnGCP} {
		t.Run(string(cloud), func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			which := []string{"dev", "--simulate", "--cloud", string(cloud)}
			call := func(command string, more ...string) string {
				t.Helper()
				return p.run(t, done, slices.Concat([]string{command}, which, more)...)
			}
			building.Lock()
			call("preview")
			building.Unlock()
			p.program = filepath.Join(p.root, ".plinth", "bin", "plinth-"+string(cloud))
			call("up", "--yes")
			words := edges(cloud)
			for _, kind := range []string{"gateway", "loadBalancer", "ingress"} {
				var edge map[string]any
				if err := json.Unmarshal([]byte(words[kind]), &edge); err != nil {
					t.Fatal(err)
				}
				p.set(t, "dev", map[string]any{"edge": edge})
				out := call("up")
				for _, line := range operation.FindAllStringSubmatch(out, -1) {
					beside := !strings.HasPrefix(line[3], "edge-") && line[3] != "proxy-public" && line[3] != "namespace-quota"
					if beside && line[1] != "read" {
						t.Errorf("%s: got %s %s %s, want nothing but the edge", kind, line[1], line[2], line[3])
					}
				}
				contains(t, out, "edgeAddress: 203.0.113.")
				contains(t, call("up"), "nothing changed")
				call("preview", "--expect-no-changes")
			}
			contains(t, call("destroy", "--yes"), "stack dev is destroyed: ")
			for _, e := range p.world(t, variant{tier: config.Dev, cloud: cloud}) {
				if e.Left == "" && e.Type != "gcp:kms/keyRing:KeyRing" {
					t.Errorf("left behind: %s %s", e.Type, e.ID)
				}
			}
		})
	}
}
