// Package platform is where clouds meet: one interface for whatever offers a cluster. What is above it is plain
// Kubernetes; what must not cross it are a cloud's own terms: regions, accounts, projects, subnets.
package platform

import (
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Cluster is a Kubernetes cluster that workloads can use.
type Cluster interface {
	pulumi.Resource

	// Kubernetes is the provider that every Kubernetes resource is created through.
	Kubernetes() *kubernetes.Provider
}
