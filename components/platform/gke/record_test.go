package gke_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/gke"
	"plinth/internal/record"
)

const (
	project = "shop-project"
	number  = "123456789012"
)

// dev, staging and prod are what the tiers of these names ask for.
func dev() *platform.Args {
	return &platform.Args{
		Environment: "shop-dev", Identifier: "shop/dev/gcp-1", Generation: 1,
		Tags: map[string]string{"plinth-project": "shop", "plinth-stack": "dev"},
		Location: platform.Location{
			Account: project, Region: "europe-west4", Zones: []string{"europe-west4-a", "europe-west4-b"},
		},
		Network: platform.Network{
			CIDR: "10.0.0.0/20", Pods: "10.4.0.0/14", Services: "10.8.0.0/20", NAT: platform.NATSingle, FlowLogs: true,
		},
		Version:  "1.34",
		Endpoint: platform.Endpoint{Public: true, CIDRs: []string{"198.51.100.0/24"}},
		Nodes: map[string]platform.Nodes{
			"main": {Size: platform.Small, Min: 1, Max: 3, Spot: true, Disk: 50},
		},
		LogRetention: 7, Repositories: []string{"api"}, MaintenanceStart: 3,
	}
}

func staging() *platform.Args {
	args := dev()
	args.Environment, args.Identifier, args.Version = "shop-staging", "shop/staging/gcp-1", "1.35"
	args.Tags = map[string]string{"plinth-project": "shop", "plinth-stack": "staging"}
	args.Network.CIDR = "10.0.0.0/16"
	args.Location.Zones = append(args.Location.Zones, "europe-west4-c")
	args.Admins = []string{"group:ops@example.com"}
	args.Nodes = map[string]platform.Nodes{"main": {Size: platform.Medium, Min: 2, Max: 4, Disk: 50}}
	args.EncryptWithOwnKey, args.LogRetention = true, 30
	return args
}

func prod() *platform.Args {
	args := staging()
	args.Environment, args.Identifier, args.Generation = "shop-prod", "shop/prod/gcp-2", 2
	args.Tags = map[string]string{"plinth-project": "shop", "plinth-stack": "prod"}
	args.Network.NAT = platform.NATPerZone
	args.Endpoint = platform.Endpoint{}
	args.Admins = append(args.Admins, "user:eve@example.com")
	args.Nodes = map[string]platform.Nodes{
		"main": {Size: platform.Large, Min: 3, Max: 9, Disk: 100},
		"batch": {
			Machine: "n2-standard-4", Min: 0, Max: 2, Spot: true, Disk: 80, Labels: map[string]string{"for": "batch"},
			Taints: []platform.Taint{
				{Key: "batch", Value: "only", Effect: "NoSchedule"}, {Key: "spare", Effect: "PreferNoSchedule"},
			},
		},
	}
	args.LogRetention, args.Protect, args.Retain = 365, true, true
	args.Repositories = []string{"api", "web"}
	return args
}

// private is a cluster that nothing leads out of.
func private() *platform.Args {
	args := staging()
	args.Environment, args.Network.NAT, args.Endpoint = "shop-private", platform.NATNone, platform.Endpoint{}
	args.Network.FlowLogs, args.Repositories, args.Admins = false, nil, nil
	return args
}

// tiers are all that tests go through.
func tiers() map[string]*platform.Args {
	return map[string]*platform.Args{"dev": dev(), "staging": staging(), "prod": prod(), "private": private()}
}

// attempt records a cluster. use is what is done with it.
func attempt(
	t *testing.T, args *platform.Args, use func(*pulumi.Context, platform.Cluster) error,
) (*record.Recording, error) {
	t.Helper()
	opts := record.Options{Project: "shop", Stack: "test", Outputs: outputs, Invoke: invoke}
	return record.Run(t.Context(), opts, func(ctx *pulumi.Context) error {
		made, err := gke.Platform{}.New(ctx, "cluster", args)
		if err != nil || use == nil {
			return err
		}
		return use(ctx, made)
	})
}

