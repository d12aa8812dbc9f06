// Package binding holds the wiring between the parts of an environment, as plain data.
//
// What offers something (a database, a bucket, a secret) hands its consumer one [Binding]; an application, a Job or a
// proxy takes bindings and knows nothing of who made them. So an in-cluster database and a managed one, or two secret
// backends, are interchangeable: the stack changes one word and the consumer does not.
//
// The package imports nothing else of Plinth.
package binding

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Binding is everything a consumer needs in order to use what it is bound to. The zero value binds nothing.
type Binding struct {
	// Env are environment variables, in order: a later one may refer to an earlier one as $(NAME).
	Env []Variable
	// Edges are the network connections that the consumer opens.
	Edges []Edge
	// Ready are resources that must be there before the consumer starts. On destroy the consumer goes first.
	Ready []pulumi.Resource
}

// Variable is one environment variable of a container. Exactly one of Value and Secret is set.
type Variable struct {
	// Name is a C identifier, as Kubernetes demands.
	Name string
	// Value is plain: it must hold no secret, since everybody who may read pods can read it. $(OTHER) is replaced by
	// the variable OTHER where that comes earlier.
	Value pulumi.StringInput
	// Secret names the key of a Kubernetes Secret that holds the value.
	Secret *SecretRef
}

// SecretRef names one key of a Kubernetes Secret in the consumer's namespace.
type SecretRef struct {
	// Secret is the object's name.
	Secret pulumi.StringInput
	// Key is the entry in its data.
	Key string
}

// Edge is a network connection that its owner opens to a peer. What no edge declares does not flow.
type Edge struct {
	// To is the peer.
	To Peer
	// Ports are the container ports of a workload, or the ports behind a CIDR. At least one.
	Ports []Port
}

// Peer is one end of an edge: the pods of a workload, or addresses outside of the cluster.
type Peer struct {
	// Name is the workload's name, used in the names of the policies.
	Name string
	// Namespace is where the peer's pods run.
	Namespace string
	// Selector are the labels that select the peer's pods.
	Selector map[string]string
	// CIDR is a range of addresses outside of the cluster; with it, Namespace and Selector are empty.
	CIDR string
}

// Port is a port number on the wire.
type Port struct {
	// Number is from 1 to 65535.
	Number int
	// Protocol is TCP (the zero value's meaning), UDP or SCTP.
	Protocol string
}
