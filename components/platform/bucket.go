package platform

import (
	"fmt"
	"slices"

	"plinth/components/binding"
)

// BucketArgs says what a bucket that the cloud keeps is like. All values are plain. Whatever they are, it is private,
// encrypted with the environment's key, reached over TLS alone, and writes down who has used it.
type BucketArgs struct {
	// Bucket is what the environment calls it: lower case letters, digits and dashes. Its name at the cloud, which is one
	// for all the world, follows from this, from the environment's and from who pays.
	Bucket string
	// Versioning keeps what is overwritten or deleted.
	Versioning bool
	// ExpireAfter deletes objects so many days after they were written, and OldVersionsAfter versions so many days after
	// they were replaced. Zero: never.
	ExpireAfter, OldVersionsAfter int
	// ForceDestroy deletes the bucket with everything in it. Without it the cloud refuses to delete one that holds
	// anything.
	ForceDestroy bool
	// Protect makes Pulumi refuse to delete it.
	Protect bool
	// CIDRs are the ranges of addresses that the cloud's object storage is reached at. Empty: every public address, since
	// neither cloud has few of them, nor ones that stay.
	CIDRs []string
}

// Check says what no cloud could make.
func (a *BucketArgs) Check(at Location) error {
	if at.Account == "" {
		return fmt.Errorf("bucket %s: its name is made of the account's id, since no two buckets in the world share one: "+
			"say which account it is", a.Bucket)
	}
	return nil
}

// Edges lead to the cloud's object storage.
func (a *BucketArgs) Edges() []binding.Edge { return PublicEdges(a.CIDRs) }

// PublicEdges lead to a service of the cloud that speaks HTTPS at public addresses: at those given, else at all. What a
// network policy knows is ranges, no names: it cannot tell the service from the rest of the world, but it does keep
// what is private apart from it, the network of the environment and its neighbours, and the metadata of nodes.
func PublicEdges(cidrs []string) []binding.Edge {
	https := []binding.Port{{Number: 443}}
	if len(cidrs) == 0 {
		return []binding.Edge{{To: binding.Peer{CIDR: "0.0.0.0/0", Except: private()}, Ports: https}}
	}
	var edges []binding.Edge
	for _, cidr := range slices.Sorted(slices.Values(cidrs)) {
		edges = append(edges, binding.Edge{To: binding.Peer{CIDR: cidr}, Ports: https})
	}
	return edges
}

// private are the ranges that are nobody's on the Internet, and may be somebody's here: RFC 1918, RFC 6598, RFC 3927.
func private() []string {
	return []string{"10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"}
}
