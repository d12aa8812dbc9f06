// Package platform is where clouds meet: one interface for whatever offers a cluster. What is above it is plain
// Kubernetes; what must not cross it are a cloud's own terms: ARNs, project ids, subnets.
//
// A cloud is built from an empty account: its network, the cluster with its nodes, and what the cloud offers around it.
// [Platform] makes it, [Cluster] is what the rest of an environment uses of it. platform/eks and platform/gke have
// files of the same names, so that a diff of the two folders is the difference of the two clouds.
package platform

import (
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/objectstore"
)

// Cluster is a Kubernetes cluster that workloads can use.
type Cluster interface {
	pulumi.Resource

	// Kubernetes is the provider that every Kubernetes resource is created through. It depends on all that a workload
	// needs: access to the API server, nodes, their way out and their storage. So destroying an environment takes
	// everything in the cluster away while that still works.
	Kubernetes() *kubernetes.Provider

	// Kubeconfig leads to the cluster. It is a secret though it holds no credentials: an exec plugin of the cloud gets
	// them. Of a cluster that exists already it may be empty: then the user's own kubeconfig is meant.
	Kubeconfig() pulumi.StringOutput

	// StorageClass names the encrypted class that volumes are made from. Empty: the cluster's default.
	StorageClass() string

	// Identity gives the pods of one service account permissions in the cloud, and nothing else does. A cluster that
	// exists already has no cloud that Plinth knows: there it is an error.
	Identity(ctx *pulumi.Context, name string, args *IdentityArgs, opts ...pulumi.ResourceOption) (*Identity, error)

	// Bucket makes a bucket that the cloud keeps, and leads to it: without keys, by the identity of whoever uses it.
	// What is returned grants everything; [objectstore.Bucket.For] narrows it to what one application may. A cluster
	// that exists already has no cloud that Plinth knows: there it is an error.
	Bucket(ctx *pulumi.Context, name string, args *BucketArgs, opts ...pulumi.ResourceOption) (*objectstore.Bucket, error)

	// SecretStore keeps secret values in the cloud's secret manager, and leads External Secrets there. A cluster that
	// exists already has no cloud that Plinth knows: there it is an error.
	SecretStore(
		ctx *pulumi.Context, name string, args *SecretStoreArgs, opts ...pulumi.ResourceOption,
	) (*SecretStore, error)

	// Database makes a server that the cloud runs. It waits for no more than its network and its key, so that it comes up
	// beside the cluster. [Args.Databases] must say that there is one. A cluster that exists already has no cloud that
	// Plinth knows: there it is an error.
	Database(ctx *pulumi.Context, name string, args *DatabaseArgs, opts ...pulumi.ResourceOption) (*Database, error)

	// Repository is the address of an image repository that the platform made ([Args.Repositories]), to be followed by
	// a tag: registry/path/name. An error where there is none of the name.
	Repository(name string) (pulumi.StringOutput, error)
}

// IdentityArgs says who may do what in the cloud.
type IdentityArgs struct {
	// Namespace and ServiceAccount are whose pods it is for.
	Namespace, ServiceAccount string
	// Grants are the permissions. At least one.
	Grants []binding.Grant
}

// Identity is a workload's identity in the cloud.
type Identity struct {
	// Annotations are those that the service account needs. May be empty: EKS Pod Identity and GKE's federation know
	// the service account by its name.
	Annotations pulumi.StringMap
	// Edges lead the workload to whom it gets its credentials from.
	Edges []binding.Edge
	// Ready are resources that must be there before the workload starts.
	Ready []pulumi.Resource
}
