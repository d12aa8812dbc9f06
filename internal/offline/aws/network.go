package aws

import (
	"fmt"
	"strings"

	"plinth/internal/offline/simulation"
)

// networkTypes are the VPC and its parts. Errors:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
func networkTypes() map[string]simulation.Type {
	return map[string]simulation.Type{
		vpcType: tagged(simulation.Type{
			Replace:  []string{"cidrBlock", "instanceTenancy", "ipv4IpamPoolId", "ipv4NetmaskLength"},
			Defaults: object{"enableDnsSupport": true},
			// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html.
			Ranges: []simulation.Range{{
				Path: "cidrBlock", Shortest: 16, Longest: 28, Malformed: "InvalidVpc.Range: The CIDR '{value}' is invalid.",
			}},
			ID: "vpc-{hex:17}",
			Outputs: object{
				"arn":                    "arn:{partition}:ec2:{region}:{account}:vpc/{id}",
				"ownerId":                "{account}",
				"defaultNetworkAclId":    "acl-{hex:17}",
				"defaultRouteTableId":    "rtb-{hex:17}",
				"defaultSecurityGroupId": "sg-{hex:17}",
				"dhcpOptionsId":          "dopt-{hex:17}",
				"mainRouteTableId":       "{defaultRouteTableId}",
				"enableDnsHostnames":     false,
				"instanceTenancy":        "default",
			},
			Sides: []simulation.Side{
				{Type: securityGroupType, ID: "{defaultSecurityGroupId}", Properties: object{"name": "default", "vpcId": "{id}"}},
				{Type: routeTableType, ID: "{defaultRouteTableId}", Properties: object{"vpcId": "{id}"}},
			},
			Held: "DependencyViolation: The vpc '{id}' has dependencies and cannot be deleted.",
		}),
		subnetType: tagged(simulation.Type{
			Replace:    []string{"vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ipv6Native", "outpostArn"},
			Defaults:   object{"mapPublicIpOnLaunch": false},
			References: []simulation.Reference{toVPC(simulation.Holds)},
			// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html.
			Ranges: []simulation.Range{{
				Path: "cidrBlock", Shortest: 16, Longest: 28, Within: "{vpcId>cidrBlock}", Among: []string{"cidrBlock"},
				Same:        "vpcId",
				Malformed:   "InvalidSubnet.Range: The CIDR '{value}' is invalid.",
				Outside:     "InvalidSubnet.Range: The CIDR '{value}' is invalid.",
				Overlapping: "InvalidSubnet.Conflict: The CIDR '{value}' conflicts with another subnet",
			}},
			Rules: []simulation.Rule{inRegion},
			ID:    "subnet-{hex:17}",
			Outputs: object{
				"arn": "arn:{partition}:ec2:{region}:{account}:subnet/{id}", "ownerId": "{account}",
				"availabilityZone": "{region}a", "availabilityZoneId": "simulated-az1",
			},
			Held: "DependencyViolation: The subnet '{id}' has dependencies and cannot be deleted.",
		}),
		gatewayType: tagged(simulation.Type{
			References: []simulation.Reference{toVPC(simulation.Holds)},
			Unique: []simulation.Unique{{
				By:    []string{"vpcId"},
				Taken: "Resource.AlreadyAssociated: network {value} already has an internet gateway attached",
			}},
			ID:      "igw-{hex:17}",
			Outputs: object{"arn": "arn:{partition}:ec2:{region}:{account}:internet-gateway/{id}", "ownerId": "{account}"},
			Held: "DependencyViolation: the network of {id} has some mapped public address(es). Please unmap those public " +
				"address(es) before detaching the gateway.",
		}),
		addressType: tagged(simulation.Type{
			Replace: []string{"domain", "address", "customerOwnedIpv4Pool", "networkBorderGroup", "publicIpv4Pool"},
			ID:      "eipalloc-{hex:17}",
			Outputs: object{
				"allocationId": "{id}", "arn": "arn:{partition}:ec2:{region}:{account}:elastic-ip/{id}",
				"publicIp": "198.51.100.{digits:2}", "domain": "vpc",
			},
			Held: "InvalidIPAddress.InUse: the address '{id}' is in use and cannot be released",
		}),
		natType: tagged(simulation.Type{
			Replace:  []string{"allocationId", "connectivityType", "privateIp", "subnetId"},
			Defaults: object{"connectivityType": "public"},
			References: []simulation.Reference{
				toSubnets("subnetId", simulation.Holds),
				to("allocationId", addressType, "InvalidAllocationID.NotFound: The allocation ID '{value}' does not exist",
					simulation.Holds),
				{Path: "__network", To: []string{gatewayType}, By: []string{"vpcId"}},
			},
			Unique: []simulation.Unique{{
				By:    []string{"allocationId"},
				Taken: "Resource.AlreadyAssociated: Elastic IP address [{value}] is already associated",
			}},
			Rules: []simulation.Rule{reachesInternet},
			ID:    "nat-{hex:17}",
			Outputs: object{
				"associationId": "eipassoc-{hex:17}", "networkInterfaceId": "eni-{hex:17}",
				"publicIp": "{allocationId>publicIp}", "__network": "{subnetId>vpcId}",
			},
			Held: "DependencyViolation: {id} is in use",
		}),
		routeTableType: tagged(simulation.Type{
			Replace:    []string{"vpcId"},
			References: []simulation.Reference{toVPC(simulation.Holds)},
			ID:         "rtb-{hex:17}",
			Outputs:    object{"arn": "arn:{partition}:ec2:{region}:{account}:route-table/{id}", "ownerId": "{account}"},
			Held:       "DependencyViolation: The routeTable '{id}' has dependencies and cannot be deleted.",
		}),
		"aws:ec2/route:Route": {
			Replace: []string{"routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"},
			References: []simulation.Reference{
				toRouteTable("routeTableId", simulation.Falls),
				// What a route leads to may go: the route is a black hole then.
				to("gatewayId", gatewayType, "InvalidGatewayID.NotFound: The gateway ID '{value}' does not exist",
					simulation.Stays),
				to("natGatewayId", natType, "InvalidNatGatewayID.NotFound: The natGateway ID '{value}' does not exist",
					simulation.Stays),
			},
			Ranges: []simulation.Range{{
				Path: "destinationCidrBlock", Longest: 32,
				Malformed: "InvalidParameterValue: Value ({value}) for parameter destinationCidrBlock is invalid. This is not a " +
					"valid CIDR block.",
			}},
			Unique: []simulation.Unique{{
				By:    []string{"destinationCidrBlock", "routeTableId"},
				Taken: "RouteAlreadyExists: The route identified by {value} already exists.",
			}},
			ID: "r-{routeTableId}{digits:10}", Name: "{destinationCidrBlock}",
			Outputs: object{"origin": "CreateRoute", "state": "active"},
		},
		"aws:ec2/routeTableAssociation:RouteTableAssociation": {
			Replace: []string{"subnetId", "gatewayId"},
			References: []simulation.Reference{
				toRouteTable("routeTableId", simulation.Holds), toSubnets("subnetId", simulation.Falls),
			},
			Unique: []simulation.Unique{{
				By: []string{"subnetId"},
				Taken: "Resource.AlreadyAssociated: the specified association for subnet {value} conflicts " +
					"with an existing association",
			}},
			ID: "rtbassoc-{hex:17}",
		},
		"aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation": {
			References: []simulation.Reference{
				toRouteTable("routeTableId", simulation.Holds), toVPC(simulation.Falls),
			},
			ID: "rtbassoc-{hex:17}", Outputs: object{"originalRouteTableId": "{vpcId>mainRouteTableId}"},
		},
		"aws:ec2/flowLog:FlowLog": tagged(simulation.Type{
			Replace: []string{
				"deliverCrossAccountRole", "eniId", "iamRoleArn", "logDestination", "logDestinationType", "logFormat",
				"logGroupName",
				"maxAggregationInterval", "subnetId", "trafficType", "vpcId",
			},
			Texts: []simulation.Text{{Path: "trafficType", Words: []string{"ACCEPT", "REJECT", "ALL"}}},
			References: []simulation.Reference{
				toVPC(simulation.Stays), toSubnets("subnetId", simulation.Stays),
				toRole("iamRoleArn", "InvalidParameter: the role '{value}' does not exist"),
				{
					Path: "logDestination", To: []string{logGroupType, bucketType, oldBucketType}, By: []string{"arn"},
					Then: simulation.Stays, Absent: "InvalidParameter: the log destination '{value}' does not exist",
				},
			},
			Rules:   []simulation.Rule{trusts("iamRoleArn", "vpc-flow-logs.amazonaws.com")},
			ID:      "fl-{hex:17}",
			Outputs: object{"arn": "arn:{partition}:ec2:{region}:{account}:vpc-flow-log/{id}"},
		}),
	}
}

