package secrets

import (
	"fmt"
	"slices"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// Sealed has the Sealed Secrets controller decrypt values that are in the stack's file as ciphertext.
type Sealed struct {
	// Values are the ciphertext by name, as `kubeseal --raw --scope namespace-wide` writes it: any Secret in the
	// namespace may hold the value, none elsewhere.
	Values map[string]string
	// Certificate is the controller's, in PEM: what the environment makes is sealed with it. It may be empty where nothing
	// is.
	Certificate string
	// Ready is the controller.
	Ready []pulumi.Resource
}

// sealedVersion is the only one that the controller serves.
const sealedVersion = "bitnami.com/v1alpha1"

// Secret makes a SealedSecret of the content's name: pods that read new values start with all of them, and the old
// Secret is there until the old pods are gone.
func (k Sealed) Secret(
	ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption,
) (*Reference, error) {
	s, err := begin(ctx, name, args, opts...)
	if err != nil {
		return nil, err
	}
	encrypted, content := pulumi.StringMap{}, []string{}
	for _, value := range args.Names {
		text, found := k.Values[value]
		if !found {
			return nil, fmt.Errorf("secrets of %s: there is no ciphertext of %q", args.ID.Name, value)
		}
		encrypted[value] = pulumi.String(text)
		content = append(content, value, text)
	}
	called := workload.Hashed(name, content...)
	made, err := k.object(ctx, called, args.ID.Meta(called), "Opaque", encrypted, s.child(k.Ready...)...)
	if err != nil {
		return nil, err
	}
	return s.end(s.own(called, made))
}

// Keep seals the values: no object holds them but the Secret that the controller makes.
func (k Sealed) Keep(
	ctx *pulumi.Context, name string, args *Kept, opts ...pulumi.ResourceOption,
) (*Reference, error) {
	if _, err := SealingKey(k.Certificate); err != nil {
		return nil, fmt.Errorf("secret %s: the certificate of the Sealed Secrets controller: %w", args.Secret, err)
	}
	encrypted := pulumi.StringMap{}
	for _, key := range args.keys() {
		sealed := args.Values[key].ToStringOutput().ApplyT(func(value string) (string, error) {
			return Seal(k.Certificate, args.ID.Namespace, value)
		})
		encrypted[key] = pulumi.Unsecret(sealed).(pulumi.StringOutput) //nolint:forcetypeassert // A text stays one.
	}
	called := args.called()
	made, err := k.object(ctx, name, args.meta(called), args.kind(), encrypted,
		append(slices.Clone(opts), pulumi.DependsOn(k.Ready))...)
	if err != nil {
		return nil, err
	}
	return args.reference(called, made), nil
}

// object is a SealedSecret, of which the controller makes a Secret of the same name and of that type.
func (k Sealed) object(
	ctx *pulumi.Context, name string, meta metav1.ObjectMetaArgs, kind string, encrypted pulumi.StringMap,
	opts ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	meta.Annotations = pulumi.StringMap{"sealedsecrets.bitnami.com/namespace-wide": pulumi.String("true")}
	template := meta
	return workload.Object(ctx, name, sealedVersion, "SealedSecret", ready(meta, "condition=Synced"), pulumi.Map{
		"spec": pulumi.Map{
			"encryptedData": encrypted,
			"template":      pulumi.Map{"metadata": template, "type": pulumi.String(kind)},
		},
	}, opts...)
}
