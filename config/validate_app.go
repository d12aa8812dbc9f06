package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"k8s.io/apimachinery/pkg/util/validation"
)

// maxAppName is how long the name of an app may be. The longest name made from it is that of a pod of its migration
// job, NAME-migrate-HASH-SUFFIX with a hash of 10 and, from Kubernetes, a suffix of 5 characters; a pod's name is its
// host name, which is at most 63 characters long. The names of Deployments' pods (NAME-HASH-SUFFIX), of Services and
// the values of labels (63 as well) leave more room.
const maxAppName = validation.DNS1123LabelMaxLength - len("-migrate-") - 10 - len("-") - 5

// appName: the name of a Service (RFC 1035), short enough for everything made from it.
func (c *checker) appName(path, name string, _ *App) { c.workloadName(path, name) }

func (c *checker) workloadName(path, name string) {
	c.check(path, len(name) <= maxAppName,
		"must have a name of at most %d characters, or the pods of its job NAME-migrate-HASH would exceed %d, got %d",
		maxAppName, validation.DNS1123LabelMaxLength, len(name))
	c.check(path, len(validation.IsDNS1035Label(name)) == 0,
		"must have a name of lower case letters, digits and inner hyphens that starts with a letter, got %s", quoted(name))
}

func (c *checker) image(path, _ string, a *App) { c.reference(at(path, "image"), a.Image) }

// reference: says which image exactly, the more so the stricter the tier.
func (c *checker) reference(path, image string) {
	if !c.sound(path) {
		return
	}
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		c.add(path, "must be the reference of an image, got %s: %s", quoted(image), shortened(err.Error()))
		return
	}
	tagged, ok := named.(reference.Tagged)
	if !ok {
		c.add(path, "must have a tag, got %s", quoted(image))
		return
	}
	c.check(path, tagged.Tag() != "latest" || c.Tier == Dev || !c.sound("tier"),
		"must not have the tag latest outside dev, because it does not say which image runs, got %s", quoted(image))
	_, pinned := named.(reference.Digested)
	c.check(path, pinned || c.Tier != Prod, "must have a digest on prod (NAME:TAG@sha256:DIGEST), got %s", quoted(image))
	if !pinned && c.Tier == Staging {
		c.Warnings = append(c.Warnings,
			path+": has no digest, which prod will demand (NAME:TAG@sha256:DIGEST), got "+quoted(image))
	}
}

// user: numeric, and not root.
func (c *checker) user(path, _ string, a *App) {
	if a.User == nil {
		return
	}
	c.check(at(path, "user"), *a.User > 0 && len(validation.IsValidUserID(*a.User)) == 0,
		"must be between 1 and 2147483647 (0 is root, and no pod may run as root), got %d", *a.User)
}

// workers: only with the server that has them.
func (c *checker) workers(path, _ string, a *App) {
	c.between(at(path, "workers"), a.Workers, 0, 1000)
	if server := at(path, "server"); c.sound(server) {
		c.check(at(path, "workers"), a.Workers == 0 || a.Server != NoServer, "must not be set without server, got %d",
			a.Workers)
	}
}

// public: there must be a port to call.
func (c *checker) public(path, _ string, a *App) {
	c.check(at(path, "public"), !a.Public || len(a.Ports) > 0 || !c.sound(at(path, "ports")),
		"must not be true without ports: there is nothing to call")
}

// env: names that a shell can write, and no variable twice.
func (c *checker) env(path, _ string, a *App) {
	for _, name := range slices.Sorted(maps.Keys(a.Env)) {
		variable := at(path, "env", name)
		c.variable(variable, name)
		c.check(variable, !strings.ContainsRune(a.Env[name], 0), "must not contain the character NUL")
		_, found := a.Secrets[name]
		c.check(variable, !found, "must not be set in secrets too")
	}
}

// secrets: each refers to a value that is set.
func (c *checker) secrets(path, _ string, a *App) {
	for _, name := range slices.Sorted(maps.Keys(a.Secrets)) {
		variable, value := at(path, "secrets", name), a.Secrets[name]
		c.variable(variable, name)
		c.secretReference(variable, value)
	}
}

// secretValue: the name of a value that is set.
func (c *checker) secretValue(path, name string) {
	c.check(path, secretName.MatchString(name), "must be the name of a value in %s", secretSection)
	if _, found := c.SecretValues[name]; found || !c.sound(secretSection) {
		return
	}
	remedy := "set it with: " + setSecret(name)
	if near := nearest(name, slices.Sorted(maps.Keys(c.SecretValues))); near != "" {
		remedy = "did you mean " + near + "?"
	}
	c.add(path, "refers to %s, which is not set; %s", at(secretSection, name), remedy)
}

func (c *checker) variable(path, name string) {
	c.check(path, len(validation.IsEnvVarName(name)) == 0,
		"must have a name of letters, digits, _, - and . that does not start with a digit, got %s",
		quoted(name))
}

// callers: other apps, and a port for them to call.
func (c *checker) callers(path, name string, a *App) {
	for i, caller := range a.From {
		from := index(at(path, "from"), i)
		_, found := c.Apps[caller]
		c.check(from, found, "must be the name of an app, got %s; %s", quoted(caller), suggestion(caller, c.appNames()))
		c.check(from, caller != name, "must not be the app itself, got %s", quoted(caller))
		first := slices.Index(a.From, caller)
		c.check(from, first == i, "must be there once only, %s is from[%d] already", quoted(caller), first)
		c.check(from, len(a.Ports) > 0 || !c.sound(at(path, "ports")),
			"must not be there without ports: there is nothing to call")
	}
}

// egress: networks, and the port there.
func (c *checker) egress(path, _ string, a *App) {
	for i, egress := range a.Egress {
		path := index(at(path, "egress"), i)
		c.between(at(path, "port"), egress.Port, 1, maxPort)
		c.cidr(at(path, "cidr"), egress.CIDR)
		first := slices.Index(a.Egress, egress)
		c.check(path, first == i, "must be there once only, it is egress[%d] already", first)
	}
}

// stopping: a pod drains before its grace is over, and neither that nor its start takes longer than an hour.
func (c *checker) stopping(path, _ string, a *App) {
	c.between(at(path, "grace"), a.Grace, 1, 3600)
	c.between(at(path, "drain"), a.Drain, 0, 3600)
	c.between(at(path, "rolloutTimeout"), a.RolloutTimeout, 10, 3600)
	if c.sound(at(path, "grace")) {
		c.check(at(path, "drain"), a.Drain < a.Grace, "must be less than grace (%d), got %d", a.Grace, a.Drain)
	}
}

// between adds a fault unless a number is in a range that includes its bounds.
func (c *checker) between(path string, n, lowest, highest int) {
	c.check(path, lowest <= n && n <= highest, "must be between %d and %d, got %d", lowest, highest, n)
}