func toRouteTable(path string, then simulation.Fate) simulation.Reference {
	return to(path, routeTableType, "InvalidRouteTableID.NotFound: The routeTable ID '{value}' does not exist", then)
}

// inRegion refuses a zone of another region.
func inRegion(o *simulation.Operation) error {
	zone, region := o.Text("availabilityZone"), o.Text("region")
	if letter, ok := strings.CutPrefix(zone, region); !ok || len(letter) != 1 || letter < "a" || letter > "f" {
		return o.Refuse("InvalidParameterValue: Value (%s) for parameter availabilityZone is invalid. Subnets can currently "+
			"only be created in the following availability zones: %sa, %sb, %sc.", zone, region, region, region)
	}
	return nil
}

// reachesInternet refuses a public NAT gateway where the network has no way out.
func reachesInternet(o *simulation.Operation) error {
	if network := o.Text("__network"); o.Text("connectivityType") == "public" {
		if _, ok := o.Find(gatewayType, network, "vpcId"); !ok {
			return o.Refuse("Gateway.NotAttached: Network %s has no Internet gateway attached", network)
		}
		if o.Text("allocationId") == "" {
			return o.Refuse("MissingParameter: The request must include the AllocationId parameter. Add the required " +
				"parameter and retry the request.")
		}
	}
	return nil
}

