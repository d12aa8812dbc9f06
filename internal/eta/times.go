package eta

import (
	"slices"
	"time"
)

// call is how long a resource takes that is known for nothing else: one call of an API.
const call = time.Second

// samples are the seconds that resources of a type took, from fastest to slowest.
type samples []float64

// created are those of creations: what Terraform, which waits for the same states as Pulumi's providers do, said in
// logs that public repositories hold, those of simulations left out. Where there is one figure, it is the one that a
// project's documentation gives or, for what runs in a cluster, that was measured on one.
var created = map[string]samples{
	"aws:eks/cluster:Cluster":     {492, 503, 535, 546, 564, 606, 612, 622, 623, 652, 663, 683, 738},
	"aws:eks/nodeGroup:NodeGroup": {88, 89, 108, 118, 119, 120, 130, 161, 179, 201},
	"aws:eks/addon:Addon":         {14, 15, 24, 35, 56},
	"aws:ec2/natGateway:NatGateway": {
		85, 88, 94, 105, 107, 124, 125,
	},
	"aws:rds/instance:Instance": {315, 357, 368, 454, 479, 612, 842, 900, 1026},

	"gcp:container/cluster:Cluster":   {213, 214, 224, 272, 325, 403, 562},
	"gcp:container/nodePool:NodePool": {64, 82, 106, 116},
	"gcp:compute/routerNat:RouterNat": {11, 12, 23},
	"gcp:sql/databaseInstance:DatabaseInstance": {
		272, 308, 330, 383, 698, 892, 1103,
	},

	"kubernetes:helm.sh/v3:Release":           {28, 68},
	"kubernetes:apps/v1:StatefulSet":          {40},
	"kubernetes:batch/v1:Job":                 {20},
	"kubernetes:apps/v1:Deployment":           {30},
	"kubernetes:networking.k8s.io/v1:Ingress": {60, 120, 180},
	loadBalancer: {60, 120, 180},
}

// deleted are those of deletions.
var deleted = map[string]samples{
	"aws:eks/cluster:Cluster":       {69, 84, 150, 204, 228, 372, 522},
	"aws:eks/nodeGroup:NodeGroup":   {252, 252, 379, 381, 501},
	"aws:ec2/natGateway:NatGateway": {65, 94},
	"aws:rds/instance:Instance":     {255},

	"gcp:container/cluster:Cluster": {164, 189, 220, 495},
	// No log says it: it drains its nodes, as a node group does, and takes no less than to create one.
	"gcp:container/nodePool:NodePool": {94},

	"kubernetes:apps/v1:StatefulSet":          {20},
	"kubernetes:networking.k8s.io/v1:Ingress": {30, 75, 120},
	loadBalancer: {30, 75, 120},
}

// loadBalancer stands for a Service of that type: every other one takes no time.
const loadBalancer = "kubernetes:core/v1:Service of type LoadBalancer"

// Quantile is which of the samples counts.
type Quantile float64

// The quantiles.
const (
	// Median is as often exceeded as not.
	Median Quantile = 0.5
	// P90 is exceeded one time in ten.
	P90 Quantile = 0.9
)

// at is the quantile of the samples: between two of them, in proportion to how near it is to each.
func (s samples) at(q Quantile) time.Duration {
	if len(s) == 0 {
		return call
	}
	sorted := slices.Sorted(slices.Values(s))
	place := float64(q) * float64(len(sorted)-1)
	low := int(place)
	high := min(low+1, len(sorted)-1)
	seconds := sorted[low] + (place-float64(low))*(sorted[high]-sorted[low])
	return time.Duration(seconds * float64(time.Second)).Round(time.Second)
}
