package gke

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/platform"
	"plinth/components/platform/gke/slim"
	"plinth/components/workload"
)

// identity is a workload's permissions.
type identity struct {
	pulumi.ResourceState
}

// Identity implements [platform.Cluster] by Workload Identity Federation: the Kubernetes service account itself is a
// principal of Google Cloud, and gets roles on the very resources that the grants name. There is no Google service
// account in between, so there is none to impersonate, to run out of (a project has 100), or to wait for; but for who
// signs URLs, which only a service account can: such a workload acts as one of its own.
// https://cloud.google.com/storage/docs/access-control/signed-urls.
//
// The principal is of the project, not of the cluster: the same namespace and name in another cluster of the project is
// the same one. Environments have namespaces of their own, so theirs are apart.
func (c *Cluster) Identity(
	ctx *pulumi.Context, name string, args *platform.IdentityArgs, opts ...pulumi.ResourceOption,
) (*platform.Identity, error) {
	if err := checkGrants(args.Grants); err != nil {
		return nil, fmt.Errorf("identity %s: %w", name, err)
	}
	made := &identity{}
	if err := ctx.RegisterComponentResource("plinth:platform:GkeIdentity", name, made, opts...); err != nil {
		return nil, fmt.Errorf("registering identity %s: %w", name, err)
	}
	// The first cluster of a project brings the pool that the principal is of.
	options := []pulumi.ResourceOption{
		pulumi.Parent(made), pulumi.Provider(c.provider), pulumi.DependsOn([]pulumi.Resource{c.cluster}),
	}
	var principal pulumi.StringInput = c.principal(args.Namespace, args.ServiceAccount)
	identity := &platform.Identity{Edges: metadataServer()}
	if slices.ContainsFunc(args.Grants, func(g binding.Grant) bool { return g.Allow == binding.SignURLs }) {
		account, err := c.signer(ctx, name, args, principal, options)
		if err != nil {
			return nil, fmt.Errorf("identity %s: %w", name, err)
		}
		principal, identity.Ready = account.Member, account.ready
		identity.Annotations = pulumi.StringMap{"iam.gke.io/gcp-service-account": account.Email}
	}
	for _, grant := range args.Grants {
		member, err := allow(ctx, grantName(name, grant), grant, principal, options)
		if err != nil {
			return nil, fmt.Errorf("identity %s: %w", name, err)
		}
		if member != nil {
			identity.Ready = append(identity.Ready, member)
		}
	}
	return identity, ctx.RegisterResourceOutputs(made, pulumi.Map{})
}

// principal is what a service account of Kubernetes is to Google Cloud.
func (c *Cluster) principal(namespace, account string) pulumi.StringOutput {
	return pulumi.Sprintf(
		"principal://iam.googleapis.com/projects/%s/locations/global/workloadIdentityPools/%s/subject/ns/%s/sa/%s",
		c.number, c.workloadPool(), namespace, account)
}

// metadataServer is where pods get their credentials: on their node, at addresses that are the same everywhere.
// https://cloud.google.com/kubernetes-engine/docs/how-to/network-policy#network-policy-and-workload-identity.
func metadataServer() []binding.Edge {
	return []binding.Edge{
		{To: binding.Peer{CIDR: "169.254.169.252/32"}, Ports: []binding.Port{{Number: 988}}},
		{To: binding.Peer{CIDR: "169.254.169.254/32"}, Ports: []binding.Port{{Number: 80}}},
	}
}

// signer is a service account that a workload acts as.
type signer struct {
	*slim.Account

	// ready is that it may.
	ready []pulumi.Resource
}

