package config

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// routePath is what a route may start with: characters that stand in a URL, and in nginx's configuration, as they are.
var routePath = regexp.MustCompile(`^/([A-Za-z0-9._~-]+/)*[A-Za-z0-9._~-]*$`)

// nginxSize is a size as nginx writes it.
var nginxSize = regexp.MustCompile(`^[1-9][0-9]{0,8}[kmgKMG]?$`)

// errorPages is where the proxy's configuration keeps error pages (components/proxy/nginx.conf.tmpl).
const errorPages = "/-plinth-error/"

func (c *checker) proxy() {
	p := c.Proxy
	if len(p.Routes) == 0 || !c.sound("proxy") {
		return
	}
	_, taken := c.Apps[proxyName]
	c.check("proxy", !taken, "must not be there together with an app named %s", proxyName)
	_, taken = c.Databases[proxyName]
	c.check("proxy", !taken, "must not be there together with a database named %s", proxyName)
	seen := map[string]string{}
	for i, route := range p.Routes {
		path := index(at("proxy", "routes"), i)
		c.check(at(path, "path"), routePath.MatchString(route.Path),
			"must start with a slash and consist of letters, digits, dots, hyphens, underscores and tildes, got %s",
			quoted(route.Path))
		c.check(at(path, "path"), !strings.HasPrefix(route.Path+"/", errorPages),
			"must not be under %s, where the proxy keeps its own error pages, got %s", errorPages, quoted(route.Path))
		unique(c, at(path, "path"), index("routes", i)+".path", seen, route.Path)
		if !c.sound(at(path, "app")) {
			continue
		}
		app, found := c.Apps[route.App]
		c.check(at(path, "app"), found, "must be the name of an app, got %s; %s", quoted(route.App),
			suggestion(route.App, c.appNames()))
		c.check(at(path, "app"), !found || len(app.Ports) > 0 || !c.sound(at("apps", route.App, "ports")),
			"must be an app with ports, got %s", quoted(route.App))
	}
	c.reference(at("proxy", "image"), p.Image)
	if c.sound(at("proxy", "replicas")) {
		c.between(at("proxy", "replicas"), p.Replicas, 1, maxPods)
	}
	if c.sound(at("proxy", "drain")) {
		c.between(at("proxy", "drain"), p.Drain, 0, 50)
	}
	c.check(at("proxy", "bodySize"), nginxSize.MatchString(p.BodySize),
		"must be a size such as 10m, got %s", quoted(p.BodySize))
	c.between(at("proxy", "timeouts", "connect"), p.Timeouts.Connect, 1, 75)
	c.between(at("proxy", "timeouts", "send"), p.Timeouts.Send, 1, 86400)
	c.between(at("proxy", "timeouts", "read"), p.Timeouts.Read, 1, 86400)
	for i, cidr := range p.TrustedProxies {
		c.cidr(index(at("proxy", "trustedProxies"), i), cidr)
	}
	for _, status := range slices.Sorted(maps.Keys(p.ErrorPages)) {
		number, err := strconv.Atoi(status)
		c.check(at("proxy", "errorPages", status), err == nil && number >= 400 && number <= 599,
			"must be for a status from 400 to 599, got %s", quoted(status))
	}
	resources := p.resources()
	c.amounts("proxy", &resources)
}

// resources are the proxy's, as those of an app.
func (p Proxy) resources() Resources {
	return Resources{Requests: Requests(p.Requests), Limits: Limits(p.Limits)}
}
