// Package kubernetes stands in for the kubernetes plugin of Pulumi (pulumi-kubernetes v4) where that is not installed:
// a gRPC server in this process that the engine attaches to. It works on a real API server through client-go, and keeps
// state as the plugin does (`__inputs`, `__initialApiVersion`, `__fieldManager`), so either can take the other's over.
//
// # What it does as the plugin does
//
// An absent metadata.name becomes the logical name and eight hexadecimal digits. A create fails on what exists (since
// 4.29), an update is a server-side apply. A changed field that Kubernetes never changes replaces the object, and so do
// the data of ConfigMaps and Secrets unless the provider allows mutation; the old object goes first where the name is
// the program's. The annotations of pulumi.com are honoured: skipAwait, waitFor, timeoutSeconds, replaceUnready,
// patchForce, patchFieldManager and deletionPropagationPolicy. Patch resources own fields of an object that another
// made. A provider is replaced when its clusterIdentifier changes, and by a guess from the kubeconfig where it has
// none. A Service waits for a pod that it selects, so where many are made at once, let each depend on its Deployment:
// waiting Services take the engine's places, and the pods they wait for get none. The tests of this package name the
// place where the plugin documents each.
//
// # Where it departs from the plugin
//
//   - A rollout fails early: when a pod could not pull its image for 20 seconds, or restarted three times and failed
//     again. The plugin reports the same reasons, but only at its timeout (ten minutes, or
//     pulumi.com/timeoutSeconds).
//   - The plugin lets the endpoints of a Service settle for ten seconds; here the first one is enough.
//   - A Patch resource for an object that does not exist is refused; the plugin would make one that nothing deletes.
//   - A preview of a create shows the inputs only, never the identifiers of a dry run. The API server still checks it.
//   - Warnings of the API server, such as those of Pod Security admission, reach the user.
//   - metadata.managedFields is not kept in state.
//
// # What it refuses, by name
//
// Helm charts (a release is installed by a program of its own, where there is one: internal/offline/helm; it cannot be
// imported, and inputs that it does not honour are refused by name), YAML and kustomize resources, the invokes that
// render them, list resources, metadata.generateName, and the provider's renderYamlToDirectory, alwaysRender and
// enableServerSideApply=false.
package kubernetes
