package secrets

import (
	"fmt"

	"github.com/pulumi/pulumi-tls/sdk/v5/go/tls"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// signingBits is what RFC 7518, section 3.3, asks of RS256 at least, and one step more: keys live for years.
const signingBits = 3072

// SigningKey is an RSA key pair for signatures, such as those of JSON Web Tokens.
type SigningKey struct {
	pulumi.ResourceState

	// Private is secret: PKCS #8, in PEM.
	Private pulumi.StringOutput
	// Public is in PEM. It is no secret, and travels with one.
	Public pulumi.StringOutput
}

// NewSigningKey makes a key pair once: it stays the same until the resource is deleted.
func NewSigningKey(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*SigningKey, error) {
	k := &SigningKey{}
	if err := ctx.RegisterComponentResource("plinth:secrets:SigningKey", name, k, opts...); err != nil {
		return nil, fmt.Errorf("registering signing key %s: %w", name, err)
	}
	made, err := tls.NewPrivateKey(ctx, name+"-key", &tls.PrivateKeyArgs{
		Algorithm: pulumi.String("RSA"), RsaBits: pulumi.Int(signingBits),
	}, pulumi.Parent(k))
	if err != nil {
		return nil, fmt.Errorf("making signing key %s: %w", name, err)
	}
	k.Private = pulumi.ToSecret(made.PrivateKeyPemPkcs8).(pulumi.StringOutput)
	k.Public = made.PublicKeyPem
	return k, ctx.RegisterResourceOutputs(k, pulumi.Map{"public": k.Public})
}
