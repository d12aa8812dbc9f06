package config

import (
	"cmp"
	"slices"
	"strings"
)

// Edge is how the outside reaches a stack's apps. Another kind changes nothing else of the stack.
type Edge struct {
	// Kind is how traffic enters: `none`, nothing is made for it; `loadBalancer`, connections as they come, to one app;
	// `ingress`, by host and path through an ingress controller; `gateway`, the same through the Gateway API.
	Kind EdgeKind `json:"kind" default:"none"`
	// Class is the ingress class or the gateway class, whose controller is in the cluster already or comes with it.
	Class string `json:"class"`
	// Routes lead hosts and paths to apps. The longest path that fits wins.
	Routes []EdgeRoute `json:"routes" absent:"one, for every host, to the proxy"`
	// TLS says where certificates come from. Prod demands that one thing is said.
	TLS EdgeTLS `json:"tls"`
	// Redirect answers plain HTTP with the address that has TLS, where there is TLS.
	Redirect bool `json:"redirect" default:"true"`
	// Internal makes a load balancer that only the cloud's network reaches.
	Internal bool `json:"internal" default:"false"`
	// SourceRanges are the ranges of addresses that may connect to a load balancer. Others never reach a pod.
	SourceRanges []string `json:"sourceRanges"`
	// Public says that everybody may connect, on purpose: prod demands it or `sourceRanges` of a load balancer.
	Public bool `json:"public" default:"false"`
	// Controller is who the requests come from, as the apps see it.
	Controller EdgeController `json:"controller"`
	// LoadBalancer says more of the kind `loadBalancer`.
	LoadBalancer EdgeBalancer `json:"loadBalancer"`
	// Ports are those of a load balancer, and of a Gateway's listeners.
	Ports EdgePorts `json:"ports"`
	// DNS says who makes the records of the hosts.
	DNS EdgeDNS `json:"dns"`
	// Annotations are put on the Service, the Ingress or the Gateway; they are the last word.
	Annotations map[string]string `json:"annotations" key:"ANNOTATION"`
	// Await waits until there is an address, or until the Gateway is programmed.
	Await bool `json:"await" default:"true"`
	// Timeout is how long the edge may take to be there, and to be gone, in seconds.
	Timeout int `json:"timeout" default:"1200"`
}

// EdgeKind is how traffic enters.
type EdgeKind string

// The kinds.
const (
	EdgeNone         EdgeKind = "none"
	EdgeLoadBalancer EdgeKind = "loadBalancer"
	EdgeIngress      EdgeKind = "ingress"
	EdgeGateway      EdgeKind = "gateway"
)

// Values lists the kinds.
func (EdgeKind) Values() []string {
	return []string{string(EdgeNone), string(EdgeLoadBalancer), string(EdgeIngress), string(EdgeGateway)}
}

// EdgeRoute leads requests for a host to an app.
type EdgeRoute struct {
	// Host is the name that is asked for; `*.example.com` stands for every name right below it. Empty: every host.
	Host string `json:"host"`
	// Path is what a request starts with, by whole segments: /api fits /api and /api/x, and not /apis.
	Path string `json:"path" default:"/"`
	// App is the name of the app, whose main port the requests go to, or `proxy`.
	App string `json:"app" default:"proxy"`
}

// EdgeVariables are the names of variables that an app gets from the edge. Empty: it gets none. Its own `env` may set
// them instead.
type EdgeVariables struct {
	// Hosts is the variable with the hosts at which the app is reached, by the proxy or without it, separated by commas.
	Hosts string `json:"hosts"`
	// Origins is the variable with the origins of all pages that the edge serves, such as https://shop.example.com: those
	// whose requests the app should let in (CORS).
	Origins string `json:"origins"`
}

// EdgeTLS says where certificates come from: exactly one of its keys.
type EdgeTLS struct {
	// Issuer is the name of an issuer of cert-manager's, which makes a certificate for the routes' hosts.
	Issuer string `json:"issuer"`
	// IssuerKind is what the issuer is.
	IssuerKind IssuerKind `json:"issuerKind" default:"ClusterIssuer"`
	// Secret is the name of a TLS Secret in the stack's namespace.
	Secret string `json:"secret"`
	// Managed is a certificate that the cloud keeps: the name of a map of Certificate Manager's for a Gateway, or of a
	// certificate for an Ingress, on Google Cloud; the ARN of one of ACM's on AWS.
	Managed string `json:"managed"`
	// None is the reason why there is no TLS here.
	None string `json:"none"`
}

