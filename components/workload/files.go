package workload

import (
	"fmt"
	"maps"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Files puts files into a ConfigMap that never changes: other content makes another object, so that a rollout takes it
// up, and a failed one keeps its own. The object is called name with a hash of the content, in the cluster and in the
// state: when an update fails, the object before is in both still, and the way back finds it. The name is returned.
func Files(
	ctx *pulumi.Context, name string, id ID, files map[string]string, opts ...pulumi.ResourceOption,
) (string, pulumi.Resource, error) {
	data, content := pulumi.StringMap{}, []string{}
	for _, key := range slices.Sorted(maps.Keys(files)) {
		data[key] = pulumi.String(files[key])
		content = append(content, key, files[key])
	}
	object := Hashed(name, content...)
	made, err := corev1.NewConfigMap(ctx, object, &corev1.ConfigMapArgs{
		Metadata: id.Meta(object), Immutable: pulumi.Bool(true), Data: data,
		// The state used to call it name, whatever its content.
	}, append(opts[:len(opts):len(opts)], pulumi.Aliases([]pulumi.Alias{{Name: pulumi.String(name)}}))...)
	if err != nil {
		return "", nil, fmt.Errorf("creating config map %s: %w", object, err)
	}
	return object, made, nil
}
