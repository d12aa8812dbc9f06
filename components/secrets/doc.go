// Package secrets brings secret values to the workloads that read them, wherever the values live.
//
// A workload asks a [Backend] for values by name and gets a [Reference]: a Kubernetes Secret in its namespace, and
// under which of its keys each value is. It cannot tell who filled the Secret:
//
//	kubernetes        Pulumi writes it. The values are in the state, encrypted, and in the cluster's own store.
//	existing          somebody else does. Pulumi knows its name and keys alone.
//	sealed            the Sealed Secrets controller does, from ciphertext that only it can read.
//	external-secrets  External Secrets does, from whatever a SecretStore leads to.
//	vault             Vault Secrets Operator does, from HashiCorp Vault.
//
// With the last four no value is in the program, the state or a preview.
//
// A value that changes reaches the pods like this. kubernetes and sealed: the update that brings it rolls them. vault:
// the operator looks after each refresh and restarts them. external-secrets: the Secret follows after each refresh, so
// files do too (the kubelet takes a minute or so more); variables of a container never change while it runs, and wait
// for its next start. existing: the same, from the moment somebody changes the Secret.
//
// A backend that is away harms nobody who has started: every operator leaves the Secret as it is. The custom resources
// come after their operator and go before it, so that their finalizers are always answered.
//
// # What the environment makes for itself
//
// Passwords of databases, keys of buckets, certificates and signing keys go the same way, through a [Keeper]: each into
// a Secret of its own, which no application's values share. kubernetes and existing: Pulumi writes that Secret.
// external-secrets and vault: Pulumi writes an entry of the store ([Writer]), and the operator fetches it; a store that
// Pulumi has no credentials for is refused by the configuration. sealed: Pulumi encrypts with the controller's
// certificate. So with an operator nothing in the namespace is written in plain form. The values are in the state,
// encrypted, since they are made there.
package secrets
