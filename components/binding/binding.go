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
	// Files are mounted read-only.
	Files []File
	// Revision changes when a secret value behind Env or Files does, so that the consumer starts anew with it. Nil: none
	// ever does.
	Revision pulumi.StringInput
	// Edges are the network connections that the consumer opens.
	Edges []Edge
	// Grants are the permissions in the cloud that the consumer's service account needs.
	Grants []Grant
	// Ready are resources that must be there before the consumer starts. On destroy the consumer goes first.
	Ready []pulumi.Resource
}

// Grant is one permission in the cloud.
type Grant struct {
	// Allow is what it permits.
	Allow Permission
	// On identifies what it is about, in terms of the platform that made it: nobody else looks inside.
	On pulumi.StringInput
	// Prefix is what the names of objects start with that it is about. Empty: all of them, and for what is no object.
	Prefix string
	// Name tells grants of one permission to one consumer apart for good, so that taking one away leaves the others
	// alone: what On is called in the environment, a DNS label. Empty where there is one of its permission.
	Name string
}

// Permission is what a grant permits.
type Permission string

// The permissions. Each is as narrow as the cloud allows.
const (
	// ReadObjects lists a bucket and reads its objects.
	ReadObjects Permission = "readObjects"
	// WriteObjects does that, and writes and deletes objects.
	WriteObjects Permission = "writeObjects"
	// SignURLs makes URLs by which others read and write what the workload itself may, for a time.
	SignURLs Permission = "signURLs"
	// ReadSecret reads the current version of one secret.
	ReadSecret Permission = "readSecret"
	// Decrypt decrypts, and encrypts, with one key.
	Decrypt Permission = "decrypt"
)

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

// File is a file in a container whose content is an entry of a Secret.
type File struct {
	// Path is absolute, and its folder holds nothing else.
	Path string
	// Secret names the entry.
	Secret SecretRef
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
	// Except are ranges inside of CIDR that are not meant.
	Except []string
}

// Port is a port number on the wire.
type Port struct {
	// Number is from 1 to 65535.
	Number int
	// Protocol is TCP (the zero value's meaning), UDP or SCTP.
	Protocol string
}
