package gke

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"plinth/components/platform"
)

const (
	// nodeBits is the size of the range that a node takes for its pods, with the 110 that it may have:
	// https://cloud.google.com/kubernetes-engine/docs/how-to/flexible-pod-cidr.
	nodeBits = 24
	// maxZones is how many zones a region has at most that a cluster could be spread over.
	maxZones = 4
	// maxRetention is the greatest number of days that a log bucket keeps entries.
	maxRetention = 3650
)

// check finds everything that is wrong with args here, at once: Google would find it after minutes.
func check(args *platform.Args) error {
	faults := []error{
		checkVersion(args.Version), checkLocation(args.Location), checkRanges(args.Network), checkEndpoint(args.Endpoint),
		checkRoom(args),
	}
	if !environments.MatchString(args.Environment) {
		faults = append(faults, fmt.Errorf("environment %q: must be lower case letters, digits and dashes, begin with a "+
			"letter and not end with a dash", args.Environment))
	}
	for _, admin := range args.Admins {
		if !members.MatchString(admin) {
			faults = append(faults, fmt.Errorf("administrator %q: want user:, group: or serviceAccount: and an address",
				admin))
		}
	}
	for _, name := range sorted(args.Nodes) {
		faults = append(faults, checkNodes(name, args.Nodes[name]))
	}
	if len(args.Nodes) == 0 {
		faults = append(faults, errors.New("nodes: there are none: want at least one group"))
	}
	if args.LogRetention < 1 || args.LogRetention > maxRetention {
		faults = append(faults, fmt.Errorf("log retention: must be from 1 to %d days, got %d", maxRetention,
			args.LogRetention))
	}
	if args.MaintenanceStart < 0 || args.MaintenanceStart > 23 {
		faults = append(faults, fmt.Errorf("start of maintenance: must be an hour from 0 to 23, got %d",
			args.MaintenanceStart))
	}
	return errors.Join(faults...)
}

var (
	environments = regexp.MustCompile(`^[a-z]([a-z0-9-]*[a-z0-9])?$`)
	members      = regexp.MustCompile(`^(user|group|serviceAccount):[^@\s]+@[^@\s]+$`)
)

func checkLocation(at platform.Location) error {
	var faults []error
	if at.Account == "" {
		faults = append(faults, errors.New("project: must be there: everything is made in it"))
	}
	if len(at.Zones) < 1 || len(at.Zones) > maxZones {
		faults = append(faults, fmt.Errorf("zones: must be from 1 to %d, got %d", maxZones, len(at.Zones)))
	}
	for _, zone := range at.Zones {
		if !strings.HasPrefix(zone, at.Region+"-") {
			faults = append(faults, fmt.Errorf("zone %s: must be of region %s", zone, at.Region))
		}
	}
	return errors.Join(faults...)
}

// checkRanges tells which ranges are none, and which overlap: VPC-native clusters have the three apart.
func checkRanges(n platform.Network) error {
	var faults []error
	names := []string{"nodes", podRange, serviceRange}
	var ranges []netip.Prefix
	for i, text := range []string{n.CIDR, n.Pods, n.Services} {
		prefix, err := netip.ParsePrefix(text)
		if err != nil || !prefix.Addr().Is4() || prefix != prefix.Masked() {
			faults = append(faults, fmt.Errorf("range for %s: %q is no IPv4 range", names[i], text))
			continue
		}
		for j, other := range ranges {
			if prefix.Overlaps(other) {
				faults = append(faults, fmt.Errorf("range for %s: %s overlaps the range for %s, %s", names[i], prefix,
					names[j], other))
			}
		}
		ranges = append(ranges, prefix)
	}
	return errors.Join(faults...)
}

func checkEndpoint(e platform.Endpoint) error {
	if e.Public && len(e.CIDRs) == 0 {
		return errors.New("endpoint: is public, and nobody may use it: name the ranges that may")
	}
	for _, text := range e.CIDRs {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("endpoint: %q is no range", text)
		}
		if prefix.Bits() == 0 {
			return fmt.Errorf("endpoint: %s is the whole world", text)
		}
	}
	return nil
}

// checkRoom tells whether there is a range of addresses for every node that there may be, and for the one more that an
// upgrade of each group takes.
func checkRoom(args *platform.Args) error {
	pods, err := netip.ParsePrefix(args.Network.Pods)
	if err != nil {
		return nil // That is told already.
	}
	most := 0
	for _, nodes := range args.Nodes {
		most += nodes.Max + 1
	}
	room := 0
	if pods.Bits() <= nodeBits {
		room = 1 << (nodeBits - pods.Bits())
	}
	if most > room {
		return fmt.Errorf("range for pods: %s has room for %d nodes, a /%d each, and there may be %d during an upgrade: "+
			"widen it, or lower the greatest number of nodes", pods, room, nodeBits, most)
	}
	return nil
}

func checkNodes(name string, nodes platform.Nodes) error {
	var faults []error
	if nodes.Machine == "" && machine(nodes.Size) == "" {
		faults = append(faults, fmt.Errorf("nodes %s: size %q is not known", name, nodes.Size))
	}
	if nodes.Min < 0 || nodes.Max < 1 || nodes.Min > nodes.Max {
		faults = append(faults, fmt.Errorf("nodes %s: from %d to %d: want at least 0, at most as many as the greatest "+
			"number, and that at least 1", name, nodes.Min, nodes.Max))
	}
	for _, taint := range nodes.Taints {
		if effect(taint) == "" {
			faults = append(faults, fmt.Errorf("nodes %s: taint %s: effect %q is not known", name, taint.Key, taint.Effect))
		}
	}
	return errors.Join(faults...)
}