// signer makes a service account that one service account of Kubernetes acts as, and that signs in its own name: there
// is no key, Google signs for it.
func (c *Cluster) signer(
	ctx *pulumi.Context, name string, args *platform.IdentityArgs, principal pulumi.StringInput,
	opts []pulumi.ResourceOption,
) (*signer, error) {
	after := append(opts[:len(opts):len(opts)], c.after(apiIAM, apiCredentials))
	account, err := slim.NewAccount(ctx, name+"-account", &slim.AccountArgs{
		AccountID:   pulumi.String(c.called(maxAccount, "pod", args.Namespace, args.ServiceAccount)),
		DisplayName: pulumi.String(workload.Name(maxDisplay, "Pods of "+args.Namespace+"/"+args.ServiceAccount)),
	}, after...)
	if err != nil {
		return nil, fmt.Errorf("creating its service account: %w", err)
	}
	s := &signer{Account: account}
	for _, may := range []struct {
		what, role string
		who        pulumi.StringInput
	}{
		{"acts", "roles/iam.workloadIdentityUser", principal},
		{"signs", "roles/iam.serviceAccountTokenCreator", account.Member},
	} {
		member, err := slim.NewAccountMember(ctx, name+"-"+may.what, &slim.AccountMemberArgs{
			ServiceAccountID: account.ID().ToStringOutput(), Role: pulumi.String(may.role), Member: may.who,
		}, after...)
		if err != nil {
			return nil, fmt.Errorf("letting it use its service account: %w", err)
		}
		s.ready = append(s.ready, member)
	}
	return s, nil
}

// grantName is the name of what a grant becomes. It does not depend on the other grants: a role that moved from one
// resource's name to another's would be given once more and then taken away.
func grantName(identity string, grant binding.Grant) string {
	name := identity + "-" + string(grant.Allow)
	if grant.Name != "" {
		name += "-" + grant.Name
	}
	return name
}

func checkGrants(grants []binding.Grant) error {
	if len(grants) == 0 {
		return errors.New("it has no grants: a workload without any needs no identity")
	}
	taken := map[string]bool{}
	for _, grant := range grants {
		name := grantName("", grant)
		if grant.On == nil {
			return fmt.Errorf("grant %s: it is about nothing: set On", name[1:])
		}
		if taken[name] {
			return fmt.Errorf("grant %s: there are two: give each a Name of its own", name[1:])
		}
		taken[name] = true
	}
	return nil
}

// workloadPool is what the service accounts of a project's clusters are principals of.
func (c *Cluster) workloadPool() string { return c.args.Location.Account + ".svc.id.goog" }

// allow gives a principal the one role that a grant stands for, on the one resource. Nil: it takes none.
func allow(
	ctx *pulumi.Context, name string, grant binding.Grant, principal pulumi.StringInput, opts []pulumi.ResourceOption,
) (pulumi.Resource, error) {
	onBucket := func(role string) (pulumi.Resource, error) {
		return slim.NewBucketMember(ctx, name, &slim.BucketMemberArgs{
			Bucket: grant.On, Role: pulumi.String(role), Member: principal, Condition: below(grant),
		}, opts...)
	}
	// The roles: https://cloud.google.com/iam/docs/roles-permissions.
	switch grant.Allow {
	case binding.ReadObjects:
		return onBucket("roles/storage.objectViewer")
	case binding.WriteObjects:
		return onBucket("roles/storage.objectUser")
	case binding.SignURLs:
		return nil, nil // See signer.
	case binding.ReadSecret:
		return slim.NewSecretMember(ctx, name, &slim.SecretMemberArgs{
			SecretID: grant.On, Role: pulumi.String("roles/secretmanager.secretAccessor"), Member: principal,
		}, opts...)
	case binding.Decrypt:
		return slim.NewKeyMember(ctx, name, &slim.KeyMemberArgs{
			CryptoKeyID: grant.On, Role: pulumi.String(useKey), Member: principal,
		}, opts...)
	default:
		return nil, fmt.Errorf("permission %q: want one of %s, %s, %s, %s, %s", grant.Allow,
			binding.ReadObjects, binding.WriteObjects, binding.SignURLs, binding.ReadSecret, binding.Decrypt)
	}
}

// below limits a role to objects whose names start with the grant's prefix, and to lists of such. Nil: there is none.
// https://cloud.google.com/iam/docs/conditions-attribute-reference.
func below(grant binding.Grant) *slim.Condition {
	if grant.Prefix == "" {
		return nil
	}
	return &slim.Condition{
		Title: pulumi.String("below " + grant.Prefix),
		Expression: pulumi.Sprintf("resource.name.startsWith(\"projects/_/buckets/%s/objects/%s\") || "+
			"api.getAttribute(\"storage.googleapis.com/objectListPrefix\", \"\").startsWith(\"%s\")",
			grant.On, grant.Prefix, grant.Prefix),
	}
}
