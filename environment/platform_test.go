package environment_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/environment"
	"plinth/internal/record"
	"plinth/internal/standin"
)

// cloudStack is a stack on Google Cloud that says something of everything.
func cloudStack(cloud string) record.Options {
	return record.Options{Project: "plinth", Stack: "shop", Config: map[string]string{
		"plinth:tier":  "staging",
		"plinth:cloud": cloud,
		"plinth:aws":   `{"account": "123456789012", "admins": ["arn:aws:iam::123456789012:role/ops"]}`,
		"plinth:gcp": `{"project": "example-project", "region": "europe-west1", "zones": ["europe-west1-b", "europe-west1-c"],
			"admins": ["group:ops@example.com"]}`,
		"plinth:network": `{"cidr": "10.32.0.0/18", "pods": "10.64.0.0/14", "services": "10.68.0.0/20", "nat": "perZone",
			"flowLogs": false}`,
		"plinth:cluster": `{"version": "1.34", "generation": 3, "endpoint": {"cidrs": ["203.0.113.0/24"]}, "ownKey": false,
			"logRetention": 14, "protect": true, "retain": true, "repositories": ["app"], "maintenanceStart": 5,
			"nodes": {"main": {"size": "large", "min": 3, "max": 6, "disk": 80, "labels": {"example.com/team": "core"},
			"taints": [{"key": "example.com/batch", "value": "yes", "effect": "NoSchedule"}]},
			"other": {"machine": "e2-standard-2", "spot": true}}}`,
		"plinth:databases": `{"main": {"resources": {"limits": {"cpu": "1", "memory": "1Gi", "ephemeralStorage": "1Gi"}}}}`,
	}}
}

// listening keeps what a platform is asked for.
type listening struct {
	platform.Platform
	args *platform.Args
}

// New keeps the arguments.
func (l *listening) New(
	ctx *pulumi.Context, name string, args *platform.Args, opts ...pulumi.ResourceOption,
) (platform.Cluster, error) {
	l.args = args
	return l.Platform.New(ctx, name, args, opts...)
}

func keysOf(o record.Options) func() []string {
	return func() []string { return slices.Sorted(maps.Keys(o.Config)) }
}

func TestAPlatformIsToldWhatTheConfigurationSays(t *testing.T) {
	want := &platform.Args{
		Environment: "plinth-shop", Identifier: "plinth/shop/gcp-3", Generation: 3,
		Tags:    map[string]string{"managed-by": "plinth", "plinth-stack": "shop", "plinth-tier": "staging"},
		Protect: true, Retain: true,
		Location: platform.Location{
			Account: "example-project", Region: "europe-west1", Zones: []string{"europe-west1-b", "europe-west1-c"},
		},
		Network: platform.Network{
			CIDR: "10.32.0.0/18", Pods: "10.64.0.0/14", Services: "10.68.0.0/20", Endpoints: "10.8.16.0/24", NAT: platform.NATPerZone,
		},
		Version: "1.34", Endpoint: platform.Endpoint{Public: true, CIDRs: []string{"203.0.113.0/24"}},
		Admins: []string{"group:ops@example.com"},
		Nodes: map[string]platform.Nodes{
			"main": {
				Size: platform.Large, Min: 3, Max: 6, Disk: 80, Labels: map[string]string{"example.com/team": "core"},
				Taints: []platform.Taint{{Key: "example.com/batch", Value: "yes", Effect: "NoSchedule"}},
			},
			"other": {Size: platform.Medium, Machine: "e2-standard-2", Min: 2, Max: 4, Spot: true, Disk: 50},
		},
		LogRetention: 14, Repositories: []string{"app"}, MaintenanceStart: 5,
	}
	for i, stand := range standin.Clouds() {
		told := &listening{Platform: stand}
		o := cloudStack(stand.Cloud())
		if _, err := record.Run(t.Context(), o, environment.Program(keysOf(o), told)); err != nil {
			t.Fatal(err)
		}
		if stand.Cloud() == "aws" {
			want.Identifier = "plinth/shop/aws-3"
			want.Location = platform.Location{
				Account: "123456789012", Region: "eu-central-1", Zones: []string{"eu-central-1a", "eu-central-1b", "eu-central-1c"},
			}
			want.Admins = []string{"arn:aws:iam::123456789012:role/ops"}
		} else {
			want.Identifier = "plinth/shop/gcp-3"
			want.Location = platform.Location{
				Account: "example-project", Region: "europe-west1", Zones: []string{"europe-west1-b", "europe-west1-c"},
			}
			want.Admins = []string{"group:ops@example.com"}
		}
		if !reflect.DeepEqual(told.args, want) {
			t.Errorf("platform %d: got  %+v\nwant %+v", i, told.args, want)
		}
	}
}

func TestAClusterOfTheStacksOwnIsExportedAndGivesDatabasesTheirStorage(t *testing.T) {
	o := cloudStack("gcp")
	rec := runOn(t, o)
	for name, want := range map[string]string{"clusterIdentifier": "plinth/shop/gcp-3", "storageClass": standin.StorageClass} {
		if got := rec.Outputs[resource.PropertyKey(name)]; !got.IsString() || got.StringValue() != want {
			t.Errorf("output %s: got %v, want %s", name, got, want)
		}
	}
	if kubeconfig, found := rec.Outputs["kubeconfig"]; !found || !kubeconfig.IsSecret() {
		t.Errorf("output kubeconfig: got %v, want a secret", kubeconfig)
	}
	w, err := read(rec, false)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, r := range w.rec.All("kubernetes:apps/v1:StatefulSet") {
		if strings.Contains(rendered(t, r), `"storageClassName":"`+standin.StorageClass+`"`) {
			found++
		}
	}
	if found != 2 {
		t.Errorf("got %d servers on the cluster's own storage class, want a primary and its replica", found)
	}
}

func TestACloudThatTheProgramWasBuiltWithoutIsAnErrorThatSaysHowToGetIt(t *testing.T) {
	o := cloudStack("aws")
	_, err := record.Run(t.Context(), o, environment.Program(keysOf(o)))
	const want = "plinth:cloud is aws, and this program was built without it (it has none): the command plinth builds the " +
		"one that a stack needs by itself, and `go build -tags aws ./cmd/plinth` does; `pulumi up` in the project's folder " +
		"has every cloud"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = record.Run(t.Context(), o, environment.Program(keysOf(o), standin.Clouds()[1]))
	if err == nil || !strings.Contains(err.Error(), "(it has gcp)") {
		t.Errorf("got %v, want what the program has", err)
	}
}

// runOn records the program with stand-ins for the clouds.
func runOn(t *testing.T, o record.Options) *record.Recording {
	t.Helper()
	rec, err := record.Run(t.Context(), o, environment.Program(keysOf(o), standin.Clouds()...))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// rendered is what a resource's inputs are as JSON.
func rendered(t *testing.T, r *record.Resource) string {
	t.Helper()
	text, err := json.Marshal(plain(resource.NewProperty(r.Inputs)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
