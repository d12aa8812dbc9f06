// Package environment composes one environment out of its configuration: the platform, then what runs on it, in the
// order of their dependencies. It is the only place where configuration meets components.
package environment

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi-tls/sdk/v5/go/tls"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/app"
	"plinth/components/binding"
	"plinth/components/database/replicated"
	"plinth/components/objectstore"
	"plinth/components/platform"
	"plinth/components/proxy"
	"plinth/components/secrets"
	"plinth/components/workload"
	"plinth/config"
)

// Program deploys one environment: the stack that it runs for. keys names every configuration key of the stack, so that
// an unknown one is refused rather than overlooked; it is called when the program runs. platforms are the clouds that
// the stack may choose from: a program that is built without one need not compile its SDK.
func Program(keys func() []string, platforms ...platform.Platform) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		cfg, err := load(ctx, keys())
		if err != nil {
			return err
		}
		for _, warning := range cfg.Warnings {
			if err := ctx.Log.Warn(warning, nil); err != nil {
				return fmt.Errorf("warning of %s: %w", warning, err)
			}
		}
		e := &environment{
			ctx: ctx, cfg: cfg, platforms: platforms,
			partOf: workload.Name(workload.MaxLabel, ctx.Project(), ctx.Stack()),
		}
		for _, step := range []func() error{
			e.platform, e.operators, e.namespaces, e.isolation, e.secretsBackend, e.objectStores, e.databases, e.archives,
			e.applications, e.proxy, e.edge, e.handOver, e.outputs,
		} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	}
}

// load reads the configuration through Pulumi, which has decrypted it.
func load(ctx *pulumi.Context, keys []string) (*config.Config, error) {
	raw := map[string]string{}
	var secret []string
	for _, key := range keys {
		if value, ok := ctx.GetConfig(key); ok {
			raw[key] = value
		}
		if ctx.IsConfigSecret(key) {
			secret = append(secret, key)
		}
	}
	return config.Load(ctx.Stack(), raw, secret)
}

// environment is an environment in the making.
type environment struct {
	ctx    *pulumi.Context
	cfg    *config.Config
	partOf string
	// platforms are the clouds there are.
	platforms []platform.Platform

	cluster   platform.Cluster
	namespace *workload.Namespace
	// further are the other namespaces by name.
	further map[string]*workload.Namespace
	// generated makes what is random: its provider, since none is there by default.
	generated *random.Provider
	// certificates makes keys and certificates: its provider.
	certificates *tls.Provider
	// replicated are the databases that run in the cluster as a primary with replicas.
	replicated map[string]*replicated.Database
	// offered are the databases of every engine, by name.
	offered map[string]offered
	// operator is what everything of an operator's kinds depends on, by the operator's name.
	operator map[string][]pulumi.Resource
	// secrets is where the apps' secret values come from, keeper where those go that are made here.
	secrets secrets.Backend
	keeper  secrets.Keeper
	// signing are the halves of key pairs that are made here, by the names that apps have for them.
	signing map[string]pulumi.StringInput
	// buckets lead an app to each of them.
	buckets  map[string]func(app string) objectstore.Bucket
	apps     map[string]*app.App
	entrance *proxy.Proxy
	// handed are the bindings of apps that are handed over.
	handed []binding.Binding
}

func (e *environment) namespaces() (err error) {
	quota := e.cfg.Namespace.Quota
	e.namespace, err = workload.NewNamespace(e.ctx, "namespace", &workload.NamespaceArgs{
		Name: e.cfg.Namespace.Name, PartOf: e.partOf, Protect: e.cfg.Namespace.Protect,
		Retain: e.retains(),
		Quota: workload.Quota{
			Pods: quota.Pods, CPU: quota.CPU, Memory: quota.Memory, Storage: quota.Storage,
			NodePorts: nodePorts(&e.cfg.Edge),
		},
	}, e.inCluster()...)
	if err != nil {
		return err
	}
	e.further = map[string]*workload.Namespace{}
	for _, name := range slices.Sorted(maps.Keys(e.cfg.Namespaces)) {
		c := e.cfg.Namespaces[name]
		e.further[name], err = workload.NewNamespace(e.ctx, "namespace-"+name, &workload.NamespaceArgs{
			Name: name, PartOf: e.partOf, Protect: c.Protect, Retain: e.retains(),
			Quota: workload.Quota{Pods: c.Quota.Pods, CPU: c.Quota.CPU, Memory: c.Quota.Memory, Storage: c.Quota.Storage},
		}, e.inCluster()...)
		if err != nil {
			return err
		}
	}
	// A connection between two of them has a policy in each: everything waits for all.
	var ready []pulumi.Resource
	for _, space := range e.spaces() {
		ready = append(ready, space.Ready...)
	}
	for _, space := range e.spaces() {
		space.Ready = slices.Clone(ready)
	}
	return nil
}

// in is the namespace of this name, the stack's own where it is empty.
func (e *environment) in(name string) *workload.Namespace {
	if further, found := e.further[name]; found {
		return further
	}
	return e.namespace
}

// spaces are all namespaces, the stack's own first.
func (e *environment) spaces() []*workload.Namespace {
	all := []*workload.Namespace{e.namespace}
	for _, name := range slices.Sorted(maps.Keys(e.further)) {
		all = append(all, e.further[name])
	}
	return all
}

// inCluster are the options of every component that lives in the cluster.
func (e *environment) inCluster() []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Providers(e.cluster.Kubernetes(), e.generated, e.certificates)}
}

func (e *environment) outputs() error {
	e.ctx.Export("namespace", pulumi.String(e.namespace.Name))
	urls := pulumi.StringMap{}
	for _, name := range slices.Sorted(maps.Keys(e.apps)) {
		if url := e.apps[name].URL; url != "" {
			urls[name] = pulumi.String(url)
		}
	}
	e.ctx.Export("appUrls", urls)
	if e.entrance != nil {
		e.ctx.Export("url", pulumi.String(e.entrance.App.URL))
	}
	return nil
}
