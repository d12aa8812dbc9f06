// Package existing is the platform of a cluster that is there already: any that a kubeconfig leads to.
package existing

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
)

var _ platform.Cluster = (*Cluster)(nil)

// Cluster leads to a cluster that somebody else made. It creates nothing there, and destroys nothing.
type Cluster struct {
	pulumi.ResourceState

	provider *kubernetes.Provider
}

// Args says which cluster.
type Args struct {
	// Kubeconfig is the path of a kubeconfig. Empty: what KUBECONFIG or the user's own kubeconfig says.
	Kubeconfig string
	// Context of the kubeconfig. Empty: its current one.
	Context string
	// Identifier names the cluster for good. The address and the credentials in the kubeconfig may change without
	// harm; another identifier means another cluster, in which everything is created anew.
	Identifier string
}

// New makes the provider for the cluster.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Cluster, error) {
	c := &Cluster{}
	if err := ctx.RegisterComponentResource("plinth:platform:Existing", name, c, opts...); err != nil {
		return nil, fmt.Errorf("registering cluster %s: %w", args.Identifier, err)
	}
	provider := &kubernetes.ProviderArgs{
		ClusterIdentifier:     pulumi.String(args.Identifier),
		EnableServerSideApply: pulumi.Bool(true),
		// A Secret keeps its name when a value changes: the pods that read it are rolled by a fingerprint instead.
		EnableSecretMutable: pulumi.Bool(true),
	}
	if args.Kubeconfig != "" {
		provider.Kubeconfig = pulumi.String(args.Kubeconfig)
	}
	if args.Context != "" {
		provider.Context = pulumi.String(args.Context)
	}
	var err error
	if c.provider, err = kubernetes.NewProvider(ctx, name+"-kubernetes", provider, pulumi.Parent(c)); err != nil {
		return nil, fmt.Errorf("creating the Kubernetes provider of cluster %s: %w", args.Identifier, err)
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"identifier": pulumi.String(args.Identifier)})
}

// Kubernetes implements [platform.Cluster].
func (c *Cluster) Kubernetes() *kubernetes.Provider { return c.provider }
