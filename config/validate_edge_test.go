package config_test

import (
	"slices"
	"strings"
	"testing"

	"plinth/config"
)

// behind are an app and a proxy for an edge to lead to.
const behind = `  plinth:proxy:
    image: nginx:1@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    routes: [{path: /, app: web}]
    trustedProxies: [10.0.0.0/8]
  plinth:apps:
    web:
      image: web:1@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
      ports: [{name: http, container: 8080}]
      resources: {limits: {cpu: "1", memory: 1Gi, ephemeralStorage: 1Gi}}
    worker:
      image: web:1@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
      resources: {limits: {cpu: "1", memory: 1Gi, ephemeralStorage: 1Gi}}
`

// edge is a stack with this edge.
func edge(tier, text string) string {
	return "  plinth:tier: " + tier + "\n  plinth:edge: " + text + "\n" + behind
}

func TestAnEdgeLeadsSomewhereAndLetsInWhomItSays(t *testing.T) {
	const controlled = "class: traefik, controller: {namespace: traefik}"
	checkRefused(t, []refused{
		{
			"an unknown kind", edge("dev", "{kind: nodePort}"),
			[]string{`edge.kind: unknown edge kind "nodePort"; known: gateway, ingress, loadBalancer, none`},
		},
		{
			"nothing behind it", "  plinth:tier: dev\n  plinth:edge: {kind: loadBalancer}\n",
			[]string{
				"edge.routes: must not be empty with the kind loadBalancer: it leads nowhere (there is no proxy that it could lead to)",
			},
		},
		{
			"routes that lead nowhere",
			edge("dev", "{kind: ingress, "+controlled+", routes: [{app: wbe}, {host: Shop, app: worker}, {host: a.b, path: x}]}"),
			[]string{
				`edge.routes[0].app: must be the name of an app or proxy, got "wbe"; did you mean web?`,
				`edge.routes[1].app: must be an app with ports, got "worker"`,
				`edge.routes[1].host: must be a host name such as shop.example.com or *.example.com, in lower case, got "Shop"`,
				`edge.routes[2].path: must start with a slash and consist of letters, digits, dots, hyphens, underscores and tildes, got "x"`,
			},
		},
		{
			"one route twice, with a slash and without",
			edge("dev", "{kind: gateway, "+controlled+", routes: [{path: /api, app: web}, {path: /api/}]}"),
			[]string{`edge.routes[1]: must differ from routes[0], got /api/ twice`},
		},
		{
			"a load balancer that would have to read",
			edge("dev", "{kind: loadBalancer, routes: [{app: web}, {host: a.example.com}, {path: /api/, app: web}]}"),
			[]string{
				`edge.routes[1].app: must be the same for all routes of a load balancer, which sees no paths: got "proxy", and "web" at routes[0]`,
				`edge.routes[2].path: must be / for a load balancer, which sees no paths, got "/api/"`,
			},
		},
		{
			"no class, and a class of which nothing is known",
			edge("dev", "{kind: ingress}"),
			[]string{"edge.class: is required with the kind ingress"},
		},
		{
			"nobody knows who calls", edge("dev", "{kind: gateway, class: envoy}"),
			[]string{
				`edge.controller: must have namespace, where the pods are that pass requests on, or cidrs, where requests come from: of the class "envoy" neither is known`,
			},
		},
		{
			"Google's own proxies are in a subnet of the network", edge("dev", "{kind: gateway, class: gke-l7-rilb}"),
			[]string{
				`edge.controller: must have namespace, where the pods are that pass requests on, or cidrs, where requests come from: of the class "gke-l7-rilb" neither is known`,
			},
		},
		{
			"a load balancer on prod for nobody knows whom", edge("prod", "{kind: loadBalancer}"),
			[]string{
				"edge.sourceRanges: must not be empty on prod for a load balancer, unless edge.public is true",
				"edge.tls: must say on prod where the certificate comes from (issuer, secret or managed), or none: WHY",
			},
		},
		{
			"everybody, by a range", edge("dev", `{kind: loadBalancer, public: true, sourceRanges: [0.0.0.0/0, "10.0.0.1/8"]}`),
			[]string{
				"edge.public: must not be true together with sourceRanges",
				`edge.sourceRanges[0]: must not be everybody (say public: true for that), got "0.0.0.0/0"`,
				`edge.sourceRanges[1]: must not have bits set beyond its prefix: write 10.0.0.0/8, got "10.0.0.1/8"`,
			},
		},
		{
			"ranges that nothing sees to", edge("dev", "{kind: gateway, "+controlled+", sourceRanges: [10.0.0.0/8], internal: true}"),
			[]string{
				"edge.internal: must not be true with the kind gateway and a controller of the kind traefik, whose class decides it",
				"edge.sourceRanges: must not be set with the kind gateway and a controller of the kind traefik: nothing would see to it",
			},
		},
		{
			"two certificates", edge("dev", "{kind: ingress, "+controlled+", tls: {secret: a, issuer: b}}"),
			[]string{"edge.tls: must have one of issuer, secret, managed and none, got issuer and secret"},
		},
		{
			"a certificate for no name", edge("dev", "{kind: ingress, "+controlled+", tls: {issuer: letsencrypt}}"),
			[]string{"edge.routes[0].host: is required with edge.tls.issuer: a certificate is for names"},
		},
		{
			"no reason", edge("prod", "{kind: ingress, "+controlled+", tls: {none: because}}"),
			[]string{`edge.tls.none: must be a reason, in words, got "because"`},
		},
		{
			"certificates that the other side does not take",
			edge("dev", "{kind: gateway, class: amazon-vpc-lattice, tls: {secret: a}}"),
			[]string{
				"edge.tls.secret: must not be set with a controller of the kind lattice, which takes certificates of ACM alone: use managed",
			},
		},
		{
			"a certificate of a cloud's", edge("dev", "{kind: ingress, "+controlled+", tls: {managed: a}}"),
			[]string{
				"edge.tls.managed: must not be set with a controller of the kind traefik, which knows none of a cloud's certificates: use issuer or secret",
			},
		},
		{
			"TLS on connections as they come", edge("dev", "{kind: loadBalancer, tls: {secret: a}}"),
			[]string{
				"edge.tls.secret: must not be set with the kind loadBalancer, which passes connections on as they come (on aws it can have a managed certificate): use ingress or gateway, or say none: WHY",
			},
		},
		{
			"targets of another cloud's", edge("dev", "{kind: loadBalancer, loadBalancer: {on: gcp, targets: pods}}"),
			[]string{`edge.loadBalancer.targets: must be nodes unless the load balancer is one of AWS's, got "pods"`},
		},
		{
			"pods on a network that nobody knows", edge("dev", "{kind: loadBalancer, loadBalancer: {on: aws, targets: pods}}"),
			[]string{
				"edge.controller.cidrs: is required with targets: pods on a network of somebody else's: the load balancer checks pods from its addresses",
			},
		},
		{
			"names", edge("dev", `{kind: none, annotations: {"a b": c}, ports: {http: 80, https: 80}, controller: {labels: {a: b}}, dns: {ttl: 0}, timeout: 1}`),
			[]string{
				`edge.annotations["a b"]: must be the name of an annotation, PREFIX/NAME, got "a b"`,
				"edge.controller.labels: must not be set without namespace",
				"edge.dns.ttl: must be between 1 and 86400, got 0",
				"edge.ports.https: must differ from edge.ports.http, got 80 twice",
				"edge.timeout: must be between 10 and 7200, got 1",
			},
		},
		{
			"records of no name", edge("dev", "{kind: loadBalancer, dns: {records: external-dns}}"),
			[]string{"edge.dns.records: must not be external-dns where no route has a host: there is no name to make a record of"},
		},
		{
			"variables of nothing, and one that is secret",
			strings.Replace(edge("dev", "{routes: [{host: '*.example.com', app: web}]}"), "    worker:",
				"      edge: {hosts: A B, origins: ORIGINS}\n    worker:\n      edge: {hosts: A, origins: A}", 1),
			[]string{
				`apps.web.edge.hosts: must have a name of letters, digits, _, - and . that does not start with a digit, got "A B"`,
				"apps.web.edge.origins: must not be set where edge.routes has no host without a star: there would be nothing in it",
				"apps.worker.edge.hosts: must not be set where edge.routes has no host that leads to it: there would be nothing in it",
				"apps.worker.edge.origins: must not be set where edge.routes has no host without a star: there would be nothing in it",
			},
		},
		{
			"a share that an Ingress cannot give",
			strings.Replace(edge("dev", "{kind: ingress, "+controlled+", routes: [{app: web}, {host: a.example.com}]}"), "    worker:",
				"      canary: {image: \"web:2\", weight: 5}\n    worker:", 1),
			[]string{
				`edge.routes[0].app: must not be an app with a canary with the kind ingress, which knows no weights: lead the route to the proxy, which does, or use gateway; got "web"`,
			},
		},
		{
			"an app with the edge's name",
			strings.Replace(edge("dev", "{kind: loadBalancer}"), "    worker:", "    edge:", 1),
			[]string{"edge: must not be there together with an app named edge"},
		},
	})
}

