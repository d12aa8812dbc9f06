// Package eks is the platform on AWS: from an empty account to a cluster that workloads can use.
//
// A network over two or three zones, an EKS control plane, groups of nodes, what runs on every node, volumes, logs,
// image repositories, and identities for workloads. Nothing is looked up, not even the account: what a plan shows
// follows from the configuration and from what the stack has made, so it needs no credentials to be rendered, and
// nothing changes because something newer has come out.
//
// The control plane waits for its subnets, role, key and log group alone; NAT gateways come up beside it, and groups of
// nodes beside each other. Destroying goes the other way: everything in the cluster while access, nodes, storage and
// the way out are there; the addons with pods; the nodes; the network's plugin, after the nodes whose interfaces it
// made; the control plane; the network.
//
// # The SDK
//
// Compiling pulumi-aws is most of what this package costs, so it imports what it cannot do without: the provider's own
// package, eks and iam, 10 CPU-seconds and 0.45 GB of memory together. The resources of ec2, cloudwatch, ecr and kms
// come from the package slim, which declares the seventeen that are used by hand: importing theirs would take 47
// CPU-seconds and 3.3 GB more, ec2 alone 36 of those (amd64, Go 1.26, two processors).
package eks
