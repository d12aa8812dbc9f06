package gke

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/gke/slim"
)

var (
	_ platform.Platform = Platform{}
	_ platform.Cluster  = (*Cluster)(nil)
)

// Platform makes clusters on Google Cloud.
type Platform struct{}

// Cloud implements [platform.Platform].
func (Platform) Cloud() string { return "gcp" }

// New implements [platform.Platform].
func (Platform) New(
	ctx *pulumi.Context, name string, args *platform.Args, opts ...pulumi.ResourceOption,
) (platform.Cluster, error) {
	return New(ctx, name, args, opts...)
}

// Cluster is a GKE cluster in a network of its own, with nodes, storage, logs, image repositories and identities.
type Cluster struct {
	pulumi.ResourceState

	// name is the component's, args what it was made from.
	name string
	args *platform.Args

	provider *gcp.Provider
	// apis are those that are switched on, by name.
	apis map[string]pulumi.Resource
	// registryAgent is the account that Artifact Registry acts as.
	registryAgent *slim.ServiceIdentity
	// number is the project's, which Google's own accounts are named after.
	number  pulumi.StringOutput
	network network
	// account is what nodes act as.
	account *slim.Account
	// key is the environment's own, nil where Google's keys do.
	key        *key
	cluster    *slim.Cluster
	kubeconfig pulumi.StringOutput
	kubernetes *kubernetes.Provider
	// accessLogs is where buckets write down who used them, nil before there is one.
	accessLogs *accessLogs
	// databases are what those share.
	databases *databases
	// registry holds the image repositories, nil where there are none.
	registry *slim.Repository
}

// New builds network, cluster, nodes and what belongs to them. What can be wrong in args is found before the first
// resource is registered.
func New(
	ctx *pulumi.Context, name string, args *platform.Args, opts ...pulumi.ResourceOption,
) (*Cluster, error) {
	if err := check(args); err != nil {
		return nil, fmt.Errorf("building the cluster of %s: %w", args.Environment, err)
	}
	c := &Cluster{name: name, args: args, apis: map[string]pulumi.Resource{}}
	if err := ctx.RegisterComponentResource("plinth:platform:Gke", name, c, opts...); err != nil {
		return nil, fmt.Errorf("registering cluster %s: %w", args.Identifier, err)
	}
	if err := c.build(ctx); err != nil {
		return nil, fmt.Errorf("building the cluster of %s: %w", args.Environment, err)
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"identifier": pulumi.String(args.Identifier), "kubeconfig": c.kubeconfig,
	})
}

// build makes everything. The order is that of the text alone: what waits for what is said by dependencies, so that the
// NAT comes up while the control plane does, and groups of nodes beside each other.
func (c *Cluster) build(ctx *pulumi.Context) error {
	if err := c.connect(ctx); err != nil {
		return err
	}
	if err := c.makeProject(ctx); err != nil {
		return err
	}
	if err := c.makeNetwork(ctx); err != nil {
		return err
	}
	if err := c.makeAccount(ctx); err != nil {
		return err
	}
	if err := c.makeKey(ctx); err != nil {
		return err
	}
	if err := c.makeDatabases(ctx); err != nil {
		return err
	}
	if err := c.makeCluster(ctx); err != nil {
		return err
	}
	needs, err := c.makeAdmins(ctx)
	if err != nil {
		return err
	}
	for _, part := range []func(*pulumi.Context) ([]pulumi.Resource, error){
		c.makeNodes, c.makeRegistry, c.makeLogs,
	} {
		made, err := part(ctx)
		if err != nil {
			return err
		}
		needs = append(needs, made...)
	}
	return c.makeKubernetes(ctx, append(needs, c.network.egress...))
}

// connect makes the provider. Its labels mark everything that takes labels from it: orphans are found by them.
func (c *Cluster) connect(ctx *pulumi.Context) error {
	var err error
	c.provider, err = gcp.NewProvider(ctx, c.name+"-gcp", &gcp.ProviderArgs{
		Project:       pulumi.String(c.args.Location.Account),
		Region:        pulumi.String(c.args.Location.Region),
		DefaultLabels: c.labels(),
	}, pulumi.Parent(c))
	if err != nil {
		return fmt.Errorf("creating the provider of project %s: %w", c.args.Location.Account, err)
	}
	return nil
}

// makeKubernetes makes the provider for everything in the cluster. By what it waits for, objects in the cluster are
// made when they can work, and are gone before the first thing goes that they need in order to be taken away: access,
// nodes, the way out. Storage and names are Google's part of the cluster, and go with it.
func (c *Cluster) makeKubernetes(ctx *pulumi.Context, needs []pulumi.Resource) error {
	c.kubeconfig = c.makeKubeconfig()
	var err error
	c.kubernetes, err = kubernetes.NewProvider(ctx, c.name+"-kubernetes", &kubernetes.ProviderArgs{
		Kubeconfig:            c.kubeconfig,
		ClusterIdentifier:     pulumi.String(c.args.Identifier),
		EnableServerSideApply: pulumi.Bool(true),
		// A Secret keeps its name when a value changes: the pods that read it are rolled by a fingerprint instead.
		EnableSecretMutable: pulumi.Bool(true),
	}, pulumi.Parent(c), pulumi.DependsOn(needs))
	if err != nil {
		return fmt.Errorf("creating the Kubernetes provider: %w", err)
	}
	return c.makeStorageClass(ctx)
}

// Kubernetes implements [platform.Cluster].
func (c *Cluster) Kubernetes() *kubernetes.Provider { return c.kubernetes }

// Kubeconfig implements [platform.Cluster].
func (c *Cluster) Kubeconfig() pulumi.StringOutput { return c.kubeconfig }

// StorageClass implements [platform.Cluster].
func (c *Cluster) StorageClass() string { return storageClass }

// Repository implements [platform.Cluster].
func (c *Cluster) Repository(name string) (pulumi.StringOutput, error) {
	for _, known := range c.args.Repositories {
		if known == name {
			return pulumi.Sprintf("%s/%s", c.registryAddress(), name), nil
		}
	}
	return pulumi.StringOutput{}, fmt.Errorf("image repository %q: %w", name, errors.New(
		"the platform made none of that name: list it in cluster.repositories"))
}

// child are the options of a resource of ours: opts and what all have in common. They are a fresh slice every time.
func (c *Cluster) child(opts ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(c), pulumi.Provider(c.provider)}, opts...)
}

// guarded are those of what is missed when it is gone. Protect keeps Pulumi from deleting it.
func (c *Cluster) guarded(opts ...pulumi.ResourceOption) []pulumi.ResourceOption {
	if c.args.Protect {
		opts = append(opts, pulumi.Protect(true))
	}
	return c.child(opts...)
}

// kept are those of what holds data, or is needed to read it: left where it is when the rest is destroyed.
func (c *Cluster) kept(opts ...pulumi.ResourceOption) []pulumi.ResourceOption {
	if c.args.Retain {
		opts = append(opts, pulumi.RetainOnDelete(true))
	}
	return c.child(opts...)
}

// labels are the environment's tags as Google Cloud takes them.
func (c *Cluster) labels() pulumi.StringMap {
	labels := pulumi.StringMap{}
	for key, value := range c.args.Tags {
		labels[label(key)] = pulumi.String(label(value))
	}
	return labels
}

// labelText is the same as the storage driver reads it: KEY=VALUE, separated by commas.
func (c *Cluster) labelText() string {
	var all []string
	for _, key := range sorted(c.args.Tags) {
		all = append(all, label(key)+"="+label(c.args.Tags[key]))
	}
	return strings.Join(all, ",")
}
