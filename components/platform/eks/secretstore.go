package eks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/platform"
	"plinth/components/platform/eks/slim"
	"plinth/components/workload"
)

// maxSecret: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html.
const maxSecret = 512

// tokenService is whom tokens of service accounts are for that AWS exchanges.
const tokenService = "sts.amazonaws.com" //nolint:gosec // It is a host name.

// secretStore is the environment's part of Secrets Manager.
type secretStore struct {
	pulumi.ResourceState
}

// SecretStore implements [platform.Cluster] by Secrets Manager. External Secrets reads as the service account, by a
// token of its own: it cannot act as an account that EKS Pod Identity knows
// (https://external-secrets.io/latest/provider/aws-access/#eks-pod-identity-setup), so here the cluster is an identity
// provider of the account's.
func (c *Cluster) SecretStore(
	ctx *pulumi.Context, name string, args *platform.SecretStoreArgs, opts ...pulumi.ResourceOption,
) (*platform.SecretStore, error) {
	s := &secretStore{}
	if err := ctx.RegisterComponentResource("plinth:platform:EksSecretStore", name, s, opts...); err != nil {
		return nil, fmt.Errorf("registering the secret store %s: %w", name, err)
	}
	child := []pulumi.ResourceOption{pulumi.Parent(s), pulumi.Provider(c.provider)}
	store := &platform.SecretStore{Names: map[string]string{}}
	var own []statement
	for _, of := range slices.Sorted(maps.Keys(args.Entries)) {
		entry := args.Entries[of]
		// AWS ends every ARN in six characters of its own.
		on := pulumi.StringInput(c.arn("secretsmanager", "secret:"+entry.Existing+"-??????"))
		store.Names[of] = entry.Existing
		if entry.Existing == "" {
			store.Names[of] = workload.Name(maxSecret, c.args.Environment+"/"+of)
			made, version, err := c.makeSecret(ctx, name+"-"+of, store.Names[of], entry, args,
				append(child[:len(child):len(child)], pulumi.Protect(args.Protect)))
			if err != nil {
				return nil, err
			}
			on, store.Ready = made.Arn, append(store.Ready, made, version)
		}
		permitted, err := c.permission(binding.Grant{Allow: binding.ReadSecret, On: on})
		if err != nil {
			return nil, err
		}
		own = append(own, permitted...)
	}
	provider, err := c.identityProvider(ctx)
	if err != nil {
		return nil, err
	}
	acting, err := makeRole(ctx, name, c.roleName("secrets", args.Namespace, args.ServiceAccount), c.partition(), roleArgs{
		description: "Secrets of " + args.Namespace + " for External Secrets",
		trust:       c.tokens(provider, args.Namespace, args.ServiceAccount), own: own,
	}, child)
	if err != nil {
		return nil, err
	}
	store.Ready = append(store.Ready, acting.effective...)
	store.Annotations = pulumi.StringMap{"eks.amazonaws.com/role-arn": acting.Arn}
	store.Provider = pulumi.Map{"aws": pulumi.Map{
		"service": pulumi.String("SecretsManager"), "region": pulumi.String(c.args.Location.Region),
		"auth": pulumi.Map{"jwt": pulumi.Map{"serviceAccountRef": pulumi.Map{"name": pulumi.String(args.ServiceAccount)}}},
	}}
	return store, ctx.RegisterResourceOutputs(s, pulumi.Map{"role": acting.Arn})
}

// makeSecret makes an entry and its value, which is one object of JSON.
func (c *Cluster) makeSecret(
	ctx *pulumi.Context, name, called string, entry platform.SecretEntry, args *platform.SecretStoreArgs,
	opts []pulumi.ResourceOption,
) (*slim.Secret, pulumi.Resource, error) {
	made, err := slim.NewSecret(ctx, name+"-entry", &slim.SecretArgs{
		Name: pulumi.String(called), KmsKeyID: c.keyARN(), RecoveryWindowInDays: pulumi.Int(args.Recovery),
		Description: pulumi.String("Values of " + args.Namespace),
		Tags:        c.tags(called),
	}, opts...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating the secret %s: %w", called, err)
	}
	values := pulumi.Map{}
	for key, value := range entry.Values {
		values[key] = value
	}
	version, err := slim.NewSecretVersion(ctx, name+"-values", &slim.SecretVersionArgs{
		SecretID: made.Arn, SecretString: pulumi.ToSecret(pulumi.JSONMarshal(values)).(pulumi.StringOutput),
	}, append(opts[:len(opts):len(opts)], pulumi.Protect(false))...)
	if err != nil {
		return nil, nil, fmt.Errorf("writing the secret %s: %w", called, err)
	}
	return made, version, nil
}

// identityProvider makes the cluster one that the account takes tokens from, once.
// https://docs.aws.amazon.com/eks/latest/userguide/enable-iam-roles-for-service-accounts.html.
func (c *Cluster) identityProvider(ctx *pulumi.Context) (*iam.OpenIdConnectProvider, error) {
	if c.tokensFrom != nil {
		return c.tokensFrom, nil
	}
	issuer := c.cluster.Identities.Index(pulumi.Int(0)).Oidcs().Index(pulumi.Int(0)).Issuer().Elem()
	var err error
	c.tokensFrom, err = iam.NewOpenIdConnectProvider(ctx, c.name+"-tokens", &iam.OpenIdConnectProviderArgs{
		Url: issuer, ClientIdLists: pulumi.ToStringArray([]string{tokenService}), Tags: c.tags("tokens"),
	}, c.child()...)
	if err != nil {
		return nil, fmt.Errorf("creating the identity provider of the cluster: %w", err)
	}
	return c.tokensFrom, nil
}

// tokens is the trust of a role that one service account acts as by its tokens, and no others.
func (c *Cluster) tokens(provider *iam.OpenIdConnectProvider, namespace, account string) []statement {
	return []statement{{
		federated: provider.Arn, actions: []string{"sts:AssumeRoleWithWebIdentity"},
		when: provider.Url.ApplyT(func(url string) map[string]map[string]string {
			issuer := strings.TrimPrefix(url, "https://")
			return map[string]map[string]string{"StringEquals": {
				issuer + ":aud": tokenService, issuer + ":sub": "system:serviceaccount:" + namespace + ":" + account,
			}}
		}),
	}}
}
