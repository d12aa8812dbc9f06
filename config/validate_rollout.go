package config

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"
)

// canarySuffix is what the name of a canary ends in: see components/app.CanaryName.
const canarySuffix = "-canary"

// canary: another image of an app that is asked for something, with a share that makes sense.
func (c *checker) canary(path, name string, a *App) {
	if a.Canary == nil {
		return
	}
	path = at(path, "canary")
	if !c.sound(path) {
		return
	}
	c.reference(at(path, "image"), a.Canary.Image)
	if c.sound(at(path, "weight")) {
		c.between(at(path, "weight"), a.Canary.Weight, 0, 100)
	}
	c.between(at(path, "replicas"), a.Canary.Replicas, 1, maxPods)
	c.check(path, a.Strategy != Recreate,
		"must not be there with the strategy Recreate, which is for what must not run twice")
	c.check(path, len(a.Ports) > 0 || !c.sound(at("apps", name, "ports")),
		"must not be there without ports: there are no requests to share")
	c.check(path, len(name)+len(canarySuffix) <= maxAppName,
		"must be of an app whose name has at most %d characters, because it is called NAME%s, got %d",
		maxAppName-len(canarySuffix), canarySuffix, len(name))
}

// placement: labels and taints as Kubernetes has them, and a priority that there is.
func (c *checker) placement(path, _ string, a *App) {
	path = at(path, "placement")
	if !c.sound(path) {
		return
	}
	c.labels(at(path, "nodes"), a.Placement.Nodes)
	for i, t := range a.Placement.Tolerations {
		path := index(at(path, "tolerations"), i)
		if c.sound(at(path, "key")) {
			c.labels(at(path, "key"), map[string]string{t.Key: t.Value})
		}
	}
	if p := a.Placement.Priority; p != "" {
		_, found := c.Priorities[p]
		c.check(at(path, "priority"), found, "must be the name of a priority, got %s; %s", quoted(p),
			suggestion(p, slices.Sorted(maps.Keys(c.Priorities))))
	}
}

// labels: keys and values that Kubernetes takes.
func (c *checker) labels(path string, labels map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		c.check(path, len(validation.IsQualifiedName(key)) == 0,
			"must have keys such as example.com/team: letters, digits, dots, hyphens and underscores, got %s", quoted(key))
		c.check(path, len(validation.IsValidLabelValue(labels[key])) == 0,
			"must have values of at most 63 letters, digits, dots, hyphens and underscores, got %s", quoted(labels[key]))
	}
}

// derived are the workloads that are made for an app besides itself, by the key that asks for each.
func (a *App) derived(name string) map[string]string {
	made := map[string]string{}
	if a.Canary != nil {
		made["canary"] = name + canarySuffix
	}
	if a.Migration != nil && a.Migration.As == MigrationJob {
		made["migration"] = name + "-migrate"
	}
	if a.AfterMigration != nil {
		made["afterMigration"] = name + "-sql"
	}
	for job := range a.Jobs {
		made[at("jobs", job)] = name + "-" + job
	}
	return made
}

// workloadNames: no two workloads of the stack have one name, those that are made besides apps included.
func (c *checker) workloadNames() {
	seen := map[string]string{}
	for _, name := range c.appNames() {
		seen[name] = at("apps", name)
	}
	for name := range c.Databases {
		seen[name] = at("databases", name)
	}
	for _, name := range c.appNames() {
		app := c.Apps[name]
		made := app.derived(name)
		for _, key := range slices.Sorted(maps.Keys(made)) {
			path, workload := at("apps", name, key), made[key]
			first, taken := seen[workload]
			c.check(path, !taken, "makes a workload called %s, which %s is already", workload, first)
			if !taken {
				seen[workload] = path
			}
		}
	}
}
