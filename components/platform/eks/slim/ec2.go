package slim

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/bytoken"
)

// Vpc is a network.
type Vpc struct {
	pulumi.CustomResourceState

	OwnerID pulumi.StringOutput `pulumi:"ownerId"`
}

// VpcArgs are the properties of a [Vpc].
type VpcArgs struct {
	CidrBlock          pulumi.StringInput    `pulumi:"cidrBlock"`
	EnableDNSHostnames pulumi.BoolInput      `pulumi:"enableDnsHostnames"`
	EnableDNSSupport   pulumi.BoolInput      `pulumi:"enableDnsSupport"`
	Tags               pulumi.StringMapInput `pulumi:"tags"`
}

const vpcType = "aws:ec2/vpc:Vpc"

// NewVpc registers a [Vpc].
func NewVpc(
	ctx *pulumi.Context, name string, args *VpcArgs, opts ...pulumi.ResourceOption,
) (*Vpc, error) {
	return bytoken.Register(ctx, vpcType, name, args, &Vpc{}, opts)
}

// DefaultSecurityGroup is what everything in a network gets that names no security group. Without rules it lets nothing
// through.
type DefaultSecurityGroup struct {
	pulumi.CustomResourceState
}

// DefaultSecurityGroupArgs are the properties of a [DefaultSecurityGroup].
type DefaultSecurityGroupArgs struct {
	VpcID pulumi.StringInput    `pulumi:"vpcId"`
	Tags  pulumi.StringMapInput `pulumi:"tags"`
}

const defaultSecurityGroupType = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"

// NewDefaultSecurityGroup registers a [DefaultSecurityGroup].
func NewDefaultSecurityGroup(
	ctx *pulumi.Context, name string, args *DefaultSecurityGroupArgs, opts ...pulumi.ResourceOption,
) (*DefaultSecurityGroup, error) {
	return bytoken.Register(ctx, defaultSecurityGroupType, name, args, &DefaultSecurityGroup{}, opts)
}

// Subnet is a part of a network in one zone.
type Subnet struct {
	pulumi.CustomResourceState
}

// SubnetArgs are the properties of a [Subnet].
type SubnetArgs struct {
	VpcID               pulumi.StringInput    `pulumi:"vpcId"`
	AvailabilityZone    pulumi.StringInput    `pulumi:"availabilityZone"`
	CidrBlock           pulumi.StringInput    `pulumi:"cidrBlock"`
	MapPublicIPOnLaunch pulumi.BoolInput      `pulumi:"mapPublicIpOnLaunch"`
	Tags                pulumi.StringMapInput `pulumi:"tags"`
}

const subnetType = "aws:ec2/subnet:Subnet"

// NewSubnet registers a [Subnet].
func NewSubnet(
	ctx *pulumi.Context, name string, args *SubnetArgs, opts ...pulumi.ResourceOption,
) (*Subnet, error) {
	return bytoken.Register(ctx, subnetType, name, args, &Subnet{}, opts)
}

// InternetGateway is the way between a network and the world.
type InternetGateway struct {
	pulumi.CustomResourceState
}

// InternetGatewayArgs are the properties of an [InternetGateway].
type InternetGatewayArgs struct {
	VpcID pulumi.StringInput    `pulumi:"vpcId"`
	Tags  pulumi.StringMapInput `pulumi:"tags"`
}

const internetGatewayType = "aws:ec2/internetGateway:InternetGateway"

// NewInternetGateway registers an [InternetGateway].
func NewInternetGateway(
	ctx *pulumi.Context, name string, args *InternetGatewayArgs, opts ...pulumi.ResourceOption,
) (*InternetGateway, error) {
	return bytoken.Register(ctx, internetGatewayType, name, args, &InternetGateway{}, opts)
}

// Eip is a public address.
type Eip struct {
	pulumi.CustomResourceState
}

// EipArgs are the properties of an [Eip].
type EipArgs struct {
	Domain pulumi.StringInput    `pulumi:"domain"`
	Tags   pulumi.StringMapInput `pulumi:"tags"`
}

const eipType = "aws:ec2/eip:Eip"

// NewEip registers an [Eip].
func NewEip(
	ctx *pulumi.Context, name string, args *EipArgs, opts ...pulumi.ResourceOption,
) (*Eip, error) {
	return bytoken.Register(ctx, eipType, name, args, &Eip{}, opts)
}

// NatGateway is the way out for what has no public address.
type NatGateway struct {
	pulumi.CustomResourceState
}

// NatGatewayArgs are the properties of a [NatGateway].
type NatGatewayArgs struct {
	AllocationID pulumi.StringInput    `pulumi:"allocationId"`
	SubnetID     pulumi.StringInput    `pulumi:"subnetId"`
	Tags         pulumi.StringMapInput `pulumi:"tags"`
}

const natGatewayType = "aws:ec2/natGateway:NatGateway"

