package secrets

import (
	"fmt"
	"maps"
	"slices"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// Backend is where secret values live.
type Backend interface {
	// Secret makes, or finds, the Secret that holds one workload's values. No two workloads share one that is made.
	Secret(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Reference, error)
}

// Args says whose values they are, and which.
type Args struct {
	// Namespace is where the workload runs.
	Namespace *workload.Namespace
	// ID is the workload's.
	ID workload.ID
	// Names are the values that it needs, each once.
	Names []string
	// Restart are the Deployments that read variables from the Secret, for backends that restart them.
	Restart []string
	// Aliases are what the resources of a Secret that Pulumi writes were before.
	Aliases []pulumi.Alias
}

// secret is one workload's Secret in the making: a component of what it takes.
type secret struct {
	pulumi.ResourceState

	ctx  *pulumi.Context
	name string
	args *Args
}

// begin registers the component. name ends up in the name of everything in it.
func begin(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*secret, error) {
	s := &secret{ctx: ctx, name: name, args: args}
	if err := ctx.RegisterComponentResource("plinth:secrets:Secret", name, s, opts...); err != nil {
		return nil, fmt.Errorf("registering the secrets of %s: %w", args.ID.Name, err)
	}
	return s, nil
}

// child are the options of what belongs to the Secret: after the namespace and after what else it needs.
func (s *secret) child(after ...pulumi.Resource) []pulumi.ResourceOption {
	return []pulumi.ResourceOption{
		pulumi.Parent(s), pulumi.DependsOn(slices.Concat(s.args.Namespace.Ready, after)),
	}
}

// end completes the component.
func (s *secret) end(r *Reference) (*Reference, error) {
	return r, s.ctx.RegisterResourceOutputs(s, pulumi.Map{"name": pulumi.String(r.Secret)})
}

// own is a reference to a Secret that is made here: its keys are the workload's own names.
func (s *secret) own(name string, ready ...pulumi.Resource) *Reference {
	r := &Reference{Secret: name, Keys: map[string]string{}, Ready: ready}
	for _, value := range s.args.Names {
		r.Keys[value] = value
	}
	return r
}

// ready makes the provider wait until an object says that it is.
func ready(meta metav1.ObjectMetaArgs, expression string) metav1.ObjectMetaArgs {
	annotations := pulumi.StringMap{
		"pulumi.com/waitFor": pulumi.String(expression), "pulumi.com/timeoutSeconds": pulumi.String(fmt.Sprint(patience)),
	}
	if before, ok := meta.Annotations.(pulumi.StringMap); ok {
		maps.Copy(annotations, before)
	}
	meta.Annotations = annotations
	return meta
}

// patience is how long an operator may take to say that an object is ready, in seconds: a login and a read, with a few
// attempts, since a backend may just be starting.
const patience = 120
