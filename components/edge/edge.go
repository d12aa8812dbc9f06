package edge

import (
	"fmt"
	"slices"
	"strings"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/workload"
)

// Kind is how traffic enters.
type Kind string

// The kinds.
const (
	// LoadBalancer passes connections on as they come, to one workload.
	LoadBalancer Kind = "loadBalancer"
	// Ingress passes requests on by host and path. One resource holds all of it.
	Ingress Kind = "ingress"
	// Gateway does the same through the Gateway API, and by weights.
	Gateway Kind = "gateway"
)

// Edge is a way in.
type Edge struct {
	pulumi.ResourceState

	// Address is where DNS records should lead: an IP address or a host name. Empty where nobody has said one.
	Address pulumi.StringOutput
}

// Args says what the way in is like.
type Args struct {
	// Namespace holds everything made here, and the workloads that it leads to.
	Namespace *workload.Namespace
	// PartOf names the environment.
	PartOf string
	// Kind is how traffic enters.
	Kind Kind
	// Class is the ingress class or the gateway class. Empty for a load balancer.
	Class string
	// Controller is what the class's controller is.
	Controller Controller
	// Callers are those who pass requests on, or check whether a workload is well: pods, or a cloud's addresses.
	Callers []binding.Peer
	// Routes lead to workloads. At least one; for a load balancer all lead to the same.
	Routes []Route
	// TLS says where certificates come from. The zero value: there is no TLS.
	TLS TLS
	// Redirect answers plain HTTP with the address that has TLS.
	Redirect bool
	// Internal makes a load balancer that only the cloud's network reaches.
	Internal bool
	// SourceRanges are who may connect, where the kind can see to it. Empty: everybody.
	SourceRanges []string
	// Balancer says which load balancer it is.
	Balancer Balancer
	// HTTP and HTTPS are the ports of a load balancer, or of a Gateway's listeners.
	HTTP, HTTPS int
	// ExternalDNS tells that operator about the hosts, TTL for how many seconds a record holds.
	ExternalDNS bool
	TTL         int
	// BodySize is the greatest body of a request, as nginx writes sizes. Empty: what the controller does by itself.
	BodySize string
	// Annotations are put on the Service, the Ingress or the Gateway, over those that are made here.
	Annotations map[string]string
	// Await waits until there is an address, or until a Gateway is programmed.
	Await bool
	// Timeout is how long, in seconds, the edge may take to be there and to be gone.
	Timeout int
	// Needs are the controller and the definitions of its kinds, where somebody has made or found them.
	Needs []pulumi.Resource
}

// Route leads requests to a workload.
type Route struct {
	// Host is the name that is asked for, with a star in its first place for all below it. Empty: every host.
	Host string
	// Path is what a request starts with, by whole segments.
	Path string
	// Backends take the requests, each its share. At least one.
	Backends []workload.Backend
	// Health is how those who pass requests on find out whether a pod is well.
	Health Health
	// Ready is what has to be there before somebody is led to it.
	Ready []pulumi.Resource
}

// Health is a request by HTTP that a pod which is well answers with a success. The zero value: there is none.
type Health struct {
	// Path is asked for at Port, a container's.
	Path string
	Port int
}

// TLS says where certificates come from. At most one of Issuer, Secret and Managed.
type TLS struct {
	// Issuer is one of cert-manager's, for the whole cluster with ClusterWide.
	Issuer      string
	ClusterWide bool
	// Secret is the name of a TLS Secret in the namespace.
	Secret string
	// Managed is a certificate that the cloud keeps.
	Managed string
}

func (t TLS) on() bool { return t != TLS{} && (t.Issuer != "" || t.Secret != "" || t.Managed != "") }

// made is the name of the Secret that cert-manager fills.
const made = "edge-tls"

// Kept is the name of the Secret that the certificate is in. Empty: in none.
func (t TLS) Kept() string {
	if t.Issuer != "" {
		return made
	}
	return t.Secret
}

// annotations are what cert-manager reads: https://cert-manager.io/docs/usage/ingress/ and /usage/gateway/.
func (t TLS) annotations() map[string]string {
	switch {
	case t.Issuer == "":
		return nil
	case t.ClusterWide:
		return map[string]string{"cert-manager.io/cluster-issuer": t.Issuer}
	default:
		return map[string]string{"cert-manager.io/issuer": t.Issuer}
	}
}

// New makes the way in.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Edge, error) {
	e := &Edge{Address: pulumi.String("").ToStringOutput()}
	if err := ctx.RegisterComponentResource("plinth:edge:Edge", name, e, opts...); err != nil {
		return nil, fmt.Errorf("registering edge %s: %w", name, err)
	}
	b := &builder{
		ctx: ctx, name: name, args: args, edge: e, services: map[string]bool{},
		id: workload.ID{Name: name, Component: "edge", PartOf: args.PartOf, Namespace: args.Namespace.Name},
	}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("edge %s: %w", name, err)
	}
	kinds := map[Kind]func() error{LoadBalancer: b.balancer, Ingress: b.ingress, Gateway: b.gateway}
	if err := b.policies(); err != nil {
		return nil, fmt.Errorf("edge %s: %w", name, err)
	}
	if err := kinds[args.Kind](); err != nil {
		return nil, fmt.Errorf("edge %s: %w", name, err)
	}
	return e, ctx.RegisterResourceOutputs(e, pulumi.Map{"address": e.Address})
}

// builder makes an edge's parts in the order of their dependencies.
type builder struct {
	ctx  *pulumi.Context
	name string
	id   workload.ID
	args *Args
	edge *Edge
	// before is what requests wait for: the network lets them in.
	before []pulumi.Resource
	// services are the edge's own that are there already, by name.
	services map[string]bool
}

