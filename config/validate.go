package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"k8s.io/apimachinery/pkg/util/validation"
)

// checker applies the rules to a decoded configuration whose defaults are filled in.
type checker struct {
	*Config
	*decoder
	// encrypted says whether the section of secret values is.
	encrypted bool
}

// check adds a fault unless ok.
func (c *checker) check(path string, ok bool, format string, args ...any) {
	if !ok {
		c.add(path, format, args...)
	}
}

// sound says that nothing is known to be wrong with the value at a path, and that it has one: a rule at another path
// may rely on it.
func (c *checker) sound(path string) bool {
	_, faulty := c.faults[path]
	return !faulty && !c.undecided[path]
}

// all applies every rule.
func (c *checker) all() {
	c.namespaceName(c.stackName())
	c.aws()
	c.gcp()
	c.network()
	c.cluster()
	c.mirrors()
	c.secretValues()
	c.secretsBackend()
	for _, name := range c.appNames() {
		path := at("apps", name)
		if !c.sound(path) {
			continue
		}
		app := c.Apps[name]
		for _, rule := range []func(path, name string, app *App){
			c.appName, c.image, c.user, c.workers, c.ports, c.public, c.probes, c.resources, c.replicas, c.autoscaling,
			c.disruption, c.env, c.secrets, c.secretFiles, c.mounts, c.callers, c.egress, c.stopping, c.database, c.migration,
			c.afterMigration, c.bucket, c.canary, c.placement, c.containers, c.jobs, c.waivers, c.api, c.metrics,
			c.edgeVariables, c.apart,
		} {
			rule(path, name, &app)
		}
	}
	c.databases()
	c.buckets()
	c.minio()
	c.proxy()
	c.edge()
	c.workloadNames()
	c.namespaces()
	c.edgeNamespaces()
	c.gitOps()
	c.apiServers()
	c.monitoring()
	c.isolation()
	c.quota()
}

func (c *checker) appNames() []string { return slices.Sorted(maps.Keys(c.Apps)) }

// namespaceName: a DNS label, and none of the namespaces that belong to the cluster. stackNamed says that nothing is
// wrong with the stack's own name, which it is made from.
func (c *checker) namespaceName(stackNamed bool) {
	const path = "namespace.name"
	if !stackNamed && c.absent[path] {
		return
	}
	name := c.Namespace.Name
	c.check(path, isLabel(name) || name != Project+"-"+c.Stack,
		"must be set, because %s, made from the stack's name, is not %s", quoted(name), labelRule)
	c.check(path, isLabel(name), "must be %s, got %s", labelRule, quoted(name))
	c.check(path, name != "default" && !strings.HasPrefix(name, "kube-"),
		"must not be one of the cluster's own namespaces, got %s", quoted(name))
}

// labelRule says what a DNS label is (RFC 1123).
const labelRule = "at most 63 lower case letters, digits and inner hyphens"

func isLabel(name string) bool { return len(validation.IsDNS1123Label(name)) == 0 }

// mirrors: registries by host, replaced by prefixes that an image can be pulled from.
func (c *checker) mirrors() {
	for _, host := range slices.Sorted(maps.Keys(c.Images.Mirrors)) {
		path, prefix := at("images", "mirrors", host), c.Images.Mirrors[host]
		c.check(path, isRegistry(host),
			"must have a key that is a host name and an optional port, such as docker.io, got %s",
			quoted(host))
		c.check(path, !strings.Contains(prefix, "://"),
			"must be a host and an optional path, without a scheme, got %s", quoted(prefix))
		registry, _, _ := strings.Cut(prefix, "/")
		_, err := reference.WithName(prefix + "/image")
		c.check(path, isRegistry(registry) && err == nil,
			"must be a host and an optional path, such as registry.example.com/docker, got %s", quoted(prefix))
	}
}

// isRegistry says whether a text is what an image's name starts with to say its registry: a host, which has a dot or a
// port to tell it from a folder, or is localhost.
func isRegistry(text string) bool {
	host, port, hasPort := strings.Cut(text, ":")
	if hasPort && !isPortText(port) {
		return false
	}
	return len(validation.IsDNS1123Subdomain(host)) == 0 &&
		(hasPort || strings.Contains(host, ".") || host == "localhost")
}

// portText is a decimal number from 1 to 65535, without leading zeros.
var portText = regexp.MustCompile(
	`^([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$`)

func isPortText(text string) bool { return portText.MatchString(text) }

// secretName is what a secret value may be called: it can stand in a path without quotes.
var secretName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,62}$`)

// secretValues: encrypted, not empty, and with a name that other sections can write.
func (c *checker) secretValues() {
	for _, name := range slices.Sorted(maps.Keys(c.SecretValues)) {
		path, value := at(secretSection, name), c.SecretValues[name]
		c.check(path, secretName.MatchString(name),
			"must have a name of at most 63 letters, digits, hyphens and underscores that starts with a letter")
		c.check(path, value != "", "must not be empty")
		c.check(path, c.encrypted || c.sealed(name), "must be encrypted; set it with: %s", setSecret(name))
	}
}

// sealed says that a value is encrypted in a stack file where others are not: see [ReadStackFile].
func (c *checker) sealed(name string) bool {
	values := slices.Collect(maps.Values(c.SecretValues))
	return c.SecretValues[name] == placeholder &&
		slices.ContainsFunc(values, func(s Secret) bool { return s != placeholder })
}

// setSecret is the command that sets a secret value.
func setSecret(name string) string {
	return "pulumi config set --secret --path " + Project + ":" + at(secretSection, name)
}
