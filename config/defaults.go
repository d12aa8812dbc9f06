package config

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// defaultOf returns the default that a field's tags give it. One that depends on the tier is not found where the tier
// is not known.
func defaultOf(field reflect.StructField, tier Tier) (string, bool) {
	if text, found := field.Tag.Lookup("default"); found {
		return text, true
	}
	for _, entry := range strings.Fields(field.Tag.Get("tier")) {
		if name, text, _ := strings.Cut(entry, "="); name == string(tier) {
			return text, true
		}
	}
	return "", false
}

// literal returns the generic JSON value that a default in a tag stands for.
func literal(text string, t reflect.Type) any {
	if t.Kind() == reflect.Pointer {
		return literal(text, t.Elem())
	}
	if t.Kind() == reflect.Bool {
		return text == "true"
	}
	if t.Kind() == reflect.String {
		return text
	}
	return json.Number(text)
}

// completeDefaults fills in the defaults that follow from other values. They are the ones that the absent tag tells of.
func completeDefaults(c *Config, absent map[string]bool) {
	completeCloud(c, absent)
	if c.Namespace.Name == "" {
		c.Namespace.Name = Project + "-" + c.Stack
	}
	completeSecrets(c)
	completeEdge(c, absent)
	for name, app := range c.Apps {
		completeApp(&app, at("apps", name), absent)
		c.Apps[name] = app
	}
	for name, database := range c.Databases {
		completeResources(&database.Resources, at("databases", name, "resources"), absent)
		if absent[at("databases", name, "clients")] {
			database.Clients = slices.Clone(privateRanges)
		}
		if absent[at("databases", name, "image")] {
			database.Image = cmp.Or(engines[database.Engine].image, engines[Postgres].image)
		}
		if m := database.Metrics; m != nil && absent[at("databases", name, "metrics", "image")] {
			m.Image = cmp.Or(engines[database.Engine].exporter, engines[Postgres].exporter)
		}
		completeManaged(&database)
		c.Databases[name] = database
	}
	for name, bucket := range c.Buckets {
		completeExternal(bucket.External, name)
	}
}

// completeExternal fills in what is not said of a bucket elsewhere.
func completeExternal(e *External, name string) {
	if e == nil {
		return
	}
	e.Bucket = cmp.Or(e.Bucket, name)
	providers := map[Addressing]string{AddressPath: "minio", AddressVirtual: "aws"}
	e.Provider = cmp.Or(e.Provider, providers[e.Addressing])
}

// completeCloud fills in what follows from the region and the cloud.
func completeCloud(c *Config, absent map[string]bool) {
	if absent["aws.zones"] {
		c.AWS.Zones = zonesOf(c.AWS.Region, "")
	}
	if absent["gcp.zones"] {
		c.GCP.Zones = zonesOf(c.GCP.Region, "-")
	}
	if absent["cluster.apiServers"] && c.Cloud != Existing {
		// The control plane's own addresses are in the network, on both clouds.
		c.Cluster.APIServers = []Egress{{CIDR: c.Network.CIDR, Port: 443}}
	}
	if c.Cluster.Identifier != "" || c.Cluster.Stack != "" && c.Cloud == Existing {
		return
	}
	c.Cluster.Identifier = Project + "/" + c.Stack
	if c.Cloud != Existing {
		c.Cluster.Identifier += fmt.Sprintf("/%s-%d", c.Cloud, c.Cluster.Generation)
	}
}

// privateRanges are those that clusters give their pods addresses from: RFC 1918, and RFC 6598, which EKS uses too.
var privateRanges = []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"}

// alwaysWritable is the folder that every program expects to be writable.
const alwaysWritable = "/tmp"

func completeApp(a *App, path string, absent map[string]bool) {
	if a.Autoscaling != nil && absent[at(path, "replicas")] {
		a.Replicas = nil
	}
	for i := range a.Ports {
		if absent[at(index(at(path, "ports"), i), "service")] {
			a.Ports[i].Service = a.Ports[i].Container
		}
	}
	for name, probe := range a.Probes.all() {
		if probe.Path != "" && len(a.Ports) > 0 && absent[at(path, "probes", name, "port")] {
			probe.Port = a.Ports[0].Name
		}
	}
	completeResources(&a.Resources, at(path, "resources"), absent)
	for name, container := range a.Containers {
		completeResources(&container.Resources, at(path, "containers", name, "resources"), absent)
		a.Containers[name] = container
	}
	for name, job := range a.Jobs {
		if job.Resources == nil {
			own := a.Resources
			job.Resources = &own
		} else {
			completeResources(job.Resources, at(path, "jobs", name, "resources"), absent)
		}
		a.Jobs[name] = job
	}
	if a.Metrics != nil && len(a.Ports) > 0 && absent[at(path, "metrics", "port")] {
		a.Metrics.Port = a.Ports[0].Name
	}
	if a.API != nil {
		for i := range a.API.Rules {
			if len(a.API.Rules[i].Groups) == 0 {
				a.API.Rules[i].Groups = []string{""}
			}
		}
	}
	if a.Database != nil && a.Database.Variables == (Variables{}) {
		a.Database.Variables.URL = "DATABASE_URL"
	}
	if !slices.Contains(a.Writable, alwaysWritable) {
		a.Writable = append(a.Writable, alwaysWritable)
	}
	if a.Disruption.MinAvailable == nil && a.Disruption.MaxUnavailable == nil {
		one := 1
		a.Disruption.MaxUnavailable = &one
	}
}

// all returns the probes that there are, by key.
func (p Probes) all() map[string]*Probe {
	probes := map[string]*Probe{"readiness": p.Readiness, "liveness": p.Liveness, "startup": p.Startup}
	maps.DeleteFunc(probes, func(_ string, probe *Probe) bool { return probe == nil })
	return probes
}

// amount is one resource: what is requested of it and what its limit is.
type amount struct {
	key            string
	request, limit *string
}

// amounts returns every resource.
func (r *Resources) amounts() []amount {
	return []amount{
		{"cpu", &r.Requests.CPU, &r.Limits.CPU},
		{"memory", &r.Requests.Memory, &r.Limits.Memory},
		{"ephemeralStorage", &r.Requests.EphemeralStorage, &r.Limits.EphemeralStorage},
	}
}