// NewNatGateway registers a [NatGateway].
func NewNatGateway(
	ctx *pulumi.Context, name string, args *NatGatewayArgs, opts ...pulumi.ResourceOption,
) (*NatGateway, error) {
	return bytoken.Register(ctx, natGatewayType, name, args, &NatGateway{}, opts)
}

// RouteTable is a list of routes.
type RouteTable struct {
	pulumi.CustomResourceState
}

// RouteTableArgs are the properties of a [RouteTable].
type RouteTableArgs struct {
	VpcID pulumi.StringInput    `pulumi:"vpcId"`
	Tags  pulumi.StringMapInput `pulumi:"tags"`
}

const routeTableType = "aws:ec2/routeTable:RouteTable"

// NewRouteTable registers a [RouteTable].
func NewRouteTable(
	ctx *pulumi.Context, name string, args *RouteTableArgs, opts ...pulumi.ResourceOption,
) (*RouteTable, error) {
	return bytoken.Register(ctx, routeTableType, name, args, &RouteTable{}, opts)
}

// Route is an entry in a RouteTable: one of the targets is set.
type Route struct {
	pulumi.CustomResourceState
}

// RouteArgs are the properties of a [Route].
type RouteArgs struct {
	RouteTableID         pulumi.StringInput `pulumi:"routeTableId"`
	DestinationCidrBlock pulumi.StringInput `pulumi:"destinationCidrBlock"`
	GatewayID            pulumi.StringInput `pulumi:"gatewayId"`
	NatGatewayID         pulumi.StringInput `pulumi:"natGatewayId"`
}

const routeType = "aws:ec2/route:Route"

// NewRoute registers a [Route].
func NewRoute(
	ctx *pulumi.Context, name string, args *RouteArgs, opts ...pulumi.ResourceOption,
) (*Route, error) {
	return bytoken.Register(ctx, routeType, name, args, &Route{}, opts)
}

// RouteTableAssociation has a subnet use a RouteTable.
type RouteTableAssociation struct {
	pulumi.CustomResourceState
}

// RouteTableAssociationArgs are the properties of a [RouteTableAssociation].
type RouteTableAssociationArgs struct {
	RouteTableID pulumi.StringInput `pulumi:"routeTableId"`
	SubnetID     pulumi.StringInput `pulumi:"subnetId"`
}

const routeTableAssociationType = "aws:ec2/routeTableAssociation:RouteTableAssociation"

// NewRouteTableAssociation registers a [RouteTableAssociation].
func NewRouteTableAssociation(
	ctx *pulumi.Context, name string, args *RouteTableAssociationArgs, opts ...pulumi.ResourceOption,
) (*RouteTableAssociation, error) {
	return bytoken.Register(ctx, routeTableAssociationType, name, args, &RouteTableAssociation{}, opts)
}

// VpcEndpoint leads to a service of AWS inside of AWS.
type VpcEndpoint struct {
	pulumi.CustomResourceState
}

// VpcEndpointArgs are the properties of a [VpcEndpoint].
type VpcEndpointArgs struct {
	VpcID             pulumi.StringInput      `pulumi:"vpcId"`
	VpcEndpointType   pulumi.StringInput      `pulumi:"vpcEndpointType"`
	ServiceName       pulumi.StringInput      `pulumi:"serviceName"`
	RouteTableIDs     pulumi.StringArrayInput `pulumi:"routeTableIds"`
	SubnetIDs         pulumi.StringArrayInput `pulumi:"subnetIds"`
	SecurityGroupIDs  pulumi.StringArrayInput `pulumi:"securityGroupIds"`
	PrivateDNSEnabled pulumi.BoolInput        `pulumi:"privateDnsEnabled"`
	Tags              pulumi.StringMapInput   `pulumi:"tags"`
}

const vpcEndpointType = "aws:ec2/vpcEndpoint:VpcEndpoint"

// NewVpcEndpoint registers a [VpcEndpoint].
func NewVpcEndpoint(
	ctx *pulumi.Context, name string, args *VpcEndpointArgs, opts ...pulumi.ResourceOption,
) (*VpcEndpoint, error) {
	return bytoken.Register(ctx, vpcEndpointType, name, args, &VpcEndpoint{}, opts)
}

// SecurityGroup says what may connect. What it does not say may not.
type SecurityGroup struct {
	pulumi.CustomResourceState
}

// SecurityGroupArgs are the properties of a [SecurityGroup].
type SecurityGroupArgs struct {
	VpcID       pulumi.StringInput         `pulumi:"vpcId"`
	Description pulumi.StringInput         `pulumi:"description"`
	Ingress     []SecurityGroupIngressArgs `pulumi:"ingress"`
	Tags        pulumi.StringMapInput      `pulumi:"tags"`
}

const securityGroupType = "aws:ec2/securityGroup:SecurityGroup"

