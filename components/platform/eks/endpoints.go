package eks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/eks/slim"
)

// private are the services that the nodes of a cluster without a way out need, each by an endpoint in its network:
// https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html. Where there is NAT they go that way: each
// endpoint costs as much as a small node in every zone.
func private() []string {
	return []string{"ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing", "logs", "sts"}
}

// makeEndpoints leads to S3 inside of AWS, which costs nothing and is where the layers of images are, and to all the
// others where there is no other way.
func (c *Cluster) makeEndpoints(ctx *pulumi.Context, tables []*slim.RouteTable) error {
	ids := make(pulumi.StringArray, len(tables))
	for i, table := range tables {
		ids[i] = table.ID()
	}
	s3, err := slim.NewVpcEndpoint(ctx, c.name+"-endpoint-s3", &slim.VpcEndpointArgs{
		VpcID: c.network.vpc.ID(), VpcEndpointType: pulumi.String("Gateway"), ServiceName: c.service("s3"),
		RouteTableIDs: ids, Tags: c.tags("s3"),
	}, c.child()...)
	if err != nil {
		return fmt.Errorf("creating the endpoint of S3: %w", err)
	}
	c.network.egress = append(c.network.egress, s3)
	if c.args.Network.NAT != platform.NATNone {
		return nil
	}
	group, err := slim.NewSecurityGroup(ctx, c.name+"-endpoints", &slim.SecurityGroupArgs{
		VpcID:       c.network.vpc.ID(),
		Description: pulumi.String("Endpoints of AWS, for everything in the network"),
		Ingress: []slim.SecurityGroupIngressArgs{{
			Description: pulumi.String("HTTPS from the network"),
			Protocol:    pulumi.String("tcp"), FromPort: pulumi.Int(443), ToPort: pulumi.Int(443),
			CidrBlocks: pulumi.StringArray{pulumi.String(c.args.Network.CIDR)},
		}},
		Tags: c.tags("endpoints"),
	}, c.child()...)
	if err != nil {
		return fmt.Errorf("creating the security group of the endpoints: %w", err)
	}
	for _, name := range private() {
		endpoint, err := slim.NewVpcEndpoint(ctx, c.name+"-endpoint-"+name, &slim.VpcEndpointArgs{
			VpcID: c.network.vpc.ID(), VpcEndpointType: pulumi.String("Interface"), ServiceName: c.service(name),
			// The service's own name leads here, so that nobody needs another address.
			PrivateDNSEnabled: pulumi.Bool(true),
			SubnetIDs:         subnetIDs(c.network.private),
			SecurityGroupIDs:  pulumi.StringArray{group.ID()},
			Tags:              c.tags(name),
		}, c.child()...)
		if err != nil {
			return fmt.Errorf("creating the endpoint of %s: %w", name, err)
		}
		c.network.egress = append(c.network.egress, endpoint)
	}
	return nil
}

// service is the name of a service to endpoints.
func (c *Cluster) service(name string) pulumi.String {
	return pulumi.String("com.amazonaws." + c.args.Location.Region + "." + name)
}

func subnetIDs(subnets []*slim.Subnet) pulumi.StringArray {
	ids := make(pulumi.StringArray, len(subnets))
	for i, subnet := range subnets {
		ids[i] = subnet.ID()
	}
	return ids
}
