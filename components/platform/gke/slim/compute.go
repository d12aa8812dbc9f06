package slim

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/bytoken"
)

// Network is a VPC.
type Network struct {
	pulumi.CustomResourceState
}

// NetworkArgs are the properties of a [Network].
type NetworkArgs struct {
	Name                  pulumi.StringInput `pulumi:"name"`
	Description           pulumi.StringInput `pulumi:"description"`
	AutoCreateSubnetworks pulumi.BoolInput   `pulumi:"autoCreateSubnetworks"`
	RoutingMode           pulumi.StringInput `pulumi:"routingMode"`
}

// NewNetwork makes a VPC.
func NewNetwork(
	ctx *pulumi.Context, name string, args *NetworkArgs, opts ...pulumi.ResourceOption,
) (*Network, error) {
	return bytoken.Register(ctx, "gcp:compute/network:Network", name, args, &Network{}, opts)
}

// Subnetwork is a part of a VPC, in one region.
type Subnetwork struct {
	pulumi.CustomResourceState

	SelfLink pulumi.StringOutput `pulumi:"selfLink"`
}

// SubnetworkArgs are the properties of a [Subnetwork].
type SubnetworkArgs struct {
	Name                  pulumi.StringInput   `pulumi:"name"`
	Network               pulumi.StringInput   `pulumi:"network"`
	Region                pulumi.StringInput   `pulumi:"region"`
	IPCIDRRange           pulumi.StringInput   `pulumi:"ipCidrRange"`
	SecondaryIPRanges     []SecondaryIPRange   `pulumi:"secondaryIpRanges"`
	PrivateIPGoogleAccess pulumi.BoolInput     `pulumi:"privateIpGoogleAccess"`
	LogConfig             *SubnetworkLogConfig `pulumi:"logConfig"`
}

// SecondaryIPRange is a range of a subnetwork besides that of its machines.
type SecondaryIPRange struct {
	RangeName   pulumi.StringInput `pulumi:"rangeName"`
	IPCIDRRange pulumi.StringInput `pulumi:"ipCidrRange"`
}

// SubnetworkLogConfig says what is recorded of connections.
type SubnetworkLogConfig struct {
	AggregationInterval pulumi.StringInput  `pulumi:"aggregationInterval"`
	FlowSampling        pulumi.Float64Input `pulumi:"flowSampling"`
	Metadata            pulumi.StringInput  `pulumi:"metadata"`
}

// NewSubnetwork makes a subnetwork.
func NewSubnetwork(
	ctx *pulumi.Context, name string, args *SubnetworkArgs, opts ...pulumi.ResourceOption,
) (*Subnetwork, error) {
	return bytoken.Register(ctx, "gcp:compute/subnetwork:Subnetwork", name, args, &Subnetwork{}, opts)
}

// Router is what a [RouterNat] is configured on.
type Router struct {
	pulumi.CustomResourceState

	Name pulumi.StringOutput `pulumi:"name"`
}

// RouterArgs are the properties of a [Router].
type RouterArgs struct {
	Name    pulumi.StringInput `pulumi:"name"`
	Network pulumi.StringInput `pulumi:"network"`
	Region  pulumi.StringInput `pulumi:"region"`
}

// NewRouter makes a router.
func NewRouter(
	ctx *pulumi.Context, name string, args *RouterArgs, opts ...pulumi.ResourceOption,
) (*Router, error) {
	return bytoken.Register(ctx, "gcp:compute/router:Router", name, args, &Router{}, opts)
}

// RouterNat is Cloud NAT.
type RouterNat struct {
	pulumi.CustomResourceState
}

// RouterNatArgs are the properties of a [RouterNat].
type RouterNatArgs struct {
	Name                          pulumi.StringInput    `pulumi:"name"`
	Router                        pulumi.StringInput    `pulumi:"router"`
	Region                        pulumi.StringInput    `pulumi:"region"`
	NatIPAllocateOption           pulumi.StringInput    `pulumi:"natIpAllocateOption"`
	SourceSubnetworkIPRangesToNat pulumi.StringInput    `pulumi:"sourceSubnetworkIpRangesToNat"`
	Subnetworks                   []RouterNatSubnetwork `pulumi:"subnetworks"`
	EnableDynamicPortAllocation   pulumi.BoolInput      `pulumi:"enableDynamicPortAllocation"`
	LogConfig                     *RouterNatLogConfig   `pulumi:"logConfig"`
}

