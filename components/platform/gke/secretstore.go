package gke

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/platform"
	"plinth/components/platform/gke/slim"
	"plinth/components/workload"
)

// maxSecret: https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/create.
const maxSecret = 255

// secretStore is the environment's part of Secret Manager.
type secretStore struct {
	pulumi.ResourceState
}

// SecretStore implements [platform.Cluster] by Secret Manager. External Secrets reads as the service account, which is
// a principal of Google Cloud itself: https://external-secrets.io/latest/provider/google-secrets-manager/.
func (c *Cluster) SecretStore(
	ctx *pulumi.Context, name string, args *platform.SecretStoreArgs, opts ...pulumi.ResourceOption,
) (*platform.SecretStore, error) {
	s := &secretStore{}
	if err := ctx.RegisterComponentResource("plinth:platform:GkeSecretStore", name, s, opts...); err != nil {
		return nil, fmt.Errorf("registering the secret store %s: %w", name, err)
	}
	api, err := c.switchOn(ctx, apiSecrets)
	if err != nil {
		return nil, err
	}
	needs := []pulumi.Resource{api, c.cluster}
	if c.key != nil {
		allowed, err := c.secretsKey(ctx, api)
		if err != nil {
			return nil, err
		}
		needs = append(needs, allowed)
	}
	child := []pulumi.ResourceOption{pulumi.Parent(s), pulumi.Provider(c.provider), pulumi.DependsOn(needs)}
	principal := c.principal(args.Namespace, args.ServiceAccount)
	store := &platform.SecretStore{Names: map[string]string{}}
	for _, of := range sorted(args.Entries) {
		entry := args.Entries[of]
		on := pulumi.StringInput(pulumi.String(entry.Existing))
		store.Names[of] = entry.Existing
		if entry.Existing == "" {
			store.Names[of] = workload.Name(maxSecret, c.args.Environment, of)
			made, version, err := c.makeSecret(ctx, name+"-"+of, store.Names[of], entry, args.Recovery,
				append(child[:len(child):len(child)], pulumi.Protect(args.Protect)))
			if err != nil {
				return nil, err
			}
			on, store.Ready = made.SecretID, append(store.Ready, made, version)
		}
		may, err := allow(ctx, name+"-"+of+"-read", binding.Grant{Allow: binding.ReadSecret, On: on}, principal, child)
		if err != nil {
			return nil, fmt.Errorf("secret store %s: %w", name, err)
		}
		store.Ready = append(store.Ready, may)
	}
	project := pulumi.String(c.args.Location.Account)
	store.Provider = pulumi.Map{"gcpsm": pulumi.Map{
		"projectID": project,
		"auth": pulumi.Map{"workloadIdentity": pulumi.Map{
			"clusterProjectID": project, "clusterLocation": pulumi.String(c.args.Location.Region),
			"clusterName":       pulumi.String(c.physical()),
			"serviceAccountRef": pulumi.Map{"name": pulumi.String(args.ServiceAccount)},
		}},
	}}
	return store, ctx.RegisterResourceOutputs(s, pulumi.Map{})
}

// makeSecret makes an entry and its value, which is one object of JSON. A value that another has replaced, or that is
// deleted by itself, can be had back for so many days; an entry that is deleted is gone.
func (c *Cluster) makeSecret(
	ctx *pulumi.Context, name, called string, entry platform.SecretEntry, recovery int, opts []pulumi.ResourceOption,
) (*slim.Secret, pulumi.Resource, error) {
	place := slim.SecretPlace{Location: pulumi.String(c.args.Location.Region)}
	if c.key != nil {
		place.CustomerManagedEncryption = &slim.SecretEncryption{KMSKeyName: c.key.id}
	}
	settings := &slim.SecretArgs{
		SecretID:    pulumi.String(called),
		Replication: &slim.SecretReplication{UserManaged: &slim.SecretPlaces{Replicas: []slim.SecretPlace{place}}},
	}
	if recovery > 0 {
		settings.VersionDestroyTTL = pulumi.String(fmt.Sprintf("%ds", recovery*24*3600))
	}
	made, err := slim.NewSecret(ctx, name+"-entry", settings, opts...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating the secret %s: %w", called, err)
	}
	values := pulumi.Map{}
	for key, value := range entry.Values {
		values[key] = value
	}
	version, err := slim.NewSecretVersion(ctx, name+"-values", &slim.SecretVersionArgs{
		Secret: made.ID().ToStringOutput(), SecretData: pulumi.ToSecret(pulumi.JSONMarshal(values)).(pulumi.StringOutput),
	}, append(opts[:len(opts):len(opts)], pulumi.Protect(false))...)
	if err != nil {
		return nil, nil, fmt.Errorf("writing the secret %s: %w", called, err)
	}
	return made, version, nil
}

// secretsKey lets Secret Manager use the environment's key: its account is made when it is first asked for.
func (c *Cluster) secretsKey(ctx *pulumi.Context, api pulumi.Resource) (pulumi.Resource, error) {
	after := pulumi.DependsOn([]pulumi.Resource{api})
	agent, err := slim.NewServiceIdentity(ctx, c.name+"-secrets-agent", &slim.ServiceIdentityArgs{
		Project: pulumi.String(c.args.Location.Account), Service: pulumi.String(apiSecrets + ".googleapis.com"),
	}, c.child(after)...)
	if err != nil {
		return nil, fmt.Errorf("asking for the account of Secret Manager: %w", err)
	}
	return c.allowKey(ctx, "secrets", pulumi.Sprintf("serviceAccount:%s", agent.Email), c.kept(after))
}
