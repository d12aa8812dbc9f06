package config

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// own are the ranges that a network may have its addresses from: RFC 1918. (100.64.0.0/10 is for pods of EKS beside
// them, and Google Cloud's own use.)
var own = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
}

// span is a range of the network: where it is written, and how wide it may be.
type span struct {
	path, text        string
	widest, narrowest int
}

// network: ranges apart from each other, each as wide as both clouds allow:
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html for a VPC (narrower than /20 there is no room
// for three kinds of subnets in three zones), https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips for
// pods and Services, and https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html,
// which takes Services from /12 to /24.
func (c *checker) network() {
	if !c.sound("network") {
		return
	}
	spans := []span{
		{"network.cidr", c.Network.CIDR, 16, 20},
		{"network.pods", c.Network.Pods, 9, 21},
		{"network.services", c.Network.Services, 16, 24},
	}
	if c.Cloud == OnGCP && c.usesManaged() {
		spans = append(spans, span{"network.endpoints", c.Network.Endpoints, 24, 28})
	}
	var apart []netip.Prefix
	for i, s := range spans {
		prefix, ok := c.private(s)
		apart = append(apart, prefix)
		if !ok {
			continue
		}
		for j, other := range apart[:i] {
			c.check(s.path, !other.IsValid() || !prefix.Overlaps(other), "must not overlap with %s (%s), got %s", spans[j].path,
				other, quoted(s.text))
		}
	}
	if c.Cloud == OnGCP && c.sound("network.pods") {
		c.podRange(apart[1])
	}
}

// range4: a range of IPv4 addresses in its one spelling. Where it is none, it is a fault.
func (c *checker) range4(path, text string) (netip.Prefix, bool) {
	if !c.sound(path) {
		return netip.Prefix{}, false
	}
	c.cidr(path, text)
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	c.check(path, prefix.Addr().Is4(), "must be a range of IPv4 addresses, got %s", quoted(text))
	return prefix, c.sound(path)
}

// private: a range within the private ones, not too wide and not too narrow.
func (c *checker) private(s span) (netip.Prefix, bool) {
	prefix, ok := c.range4(s.path, s.text)
	if !ok {
		return netip.Prefix{}, false
	}
	inside := slices.ContainsFunc(own, func(o netip.Prefix) bool {
		return o.Contains(prefix.Addr()) && prefix.Bits() >= o.Bits()
	})
	var ranges []string
	for _, o := range own {
		ranges = append(ranges, o.String())
	}
	c.check(s.path, inside, "must be within a private range (%s), got %s", strings.Join(ranges, ", "), quoted(s.text))
	c.check(s.path, s.widest <= prefix.Bits() && prefix.Bits() <= s.narrowest, "must be from /%d to /%d, got %s", s.widest,
		s.narrowest, quoted(s.text))
	return prefix, c.sound(s.path)
}

// nodePods is the range that GKE gives each node for its pods where a node may have 110 of them, which is the default:
// https://cloud.google.com/kubernetes-engine/docs/how-to/flexible-pod-cidr.
const nodePods = 24

// podRange: a /24 for every node that there may be, and for one that is added to each group during an upgrade.
func (c *checker) podRange(pods netip.Prefix) {
	if !c.sound("cluster") || !c.sound("cluster.nodes") {
		return
	}
	nodes := 0
	for _, name := range slices.Sorted(maps.Keys(c.Cluster.Nodes)) {
		path := at("cluster.nodes", name)
		if !c.sound(path) || !c.sound(at(path, "max")) {
			return
		}
		nodes += c.Cluster.Nodes[name].Max + 1
	}
	room := 1 << max(0, nodePods-pods.Bits())
	c.check("network.pods", nodes <= room,
		"must hold a /%d for each of %d nodes (the max of every group, and one more), got %q, which holds %d", nodePods,
		nodes, pods, room)
}
