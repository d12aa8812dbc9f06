// Package workload holds what every workload in a cluster shares: names and labels, images, ports, the one hardened
// pod, the namespace with its limits, and the network policies that follow from declared edges.
//
// A workload says only what differs. Hardening is not a choice: every pod made from [Pod] meets the Pod Security
// Standard "restricted" of Kubernetes v1.36, has a read-only root file system, no service account token, limits, and
// is spread over nodes and zones. An exception is a field with a name and a reason, never an override.
//
// The builders ([Pod.Template], [Ports.Container], ...) are pure functions of plain Go values: what exists, and how
// often, is known before the first resource is registered. Inputs flow into properties only.
package workload
