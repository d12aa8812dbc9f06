package app

import (
	"fmt"

	autoscalingv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/api/resource"

	"plinth/components/binding"
	"plinth/components/workload"
)

// Autoscaling changes the number of pods with their load.
type Autoscaling struct {
	// Min and Max bound the number of pods.
	Min, Max int
	// CPU is the use of the requested CPU that it aims at, in percent.
	CPU int
}

// Server is an application server that takes its number of workers from the environment.
type Server string

// The servers. NoServer sets its workers itself, or has none.
const (
	NoServer Server = ""
	Gunicorn Server = "gunicorn"
	Uvicorn  Server = "uvicorn"
	Granian  Server = "granian"
)

// variable is where each server reads the number of its workers:
// https://docs.gunicorn.org/en/stable/settings.html#workers, https://www.uvicorn.org/settings/#production,
// https://github.com/emmett-framework/granian#options.
func (s Server) variable() (string, error) {
	switch s {
	case Gunicorn, Uvicorn:
		return "WEB_CONCURRENCY", nil
	case Granian:
		return "GRANIAN_WORKERS", nil
	case NoServer:
	}
	return "", fmt.Errorf("server %q: want gunicorn, uvicorn or granian", s)
}

// workers tells the server how many to start: by default two for each core that the container may use, and one, as
// gunicorn's documentation advises (https://docs.gunicorn.org/en/stable/design.html#how-many-workers). A part of a core
// counts as a whole one. Left to itself a server would count the node's cores.
func (a *Args) workers() ([]binding.Variable, error) {
	if a.Server == NoServer {
		return nil, nil
	}
	variable, err := a.Server.variable()
	if err != nil {
		return nil, err
	}
	workers := a.Workers
	if workers == 0 {
		limit, err := resource.ParseQuantity(a.Resources.Limits.CPU)
		if err != nil {
			return nil, fmt.Errorf("setting the workers of %s: CPU limit %q: %w", a.Server, a.Resources.Limits.CPU, err)
		}
		workers = 2*int(limit.Value()) + 1
	}
	return []binding.Variable{{Name: variable, Value: pulumi.String(fmt.Sprint(workers))}}, nil
}

// newBudget bounds what drains may take. It is there for a single replica too, where it says that a drain may take it:
// nothing here ever blocks the update of a node.
func newBudget(
	ctx *pulumi.Context, name string, id workload.ID, d Disruption, opts ...pulumi.ResourceOption,
) error {
	spec := policyv1.PodDisruptionBudgetSpecArgs{
		Selector: metav1.LabelSelectorArgs{MatchLabels: workload.StringMap(id.Selector())},
		// A pod that is not ready protects nobody: a drain may always take it.
		UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
	}
	switch {
	case d.MinAvailable != nil:
		spec.MinAvailable = pulumi.Int(*d.MinAvailable)
	case d.MaxUnavailable != nil:
		spec.MaxUnavailable = pulumi.Int(*d.MaxUnavailable)
	default:
		return fmt.Errorf("disruption budget: neither minAvailable nor maxUnavailable is set")
	}
	_, err := policyv1.NewPodDisruptionBudget(ctx, name, &policyv1.PodDisruptionBudgetArgs{
		Metadata: id.Meta(id.Name), Spec: spec,
	}, opts...)
	return err
}

func (b *builder) autoscaler() error {
	if b.args.Autoscaling == nil {
		return nil
	}
	_, err := autoscalingv2.NewHorizontalPodAutoscaler(b.ctx, b.name+"-autoscaler",
		&autoscalingv2.HorizontalPodAutoscalerArgs{
			Metadata: b.id.Meta(b.name),
			Spec: autoscalingv2.HorizontalPodAutoscalerSpecArgs{
				ScaleTargetRef: autoscalingv2.CrossVersionObjectReferenceArgs{
					ApiVersion: pulumi.String("apps/v1"), Kind: pulumi.String("Deployment"), Name: pulumi.String(b.name),
				},
				MinReplicas: pulumi.Int(b.args.Autoscaling.Min),
				MaxReplicas: pulumi.Int(b.args.Autoscaling.Max),
				Metrics: autoscalingv2.MetricSpecArray{autoscalingv2.MetricSpecArgs{
					Type: pulumi.String("Resource"),
					Resource: autoscalingv2.ResourceMetricSourceArgs{
						Name: pulumi.String("cpu"),
						Target: autoscalingv2.MetricTargetArgs{
							Type: pulumi.String("Utilization"), AverageUtilization: pulumi.Int(b.args.Autoscaling.CPU),
						},
					},
				}},
			},
		}, b.child(b.workloads)...)
	return err
}
