package app

import (
	"fmt"
	"reflect"
	"slices"

	"plinth/components/binding"
	"plinth/components/workload"
)

// Migration brings what the application is bound to, its database above all, to what this version needs. It has the
// application's image, environment, files and network.
type Migration struct {
	// Command and Args run it. At least Command.
	Command, Args []string
	// InEveryPod runs it before the application in each pod, instead of once as a Job before the rollout. Replicas that
	// start together then run it at the same time: it must lock, and it must not mind that it is done.
	InEveryPod bool
	// Timeout is how long it may take, in seconds.
	Timeout int
}

// migration runs the migration as a Job of its own name for each content: image, command and settings. So one that is
// done does not run again, and a new one runs before the rollout, which it must not fail.
func (b *builder) migration() error {
	m := b.args.Migration
	if m == nil {
		return nil
	}
	container := b.container("migrate")
	container.Command, container.Args = m.Command, m.Args
	if m.InEveryPod {
		b.pod.Init = []workload.Container{container}
		return nil
	}
	id, pod, policies, err := b.own(workload.Name(workload.MaxLabel, b.name, "migrate"), container)
	if err != nil {
		return err
	}
	job := workload.Job{
		Name: workload.Hashed(id.Name, b.content(m.Command, m.Args)...), Pod: pod, Timeout: m.Timeout,
	}
	made, err := job.Run(b.ctx, b.name+"-migration", b.child(append(b.before, policies...)...)...)
	if err != nil {
		return fmt.Errorf("migration: %w", err)
	}
	b.before = append(b.before, made)
	return nil
}

// outgoing are all edges that the application opens, each once: two bindings may lead to the same peer.
func (b *builder) outgoing() []binding.Edge {
	edges := slices.Clone(b.args.Edges)
	if b.args.Access != nil {
		edges = append(edges, b.args.Access.Servers...)
	}
	for _, bound := range b.args.Bindings {
		for _, edge := range bound.Edges {
			if !slices.ContainsFunc(edges, func(e binding.Edge) bool { return reflect.DeepEqual(e, edge) }) {
				edges = append(edges, edge)
			}
		}
	}
	return edges
}
