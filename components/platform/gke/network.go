package gke

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/gke/slim"
)

// The secondary ranges of the subnetwork.
const (
	podRange     = "pods"
	serviceRange = "services"
)

// everywhere is every address there is.
const everywhere = "0.0.0.0/0"

// network is what nodes are in.
type network struct {
	vpc        *slim.Network
	subnetwork *slim.Subnetwork
	// egress is the way out of it. Empty where there is none.
	egress []pulumi.Resource
}

// makeNetwork makes the VPC, one subnetwork with ranges for nodes, pods and services, its firewall and the way out.
func (c *Cluster) makeNetwork(ctx *pulumi.Context) error {
	var err error
	c.network.vpc, err = slim.NewNetwork(ctx, c.name+"-network", &slim.NetworkArgs{
		Name:                  pulumi.String(c.called(maxCompute)),
		AutoCreateSubnetworks: pulumi.Bool(false),
		RoutingMode:           pulumi.String("REGIONAL"),
	}, c.guarded(c.after(apiCompute))...)
	if err != nil {
		return fmt.Errorf("creating the network: %w", err)
	}
	c.network.subnetwork, err = slim.NewSubnetwork(ctx, c.name+"-subnetwork", &slim.SubnetworkArgs{
		Name:        pulumi.String(c.called(maxCompute, "nodes")),
		Network:     c.network.vpc.ID().ToStringOutput(),
		Region:      pulumi.String(c.args.Location.Region),
		IPCIDRRange: pulumi.String(c.args.Network.CIDR),
		SecondaryIPRanges: []slim.SecondaryIPRange{
			{RangeName: pulumi.String(podRange), IPCIDRRange: pulumi.String(c.args.Network.Pods)},
			{RangeName: pulumi.String(serviceRange), IPCIDRRange: pulumi.String(c.args.Network.Services)},
		},
		// Google's own services, Artifact Registry among them, are reached without NAT.
		PrivateIPGoogleAccess: pulumi.Bool(true),
		LogConfig:             c.flowLogs(),
	}, c.guarded()...)
	if err != nil {
		return fmt.Errorf("creating the subnetwork: %w", err)
	}
	if err := c.makeFirewall(ctx); err != nil {
		return err
	}
	return c.makeEgress(ctx)
}

// flowLogs records half of the connections, which tells who talks to whom at half the price. Nil: nothing is recorded.
func (c *Cluster) flowLogs() *slim.SubnetworkLogConfig {
	if !c.args.Network.FlowLogs {
		return nil
	}
	return &slim.SubnetworkLogConfig{
		AggregationInterval: pulumi.String("INTERVAL_5_SEC"),
		FlowSampling:        pulumi.Float64(0.5),
		Metadata:            pulumi.String("INCLUDE_ALL_METADATA"),
	}
}

// makeFirewall refuses what nothing else lets in. A VPC does that anyway, but says nothing of it; this rule logs what
// it refuses. What lets something in is GKE's: between nodes and pods, from the control plane to its nodes, and from
// load balancers to the pods behind them, each as long as it is needed, and with priority 1000 or before.
func (c *Cluster) makeFirewall(ctx *pulumi.Context) error {
	args := &slim.FirewallArgs{
		Name:         pulumi.String(c.called(maxCompute, "deny-ingress")),
		Description:  pulumi.String("Refuses what no other rule lets in."),
		Network:      c.network.vpc.ID().ToStringOutput(),
		Direction:    pulumi.String("INGRESS"),
		Priority:     pulumi.Int(65534),
		SourceRanges: pulumi.StringArray{pulumi.String(everywhere)},
		Denies:       []slim.FirewallProtocol{{Protocol: pulumi.String("all")}},
	}
	if c.args.Network.FlowLogs {
		args.LogConfig = &slim.FirewallLogConfig{Metadata: pulumi.String("INCLUDE_ALL_METADATA")}
	}
	if _, err := slim.NewFirewall(ctx, c.name+"-deny-ingress", args, c.child()...); err != nil {
		return fmt.Errorf("creating the firewall: %w", err)
	}
	return nil
}

// makeEgress makes Cloud NAT. It is spread over the region, so that one is enough for every zone.
func (c *Cluster) makeEgress(ctx *pulumi.Context) error {
	if c.args.Network.NAT == platform.NATNone {
		return nil
	}
	router, err := slim.NewRouter(ctx, c.name+"-router", &slim.RouterArgs{
		Name:    pulumi.String(c.called(maxCompute, "router")),
		Network: c.network.vpc.ID().ToStringOutput(),
		Region:  pulumi.String(c.args.Location.Region),
	}, c.child()...)
	if err != nil {
		return fmt.Errorf("creating the router: %w", err)
	}
	nat, err := slim.NewRouterNat(ctx, c.name+"-nat", &slim.RouterNatArgs{
		Name:                          pulumi.String(c.called(maxCompute, "nat")),
		Router:                        router.Name,
		Region:                        pulumi.String(c.args.Location.Region),
		NatIPAllocateOption:           pulumi.String("AUTO_ONLY"),
		SourceSubnetworkIPRangesToNat: pulumi.String("LIST_OF_SUBNETWORKS"),
		Subnetworks: []slim.RouterNatSubnetwork{{
			Name:                 c.network.subnetwork.SelfLink,
			SourceIPRangesToNats: pulumi.StringArray{pulumi.String("ALL_IP_RANGES")},
		}},
		// Nodes that open many connections get more ports, instead of losing packets at the 64 that each has by default.
		EnableDynamicPortAllocation: pulumi.Bool(true),
		LogConfig: &slim.RouterNatLogConfig{
			Enable: pulumi.Bool(true), Filter: pulumi.String("ERRORS_ONLY"),
		},
	}, c.child()...)
	if err != nil {
		return fmt.Errorf("creating the NAT: %w", err)
	}
	c.network.egress = []pulumi.Resource{router, nat}
	return nil
}
