// Package standin has platforms for tests that are about what runs in a cluster, and not about where that comes from:
// of a cloud they make no more than the provider of its cluster, and tell where a database or a bucket would be. Tests
// of the clouds themselves are in test/clouds, which compiles their SDKs.
package standin

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/objectstore"
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
	return cluster{made, string(c)}, err
}

// cluster has a class for volumes, as those of clouds have, and buckets that identities reach.
type cluster struct {
	*existing.Cluster

	cloud string
}

// StorageClass implements [platform.Cluster].
func (cluster) StorageClass() string { return StorageClass }

// Bucket implements [platform.Cluster]: it makes none.
func (c cluster) Bucket(
	_ *pulumi.Context, _ string, args *platform.BucketArgs, _ ...pulumi.ResourceOption,
) (*objectstore.Bucket, error) {
	on := pulumi.String(args.Bucket)
	return &objectstore.Bucket{
		Provider: c.cloud, Endpoint: "https://storage.example.com", Region: "here", Name: "of-the-world-" + args.Bucket,
		Edges: args.Edges(),
		Grants: []binding.Grant{
			{Allow: binding.WriteObjects, On: on, Name: args.Bucket}, {Allow: binding.SignURLs, On: on, Name: args.Bucket},
		},
	}, nil
}

// Identity implements [platform.Cluster]: what the annotation says is who may do what.
func (c cluster) Identity(
	_ *pulumi.Context, _ string, args *platform.IdentityArgs, _ ...pulumi.ResourceOption,
) (*platform.Identity, error) {
	may := make([]any, 0, len(args.Grants))
	for _, grant := range args.Grants {
		may = append(may, pulumi.Sprintf("%s %s %s", grant.Allow, grant.On, grant.Prefix))
	}
	return &platform.Identity{
		Annotations: pulumi.StringMap{"example.com/may": pulumi.All(may...).ApplyT(func(all []any) string {
			return fmt.Sprint(args.Namespace, "/", args.ServiceAccount, all)
		}).(pulumi.StringOutput)},
		Edges: []binding.Edge{{To: binding.Peer{CIDR: "169.254.169.254/32"}, Ports: []binding.Port{{Number: 80}}}},
	}, nil
}

// Database implements [platform.Cluster].
func (cluster) Database(
	_ *pulumi.Context, _ string, args *platform.DatabaseArgs, _ ...pulumi.ResourceOption,
) (*platform.Database, error) {
	host := func(of string) pulumi.String { return pulumi.String(args.Called + of + ".cloud.example.com") }
	made := &platform.Database{
		Host: host(""), Port: args.Engine.Port(), Ranges: []string{"10.0.240.0/24"},
		Authority: pulumi.String("an authority's certificate\n"),
	}
	for i := range args.Replicas {
		made.Readers = append(made.Readers, host(fmt.Sprintf("-reader-%d", i)))
	}
	return made, nil
}
