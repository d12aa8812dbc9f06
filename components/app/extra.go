package app

import (
	"fmt"
	"slices"

	"plinth/components/workload"
)

// Extra is a further container of each of the application's pods.
type Extra struct {
	// Container is what it has of its own.
	Container workload.Container
	// As says when it runs.
	As ExtraKind
	// Environment gives it the application's variables, before its own, and its files.
	Environment bool
}

// ExtraKind says when a further container runs.
type ExtraKind string

// The kinds.
const (
	// Sidecar runs beside the application: it starts before it and stops after it.
	Sidecar ExtraKind = "sidecar"
	// First runs to its end before the application starts.
	First ExtraKind = "first"
)

// extras adds the further containers to the pods: sidecars first, so that what runs to its end can use them.
func (b *builder) extras() error {
	var sidecars, first []workload.Container
	for _, extra := range b.args.Extras {
		c := extra.Container
		if extra.Environment {
			c.Env = slices.Concat(b.env, c.Env)
			c.Mounts = slices.Concat(b.mounts, c.Mounts)
		}
		switch extra.As {
		case Sidecar:
			c.Sidecar = true
			sidecars = append(sidecars, c)
		case First:
			first = append(first, c)
		default:
			return fmt.Errorf("container %s: runs as %q: want %s or %s", c.Name, extra.As, Sidecar, First)
		}
	}
	b.pod.Init = slices.Concat(sidecars, b.pod.Init, first)
	return nil
}
