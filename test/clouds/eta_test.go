package clouds_test

import (
	"slices"
	"testing"
	"time"

	"plinth/config"
	"plinth/internal/eta"
	"plinth/internal/record"
)

// slow is from when on a step counts: what is faster are calls of an API.
const slow = 10 * time.Second

// types are those of the slow steps on a critical path.
func types(path []*eta.Step) []string {
	var names []string
	for _, step := range path {
		if step.Took >= slow {
			names = append(names, string(step.Resource.Type))
		}
	}
	return names
}

// chain is what no order can shorten: each needs the one before. The addons before the nodes are the agent that hands
// out permissions, and the nodes' network, which needs some; the one after them makes volumes.
func chain(cloud config.Cloud) []string {
	inside := []string{
		"kubernetes:apps/v1:StatefulSet", "kubernetes:batch/v1:Job", "kubernetes:apps/v1:Deployment",
		"kubernetes:apps/v1:Deployment",
	}
	if cloud == config.OnAWS {
		return append([]string{
			"aws:eks/cluster:Cluster", "aws:eks/addon:Addon", "aws:eks/addon:Addon", "aws:eks/nodeGroup:NodeGroup",
			"aws:eks/addon:Addon",
		}, inside...)
	}
	return append([]string{"gcp:container/cluster:Cluster", "gcp:container/nodePool:NodePool"}, inside...)
}

// slack is what calls of APIs may add to the chain: some of it has to, networks and roles come before clusters.
const slack = 45 * time.Second

func TestAFirstUpTakesAsLongAsItsUnavoidableChainAndNoLonger(t *testing.T) {
	for _, v := range variants() {
		plan := eta.Up(v.record(t), eta.Median)
		if got, want := types(plan.Path), chain(v.cloud); !equalBut(got, want, "kubernetes:batch/v1:Job") {
			t.Errorf("%s: the critical path goes over\n%v, want\n%v\n%s", v, got, want, plan)
		}
		var sum time.Duration
		for _, step := range plan.Path {
			if step.Took >= slow {
				sum += step.Took
			}
		}
		if plan.Total < sum || plan.Total > sum+slack {
			t.Errorf("%s: got %s, want from %s to %s\n%s", v, plan.Total, sum, sum+slack, plan)
		}
	}
}

// equalBut compares two lists in which there may be more or fewer of one word: a database is set up by more than one Job.
func equalBut(a, b []string, word string) bool {
	without := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(one string) bool { return one == word })
	}
	return slices.Equal(without(a), without(b))
}

func TestADestroyBeginsInTheClusterAndEndsWithTheNetwork(t *testing.T) {
	for _, v := range variants() {
		rec := v.record(t)
		plan := eta.Destroy(rec, eta.Median)
		path := types(plan.Path)
		nodes := slices.IndexFunc(path, func(typ string) bool { return slices.Contains(nodeTypes, typ) })
		cluster := slices.IndexFunc(path, func(typ string) bool { return slices.Contains(clusterTypes, typ) })
		if nodes < 0 || cluster < nodes {
			t.Errorf("%s: the critical path goes over %v, want nodes, then the cluster", v, path)
		}
	}
}

// A chain that somebody lengthens is seen: operators one after another, a control plane that waits for the way out.
func TestALongerChainIsSeen(t *testing.T) {
	for _, v := range variants() {
		before := eta.Up(v.record(t), eta.Median).Total
		for what, lengthen := range map[string]func(*record.Recording){
			"the control plane waits for the way out": func(rec *record.Recording) {
				r := of(rec, clusterTypes...)[0]
				r.Dependencies = append(r.Dependencies,
					of(rec, "aws:ec2/natGateway:NatGateway", "gcp:compute/routerNat:RouterNat")[0].URN)
			},
			"two operators, one after the other": func(rec *record.Recording) {
				one := plant(rec, "kubernetes:helm.sh/v3:Release", nil)
				namespace := of(rec, "kubernetes:core/v1:Namespace")[0]
				namespace.Dependencies = append(namespace.Dependencies, one.URN)
			},
		} {
			rec := v.record(t)
			lengthen(rec)
			if after := eta.Up(rec, eta.Median).Total; after <= before {
				t.Errorf("%s: %s: got %s, before %s", v, what, after, before)
			}
		}
	}
}
