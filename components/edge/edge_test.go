package edge_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"plinth/components/binding"
	"plinth/components/edge"
	"plinth/components/workload"
	"plinth/internal/record"
)

// backend is a workload that listens on 8080.
func backend(name string, weight int) workload.Backend {
	id := workload.ID{Name: name, PartOf: "shop-test", Namespace: "shop"}
	return workload.Ports{{Name: "http", Container: 8080, Service: 80}}.Backend(id, weight)
}

// to is a route to one workload, whose health is at another port.
func to(host, path, name string) edge.Route {
	return edge.Route{
		Host: host, Path: path, Backends: []workload.Backend{backend(name, 100)},
		Health: edge.Health{Path: "/healthz", Port: 8081},
	}
}

// args are those of an edge of a kind, with these routes.
func args(kind edge.Kind, routes ...edge.Route) *edge.Args {
	return &edge.Args{
		Namespace: &workload.Namespace{Name: "shop"}, PartOf: "shop-test", Kind: kind, Class: "some", Controller: edge.Other,
		Callers: []binding.Peer{{Name: "controllers", Namespace: "controllers"}}, Routes: routes, Redirect: true,
		HTTP: 80, HTTPS: 443, TTL: 300, Await: true, Timeout: 900,
	}
}

// make records an edge.
func deploy(t *testing.T, args *edge.Args) (*record.Recording, error) {
	t.Helper()
	return record.Run(t.Context(), record.Options{Project: "shop", Stack: "test"}, func(ctx *pulumi.Context) error {
		_, err := edge.New(ctx, "edge", args)
		return err
	})
}

func must(t *testing.T, args *edge.Args) *record.Recording {
	t.Helper()
	rec, err := deploy(t, args)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// read decodes the inputs of a resource as the Kubernetes object that they become, and refuses what it does not have.
func read[T any](t *testing.T, rec *record.Recording, name string) (object T) {
	t.Helper()
	for _, r := range rec.Ordered() {
		if r.Name != name || !r.Custom {
			continue
		}
		text, err := json.Marshal(resource.NewProperty(r.Inputs).MapRepl(nil, nil))
		if err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&object); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		return object
	}
	var there []string
	for _, r := range rec.Ordered() {
		there = append(there, r.Name)
	}
	t.Fatalf("there is no %s; there are %v", name, there)
	return object
}

