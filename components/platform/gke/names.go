package gke

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"plinth/components/workload"
)

// Limits on the length of names, in bytes.
const (
	// maxCluster and maxNodePool:
	// https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters#Cluster and
	// https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters.nodePools#NodePool.
	maxCluster  = 40
	maxNodePool = 40
	// maxAccount: https://cloud.google.com/iam/docs/service-accounts-create. The least is 6.
	maxAccount = 30
	// maxCompute is that of networks, subnetworks, routers and rules of the firewall:
	// https://cloud.google.com/compute/docs/naming-resources.
	maxCompute = 63
	// maxKey is that of keys and key rings:
	// https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings/create.
	maxKey = 63
	// maxRepository:
	// https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories/create.
	maxRepository = 63
	// maxLog is that of log buckets and sinks:
	// https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.locations.buckets and .../v2/sinks.
	maxLog = 100
	// maxDisplay is that of what a service account is called:
	// https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts#ServiceAccount.
	maxDisplay = 100
	// maxBucket: https://cloud.google.com/storage/docs/buckets#naming.
	maxBucket = 63
	// maxLabel: https://cloud.google.com/resource-manager/docs/labels-overview.
	maxLabel = 63

	// suffix is what Pulumi appends to a logical name in order to make a name of it: "-" and seven digits.
	suffix = 8
	// uniqueID is "-" and the unique id of a service account, 21 digits:
	// https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts#ServiceAccount.
	uniqueID = 22
)

// physical is the cluster's name in the project. A generation after the first is told by a hash of it and of the
// environment's name, not by a number, which another environment's name could end in.
func (c *Cluster) physical() string {
	name := c.args.Environment
	if c.args.Generation <= 1 {
		return workload.Name(maxCluster, name)
	}
	return workload.Hashed(workload.Name(maxCluster-suffix-1, name), name, strconv.Itoa(c.args.Generation))
}

// called is the name of something else of the environment's, of at most limit bytes.
func (c *Cluster) called(limit int, parts ...string) string {
	return workload.Name(limit, append([]string{c.args.Environment}, parts...)...)
}

// notInLabels is what neither the key nor the value of a label holds.
var notInLabels = regexp.MustCompile(`[^a-z0-9_-]`)

// label is a key or a value as labels take it.
func label(text string) string {
	return workload.Name(maxLabel, notInLabels.ReplaceAllString(strings.ToLower(text), "-"))
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
