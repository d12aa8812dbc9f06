package eks

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/eks/slim"
	"plinth/components/workload"
)

var (
	_ platform.Platform = Platform{}
	_ platform.Cluster  = (*Cluster)(nil)
)

// Platform makes clusters on AWS.
type Platform struct{}

// Cloud implements [platform.Platform].
func (Platform) Cloud() string { return "aws" }

// New implements [platform.Platform].
func (Platform) New(
	ctx *pulumi.Context, name string, args *platform.Args, opts ...pulumi.ResourceOption,
) (platform.Cluster, error) {
	return New(ctx, name, args, opts...)
}

// Cluster is an EKS cluster in a network of its own, with nodes, storage, logs, image repositories and identities.
type Cluster struct {
	pulumi.ResourceState

	// name is the component's, args what it was made from.
	name string
	args *platform.Args
	// versions are those that go with args.Version.
	versions versions

	provider *aws.Provider
	// account is the account's id.
	account pulumi.StringOutput
	network network
	// key is the environment's own, nil where AWS's keys do.
	key     *slim.Key
	cluster *awseks.Cluster
	// podIdentity is the agent that hands identities to pods.
	podIdentity *awseks.Addon
	kubeconfig  pulumi.StringOutput
	kubernetes  *kubernetes.Provider
	// tokensFrom is the cluster as an identity provider, nil before anybody needs it.
	tokensFrom *iam.OpenIdConnectProvider
	// accessLogs is where buckets write down who used them, nil before there is one.
	accessLogs *slim.Bucket
	// databases are what those share.
	databases *databases
	// repositories by the name that args gives them.
	repositories map[string]*slim.Repository
}

// New builds network, cluster, nodes and what belongs to them. What can be wrong in args is found before the first
// resource is registered.
func New(
	ctx *pulumi.Context, name string, args *platform.Args, opts ...pulumi.ResourceOption,
) (*Cluster, error) {
	subnets, err := cut(args.Network.CIDR, len(args.Location.Zones))
	if err != nil {
		return nil, fmt.Errorf("cutting the network of %s: %w", args.Environment, err)
	}
	pinned, err := pins(args.Version)
	if err != nil {
		return nil, fmt.Errorf("building the cluster of %s: %w", args.Environment, err)
	}
	if err := checkNodes(args.Nodes); err != nil {
		return nil, fmt.Errorf("building the nodes of %s: %w", args.Environment, err)
	}

	c := &Cluster{name: name, args: args, versions: pinned, repositories: map[string]*slim.Repository{}}
	if err := ctx.RegisterComponentResource("plinth:platform:Eks", name, c, opts...); err != nil {
		return nil, fmt.Errorf("registering cluster %s: %w", args.Identifier, err)
	}
	if err := c.build(ctx, subnets); err != nil {
		return nil, fmt.Errorf("building the cluster of %s: %w", args.Environment, err)
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"identifier": pulumi.String(args.Identifier), "kubeconfig": c.kubeconfig,
	})
}

// build makes everything. The order is that of the text alone: what waits for what is said by dependencies, so that the
// NAT gateways come up while the control plane does, and groups of nodes beside each other.
func (c *Cluster) build(ctx *pulumi.Context, subnets []ranges) error {
	var err error
	if err = c.connect(ctx); err != nil {
		return err
	}
	if err = c.makeNetwork(ctx, subnets); err != nil {
		return err
	}
	if err = c.makeKey(ctx); err != nil {
		return err
	}
	if err = c.makeDatabases(ctx); err != nil {
		return err
	}
	if c.args.Network.FlowLogs {
		if err = c.makeFlowLog(ctx); err != nil {
			return err
		}
	}
	if err = c.makeCluster(ctx); err != nil {
		return err
	}
	admins, err := c.makeAdmins(ctx)
	if err != nil {
		return err
	}
	early, err := c.makeEarlyAddons(ctx)
	if err != nil {
		return err
	}
	nodeRole, nodes, err := c.makeNodes(ctx, early)
	if err != nil {
		return err
	}
	late, err := c.makeLateAddons(ctx, nodes)
	if err != nil {
		return err
	}
	if err = c.makeRepositories(ctx, nodeRole); err != nil {
		return err
	}
	return c.makeKubernetes(ctx, admins, nodes, late)
}

// connect makes the provider. Its tags mark everything that can be tagged: orphans are found by them.
func (c *Cluster) connect(ctx *pulumi.Context) error {
	args := &aws.ProviderArgs{
		Region:      pulumi.String(c.args.Location.Region),
		DefaultTags: aws.ProviderDefaultTagsArgs{Tags: workload.StringMap(c.args.Tags)},
	}
	if c.args.Location.Account != "" {
		// Credentials of another account are refused before anything is made there.
		args.AllowedAccountIds = pulumi.StringArray{pulumi.String(c.args.Location.Account)}
	}
	var err error
	if c.provider, err = aws.NewProvider(ctx, c.name+"-aws", args, pulumi.Parent(c)); err != nil {
		return fmt.Errorf("creating the provider of %s: %w", c.args.Location.Region, err)
	}
	return nil
}

// makeKubernetes makes the provider for everything in the cluster. By what it waits for, objects in the cluster are
// made when they can work, and are gone before the first thing goes that they need in order to be taken away: access,
// nodes, the way out, storage and names.
func (c *Cluster) makeKubernetes(ctx *pulumi.Context, admins, nodes []pulumi.Resource, late lateAddons) error {
	c.kubeconfig = c.makeKubeconfig()
	needs := []pulumi.Resource{late.dns, late.storage}
	needs = append(needs, admins...)
	needs = append(needs, nodes...)
	needs = append(needs, c.network.egress...)
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
	made, found := c.repositories[name]
	if !found {
		return pulumi.StringOutput{}, fmt.Errorf("image repository %q: %w", name, errors.New(
			"the platform made none of that name: list it in cluster.repositories"))
	}
	return made.RepositoryURL, nil
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

// kept are those of what holds data, or is needed to read it: guarded, and left where it is when the rest is destroyed.
func (c *Cluster) kept() []pulumi.ResourceOption {
	var opts []pulumi.ResourceOption
	if c.args.Retain {
		opts = append(opts, pulumi.RetainOnDelete(true))
	}
	return c.guarded(opts...)
}

// tags name a resource as people see it in the console. The provider adds all other tags.
func (c *Cluster) tags(part string) pulumi.StringMap {
	return pulumi.StringMap{"Name": pulumi.String(workload.Name(maxTagValue, c.physical(), part))}
}

// physical is the cluster's name in the account, and the beginning of the names around it. The generation comes after a
// character that no environment's name holds, so that no two environments share one.
func (c *Cluster) physical() string {
	name := c.args.Environment
	if c.args.Generation > 1 {
		name += "_" + strconv.Itoa(c.args.Generation)
	}
	return workload.Name(maxCluster, name)
}
