package isolation

import (
	"fmt"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// Priority says who goes first when nodes are full.
type Priority struct {
	pulumi.ResourceState

	// Class is the name by which pods refer to it.
	Class string
	// Ready is what must be there before a pod that refers to it.
	Ready []pulumi.Resource
}

// PriorityArgs says what a priority is.
type PriorityArgs struct {
	// Environment is part of the class' name, which the whole cluster shares: a DNS label.
	Environment string
	// PartOf names the environment in labels.
	PartOf string
	// Value orders priorities: the greater one goes first.
	Value int
	// Preempts takes pods of a lower priority away from full nodes, rather than wait.
	Preempts bool
	// Description says what it is for. May be empty.
	Description string
}

// NewPriority makes a priority class. A value cannot change: another one makes the class anew, under the same name, and
// pods keep the value that they were made with.
func NewPriority(
	ctx *pulumi.Context, name string, args *PriorityArgs, opts ...pulumi.ResourceOption,
) (*Priority, error) {
	p := &Priority{Class: PriorityClass(args.Environment, name)}
	full := "priority-" + name
	if err := ctx.RegisterComponentResource("plinth:isolation:Priority", full, p, opts...); err != nil {
		return nil, fmt.Errorf("registering priority %s: %w", name, err)
	}
	policy := "PreemptLowerPriority"
	if !args.Preempts {
		policy = "Never"
	}
	id := workload.ID{Name: full, Component: "priority", PartOf: args.PartOf}
	class, err := workload.Object(ctx, full+"-class", "scheduling.k8s.io/v1", "PriorityClass",
		metav1.ObjectMetaArgs{Name: pulumi.String(p.Class), Labels: workload.StringMap(id.Labels())},
		pulumi.Map{
			"value": pulumi.Int(args.Value), "preemptionPolicy": pulumi.String(policy),
			"description": pulumi.String(args.Description), "globalDefault": pulumi.Bool(false),
		}, pulumi.Parent(p), pulumi.DeleteBeforeReplace(true), pulumi.ReplaceOnChanges([]string{"value", "preemptionPolicy"}))
	if err != nil {
		return nil, err
	}
	p.Ready = []pulumi.Resource{class}
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{"class": pulumi.String(p.Class)})
}

// PriorityClass is the name of an environment's class for a priority.
func PriorityClass(environment, priority string) string {
	return workload.Name(workload.MaxLabel, environment, priority)
}