// deploy is an attempt that must succeed.
func deploy(t *testing.T, args *platform.Args) *record.Recording {
	t.Helper()
	rec, err := attempt(t, args, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// outputs are what Google would return: what was asked for, an id, and what else is read here.
func outputs(r *record.Resource) resource.PropertyMap {
	out := maps.Clone(r.Inputs)
	set := func(key, value string) { out[resource.PropertyKey(key)] = resource.NewProperty(value) }
	name := r.Name
	for _, key := range []resource.PropertyKey{"name", "repositoryId", "bucketId"} {
		if given := r.Inputs[key]; given.IsString() {
			name = given.StringValue()
		}
	}
	set("id", strings.ToLower(r.Type.Name().String())+"/"+name)
	switch string(r.Type) {
	case "gcp:projects/serviceIdentity:ServiceIdentity":
		set("email", "service-"+number+"@gcp-sa-artifactregistry.iam.gserviceaccount.com")
	case "gcp:serviceaccount/account:Account":
		email := r.Inputs["accountId"].StringValue() + "@" + project + ".iam.gserviceaccount.com"
		set("email", email)
		set("member", "serviceAccount:"+email)
		set("uniqueId", "103456789012345678901")
	case "gcp:compute/subnetwork:Subnetwork":
		set("selfLink", "https://www.googleapis.com/compute/v1/subnetwork/"+name)
	case "gcp:artifactregistry/repository:Repository":
		set("name", name)
	case "gcp:container/cluster:Cluster":
		set("endpoint", "10.0.0.2")
		out["masterAuth"] = resource.NewProperty(resource.PropertyMap{
			"clusterCaCertificate": resource.NewProperty("Y2VydGlmaWNhdGU="),
		})
	}
	return out
}

// invoke answers the functions that are called.
func invoke(token string, args resource.PropertyMap) (resource.PropertyMap, error) {
	if token == "gcp:storage/getProjectServiceAccount:getProjectServiceAccount" {
		return resource.PropertyMap{
			"emailAddress": resource.NewProperty("service-" + number + "@gs-project-accounts.iam.gserviceaccount.com"),
		}, nil
	}
	if token != "gcp:logging/getProjectCmekSettings:getProjectCmekSettings" {
		return nil, fmt.Errorf("%s is not known", token)
	}
	if got := args["project"].StringValue(); got != project {
		return nil, fmt.Errorf("project: got %q, want %q", got, project)
	}
	return resource.PropertyMap{
		"serviceAccountId": resource.NewProperty("cmek-p" + number + "@gcp-sa-logging.iam.gserviceaccount.com"),
	}, nil
}

// one is the only resource of that name, or of TYPE::NAME.
func one(t *testing.T, rec *record.Recording, name string) *record.Resource {
	t.Helper()
	suffix := "::" + name
	if strings.Contains(name, "::") {
		suffix = ":" + name
	}
	r, err := rec.One(suffix)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// all returns the resources of several types.
func all(rec *record.Recording, types ...string) []*record.Resource {
	var out []*record.Resource
	for _, typ := range types {
		out = append(out, rec.All(typ)...)
	}
	return out
}

// The types that tests name most.
const (
	clusterType = "gcp:container/cluster:Cluster"
	poolType    = "gcp:container/nodePool:NodePool"
	memberType  = "gcp:projects/iAMMember:IAMMember"
	useKeyType  = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
)

// at is the value of a property of a resource, by a path as in "a.b[0]", in JSON. What is not there is "".
func at(r *record.Resource, path string) string {
	parsed, err := resource.ParsePropertyPath(path)
	if err != nil {
		return err.Error()
	}
	value, found := parsed.Get(resource.NewProperty(plain(r.Inputs)))
	if !found {
		return ""
	}
	text, err := json.Marshal(value.Mappable())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// plain takes what is secret, or knows its dependencies, out of what says so. What is unknown becomes a word.
func plain(m resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	for key, value := range m {
		out[key] = plainValue(value)
	}
	return out
}

func plainValue(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return plainValue(v.SecretValue().Element)
	case v.IsOutput() && v.OutputValue().Known:
		return plainValue(v.OutputValue().Element)
	case v.IsOutput(), v.IsComputed():
		return resource.NewProperty("unknown")
	case v.IsObject():
		return resource.NewProperty(plain(v.ObjectValue()))
	case v.IsArray():
		var list []resource.PropertyValue
		for _, element := range v.ArrayValue() {
			list = append(list, plainValue(element))
		}
		return resource.NewProperty(list)
	default:
		return v
	}
}

// has says where properties of a resource are not what they should be. want is JSON by path; "" is nothing at all.
func has(r *record.Resource, want map[string]string) []string {
	var broken []string
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if got := at(r, path); got != want[path] {
			broken = append(broken, fmt.Sprintf("%s: %s: got %s, want %s", r.Label(), path, got, want[path]))
		}
	}
	return broken
}

func holds(t *testing.T, r *record.Resource, want map[string]string) {
	t.Helper()
	for _, line := range has(r, want) {
		t.Error(line)
	}
}

// names are those of resources, sorted.
func names(resources []*record.Resource) []string {
	var out []string
	for _, r := range resources {
		out = append(out, r.Name)
	}
	slices.Sort(out)
	return out
}

func expect[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func expectAll[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// tier is one of the tiers, recorded.
type tier struct {
	name string
	args *platform.Args
	rec  *record.Recording
}

// everyTier records all tiers.
func everyTier(t *testing.T) []tier {
	t.Helper()
	var all []tier
	for name, args := range tiers() {
		all = append(all, tier{name, args, deploy(t, args)})
	}
	return all
}
