package slim

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/bytoken"
)

// Secret is an entry of Secret Manager. Its values are versions.
type Secret struct {
	pulumi.CustomResourceState

	SecretID pulumi.StringOutput `pulumi:"secretId"`
}

// SecretArgs are the properties of a [Secret].
type SecretArgs struct {
	SecretID          pulumi.StringInput `pulumi:"secretId"`
	Replication       *SecretReplication `pulumi:"replication"`
	VersionDestroyTTL pulumi.StringInput `pulumi:"versionDestroyTtl"`
}

// SecretReplication says where an entry is.
type SecretReplication struct {
	UserManaged *SecretPlaces `pulumi:"userManaged"`
}

// SecretPlaces are regions.
type SecretPlaces struct {
	Replicas []SecretPlace `pulumi:"replicas"`
}

// SecretPlace is one region.
type SecretPlace struct {
	Location                  pulumi.StringInput `pulumi:"location"`
	CustomerManagedEncryption *SecretEncryption  `pulumi:"customerManagedEncryption"`
}

// SecretEncryption names the key that an entry is encrypted with.
type SecretEncryption struct {
	KMSKeyName pulumi.StringInput `pulumi:"kmsKeyName"`
}

// NewSecret makes an entry.
func NewSecret(ctx *pulumi.Context, name string, args *SecretArgs, opts ...pulumi.ResourceOption) (*Secret, error) {
	return bytoken.Register(ctx, "gcp:secretmanager/secret:Secret", name, args, &Secret{}, opts)
}

// SecretVersion is a value of an entry: the latest one is read.
type SecretVersion struct {
	pulumi.CustomResourceState
}

// SecretVersionArgs are the properties of a [SecretVersion].
type SecretVersionArgs struct {
	Secret     pulumi.StringInput `pulumi:"secret"`
	SecretData pulumi.StringInput `pulumi:"secretData"`
}

// NewSecretVersion makes a value.
func NewSecretVersion(
	ctx *pulumi.Context, name string, args *SecretVersionArgs, opts ...pulumi.ResourceOption,
) (*SecretVersion, error) {
	return bytoken.Register(ctx, "gcp:secretmanager/secretVersion:SecretVersion", name, args, &SecretVersion{}, opts)
}
