package environment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/edge"
	"plinth/components/operators"
	"plinth/components/proxy"
	"plinth/components/workload"
	"plinth/config"
)

// edge is the last thing that is made: what it leads to is there, and on destroy it goes first.
func (e *environment) edge() error {
	c := &e.cfg.Edge
	if !c.Serves() || e.cfg.GitOps.HandsOver() {
		return nil
	}
	args := &edge.Args{
		Namespace: e.namespace, PartOf: e.partOf, Kind: edge.Kind(c.Kind), Class: c.Class,
		Controller: edge.Controller(c.Controller.Kind), Callers: callers(c),
		TLS: edge.TLS{
			Issuer: c.TLS.Issuer, ClusterWide: c.TLS.IssuerKind == config.ClusterIssuer, Secret: c.TLS.Secret,
			Managed: c.TLS.Managed,
		},
		Redirect: c.Redirect, Internal: c.Internal, SourceRanges: c.SourceRanges, Balancer: balancer(c),
		HTTP: c.Ports.HTTP, HTTPS: c.Ports.HTTPS,
		ExternalDNS: c.DNS.Records == config.ExternalDNS, TTL: c.DNS.TTL,
		Annotations: c.Annotations, Await: c.Await, Timeout: c.Timeout,
	}
	for _, route := range c.Routes {
		args.Routes = append(args.Routes, e.route(route))
		if route.App == config.ToProxy {
			args.BodySize = e.cfg.Proxy.BodySize
		}
	}
	var err error
	if args.Needs, err = e.edgeNeeds(args); err != nil {
		return err
	}
	made, err := edge.New(e.ctx, "edge", args, e.inCluster()...)
	if err != nil {
		return err
	}
	e.ctx.Export("edgeAddress", made.Address)
	e.ctx.Export("edgeHosts", pulumi.ToStringArray(c.Hosts()))
	e.ctx.Export("edgeOrigins", pulumi.ToStringArray(c.Origins()))
	return nil
}

// callers are those who pass the edge's requests on.
func callers(c *config.Edge) []binding.Peer {
	var peers []binding.Peer
	if from := c.Controller; from.Namespace != "" && c.Kind != config.EdgeLoadBalancer {
		peers = append(peers, binding.Peer{Name: from.Namespace, Namespace: from.Namespace, Selector: from.Labels})
	}
	for _, cidr := range c.Controller.CIDRs {
		peers = append(peers, binding.Peer{CIDR: cidr})
	}
	return peers
}

func balancer(c *config.Edge) edge.Balancer {
	b := edge.Balancer{Pods: c.LoadBalancer.Targets == config.TargetPods}
	if c.LoadBalancer.On != config.Existing {
		b.Cloud = edge.Cloud(c.LoadBalancer.On)
	}
	return b
}

// nodePorts is how many ports of each node the edge takes.
func nodePorts(c *config.Edge) int {
	if c.Kind == config.EdgeLoadBalancer && balancer(c).NodePorts() {
		return 1
	}
	return 0
}

// route leads to the proxy or to an app.
func (e *environment) route(c config.EdgeRoute) edge.Route {
	r := edge.Route{Host: c.Host, Path: c.Path}
	if c.App == config.ToProxy {
		id := workload.ID{Name: config.ToProxy, PartOf: e.partOf, Namespace: e.in(e.cfg.Proxy.Namespace).Name}
		r.Backends = []workload.Backend{e.entrance.Backend(id)}
		r.Health.Path, r.Health.Port = proxy.Health()
		r.Ready = e.entrance.App.Ready
		return r
	}
	app, to := e.cfg.Apps[c.App], e.apps[c.App]
	r.Backends, r.Ready = to.Backends, to.Ready
	if probe := app.Probes.Readiness; probe != nil && probe.Path != "" {
		for _, port := range app.Ports {
			if port.Name == probe.Port {
				r.Health = edge.Health{Path: probe.Path, Port: port.Container}
			}
		}
	}
	return r
}

// edgeNeeds are what must be in the cluster for as long as the edge is: definitions of its kinds, of which a preview
// already makes sure, and cert-manager where it makes the certificate.
func (e *environment) edgeNeeds(args *edge.Args) ([]pulumi.Resource, error) {
	var needs []pulumi.Resource
	if args.TLS.Issuer != "" {
		if e.operator[operators.CertManager] == nil {
			found, err := operators.Find(e.ctx, "edge-"+operators.CertManager, operators.CertManager, e.inCluster()...)
			if err != nil {
				return nil, err
			}
			e.operator[operators.CertManager] = found.Ready
		}
		needs = append(needs, e.operator[operators.CertManager]...)
	}
	definitions := args.Definitions()
	if len(definitions) == 0 {
		return needs, nil
	}
	found, err := operators.FindKinds(e.ctx, "edge-definitions", fmt.Sprintf("plinth:edge.kind %s", args.Kind),
		"install the controller of the class "+args.Class+" with its definitions", definitions, e.inCluster()...)
	if err != nil {
		return nil, err
	}
	return append(needs, found.Ready...), nil
}

// edgeVariables tell an app at which hosts it is reached, and which pages' requests are the environment's own.
func edgeVariables(cfg *config.Config, app string) binding.Binding {
	var b binding.Binding
	for name, values := range map[string][]string{
		cfg.Apps[app].Edge.Hosts: cfg.HostsOf(app), cfg.Apps[app].Edge.Origins: cfg.Edge.Origins(),
	} {
		if name != "" {
			b.Env = append(b.Env, binding.Variable{Name: name, Value: pulumi.String(strings.Join(values, ","))})
		}
	}
	slices.SortFunc(b.Env, func(x, y binding.Variable) int { return strings.Compare(x.Name, y.Name) })
	return b
}
