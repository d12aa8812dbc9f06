package environment

import (
	"fmt"
	"maps"
	"slices"

	"plinth/components/app"
	"plinth/components/binding"
	"plinth/components/platform"
	"plinth/components/workload"
	"plinth/config"
)

func (e *environment) applications() error {
	e.apps = map[string]*app.App{}
	edges := e.calls()
	for _, name := range slices.Sorted(maps.Keys(e.cfg.Apps)) {
		args := e.app(name, e.cfg.Apps[name], edges[name])
		values, err := e.useSecrets(name, e.cfg.Apps[name])
		if err != nil {
			return err
		}
		args.Bindings = append(values, args.Bindings...)
		if err := e.useBucket(name, e.cfg.Apps[name], args); err != nil {
			return err
		}
		if err := e.identify(name, args); err != nil {
			return err
		}
		if e.cfg.GitOps.HandsOver() {
			e.hand(args.Bindings)
			continue
		}
		made, err := app.New(e.ctx, name, args, e.inCluster()...)
		if err != nil {
			return err
		}
		e.apps[name] = made
	}
	return nil
}

// identify gives an app the permissions in the cloud that what it uses takes, by its own service account: no key is
// handed out, and no other pod has them.
func (e *environment) identify(name string, args *app.Args) error {
	var grants []binding.Grant
	for _, bound := range args.Bindings {
		grants = append(grants, bound.Grants...)
	}
	if len(grants) == 0 {
		return nil
	}
	identity, err := e.cluster.Identity(e.ctx, name+"-identity", &platform.IdentityArgs{
		Namespace: args.Namespace.Name, ServiceAccount: name, Grants: grants,
	})
	if err != nil {
		return fmt.Errorf("application %s: %w", name, err)
	}
	args.AccountAnnotations = identity.Annotations
	args.Bindings = append(args.Bindings, binding.Binding{Edges: identity.Edges, Ready: identity.Ready})
	return nil
}

// calls turns every app's list of callers into the callers' edges.
func (e *environment) calls() map[string][]binding.Edge {
	edges := map[string][]binding.Edge{}
	for _, name := range slices.Sorted(maps.Keys(e.cfg.Apps)) {
		called := e.cfg.Apps[name]
		id := workload.ID{Name: name, PartOf: e.partOf, Namespace: e.in(called.Namespace).Name}
		for _, caller := range called.From {
			edges[caller] = append(edges[caller], binding.Edge{To: id.Peer(), Ports: ports(called.Ports).Edges()})
		}
	}
	return edges
}

// app says in the component's terms what the configuration says of one application.
func (e *environment) app(name string, c config.App, edges []binding.Edge) *app.Args {
	for _, out := range c.Egress {
		edges = append(edges, binding.Edge{
			To: binding.Peer{CIDR: out.CIDR}, Ports: []binding.Port{{Number: out.Port}},
		})
	}
	args := &app.Args{
		Namespace: e.in(c.Namespace), PartOf: e.partOf,
		Image:    e.resolve(c.Image),
		Replicas: c.Replicas, Disruption: app.Disruption(c.Disruption), User: user(c.User),
		Command: c.Command, Args: c.Args, Server: app.Server(c.Server), Workers: c.Workers,
		Ports:     ports(c.Ports),
		Startup:   probe(c.Probes.Startup, c.Ports),
		Readiness: probe(c.Probes.Readiness, c.Ports),
		Liveness:  probe(c.Probes.Liveness, c.Ports),
		Resources: resources(c.Resources),
		Env:       c.Env, Files: c.Files, Writable: c.Writable,
		Bindings: append(e.bindings(name, c.Database), edgeVariables(e.cfg, name)), Edges: edges, Public: c.Public,
		Grace: c.Grace, Drain: c.Drain, RolloutTimeout: c.RolloutTimeout,
		Strategy: app.Strategy(c.Strategy), Placement: e.placement(c.Placement), Access: e.access(c.API),
		Waivers: waivers(c.Waivers), Extras: e.extras(c.Containers), Jobs: jobs(c.Jobs), Metrics: e.metrics(c.Metrics),
	}
	if c.Canary != nil {
		args.Canary = &app.Canary{
			Image: e.resolve(c.Canary.Image), Weight: c.Canary.Weight, Replicas: c.Canary.Replicas,
		}
	}
	if m := c.Migration; m != nil {
		args.Migration = &app.Migration{
			Command: m.Command, InEveryPod: m.As == config.MigrationInitContainer, Timeout: m.Timeout,
		}
	}
	if c.Autoscaling != nil {
		scaling := app.Autoscaling(*c.Autoscaling)
		args.Autoscaling = &scaling
	}
	return args
}

func resources(r config.Resources) workload.Resources {
	return workload.Resources{Requests: workload.Amounts(r.Requests), Limits: workload.Amounts(r.Limits)}
}

func ports(list []config.Port) workload.Ports {
	out := make(workload.Ports, len(list))
	for i, p := range list {
		out[i] = workload.Port{Name: p.Name, Container: p.Container, Service: p.Service}
	}
	return out
}

func probe(p *config.Probe, ports []config.Port) *workload.Probe {
	if p == nil {
		return nil
	}
	port := p.Port
	if port == "" && len(ports) > 0 {
		port = ports[0].Name
	}
	return &workload.Probe{
		Path: p.Path, Port: port, Command: p.Command, InitialDelay: p.InitialDelay, Period: p.Period,
		Timeout: p.Timeout, Failures: p.Failures,
	}
}

func user(id *int64) *int {
	if id == nil {
		return nil
	}
	uid := int(*id)
	return &uid
}
