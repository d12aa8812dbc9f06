// Package offline is the engine without a cloud: what `pulumi up` needs around it, on a machine that has nothing but
// Go.
//
// # The embedded cluster
//
// [Start] runs a Kubernetes control plane as child processes on loopback: etcd, Kubernetes' own API server, controller
// manager and scheduler, and one process that plays the machines and the cloud. [BuildControlPlane] builds the one
// program that they all are. The cluster belongs to a folder, lives on when the program that started it ends, and is
// found again by the next [Start] with that folder; [Stop] ends it and removes the folder.
//
// Real are the API and everything that works on it: validation, defaults, RBAC, Pod Security admission, quotas,
// garbage collection, scheduling, rollouts, binding of claims, disruption budgets.
//
// Simulated is all that a machine or a cloud would do:
//
//   - Three nodes, node-1 to node-3, in the zones local-a, local-b and local-c of the region local. They never fail.
//   - Pods. No image is pulled and no container runs: a pod that is scheduled becomes ready at once and stays so,
//     whatever its image, probes, command or missing ConfigMap would do to a real one; a Job's pods succeed at once. A
//     pod here cannot fail, there are no logs and nothing to exec into.
//   - Volumes. The default StorageClass, standard, binds a claim when its first pod is scheduled, lets it grow, and
//     removes the volume with its claim. Nothing is stored.
//   - Load balancers. A Service of type LoadBalancer gets an address from 203.0.113.0/24 (RFC 5737: never anybody's).
//     Nothing answers there, nor at any Service or pod address; network policies have nothing to stop.
//
// So a green run here shows that objects are accepted, ordered, bound, waited for and deleted as on a real cluster. It
// proves nothing about how an application behaves.
//
// # Simulated clouds
//
// [Simulate] serves a cloud that refuses what the real one refuses, in place of its plugin: package simulation has the
// kernel, aws and gcp the tables. Its clusters hand out an API server of ours, and [Shims] the credentials for it, so a
// program is the same with it as without.
package offline
