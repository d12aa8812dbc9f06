package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"plinth/config"
)

// onCloud is a stack with a cluster of its own that nothing is wrong with, on either cloud.
const onCloud = `
  plinth:tier: dev
  plinth:gcp: {project: example-project}
`

func TestACloudNeedsWhatNobodyCanGuess(t *testing.T) {
	for _, cloud := range []string{"aws", "gcp"} {
		var want []string
		want = append(want, "cluster.endpoint.cidrs: is required where endpoint.public is true: the ranges that may reach "+
			"the API server, such as [203.0.113.0/24]")
		if cloud == "gcp" {
			want = append(want, "gcp.project: is required with cloud gcp")
		}
		_, err := load(t, "dev", "  plinth:tier: dev\n  plinth:cloud: "+cloud+"\n")
		checkFaults(t, err, want)
	}
	// A prod cluster is reached from inside alone.
	mustLoad(t, "  plinth:tier: prod\n  plinth:cloud: aws\n")
	// In a region whose zones differ from account to account, they must be named.
	_, err := load(t, "dev", "  plinth:tier: prod\n  plinth:cloud: aws\n  plinth:aws: {region: us-west-1}\n")
	checkFaults(t, err, []string{
		"aws.zones: is required in region us-west-1, whose zones differ from account to account",
	})
	mustLoad(t, "  plinth:tier: prod\n  plinth:cloud: aws\n"+
		"  plinth:aws: {region: us-west-1, zones: [us-west-1a, us-west-1c]}\n")
}

func TestWhatIsSaidOfACloudThatIsNotUsedIsCheckedAndLeftAlone(t *testing.T) {
	mustLoad(t, "  plinth:tier: dev\n  plinth:aws: {region: us-west-1}\n  plinth:cluster: {generation: 7}\n")
	_, err := load(t, "dev", "  plinth:tier: dev\n  plinth:aws: {account: \"12345\"}\n")
	checkFaults(t, err, []string{`aws.account: must be the id of an account, 12 digits, got "12345"`})
}

func TestTheCloudIsTheOnlyWordThatChangesBetweenClouds(t *testing.T) {
	for _, tier := range []string{"dev", "staging", "prod"} {
		for _, cloud := range []string{"aws", "gcp"} {
			loaded := mustLoad(t, fmt.Sprintf("  plinth:tier: %s\n  plinth:cloud: %s\n  plinth:gcp: {project: example-project}\n"+
				"  plinth:cluster: {endpoint: {cidrs: [203.0.113.0/24]}}\n", tier, cloud))
			if got, want := loaded.Cluster.Identifier, "plinth/dev/"+cloud+"-1"; got != want {
				t.Errorf("tier %s, cloud %s: got the identifier %s, want %s", tier, cloud, got, want)
			}
		}
	}
}

func TestTheTierDecidesHowSafeAClusterIs(t *testing.T) {
	type safety struct {
		nat                             config.WayOut
		public, ownKey, protect, retain bool
		retention, least                int
	}
	for tier, want := range map[string]safety{
		"dev":     {nat: config.NATSingle, public: true, retention: 7, least: 1},
		"staging": {nat: config.NATSingle, public: true, ownKey: true, retention: 30, least: 2},
		"prod":    {nat: config.NATPerZone, ownKey: true, protect: true, retain: true, retention: 365, least: 3},
	} {
		c := mustLoad(t, "  plinth:tier: "+tier+"\n")
		k := c.Cluster
		got := safety{
			c.Network.NAT, k.Endpoint.Public, k.OwnKey, k.Protect, k.Retain, k.LogRetention, k.Nodes["main"].Min,
		}
		if got != want {
			t.Errorf("tier %s: got %+v, want %+v", tier, got, want)
		}
	}
}

