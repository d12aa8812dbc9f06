package config

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

const (
	// maxPort is the greatest port number there is.
	maxPort = 65535
	// firstFreePort is the first port number that a process may listen on without being root.
	firstFreePort = 1024
)

// ports: names and numbers that can be used, none of them twice.
func (c *checker) ports(path, _ string, a *App) {
	names, containers, services := map[string]string{}, map[int]string{}, map[int]string{}
	for i, port := range a.Ports {
		path, here := index(at(path, "ports"), i), index("ports", i)
		c.check(at(path, "name"), len(validation.IsValidPortName(port.Name)) == 0,
			"must be at most 15 lower case letters, digits and inner single hyphens, with a letter among them, got %s",
			quoted(port.Name))
		c.between(at(path, "container"), port.Container, 1, maxPort)
		c.check(at(path, "container"), port.Container >= firstFreePort || a.Waivers.LowPorts != "",
			"must be at least %d, because the container does not run as root, got %d (service may be lower)",
			firstFreePort, port.Container)
		if !c.absent[at(path, "service")] {
			c.between(at(path, "service"), port.Service, 1, maxPort)
		}
		unique(c, at(path, "name"), here+".name", names, port.Name)
		unique(c, at(path, "container"), here+".container", containers, port.Container)
		if c.sound(at(path, "container")) {
			unique(c, at(path, "service"), here+".service", services, port.Service)
		}
	}
}

// unique adds a fault where a value has been seen before. seen holds where, by value.
func unique[T comparable](c *checker, path, here string, seen map[T]string, value T) {
	if !c.sound(path) {
		return
	}
	first, found := seen[value]
	c.check(path, !found, "must differ from %s, got %v twice", first, value)
	if !found {
		seen[value] = here
	}
}

// probes: each asks either an HTTP server on a port that is declared, or a command.
func (c *checker) probes(appPath, _ string, a *App) {
	probes := a.Probes.all()
	for _, name := range slices.Sorted(maps.Keys(probes)) {
		path, probe := at(appPath, "probes", name), probes[name]
		if !c.sound(path) {
			continue
		}
		c.probeKind(path, probe)
		if c.sound(at(appPath, "ports")) && !c.absent[at(path, "path")] {
			c.probePort(path, probe.Port, a.Ports)
		}
		c.between(at(path, "initialDelay"), probe.InitialDelay, 0, 3600)
		c.between(at(path, "period"), probe.Period, 1, 3600)
		c.between(at(path, "timeout"), probe.Timeout, 1, 3600)
		c.between(at(path, "failures"), probe.Failures, 1, 1000)
	}
}

func (c *checker) probeKind(path string, probe *Probe) {
	hasPath, hasCommand := !c.absent[at(path, "path")], !c.absent[at(path, "command")]
	c.check(path, hasPath || hasCommand, "must have a path or a command, got neither")
	c.check(path, !hasPath || !hasCommand, "must have a path or a command, got both")
	if hasPath {
		c.check(at(path, "path"), strings.HasPrefix(probe.Path, "/") && !strings.ContainsAny(probe.Path, " \t\r\n"),
			"must start with a slash and have no spaces, got %s", quoted(probe.Path))
		return
	}
	c.check(at(path, "command"), len(probe.Command) > 0 || !hasCommand, "must not be empty")
	c.check(at(path, "port"), c.absent[at(path, "port")], "must not be set without a path, got %s", quoted(probe.Port))
}

func (c *checker) probePort(path, name string, ports []Port) {
	if len(ports) == 0 {
		c.add(path, "must not have a path without ports: there is nothing to ask")
		return
	}
	var declared []string
	for _, port := range ports {
		declared = append(declared, port.Name)
	}
	// A port whose name could not be read might be the one meant.
	c.check(at(path, "port"), slices.Contains(declared, name) || slices.Contains(declared, ""),
		"must be the name of a port, got %s; %s", quoted(name), suggestion(name, declared))
}
