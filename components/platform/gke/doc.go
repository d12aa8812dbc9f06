// Package gke is the platform on Google Cloud: from an empty project to a cluster that workloads can use.
//
// A VPC with ranges for nodes, pods and services, a regional GKE control plane, groups of nodes, volumes, logs, image
// repositories, and identities for workloads. What Google runs in a cluster (DNS, network policies, the drivers of
// volumes, load balancers, metrics) comes with the version of Kubernetes; there is nothing else to pin, and nothing is
// looked up that could change because something newer has come out.
//
// The control plane waits for its network, its nodes' account, its key and the APIs alone; NAT comes up beside it, and
// groups of nodes beside each other. Destroying goes the other way: everything in the cluster while access, nodes and
// the way out are there; the nodes; the control plane; the network.
//
// # What outlives a destroy
//
// Key rings, which nobody can delete. With Args.Retain also the key in it, with the permissions to read disks and logs
// by it, and the log bucket: what reads disks that a StorageClass has kept, and what tells what happened. Without, the
// versions of the key are destroyed, and Google keeps its name. All three have names that are not used again, so that
// an environment can be made anew at once. APIs that were switched on stay on: others in the project use them.
//
// # The SDK
//
// Of the packages of pulumi-gcp this one compiles the provider's alone. Measured on two cores with Go 1.26, in seconds
// of CPU and gigabytes at the peak, for the resources that are used of each:
//
//	compute           58.6 s  4.9 GB  5 types of resources, of 145
//	container         20.7 s  2.0 GB  2
//	storage            5.7 s  0.6 GB  1
//	logging            3.7 s  0.4 GB  2 and a function
//	artifactregistry   3.0 s  0.3 GB  2
//	kms                3.0 s  0.3 GB  3
//	projects           2.5 s  0.3 GB  3
//	secretmanager      2.2 s  0.2 GB  1
//	serviceaccount     1.2 s  0.2 GB  1
//
// Together these are 100 seconds and, worse, a compiler of five gigabytes for 20 types of resources, so those are
// registered by their tokens with Go types of their own, in the package slim. Its functions have the shape of the
// SDK's. What is lost is that the compiler knows the names of properties; a test has them instead, which reads the
// SDK's source and compares every property, down to the last nested one, its type, and what is demanded (sdk_test.go).
// The SDK stays in go.mod, where Pulumi finds which plugin to install.
package gke