func TestZonesAreThoseThatARegionHas(t *testing.T) {
	for region, want := range map[string]string{
		"europe-west1": "europe-west1-b europe-west1-c europe-west1-d",
		"us-central1":  "us-central1-a us-central1-b us-central1-c",
	} {
		c := mustLoad(t, "  plinth:tier: dev\n  plinth:gcp: {region: "+region+"}\n")
		if got := strings.Join(c.GCP.Zones, " "); got != want {
			t.Errorf("region %s: got %s, want %s", region, got, want)
		}
	}
	c := mustLoad(t, "  plinth:tier: dev\n  plinth:aws: {region: ap-northeast-1}\n")
	if got, want := strings.Join(c.AWS.Zones, " "), "ap-northeast-1a ap-northeast-1c ap-northeast-1d"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNamesInCloudsMustBeOnes(t *testing.T) {
	checkRefused(t, []refused{
		{
			"aws", `
  plinth:tier: dev
  plinth:aws:
    account: 123-456
    region: Frankfurt
    zones: [eu-central-1a, eu-central-1b]
    admins: [ops, "arn:aws:iam::123456789012:role/ops", "arn:aws:iam::123456789012:role/ops"]
`,
			[]string{
				`aws.account: must be the id of an account, 12 digits, got "123-456"`,
				`aws.admins[0]: must be the ARN of an IAM role or user, such as arn:aws:iam::123456789012:role/ops, got "ops"`,
				`aws.admins[2]: must be there once only, it is admins[1] already`,
				`aws.region: must be a region such as eu-central-1, got "Frankfurt"`,
			},
		},
		{
			"gcp", `
  plinth:tier: dev
  plinth:gcp: {project: Ours, region: europe-west4, zones: [europe-west4-a, europe-west1-b, europe-west4], admins: [ops@example.com]}
`,
			[]string{
				`gcp.admins[0]: must be a member such as group:ops@example.com (or user: or serviceAccount:), got "ops@example.com"`,
				`gcp.project: must be the id of a project: 6 to 30 lower case letters, digits and inner hyphens, a letter first, ` +
					`got "Ours"`,
				`gcp.zones[1]: must be a zone of region europe-west4, such as europe-west4-a, got "europe-west1-b"`,
				`gcp.zones[2]: must be a zone of region europe-west4, such as europe-west4-a, got "europe-west4"`,
			},
		},
		{
			"numbers of zones", `
  plinth:tier: dev
  plinth:aws: {zones: [eu-central-1a]}
  plinth:gcp: {zones: [europe-west4-a, europe-west4-b, europe-west4-c, europe-west4-a]}
`,
			[]string{
				`aws.zones: must be two or three, got 1`,
				`gcp.zones: must be two or three, got 4`,
				`gcp.zones[3]: must be there once only, it is zones[0] already`,
			},
		},
	})
}

func TestAClusterMustBeOneThatTheCloudsMake(t *testing.T) {
	checkRefused(t, []refused{
		{
			"values", `
  plinth:tier: dev
  plinth:cloud: aws
  plinth:cluster:
    version: "1.29"
    generation: 0
    logRetention: 8
    maintenanceStart: 24
    repositories: [App, app, app, a]
    endpoint: {cidrs: [0.0.0.0/0, 203.0.113.1/24, 203.0.113.0/24, "2001:db8::/32", office]}
    nodes: {main: {}}
`,
			[]string{
				`cluster.endpoint.cidrs[0]: must not be wider than /8: the API server is for those who work with it, got "0.0.0.0/0"`,
				`cluster.endpoint.cidrs[1]: must not have bits set beyond its prefix: write 203.0.113.0/24, got "203.0.113.1/24"`,
				`cluster.endpoint.cidrs[3]: must be a range of IPv4 addresses, got "2001:db8::/32"`,
				`cluster.endpoint.cidrs[4]: must be a range of addresses such as 203.0.113.0/24, got "office"`,
				`cluster.generation: must be between 1 and 99, got 0`,
				`cluster.logRetention: must be a number of days that CloudWatch offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, ` +
					`365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288; got 8`,
				`cluster.maintenanceStart: must be between 0 and 23, got 24`,
				`cluster.repositories[0]: must be 2 to 30 lower case letters, digits and inner hyphens, a letter first, got "App"`,
				`cluster.repositories[2]: must be there once only, it is repositories[1] already`,
				`cluster.repositories[3]: must be 2 to 30 lower case letters, digits and inner hyphens, a letter first, got "a"`,
				`cluster.version: unknown kubernetes version "1.29"; known: 1.34, 1.35`,
			},
		},
		{
			"a version without quotes", "  plinth:tier: dev\n  plinth:cluster: {version: 1.35}\n",
			[]string{`cluster.version: must be a string, got the number 1.35 (put quotes around it)`},
		},
		{
			"another stack", `
  plinth:tier: dev
  plinth:cluster: {stack: platform, kubeconfig: k}
`,
			[]string{`cluster.stack: must be the full name of a stack, ORGANIZATION/PROJECT/STACK, got "platform"`},
		},
		{
			"another stack and a kubeconfig", `
  plinth:tier: dev
  plinth:cluster: {stack: organization/plinth/dev, kubeconfig: k}
`,
			[]string{
				`cluster.stack: must not be set together with kubeconfig or context: the stack's outputs say how to reach its cluster`,
			},
		},
		{
			"an identifier that stays when the generation changes", onCloud + `
  plinth:cloud: gcp
  plinth:cluster: {identifier: ours, generation: 2, endpoint: {public: false}}
`,
			[]string{
				`cluster.identifier: must end in -2, the generation, so that another generation is another cluster, got "ours"`,
			},
		},
	})
}

func TestNodesMustBeSomethingToRunOn(t *testing.T) {
	checkRefused(t, []refused{
		{
			"groups", `
  plinth:tier: staging
  plinth:cluster:
    nodes:
      main:
        min: 5
        size: huge
        disk: 10
        machine: "M7 large"
        labels: {"node.kubernetes.io/pool": a, "example.com/pool": "a b", "": x}
        taints: [{key: a/b/c, effect: Never}, {key: dedicated, value: "a b"}]
      a-name-that-is-too-long: {}
      Upper: {max: 0, min: -1}
`,
			[]string{
				`cluster.nodes.Upper: must have a name of at most 20 lower case letters, digits and inner hyphens that starts ` +
					`with a letter, got "Upper"`,
				`cluster.nodes.Upper.max: must be between 1 and 1000, got 0`,
				`cluster.nodes.Upper.min: must be between 0 and 1000, got -1`,
				`cluster.nodes.a-name-that-is-too-long: must have a name of at most 20 lower case letters, digits and inner ` +
					`hyphens that starts with a letter, got "a-name-that-is-too-long"`,
				`cluster.nodes.main.disk: must be between 20 and 16384, got 10`,
				`cluster.nodes.main.labels[""]: must be the name of a label, such as example.com/pool, got ""`,
				`cluster.nodes.main.labels["example.com/pool"]: must be at most 63 letters, digits, and inner hyphens, dots and ` +
					`underscores, got "a b"`,
				`cluster.nodes.main.labels["node.kubernetes.io/pool"]: must not be of kubernetes.io, which is Kubernetes' own, got ` +
					`"node.kubernetes.io/pool"`,
				`cluster.nodes.main.machine: must be the cloud's name of a type of machine, such as m7i.large or e2-standard-2, ` +
					`got "M7 large"`,
				`cluster.nodes.main.max: must be at least min (5), got 4`,
				`cluster.nodes.main.size: unknown size "huge"; known: large, medium, small`,
				`cluster.nodes.main.taints[0].effect: unknown effect "Never"; known: NoExecute, NoSchedule, PreferNoSchedule`,
				`cluster.nodes.main.taints[0].key: must be the name of a label, such as example.com/pool, got "a/b/c"`,
				`cluster.nodes.main.taints[1].effect: is required; known: NoExecute, NoSchedule, PreferNoSchedule`,
				`cluster.nodes.main.taints[1].value: must be at most 63 letters, digits, and inner hyphens, dots and underscores, ` +
					`got "a b"`,
			},
		},
		{
			"none", "  plinth:tier: dev\n  plinth:cluster: {nodes: {}}\n",
			[]string{`cluster.nodes: must have a group, got none`},
		},
		{
			"none for what every cluster needs", `
  plinth:tier: dev
  plinth:cluster: {nodes: {batch: {min: 1, taints: [{key: batch, effect: NoSchedule}]}, spare: {min: 0}}}
`,
			[]string{
				`cluster.nodes: must have a group without taints whose min is at least 1: what every cluster needs runs there`,
			},
		},
	})
}

func TestAStackWithACloudMustHaveANameThatFitsThere(t *testing.T) {
	longest := "s" + strings.Repeat("a", 55)
	for _, cloud := range []string{"aws", "gcp"} {
		text := "  plinth:tier: prod\n  plinth:gcp: {project: example-project}\n  plinth:cloud: " + cloud + "\n"
		if _, err := load(t, longest, text); err != nil {
			t.Errorf("a name of %d characters on %s: %v", len(longest), cloud, err)
		}
		for stack, length := range map[string]int{longest + "a": 57, "Dev": 3, "dev_1": 5, "dev.1": 5} {
			_, err := load(t, stack, text)
			checkFaults(t, err, []string{fmt.Sprintf("stack: must have a name of at most 56 lower case letters, digits and "+
				"inner hyphens with cloud %s, where everything is named after it, got %q, which has %d", cloud, stack, length)})
		}
	}
}

func TestWhatIsAcceptedOnACloudSurvivesARoundTrip(t *testing.T) {
	for _, cloud := range []string{"aws", "gcp"} {
		loaded := mustLoad(t, onCloud+`
  plinth:cloud: `+cloud+`
  plinth:cluster:
    endpoint: {cidrs: [203.0.113.0/24]}
    repositories: [app]
    nodes:
      main: {labels: {example.com/pool: main}}
      batch: {min: 0, taints: [{key: example.com/batch, value: "yes", effect: NoSchedule}]}
`)
		checkRoundTrip(t, "dev", loaded)
	}
	var invalid *config.Error
	if _, err := load(t, "dev", "  plinth:tier: dev\n  plinth:cloud: gcp\n"); !errors.As(err, &invalid) {
		t.Errorf("got %v, want faults", err)
	}
}
