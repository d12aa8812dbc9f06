// Package standin has platforms for tests that are about what runs in a cluster, and not about where that comes from:
// of a cloud they make no more than the provider of its cluster. Tests of the clouds themselves are in test/clouds,
// which compiles their SDKs.
package standin

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/existing"
)

// StorageClass is the class of the clusters' volumes.
const StorageClass = "plinth"

// Clouds stands in for every cloud.
func Clouds() []platform.Platform { return []platform.Platform{cloud("aws"), cloud("gcp")} }

type cloud string

// Cloud implements [platform.Platform].
func (c cloud) Cloud() string { return string(c) }

// New implements [platform.Platform].
func (c cloud) New(
	ctx *pulumi.Context, name string, args *platform.Args, opts ...pulumi.ResourceOption,
) (platform.Cluster, error) {
	made, err := existing.New(ctx, name, &existing.Args{Identifier: args.Identifier}, opts...)
	return cluster{made}, err
}

// cluster has a class for volumes, as those of clouds have.
type cluster struct{ *existing.Cluster }

// StorageClass implements [platform.Cluster].
func (cluster) StorageClass() string { return StorageClass }