func TestWhatAnEdgeSaysIsLeftAloneWhileThereIsNone(t *testing.T) {
	cfg := mustLoad(t, edge("prod", "{class: gke-l7-rilb, sourceRanges: [10.0.0.0/8], internal: true, tls: {secret: a}}"))
	if !cfg.Proxy.Public || cfg.Edge.Serves() {
		t.Errorf("got %t and %t, want a proxy that everybody calls, and no edge", cfg.Proxy.Public, cfg.Edge.Serves())
	}
}

func TestAnEdgeOfACloudKnowsWhoCalls(t *testing.T) {
	for text, want := range map[string][]string{
		"{kind: gateway, class: gke-l7-global-external-managed}":                                     {"130.211.0.0/22", "35.191.0.0/16"},
		"{kind: gateway, class: amazon-vpc-lattice}":                                                 {"169.254.171.0/24"},
		"{kind: gateway, class: gke-l7-rilb, controller: {cidrs: [10.9.0.0/24]}}":                    {"10.9.0.0/24"},
		"{kind: ingress, class: alb}\n  plinth:cloud: aws":                                           {"10.0.0.0/16"},
		"{kind: loadBalancer, loadBalancer: {targets: pods}}\n  plinth:cloud: aws":                   {"10.0.0.0/16"},
		"{kind: loadBalancer}\n  plinth:cloud: aws":                                                  nil,
		"{kind: ingress, class: gce, controller: {kind: traefik, namespace: ingress}}":               nil,
		"{kind: ingress, class: traefik-internal, controller: {namespace: a, cidrs: ['fd00::/64']}}": {"fd00::/64"},
	} {
		text := edge("dev", text)
		if strings.Contains(text, "cloud: aws") {
			text += "  plinth:cluster: {endpoint: {cidrs: [203.0.113.0/24]}}\n"
		}
		cfg := mustLoad(t, text)
		if !slices.Equal(cfg.Edge.Controller.CIDRs, want) || cfg.Proxy.Public {
			t.Errorf("%s: got %v and %t, want %v and a proxy that is not public", text, cfg.Edge.Controller.CIDRs,
				cfg.Proxy.Public, want)
		}
	}
}

