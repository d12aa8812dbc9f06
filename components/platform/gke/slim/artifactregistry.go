package slim

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/bytoken"
)

// Repository is one of Artifact Registry.
type Repository struct {
	pulumi.CustomResourceState

	Name pulumi.StringOutput `pulumi:"name"`
}

// RepositoryArgs are the properties of a [Repository].
type RepositoryArgs struct {
	RepositoryID pulumi.StringInput `pulumi:"repositoryId"`
	Location     pulumi.StringInput `pulumi:"location"`
	Format       pulumi.StringInput `pulumi:"format"`
	Description  pulumi.StringInput `pulumi:"description"`
	DockerConfig *DockerConfig      `pulumi:"dockerConfig"`
	KMSKeyName   pulumi.StringInput `pulumi:"kmsKeyName"`
}

// DockerConfig is what is special about a repository of images.
type DockerConfig struct {
	ImmutableTags pulumi.BoolInput `pulumi:"immutableTags"`
}

// NewRepository makes a repository.
func NewRepository(
	ctx *pulumi.Context, name string, args *RepositoryArgs, opts ...pulumi.ResourceOption,
) (*Repository, error) {
	return bytoken.Register(ctx, "gcp:artifactregistry/repository:Repository", name, args, &Repository{}, opts)
}

// RepositoryBinding says who has a role on a repository.
type RepositoryBinding struct {
	pulumi.CustomResourceState
}

// RepositoryBindingArgs are the properties of a [RepositoryBinding].
type RepositoryBindingArgs struct {
	Location   pulumi.StringInput      `pulumi:"location"`
	Repository pulumi.StringInput      `pulumi:"repository"`
	Role       pulumi.StringInput      `pulumi:"role"`
	Members    pulumi.StringArrayInput `pulumi:"members"`
}

// NewRepositoryBinding gives a role on a repository to the members named, and takes it from everybody else.
func NewRepositoryBinding(
	ctx *pulumi.Context, name string, args *RepositoryBindingArgs, opts ...pulumi.ResourceOption,
) (*RepositoryBinding, error) {
	return bytoken.Register(ctx, "gcp:artifactregistry/repositoryIamBinding:RepositoryIamBinding", name, args,
		&RepositoryBinding{}, opts)
}
