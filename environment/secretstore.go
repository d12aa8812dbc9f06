package environment

import (
	"cmp"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/secrets"
	"plinth/config"
)

// usesManagedStore says whether values are in the secret manager of the stack's cloud.
func usesManagedStore(s config.Secrets) bool {
	return s.Backend == config.ExternalBackend && s.External.Store == config.ManagedStore
}

// managedStore writes the values of apps to the secret manager of the stack's cloud, and lets the account that External
// Secrets reads as read these entries, and those that somebody else looks after for an app.
func (e *environment) managedStore() (secrets.Store, error) {
	s := e.cfg.Secrets
	values := maps.Clone(e.signing)
	for name := range e.cfg.SecretValues {
		values[name] = e.secretValue(name)
	}
	args := &platform.SecretStoreArgs{
		Namespace: e.namespace.Name, ServiceAccount: secrets.Account, Recovery: s.External.Recovery,
		Protect: s.External.Protect, Entries: map[string]platform.SecretEntry{},
	}
	for _, app := range readers(e.cfg) {
		entry := platform.SecretEntry{Existing: s.External.Entries[app]}
		if entry.Existing == "" {
			entry.Values = map[string]pulumi.StringInput{}
			for _, value := range e.cfg.Apps[app].SecretNames() {
				entry.Values[cmp.Or(s.Keys[value], value)] = values[value]
			}
		}
		args.Entries[app] = entry
	}
	made, err := e.cluster.SecretStore(e.ctx, secretsName, args)
	if err != nil {
		return nil, err
	}
	return secrets.ManagedStore{
		Spec: made.Provider, Entries: made.Names, Annotations: made.Annotations, Ready: made.Ready,
	}, nil
}
