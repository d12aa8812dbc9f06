package eta

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/internal/record"
)

// Step is what happens to one resource.
type Step struct {
	// Resource it happens to.
	Resource *record.Resource
	// Start is when it begins at the earliest, counted from the beginning, and Took how long it takes.
	Start, Took time.Duration
	// Critical says that whatever makes this step longer makes the whole longer.
	Critical bool
	// after is the step whose end it begins at; nil: it begins at once.
	after *Step
}

// End is when it has ended.
func (s *Step) End() time.Duration { return s.Start + s.Took }

// Plan is how a deployment goes.
type Plan struct {
	// Steps by their start.
	Steps []*Step
	// Path is the longest chain of steps, each beginning when the one before has ended.
	Path []*Step
	// Total is how long it takes.
	Total time.Duration
}

// Up is how a first up goes: a resource is created when all that it depends on is there, its provider included.
func Up(rec *record.Recording, q Quantile) *Plan {
	return plan(rec, created, q, requirements(rec))
}

// Destroy is how a destroy goes: a resource is deleted when all that depends on it is gone. What is kept takes no time.
func Destroy(rec *record.Recording, q Quantile) *Plan {
	needs, needed := requirements(rec), map[resource.URN][]resource.URN{}
	for dependent, all := range needs {
		for _, one := range all {
			needed[one] = append(needed[one], dependent)
		}
	}
	return plan(rec, deleted, q, needed)
}

// requirements are the resources that each resource depends on directly.
func requirements(rec *record.Recording) map[resource.URN][]resource.URN {
	needs := map[resource.URN][]resource.URN{}
	for _, r := range rec.Resources {
		if !r.Custom || r.Read {
			continue
		}
		needs[r.URN] = slices.Clone(r.Dependencies)
		if provider := r.ProviderURN(); provider != "" {
			needs[r.URN] = append(needs[r.URN], provider)
		}
	}
	return needs
}

// plan finds the earliest start of every step.
func plan(rec *record.Recording, times map[string]samples, q Quantile, before map[resource.URN][]resource.URN) *Plan {
	byURN := map[resource.URN]*record.Resource{}
	for _, r := range rec.Resources {
		if r.Custom && !r.Read {
			byURN[r.URN] = r
		}
	}
	steps := map[resource.URN]*Step{}
	var visit func(urn resource.URN) *Step
	visit = func(urn resource.URN) *Step {
		if step, done := steps[urn]; done {
			return step
		}
		step := &Step{Resource: byURN[urn], Took: took(byURN[urn], times, q)}
		steps[urn] = step
		for _, other := range slices.Sorted(slices.Values(before[urn])) {
			if byURN[other] == nil {
				continue
			}
			if first := visit(other); first.End() > step.Start {
				step.Start, step.after = first.End(), first
			}
		}
		return step
	}
	p := &Plan{}
	for _, r := range rec.Ordered() {
		if byURN[r.URN] != nil {
			p.Steps = append(p.Steps, visit(r.URN))
		}
	}
	slices.SortStableFunc(p.Steps, func(a, b *Step) int { return cmp.Compare(a.Start, b.Start) })
	var last *Step
	for _, step := range p.Steps {
		if last == nil || step.End() > last.End() {
			last = step
		}
	}
	for step := last; step != nil; step = step.after {
		step.Critical = true
		p.Path = append(p.Path, step)
		p.Total = max(p.Total, step.End())
	}
	slices.Reverse(p.Path)
	return p
}

// took is how long an operation on a resource takes. Providers exist in the engine alone.
func took(r *record.Resource, times map[string]samples, q Quantile) time.Duration {
	typ := string(r.Type)
	switch {
	case strings.HasPrefix(typ, "pulumi:"):
		return 0
	case typ == "kubernetes:core/v1:Service" && isBalancer(r):
		typ = loadBalancer
	}
	return times[typ].at(q)
}

// isBalancer says whether a Service makes the cloud make a load balancer.
func isBalancer(r *record.Resource) bool {
	spec := r.Inputs["spec"]
	if !spec.IsObject() {
		return false
	}
	kind := spec.ObjectValue()["type"]
	return kind.IsString() && kind.StringValue() == "LoadBalancer"
}
