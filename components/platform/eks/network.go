package eks

import (
	"errors"
	"fmt"
	"net"

	"github.com/apparentlymart/go-cidr/cidr"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/eks/slim"
)

// ranges are the subnets of one zone.
type ranges struct{ public, private, database *net.IPNet }

// The sizes that a network may have, as lengths of the prefix, and how many zones.
const (
	largest, smallest = 16, 20
	minZones          = 2
	maxZones          = 3
)

// cut divides a network over zones: a quarter of it to the private subnet of each zone, where nodes and pods are, and
// of the last quarter an eighth to each public and to each database subnet. What belongs to a zone depends on its place
// in the list alone, so that a third zone can be added to two without moving anything. A /20 leaves 1019 addresses for
// nodes and pods in each zone.
func cut(block string, zones int) ([]ranges, error) {
	_, network, err := net.ParseCIDR(block)
	if err != nil {
		return nil, err
	}
	if ones, bits := network.Mask.Size(); bits != 32 || ones < largest || ones > smallest {
		return nil, fmt.Errorf("range %s: must be IPv4 and from /%d to /%d", block, largest, smallest)
	}
	if network.String() != block {
		return nil, fmt.Errorf("range %s: has bits set after its prefix, want %s", block, network)
	}
	if zones < minZones || zones > maxZones {
		return nil, fmt.Errorf("%d zones: want %d or %d", zones, minZones, maxZones)
	}
	out := make([]ranges, zones)
	for zone := range out {
		var errs [3]error
		out[zone].private, errs[0] = cidr.Subnet(network, 2, zone)
		// The last quarter has the eighths 24 to 31 of a whole that is cut into 32.
		out[zone].public, errs[1] = cidr.Subnet(network, 5, 24+zone)
		out[zone].database, errs[2] = cidr.Subnet(network, 5, 28+zone)
		if err := errors.Join(errs[:]...); err != nil {
			return nil, fmt.Errorf("range %s: %w", block, err)
		}
	}
	return out, nil
}

// network is what is made of it.
type network struct {
	vpc *slim.Vpc
	// Subnets in the order of the zones. Databases have no route to anywhere outside of the network, but to S3.
	public, private, database []*slim.Subnet
	// egress is what nodes and load balancers need in order to reach AWS and the world.
	egress []pulumi.Resource
}

// makeNetwork makes the VPC with all that is in it.
func (c *Cluster) makeNetwork(ctx *pulumi.Context, subnets []ranges) error {
	var err error
	c.network.vpc, err = slim.NewVpc(ctx, c.name+"-vpc", &slim.VpcArgs{
		CidrBlock: pulumi.String(c.args.Network.CIDR),
		// The private endpoint of the cluster is found by name:
		// https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html.
		EnableDNSHostnames: pulumi.Bool(true), EnableDNSSupport: pulumi.Bool(true),
		Tags: c.tags("vpc"),
	}, c.guarded()...)
	if err != nil {
		return fmt.Errorf("creating the network: %w", err)
	}
	c.account = c.network.vpc.OwnerID
	if id := c.args.Location.Account; id != "" {
		c.account = pulumi.String(id).ToStringOutput()
	}
	// The group that everything gets which names none: it lets nothing through.
	_, err = slim.NewDefaultSecurityGroup(ctx, c.name+"-default-group", &slim.DefaultSecurityGroupArgs{
		VpcID: c.network.vpc.ID(), Tags: c.tags("default, empty"),
	}, c.child()...)
	if err != nil {
		return fmt.Errorf("emptying the default security group: %w", err)
	}
	if err := c.makeSubnets(ctx, subnets); err != nil {
		return err
	}
	return c.makeRoutes(ctx)
}

// makeSubnets makes the subnets of every zone. None gives out public addresses, the public ones neither: only load
// balancers and NAT gateways have some, and they bring their own.
func (c *Cluster) makeSubnets(ctx *pulumi.Context, subnets []ranges) error {
	// By these tags load balancers find their subnets: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html.
	shared := "kubernetes.io/cluster/" + c.physical()
	public := pulumi.StringMap{"kubernetes.io/role/elb": pulumi.String("1"), shared: pulumi.String("shared")}
	private := pulumi.StringMap{"kubernetes.io/role/internal-elb": pulumi.String("1"), shared: pulumi.String("shared")}
	for i, zone := range c.args.Location.Zones {
		for _, s := range []struct {
			part string
			cidr *net.IPNet
			tags pulumi.StringMap
			into *[]*slim.Subnet
		}{
			{"public", subnets[i].public, public, &c.network.public},
			{"private", subnets[i].private, private, &c.network.private},
			{"database", subnets[i].database, nil, &c.network.database},
		} {
			tags := c.tags(s.part + "-" + zone)
			for key, value := range s.tags {
				tags[key] = value
			}
			subnet, err := slim.NewSubnet(ctx, fmt.Sprintf("%s-%s-%s", c.name, s.part, zone), &slim.SubnetArgs{
				VpcID:               c.network.vpc.ID(),
				AvailabilityZone:    pulumi.String(zone),
				CidrBlock:           pulumi.String(s.cidr.String()),
				MapPublicIPOnLaunch: pulumi.Bool(false),
				Tags:                tags,
			}, c.child()...)
			if err != nil {
				return fmt.Errorf("creating the %s subnet of %s: %w", s.part, zone, err)
			}
			*s.into = append(*s.into, subnet)
		}
	}
	return nil
}

