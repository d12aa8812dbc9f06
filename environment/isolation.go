package environment

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/isolation"
)

// isolation makes what the whole cluster shares: before any pod that refers to it, or that it judges.
func (e *environment) isolation() error {
	for _, name := range slices.Sorted(maps.Keys(e.cfg.Priorities)) {
		c := e.cfg.Priorities[name]
		made, err := isolation.NewPriority(e.ctx, name, &isolation.PriorityArgs{
			Environment: e.namespace.Name, PartOf: e.partOf, Value: c.Value, Preempts: c.Preempts,
			Description: c.Description,
		}, e.inCluster()...)
		if err != nil {
			return err
		}
		e.guard(made.Ready)
	}
	c := e.cfg.Admission
	if !c.Digests && len(c.Registries) == 0 {
		return nil
	}
	var names []string
	for _, space := range e.spaces() {
		names = append(names, space.Name)
	}
	made, err := isolation.NewAdmission(e.ctx, "admission", &isolation.AdmissionArgs{
		Environment: e.namespace.Name, PartOf: e.partOf, Namespaces: names,
		Digests: c.Digests, Registries: c.Registries,
	}, e.inCluster()...)
	if err != nil {
		return err
	}
	e.guard(made.Ready)
	return nil
}

// guard has everything in the namespaces wait for what guards them.
func (e *environment) guard(by []pulumi.Resource) {
	for _, space := range e.spaces() {
		space.Ready = append(space.Ready, by...)
	}
}

// priorityClass is what pods call a priority of the stack.
func (e *environment) priorityClass(name string) string {
	return isolation.PriorityClass(e.namespace.Name, name)
}