// IssuerKind is what an issuer of cert-manager's is.
type IssuerKind string

// The kinds of issuers: one of the namespace, and one of the cluster.
const (
	Issuer        IssuerKind = "Issuer"
	ClusterIssuer IssuerKind = "ClusterIssuer"
)

// Values lists the kinds.
func (IssuerKind) Values() []string { return []string{string(Issuer), string(ClusterIssuer)} }

// EdgeController is who requests come from.
type EdgeController struct {
	// Kind is what the class's controller is: it decides how a redirect, a health check and a certificate are said.
	Kind ControllerKind `json:"kind" absent:"what the class's name says, else other"`
	// Namespace is where its pods are that pass requests on.
	Namespace string `json:"namespace"`
	// Labels select these pods. Empty: all of the namespace.
	Labels map[string]string `json:"labels" key:"LABEL"`
	// CIDRs are the ranges that requests and health checks come from, where those who pass them on are no pods.
	CIDRs []string `json:"cidrs" absent:"those of a cloud's controllers"`
}

// ControllerKind is what a controller is.
type ControllerKind string

// The controllers that something is known about.
const (
	// OtherController needs nothing that Ingress and Gateway API do not say.
	OtherController ControllerKind = "other"
	NginxController ControllerKind = "nginx"
	Traefik         ControllerKind = "traefik"
	// ALB is AWS Load Balancer Controller, Lattice the AWS Gateway API Controller, GKE what Google's clusters come with.
	ALB     ControllerKind = "alb"
	Lattice ControllerKind = "lattice"
	GKE     ControllerKind = "gke"
)

// Values lists the controllers.
func (ControllerKind) Values() []string {
	return []string{
		string(OtherController), string(NginxController), string(Traefik), string(ALB), string(Lattice), string(GKE),
	}
}

// EdgeBalancer says more of a load balancer.
type EdgeBalancer struct {
	// On is the cloud whose load balancer it is.
	On Cloud `json:"on" absent:"that of the stack"`
	// Targets are what it sends connections to. On AWS `pods` takes AWS Load Balancer Controller, and `nodes` what comes
	// with EKS; Google Cloud knows nodes alone.
	Targets Targets `json:"targets" default:"nodes"`
}

// Targets are what a load balancer sends connections to.
type Targets string

// The targets.
const (
	TargetNodes Targets = "nodes"
	TargetPods  Targets = "pods"
)

// Values lists the targets.
func (Targets) Values() []string { return []string{string(TargetNodes), string(TargetPods)} }

// EdgePorts are the ports of the edge.
type EdgePorts struct {
	// HTTP is the plain one. For a Gateway of Traefik's it is that of its entry point, 8000 with its chart's defaults;
	// clients use that of its Service.
	HTTP int `json:"http" default:"80"`
	// HTTPS is the one with TLS, 8443 there.
	HTTPS int `json:"https" default:"443"`
}

// EdgeDNS says who makes the records of the hosts.
type EdgeDNS struct {
	// Records are made by: `manual`, somebody who reads the output edgeAddress; `external-dns`, that operator.
	Records Records `json:"records" default:"manual"`
	// TTL is how long a resolver may remember a record, in seconds.
	TTL int `json:"ttl" default:"300"`
}

// Records says who makes records.
type Records string

// Who makes records.
const (
	ManualRecords Records = "manual"
	ExternalDNS   Records = "external-dns"
)

// Values lists them.
func (Records) Values() []string { return []string{string(ManualRecords), string(ExternalDNS)} }

// ToProxy is what a route's app is called that leads to the proxy.
const ToProxy = proxyName

// Serves says whether anything of an edge is made.
func (e *Edge) Serves() bool { return e.Kind != EdgeNone }

