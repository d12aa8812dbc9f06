package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// The least of each resource that makes sense. Less memory or storage than this is a forgotten unit, above all m for M:
// 128m is an eighth of a byte.
const (
	leastCPU   = "1m"
	leastBytes = "1Mi"
)

// resources: quantities, a request being at most its limit.
func (c *checker) resources(path, _ string, a *App) { c.amounts(at(path, "resources"), &a.Resources) }

func (c *checker) amounts(path string, r *Resources) {
	for _, amount := range r.amounts() {
		least := leastBytes
		if amount.key == "cpu" {
			least = leastCPU
		}
		requestPath, limitPath := at(path, "requests", amount.key), at(path, "limits", amount.key)
		limit, limited := c.quantity(limitPath, *amount.limit, least)
		if c.absent[requestPath] {
			continue
		}
		request, requested := c.quantity(requestPath, *amount.request, least)
		if limited && requested {
			c.check(requestPath, request.Cmp(limit) <= 0, "must be at most limits.%s (%s), got %s", amount.key,
				*amount.limit, *amount.request)
		}
	}
}

// quantity parses a quantity that must be at least as great as another one. Where it does not parse, it is a fault.
func (c *checker) quantity(path, text, least string) (quantity resource.Quantity, ok bool) {
	if !c.sound(path) || text == "" && c.absent[path] {
		return quantity, false
	}
	quantity, err := resource.ParseQuantity(text)
	if err != nil {
		c.add(path, "must be a quantity such as 500m, 2 or 256Mi, got %s", quoted(text))
		return quantity, false
	}
	c.check(path, quantity.Cmp(resource.MustParse(least)) >= 0, "must be at least %s, got %s", least, quoted(text))
	return quantity, c.sound(path)
}

// quota: quantities, with room for every app at its greatest. While an app is rolled out it has one pod more, which
// counts too: without room for it no update would ever end.
func (c *checker) quota() {
	if c.sound("namespace") {
		c.quotaOf("", "namespace.quota", c.Namespace.Quota)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Namespaces)) {
		if c.sound(at("namespaces", name)) {
			c.quotaOf(name, at("namespaces", name, "quota"), c.Namespaces[name].Quota)
		}
	}
}

func (c *checker) quotaOf(namespace, path string, quota Quota) {
	if !c.sound(path) {
		return
	}
	storage, storageKnown := c.quantity(at(path, "storage"), quota.Storage, leastBytes)
	cpu, cpuKnown := c.quantity(at(path, "cpu"), quota.CPU, leastCPU)
	memory, memoryKnown := c.quantity(at(path, "memory"), quota.Memory, leastBytes)

	need := c.need(namespace)
	if c.sound(at(path, "pods")) {
		c.between(at(path, "pods"), quota.Pods, 1, 100*maxPods)
		c.check(at(path, "pods"), need.pods <= quota.Pods, "must be at least %d for what runs there (%s), got %d", need.pods,
			strings.Join(need.podsOf, ", "), quota.Pods)
	}
	if storageKnown {
		c.check(at(path, "storage"), need.storage.Cmp(storage) <= 0, "must be at least %s for the volumes (%s), got %s",
			need.storage.String(), strings.Join(need.storageOf, ", "), quota.Storage)
	}
	if cpuKnown {
		c.check(at(path, "cpu"), need.cpu.Cmp(cpu) <= 0, "must be at least %s for the limits of what runs there (%s), got %s",
			need.cpu.String(), strings.Join(need.cpuOf, ", "), quota.CPU)
	}
	if memoryKnown {
		c.check(at(path, "memory"), need.memory.Cmp(memory) <= 0,
			"must be at least %s for the limits of what runs there (%s), got %s", need.memory.String(),
			strings.Join(need.memoryOf, ", "), quota.Memory)
	}
}

// need is what everything may use together, with the terms of each sum for a message.
type need struct {
	pods                    int
	cpu, memory, storage    resource.Quantity
	podsOf, cpuOf, memoryOf []string
	storageOf               []string
}

