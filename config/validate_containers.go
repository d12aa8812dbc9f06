package config

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// maxJobName is how long APP-JOB may be: with a hash of 9 and a pod's suffix of 6 it is a host name of 63 characters.
const maxJobName = validation.DNS1123LabelMaxLength - 9 - 6

// containers: further ones, each whole, in folders that do not get in each other's way.
func (c *checker) containers(appPath, name string, a *App) {
	for _, extra := range slices.Sorted(maps.Keys(a.Containers)) {
		path, container := at(appPath, "containers", extra), a.Containers[extra]
		if !c.sound(path) {
			continue
		}
		c.label(path, extra)
		c.check(path, extra != name && extra != "migrate", "must have another name than the app's own containers, got %s",
			quoted(extra))
		c.reference(at(path, "image"), container.Image)
		c.amounts(at(path, "resources"), &container.Resources)
		for _, variable := range slices.Sorted(maps.Keys(container.Env)) {
			c.variable(at(path, "env", variable), variable)
		}
		taken := []string{alwaysWritable}
		if container.Inherit {
			taken = slices.AppendSeq(taken, maps.Keys(a.Files))
		}
		folders := slices.DeleteFunc(slices.Clone(a.Writable), func(f string) bool { return f == alwaysWritable })
		for i, folder := range container.Shares {
			share := index(at(path, "shares"), i)
			c.check(share, slices.Contains(folders, folder),
				"must be one of the app's writable folders besides %s, got %s; %s", alwaysWritable, quoted(folder),
				suggestion(folder, folders))
			taken = c.place(share, folder, taken)
		}
		for i, folder := range container.Writable {
			if folder != alwaysWritable {
				taken = c.place(index(at(path, "writable"), i), folder, taken)
			}
		}
	}
}

// jobs: something to run, at a time that cron can read, for not too long.
func (c *checker) jobs(appPath, name string, a *App) {
	for _, job := range slices.Sorted(maps.Keys(a.Jobs)) {
		path, task := at(appPath, "jobs", job), a.Jobs[job]
		if !c.sound(path) {
			continue
		}
		c.label(path, job)
		full := name + "-" + job
		c.check(path, len(full) <= maxJobName, "must have a name with which APP-JOB has at most %d characters, got %d (%s)",
			maxJobName, len(full), full)
		c.check(path, len(task.Command)+len(task.Args) > 0, "must have a command or args: else it is the app itself")
		c.check(at(path, "schedule"), task.Schedule == "" || cronTimes.MatchString(task.Schedule),
			"must be five fields of digits, *, /, commas and hyphens, such as 0 3 * * *, got %s", quoted(task.Schedule))
		c.check(at(path, "overlap"), task.Schedule != "" || task.Overlap == OverlapForbid || !c.sound(at(path, "overlap")),
			"must not be set without schedule, got %s", task.Overlap)
		c.between(at(path, "timeout"), task.Timeout, 1, 604800)
		c.between(at(path, "retries"), task.Retries, 0, 10)
		if task.Resources != nil && !c.absent[at(path, "resources")] {
			c.amounts(at(path, "resources"), task.Resources)
		}
	}
}

// waivers: each with a reason, and none for what the app can do.
func (c *checker) waivers(appPath, _ string, a *App) {
	path := at(appPath, "waivers")
	for _, w := range []struct{ key, reason string }{
		{"writableRoot", a.Waivers.WritableRoot}, {"lowPorts", a.Waivers.LowPorts},
	} {
		c.check(at(path, w.key), w.reason == "" || len(strings.Fields(w.reason)) >= 3,
			"must be the reason why the image cannot do without, in a sentence, got %s", quoted(w.reason))
	}
	low := slices.ContainsFunc(a.Ports, func(p Port) bool { return p.Container < firstFreePort })
	c.check(at(path, "lowPorts"), a.Waivers.LowPorts == "" || low || !c.sound(at(appPath, "ports")),
		"must not be there without a port below %d: it waives nothing", firstFreePort)
}
