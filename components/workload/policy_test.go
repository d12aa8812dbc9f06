package workload_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	networkingv1 "k8s.io/api/networking/v1"

	"plinth/components/binding"
	"plinth/components/workload"
	"plinth/internal/record"
)

// web is a workload, and database one in another namespace.
func web() workload.ID {
	return workload.ID{Name: "web", Component: "application", PartOf: "shop-test", Namespace: "shop"}
}

func database() workload.ID {
	return workload.ID{Name: "main", Component: "database", PartOf: "shop-test", Namespace: "data"}
}

// opened records the edges of web.
func opened(t *testing.T, edges ...binding.Edge) (*record.Recording, error) {
	t.Helper()
	return attempt(t, func(ctx *pulumi.Context) error {
		_, err := workload.Edges(ctx, "web", web(), edges)
		return err
	})
}

// describe is a policy in one line: whom it selects, which way, who and which ports.
func describe(p networkingv1.NetworkPolicy) string {
	const name = "app.kubernetes.io/name"
	out := fmt.Sprintf("%s/%s %v", p.Namespace, p.Spec.PodSelector.MatchLabels[name], p.Spec.PolicyTypes)
	end := func(peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) {
		for _, peer := range peers {
			if peer.IPBlock != nil {
				out += " " + peer.IPBlock.CIDR
				continue
			}
			out += " " + peer.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] + "/" +
				peer.PodSelector.MatchLabels[name]
		}
		for _, port := range ports {
			out += fmt.Sprintf(" %s/%s", port.Port, *port.Protocol)
		}
	}
	for _, rule := range p.Spec.Ingress {
		end(rule.From, rule.Ports)
	}
	for _, rule := range p.Spec.Egress {
		end(rule.To, rule.Ports)
	}
	return out
}

func TestAnEdgeIsOneRuleAtEachEnd(t *testing.T) {
	ports := []binding.Port{{Number: 5432}, {Number: 53, Protocol: "UDP"}}
	rec, err := opened(t, binding.Edge{To: database().Peer(), Ports: ports})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "policies", len(rec.All("kubernetes:networking.k8s.io/v1:NetworkPolicy")), 2)
	expect(t, "at its start", describe(read[networkingv1.NetworkPolicy](t, rec, "web-to-main")),
		"shop/web [Egress] data/main 5432/TCP 53/UDP")
	expect(t, "at its end", describe(read[networkingv1.NetworkPolicy](t, rec, "web-at-main")),
		"data/main [Ingress] shop/web 5432/TCP 53/UDP")
}

func TestAnEdgeOutOfTheClusterHasOneEndHere(t *testing.T) {
	rec, err := opened(t,
		binding.Edge{To: binding.Peer{CIDR: "203.0.113.0/24"}, Ports: []binding.Port{{Number: 443}}},
		binding.Edge{To: binding.Peer{CIDR: "203.0.113.0/24"}, Ports: []binding.Port{{Number: 5432}}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rec.All("kubernetes:networking.k8s.io/v1:NetworkPolicy") {
		got = append(got, describe(read[networkingv1.NetworkPolicy](t, rec, r.Name)))
	}
	if len(got) == 2 && got[0] > got[1] {
		got[0], got[1] = got[1], got[0]
	}
	expectAll(t, "policies", got,
		[]string{"shop/web [Egress] 203.0.113.0/24 443/TCP", "shop/web [Egress] 203.0.113.0/24 5432/TCP"})
}

func TestTwoEdgesToOnePeerAreRefused(t *testing.T) {
	_, err := opened(t, binding.Edge{To: database().Peer(), Ports: []binding.Port{{Number: 1}}},
		binding.Edge{To: database().Peer(), Ports: []binding.Port{{Number: 2}}})
	want := "network edges of web: two edges lead to main; give its ports in one"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got the error %v, want %q", err, want)
	}
}

func TestImagesComeFromTheirMirrors(t *testing.T) {
	images := workload.Images{Mirrors: map[string]string{
		"docker.io": "registry.example.com/docker/", "ghcr.io": "registry.example.com:5000/github",
	}}
	for ref, want := range map[string]string{
		"nginx:1.28":                  "registry.example.com/docker/library/nginx:1.28",
		"docker.io/example/web:1":     "registry.example.com/docker/example/web:1",
		"ghcr.io/example/api:2.0-rc1": "registry.example.com:5000/github/example/api:2.0-rc1",
		"quay.io/example/worker:3":    "quay.io/example/worker:3",
		"localhost:5000/web:7":        "localhost:5000/web:7",
		"NOT an image":                "NOT an image",
	} {
		expect(t, ref, images.Resolve(ref), want)
	}
}
