package config

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// edgeName is what the edge's objects are called.
const edgeName = "edge"

// Limits of the Gateway API: listeners of a Gateway, and rules of a route
// (https://gateway-api.sigs.k8s.io/reference/spec/). One listener is the plain one.
const (
	maxGatewayHosts = 63
	maxRouteRules   = 16
)

// edge: a way in that leads somewhere, and lets in whom it says. What another kind needs is checked too, so far as it
// is said: the kind alone may change.
func (c *checker) edge() {
	if !c.sound("edge") || !c.sound("edge.kind") {
		return
	}
	e := &c.Edge
	c.edgeRoutes(e)
	c.edgeTLS(e)
	c.edgeClients(e)
	c.edgeController(e)
	c.balancer(e)
	for _, name := range slices.Sorted(maps.Keys(e.Annotations)) {
		c.check(at("edge", "annotations", name), len(validation.IsQualifiedName(strings.ToLower(name))) == 0,
			"must be the name of an annotation, PREFIX/NAME, got %s", quoted(name))
	}
	c.between("edge.ports.http", e.Ports.HTTP, 1, maxPort)
	c.between("edge.ports.https", e.Ports.HTTPS, 1, maxPort)
	c.check("edge.ports.https", e.Ports.HTTPS != e.Ports.HTTP, "must differ from edge.ports.http, got %d twice",
		e.Ports.HTTP)
	c.between("edge.dns.ttl", e.DNS.TTL, 1, 86400)
	named := len(e.Hosts()) > 0 || !e.Serves() || !c.sound("edge.routes")
	c.check("edge.dns.records", e.DNS.Records != ExternalDNS || named,
		"must not be external-dns where no route has a host: there is no name to make a record of")
	c.between("edge.timeout", e.Timeout, 10, 7200)
	if !e.Serves() {
		return
	}
	c.edgeWarnings(e)
	_, taken := c.Apps[edgeName]
	c.check("edge", !taken, "must not be there together with an app named %s", edgeName)
	_, taken = c.Databases[edgeName]
	c.check("edge", !taken, "must not be there together with a database named %s", edgeName)
}

// edgeRoutes: each leads to an app that can be called, and none is there twice.
func (c *checker) edgeRoutes(e *Edge) {
	if !c.sound("edge.routes") {
		return
	}
	c.check("edge.routes", !e.Serves() || len(e.Routes) > 0,
		"must not be empty with the kind %s: it leads nowhere (there is no proxy that it could lead to)", e.Kind)
	seen, paths := map[string]string{}, map[string]int{}
	for i, route := range e.Routes {
		path := index("edge.routes", i)
		if !c.sound(path) {
			continue
		}
		c.host(at(path, "host"), route.Host)
		c.check(at(path, "path"), routePath.MatchString(route.Path),
			"must start with a slash and consist of letters, digits, dots, hyphens, underscores and tildes, got %s",
			quoted(route.Path))
		// /api and /api/ are the same to an Ingress and to a Gateway: whole segments count.
		unique(c, path, index("routes", i), seen, route.Host+strings.TrimSuffix(route.Path, "/")+"/")
		paths[route.Host]++
		c.edgeTarget(at(path, "app"), route.App)
		c.edgeWeights(at(path, "app"), route.App)
		if e.Kind == EdgeLoadBalancer {
			c.check(at(path, "app"), route.App == e.Routes[0].App,
				"must be the same for all routes of a load balancer, which sees no paths: got %s, and %s at routes[0]",
				quoted(route.App), quoted(e.Routes[0].App))
			c.check(at(path, "path"), route.Path == "/", "must be / for a load balancer, which sees no paths, got %s",
				quoted(route.Path))
		}
	}
	if e.Kind != EdgeGateway {
		return
	}
	c.check("edge.routes", len(paths) <= maxGatewayHosts, "must have at most %d hosts for one Gateway, got %d",
		maxGatewayHosts, len(paths))
	for _, host := range slices.Sorted(maps.Keys(paths)) {
		c.check("edge.routes", paths[host] <= maxRouteRules,
			"must have at most %d paths for one host of a Gateway, got %d for %s", maxRouteRules, paths[host], quoted(host))
	}
}

// host: a name that can be asked for, in lower case, or one with a star in its first place.
func (c *checker) host(path, host string) {
	if host == "" {
		return
	}
	check := validation.IsDNS1123Subdomain
	if strings.HasPrefix(host, "*") {
		check = validation.IsWildcardDNS1123Subdomain
	}
	c.check(path, len(check(host)) == 0 && strings.Contains(host, "."),
		"must be a host name such as shop.example.com or *.example.com, in lower case, got %s", quoted(host))
}

