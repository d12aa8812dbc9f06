package secrets

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// ManagedStore leads to the secret manager of the cluster's cloud, where the platform has made everything.
type ManagedStore struct {
	// Spec is the store's spec.provider, which reads as [Account].
	Spec pulumi.Map
	// Entries are their names by workload.
	Entries map[string]string
	// Annotations are those that the account needs.
	Annotations pulumi.StringMap
	// Ready are what must be there before the first read.
	Ready []pulumi.Resource
}

// Provider is what the platform says.
func (m ManagedStore) Provider(string) pulumi.Map { return m.Spec }

// Entry is an entry's name.
func (m ManagedStore) Entry(of string) string { return m.Entries[of] }

// Prepare returns what the platform has made.
func (m ManagedStore) Prepare(*External, []pulumi.ResourceOption, []string) ([]pulumi.Resource, error) {
	return m.Ready, nil
}

// annotated is a store that the account needs annotations for.
type annotated interface{ accountAnnotations() pulumi.StringMap }

func (m ManagedStore) accountAnnotations() pulumi.StringMap { return m.Annotations }

// annotationsFor are those of the account that reads from a store; most need none.
func annotationsFor(store Store) pulumi.StringMap {
	if a, ok := store.(annotated); ok {
		return a.accountAnnotations()
	}
	return nil
}
