package config

import (
	"maps"
	"slices"
	"strings"
)

// namespaces: names that are nobody else's, and references that lead somewhere.
func (c *checker) namespaces() {
	for _, name := range slices.Sorted(maps.Keys(c.Namespaces)) {
		path := at("namespaces", name)
		c.label(path, name)
		c.check(path, name != c.Namespace.Name, "must differ from namespace.name, got %s twice", quoted(name))
		c.check(path, name != "default" && !strings.HasPrefix(name, "kube-"),
			"must not be one of the cluster's own namespaces, got %s", quoted(name))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Databases)) {
		d := c.Databases[name]
		c.namespace(at("databases", name, "namespace"), d.Namespace)
		for _, only := range []struct {
			key string
			set bool
		}{{"backup", d.Backup != nil}, {"restore", d.Restore != nil}} {
			c.check(at("databases", name, only.key), !only.set || d.Namespace == "",
				"must not be there for a database in a further namespace (databases.%s.namespace is %s), where no bucket's "+
					"keys are", name, d.Namespace)
		}
	}
	c.namespace(at("proxy", "namespace"), c.Proxy.Namespace)
}

// namespace: a further one that there is.
func (c *checker) namespace(path, name string) {
	_, found := c.Namespaces[name]
	c.check(path, name == "" || found || !c.sound("namespaces"), "must be the name of an entry of namespaces, got %s; %s",
		quoted(name), suggestion(name, slices.Sorted(maps.Keys(c.Namespaces))))
}

// apart: whatever hands an app a Secret is where the app is, since a pod reads those of its own namespace alone.
func (c *checker) apart(path, name string, a *App) {
	c.namespace(at(path, "namespace"), a.Namespace)
	if a.Database != nil && c.sound(at(path, "database")) {
		of, found := c.Databases[a.Database.Name]
		c.check(at(path, "namespace"), !found || of.Namespace == a.Namespace,
			"must be that of its database, %s at databases.%s.namespace, got %s: a password does not leave its namespace",
			quoted(of.Namespace), a.Database.Name, quoted(a.Namespace))
	}
	if a.Namespace == "" || !c.sound(path) {
		return
	}
	c.check(at(path, "bucket"), a.Bucket == nil,
		"must not be there for an app in a further namespace (apps.%s.namespace is %s), where no bucket's keys are", name,
		a.Namespace)
	backend := c.Secrets.Backend
	c.check(at(path, "secrets"), len(a.SecretNames()) == 0 || backend == KubernetesSecrets || backend == ExistingSecrets,
		"must not be there for an app in a further namespace (apps.%s.namespace is %s) with secrets.backend %s, which "+
			"serves the stack's own", name, a.Namespace, backend)
}

// edgeNamespaces: a route that leads to another namespace takes a Gateway, whose permission is an object of its own.
func (c *checker) edgeNamespaces() {
	if !c.Edge.Serves() || !c.sound("edge.routes") {
		return
	}
	for i, route := range c.Edge.Routes {
		namespace, key := c.Proxy.Namespace, "proxy.namespace"
		if route.App != ToProxy {
			namespace, key = c.Apps[route.App].Namespace, at("apps", route.App, "namespace")
		}
		kind, controller := c.Edge.Kind, c.Edge.Controller.Kind
		c.check(at(index(at("edge", "routes"), i), "app"),
			namespace == "" || kind == EdgeGateway && controller != GKE && controller != Lattice,
			"must be in the stack's own namespace with the kind %s and the controller %s, and %s is %s", kind, controller, key,
			namespace)
	}
}
