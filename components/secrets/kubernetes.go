package secrets

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// Kubernetes has Pulumi write the Secrets.
type Kubernetes struct {
	// Values are secret.
	Values map[string]pulumi.StringInput
}

// Secret writes the values into a Secret. Its name stays when a value changes; Revision tells the pods.
func (k Kubernetes) Secret(
	ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption,
) (*Reference, error) {
	s, err := begin(ctx, name, args, opts...)
	if err != nil {
		return nil, err
	}
	data, values := pulumi.StringMap{}, []any{}
	for _, value := range args.Names {
		content, found := k.Values[value]
		if !found {
			return nil, fmt.Errorf("secrets of %s: there is no value %q", args.ID.Name, value)
		}
		data[value] = content
		values = append(values, pulumi.String(value), content)
	}
	made, err := corev1.NewSecret(ctx, name+"-secret", &corev1.SecretArgs{
		Metadata: args.ID.Meta(name), Type: pulumi.String("Opaque"), StringData: data,
	}, append(s.child(), pulumi.Aliases(args.Aliases))...)
	if err != nil {
		return nil, fmt.Errorf("creating the secrets of %s: %w", args.ID.Name, err)
	}
	reference := s.own(name, made)
	reference.Revision = workload.Fingerprint(args.ID, values...)
	return s.end(reference)
}
