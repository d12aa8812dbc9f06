package record

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// Recording is what one run of a program registered.
type Recording struct {
	// Resources in the order in which they were registered or read, the root stack among them. Independent resources
	// are registered in parallel, so the order differs from run to run: see [Recording.Ordered].
	Resources []*Resource
	// Outputs of the stack, secrets and unknowns kept.
	Outputs resource.PropertyMap
	// Log of the program, `severity: message`.
	Log []string
}

// Resource is one registration.
type Resource struct {
	URN  resource.URN
	Type tokens.Type
	Name string
	// Custom tells resources of a provider from components.
	Custom bool
	// Read tells a resource that exists elsewhere and was only looked up, by ID.
	Read bool
	// ID given to import or to read; the ID made up for a provider. Empty otherwise.
	ID resource.ID
	// Parent is empty for the root stack alone.
	Parent resource.URN
	// Provider is `URN::ID` of an explicit provider, given or inherited. Empty: a default provider.
	Provider string
	// Inputs, with secrets and unknowns kept.
	Inputs resource.PropertyMap
	// Dependencies of the whole resource, sorted; those of its properties are among them.
	Dependencies []resource.URN
	// PropertyDependencies by input, sorted.
	PropertyDependencies map[string][]resource.URN

	// Aliases as URNs, or as `parent/type/name` specifications with what was given of them.
	Aliases []string
	// Protect and RetainOnDelete, own or inherited; nil where nobody said.
	Protect, RetainOnDelete *bool
	DeleteBeforeReplace     *bool
	// DeletedWith names a resource whose deletion takes this one with it, own or inherited.
	DeletedWith             resource.URN
	IgnoreChanges           []string
	ReplaceOnChanges        []string
	AdditionalSecretOutputs []string
	CustomTimeouts          Timeouts

	// Outputs that the program got back for a custom resource; those that a component registered.
	Outputs resource.PropertyMap
	// OutputsRegistered tells whether the program said that a component is complete (RegisterResourceOutputs).
	OutputsRegistered bool

	// InputType is the plain Go type of the inputs: a struct with `pulumi` tags, or a map. Nil where there are none.
	InputType reflect.Type
	// OutputTypes are the plain Go types of the outputs that the SDK declares, by name.
	OutputTypes map[string]reflect.Type
}

// Timeouts of one resource in the SDK's words ("10m"). Empty: the provider's own.
type Timeouts struct{ Create, Update, Delete string }

// Label is TYPE::NAME: what people call a resource.
func (r *Resource) Label() string { return string(r.Type) + "::" + r.Name }

// All returns the resources of a type, in the order of [Recording.Ordered].
func (rec *Recording) All(typ string) []*Resource {
	return slices.DeleteFunc(rec.Ordered(), func(r *Resource) bool { return string(r.Type) != typ })
}

// contentHash is what the name of a resource ends in whose content never changes under one name.
var contentHash = regexp.MustCompile(`-[0-9a-f]{8}$`)

// One returns the only resource whose URN ends with suffix, a hash of its content left out or not. None, or more than
// one, is an error that names them.
func (rec *Recording) One(suffix string) (*Resource, error) {
	var found []*Resource
	for _, r := range rec.Ordered() {
		urn := string(r.URN)
		if strings.HasSuffix(urn, suffix) || strings.HasSuffix(contentHash.ReplaceAllString(urn, ""), suffix) {
			found = append(found, r)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	candidates := found
	if len(found) == 0 {
		candidates = rec.Ordered()
	}
	var lines strings.Builder
	for _, r := range candidates {
		fmt.Fprintf(&lines, "\n  %s", r.URN)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("looking for the resource %q: no URN ends so; there are:%s", suffix, lines.String())
	}
	return nil, fmt.Errorf("looking for the resource %q: %d URNs end so, give more of it:%s", suffix, len(found),
		lines.String())
}

// Get returns the resource with an URN, nil where there is none.
func (rec *Recording) Get(urn resource.URN) *Resource {
	for _, r := range rec.Resources {
		if r.URN == urn {
			return r
		}
	}
	return nil
}

// Needs lists what must exist before r: its parent, its provider and its dependencies; sorted, each once.
func (r *Resource) Needs() []resource.URN {
	needs := slices.Clone(r.Dependencies)
	for _, of := range r.PropertyDependencies {
		needs = append(needs, of...)
	}
	if r.Parent != "" {
		needs = append(needs, r.Parent)
	}
	if urn := r.ProviderURN(); urn != "" {
		needs = append(needs, urn)
	}
	slices.Sort(needs)
	return slices.Compact(needs)
}

// ProviderURN is the URN of the provider of r. Empty: a default provider.
func (r *Resource) ProviderURN() resource.URN {
	return resource.URN(r.Provider[:max(0, strings.LastIndex(r.Provider, "::"))])
}

// Ordered returns all resources so that each comes after what it needs, and otherwise by type, name and URN: the same
// order in every run.
func (rec *Recording) Ordered() []*Resource {
	return rec.OrderedBy(func(*Resource) int { return 0 })
}

// OrderedBy is Ordered in which, among the resources that could come next, those of a lower rank come first.
func (rec *Recording) OrderedBy(rank func(*Resource) int) []*Resource {
	waiting := map[resource.URN]int{}
	dependents := map[resource.URN][]*Resource{}
	known := map[resource.URN]bool{}
	for _, r := range rec.Resources {
		known[r.URN] = true
	}
	var ready []*Resource
	for _, r := range rec.Resources {
		for _, need := range r.Needs() {
			if known[need] && need != r.URN {
				waiting[r.URN]++
				dependents[need] = append(dependents[need], r)
			}
		}
		if waiting[r.URN] == 0 {
			ready = append(ready, r)
		}
	}
	compare := func(a, b *Resource) int {
		if by := rank(a) - rank(b); by != 0 {
			return by
		}
		if by := strings.Compare(string(a.Type), string(b.Type)); by != 0 {
			return by
		}
		if by := strings.Compare(a.Name, b.Name); by != 0 {
			return by
		}
		return strings.Compare(string(a.URN), string(b.URN))
	}
	// An URN can be named only once it is registered, so there are no circles and everything becomes ready.
	ordered := make([]*Resource, 0, len(rec.Resources))
	slices.SortFunc(ready, compare)
	for len(ready) > 0 {
		next := ready[0]
		ready = ready[1:]
		ordered = append(ordered, next)
		for _, r := range dependents[next.URN] {
			if waiting[r.URN]--; waiting[r.URN] == 0 {
				at, _ := slices.BinarySearchFunc(ready, r, compare)
				ready = slices.Insert(ready, at, r)
			}
		}
	}
	return ordered
}

// Open is a replacer for [resource.PropertyValue.MapRepl] that takes a value out of what says that it is secret, or an
// output: so that inputs can be read as the object that they become.
func Open(v resource.PropertyValue) (any, bool) {
	switch {
	case v.IsSecret():
		return v.SecretValue().Element.MapRepl(nil, Open), true
	case v.IsOutput():
		return v.OutputValue().Element.MapRepl(nil, Open), true
	default:
		return nil, false
	}
}
