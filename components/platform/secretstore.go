package platform

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// SecretStoreArgs says what the cloud's secret manager keeps for an environment, and who reads it there.
type SecretStoreArgs struct {
	// Namespace and ServiceAccount are whose entries they are: nobody else may read them.
	Namespace, ServiceAccount string
	// Entries by the workload that they are of. At least one.
	Entries map[string]SecretEntry
	// Recovery is for how many days what was deleted can be had back: 0, with which a name is free at once, or from 7 to
	// 30.
	Recovery int
	// Protect makes Pulumi refuse to delete entries.
	Protect bool
}

// SecretEntry is one entry: one that is made here, or one that is there.
type SecretEntry struct {
	// Existing is the name of one that somebody else looks after. Empty: it is made.
	Existing string
	// Values are what is in one that is made, by key. All are secret.
	Values map[string]pulumi.StringInput
}

// SecretStore leads External Secrets to the cloud's secret manager.
type SecretStore struct {
	// Provider is what a SecretStore has as spec.provider, for the service account.
	Provider pulumi.Map
	// Names are what the entries are called there, by workload.
	Names map[string]string
	// Annotations are those that the service account needs.
	Annotations pulumi.StringMap
	// Ready are what must be there before the first read: entries with their values, and the permission.
	Ready []pulumi.Resource
}
