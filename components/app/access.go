package app

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/workload"
)

// Access is what an application's pods may do with the cluster's API: a Role in the application's namespace, bound to
// its service account, whose token is mounted; and the way to the API server.
type Access struct {
	// Rules are what it may do. At least one.
	Rules []Rule
	// Servers are where the API server is reached. At least one: a network policy cannot name it.
	Servers []binding.Edge
}

// Rule permits verbs on resources of the namespace.
type Rule struct {
	// Groups are API groups, "" for the core one. Resources and Verbs are as in a Role.
	Groups, Resources, Verbs []string
	// Names are the objects' names. Empty: all of the kind.
	Names []string
}

// access lets the pods use the cluster's API.
func (b *builder) access() error {
	a := b.args.Access
	if a == nil {
		return nil
	}
	const group = "rbac.authorization.k8s.io"
	rules := pulumi.Array{}
	for _, r := range a.Rules {
		rule := pulumi.Map{
			"apiGroups": pulumi.ToStringArray(r.Groups), "resources": pulumi.ToStringArray(r.Resources),
			"verbs": pulumi.ToStringArray(r.Verbs),
		}
		if len(r.Names) > 0 {
			rule["resourceNames"] = pulumi.ToStringArray(r.Names)
		}
		rules = append(rules, rule)
	}
	role, err := workload.Object(b.ctx, b.name+"-role", group+"/v1", "Role", b.id.Meta(b.name),
		pulumi.Map{"rules": rules}, b.child()...)
	if err != nil {
		return fmt.Errorf("access to the API: %w", err)
	}
	bound, err := workload.Object(b.ctx, b.name+"-role-binding", group+"/v1", "RoleBinding", b.id.Meta(b.name), pulumi.Map{
		"roleRef": pulumi.StringMap{
			"apiGroup": pulumi.String(group), "kind": pulumi.String("Role"), "name": pulumi.String(b.name),
		},
		"subjects": pulumi.Array{pulumi.StringMap{
			"kind": pulumi.String("ServiceAccount"), "name": pulumi.String(b.account),
			"namespace": pulumi.String(b.id.Namespace),
		}},
	}, b.child(role)...)
	if err != nil {
		return fmt.Errorf("access to the API: %w", err)
	}
	b.before, b.granted = append(b.before, bound), append(b.granted, bound)
	return nil
}
