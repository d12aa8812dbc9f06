package operators

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/workload"
)

// Operator is an operator with its namespace.
type Operator struct {
	pulumi.ResourceState

	// Namespace is its own.
	Namespace string
	// Ready is what everything of its kinds depends on.
	Ready []pulumi.Resource
}

// Args says which operator, and where.
type Args struct {
	// Operator is one of the catalogue's.
	Operator string
	// Namespace is its own.
	Namespace string
	// PartOf names the environment.
	PartOf string
	// Images replace the catalogue's, by what they are for.
	Images map[string]string
	// Resolve puts a mirror in front of an image's registry.
	Resolve func(image string) string
	// Edges are what it connects to besides the API server and HTTPS anywhere.
	Edges []binding.Edge
	// Timeout is how long it may take to be ready, or to be gone, in seconds.
	Timeout int
}

// quota is more than any of the operators needs, twice: an update runs old and new pods at once.
func quota() workload.Quota { return workload.Quota{Pods: 20, CPU: "10", Memory: "8Gi", Storage: "0"} }

// New installs an operator and waits until it is ready.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Operator, error) {
	o := &Operator{Namespace: args.Namespace}
	if err := ctx.RegisterComponentResource("plinth:operators:Operator", name, o, opts...); err != nil {
		return nil, fmt.Errorf("registering operator %s: %w", args.Operator, err)
	}
	of, found := catalogue()[args.Operator]
	if !found {
		return nil, fmt.Errorf("operator %q: want one of %v", args.Operator, slices.Sorted(maps.Keys(catalogue())))
	}
	images := map[string]image{}
	for purpose, ref := range of.images {
		if own := args.Images[purpose]; own != "" {
			ref = own
		}
		if args.Resolve != nil {
			ref = args.Resolve(ref)
		}
		parsed, err := parse(ref)
		if err != nil {
			return nil, fmt.Errorf("operator %s: %w", args.Operator, err)
		}
		images[purpose] = parsed
	}
	namespace, err := workload.NewNamespace(ctx, name+"-namespace", &workload.NamespaceArgs{
		Name: args.Namespace, PartOf: args.PartOf, Quota: quota(),
	}, pulumi.Parent(o))
	if err != nil {
		return nil, err
	}
	child := func(after ...pulumi.Resource) []pulumi.ResourceOption {
		return []pulumi.ResourceOption{pulumi.Parent(o), pulumi.DependsOn(slices.Concat(namespace.Ready, after))}
	}
	id := workload.ID{Name: args.Operator, Component: "operator", PartOf: args.PartOf, Namespace: args.Namespace}
	open, err := openings(ctx, name, id, of.webhooks, args.Edges, child()...)
	if err != nil {
		return nil, err
	}
	installed, err := release(ctx, name+"-release", &Release{
		Name: args.Operator, Namespace: args.Namespace, Chart: of.name, Repository: of.repository, Version: of.version,
		Values: of.values(images), Timeout: args.Timeout,
	}, child(open...)...)
	if err != nil {
		return nil, err
	}
	o.Ready = []pulumi.Resource{installed}
	return o, ctx.RegisterResourceOutputs(o, pulumi.Map{"namespace": pulumi.String(o.Namespace)})
}