const everywhere = "0.0.0.0/0"

// makeRoutes makes the ways between the subnets and the world: the internet gateway for the public ones, NAT for the
// private ones where there is any, nothing for the databases; and what is reached inside of AWS.
func (c *Cluster) makeRoutes(ctx *pulumi.Context) error {
	gateway, err := slim.NewInternetGateway(ctx, c.name+"-internet", &slim.InternetGatewayArgs{
		VpcID: c.network.vpc.ID(), Tags: c.tags("internet"),
	}, c.child()...)
	if err != nil {
		return fmt.Errorf("creating the internet gateway: %w", err)
	}
	public, associations, err := c.makeTable(ctx, "public", c.network.public...)
	if err != nil {
		return err
	}
	out, err := slim.NewRoute(ctx, c.name+"-public-route", &slim.RouteArgs{
		RouteTableID: public.ID(), DestinationCidrBlock: pulumi.String(everywhere), GatewayID: gateway.ID(),
	}, c.child()...)
	if err != nil {
		return fmt.Errorf("creating the public route: %w", err)
	}
	// Load balancers and NAT gateways work while the public subnets lead out, and addresses can be released only while
	// the internet gateway is there.
	leading := append(associations, gateway, out)
	c.network.egress = append(c.network.egress, leading...)
	nats, err := c.makeNATs(ctx, leading...)
	if err != nil {
		return err
	}
	database, _, err := c.makeTable(ctx, "database", c.network.database...)
	if err != nil {
		return err
	}
	tables := []*slim.RouteTable{database}
	for i, zone := range c.args.Location.Zones {
		// A table for each zone, so that another kind of NAT changes routes and no more.
		private, associations, err := c.makeTable(ctx, "private-"+zone, c.network.private[i])
		if err != nil {
			return err
		}
		tables = append(tables, private)
		c.network.egress = append(c.network.egress, associations...)
		if len(nats) == 0 {
			continue
		}
		route, err := slim.NewRoute(ctx, fmt.Sprintf("%s-private-%s-route", c.name, zone), &slim.RouteArgs{
			RouteTableID: private.ID(), DestinationCidrBlock: pulumi.String(everywhere),
			NatGatewayID: nats[min(i, len(nats)-1)].ID(),
		}, c.child()...)
		if err != nil {
			return fmt.Errorf("creating the private route of %s: %w", zone, err)
		}
		c.network.egress = append(c.network.egress, route)
	}
	return c.makeEndpoints(ctx, tables)
}

// makeTable makes a route table and has the subnets use it.
func (c *Cluster) makeTable(
	ctx *pulumi.Context, part string, subnets ...*slim.Subnet,
) (*slim.RouteTable, []pulumi.Resource, error) {
	table, err := slim.NewRouteTable(ctx, c.name+"-"+part+"-routes", &slim.RouteTableArgs{
		VpcID: c.network.vpc.ID(), Tags: c.tags(part),
	}, c.child()...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating the route table %s: %w", part, err)
	}
	var associations []pulumi.Resource
	for i, subnet := range subnets {
		name := c.name + "-" + part + "-association"
		if len(subnets) > 1 {
			name = fmt.Sprintf("%s-%s-%s-association", c.name, part, c.args.Location.Zones[i])
		}
		association, err := slim.NewRouteTableAssociation(ctx, name, &slim.RouteTableAssociationArgs{
			RouteTableID: table.ID(), SubnetID: subnet.ID(),
		}, c.child()...)
		if err != nil {
			return nil, nil, fmt.Errorf("creating %s: %w", name, err)
		}
		associations = append(associations, association)
	}
	return table, associations, nil
}

// makeNATs makes the NAT gateways: none, one, or one for each zone in order.
func (c *Cluster) makeNATs(ctx *pulumi.Context, needs ...pulumi.Resource) ([]*slim.NatGateway, error) {
	var count int
	switch c.args.Network.NAT {
	case platform.NATNone:
	case platform.NATSingle:
		count = 1
	case platform.NATPerZone:
		count = len(c.network.public)
	default:
		return nil, fmt.Errorf("NAT %q: want none, single or perZone", c.args.Network.NAT)
	}
	nats := make([]*slim.NatGateway, count)
	for i := range nats {
		zone := c.args.Location.Zones[i]
		address, err := slim.NewEip(ctx, fmt.Sprintf("%s-nat-%s-address", c.name, zone), &slim.EipArgs{
			Domain: pulumi.String("vpc"), Tags: c.tags("nat-" + zone),
		}, c.child(pulumi.DependsOn(needs))...)
		if err != nil {
			return nil, fmt.Errorf("creating the address of the NAT gateway of %s: %w", zone, err)
		}
		nats[i], err = slim.NewNatGateway(ctx, fmt.Sprintf("%s-nat-%s", c.name, zone), &slim.NatGatewayArgs{
			AllocationID: address.ID(), SubnetID: c.network.public[i].ID(), Tags: c.tags("nat-" + zone),
		}, c.child(pulumi.DependsOn(needs))...)
		if err != nil {
			return nil, fmt.Errorf("creating the NAT gateway of %s: %w", zone, err)
		}
		c.network.egress = append(c.network.egress, nats[i])
	}
	return nats, nil
}
