package objectstore

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/secrets"
	"plinth/components/workload"
)

// External is a bucket that somebody else keeps, behind any endpoint that speaks S3. It makes nothing there: at most
// the Secret here that holds the keys.
type External struct {
	pulumi.ResourceState

	// Bucket leads there.
	Bucket Bucket
}

// ExternalArgs says where the bucket is.
type ExternalArgs struct {
	// Namespace holds the Secret.
	Namespace *workload.Namespace
	// PartOf names the environment.
	PartOf string
	// Bucket is all that is known of it. With Values its keys are made.
	Bucket Bucket
	// Values are the keys themselves. Nil: Bucket has keys in a Secret that is there already.
	Values *KeyValues
	// Keeper is where they go. Nil: into a Secret, as they are.
	Keeper secrets.Keeper
}

// KeyValues are an access key. Both are secret.
type KeyValues struct{ AccessKeyID, SecretAccessKey string }

// Entries of the Secrets with keys that are made here and in package minio.
const (
	AccessKeyIDEntry     = "access-key-id"
	SecretAccessKeyEntry = "secret-access-key"
)

// NewExternal leads to a bucket elsewhere.
func NewExternal(
	ctx *pulumi.Context, name string, args *ExternalArgs, opts ...pulumi.ResourceOption,
) (*External, error) {
	e := &External{Bucket: args.Bucket}
	if err := ctx.RegisterComponentResource("plinth:objectstore:External", name, e, opts...); err != nil {
		return nil, fmt.Errorf("registering bucket %s: %w", name, err)
	}
	if args.Values != nil {
		if err := e.keys(ctx, name, args); err != nil {
			return nil, fmt.Errorf("bucket %s: %w", name, err)
		}
	}
	return e, ctx.RegisterResourceOutputs(e, pulumi.Map{"bucket": pulumi.String(args.Bucket.Name)})
}

func (e *External) keys(ctx *pulumi.Context, name string, args *ExternalArgs) error {
	id := workload.ID{Name: name, Component: "object-store", PartOf: args.PartOf, Namespace: args.Namespace.Name}
	object := workload.Name(workload.MaxLabel, "bucket", name, "keys")
	version, err := workload.FingerprintNow(id, args.Values.AccessKeyID, args.Values.SecretAccessKey)
	if err != nil {
		return err
	}
	keeper := args.Keeper
	if keeper == nil {
		keeper = secrets.Kubernetes{}
	}
	hidden := func(value string) pulumi.StringInput {
		return pulumi.ToSecret(pulumi.String(value)).(pulumi.StringOutput)
	}
	secret, err := keeper.Keep(ctx, name+"-keys", &secrets.Kept{
		ID: id, Secret: object, Version: version, Values: map[string]pulumi.StringInput{
			AccessKeyIDEntry: hidden(args.Values.AccessKeyID), SecretAccessKeyEntry: hidden(args.Values.SecretAccessKey),
		},
	}, pulumi.Parent(e), pulumi.DependsOn(args.Namespace.Ready))
	if err != nil {
		return fmt.Errorf("keeping its keys: %w", err)
	}
	e.Bucket.Keys = KeysIn(secret.Secret)
	e.Bucket.Revision = pulumi.ToSecret(pulumi.String(version)).(pulumi.StringOutput)
	e.Bucket.Ready = append(e.Bucket.Ready, secret.Ready...)
	return nil
}

// KeysIn are keys in a Secret with the entries that are used here.
func KeysIn(secret string) *Keys {
	ref := func(key string) binding.SecretRef { return binding.SecretRef{Secret: pulumi.String(secret), Key: key} }
	return &Keys{AccessKeyID: ref(AccessKeyIDEntry), SecretAccessKey: ref(SecretAccessKeyEntry)}
}
