package environment

import (
	"maps"
	"slices"

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
		e.namespace.Ready = append(e.namespace.Ready, made.Ready...)
	}
	c := e.cfg.Admission
	if !c.Digests && len(c.Registries) == 0 {
		return nil
	}
	made, err := isolation.NewAdmission(e.ctx, "admission", &isolation.AdmissionArgs{
		Environment: e.namespace.Name, PartOf: e.partOf, Namespaces: []string{e.namespace.Name},
		Digests: c.Digests, Registries: c.Registries,
	}, e.inCluster()...)
	if err != nil {
		return err
	}
	e.namespace.Ready = append(e.namespace.Ready, made.Ready...)
	return nil
}

// priorityClass is what pods call a priority of the stack.
func (e *environment) priorityClass(name string) string {
	return isolation.PriorityClass(e.namespace.Name, name)
}