// Secure says whether clients speak TLS with the edge.
func (e *Edge) Secure() bool { return e.TLS.Issuer != "" || e.TLS.Secret != "" || e.TLS.Managed != "" }

// Hosts are the hosts of all routes, sorted, without the empty one.
func (e *Edge) Hosts() []string {
	var hosts []string
	for _, route := range e.Routes {
		if route.Host != "" {
			hosts = append(hosts, route.Host)
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// Origins are the origins of pages that the edge serves, as browsers name them: what applications that are called from
// there let in (CORS). A wildcard is none.
func (e *Edge) Origins() []string {
	scheme := "http"
	if e.Secure() {
		scheme = "https"
	}
	var origins []string
	for _, host := range e.Hosts() {
		if !strings.HasPrefix(host, "*") {
			origins = append(origins, scheme+"://"+host)
		}
	}
	return origins
}

// HostsOf are the hosts at which an app is reached, by the proxy or without it.
func (c *Config) HostsOf(app string) []string {
	behind := slices.ContainsFunc(c.Proxy.Routes, func(r Route) bool { return r.App == app })
	only := Edge{Routes: slices.DeleteFunc(slices.Clone(c.Edge.Routes), func(r EdgeRoute) bool {
		return r.App != app && (r.App != ToProxy || !behind)
	})}
	return only.Hosts()
}

// Where Google's load balancers and their health checks call from:
// https://cloud.google.com/load-balancing/docs/health-check-concepts#ip-ranges.
var googleFrontEnds = []string{"130.211.0.0/22", "35.191.0.0/16"}

// VPC Lattice calls from a link-local range: https://docs.aws.amazon.com/vpc-lattice/latest/ug/security-groups.html.
var latticeRange = []string{"169.254.171.0/24"}

// controllerOf is what a class's name says of its controller.
func controllerOf(class string) ControllerKind {
	switch {
	case class == "alb":
		return ALB
	case class == "amazon-vpc-lattice":
		return Lattice
	case class == "gce", class == "gce-internal", strings.HasPrefix(class, "gke-l7-"):
		return GKE
	case strings.HasPrefix(class, "nginx"):
		return NginxController
	case strings.HasPrefix(class, "traefik"):
		return Traefik
	}
	return OtherController
}

// regional says whether a class of Google's passes requests on from a subnet for proxies, whose range is the network's
// own: https://cloud.google.com/load-balancing/docs/proxy-only-subnets.
func regional(class string) bool {
	return class == "gce-internal" || strings.HasPrefix(class, "gke-l7-regional-") ||
		strings.HasPrefix(class, "gke-l7-rilb")
}

// completeEdge fills in what follows from the class, the cloud and the proxy.
func completeEdge(c *Config, absent map[string]bool) {
	e := &c.Edge
	e.LoadBalancer.On = cmp.Or(e.LoadBalancer.On, c.Cloud)
	e.Controller.Kind = cmp.Or(e.Controller.Kind, controllerOf(e.Class))
	if absent["edge.controller.cidrs"] && absent["edge.controller.namespace"] {
		e.Controller.CIDRs = c.callers()
	}
	if absent["edge.routes"] && len(c.Proxy.Routes) > 0 {
		e.Routes = []EdgeRoute{{Path: "/", App: ToProxy}}
	}
	if absent["proxy.public"] {
		c.Proxy.Public = !e.Serves()
	}
}

// callers are the ranges from which a cloud's controllers call, where they are known.
func (c *Config) callers() []string {
	e := &c.Edge
	switch {
	case e.Kind == EdgeNone:
		return nil
	case e.Kind == EdgeLoadBalancer:
		// A load balancer of AWS's checks pods from the network's own addresses.
		if e.LoadBalancer.On == OnAWS && e.LoadBalancer.Targets == TargetPods && c.Cloud == OnAWS {
			return []string{c.Network.CIDR}
		}
		return nil
	case e.Controller.Kind == ALB && c.Cloud == OnAWS:
		return []string{c.Network.CIDR}
	case e.Controller.Kind == Lattice:
		return slices.Clone(latticeRange)
	case e.Controller.Kind == GKE && !regional(e.Class):
		return slices.Clone(googleFrontEnds)
	}
	return nil
}
