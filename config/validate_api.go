package config

import (
	"slices"
)

// apiVerbs are what a Role may permit here. Missing are those by which an app could give itself more: escalate, bind
// and impersonate (https://kubernetes.io/docs/concepts/security/rbac-good-practices/#escalate-verb).
var apiVerbs = []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}

// api: rules that say what they permit, one by one, and a way to the API server.
func (c *checker) api(appPath, name string, a *App) {
	path := at(appPath, "api")
	if a.API == nil || !c.sound(path) {
		return
	}
	c.check(at(path, "rules"), len(a.API.Rules) > 0 || !c.sound(at(path, "rules")), "must not be empty")
	const servers = "cluster.apiServers"
	c.check(servers, len(c.Cluster.APIServers) > 0 || !c.sound(servers),
		"must not be empty: the app %s uses the cluster's API, and the network lets nobody there otherwise", name)
	for i, rule := range a.API.Rules {
		path := index(at(path, "rules"), i)
		c.check(at(path, "resources"), len(rule.Resources) > 0 || !c.sound(at(path, "resources")), "must not be empty")
		c.check(at(path, "verbs"), len(rule.Verbs) > 0 || !c.sound(at(path, "verbs")), "must not be empty")
		for _, list := range []struct {
			key    string
			values []string
		}{{"groups", rule.Groups}, {"resources", rule.Resources}} {
			c.check(at(path, list.key), !slices.Contains(list.values, "*"),
				"must not be *: say each, so that nothing is given unseen")
		}
		for j, verb := range rule.Verbs {
			c.check(index(at(path, "verbs"), j), slices.Contains(apiVerbs, verb), "must be a verb, got %s; %s", quoted(verb),
				suggestion(verb, apiVerbs))
		}
		c.check(at(path, "names"), !slices.Contains(rule.Resources, "secrets") || len(rule.Names) > 0,
			"must not be empty for secrets: say which")
		// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources.
		c.check(at(path, "names"), len(rule.Names) == 0 || !slices.Contains(rule.Verbs, "create"),
			"must not be there with the verb create, which no name can restrict: make it a rule of its own")
	}
}

// apiServers: ranges, and the port there.
func (c *checker) apiServers() {
	const path = "cluster.apiServers"
	if c.absent[path] || !c.sound(path) {
		return
	}
	for i, server := range c.Cluster.APIServers {
		path := index(path, i)
		c.cidr(at(path, "cidr"), server.CIDR)
		c.between(at(path, "port"), server.Port, 1, maxPort)
	}
}