// need adds up what runs in the namespace may use. What is not known, being faulty, does not count.
func (c *checker) need(namespace string) need {
	var sum need
	for _, name := range c.appNames() {
		path, app := at("apps", name), c.Apps[name]
		if app.Namespace != namespace {
			continue
		}
		if pods, known := c.mostPods(path, &app); known && c.sound(path) && pods > 0 {
			c.count(&sum, name, at(path, "resources"), pods+1, app.Resources.Limits)
			for _, extra := range slices.Sorted(maps.Keys(app.Containers)) {
				if container := app.Containers[extra]; container.As == SidecarContainer {
					c.limits(&sum, name+"/"+extra, at(path, "containers", extra, "resources"), pods+1, container.Resources.Limits)
				}
			}
		}
		if app.Canary != nil && c.sound(path) && c.sound(at(path, "canary")) {
			c.count(&sum, name+canarySuffix, at(path, "resources"), app.Canary.Replicas+1, app.Resources.Limits)
		}
		for _, job := range slices.Sorted(maps.Keys(app.Jobs)) {
			if of := app.Jobs[job]; of.Resources != nil && c.sound(at(path, "jobs", job)) {
				c.count(&sum, name+"-"+job, at(path, "jobs", job, "resources"), 1, of.Resources.Limits)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Databases)) {
		path, database := at("databases", name), c.Databases[name]
		// What the cloud runs is not in the namespace.
		if database.Namespace != namespace || !c.sound(path) || !c.sound(at(path, "replicas")) ||
			database.Engine.ByCloud() {
			continue
		}
		c.count(&sum, name, at(path, "resources"), database.Replicas+1, database.Resources.Limits)
		if storage, ok := c.quantity(at(path, "storage"), database.Storage, leastBytes); ok {
			storage.Mul(int64(database.Replicas + 1))
			sum.storage.Add(storage)
			sum.storageOf = append(sum.storageOf, fmt.Sprintf("%s %d x %s", name, database.Replicas+1, database.Storage))
		}
	}
	if namespace == "" && c.keepsBuckets() && c.sound(minioName) && c.sound(at(minioName, "drives")) {
		c.count(&sum, minioName, minioName, c.MinIO.Drives, Limits(c.MinIO.Limits))
		if storage, ok := c.quantity(at(minioName, "storage"), c.MinIO.Storage, leastBytes); ok {
			storage.Mul(int64(c.MinIO.Drives))
			sum.storage.Add(storage)
			sum.storageOf = append(sum.storageOf, fmt.Sprintf("%s %d x %s", minioName, c.MinIO.Drives, c.MinIO.Storage))
		}
	}
	if c.Proxy.Namespace == namespace && len(c.Proxy.Routes) > 0 && c.sound("proxy") && c.sound(at("proxy", "replicas")) {
		c.count(&sum, proxyName, "proxy", c.Proxy.Replicas+1, c.Proxy.resources().Limits)
	}
	return sum
}

// count adds the pods of one workload to a sum.
func (c *checker) count(sum *need, name, resources string, pods int, limits Limits) {
	sum.pods += pods
	sum.podsOf = append(sum.podsOf, fmt.Sprintf("%s %d", name, pods))
	c.limits(sum, name, resources, pods, limits)
}

// limits adds the limits of one container of so many pods to a sum.
func (c *checker) limits(sum *need, name, resources string, pods int, limits Limits) {
	if cpu, ok := c.quantity(at(resources, "limits", "cpu"), limits.CPU, leastCPU); ok {
		cpu.Mul(int64(pods))
		sum.cpu.Add(cpu)
		sum.cpuOf = append(sum.cpuOf, fmt.Sprintf("%s %d x %s", name, pods, limits.CPU))
	}
	if memory, ok := c.quantity(at(resources, "limits", "memory"), limits.Memory, leastBytes); ok {
		memory.Mul(int64(pods))
		sum.memory.Add(memory)
		sum.memoryOf = append(sum.memoryOf, fmt.Sprintf("%s %d x %s", name, pods, limits.Memory))
	}
}
