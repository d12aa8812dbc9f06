package workload

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Placement says where pods run. The zero value leaves it to the scheduler.
type Placement struct {
	// Nodes are labels that a node must have.
	Nodes map[string]string
	// Tolerations are the taints that the pods tolerate.
	Tolerations []Toleration
	// Apart keeps a pod waiting rather than have two more in one zone, or on one node, than elsewhere. Otherwise that is
	// preferred.
	Apart bool
	// PriorityClass is the name of the class that says who goes first when nodes are full. Empty: the cluster's default.
	PriorityClass string
}

// Toleration is of a taint.
type Toleration struct {
	// Key names the taint.
	Key string
	// Value is the taint's. Empty: whatever it is.
	Value string
	// Effect is NoSchedule, PreferNoSchedule or NoExecute. Empty: each of them.
	Effect string
}

func (p Placement) apply(spec *corev1.PodSpecArgs) {
	if len(p.Nodes) > 0 {
		spec.NodeSelector = StringMap(p.Nodes)
	}
	if p.PriorityClass != "" {
		spec.PriorityClassName = pulumi.String(p.PriorityClass)
	}
	tolerations := corev1.TolerationArray{}
	for _, t := range p.Tolerations {
		args := corev1.TolerationArgs{Key: pulumi.String(t.Key), Operator: pulumi.String("Exists")}
		if t.Value != "" {
			args.Operator, args.Value = pulumi.String("Equal"), pulumi.String(t.Value)
		}
		if t.Effect != "" {
			args.Effect = pulumi.String(t.Effect)
		}
		tolerations = append(tolerations, args)
	}
	if len(tolerations) > 0 {
		spec.Tolerations = tolerations
	}
}
