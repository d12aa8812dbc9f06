// Package operators installs operators: programs that watch a cluster for objects of their own kinds.
//
// Each is one Helm release of a pinned chart in a namespace of its own, which refuses pods that are not hardened and
// connections that are not declared. The release is Pulumi's own resource for one (kubernetes:helm.sh/v3:Release),
// since that runs hooks, waits, and needs no cluster in a preview; it is registered by its type's name, because the
// SDK's package helm/v3 costs more to compile than everything else together.
//
// # When an operator is there
//
// [Operator].Ready comes after the release, and Helm waits until every pod is ready. For the operators with an
// admission webhook that proves that the webhook answers, and so that the first custom resource will be admitted: the
// cert controller of External Secrets is ready once the webhook's certificate is in its configuration and its Service
// has endpoints, and cert-manager's chart ends with a hook that creates a Certificate on trial. The other two have
// none.
//
// # How an operator goes
//
// Everything that is of its kinds depends on Ready, and so is gone before the release is uninstalled: finalizers are
// answered. The release's own hooks run after that, the namespace goes last. Definitions of kinds that a chart keeps in
// its folder crds stay, as with Helm itself: deleting one would delete every object of the kind in the cluster, whoever
// made it. Those are the charts of Vault Secrets Operator and Sealed Secrets.
//
// An operator is one for a cluster. Where several environments share one, either it is looked after elsewhere or by one
// of them.
package operators