// RouterNatSubnetwork names the ranges of a subnetwork that have a way out.
type RouterNatSubnetwork struct {
	Name                 pulumi.StringInput      `pulumi:"name"`
	SourceIPRangesToNats pulumi.StringArrayInput `pulumi:"sourceIpRangesToNats"`
}

// RouterNatLogConfig says what is logged of translations.
type RouterNatLogConfig struct {
	Enable pulumi.BoolInput   `pulumi:"enable"`
	Filter pulumi.StringInput `pulumi:"filter"`
}

// NewRouterNat makes a Cloud NAT.
func NewRouterNat(
	ctx *pulumi.Context, name string, args *RouterNatArgs, opts ...pulumi.ResourceOption,
) (*RouterNat, error) {
	return bytoken.Register(ctx, "gcp:compute/routerNat:RouterNat", name, args, &RouterNat{}, opts)
}

// Firewall is one rule of a VPC's firewall.
type Firewall struct {
	pulumi.CustomResourceState
}

// FirewallArgs are the properties of a [Firewall].
type FirewallArgs struct {
	Name         pulumi.StringInput      `pulumi:"name"`
	Description  pulumi.StringInput      `pulumi:"description"`
	Network      pulumi.StringInput      `pulumi:"network"`
	Direction    pulumi.StringInput      `pulumi:"direction"`
	Priority     pulumi.IntInput         `pulumi:"priority"`
	SourceRanges pulumi.StringArrayInput `pulumi:"sourceRanges"`
	Denies       []FirewallProtocol      `pulumi:"denies"`
	LogConfig    *FirewallLogConfig      `pulumi:"logConfig"`
}

// FirewallProtocol is a protocol, or "all" of them.
type FirewallProtocol struct {
	Protocol pulumi.StringInput `pulumi:"protocol"`
}

// FirewallLogConfig logs the connections that a rule decides on.
type FirewallLogConfig struct {
	Metadata pulumi.StringInput `pulumi:"metadata"`
}

// NewFirewall makes a rule of a firewall.
func NewFirewall(
	ctx *pulumi.Context, name string, args *FirewallArgs, opts ...pulumi.ResourceOption,
) (*Firewall, error) {
	return bytoken.Register(ctx, "gcp:compute/firewall:Firewall", name, args, &Firewall{}, opts)
}

// Address is an address in a subnetwork.
type Address struct {
	pulumi.CustomResourceState

	Address pulumi.StringOutput `pulumi:"address"`
}

// AddressArgs are the properties of an [Address].
type AddressArgs struct {
	Name        pulumi.StringInput    `pulumi:"name"`
	Region      pulumi.StringInput    `pulumi:"region"`
	Subnetwork  pulumi.StringInput    `pulumi:"subnetwork"`
	AddressType pulumi.StringInput    `pulumi:"addressType"`
	Labels      pulumi.StringMapInput `pulumi:"labels"`
}

// NewAddress takes an address.
func NewAddress(
	ctx *pulumi.Context, name string, args *AddressArgs, opts ...pulumi.ResourceOption,
) (*Address, error) {
	return bytoken.Register(ctx, "gcp:compute/address:Address", name, args, &Address{}, opts)
}

// ForwardingRule leads an address to a service.
type ForwardingRule struct {
	pulumi.CustomResourceState
}

// ForwardingRuleArgs are the properties of a [ForwardingRule].
type ForwardingRuleArgs struct {
	Name                pulumi.StringInput    `pulumi:"name"`
	Region              pulumi.StringInput    `pulumi:"region"`
	Network             pulumi.StringInput    `pulumi:"network"`
	IPAddress           pulumi.StringInput    `pulumi:"ipAddress"`
	Target              pulumi.StringInput    `pulumi:"target"`
	LoadBalancingScheme pulumi.StringInput    `pulumi:"loadBalancingScheme"`
	Labels              pulumi.StringMapInput `pulumi:"labels"`
}

// NewForwardingRule makes a forwarding rule.
func NewForwardingRule(
	ctx *pulumi.Context, name string, args *ForwardingRuleArgs, opts ...pulumi.ResourceOption,
) (*ForwardingRule, error) {
	return bytoken.Register(ctx, "gcp:compute/forwardingRule:ForwardingRule", name, args, &ForwardingRule{}, opts)
}
