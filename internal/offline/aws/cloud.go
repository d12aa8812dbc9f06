package aws

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"strings"

	"plinth/internal/offline/simulation"
)

// Version is that of the SDK which programs are built with.
const Version = "6.83.2"

// anyAccount is the account that the simulated credentials lead to where the provider does not say which is allowed.
const anyAccount = "123456789012"

//go:embed inputs.txt
var inputs string

// object is a set of properties.
type object = simulation.Object

// Cloud is the simulated AWS. Its clusters hand out the given API server.
func Cloud(kubernetes simulation.Kubernetes) simulation.Cloud {
	types := map[string]simulation.Type{}
	for _, table := range []map[string]simulation.Type{
		networkTypes(), securityGroupTypes(), endpointTypes(), machineTypes(), clusterTypes(), accessTypes(), identityTypes(),
		keyTypes(), logTypes(), registryTypes(), bucketTypes(), databaseTypes(), secretTypes(),
	} {
		maps.Copy(types, table)
	}
	return simulation.Cloud{
		Name: "aws", Version: Version, Inputs: inputs, Types: types, Functions: functions(), Settings: settings,
		Labels: "defaultTags.tags", Kubernetes: kubernetes, Cluster: clusterType, Inhabitant: inhabitant,
	}
}

// settings are what templates may use: region, account, partition and the suffix of host names.
func settings(arguments object) (object, error) {
	region, _ := arguments["region"].(string)
	if region == "" {
		return nil, errors.New("missing region configuration: set the aws provider's region")
	}
	account := anyAccount
	if allowed, ok := arguments["allowedAccountIds"].([]any); ok && len(allowed) > 0 {
		account = fmt.Sprint(allowed[0])
	}
	s := object{"region": region, "account": account, "partition": "aws", "suffix": "amazonaws.com"}
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html.
	switch {
	case strings.HasPrefix(region, "cn-"):
		s["partition"], s["suffix"] = "aws-cn", "amazonaws.com.cn"
	case strings.HasPrefix(region, "us-gov-"):
		s["partition"] = "aws-us-gov"
	}
	return s, nil
}

// functions are the invokes.
func functions() map[string]simulation.Function {
	return map[string]simulation.Function{
		"aws:index/getCallerIdentity:getCallerIdentity": func(s, _ object) (object, error) {
			account := fmt.Sprint(s["account"])
			return object{
				"id": account, "accountId": account, "userId": "AIDASIMULATED",
				"arn": fmt.Sprintf("arn:%s:iam::%s:user/simulated", s["partition"], account),
			}, nil
		},
		"aws:index/getPartition:getPartition": func(s, _ object) (object, error) {
			return object{
				"id": s["partition"], "partition": s["partition"], "dnsSuffix": s["suffix"], "reverseDnsPrefix": "com.amazonaws",
			}, nil
		},
		"aws:index/getRegion:getRegion": func(s, _ object) (object, error) {
			return object{
				"id": s["region"], "name": s["region"], "description": s["region"],
				"endpoint": fmt.Sprintf("ec2.%s.%s", s["region"], s["suffix"]),
			}, nil
		},
		"aws:index/getAvailabilityZones:getAvailabilityZones": func(s, _ object) (object, error) {
			names, ids := []any{}, []any{}
			for i, zone := range []string{"a", "b", "c"} {
				names = append(names, fmt.Sprintf("%s%s", s["region"], zone))
				ids = append(ids, fmt.Sprintf("simulated-az%d", i+1))
			}
			return object{"id": s["region"], "names": names, "zoneIds": ids, "groupNames": []any{s["region"]}}, nil
		},
	}
}

// The types that others refer to.
const (
	vpcType            = "aws:ec2/vpc:Vpc"
	subnetType         = "aws:ec2/subnet:Subnet"
	gatewayType        = "aws:ec2/internetGateway:InternetGateway"
	addressType        = "aws:ec2/eip:Eip"
	natType            = "aws:ec2/natGateway:NatGateway"
	routeTableType     = "aws:ec2/routeTable:RouteTable"
	securityGroupType  = "aws:ec2/securityGroup:SecurityGroup"
	defaultGroupType   = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	endpointType       = "aws:ec2/vpcEndpoint:VpcEndpoint"
	templateType       = "aws:ec2/launchTemplate:LaunchTemplate"
	balancerType       = "aws:lb/loadBalancer:LoadBalancer"
	volumeType         = "aws:ebs/volume:Volume"
	clusterType        = "aws:eks/cluster:Cluster"
	nodeGroupType      = "aws:eks/nodeGroup:NodeGroup"
	accessEntryType    = "aws:eks/accessEntry:AccessEntry"
	roleType           = "aws:iam/role:Role"
	policyType         = "aws:iam/policy:Policy"
	keyType            = "aws:kms/key:Key"
	logGroupType       = "aws:cloudwatch/logGroup:LogGroup"
	repositoryType     = "aws:ecr/repository:Repository"
	bucketType         = "aws:s3/bucketV2:BucketV2"
	oldBucketType      = "aws:s3/bucket:Bucket"
	databaseType       = "aws:rds/instance:Instance"
	subnetGroupType    = "aws:rds/subnetGroup:SubnetGroup"
	parameterGroupType = "aws:rds/parameterGroup:ParameterGroup"
	snapshotType       = "aws:rds/snapshot:Snapshot"
	secretType         = "aws:secretsmanager/secret:Secret"
)

// tagged are the properties that hold tags, alike for all types.
func tagged(t simulation.Type) simulation.Type {
	t.Tags, t.AllTags = "tags", []string{"tagsAll"}
	if t.Name == "" {
		t.Name = "{tags.Name}"
	}
	return t
}

// to is a reference to an entry's id.
func to(path, token, absent string, then simulation.Fate) simulation.Reference {
	return simulation.Reference{Path: path, To: []string{token}, Absent: absent, Then: then}
}

// by is a reference to another property.
func by(path, token, property, absent string, then simulation.Fate) simulation.Reference {
	r := to(path, token, absent, then)
	r.By = []string{property}
	return r
}

// toGroups is a reference to security groups.
func toGroups(path string, then simulation.Fate) simulation.Reference {
	return simulation.Reference{
		Path: path, To: []string{securityGroupType, defaultGroupType}, Then: then,
		Absent: "InvalidGroup.NotFound: The security group '{value}' does not exist",
	}
}

func toVPC(then simulation.Fate) simulation.Reference {
	return to("vpcId", vpcType, "InvalidVpcID.NotFound: The vpc ID '{value}' does not exist", then)
}

func toSubnets(path string, then simulation.Fate) simulation.Reference {
	return to(path, subnetType, "InvalidSubnetID.NotFound: The subnet ID '{value}' does not exist", then)
}

// toKey is a reference to a key by its ARN. Whoever uses it keeps no key from being deleted.
func toKey(path string) simulation.Reference {
	r := by(path, keyType, "arn", "NotFoundException: Key '{value}' does not exist", simulation.Stays)
	r.By = append(r.By, "keyId")
	return r
}

// toRole is a reference to a role by its ARN. Whoever acts as it keeps no role from being deleted.
func toRole(path, absent string) simulation.Reference {
	return by(path, roleType, "arn", absent, simulation.Stays)
}
