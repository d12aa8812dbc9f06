package gke

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/platform"
	"plinth/components/platform/gke/slim"
)

// identity is a workload's permissions.
type identity struct {
	pulumi.ResourceState
}

// Identity implements [platform.Cluster] by Workload Identity Federation: the Kubernetes service account itself is a
// principal of Google Cloud, and gets roles on the very resources that the grants name. There is no Google service
// account in between, so there is none to impersonate, to run out of (a project has 100), or to wait for.
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
	principal := pulumi.Sprintf(
		"principal://iam.googleapis.com/projects/%s/locations/global/workloadIdentityPools/%s/subject/ns/%s/sa/%s",
		c.number, c.workloadPool(), args.Namespace, args.ServiceAccount)
	// The first cluster of a project brings the pool that the principal is of.
	options := []pulumi.ResourceOption{
		pulumi.Parent(made), pulumi.Provider(c.provider), pulumi.DependsOn([]pulumi.Resource{c.cluster}),
	}
	var ready []pulumi.Resource
	for _, grant := range args.Grants {
		member, err := allow(ctx, grantName(name, grant), grant, principal, options)
		if err != nil {
			return nil, fmt.Errorf("identity %s: %w", name, err)
		}
		ready = append(ready, member)
	}
	return &platform.Identity{Ready: ready}, ctx.RegisterResourceOutputs(made, pulumi.Map{})
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

// allow gives a principal the one role that a grant stands for, on the one resource.
func allow(
	ctx *pulumi.Context, name string, grant binding.Grant, principal pulumi.StringInput, opts []pulumi.ResourceOption,
) (pulumi.Resource, error) {
	onBucket := func(role string) (pulumi.Resource, error) {
		return slim.NewBucketMember(ctx, name, &slim.BucketMemberArgs{
			Bucket: grant.On, Role: pulumi.String(role), Member: principal,
		}, opts...)
	}
	// The roles: https://cloud.google.com/iam/docs/roles-permissions.
	switch grant.Allow {
	case binding.ReadObjects:
		return onBucket("roles/storage.objectViewer")
	case binding.WriteObjects:
		return onBucket("roles/storage.objectUser")
	case binding.ReadSecret:
		return slim.NewSecretMember(ctx, name, &slim.SecretMemberArgs{
			SecretID: grant.On, Role: pulumi.String("roles/secretmanager.secretAccessor"), Member: principal,
		}, opts...)
	case binding.Decrypt:
		return slim.NewKeyMember(ctx, name, &slim.KeyMemberArgs{
			CryptoKeyID: grant.On, Role: pulumi.String(useKey), Member: principal,
		}, opts...)
	default:
		return nil, fmt.Errorf("permission %q: want one of %s, %s, %s, %s", grant.Allow,
			binding.ReadObjects, binding.WriteObjects, binding.ReadSecret, binding.Decrypt)
	}
}
