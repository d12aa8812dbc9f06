package aws

import "plinth/internal/offline/simulation"

// groupText is what descriptions of security groups and their rules may hold:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html.
const groupText = `[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]*`

// securityGroupTypes are security groups and their rules.
func securityGroupTypes() map[string]simulation.Type {
	rule := simulation.Type{
		Replace: []string{"securityGroupId"},
		Texts: []simulation.Text{{
			Path: "description", Max: 255, Pattern: groupText,
			Fault: "InvalidParameterValue: Value for parameter GroupDescription is invalid",
		}},
		References: []simulation.Reference{
			toGroups("securityGroupId", simulation.Falls), toGroups("referencedSecurityGroupId", simulation.Holds),
		},
		Ranges: []simulation.Range{{
			Path: "cidrIpv4", Longest: 32, Malformed: "InvalidParameterValue: CIDR block {value} is malformed",
		}},
		Unique: []simulation.Unique{{
			By: []string{
				"securityGroupId", "ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6", "prefixListId",
				"referencedSecurityGroupId",
			},
			Taken: "InvalidPermission.Duplicate: the specified rule of {value} already exists",
		}},
		ID: "sgr-{hex:17}",
		Outputs: object{
			"securityGroupRuleId": "{id}",
			"arn":                 "arn:{partition}:ec2:{region}:{account}:security-group-rule/{id}",
		},
	}
	const held = "DependencyViolation: resource {id} has a dependent object"
	return map[string]simulation.Type{
		securityGroupType: tagged(simulation.Type{
			Replace: []string{"name", "namePrefix", "description", "vpcId"}, Auto: "name",
			Defaults: object{"description": "Managed by Pulumi", "revokeRulesOnDelete": false},
			Texts: []simulation.Text{
				// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html: "Up to 255 characters in
				// length. Cannot start with sg-."
				{Path: "name", Min: 1, Max: 255, Pattern: `([^s]|s[^g]|sg[^-]).*|s|sg`},
				{
					Path: "description", Max: 255, Pattern: groupText,
					Fault: "InvalidParameterValue: Value for parameter GroupDescription is invalid",
				},
			},
			Unique: []simulation.Unique{{
				By: []string{"name", "vpcId"}, Taken: "InvalidGroup.Duplicate: The security group '{value}' already exists for VPC",
			}},
			References: []simulation.Reference{
				toVPC(simulation.Holds), toGroups("ingress.*.securityGroups", simulation.Holds),
				toGroups("egress.*.securityGroups", simulation.Holds),
			},
			Ranges: []simulation.Range{
				{Path: "ingress.*.cidrBlocks", Longest: 32, Malformed: "InvalidParameterValue: CIDR block {value} is malformed"},
				{Path: "egress.*.cidrBlocks", Longest: 32, Malformed: "InvalidParameterValue: CIDR block {value} is malformed"},
			},
			ID: "sg-{hex:17}", Name: "{name}",
			Outputs: object{
				"arn": "arn:{partition}:ec2:{region}:{account}:security-group/{id}", "ownerId": "{account}",
			},
			Held: held,
		}),
		// It takes over the group that the VPC comes with.
		defaultGroupType: tagged(simulation.Type{
			Replace: []string{"vpcId"}, References: []simulation.Reference{toVPC(simulation.Falls)},
			Unique: []simulation.Unique{{
				By:    []string{"vpcId"},
				Taken: "the default security group of {value} is managed already",
			}},
			ID: "{vpcId>defaultSecurityGroupId}", Name: "default",
			Outputs: object{
				"arn": "arn:{partition}:ec2:{region}:{account}:security-group/{id}", "name": "default", "ownerId": "{account}",
				"description": "default VPC security group",
			},
			Held: held,
		}),
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": tagged(rule),
		"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   tagged(rule),
	}
}

// endpointTypes are endpoints of AWS in the VPC, and load balancers, which only clusters make here.
func endpointTypes() map[string]simulation.Type {
	return map[string]simulation.Type{
		endpointType: tagged(simulation.Type{
			Replace:  []string{"vpcId", "serviceName", "vpcEndpointType", "serviceRegion"},
			Defaults: object{"vpcEndpointType": "Gateway"},
			Texts: []simulation.Text{{
				Path: "vpcEndpointType", Words: []string{
					"Gateway", "GatewayLoadBalancer", "Interface", "Resource",
					"ServiceNetwork",
				},
			}},
			Policies: []string{"policy"},
			References: []simulation.Reference{
				toVPC(simulation.Holds), toSubnets("subnetIds", simulation.Holds),
				toGroups("securityGroupIds", simulation.Holds), toRouteTable("routeTableIds", simulation.Stays),
			},
			Rules: []simulation.Rule{regionalService},
			ID:    "vpce-{hex:17}", Name: "{serviceName}",
			Outputs: object{
				"arn": "arn:{partition}:ec2:{region}:{account}:vpc-endpoint/{id}", "ownerId": "{account}", "state": "available",
				"prefixListId": "pl-{hex:8}",
			},
		}),
		balancerType: {
			Foreign: true, Name: "{name}",
			References: []simulation.Reference{
				toSubnets("subnets", simulation.Holds), toGroups("securityGroups", simulation.Holds),
				toVPC(simulation.Holds),
				{Path: "vpcId", To: []string{gatewayType}, By: []string{"vpcId"}},
			},
		},
	}
}

// regionalService refuses the endpoint of a service in another region.
func regionalService(o *simulation.Operation) error {
	service, region := o.Text("serviceName"), o.Text("region")
	prefix := "com.amazonaws." + region + "."
	if o.Text("partition") == "aws-cn" {
		prefix = "cn." + prefix
	}
	if len(service) <= len(prefix) || service[:len(prefix)] != prefix {
		return o.Refuse("InvalidServiceName: The Vpc Endpoint Service '%s' does not exist", service)
	}
	return nil
}