// inhabitant is what a Service, an Ingress or a volume in a cluster has made: a load balancer in the cluster's subnets,
// with a security group of its own which those of the cluster let in, or a disk.
// https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html,
// https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/tagging.md.
func inhabitant(_ *simulation.Operation, cluster simulation.Entry, i simulation.Inhabitant) []simulation.Entry {
	tags := map[string]string{"kubernetes.io/cluster/" + cluster.Name: "owned"}
	if i.Kind == "PersistentVolume" {
		tags["kubernetes.io/created-for/pv/name"] = i.Name
		namespace, claim, _ := strings.Cut(i.Claim, "/")
		tags["kubernetes.io/created-for/pvc/namespace"], tags["kubernetes.io/created-for/pvc/name"] = namespace, claim
		return []simulation.Entry{{Type: volumeType, ID: "vol-" + compact(i.UID), Name: i.Name, Tags: tags}}
	}
	if i.Kind == "Gateway" {
		return nil // VPC Lattice has nothing in the cluster's network.
	}
	tags["kubernetes.io/service-name"] = i.Namespace + "/" + i.Name
	// https://github.com/kubernetes/cloud-provider/blob/master/cloud.go, DefaultLoadBalancerName: at most 32 characters.
	name, group := "a"+strings.ReplaceAll(i.UID, "-", ""), "sg-"+compact(i.UID)
	name = name[:min(len(name), 32)]
	vpc := cluster.Text("vpcConfig.vpcId")
	return []simulation.Entry{
		{
			Type: balancerType, Name: name, Tags: tags,
			ID: fmt.Sprintf("arn:%s:elasticloadbalancing:%s:%s:loadbalancer/net/%s/%s", cluster.Text("partition"),
				cluster.Text("region"), cluster.Text("account"), name, name[1:]),
			Inputs: object{
				"name": name, "vpcId": vpc, "dnsName": i.Address, "subnets": cluster.List("vpcConfig.subnetIds"),
				"securityGroups": append(cluster.List("vpcConfig.securityGroupIds"), group),
			},
		},
		{
			Type: securityGroupType, ID: group, Name: "k8s-elb-" + name, Tags: tags,
			Inputs: object{"name": "k8s-elb-" + name, "vpcId": vpc},
		},
	}
}

// compact makes the 17 digits of an id out of a UID.
func compact(uid string) string {
	digits := strings.ReplaceAll(uid, "-", "")
	return digits[:min(len(digits), 17)]
}