// edgeTarget: the proxy where there is one, or an app with ports.
func (c *checker) edgeTarget(path, name string) {
	if !c.sound(path) || !c.sound("proxy.routes") {
		return
	}
	if name == ToProxy {
		c.check(path, len(c.Proxy.Routes) > 0,
			"must be the name of an app where proxy.routes is empty: there is no proxy, got %s", quoted(name))
		return
	}
	app, found := c.Apps[name]
	c.check(path, found, "must be the name of an app or proxy, got %s; %s", quoted(name),
		suggestion(name, append(c.appNames(), ToProxy)))
	c.check(path, !found || len(app.Ports) > 0 || !c.sound(at("apps", name, "ports")),
		"must be an app with ports, got %s", quoted(name))
}

// edgeWeights: a canary's share is something that the kind can see to.
func (c *checker) edgeWeights(path, name string) {
	weighs := c.Edge.Kind != EdgeLoadBalancer && c.Edge.Kind != EdgeIngress
	c.check(path, weighs || c.Apps[name].Canary == nil,
		"must not be an app with a canary with the kind %s, which knows no weights: lead the route to the proxy, which "+
			"does, or use gateway; got %s", c.Edge.Kind, quoted(name))
}

// edgeTLS: one answer to where certificates come from, which the kind and its controller can give.
func (c *checker) edgeTLS(e *Edge) {
	const path = "edge.tls"
	if !c.sound(path) {
		return
	}
	var said []string
	for _, one := range []named{
		{"issuer", e.TLS.Issuer}, {"secret", e.TLS.Secret}, {"managed", e.TLS.Managed}, {"none", e.TLS.None},
	} {
		if one.name != "" {
			said = append(said, one.key)
		}
	}
	c.check(path, len(said) <= 1, "must have one of issuer, secret, managed and none, got %s", strings.Join(said, " and "))
	c.check(at(path, "none"), e.TLS.None == "" || strings.Contains(strings.TrimSpace(e.TLS.None), " "),
		"must be a reason, in words, got %s", quoted(e.TLS.None))
	c.secretObject(at(path, "secret"), e.TLS.Secret)
	c.check(at(path, "issuer"), e.TLS.Issuer == "" || len(validation.IsDNS1123Subdomain(e.TLS.Issuer)) == 0,
		"must be the name of an issuer, got %s", quoted(e.TLS.Issuer))
	if !e.Serves() {
		return
	}
	c.check(path, len(said) > 0 || c.Tier != Prod,
		"must say on prod where the certificate comes from (issuer, secret or managed), or none: WHY")
	if len(said) != 1 || !c.sound("edge.controller.kind") || !c.sound("edge.loadBalancer") {
		return
	}
	how := at(path, said[0])
	ofCloud := e.Controller.Kind == ALB || e.Controller.Kind == Lattice
	switch {
	case said[0] == "none":
	case e.Kind == EdgeLoadBalancer:
		c.check(how, said[0] == "managed" && e.LoadBalancer.On == OnAWS,
			"must not be set with the kind loadBalancer, which passes connections on as they come (on aws it can have a "+
				"managed certificate): use ingress or gateway, or say none: WHY")
	case said[0] == "managed":
		c.check(how, ofCloud || e.Controller.Kind == GKE,
			"must not be set with a controller of the kind %s, which knows none of a cloud's certificates: use issuer or secret",
			e.Controller.Kind)
	default:
		c.check(how, !ofCloud, "must not be set with a controller of the kind %s, which takes certificates of ACM alone: "+
			"use managed", e.Controller.Kind)
	}
	if said[0] == "issuer" && c.sound("edge.routes") {
		for i, route := range e.Routes {
			c.check(at(index("edge.routes", i), "host"), route.Host != "",
				"is required with edge.tls.issuer: a certificate is for names")
		}
	}
}

// edgeClients: who may connect is said where something can see to it.
func (c *checker) edgeClients(e *Edge) {
	const path = "edge.sourceRanges"
	if !c.sound(path) {
		return
	}
	for i, cidr := range e.SourceRanges {
		c.cidr(index(path, i), cidr)
		c.check(index(path, i), !strings.HasSuffix(cidr, "/0"), "must not be everybody (say public: true for that), got %s",
			quoted(cidr))
	}
	c.check("edge.public", !e.Public || len(e.SourceRanges) == 0, "must not be true together with sourceRanges")
	if !e.Serves() || !c.sound("edge.controller.kind") {
		return
	}
	balances := e.Kind == EdgeLoadBalancer || e.Kind == EdgeIngress && e.Controller.Kind == ALB
	filters := balances || e.Kind == EdgeIngress && e.Controller.Kind == NginxController
	c.check(path, filters || len(e.SourceRanges) == 0,
		"must not be set with the kind %s and a controller of the kind %s: nothing would see to it", e.Kind,
		e.Controller.Kind)
	c.check("edge.internal", !e.Internal || balances,
		"must not be true with the kind %s and a controller of the kind %s, whose class decides it", e.Kind,
		e.Controller.Kind)
	if !balances || len(e.SourceRanges) > 0 || e.Public {
		return
	}
	c.check(path, c.Tier != Prod, "must not be empty on prod for a load balancer, unless edge.public is true")
	if c.Tier == Staging {
		c.Warnings = append(c.Warnings, path+": is empty, which prod will refuse unless edge.public is true")
	}
}