func TestAnAppHasTheHostsThatLeadToIt(t *testing.T) {
	cfg := mustLoad(t, edge("dev", `{kind: ingress, class: traefik, controller: {namespace: traefik}, tls: {secret: a},
    routes: [{host: b.example.com}, {host: a.example.com, app: web}, {host: "*.example.com", path: /x, app: web}, {path: /y}]}`))
	if got, want := cfg.HostsOf("web"), []string{"*.example.com", "a.example.com", "b.example.com"}; !slices.Equal(got, want) {
		t.Errorf("hosts of web: got %v, want %v", got, want)
	}
	if got, want := cfg.HostsOf(config.ToProxy), []string{"b.example.com"}; !slices.Equal(got, want) {
		t.Errorf("hosts of the proxy: got %v, want %v", got, want)
	}
	if got, want := cfg.Edge.Origins(), []string{"https://a.example.com", "https://b.example.com"}; !slices.Equal(got, want) {
		t.Errorf("origins: got %v, want %v", got, want)
	}
}

func TestAnEdgeWarnsOfWhatDoesNotWorkAsOneMayThink(t *testing.T) {
	cfg := mustLoad(t, strings.Replace(edge("staging",
		"{kind: ingress, class: haproxy, controller: {namespace: haproxy}, tls: {secret: a}}"), "trustedProxies", "errorPages: {}\n    #", 1))
	got := strings.Join(cfg.Warnings, "\n")
	for _, want := range []string{"proxy.trustedProxies: is empty", "edge.redirect: nothing is known of how the controller of the class haproxy redirects"} {
		if !strings.Contains(got, want) {
			t.Errorf("got the warnings %q, want %q among them", got, want)
		}
	}
	cfg = mustLoad(t, edge("staging", "{kind: loadBalancer}"))
	if got := strings.Join(cfg.Warnings, "\n"); !strings.Contains(got, "edge.sourceRanges: is empty") {
		t.Errorf("got the warnings %q, want one of a load balancer for everybody", got)
	}
}
