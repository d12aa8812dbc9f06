package slim

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/bytoken"
)

// Key is a key.
type Key struct {
	pulumi.CustomResourceState

	Arn pulumi.StringOutput `pulumi:"arn"`
}

// KeyArgs are the properties of a [Key].
type KeyArgs struct {
	Description          pulumi.StringInput    `pulumi:"description"`
	EnableKeyRotation    pulumi.BoolInput      `pulumi:"enableKeyRotation"`
	DeletionWindowInDays pulumi.IntInput       `pulumi:"deletionWindowInDays"`
	Policy               pulumi.StringInput    `pulumi:"policy"`
	Tags                 pulumi.StringMapInput `pulumi:"tags"`
}

const keyType = "aws:kms/key:Key"

// NewKey registers a [Key].
func NewKey(
	ctx *pulumi.Context, name string, args *KeyArgs, opts ...pulumi.ResourceOption,
) (*Key, error) {
	return bytoken.Register(ctx, keyType, name, args, &Key{}, opts)
}