// edgeController: who calls the apps, so that the network lets them in and nobody else.
func (c *checker) edgeController(e *Edge) {
	const path = "edge.controller"
	if !c.sound(path) {
		return
	}
	k := &e.Controller
	if k.Namespace != "" {
		c.label(at(path, "namespace"), k.Namespace)
	}
	for _, name := range slices.Sorted(maps.Keys(k.Labels)) {
		c.check(at(path, "labels", name), len(validation.IsQualifiedName(name)) == 0 &&
			len(validation.IsValidLabelValue(k.Labels[name])) == 0, "must be a label and its value, got %s",
			quoted(name+"="+k.Labels[name]))
	}
	for i, cidr := range k.CIDRs {
		c.cidr(index(at(path, "cidrs"), i), cidr)
	}
	c.check(at(path, "labels"), len(k.Labels) == 0 || k.Namespace != "", "must not be set without namespace")
	layer7 := e.Kind == EdgeIngress || e.Kind == EdgeGateway
	if !layer7 {
		return
	}
	c.check("edge.class", e.Class != "", "is required with the kind %s", e.Kind)
	c.check("edge.class", e.Class == "" || len(validation.IsDNS1123Subdomain(e.Class)) == 0 || !c.sound("edge.class"),
		"must be the name of a class, got %s", quoted(e.Class))
	c.check(path, k.Namespace != "" || len(k.CIDRs) > 0 || e.Class == "",
		"must have namespace, where the pods are that pass requests on, or cidrs, where requests come from: "+
			"of the class %s neither is known", quoted(e.Class))
	c.check(at(path, "kind"), k.Kind != Lattice || e.Kind == EdgeGateway, "must not be lattice with the kind ingress")
	c.check(at(path, "kind"), k.Kind != ALB || e.Kind == EdgeIngress, "must not be alb with the kind gateway")
}

// balancer: targets that the cloud's load balancers know.
func (c *checker) balancer(e *Edge) {
	b := &e.LoadBalancer
	path := "edge.loadBalancer.targets"
	if e.Kind != EdgeLoadBalancer || !c.sound(path) || !c.sound("edge.loadBalancer.on") {
		return
	}
	c.check(path, b.Targets != TargetPods || b.On == OnAWS,
		"must be nodes unless the load balancer is one of AWS's, got %s", quoted(string(b.Targets)))
	c.check("edge.controller.cidrs", b.Targets != TargetPods || b.On != OnAWS || len(e.Controller.CIDRs) > 0,
		"is required with targets: pods on a network of somebody else's: the load balancer checks pods from its addresses")
}

// edgeWarnings: what works, and not as one may think.
func (c *checker) edgeWarnings(e *Edge) {
	layer7 := e.Kind == EdgeIngress || e.Kind == EdgeGateway
	proxied := slices.ContainsFunc(e.Routes, func(r EdgeRoute) bool { return r.App == ToProxy })
	if layer7 && proxied && len(c.Proxy.TrustedProxies) == 0 {
		c.Warnings = append(c.Warnings, "proxy.trustedProxies: is empty, so that applications learn neither who asks nor "+
			"whether it was by TLS: name the ranges that the edge's controller has its addresses from")
	}
	if e.Kind == EdgeIngress && e.Controller.Kind == OtherController && e.Secure() && e.Redirect {
		c.Warnings = append(c.Warnings, "edge.redirect: nothing is known of how the controller of the class "+e.Class+
			" redirects: see to it there, or say it by edge.annotations")
	}
}

// edgeVariables: names that nothing secret has, of what there is.
func (c *checker) edgeVariables(path, name string, a *App) {
	path = at(path, "edge")
	if !c.sound(path) || !c.sound("edge.routes") {
		return
	}
	for _, of := range []struct {
		key, variable, what string
		values              []string
	}{
		{"hosts", a.Edge.Hosts, "host that leads to it", c.HostsOf(name)},
		{"origins", a.Edge.Origins, "host without a star", c.Edge.Origins()},
	} {
		if of.variable == "" {
			continue
		}
		here := at(path, of.key)
		c.variable(here, of.variable)
		_, secret := a.Secrets[of.variable]
		c.check(here, !secret, "must not be set in secrets too, got %s", quoted(of.variable))
		c.check(here, len(of.values) > 0, "must not be set where edge.routes has no %s: there would be nothing in it",
			of.what)
	}
	c.check(at(path, "origins"), a.Edge.Origins == "" || a.Edge.Origins != a.Edge.Hosts,
		"must differ from hosts, got %s twice", quoted(a.Edge.Origins))
}
