package gke_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"pgregory.net/rapid"

	"plinth/components/platform"
	"plinth/components/platform/gke"
	"plinth/internal/record"
)

// limit is what names of one type are like.
type limit struct {
	property string
	least    int
	most     int
	pattern  *regexp.Regexp
}

// dashed is what most services take: https://cloud.google.com/compute/docs/naming-resources.
var dashed = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)

func limits() map[string]limit {
	return map[string]limit{
		clusterType:                                  {"name", 1, 40, dashed},
		"gcp:compute/network:Network":                {"name", 1, 63, dashed},
		"gcp:compute/subnetwork:Subnetwork":          {"name", 1, 63, dashed},
		"gcp:compute/router:Router":                  {"name", 1, 63, dashed},
		"gcp:compute/routerNat:RouterNat":            {"name", 1, 63, dashed},
		"gcp:compute/firewall:Firewall":              {"name", 1, 63, dashed},
		"gcp:serviceaccount/account:Account":         {"accountId", 6, 30, dashed},
		"gcp:artifactregistry/repository:Repository": {"repositoryId", 1, 63, dashed},
		"gcp:kms/keyRing:KeyRing":                    {"name", 1, 63, regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)},
		"gcp:kms/cryptoKey:CryptoKey":                {"name", 1, 63, regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)},
		"gcp:logging/projectSink:ProjectSink":        {"name", 1, 100, regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)},
		"gcp:logging/projectBucketConfig:ProjectBucketConfig": {
			"bucketId", 1, 100, regexp.MustCompile(`^[a-zA-Z0-9._-]+$`),
		},
	}
}

// tooLong says which names of a recording a service would refuse.
func tooLong(rec *record.Recording) []string {
	var broken []string
	for typ, l := range limits() {
		for _, r := range rec.All(typ) {
			name := strings.Trim(at(r, l.property), `"`)
			if len(name) < l.least || len(name) > l.most || !l.pattern.MatchString(name) {
				broken = append(broken, fmt.Sprintf("%s: %q", r.Label(), name))
			}
		}
	}
	for _, pool := range rec.All(poolType) {
		// Pulumi appends "-" and seven digits.
		if name := pool.Name + "-0123456"; len(name) > 40 || !dashed.MatchString(name) {
			broken = append(broken, fmt.Sprintf("%s: %q", pool.Label(), name))
		}
	}
	return broken
}

// text makes names of up to most bytes out of the alphabet of the environment's, the shortest and the longest often.
func text(most int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		length := rapid.OneOf(rapid.IntRange(1, most), rapid.Just(most), rapid.Just(1)).Draw(t, "length")
		name := rapid.StringOfN(rapid.SampledFrom([]rune("abz019-")), length, length, -1).Draw(t, "name")
		return strings.Trim("a"+name[1:]+"e", "-")[:length-1] + "e"
	})
}

func TestNamesFitWhateverTheEnvironmentIsCalled(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		args := prod()
		args.Environment = text(100).Draw(rt, "environment")
		args.Generation = rapid.IntRange(1, 99).Draw(rt, "generation")
		args.Nodes = map[string]platform.Nodes{
			text(30).Draw(rt, "nodes"): {Size: platform.Small, Min: 1, Max: 3, Disk: 50},
		}
		opts := record.Options{Project: "shop", Stack: "test", Outputs: outputs, Invoke: invoke}
		rec, err := record.Run(t.Context(), opts, func(ctx *pulumi.Context) error {
			_, err := gke.New(ctx, "cluster", args)
			return err
		})
		if err != nil {
			rt.Fatal(err)
		}
		for _, line := range tooLong(rec) {
			rt.Error(line)
		}
	})
}

// A cluster's name tells its environment and its generation, however it is shortened.
func TestNoTwoClustersHaveOneName(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(which string) *platform.Args {
			args := dev()
			args.Environment = text(60).Draw(rt, which)
			args.Generation = rapid.IntRange(1, 3).Draw(rt, which+" generation")
			return args
		}
		one, other := draw("one"), draw("other")
		same := one.Environment == other.Environment && one.Generation == other.Generation
		if got := gke.Physical(one) == gke.Physical(other); got != same {
			rt.Errorf("%s %d and %s %d are both %s", one.Environment, one.Generation, other.Environment, other.Generation,
				gke.Physical(one))
		}
	})
}

func TestLabelsAreAsGoogleTakesThem(t *testing.T) {
	for got, want := range map[string]string{
		gke.Label("Team"): "team", gke.Label("a/b.c:d e"): "a-b-c-d-e", gke.Label("a_b-1"): "a_b-1",
	} {
		expect(t, "label", got, want)
	}
	expect(t, "length of a long label", len(gke.Label(strings.Repeat("x", 100))), 63)
}
