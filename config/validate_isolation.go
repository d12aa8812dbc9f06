package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/distribution/reference"
)

// maxPriority is the greatest value of a priority: those above belong to Kubernetes itself
// (https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/#priorityclass).
const maxPriority = 1_000_000_000

// isolation: priorities that can be ordered, and registries that can be pulled from.
func (c *checker) isolation() {
	for _, name := range slices.Sorted(maps.Keys(c.Priorities)) {
		path, priority := at("priorities", name), c.Priorities[name]
		c.label(path, name)
		if c.sound(at(path, "value")) {
			c.between(at(path, "value"), priority.Value, -maxPriority, maxPriority)
		}
	}
	for i, prefix := range c.Admission.Registries {
		path := index(at("admission", "registries"), i)
		registry, _, _ := strings.Cut(prefix, "/")
		_, err := reference.WithName(prefix + "/image")
		c.check(path, isRegistry(registry) && err == nil,
			"must be a host and an optional path, such as registry.example.com/shop, got %s", quoted(prefix))
	}
}
