package eta_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"plinth/internal/eta"
	"plinth/internal/record"
)

// stack is a recording of resources, each written as TYPE=NAME, and of what each depends on.
func stack(resources ...[]string) *record.Recording {
	rec := &record.Recording{}
	urns := map[string]resource.URN{}
	for _, words := range resources {
		typ, name, _ := strings.Cut(words[0], "=")
		urns[name] = resource.NewURN("dev", "plinth", "", tokens.Type(typ), name)
		r := &record.Resource{URN: urns[name], Type: tokens.Type(typ), Name: name, Custom: true}
		for _, needed := range words[1:] {
			r.Dependencies = append(r.Dependencies, urns[needed])
		}
		rec.Resources = append(rec.Resources, r)
	}
	return rec
}

// small is a network, its way out, a cluster with nodes, and a database beside it.
func small() *record.Recording {
	return stack(
		[]string{"aws:ec2/vpc:Vpc=network"},
		[]string{"aws:ec2/natGateway:NatGateway=out", "network"},
		[]string{"aws:eks/cluster:Cluster=cluster", "network"},
		[]string{"aws:rds/instance:Instance=data", "network"},
		[]string{"aws:eks/nodeGroup:NodeGroup=nodes", "cluster", "out"},
		[]string{"kubernetes:apps/v1:Deployment=app", "nodes", "data"},
	)
}

func names(path []*eta.Step) []string {
	var found []string
	for _, step := range path {
		found = append(found, step.Resource.Name)
	}
	return found
}

func TestTheCriticalPathIsTheLongestChain(t *testing.T) {
	plan := eta.Up(small(), eta.Median)
	if got, want := names(plan.Path), []string{"network", "cluster", "nodes", "app"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	// One call, then the medians of a control plane (10:12), of nodes (1:59.5) and of a rollout.
	if got, want := plan.Total, time.Second+612*time.Second+120*time.Second+30*time.Second; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	text := plan.String()
	for _, line := range []string{"  *   0:01   10:12  Cluster cluster\n", "      0:01    1:45  NatGateway out\n"} {
		if !strings.Contains(text, line) {
			t.Errorf("got\n%swant the line %q", text, line)
		}
	}
	if p90 := eta.Up(small(), eta.P90).Total; p90 <= plan.Total {
		t.Errorf("nine in ten take up to %s, and half of them %s", p90, plan.Total)
	}
}

func TestADestroyGoesTheOtherWay(t *testing.T) {
	plan := eta.Destroy(small(), eta.Median)
	if got, want := names(plan.Path), []string{"app", "nodes", "cluster", "network"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := plan.Total, time.Second+379*time.Second+204*time.Second+time.Second; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAProviderIsWaitedForToo(t *testing.T) {
	rec := small()
	app := rec.Resources[len(rec.Resources)-1]
	app.Dependencies = nil
	provider := stack([]string{"pulumi:providers:kubernetes=provider"}).Resources[0]
	provider.Dependencies = []resource.URN{rec.Resources[4].URN}
	app.Provider = string(provider.URN) + "::id"
	rec.Resources = append(rec.Resources, provider)
	got, want := names(eta.Up(rec, eta.Median).Path), []string{"network", "cluster", "nodes", "provider", "app"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOnlyAServiceThatMakesALoadBalancerTakesTime(t *testing.T) {
	rec := stack([]string{"kubernetes:core/v1:Service=entrance"})
	if got := eta.Up(rec, eta.Median).Total; got != time.Second {
		t.Errorf("got %s, want a second", got)
	}
	rec.Resources[0].Inputs = resource.PropertyMap{
		"spec": resource.NewProperty(resource.PropertyMap{"type": resource.NewProperty("LoadBalancer")}),
	}
	if got := eta.Up(rec, eta.Median).Total; got != 2*time.Minute {
		t.Errorf("got %s, want two minutes", got)
	}
}
