package secrets

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// Sealed has the Sealed Secrets controller decrypt values that are in the stack's file as ciphertext.
type Sealed struct {
	// Values are the ciphertext by name, as `kubeseal --raw --scope namespace-wide` writes it: any Secret in the
	// namespace may hold the value, none elsewhere.
	Values map[string]string
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
	meta := args.ID.Meta(called)
	meta.Annotations = pulumi.StringMap{"sealedsecrets.bitnami.com/namespace-wide": pulumi.String("true")}
	template := meta
	made, err := workload.Object(ctx, called, sealedVersion, "SealedSecret", ready(meta, "condition=Synced"), pulumi.Map{
		"spec": pulumi.Map{
			"encryptedData": encrypted,
			"template":      pulumi.Map{"metadata": template, "type": pulumi.String("Opaque")},
		},
	}, s.child(k.Ready...)...)
	if err != nil {
		return nil, err
	}
	return s.end(s.own(called, made))
}
