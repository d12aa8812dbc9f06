package slim

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/bytoken"
)

// KeyRing holds keys.
type KeyRing struct {
	pulumi.CustomResourceState
}

// KeyRingArgs are the properties of a [KeyRing].
type KeyRingArgs struct {
	Name     pulumi.StringInput `pulumi:"name"`
	Location pulumi.StringInput `pulumi:"location"`
}

// NewKeyRing makes a key ring. Nothing deletes it, ever.
func NewKeyRing(
	ctx *pulumi.Context, name string, args *KeyRingArgs, opts ...pulumi.ResourceOption,
) (*KeyRing, error) {
	return bytoken.Register(ctx, "gcp:kms/keyRing:KeyRing", name, args, &KeyRing{}, opts)
}

// CryptoKey is a key.
type CryptoKey struct {
	pulumi.CustomResourceState
}

// CryptoKeyArgs are the properties of a [CryptoKey].
type CryptoKeyArgs struct {
	Name           pulumi.StringInput `pulumi:"name"`
	KeyRing        pulumi.StringInput `pulumi:"keyRing"`
	Purpose        pulumi.StringInput `pulumi:"purpose"`
	RotationPeriod pulumi.StringInput `pulumi:"rotationPeriod"`
}

// NewCryptoKey makes a key. Deleting it destroys its versions, and so what they have encrypted; its name stays taken.
func NewCryptoKey(
	ctx *pulumi.Context, name string, args *CryptoKeyArgs, opts ...pulumi.ResourceOption,
) (*CryptoKey, error) {
	return bytoken.Register(ctx, "gcp:kms/cryptoKey:CryptoKey", name, args, &CryptoKey{}, opts)
}
