// Package workspace holds what the command line keeps on disk: the project folder and, in its subfolder .plinth, every
// piece of state. Nothing is written outside of .plinth.
//
//	.plinth/passphrase        the random passphrase of the state's secrets, readable by its owner alone
//	.plinth/state             the file backend
//	.plinth/home              PULUMI_HOME of the Pulumi CLI
//	.plinth/bin               tools that were built here
//	.plinth/cluster           the embedded control plane
//	.plinth/stacks/STACK      copies of Pulumi.yaml and Pulumi.STACK.yaml, the lock, the cluster the stack lives on
//
// It works on Unix: locks are flock locks, and the Pulumi CLI runs in a process group of its own.
package workspace