// NewSecurityGroup registers a [SecurityGroup].
func NewSecurityGroup(
	ctx *pulumi.Context, name string, args *SecurityGroupArgs, opts ...pulumi.ResourceOption,
) (*SecurityGroup, error) {
	return bytoken.Register(ctx, securityGroupType, name, args, &SecurityGroup{}, opts)
}

// FlowLog records connections.
type FlowLog struct {
	pulumi.CustomResourceState
}

// FlowLogArgs are the properties of a [FlowLog].
type FlowLogArgs struct {
	VpcID              pulumi.StringInput    `pulumi:"vpcId"`
	TrafficType        pulumi.StringInput    `pulumi:"trafficType"`
	LogDestinationType pulumi.StringInput    `pulumi:"logDestinationType"`
	LogDestination     pulumi.StringInput    `pulumi:"logDestination"`
	IamRoleArn         pulumi.StringInput    `pulumi:"iamRoleArn"`
	Tags               pulumi.StringMapInput `pulumi:"tags"`
}

const flowLogType = "aws:ec2/flowLog:FlowLog"

// NewFlowLog registers a [FlowLog].
func NewFlowLog(
	ctx *pulumi.Context, name string, args *FlowLogArgs, opts ...pulumi.ResourceOption,
) (*FlowLog, error) {
	return bytoken.Register(ctx, flowLogType, name, args, &FlowLog{}, opts)
}

// LaunchTemplate says how machines start.
type LaunchTemplate struct {
	pulumi.CustomResourceState

	LatestVersion pulumi.IntOutput `pulumi:"latestVersion"`
}

// LaunchTemplateArgs are the properties of a [LaunchTemplate].
type LaunchTemplateArgs struct {
	Description          pulumi.StringInput                     `pulumi:"description"`
	UpdateDefaultVersion pulumi.BoolInput                       `pulumi:"updateDefaultVersion"`
	MetadataOptions      *LaunchTemplateMetadataOptionsArgs     `pulumi:"metadataOptions"`
	BlockDeviceMappings  []LaunchTemplateBlockDeviceMappingArgs `pulumi:"blockDeviceMappings"`
	TagSpecifications    []LaunchTemplateTagSpecificationArgs   `pulumi:"tagSpecifications"`
	Tags                 pulumi.StringMapInput                  `pulumi:"tags"`
}

const launchTemplateType = "aws:ec2/launchTemplate:LaunchTemplate"

// NewLaunchTemplate registers a [LaunchTemplate].
func NewLaunchTemplate(
	ctx *pulumi.Context, name string, args *LaunchTemplateArgs, opts ...pulumi.ResourceOption,
) (*LaunchTemplate, error) {
	return bytoken.Register(ctx, launchTemplateType, name, args, &LaunchTemplate{}, opts)
}

// SecurityGroupIngressArgs say one rule of a [SecurityGroup].
type SecurityGroupIngressArgs struct {
	Description pulumi.StringInput      `pulumi:"description"`
	Protocol    pulumi.StringInput      `pulumi:"protocol"`
	FromPort    pulumi.IntInput         `pulumi:"fromPort"`
	ToPort      pulumi.IntInput         `pulumi:"toPort"`
	CidrBlocks  pulumi.StringArrayInput `pulumi:"cidrBlocks"`
}

// LaunchTemplateMetadataOptionsArgs say how a machine learns of itself.
type LaunchTemplateMetadataOptionsArgs struct {
	HTTPEndpoint            pulumi.StringInput `pulumi:"httpEndpoint"`
	HTTPTokens              pulumi.StringInput `pulumi:"httpTokens"`
	HTTPPutResponseHopLimit pulumi.IntInput    `pulumi:"httpPutResponseHopLimit"`
}

// LaunchTemplateBlockDeviceMappingArgs say a disk.
type LaunchTemplateBlockDeviceMappingArgs struct {
	DeviceName pulumi.StringInput                       `pulumi:"deviceName"`
	Ebs        *LaunchTemplateBlockDeviceMappingEbsArgs `pulumi:"ebs"`
}

// LaunchTemplateBlockDeviceMappingEbsArgs say what a disk is made of. Its switches are texts.
type LaunchTemplateBlockDeviceMappingEbsArgs struct {
	VolumeType          pulumi.StringInput `pulumi:"volumeType"`
	VolumeSize          pulumi.IntInput    `pulumi:"volumeSize"`
	Encrypted           pulumi.StringInput `pulumi:"encrypted"`
	KmsKeyID            pulumi.StringInput `pulumi:"kmsKeyId"`
	DeleteOnTermination pulumi.StringInput `pulumi:"deleteOnTermination"`
}

// LaunchTemplateTagSpecificationArgs say the tags of what a template starts.
type LaunchTemplateTagSpecificationArgs struct {
	ResourceType pulumi.StringInput    `pulumi:"resourceType"`
	Tags         pulumi.StringMapInput `pulumi:"tags"`
}
