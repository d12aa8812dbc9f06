package slim

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/bytoken"
)

// Repository holds images.
type Repository struct {
	pulumi.CustomResourceState

	Name          pulumi.StringOutput `pulumi:"name"`
	RepositoryURL pulumi.StringOutput `pulumi:"repositoryUrl"`
}

// RepositoryArgs are the properties of a [Repository].
type RepositoryArgs struct {
	Name                       pulumi.StringInput                        `pulumi:"name"`
	ImageTagMutability         pulumi.StringInput                        `pulumi:"imageTagMutability"`
	ImageScanningConfiguration *RepositoryImageScanningConfigurationArgs `pulumi:"imageScanningConfiguration"`
	EncryptionConfigurations   []RepositoryEncryptionConfigurationArgs   `pulumi:"encryptionConfigurations"`
	ForceDelete                pulumi.BoolInput                          `pulumi:"forceDelete"`
	Tags                       pulumi.StringMapInput                     `pulumi:"tags"`
}

const repositoryType = "aws:ecr/repository:Repository"

// NewRepository registers a [Repository].
func NewRepository(
	ctx *pulumi.Context, name string, args *RepositoryArgs, opts ...pulumi.ResourceOption,
) (*Repository, error) {
	return bytoken.Register(ctx, repositoryType, name, args, &Repository{}, opts)
}

// RepositoryPolicy says who may use a Repository.
type RepositoryPolicy struct {
	pulumi.CustomResourceState
}

// RepositoryPolicyArgs are the properties of a [RepositoryPolicy].
type RepositoryPolicyArgs struct {
	Repository pulumi.StringInput `pulumi:"repository"`
	Policy     pulumi.StringInput `pulumi:"policy"`
}

const repositoryPolicyType = "aws:ecr/repositoryPolicy:RepositoryPolicy"

// NewRepositoryPolicy registers a [RepositoryPolicy].
func NewRepositoryPolicy(
	ctx *pulumi.Context, name string, args *RepositoryPolicyArgs, opts ...pulumi.ResourceOption,
) (*RepositoryPolicy, error) {
	return bytoken.Register(ctx, repositoryPolicyType, name, args, &RepositoryPolicy{}, opts)
}

// RepositoryImageScanningConfigurationArgs say when images are scanned.
type RepositoryImageScanningConfigurationArgs struct {
	ScanOnPush pulumi.BoolInput `pulumi:"scanOnPush"`
}

// RepositoryEncryptionConfigurationArgs say how images are encrypted.
type RepositoryEncryptionConfigurationArgs struct {
	EncryptionType pulumi.StringInput `pulumi:"encryptionType"`
	KmsKey         pulumi.StringInput `pulumi:"kmsKey"`
}