// check refuses what cannot be made, before anything is.
func (b *builder) check() error {
	a := b.args
	if !slices.Contains([]Kind{LoadBalancer, Ingress, Gateway}, a.Kind) {
		return fmt.Errorf("kind %q: want %s, %s or %s", a.Kind, LoadBalancer, Ingress, Gateway)
	}
	if len(a.Routes) == 0 {
		return fmt.Errorf("there are no routes: it leads nowhere")
	}
	for _, r := range a.Routes {
		if len(r.Backends) == 0 {
			return fmt.Errorf("route %s%s leads to no backend", r.Host, r.Path)
		}
		if len(r.Backends) > 1 && a.Kind != Gateway {
			return fmt.Errorf("route %s%s leads to %d backends by weight, which the kind %s does not know: use %s, or lead "+
				"it to the proxy", r.Host, r.Path, len(r.Backends), a.Kind, Gateway)
		}
		if first := a.Routes[0].Backends[0].Service; a.Kind == LoadBalancer && r.Backends[0].Service != first {
			return fmt.Errorf("routes lead to %s and to %s, which a load balancer cannot tell apart", first,
				r.Backends[0].Service)
		}
	}
	return nil
}

// child are the options of everything made here: below the component, after the namespace, the controller and whatever
// the routes lead to. On destroy it goes before all of them.
func (b *builder) child(after ...pulumi.Resource) []pulumi.ResourceOption {
	needs := slices.Concat(b.args.Namespace.Ready, b.args.Needs, b.before, after)
	for _, r := range b.args.Routes {
		needs = append(needs, r.Ready...)
	}
	return []pulumi.ResourceOption{
		pulumi.Parent(b.edge), pulumi.DependsOn(needs), pulumi.Timeouts(&pulumi.CustomTimeouts{
			Create: b.timeout(), Update: b.timeout(), Delete: b.timeout(),
		}),
	}
}

func (b *builder) timeout() string { return fmt.Sprintf("%ds", b.args.Timeout) }

// policies let those in who pass requests on: to each workload once, and to its health where they look at it.
func (b *builder) policies() error {
	callers := slices.Clone(b.args.Callers)
	if b.args.Kind == LoadBalancer {
		callers = append(callers, b.args.clients()...)
	}
	seen := map[string]bool{}
	for _, r := range b.args.Routes {
		for _, backend := range r.Backends {
			to := backend.Pods
			if seen[to.To.Name] {
				continue
			}
			seen[to.To.Name] = true
			ports := slices.Clone(to.Ports)
			if b.args.looks() && r.Health.Port != 0 && r.Health.Port != ports[0].Number {
				ports = append(ports, binding.Port{Number: r.Health.Port})
			}
			policy, err := workload.Enter(b.ctx, b.name+"-to-"+to.To.Name, b.id, to.To, callers, ports, b.opening()...)
			if err != nil {
				return err
			}
			b.before = append(b.before, policy)
		}
	}
	return nil
}

// opening are the options of a policy, which nothing but the namespace comes before.
func (b *builder) opening() []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Parent(b.edge), pulumi.DependsOn(b.args.Namespace.Ready)}
}

// clients are those who connect to a load balancer, which leaves them their addresses.
func (a *Args) clients() []binding.Peer {
	ranges := a.SourceRanges
	if len(ranges) == 0 {
		ranges = []string{"0.0.0.0/0", "::/0"}
	}
	var peers []binding.Peer
	for _, cidr := range ranges {
		peers = append(peers, binding.Peer{CIDR: cidr})
	}
	return peers
}

// looks says whether those who pass requests on ask a pod's port for its health themselves. Others go by readiness.
func (a *Args) looks() bool {
	if a.Kind == LoadBalancer {
		return a.Balancer.Pods
	}
	return a.Controller == ALB || a.Controller == Lattice || a.Controller == GKE
}

// hosts are those of all routes, sorted; the empty one among them where a route is for every host.
func (a *Args) hosts() []string {
	var hosts []string
	for _, r := range a.Routes {
		hosts = append(hosts, r.Host)
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// paths are the routes of a host, the longest path first: /api/ before /.
func (a *Args) paths(host string) []Route {
	routes := slices.DeleteFunc(slices.Clone(a.Routes), func(r Route) bool { return r.Host != host })
	slices.SortStableFunc(routes, func(x, y Route) int {
		if d := len(y.Path) - len(x.Path); d != 0 {
			return d
		}
		return strings.Compare(x.Path, y.Path)
	})
	return routes
}

// dns are annotations for external-dns: the hosts where it does not find them by itself, and how long a record holds
// (https://kubernetes-sigs.github.io/external-dns/latest/docs/annotations/annotations/).
func (a *Args) dns(hosts ...string) map[string]string {
	if !a.ExternalDNS {
		return nil
	}
	annotations := map[string]string{"external-dns.alpha.kubernetes.io/ttl": fmt.Sprint(a.TTL)}
	if hosts = slices.DeleteFunc(hosts, func(h string) bool { return h == "" }); len(hosts) > 0 {
		annotations["external-dns.alpha.kubernetes.io/hostname"] = strings.Join(hosts, ",")
	}
	return annotations
}

// meta is the metadata of an object, with annotations of which a later one counts.
func (b *builder) meta(name string, annotations ...map[string]string) metav1.ObjectMetaArgs {
	meta := b.id.Meta(name)
	all := pulumi.StringMap{}
	for _, of := range annotations {
		for key, value := range of {
			all[key] = pulumi.String(value)
		}
	}
	if len(all) > 0 {
		meta.Annotations = all
	}
	return meta
}
