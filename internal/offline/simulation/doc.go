// Package simulation is the kernel of the simulated clouds: a gRPC server in this process that the engine attaches to
// in place of a cloud's plugin, and a file that is the cloud.
//
// # What it is for
//
// A program that would fail on the real cloud should fail here, in a second and for nothing. So a simulated cloud
// refuses what the real one refuses, with the service's own words where they are known:
//
//   - a resource type or an input that it does not know
//   - an id, ARN or name that is nobody's
//   - an address range that is malformed, too large or small, outside its network or overlapping a neighbour
//   - a name that is too long, malformed or taken
//   - a policy document that does not parse
//   - a delete while something still depends on it, or while it is protected
//
// It is that and no more. There are no quotas and no delays, prices or permissions; nothing computes, stores or
// answers, except the API server of a cluster, which is the embedded one ([Kubernetes]).
//
// # Tables
//
// A [Cloud] is data: for each type of resource its inputs, what replaces it, what it refers to, which names and ranges
// it may have, what it puts out, and what the service says when it refuses. The packages aws and gcp beside this one
// have the tables. A rule that no table can say is a small function ([Rule]) that several types may share.
//
// The file inputs.txt of a cloud lists for each type the inputs, as the structs of its SDK have them (required ones end
// in "!"), so that the kernel needs no SDK, which takes minutes to compile.
//
// # The world
//
// A [World] is what is in the cloud: one file, written whole after each change, which outlives the process as a cloud
// does. It has more in it than the program made: what a service adds by itself (the default security group of a VPC),
// what the cluster made (load balancers, volumes), and what was deleted but still takes its name (a secret in its
// recovery window, a key ring forever). Passwords are in it as hashes alone.
//
// # What lives in the cluster
//
// Services of type LoadBalancer and PersistentVolumes are read from the API server when something is deleted that they
// could hold. A cluster that is deleted under them leaves its load balancers and volumes in the world, where they hold
// subnets and networks until somebody removes them, as they would for real. All simulated clusters of a world share
// the one API server.
package simulation
