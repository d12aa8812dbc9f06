package config_test

import "testing"

func TestANetworkIsThreePrivateRangesApartFromEachOther(t *testing.T) {
	checkRefused(t, []refused{
		{
			"no ranges", "  plinth:tier: dev\n  plinth:network: {cidr: ours, pods: 10.4.0.0, services: \"fd00::/48\"}\n",
			[]string{
				`network.cidr: must be a range of addresses such as 203.0.113.0/24, got "ours"`,
				`network.pods: must be a range of addresses such as 203.0.113.0/24, got "10.4.0.0"`,
				`network.services: must be a range of IPv4 addresses, got "fd00::/48"`,
			},
		},
		{
			"bits beyond the prefix", "  plinth:tier: dev\n  plinth:network: {cidr: 10.0.1.0/16}\n",
			[]string{`network.cidr: must not have bits set beyond its prefix: write 10.0.0.0/16, got "10.0.1.0/16"`},
		},
		{
			"not private", "  plinth:tier: dev\n  plinth:network: {cidr: 203.0.0.0/16, pods: 100.64.0.0/14}\n",
			[]string{
				`network.cidr: must be within a private range (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16), got "203.0.0.0/16"`,
				`network.pods: must be within a private range (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16), got "100.64.0.0/14"`,
			},
		},
		{
			"too narrow", "  plinth:tier: dev\n  plinth:network: {cidr: 10.0.0.0/21, pods: 10.4.0.0/22, services: 10.8.0.0/25}\n",
			[]string{
				`network.cidr: must be from /16 to /20, got "10.0.0.0/21"`,
				`network.pods: must be from /9 to /21, got "10.4.0.0/22"`,
				`network.services: must be from /16 to /24, got "10.8.0.0/25"`,
			},
		},
		{
			"too wide", "  plinth:tier: dev\n  plinth:network: {cidr: 10.0.0.0/15, pods: 10.0.0.0/8, services: 172.16.0.0/12}\n",
			[]string{
				`network.cidr: must be from /16 to /20, got "10.0.0.0/15"`,
				`network.pods: must be from /9 to /21, got "10.0.0.0/8"`,
				`network.services: must be from /16 to /24, got "172.16.0.0/12"`,
			},
		},
		{
			"overlaps", "  plinth:tier: dev\n  plinth:network: {cidr: 10.4.0.0/16, services: 10.5.0.0/20}\n",
			[]string{
				`network.pods: must not overlap with network.cidr (10.4.0.0/16), got "10.4.0.0/14"`,
				`network.services: must not overlap with network.pods (10.4.0.0/14), got "10.5.0.0/20"`,
			},
		},
		{
			"Services among the pods", "  plinth:tier: dev\n  plinth:network: {services: 10.5.0.0/20}\n",
			[]string{`network.services: must not overlap with network.pods (10.4.0.0/14), got "10.5.0.0/20"`},
		},
		{
			"Services among the nodes", "  plinth:tier: dev\n  plinth:network: {services: 10.0.16.0/20}\n",
			[]string{`network.services: must not overlap with network.cidr (10.0.0.0/16), got "10.0.16.0/20"`},
		},
		{
			"an unknown way out", "  plinth:tier: dev\n  plinth:network: {nat: per-zone}\n",
			[]string{`network.nat: unknown way out "per-zone"; did you mean perZone?`},
		},
		{
			"too few pods", `
  plinth:tier: prod
  plinth:cloud: gcp
  plinth:gcp: {project: example-project}
  plinth:network: {pods: 10.4.0.0/21}
`,
			[]string{
				`network.pods: must hold a /24 for each of 10 nodes (the max of every group, and one more), got "10.4.0.0/21", ` +
					`which holds 8`,
			},
		},
	})
	// On AWS pods have their addresses from the network itself.
	mustLoad(t, "  plinth:tier: prod\n  plinth:cloud: aws\n  plinth:network: {pods: 10.4.0.0/21}\n")
}
