package workload

import (
	"fmt"
	"maps"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Object registers any Kubernetes object, custom ones too, by what a manifest of it says besides its metadata. The SDK
// has types for the others, but each group of them is another package to compile.
func Object(
	ctx *pulumi.Context, name, apiVersion, kind string, meta metav1.ObjectMetaArgs, fields pulumi.Map,
	opts ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	inputs := pulumi.Map{"apiVersion": pulumi.String(apiVersion), "kind": pulumi.String(kind), "metadata": meta}
	maps.Copy(inputs, fields)
	made := &pulumi.CustomResourceState{}
	err := ctx.RegisterResource("kubernetes:"+apiVersion+":"+kind, name, inputs, made, opts...)
	if err != nil {
		return nil, fmt.Errorf("creating %s %s: %w", kind, name, err)
	}
	return made, nil
}
