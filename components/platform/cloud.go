package platform

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Platform makes clusters on one cloud.
type Platform interface {
	// Cloud is what a stack's configuration calls it: "aws" or "gcp".
	Cloud() string

	// New builds a network, a cluster and its nodes. It makes the cloud's provider itself; opts are those of the
	// component.
	New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (Cluster, error)
}

// Args are what differs between environments, in terms that every cloud has. All values are plain: they are checked
// before, and they decide which resources there are.
type Args struct {
	// Environment names the environment, and with it everything made in the account: lower case letters, digits and
	// dashes, no two environments of an account alike. It is PROJECT-STACK.
	Environment string
	// Identifier is the stable name of the cluster, known before there is one: what the Kubernetes provider goes by.
	Identifier string
	// Generation is part of the cluster's name and of Identifier. Raising it replaces the cluster on purpose.
	Generation int
	// Tags mark everything that can carry tags or labels. They hold at least the stack, by which orphans are found.
	Tags map[string]string
	// Tier-given safety: Protect refuses deletion (in Pulumi and at the cloud), Retain keeps what holds data or what
	// reads it (keys, logs) when the rest is destroyed.
	Protect, Retain bool

	// Location is where it is.
	Location Location
	// Network is the network.
	Network Network
	// Version is the minor version of Kubernetes, as in "1.35".
	Version string
	// Endpoint says who reaches the API server.
	Endpoint Endpoint
	// Admins are principals of the cloud that administer the cluster, besides the one that creates it: ARNs of roles or
	// users on AWS, members ("group:ops@example.com") on Google Cloud.
	Admins []string
	// Nodes are the groups of nodes by name. At least one.
	Nodes map[string]Nodes
	// EncryptWithOwnKey makes a key of the environment's own for secrets, disks and logs, instead of the cloud's.
	EncryptWithOwnKey bool
	// LogRetention is how many days logs are kept, one of those that CloudWatch offers.
	LogRetention int
	// Databases says that the cloud is to run databases: what they share is made.
	Databases bool
	// Repositories are the names of image repositories to make.
	Repositories []string
	// MaintenanceStart is the hour of day, UTC, at which a cloud that maintains clusters by itself may begin.
	MaintenanceStart int
}

// Location is a place in a cloud.
type Location struct {
	// Account is who pays: the account id on AWS (empty: whatever the credentials lead to), the project on Google Cloud.
	Account string
	// Region is the cloud's own name of the region, and Zones are those of its zones to use, two or three. A regional
	// cluster on Google Cloud has its control plane in all of them.
	Region string
	Zones  []string
}

// Network is an environment's own network.
type Network struct {
	// CIDR is its range, from /16 to /20: nodes and, on EKS, pods have their addresses from it.
	CIDR string
	// Pods and Services are ranges for those where the cloud wants them apart from the nodes'. They overlap neither
	// each other nor CIDR.
	Pods, Services string
	// Endpoints is a range for addresses in the network of what the cloud runs outside of it, where the cloud wants them
	// apart. It overlaps none of the others.
	Endpoints string
	// NAT is the way out.
	NAT NAT
	// FlowLogs records connections.
	FlowLogs bool
}

// NAT is how nodes without public addresses reach the world.
type NAT string

// The ways out.
const (
	// NATNone is no way out: everything the nodes need is reached inside the cloud.
	NATNone NAT = "none"
	// NATSingle is one gateway, in one zone.
	NATSingle NAT = "single"
	// NATPerZone is a gateway in every zone, so that a zone that fails takes only itself along. Google Cloud's NAT is
	// spread over the region anyway.
	NATPerZone NAT = "perZone"
)

// Endpoint is the address of the API server.
type Endpoint struct {
	// Public gives it a public address too. The private one is always there.
	Public bool
	// CIDRs are who may use the public address; never the whole world. At least one where Public is set.
	CIDRs []string
}

// Nodes is a group of nodes that are alike.
type Nodes struct {
	// Size is a machine in terms that every cloud has, and Machine the cloud's own type instead, where not empty.
	Size    Size
	Machine string
	// Min and Max bound the number of nodes in the whole group, over all zones.
	Min, Max int
	// Spot uses spare machines, which may be taken away at two minutes' notice.
	Spot bool
	// Disk is the size of the boot disk in GiB.
	Disk int
	// Labels are put on the nodes, and Taints keep pods away that do not tolerate them.
	Labels map[string]string
	Taints []Taint
}

// Size is the size of a machine.
type Size string

// The sizes, as vCPUs and GiB of memory.
const (
	// Small is 2 and 8, Medium 4 and 16, Large 8 and 32.
	Small  Size = "small"
	Medium Size = "medium"
	Large  Size = "large"
)

// Taint keeps pods away from nodes: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/.
type Taint struct {
	// Key and Value name it.
	Key, Value string
	// Effect is NoSchedule, PreferNoSchedule or NoExecute.
	Effect string
}
