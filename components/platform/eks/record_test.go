package eks_test

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
	"plinth/components/platform/eks"
	"plinth/internal/record"
)

const account = "123456789012"

// dev, staging and prod are what the tiers of these names ask for.
func dev() *platform.Args {
	return &platform.Args{
		Environment: "shop-dev", Identifier: "shop/dev/aws-1", Generation: 1,
		Tags: map[string]string{"plinth-project": "shop", "plinth-stack": "dev"},
		Location: platform.Location{
			Region: "eu-central-1", Zones: []string{"eu-central-1a", "eu-central-1b"},
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
	args.Environment, args.Identifier, args.Version = "shop-staging", "shop/staging/aws-1", "1.35"
	args.Tags = map[string]string{"plinth-project": "shop", "plinth-stack": "staging"}
	args.Network.CIDR = "10.0.0.0/16"
	args.Location.Zones = append(args.Location.Zones, "eu-central-1c")
	args.Location.Account = account
	args.Admins = []string{"arn:aws:iam::123456789012:role/deploy"}
	args.Nodes = map[string]platform.Nodes{"main": {Size: platform.Medium, Min: 2, Max: 4, Disk: 50}}
	args.EncryptWithOwnKey, args.LogRetention = true, 30
	return args
}

func prod() *platform.Args {
	args := staging()
	args.Environment, args.Identifier, args.Generation = "shop-prod", "shop/prod/aws-2", 2
	args.Tags = map[string]string{"plinth-project": "shop", "plinth-stack": "prod"}
	args.Network.NAT = platform.NATPerZone
	args.Endpoint = platform.Endpoint{}
	args.Admins = append(args.Admins, "arn:aws:iam::123456789012:role/ops")
	args.Nodes = map[string]platform.Nodes{
		"main": {Size: platform.Large, Min: 3, Max: 9, Disk: 100},
		"batch": {
			Machine: "m7g.xlarge", Min: 2, Max: 2, Spot: true, Disk: 80, Labels: map[string]string{"for": "batch"},
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
	opts := record.Options{Project: "shop", Stack: "test", Outputs: outputs}
	return record.Run(t.Context(), opts, func(ctx *pulumi.Context) error {
		made, err := eks.Platform{}.New(ctx, "cluster", args)
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

// outputs are what AWS would return: what was asked for, an id and an ARN that tell whose they are, and what else is
// read here.
func outputs(r *record.Resource) resource.PropertyMap {
	out := maps.Clone(r.Inputs)
	service := string(r.Type.Module().Name())
	service, _, _ = strings.Cut(service, "/")
	set := func(key, value string) {
		out[resource.PropertyKey(key)] = resource.NewProperty(value)
	}
	set("id", "id-of-"+r.Name)
	set("arn", "arn:aws:"+service+":eu-central-1:"+account+":"+r.Name)
	if _, named := out["name"]; !named {
		set("name", r.Name+"-1a2b3c4")
	}
	switch string(r.Type) {
	case "aws:ec2/vpc:Vpc":
		set("ownerId", account)
	case "aws:ec2/launchTemplate:LaunchTemplate":
		out["latestVersion"] = resource.NewProperty(7.0)
	case "aws:eks/cluster:Cluster":
		set("endpoint", "https://cluster.example.com")
		out["identities"] = resource.NewPropertyValue([]any{map[string]any{"oidcs": []any{map[string]any{
			"issuer": "https://oidc.eks.example.com/id/A1",
		}}}})
		out["certificateAuthority"] = resource.NewProperty(resource.PropertyMap{"data": resource.NewProperty("QQ==")})
	case "aws:ecr/repository:Repository":
		set("repositoryUrl", account+".dkr.ecr.eu-central-1.amazonaws.com/"+out["name"].StringValue())
	}
	return out
}

func one(t *testing.T, rec *record.Recording, name string) *record.Resource {
	t.Helper()
	suffix := "::" + name
	if strings.Contains(name, "::") { // Its type is there too.
		suffix = ":" + name
	}
	r, err := rec.One(suffix)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// value is what a resource was given at a path, as plain Go; nil where there is nothing.
func value(r *record.Resource, path ...string) any {
	v := resource.NewProperty(r.Inputs)
	for _, key := range path {
		v = bare(v)
		switch {
		case v.IsArray():
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(v.ArrayValue()) {
				return nil
			}
			v = v.ArrayValue()[i]
		case v.IsObject():
			v = v.ObjectValue()[resource.PropertyKey(key)]
		default:
			return nil
		}
	}
	return v.MapRepl(nil, open)
}

// bare takes a value out of what says that it is secret, or where it comes from.
func bare(v resource.PropertyValue) resource.PropertyValue {
	for v.IsSecret() || v.IsOutput() {
		if v.IsSecret() {
			v = v.SecretValue().Element
		} else {
			v = v.OutputValue().Element
		}
	}
	return v
}

func open(v resource.PropertyValue) (any, bool) {
	if v.IsSecret() || v.IsOutput() {
		return bare(v).MapRepl(nil, open), true
	}
	return nil, false
}

// document is a policy.
type document struct {
	Statement []struct {
		Effect           string
		Principal        map[string][]string
		Action, Resource []string
		Condition        map[string]map[string][]string
	}
}

// read decodes the policy that a resource holds, strictly.
func read(t *testing.T, r *record.Resource, property string) document {
	t.Helper()
	text, ok := value(r, property).(string)
	if !ok {
		t.Fatalf("%s: its %s is no text: %v", r.Label(), property, value(r, property))
	}
	var d document
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatalf("%s: its %s is no policy: %v\n%s", r.Label(), property, err, text)
	}
	return d
}

// text is a policy as one line a statement.
func (d document) text() string {
	var lines []string
	for _, s := range d.Statement {
		line := s.Effect
		for _, kind := range slices.Sorted(maps.Keys(s.Principal)) {
			line += fmt.Sprint(" ", kind, s.Principal[kind])
		}
		line += fmt.Sprint(" ", s.Action)
		if len(s.Resource) > 0 {
			line += fmt.Sprint(" on ", s.Resource)
		}
		for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
			for _, key := range slices.Sorted(maps.Keys(s.Condition[operator])) {
				line += fmt.Sprint(" if ", operator, " ", key, s.Condition[operator][key])
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func expect(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// expectLines compares texts of several lines.
func expectLines(t *testing.T, what, got string, want ...string) {
	t.Helper()
	if got != strings.Join(want, "\n") {
		t.Errorf("%s: got\n%s\nwant\n%s", what, got, strings.Join(want, "\n"))
	}
}

// expectEach compares lists.
func expectEach[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
