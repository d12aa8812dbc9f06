package objectstore

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/memory"
)

// Keep refuses another place than the one that the managed bucket of this name was made in: a bucket does not move, so
// it would be another one, and an empty one. It returns before anything of the bucket is registered, in a preview too.
func Keep(ctx *pulumi.Context, bucket, place string, opts ...pulumi.ResourceOption) error {
	was, err := memory.First(ctx, "plinth:objectstore:Place", bucket+"-place", "place", place, opts...)
	if err != nil {
		return fmt.Errorf("bucket %s: %w", bucket, err)
	}
	if was == place {
		return nil
	}
	return fmt.Errorf("buckets.%[1]s: the bucket was made in %[2]s, and cannot move to %[3]s, which the stack is in now. "+
		"Go back to %[2]s; or, in a stack of its own there, make a bucket and copy the objects", bucket, was, place)
}
