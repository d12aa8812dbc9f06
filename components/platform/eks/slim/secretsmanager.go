package slim

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/bytoken"
)

// Secret is an entry of Secrets Manager. Its values are versions.
type Secret struct {
	pulumi.CustomResourceState

	Arn pulumi.StringOutput `pulumi:"arn"`
}

// SecretArgs are the properties of a [Secret].
type SecretArgs struct {
	Name                 pulumi.StringInput    `pulumi:"name"`
	Description          pulumi.StringInput    `pulumi:"description"`
	KmsKeyID             pulumi.StringInput    `pulumi:"kmsKeyId"`
	RecoveryWindowInDays pulumi.IntInput       `pulumi:"recoveryWindowInDays"`
	Tags                 pulumi.StringMapInput `pulumi:"tags"`
}

const secretType = "aws:secretsmanager/secret:Secret"

// NewSecret registers a [Secret].
func NewSecret(ctx *pulumi.Context, name string, args *SecretArgs, opts ...pulumi.ResourceOption) (*Secret, error) {
	return bytoken.Register(ctx, secretType, name, args, &Secret{}, opts)
}

// SecretVersion is a value of an entry: the one that is read, from when it is there.
type SecretVersion struct {
	pulumi.CustomResourceState
}

// SecretVersionArgs are the properties of a [SecretVersion].
type SecretVersionArgs struct {
	SecretID     pulumi.StringInput `pulumi:"secretId"`
	SecretString pulumi.StringInput `pulumi:"secretString"`
}

const secretVersionType = "aws:secretsmanager/secretVersion:SecretVersion"

// NewSecretVersion registers a [SecretVersion].
func NewSecretVersion(
	ctx *pulumi.Context, name string, args *SecretVersionArgs, opts ...pulumi.ResourceOption,
) (*SecretVersion, error) {
	return bytoken.Register(ctx, secretVersionType, name, args, &SecretVersion{}, opts)
}
