package app

import (
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Strategy is how the pods of a new version take the place of the old ones.
type Strategy string

// The strategies.
const (
	// RollingUpdate replaces one pod after another, each new one ready before an old one goes: a version that fails
	// takes nothing away. Both versions run for a while. It is what the zero value means.
	RollingUpdate Strategy = "RollingUpdate"
	// Recreate ends all old pods before it starts a new one, for what must not run twice. Nobody is served in between.
	Recreate Strategy = "Recreate"
)

func (s Strategy) args() (appsv1.DeploymentStrategyArgs, error) {
	switch s {
	case RollingUpdate, "":
		return appsv1.DeploymentStrategyArgs{
			Type: pulumi.String(string(RollingUpdate)),
			RollingUpdate: appsv1.RollingUpdateDeploymentArgs{
				MaxSurge: pulumi.Int(1), MaxUnavailable: pulumi.Int(0),
			},
		}, nil
	case Recreate:
		return appsv1.DeploymentStrategyArgs{Type: pulumi.String(string(Recreate))}, nil
	}
	return appsv1.DeploymentStrategyArgs{}, fmt.Errorf("strategy %q: want %s or %s", s, RollingUpdate, Recreate)
}

// Canary is another version of the application beside the one that serves, with pods, a Service, a budget and policies
// of its own. It has the same settings, secrets and permissions, and runs its own migration first. Whoever routes to
// [App.Backends] gives it its share of the requests; callers of the application's Service do not meet it.
type Canary struct {
	// Image is the other version, resolved already.
	Image string
	// Weight is its share of the requests, in percent: 0 to 100.
	Weight int
	// Replicas is the number of its pods, which no autoscaler changes.
	Replicas int
}

// canarySuffix is what the names of a canary end in.
const canarySuffix = "-canary"

// CanaryName is that of an application's canary as a workload.
func CanaryName(app string) string { return app + canarySuffix }

// canary makes the other version after the one that serves, in the same component.
func (b *builder) canary() error {
	c := b.args.Canary
	if c == nil {
		return nil
	}
	args := *b.args
	args.Image, args.Replicas = c.Image, &c.Replicas
	args.Canary, args.Autoscaling, args.AfterMigration, args.Jobs = nil, nil, nil, nil
	other := &builder{
		ctx: b.ctx, name: CanaryName(b.name), id: b.id, args: &args, app: b.app, account: b.account, before: b.granted,
	}
	other.id.Name = other.name
	if err := other.run(
		other.edges, other.secrets, other.environment, other.files, other.budget, other.common, other.migration,
		other.deployment, other.service, other.metrics,
	); err != nil {
		return fmt.Errorf("canary: %w", err)
	}
	return nil
}

// backends are what a route to the application leads to.
func (b *builder) backends() error {
	if len(b.args.Ports) == 0 {
		return nil
	}
	if b.args.Canary == nil {
		b.app.Backends = append(b.app.Backends, b.args.Ports.Backend(b.id, 100))
		return nil
	}
	canary := b.id
	canary.Name = CanaryName(b.name)
	share := b.args.Canary.Weight
	b.app.Backends = append(b.app.Backends,
		b.args.Ports.Backend(b.id, 100-share), b.args.Ports.Backend(canary, share))
	return nil
}
