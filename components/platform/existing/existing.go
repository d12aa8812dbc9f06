// Package existing is the platform of a cluster that is there already: any that a kubeconfig leads to, or that another
// stack has made.
package existing

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/objectstore"
	"plinth/components/platform"
)

var _ platform.Cluster = (*Cluster)(nil)

// Cluster leads to a cluster that somebody else made. It creates nothing there, and destroys nothing.
type Cluster struct {
	pulumi.ResourceState

	provider     *kubernetes.Provider
	kubeconfig   pulumi.StringOutput
	storageClass string
}

// Args says which cluster.
type Args struct {
	// Kubeconfig is the path of a kubeconfig. Empty: what KUBECONFIG or the user's own kubeconfig says.
	Kubeconfig string
	// Context of the kubeconfig. Empty: its current one.
	Context string
	// Stack is the full name of another stack whose outputs lead to its cluster, instead of a kubeconfig: see
	// [Outputs].
	Stack string
	// Identifier names the cluster for good. The address and the credentials in the kubeconfig may change without
	// harm; another identifier means another cluster, in which everything is created anew. Empty: what the other stack
	// says.
	Identifier string
}

// The outputs of a stack that has a cluster of its own.
const (
	// KubeconfigOutput leads to the cluster; it is secret.
	KubeconfigOutput = "kubeconfig"
	// IdentifierOutput is the identifier of the cluster.
	IdentifierOutput = "clusterIdentifier"
	// StorageClassOutput names the class that volumes are made from.
	StorageClassOutput = "storageClass"
)

// New makes the provider for the cluster.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Cluster, error) {
	c := &Cluster{}
	if err := ctx.RegisterComponentResource("plinth:platform:Existing", name, c, opts...); err != nil {
		return nil, fmt.Errorf("registering cluster %s: %w", args.Identifier, err)
	}
	identifier, err := c.find(ctx, name, args)
	if err != nil {
		return nil, fmt.Errorf("finding the cluster of stack %s: %w", args.Stack, err)
	}
	provider := &kubernetes.ProviderArgs{
		ClusterIdentifier:     pulumi.String(identifier),
		EnableServerSideApply: pulumi.Bool(true),
		// A Secret keeps its name when a value changes: the pods that read it are rolled by a fingerprint instead.
		EnableSecretMutable: pulumi.Bool(true),
	}
	switch {
	case args.Stack != "":
		provider.Kubeconfig = c.kubeconfig
	case args.Kubeconfig != "":
		provider.Kubeconfig = pulumi.String(args.Kubeconfig)
	}
	if args.Context != "" {
		provider.Context = pulumi.String(args.Context)
	}
	if c.provider, err = kubernetes.NewProvider(ctx, name+"-kubernetes", provider, pulumi.Parent(c)); err != nil {
		return nil, fmt.Errorf("creating the Kubernetes provider of cluster %s: %w", identifier, err)
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"identifier": pulumi.String(identifier)})
}

// find says where the cluster is, and returns its identifier. Without another stack a kubeconfig says it, which is not
// Plinth's to hand on.
func (c *Cluster) find(ctx *pulumi.Context, name string, args *Args) (identifier string, err error) {
	c.kubeconfig = pulumi.ToSecret(pulumi.String("")).(pulumi.StringOutput)
	if args.Stack == "" {
		return args.Identifier, nil
	}
	other, err := pulumi.NewStackReference(ctx, name+"-stack", &pulumi.StackReferenceArgs{Name: pulumi.String(args.Stack)},
		pulumi.Parent(c))
	if err != nil {
		return "", err
	}
	c.kubeconfig = pulumi.ToSecret(other.GetStringOutput(pulumi.String(KubeconfigOutput))).(pulumi.StringOutput)
	if c.storageClass, err = plain(ctx, other, StorageClassOutput); err != nil {
		return "", err
	}
	if args.Identifier != "" {
		return args.Identifier, nil
	}
	if identifier, err = plain(ctx, other, IdentifierOutput); identifier == "" && err == nil {
		// A preview before the other stack is deployed: there is nothing that another identifier could replace.
		identifier = args.Stack
	}
	return identifier, err
}

// plain reads an output of another stack now: what it says decides which resources there are, or is part of what must
// be known in a preview. A preview may find nothing.
func plain(ctx *pulumi.Context, other *pulumi.StackReference, output string) (string, error) {
	details, err := other.GetOutputDetails(output)
	if err != nil {
		return "", fmt.Errorf("reading its output %s: %w", output, err)
	}
	text, ok := details.Value.(string)
	if !ok && !ctx.DryRun() {
		return "", fmt.Errorf("it has no output %s: deploy it first, with a cluster of its own", output)
	}
	return text, nil
}

// Kubernetes implements [platform.Cluster].
func (c *Cluster) Kubernetes() *kubernetes.Provider { return c.provider }

// Kubeconfig implements [platform.Cluster]. It is empty for a cluster that the user's own kubeconfig leads to.
func (c *Cluster) Kubeconfig() pulumi.StringOutput { return c.kubeconfig }

// StorageClass implements [platform.Cluster].
func (c *Cluster) StorageClass() string { return c.storageClass }

// errNoCloud is the answer to whatever only a cloud can give.
var errNoCloud = errors.New("the cluster exists already, and nothing is known of a cloud around it: " +
	"set plinth:cloud to aws or gcp, or do without")

// Identity implements [platform.Cluster]: there is no cloud whose permissions it could give.
func (c *Cluster) Identity(
	_ *pulumi.Context, name string, _ *platform.IdentityArgs, _ ...pulumi.ResourceOption,
) (*platform.Identity, error) {
	return nil, fmt.Errorf("giving %s permissions in the cloud: %w", name, errNoCloud)
}

// Bucket implements [platform.Cluster]: there is no cloud that could keep one.
func (c *Cluster) Bucket(
	_ *pulumi.Context, name string, _ *platform.BucketArgs, _ ...pulumi.ResourceOption,
) (*objectstore.Bucket, error) {
	return nil, fmt.Errorf("making bucket %s: %w", name, errNoCloud)
}

// SecretStore implements [platform.Cluster]: there is no cloud that could keep secrets.
func (c *Cluster) SecretStore(
	_ *pulumi.Context, name string, _ *platform.SecretStoreArgs, _ ...pulumi.ResourceOption,
) (*platform.SecretStore, error) {
	return nil, fmt.Errorf("making secret store %s: %w", name, errNoCloud)
}

// Database implements [platform.Cluster]: there is no cloud that could run one.
func (c *Cluster) Database(
	_ *pulumi.Context, _ string, args *platform.DatabaseArgs, _ ...pulumi.ResourceOption,
) (*platform.Database, error) {
	return nil, fmt.Errorf("having a cloud run database %s: %w", args.Called, errNoCloud)
}

// Repository implements [platform.Cluster]: there is no cloud that could have made one.
func (c *Cluster) Repository(name string) (pulumi.StringOutput, error) {
	return pulumi.StringOutput{}, fmt.Errorf("finding image repository %s: %w", name, errNoCloud)
}
