package gke_test

import (
	"strings"
	"testing"

	"plinth/components/platform"
)

func TestWhatIsWrongIsFoundBeforeAnythingIsMade(t *testing.T) {
	for want, spoil := range map[string]func(*platform.Args){
		`version "1.20" of Kubernetes: want one of 1.34, 1.35`: func(a *platform.Args) { a.Version = "1.20" },
		`project: must be there: everything is made in it`:     func(a *platform.Args) { a.Location.Account = "" },
		`zones: must be from 1 to 4, got 0`:                    func(a *platform.Args) { a.Location.Zones = nil },
		`zone us-east1-b: must be of region europe-west4`: func(a *platform.Args) {
			a.Location.Zones = []string{"europe-west4-a", "us-east1-b"}
		},
		`range for pods: 10.0.0.0/14 overlaps the range for nodes, 10.0.0.0/20`: func(a *platform.Args) {
			a.Network.Pods = "10.0.0.0/14"
		},
		`range for services: "10.8.0.1/20" is no IPv4 range`: func(a *platform.Args) { a.Network.Services = "10.8.0.1/20" },
		`range for nodes: "fd00::/64" is no IPv4 range`:      func(a *platform.Args) { a.Network.CIDR = "fd00::/64" },
		`range for pods: 10.4.0.0/23 has room for 2 nodes, a /24 each, and there may be 4 during an upgrade: widen it, ` +
			`or lower the greatest number of nodes`: func(a *platform.Args) { a.Network.Pods = "10.4.0.0/23" },
		`endpoint: is public, and nobody may use it: name the ranges that may`: func(a *platform.Args) { a.Endpoint.CIDRs = nil },
		`endpoint: 0.0.0.0/0 is the whole world`: func(a *platform.Args) {
			a.Endpoint.CIDRs = []string{"0.0.0.0/0"}
		},
		`endpoint: "office" is no range`: func(a *platform.Args) { a.Endpoint.CIDRs = []string{"office"} },
		`environment "Shop": must be lower case letters, digits and dashes, begin with a letter and not end with a dash`: func(
			a *platform.Args,
		) {
			a.Environment = "Shop"
		},
		`administrator "ops@example.com": want user:, group: or serviceAccount: and an address`: func(a *platform.Args) {
			a.Admins = []string{"ops@example.com"}
		},
		`nodes: there are none: want at least one group`: func(a *platform.Args) { a.Nodes = nil },
		`nodes main: size "tiny" is not known`:           func(a *platform.Args) { nodesOf(a, func(n *platform.Nodes) { n.Size = "tiny" }) },
		`nodes main: from 4 to 3: want at least 0, at most as many as the greatest number, and that at least 1`: func(
			a *platform.Args,
		) {
			nodesOf(a, func(n *platform.Nodes) { n.Min = 4 })
		},
		`nodes main: taint a: effect "Never" is not known`: func(a *platform.Args) {
			nodesOf(a, func(n *platform.Nodes) { n.Taints = []platform.Taint{{Key: "a", Effect: "Never"}} })
		},
		`log retention: must be from 1 to 3650 days, got 0`:          func(a *platform.Args) { a.LogRetention = 0 },
		`start of maintenance: must be an hour from 0 to 23, got 24`: func(a *platform.Args) { a.MaintenanceStart = 24 },
	} {
		args := dev()
		spoil(args)
		rec, err := attempt(t, args, nil)
		prefix := "recording stack test: building the cluster of " + args.Environment + ": "
		if err == nil {
			t.Errorf("no error, want %s", want)
			continue
		}
		expect(t, "error", strings.TrimPrefix(err.Error(), prefix), want)
		expect(t, "resources besides the stack", len(rec.Resources), 1)
	}
}

// nodesOf changes the group main.
func nodesOf(a *platform.Args, change func(*platform.Nodes)) {
	nodes := a.Nodes["main"]
	change(&nodes)
	a.Nodes["main"] = nodes
}

func TestAllThatIsWrongIsToldAtOnce(t *testing.T) {
	args := dev()
	args.Version, args.LogRetention, args.Nodes = "1", 0, nil
	_, err := attempt(t, args, nil)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`version "1"`, "log retention", "nodes: there are none"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error: got %v, want %q in it", err, want)
		}
	}
}