// made are the names of what there is, but for the component.
func made(rec *record.Recording) []string {
	var names []string
	for _, r := range rec.Ordered() {
		if r.Custom {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return names
}

func TestALoadBalancerIsASecondServiceAndTheWorkloadsOwnIsLeftAlone(t *testing.T) {
	a := args(edge.LoadBalancer, to("shop.example.com", "/", "proxy"))
	a.Callers, a.SourceRanges, a.ExternalDNS = nil, []string{"198.51.100.0/24"}, true
	rec := must(t, a)
	if got, want := made(rec), []string{"edge-service", "edge-to-proxy"}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	service := read[corev1.Service](t, rec, "edge-service")
	spec := service.Spec
	if spec.Type != corev1.ServiceTypeLoadBalancer || spec.ExternalTrafficPolicy != corev1.ServiceExternalTrafficPolicyLocal ||
		!slices.Equal(spec.LoadBalancerSourceRanges, a.SourceRanges) || spec.AllocateLoadBalancerNodePorts != nil {
		t.Errorf("got %+v", spec)
	}
	if spec.Selector["app.kubernetes.io/name"] != "proxy" || spec.Ports[0].Port != 80 || spec.Ports[0].TargetPort.IntVal != 8080 {
		t.Errorf("got the selector %v and the ports %v", spec.Selector, spec.Ports)
	}
	if got := service.Annotations["external-dns.alpha.kubernetes.io/hostname"]; got != "shop.example.com" {
		t.Errorf("got %q for external-dns", got)
	}
	policy := read[networkingv1.NetworkPolicy](t, rec, "edge-to-proxy")
	if from := policy.Spec.Ingress[0].From; len(from) != 1 || from[0].IPBlock.CIDR != "198.51.100.0/24" {
		t.Errorf("got %v, want the one range", from)
	}
	if ports := policy.Spec.Ingress[0].Ports; len(ports) != 1 || ports[0].Port.IntVal != 8080 {
		t.Errorf("got %v, want the one port: nobody from outside asks for the health", ports)
	}
}

func TestWhatEachCloudsLoadBalancerIsTold(t *testing.T) {
	for _, c := range []struct {
		name     string
		balancer edge.Balancer
		internal bool
		tls      edge.TLS
		want     map[string]string
		local    bool
		ports    bool
		class    string
	}{
		{"none", edge.Balancer{}, false, edge.TLS{}, nil, true, true, ""},
		{
			"Google's",
			edge.Balancer{Cloud: edge.Google},
			false,
			edge.TLS{},
			map[string]string{"cloud.google.com/l4-rbs": "enabled"},
			true, false, "",
		},
		{
			"Google's inside",
			edge.Balancer{Cloud: edge.Google},
			true,
			edge.TLS{},
			map[string]string{"networking.gke.io/load-balancer-type": "Internal"},
			true, false, "",
		},
		{
			"EKS's to nodes", edge.Balancer{Cloud: edge.AWS}, true, edge.TLS{}, map[string]string{
				"service.beta.kubernetes.io/aws-load-balancer-type":                              "nlb",
				"service.beta.kubernetes.io/aws-load-balancer-cross-zone-load-balancing-enabled": "true",
				"service.beta.kubernetes.io/aws-load-balancer-internal":                          "true",
			}, true, true, "",
		},
		{
			"AWS's to pods", edge.Balancer{Cloud: edge.AWS, Pods: true}, false, edge.TLS{Managed: "arn:a"}, map[string]string{
				"service.beta.kubernetes.io/aws-load-balancer-scheme":                    "internet-facing",
				"service.beta.kubernetes.io/aws-load-balancer-nlb-target-type":           "ip",
				"service.beta.kubernetes.io/aws-load-balancer-attributes":                "load_balancing.cross_zone.enabled=true",
				"service.beta.kubernetes.io/aws-load-balancer-target-group-attributes":   "preserve_client_ip.enabled=true",
				"service.beta.kubernetes.io/aws-load-balancer-healthcheck-protocol":      "http",
				"service.beta.kubernetes.io/aws-load-balancer-healthcheck-port":          "8081",
				"service.beta.kubernetes.io/aws-load-balancer-healthcheck-path":          "/healthz",
				"service.beta.kubernetes.io/aws-load-balancer-healthcheck-success-codes": "200-399",
				"service.beta.kubernetes.io/aws-load-balancer-ssl-cert":                  "arn:a",
				"service.beta.kubernetes.io/aws-load-balancer-ssl-ports":                 "https",
				"service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy":    "ELBSecurityPolicy-TLS13-1-2-2021-06",
			}, false, false, "service.k8s.aws/nlb",
		},
	} {
		a := args(edge.LoadBalancer, to("", "/", "proxy"))
		a.Balancer, a.Internal, a.TLS = c.balancer, c.internal, c.tls
		service := read[corev1.Service](t, must(t, a), "edge-service")
		if fmt.Sprint(service.Annotations) != fmt.Sprint(c.want) {
			t.Errorf("%s: got %v, want %v", c.name, service.Annotations, c.want)
		}
		spec := service.Spec
		if local := spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal; local != c.local {
			t.Errorf("%s: got the policy %q", c.name, spec.ExternalTrafficPolicy)
		}
		if ports := spec.AllocateLoadBalancerNodePorts == nil; ports != c.ports || ports != c.balancer.NodePorts() {
			t.Errorf("%s: got ports of nodes %v, want %t", c.name, spec.AllocateLoadBalancerNodePorts, c.ports)
		}
		class := ""
		if spec.LoadBalancerClass != nil {
			class = *spec.LoadBalancerClass
		}
		if class != c.class {
			t.Errorf("%s: got the class %q, want %q", c.name, class, c.class)
		}
		if secure := c.tls != (edge.TLS{}); secure != (spec.Ports[0].Port == 443) {
			t.Errorf("%s: got port %d", c.name, spec.Ports[0].Port)
		}
	}
}

func TestAnIngressIsOneWithTheLongestPathFirst(t *testing.T) {
	a := args(edge.Ingress, to("b.example.com", "/", "web"), to("a.example.com", "/", "web"),
		to("a.example.com", "/api/", "api"), to("a.example.com", "/api/v2/", "api"), to("", "/", "web"))
	a.TLS, a.ExternalDNS = edge.TLS{Issuer: "letsencrypt", ClusterWide: true}, true
	a.Annotations = map[string]string{"external-dns.alpha.kubernetes.io/ttl": "7"}
	rec := must(t, a)
	if got, want := made(rec), []string{"edge-ingress", "edge-to-api", "edge-to-web"}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	ingress := read[networkingv1.Ingress](t, rec, "edge-ingress")
	var got []string
	for _, rule := range ingress.Spec.Rules {
		for _, path := range rule.HTTP.Paths {
			got = append(got, fmt.Sprintf("%s%s %s %s:%d", rule.Host, path.Path, *path.PathType, path.Backend.Service.Name,
				path.Backend.Service.Port.Number))
		}
	}
	want := []string{
		"/ Prefix web:80", "a.example.com/api/v2/ Prefix api:80", "a.example.com/api/ Prefix api:80",
		"a.example.com/ Prefix web:80", "b.example.com/ Prefix web:80",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if *ingress.Spec.IngressClassName != "some" || ingress.Spec.TLS[0].SecretName != "edge-tls" ||
		!slices.Equal(ingress.Spec.TLS[0].Hosts, []string{"a.example.com", "b.example.com"}) {
		t.Errorf("got %+v", ingress.Spec)
	}
	if got := fmt.Sprint(ingress.Annotations); got !=
		"map[cert-manager.io/cluster-issuer:letsencrypt external-dns.alpha.kubernetes.io/ttl:7]" {
		t.Errorf("got the annotations %s", got)
	}
}

func TestEachControllerIsToldInItsOwnWords(t *testing.T) {
	for _, c := range []struct {
		controller edge.Controller
		tls        edge.TLS
		want       map[string]string
		also       []string
	}{
		{edge.Nginx, edge.TLS{Secret: "a"}, map[string]string{
			"nginx.ingress.kubernetes.io/ssl-redirect": "true", "nginx.ingress.kubernetes.io/proxy-body-size": "20m",
			"nginx.ingress.kubernetes.io/whitelist-source-range": "198.51.100.0/24",
		}, nil},
		{edge.Traefik, edge.TLS{Secret: "a"}, map[string]string{
			"traefik.ingress.kubernetes.io/router.entrypoints": "web,websecure",
			"traefik.ingress.kubernetes.io/router.middlewares": "shop-edge-redirect@kubernetescrd",
		}, []string{"edge-redirect"}},
		{edge.Traefik, edge.TLS{}, map[string]string{"traefik.ingress.kubernetes.io/router.entrypoints": "web"}, nil},
		{edge.ALB, edge.TLS{Managed: "arn:a"}, map[string]string{
			"alb.ingress.kubernetes.io/scheme": "internet-facing", "alb.ingress.kubernetes.io/target-type": "ip",
			"alb.ingress.kubernetes.io/listen-ports":    `[{"HTTP":80},{"HTTPS":443}]`,
			"alb.ingress.kubernetes.io/certificate-arn": "arn:a", "alb.ingress.kubernetes.io/ssl-redirect": "443",
			"alb.ingress.kubernetes.io/ssl-policy":    "ELBSecurityPolicy-TLS13-1-2-2021-06",
			"alb.ingress.kubernetes.io/inbound-cidrs": "198.51.100.0/24",
		}, []string{"edge-web-service"}},
		{edge.GKE, edge.TLS{Managed: "shop"}, map[string]string{
			"kubernetes.io/ingress.class": "some", "ingress.gcp.kubernetes.io/pre-shared-cert": "shop",
			"networking.gke.io/v1beta1.FrontendConfig": "edge-redirect",
		}, []string{"edge-redirect", "edge-web-health", "edge-web-service"}},
	} {
		a := args(edge.Ingress, to("", "/", "web"))
		a.Controller, a.TLS, a.SourceRanges, a.BodySize = c.controller, c.tls, []string{"198.51.100.0/24"}, "20m"
		rec := must(t, a)
		ingress := read[networkingv1.Ingress](t, rec, "edge-ingress")
		if fmt.Sprint(ingress.Annotations) != fmt.Sprint(c.want) {
			t.Errorf("%s: got %v, want %v", c.controller, ingress.Annotations, c.want)
		}
		want := append(slices.Clone(c.also), "edge-ingress", "edge-to-web")
		slices.Sort(want)
		if got := made(rec); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", c.controller, got, want)
		}
	}
}

func TestAServiceOfTheEdgesOwnSaysHowPodsAreChecked(t *testing.T) {
	a := args(edge.Ingress, to("", "/", "web"), to("", "/more/", "web"))
	a.Controller = edge.ALB
	service := read[corev1.Service](t, must(t, a), "edge-web-service")
	if service.Name != "edge-web" || service.Annotations["alb.ingress.kubernetes.io/healthcheck-path"] != "/healthz" ||
		service.Annotations["alb.ingress.kubernetes.io/healthcheck-port"] != "8081" || service.Spec.Ports[0].TargetPort.IntVal != 8080 {
		t.Errorf("got %+v", service)
	}
	policy := read[networkingv1.NetworkPolicy](t, must(t, a), "edge-to-web")
	if got := len(policy.Spec.Ingress[0].Ports); got != 2 {
		t.Errorf("got %d ports, want that of the health too", got)
	}
	a.Controller = edge.GKE
	rec := must(t, a)
	if service := read[corev1.Service](t, rec, "edge-web-service"); service.Annotations["cloud.google.com/backend-config"] !=
		`{"default":"edge-web"}` {
		t.Errorf("got %v", service.Annotations)
	}
	if ingress := read[networkingv1.Ingress](t, rec, "edge-ingress"); ingress.Spec.IngressClassName != nil ||
		ingress.Spec.Rules[0].HTTP.Paths[0].Backend.Service.Name != "edge-web" {
		t.Errorf("got %+v", ingress.Spec)
	}
}

func TestAGatewayHasAListenerForEachHostAndARouteThatRedirects(t *testing.T) {
	a := args(edge.Gateway, to("a.example.com", "/", "web"), to("a.example.com", "/api/", "api"),
		to("*.example.com", "/", "web"), to("any.example.com", "/", "web"))
	a.TLS = edge.TLS{Secret: "shop-tls"}
	rec := must(t, a)
	gateway := read[gatewayv1.Gateway](t, rec, "edge-gateway")
	var got []string
	for _, l := range gateway.Spec.Listeners {
		secret := ""
		if l.TLS != nil {
			secret = string(l.TLS.CertificateRefs[0].Name)
		}
		host := ""
		if l.Hostname != nil {
			host = string(*l.Hostname)
		}
		got = append(got, fmt.Sprintf("%s %s:%d %s %s", l.Name, l.Protocol, l.Port, host, secret))
	}
	want := []string{
		"http HTTP:80  ", "https-any.example.com HTTPS:443 *.example.com shop-tls",
		"https.a.example.com HTTPS:443 a.example.com shop-tls", "https.any.example.com HTTPS:443 any.example.com shop-tls",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if gateway.Annotations["pulumi.com/waitFor"] != "condition=Programmed" {
		t.Errorf("got %v, want a wait until it is programmed", gateway.Annotations)
	}
	routes, redirects := 0, 0
	for _, r := range rec.Ordered() {
		if !strings.HasSuffix(string(r.Type), ":HTTPRoute") {
			continue
		}
		routes++
		route := read[gatewayv1.HTTPRoute](t, rec, r.Name)
		if len(route.Spec.Rules[0].Filters) > 0 {
			redirects++
			redirect := route.Spec.Rules[0].Filters[0].RequestRedirect
			if *redirect.Scheme != "https" || *redirect.StatusCode != 301 || redirect.Port != nil ||
				*route.Spec.ParentRefs[0].SectionName != "http" || len(route.Spec.ParentRefs) != 1 {
				t.Errorf("got %+v", route.Spec)
			}
			continue
		}
		if len(route.Spec.ParentRefs) != 1 || !strings.HasPrefix(string(*route.Spec.ParentRefs[0].SectionName), "https") {
			t.Errorf("%s is attached to %v", route.Name, route.Spec.ParentRefs)
		}
		if route.Spec.Hostnames[0] == "a.example.com" && *route.Spec.Rules[0].Matches[0].Path.Value != "/api/" {
			t.Errorf("got %v, want /api/ before /", route.Spec.Rules)
		}
	}
	if routes != 4 || redirects != 1 {
		t.Errorf("got %d routes, %d of which redirect; want 4 and 1", routes, redirects)
	}
}

func TestAGatewayWithoutARedirectServesBoth(t *testing.T) {
	a := args(edge.Gateway, to("", "/", "web"))
	a.TLS, a.Redirect, a.Await = edge.TLS{Issuer: "ours"}, false, false
	rec := must(t, a)
	if got, want := made(rec), []string{"edge-gateway", "edge-route", "edge-to-web"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	gateway := read[gatewayv1.Gateway](t, rec, "edge-gateway")
	if got := fmt.Sprint(gateway.Annotations); got != "map[cert-manager.io/issuer:ours]" {
		t.Errorf("got the annotations %s", got)
	}
	route := read[gatewayv1.HTTPRoute](t, rec, "edge-route")
	if len(route.Spec.ParentRefs) != 2 {
		t.Errorf("got %v, want both listeners", route.Spec.ParentRefs)
	}
}

func TestWeightsAreTheRoutesAndNothingElseKnowsThem(t *testing.T) {
	r := to("", "/", "web")
	r.Backends = []workload.Backend{backend("web", 90), backend("web-canary", 10)}
	rec := must(t, args(edge.Gateway, r))
	var got []string
	for _, b := range read[gatewayv1.HTTPRoute](t, rec, "edge-route").Spec.Rules[0].BackendRefs {
		got = append(got, fmt.Sprintf("%s:%d %d", b.Name, *b.Port, *b.Weight))
	}
	if want := []string{"web:80 90", "web-canary:80 10"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, name := range []string{"edge-to-web", "edge-to-web-canary"} {
		read[networkingv1.NetworkPolicy](t, rec, name)
	}
	for _, kind := range []edge.Kind{edge.LoadBalancer, edge.Ingress} {
		if _, err := deploy(t, args(kind, r)); err == nil || !strings.Contains(err.Error(), "by weight") {
			t.Errorf("%s: got %v, want it refused", kind, err)
		}
	}
}

func TestACloudsGatewayHasItsOwnCertificatesAndHealthChecks(t *testing.T) {
	a := args(edge.Gateway, to("a.example.com", "/", "web"), to("b.example.com", "/", "web"))
	a.Controller, a.TLS = edge.Lattice, edge.TLS{Managed: "arn:a"}
	rec := must(t, a)
	gateway := read[gatewayv1.Gateway](t, rec, "edge-gateway")
	if l := gateway.Spec.Listeners; len(l) != 1 || l[0].Protocol != "HTTPS" ||
		l[0].TLS.Options["application-networking.k8s.aws/certificate-arn"] != "arn:a" {
		t.Errorf("got %+v, want the one listener, with TLS", l)
	}
	if got := made(rec); len(got) != 5 || !slices.Contains(got, "edge-web-health") || slices.Contains(got, "edge-redirect") {
		t.Errorf("got %v: want a Gateway, two routes, a policy and one of the health, and no redirect", got)
	}
	a.Controller, a.TLS = edge.GKE, edge.TLS{Managed: "shop-certificates"}
	rec = must(t, a)
	gateway = read[gatewayv1.Gateway](t, rec, "edge-gateway")
	if l := gateway.Spec.Listeners; len(l) != 2 || l[1].TLS != nil ||
		gateway.Annotations["networking.gke.io/certmap"] != "shop-certificates" {
		t.Errorf("got %+v and %v", l, gateway.Annotations)
	}
	policy := read[networkingv1.NetworkPolicy](t, rec, "edge-to-web")
	if got := len(policy.Spec.Ingress[0].Ports); got != 2 {
		t.Errorf("got %d ports, want that of the health too", got)
	}
}

func TestNamesOfRoutesFitAndDiffer(t *testing.T) {
	long := strings.Repeat("a", 60)
	a := args(edge.Gateway, to("a-b.example.com", "/", "web"), to("a.b.example.com", "/", "web"),
		to(long+".example.com", "/", "web"), to(long+"."+long+".example.com", "/", "web"))
	a.TLS = edge.TLS{Secret: "a"}
	seen, starts := map[string]bool{}, map[string]bool{}
	for _, r := range must(t, a).Ordered() {
		if !strings.HasSuffix(string(r.Type), ":HTTPRoute") {
			continue
		}
		name := r.Inputs["metadata"].ObjectValue()["name"].StringValue()
		seen[name], starts[fmt.Sprintf("%.20s", name)] = true, true
		if len(name) > workload.MaxLabel {
			t.Errorf("%s has %d characters", name, len(name))
		}
	}
	if len(seen) != 5 || len(starts) != 5 {
		t.Errorf("got %v, want five that differ in twenty characters", seen)
	}
}

func TestWhatCannotBeMadeIsRefused(t *testing.T) {
	nobody := args(edge.Ingress, to("", "/", "web"))
	nobody.Callers = nil
	for _, c := range []struct {
		args *edge.Args
		want string
	}{
		{args("nodePort", to("", "/", "web")), `kind "nodePort": want loadBalancer, ingress or gateway`},
		{args(edge.Ingress), "there are no routes"},
		{args(edge.Ingress, edge.Route{Host: "a.b", Path: "/"}), "route a.b/ leads to no backend"},
		{args(edge.LoadBalancer, to("", "/", "web"), to("", "/", "api")), "routes lead to web and to api"},
		{nobody, "nobody is named who may enter"},
	} {
		if _, err := deploy(t, c.args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
