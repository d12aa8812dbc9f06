package aws_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/internal/offline/aws"
	"plinth/internal/offline/simulation"
	"plinth/internal/offline/simulation/simulationtest"
)

type object = simulationtest.Object

const (
	vpcType         = "aws:ec2/vpc:Vpc"
	subnetType      = "aws:ec2/subnet:Subnet"
	gatewayType     = "aws:ec2/internetGateway:InternetGateway"
	eipType         = "aws:ec2/eip:Eip"
	natType         = "aws:ec2/natGateway:NatGateway"
	tableType       = "aws:ec2/routeTable:RouteTable"
	routeType       = "aws:ec2/route:Route"
	associationType = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	groupType       = "aws:ec2/securityGroup:SecurityGroup"
	ingressType     = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	defaultType     = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	endpointType    = "aws:ec2/vpcEndpoint:VpcEndpoint"
	templateType    = "aws:ec2/launchTemplate:LaunchTemplate"
	flowType        = "aws:ec2/flowLog:FlowLog"
	clusterType     = "aws:eks/cluster:Cluster"
	nodesType       = "aws:eks/nodeGroup:NodeGroup"
	addonType       = "aws:eks/addon:Addon"
	accessType      = "aws:eks/accessEntry:AccessEntry"
	accessPolicy    = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
	podType         = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
	roleType        = "aws:iam/role:Role"
	rolePolicyType  = "aws:iam/rolePolicy:RolePolicy"
	attachmentType  = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	policyType      = "aws:iam/policy:Policy"
	keyType         = "aws:kms/key:Key"
	logType         = "aws:cloudwatch/logGroup:LogGroup"
	repositoryType  = "aws:ecr/repository:Repository"
	bucketType      = "aws:s3/bucketV2:BucketV2"

	bucketPolicyType = "aws:s3/bucketPolicy:BucketPolicy"
	encryptionType   = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	lifecycleType    = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
	databaseType     = "aws:rds/instance:Instance"
	secretType       = "aws:secretsmanager/secret:Secret"
)

// account is a small system: a network in two zones, a cluster with nodes, and a key.
type account struct {
	*simulationtest.Engine
	made map[string]*simulationtest.Resource
	// order is that of making.
	order []string
}

func (a *account) add(token, name string, inputs object) *simulationtest.Resource {
	r := a.Must(token, name, inputs)
	a.made[name], a.order = r, append(a.order, name)
	return r
}

// trust is a policy by which a service may assume a role.
func trust(service string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`
}

const readAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`

func open(t *testing.T, kubernetes simulation.Kubernetes) *account {
	t.Helper()
	return &account{
		simulationtest.Start(t, aws.Cloud(kubernetes), t.TempDir(), object{
			"region": "eu-central-1", "defaultTags": `{"tags":{"plinth-stack":"test"}}`, "allowedAccountIds": `["999988887777"]`,
		}), map[string]*simulationtest.Resource{}, nil,
	}
}

func system(t *testing.T, kubernetes simulation.Kubernetes) *account {
	t.Helper()
	a := open(t, kubernetes)
	vpc := a.add(vpcType, "vpc", object{"cidrBlock": "10.0.0.0/16", "tags": object{"Name": "main"}})
	a.add(defaultType, "default", object{"vpcId": vpc.ID})
	gateway := a.add(gatewayType, "gateway", object{"vpcId": vpc.ID})
	subnets := []any{}
	for i, zone := range []string{"a", "b"} {
		s := a.add(subnetType, "subnet-"+zone, object{
			"vpcId": vpc.ID, "cidrBlock": fmt.Sprintf("10.0.%d.0/24", i), "availabilityZone": "eu-central-1" + zone,
		})
		subnets = append(subnets, s.ID)
	}
	public := a.add(tableType, "table", object{"vpcId": vpc.ID})
	a.add(routeType, "route", object{"routeTableId": public.ID, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway.ID})
	a.add(associationType, "association", object{"routeTableId": public.ID, "subnetId": subnets[0]})
	eip := a.add(eipType, "eip", object{"domain": "vpc"})
	a.add(natType, "nat", object{"subnetId": subnets[0], "allocationId": eip.ID})
	role := a.add(roleType, "control", object{"name": "control", "assumeRolePolicy": trust("eks.amazonaws.com")})
	a.add(attachmentType, "control-policy", object{
		"role": role.Get("name"), "policyArn": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
	})
	node := a.add(roleType, "node", object{"name": "node", "assumeRolePolicy": trust("ec2.amazonaws.com")})
	pods := a.add(roleType, "pods", object{"name": "pods", "assumeRolePolicy": trust("pods.eks.amazonaws.com")})
	extra := a.add(groupType, "extra", object{"vpcId": vpc.ID, "name": "extra"})
	cluster := a.add(clusterType, "cluster", object{
		"name": "main", "roleArn": role.Get("arn"), "version": "1.35", "accessConfig": object{"authenticationMode": "API"},
		"vpcConfig":               object{"subnetIds": subnets, "securityGroupIds": []any{extra.ID}},
		"kubernetesNetworkConfig": object{"serviceIpv4Cidr": "10.8.0.0/20"},
	})
	admin := "arn:aws:iam::999988887777:role/admin"
	a.add(accessType, "admin", object{"clusterName": cluster.ID, "principalArn": admin})
	a.add(accessPolicy, "admin-policy", object{
		"clusterName": cluster.ID, "principalArn": admin, "accessScope": object{"type": "cluster"},
		"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
	})
	a.add(addonType, "cni", object{"clusterName": cluster.ID, "addonName": "vpc-cni", "addonVersion": "v1.22.4-eksbuild.3"})
	template := a.add(templateType, "template", object{})
	a.add(nodesType, "nodes", object{
		"clusterName": cluster.ID, "nodeRoleArn": node.Get("arn"), "subnetIds": subnets,
		"scalingConfig":  object{"minSize": 1, "desiredSize": 2, "maxSize": 3},
		"launchTemplate": object{"id": template.ID, "version": fmt.Sprint(template.Get("latestVersion"))},
	})
	a.add(podType, "pod", object{
		"clusterName": cluster.ID, "namespace": "shop", "serviceAccount": "web", "roleArn": pods.Get("arn"),
	})
	return a
}

func TestASystemComesUpAndGoesDown(t *testing.T) {
	a := system(t, simulation.Kubernetes{Server: "https://127.0.0.1:6443", CA: "PEM", Token: "x"})
	cluster := a.made["cluster"]
	for path, want := range map[string]any{
		"endpoint": "https://127.0.0.1:6443", "certificateAuthority.data": "UEVN", "name": "main",
		"arn": "arn:aws:eks:eu-central-1:999988887777:cluster/main", "vpcConfig.vpcId": a.made["vpc"].ID,
		`tagsAll["plinth-stack"]`: "test",
	} {
		if got := cluster.Get(path); got != want {
			t.Errorf("cluster's %s: got %v, want %v", path, got, want)
		}
	}
	if a.made["vpc"].Get("ownerId") != "999988887777" || a.made["template"].Get("latestVersion") != 1.0 {
		t.Error("the account or the version of the launch template is wrong")
	}
	for _, r := range a.made {
		before := r.Inputs
		if a.Refresh(r) || !r.Inputs.DeepEquals(before) {
			t.Errorf("%s: got other inputs after a refresh: %v, want %v", r.URN, r.Inputs, before)
		}
	}
	// No API server is there to be asked for load balancers.
	b := system(t, simulation.Kubernetes{})
	for i := len(b.order) - 1; i >= 0; i-- {
		if err := b.Delete(b.made[b.order[i]]); err != nil {
			t.Fatalf("deleting %s: %v", b.order[i], err)
		}
	}
	if left := b.Left(); len(left) != 0 {
		t.Errorf("got %q in the account after all is deleted, want nothing", left)
	}
}

// ids puts the ids and outputs of a system into inputs: "@vpc" is the id of vpc, "@role.arn" an output.
func (a *account) ids(v any) any {
	switch v := v.(type) {
	case string:
		name, ok := strings.CutPrefix(v, "@")
		if !ok {
			return v
		}
		name, output, given := strings.Cut(name, ".")
		if given {
			return a.made[name].Get(output)
		}
		return a.made[name].ID
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = a.ids(e)
		}
		return list
	case object:
		result := object{}
		for key, e := range v {
			result[key] = a.ids(e)
		}
		return result
	}
	return v
}

func cluster(change object) object {
	return simulationtest.With(object{
		"name": "other", "roleArn": "@control.arn", "vpcConfig": object{"subnetIds": []any{"@subnet-a", "@subnet-b"}},
	}, change)
}

func nodes(change object) object {
	return simulationtest.With(object{
		"clusterName": "main", "nodeRoleArn": "@node.arn", "subnetIds": []any{"@subnet-a"},
		"scalingConfig": object{"minSize": 1, "desiredSize": 1, "maxSize": 1},
	}, change)
}

func TestWhatAWSRefusesToMake(t *testing.T) {
	a := system(t, simulation.Kubernetes{})
	a.add(keyType, "key", object{})
	a.add(bucketType, "bucket", object{"bucket": "taken-bucket"})
	a.add("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "block", object{"bucket": "taken-bucket", "blockPublicPolicy": true})
	if err := a.World.Plant(simulation.Entry{Type: "aws:s3/bucketOfSomebodyElse:BucketOfSomebodyElse", ID: "their-bucket"}); err != nil {
		t.Fatal(err)
	}
	a.add(repositoryType, "repository", object{"name": "shop/web"})
	a.add(logType, "logs", object{"name": "/shop/web"})
	a.add(databaseType, "db", object{"identifier": "db", "instanceClass": "db.t4g.small"})
	tests := []struct {
		name, token string
		inputs      object
		want        string
	}{
		{"VPC too large", vpcType, object{"cidrBlock": "10.0.0.0/8"}, "InvalidVpc.Range: The CIDR '10.0.0.0/8' is invalid."},
		{"subnet of nobody", subnetType, object{"vpcId": "vpc-0", "cidrBlock": "10.0.9.0/24"}, "InvalidVpcID.NotFound: The vpc ID 'vpc-0' does not exist"},
		{"subnet outside", subnetType, object{"vpcId": "@vpc", "cidrBlock": "10.1.0.0/24"}, "InvalidSubnet.Range: The CIDR '10.1.0.0/24' is invalid."},
		{"subnet overlapping", subnetType, object{"vpcId": "@vpc", "cidrBlock": "10.0.0.128/25"}, "InvalidSubnet.Conflict: The CIDR '10.0.0.128/25' conflicts with another subnet"},
		{"subnet in another region", subnetType, object{"vpcId": "@vpc", "cidrBlock": "10.0.9.0/24", "availabilityZone": "us-east-1a"}, "InvalidParameterValue: Value (us-east-1a) for parameter availabilityZone is invalid."},
		{"second gateway", gatewayType, object{"vpcId": "@vpc"}, "Resource.AlreadyAssociated"},
		{"NAT with an address in use", natType, object{"subnetId": "@subnet-a", "allocationId": "@eip"}, "Resource.AlreadyAssociated"},
		{"NAT with no address", natType, object{"subnetId": "@subnet-a"}, "MissingParameter"},
		{"route twice", routeType, object{"routeTableId": "@table", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "@gateway"}, "RouteAlreadyExists: The route identified by 0.0.0.0/0 already exists."},
		{"route to nobody", routeType, object{"routeTableId": "@table", "destinationCidrBlock": "10.9.0.0/16", "natGatewayId": "nat-0"}, "InvalidNatGatewayID.NotFound"},
		{"security group named sg-", groupType, object{"vpcId": "@vpc", "name": "sg-x"}, "name: must match"},
		{"security group twice", groupType, object{"vpcId": "@vpc", "name": "extra"}, "InvalidGroup.Duplicate: The security group 'extra' already exists for VPC"},
		{"security group of odd description", groupType, object{"vpcId": "@vpc", "description": "nodes → pods"}, "InvalidParameterValue: Value for parameter GroupDescription is invalid"},
		{"rule of nobody", ingressType, object{"securityGroupId": "sg-0", "ipProtocol": "tcp"}, "InvalidGroup.NotFound: The security group 'sg-0' does not exist"},
		{"rule with a malformed range", ingressType, object{"securityGroupId": "@extra", "ipProtocol": "tcp", "cidrIpv4": "10.0.0.1/8"}, "InvalidParameterValue: CIDR block 10.0.0.1/8 is malformed"},
		{"endpoint of another region", endpointType, object{"vpcId": "@vpc", "serviceName": "com.amazonaws.us-east-1.s3"}, "InvalidServiceName: The Vpc Endpoint Service 'com.amazonaws.us-east-1.s3' does not exist"},
		{"flow log to nobody", flowType, object{"vpcId": "@vpc", "trafficType": "ALL", "logDestination": "arn:x"}, "the log destination 'arn:x' does not exist"},
		{"role name too long", roleType, object{"name": strings.Repeat("x", 65), "assumeRolePolicy": trust("x")}, "name: must be at most 64 characters long, got 65"},
		{"role taken", roleType, object{"name": "control", "assumeRolePolicy": trust("x")}, "EntityAlreadyExists: Role with name control already exists."},
		{"role with a policy that does not parse", roleType, object{"assumeRolePolicy": "{"}, "assumeRolePolicy: contains an invalid JSON policy"},
		{"role that nobody may assume", roleType, object{"assumeRolePolicy": readAll}, "MalformedPolicyDocument: Missing required field Principal"},
		{"policy with a principal", policyType, object{"policy": trust("x")}, "MalformedPolicyDocument: Policy document should not specify a principal."},
		{"policy of a role that is not there", rolePolicyType, object{"role": "nobody", "policy": readAll}, "NoSuchEntity: The role with name nobody cannot be found."},
		{"attachment of an unknown policy", attachmentType, object{"role": "control", "policyArn": "arn:aws:iam::aws:policy/AmazonEKSClustersPolicy"}, "NoSuchEntity: Policy arn:aws:iam::aws:policy/AmazonEKSClustersPolicy does not exist"},
		{"cluster name too long", clusterType, cluster(object{"name": strings.Repeat("x", 101)}), "name: must be at most 100 characters long, got 101"},
		{"cluster taken", clusterType, cluster(object{"name": "main"}), "ResourceInUseException: Cluster already exists with name: main"},
		{"cluster in one zone", clusterType, cluster(object{"vpcConfig": object{"subnetIds": []any{"@subnet-a"}}}), "Subnets specified must be in at least two different AZs"},
		{"cluster without role", clusterType, cluster(object{"roleArn": "arn:aws:iam::999988887777:role/nobody"}), "Role with arn: arn:aws:iam::999988887777:role/nobody, could not be assumed"},
		{"cluster with another's role", clusterType, cluster(object{"roleArn": "@node.arn"}), "does not allow eks.amazonaws.com to assume it"},
		{"cluster that nobody reaches", clusterType, cluster(object{"vpcConfig": object{"subnetIds": []any{"@subnet-a", "@subnet-b"}, "endpointPublicAccess": false}}), "Private and public endpoint access cannot be false"},
		{"cluster whose Services are in the VPC", clusterType, cluster(object{"kubernetesNetworkConfig": object{"serviceIpv4Cidr": "10.0.128.0/20"}}), "the service CIDR 10.0.128.0/20 overlaps the VPC's 10.0.0.0/16"},
		{"cluster with an unknown kind of logs", clusterType, cluster(object{"enabledClusterLogTypes": []any{"everything"}}), "must be one of api, audit"},
		{"nodes of nobody", nodesType, nodes(object{"clusterName": "nobody"}), "ResourceNotFoundException: No cluster found for name: nobody."},
		{"nodes fewer than the least", nodesType, nodes(object{"scalingConfig": object{"minSize": 3, "desiredSize": 2, "maxSize": 3}}), "Minimum capacity 3 can't be greater than desired size 2"},
		{"nodes more than the most", nodesType, nodes(object{"scalingConfig": object{"minSize": 1, "desiredSize": 4, "maxSize": 3}}), "desired capacity 4 can't be greater than max size 3"},
		{"nodes newer than the cluster", nodesType, nodes(object{"version": "1.36"}), "Requested Nodegroup version 1.36 is not supported with cluster version 1.35"},
		{"nodes of another release", nodesType, nodes(object{"releaseVersion": "1.34.9-20260801"}), "Requested release version 1.34.9-20260801 is not valid for kubernetes version 1.35."},
		{"nodes with the disk said twice", nodesType, nodes(object{"diskSize": 50, "launchTemplate": object{"id": "@template", "version": "1"}}), "Disk size must be specified within the launch template"},
		{"nodes with the wrong role", nodesType, nodes(object{"nodeRoleArn": "@control.arn"}), "does not allow ec2.amazonaws.com to assume it"},
		{"unknown addon", addonType, object{"clusterName": "main", "addonName": "vpc-cmi"}, "Addon vpc-cmi specified is not supported"},
		{"addon twice", addonType, object{"clusterName": "main", "addonName": "vpc-cni"}, "ResourceInUseException: Addon already exists."},
		{"access twice", accessType, object{"clusterName": "main", "principalArn": "arn:aws:iam::999988887777:role/admin"}, "ResourceInUseException: The specified access entry resource is already in use on this cluster."},
		{"access of no principal", accessType, object{"clusterName": "main", "principalArn": "admin"}, "The specified principalArn is invalid"},
		{"access to system groups", accessType, object{"clusterName": "main", "principalArn": "arn:aws:iam::999988887777:role/x", "kubernetesGroups": []any{"system:masters"}}, "it cannot start with system:"},
		{"policy for a stranger", accessPolicy, object{"clusterName": "main", "principalArn": "arn:aws:iam::999988887777:role/x", "accessScope": object{"type": "cluster"}, "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"}, "ResourceNotFoundException: The specified principalArn could not be found."},
		{"second identity of one account", podType, object{"clusterName": "main", "namespace": "shop", "serviceAccount": "web", "roleArn": "@pods.arn"}, "ResourceInUseException: Association already exists"},
		{"identity without pods' trust", podType, object{"clusterName": "main", "namespace": "shop", "serviceAccount": "x", "roleArn": "@node.arn"}, "does not allow pods.eks.amazonaws.com to assume it"},
		{"key that nobody could change", keyType, object{"policy": `{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:Encrypt","Resource":"*"}}`}, "MalformedPolicyDocumentException: The new key policy will not allow you to update the key policy in the future."},
		{"key that goes too fast", keyType, object{"deletionWindowInDays": 6}, "must be from 7 to 30"},
		{"log group taken", logType, object{"name": "/shop/web"}, "ResourceAlreadyExistsException: The specified log group already exists"},
		{"log group malformed", logType, object{"name": "shop web"}, "name: must match"},
		{"log group of odd retention", logType, object{"retentionInDays": 10}, "must be one of 0, 1, 3"},
		{"log group whose key does not let logs in", logType, object{"kmsKeyId": "@key.arn"}, "is not allowed to be used with this log group"},
		{"repository in capitals", repositoryType, object{"name": "Shop"}, "name: must match"},
		{"repository taken", repositoryType, object{"name": "shop/web"}, "RepositoryAlreadyExistsException: The repository with name 'shop/web' already exists"},
		{"repository policy that does not parse", "aws:ecr/repositoryPolicy:RepositoryPolicy", object{"repository": "shop/web", "policy": "no"}, "policy: contains an invalid JSON policy"},
		{"bucket in capitals", bucketType, object{"bucket": "My-Bucket"}, "bucket: must match"},
		{"bucket taken", bucketType, object{"bucket": "taken-bucket"}, "BucketAlreadyOwnedByYou"},
		{"bucket with a name of S3's own", bucketType, object{"bucket": "assets-s3alias"}, "InvalidBucketName"},
		{"bucket that is an address", bucketType, object{"bucket": "192.0.2.1"}, "InvalidBucketName"},
		{"bucket of somebody else's", bucketType, object{"bucket": "their-bucket"}, "BucketAlreadyExists: The requested bucket name is not available"},
		{"policy about another bucket", bucketPolicyType, object{"bucket": "taken-bucket", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::other/*"}]}`}, "MalformedPolicy: Policy has invalid resource: arn:aws:s3:::other/*"},
		{"policy of nobody", bucketPolicyType, object{"bucket": "taken-bucket", "policy": readAll}, "MalformedPolicy: Missing required field Principal"},
		{"policy that does not parse", bucketPolicyType, object{"bucket": "taken-bucket", "policy": "{"}, "contains an invalid JSON policy"},
		{"policy for everybody", bucketPolicyType, object{"bucket": "taken-bucket", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::taken-bucket/*"}]}`}, "AccessDenied: User is not authorized to perform: s3:PutBucketPolicy"},
		{"logs to nowhere", "aws:s3/bucketLoggingV2:BucketLoggingV2", object{"bucket": "taken-bucket", "targetBucket": "none", "targetPrefix": "x/"}, "InvalidTargetBucketForLogging"},
		{"encryption of no kind", encryptionType, object{"bucket": "taken-bucket", "rules": []any{object{"applyServerSideEncryptionByDefault": object{"sseAlgorithm": "rot13"}}}}, "must be one of AES256, aws:kms, aws:kms:dsse"},
		{"a key where none is taken", encryptionType, object{"bucket": "taken-bucket", "rules": []any{object{"applyServerSideEncryptionByDefault": object{"sseAlgorithm": "AES256", "kmsMasterKeyId": "k"}}}}, "a KMSMasterKeyID is not applicable"},
		{"ownership of no kind", "aws:s3/bucketOwnershipControls:BucketOwnershipControls", object{"bucket": "taken-bucket", "rule": object{"objectOwnership": "Mine"}}, "must be one of BucketOwnerEnforced"},
		{"lifecycle that does nothing", lifecycleType, object{"bucket": "taken-bucket", "rules": []any{object{"id": "a", "status": "Enabled"}}}, "At least one action needs to be specified in a rule"},
		{"lifecycle with one rule twice", lifecycleType, object{"bucket": "taken-bucket", "rules": []any{object{"id": "a", "status": "Enabled", "expiration": object{"days": 1}}, object{"id": "a", "status": "Enabled", "expiration": object{"days": 2}}}}, "Rule ID must be unique"},
		{"lifecycle of days and markers", lifecycleType, object{"bucket": "taken-bucket", "rules": []any{object{"id": "a", "status": "Enabled", "expiration": object{"days": 1, "expiredObjectDeleteMarker": true}}}}, "MalformedXML"},
		{"lifecycle of no days", lifecycleType, object{"bucket": "taken-bucket", "rules": []any{object{"id": "a", "status": "Enabled", "noncurrentVersionExpiration": object{"noncurrentDays": 0}}}}, "must be a positive integer, got 0"},
		{"setting of no bucket", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", object{"bucket": "no-bucket"}, "NoSuchBucket: The specified bucket does not exist: no-bucket"},
		{"replica of no backups", databaseType, object{"identifier": "replica", "instanceClass": "db.t4g.small", "replicateSourceDb": "db"}, "Automated backups are not enabled for this database instance."},
		{"database of nobody's subnets", databaseType, object{"instanceClass": "db.t4g.small", "dbSubnetGroupName": "none"}, "DBSubnetGroupNotFoundFault: DBSubnetGroup 'none' not found."},
		{"subnets of one zone", "aws:rds/subnetGroup:SubnetGroup", object{"subnetIds": []any{"@subnet-a"}}, "DBSubnetGroupDoesNotCoverEnoughAZs"},
		{"bad password", databaseType, object{"instanceClass": "db.t4g.small", "password": resource.MakeSecret(resource.NewStringProperty("a/b@c\"de"))}, "MasterUserPassword is not a valid password"},
		{"unknown input", vpcType, object{"cidr": "10.0.0.0/16"}, "cidr: aws:ec2/vpc:Vpc has no property cidr"},
		{"unknown type", "aws:sqs/queue:Queue", object{}, "resource type aws:sqs/queue:Queue: the simulated cloud aws does not know it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inputs, _ := a.ids(test.inputs).(object)
			_, err := a.Create(test.token, "it", inputs)
			if test.want == "" {
				t.Fatal("the test wants nothing")
			}
			simulationtest.Expect(t, err, test.want)
		})
	}
}

func TestWhatAWSRefusesToDelete(t *testing.T) {
	a := system(t, simulation.Kubernetes{})
	a.add(policyType, "policy", object{"name": "read", "policy": readAll})
	a.add(attachmentType, "node-policy", object{"role": "node", "policyArn": a.made["policy"].ID})
	a.add(groupType, "peer", object{"vpcId": a.made["vpc"].ID})
	a.add(ingressType, "from-peer", object{
		"securityGroupId": a.made["extra"].ID, "referencedSecurityGroupId": a.made["peer"].ID, "ipProtocol": "-1",
	})
	a.add(bucketType, "bucket", object{"bucket": "full-bucket"})
	a.add(repositoryType, "repository", object{"name": "full"})
	for _, e := range []simulation.Entry{
		{Type: "aws:s3/bucketObjectv2:BucketObjectv2", ID: "k", Inputs: object{"bucket": "full-bucket"}},
		{Type: "aws:ecr/image:Image", ID: "i", Inputs: object{"repository": "full"}},
	} {
		if err := a.World.Plant(e); err != nil {
			t.Fatal(err)
		}
	}
	a.add(databaseType, "db", object{"identifier": "db", "instanceClass": "db.t4g.small"})
	a.add(databaseType, "guarded", object{"identifier": "guarded", "instanceClass": "db.t4g.small", "deletionProtection": true})
	for name, want := range map[string]string{
		"vpc":        "DependencyViolation: The vpc '" + a.made["vpc"].ID + "' has dependencies and cannot be deleted.",
		"subnet-a":   "DependencyViolation: The subnet '" + a.made["subnet-a"].ID + "' has dependencies and cannot be deleted.",
		"gateway":    "has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.",
		"eip":        "InvalidIPAddress.InUse",
		"table":      "DependencyViolation: The routeTable '" + a.made["table"].ID + "' has dependencies and cannot be deleted.",
		"extra":      "DependencyViolation: resource " + a.made["extra"].ID + " has a dependent object",
		"peer":       "DependencyViolation: resource " + a.made["peer"].ID + " has a dependent object",
		"control":    "DeleteConflict: Cannot delete entity, must detach all policies first.",
		"policy":     "DeleteConflict: Cannot delete a policy attached to entities.",
		"cluster":    "ResourceInUseException: Cluster has nodegroups attached",
		"bucket":     "BucketNotEmpty: The bucket you tried to delete is not empty: full-bucket",
		"repository": "RepositoryNotEmptyException: The repository with name 'full' cannot be deleted because it still contains images",
		"db":         "final_snapshot_identifier is required when skip_final_snapshot is false",
		"guarded":    "Cannot delete protected DB Instance, please disable deletion protection and try again.",
	} {
		t.Run(name, func(t *testing.T) {
			simulationtest.Expect(t, a.Delete(a.made[name]), want)
			if a.Refresh(a.made[name]) {
				t.Error("what was refused to be deleted is gone")
			}
		})
	}
}

func TestLastSnapshotsStayAndTakeTheirNames(t *testing.T) {
	a := open(t, simulation.Kubernetes{})
	inputs := object{"identifier": "db", "instanceClass": "db.t4g.small", "finalSnapshotIdentifier": "db-final"}
	simulationtest.Expect(t, a.Delete(a.Must(databaseType, "db", inputs)), "")
	if left := a.Left(); len(left) != 1 || left[0] != "aws:rds/snapshot:Snapshot db-final" {
		t.Errorf("got %q after the delete, want the snapshot", left)
	}
	simulationtest.Expect(t, a.Delete(a.Must(databaseType, "db", inputs)), "DBSnapshotAlreadyExists: Cannot create the "+
		"snapshot because a snapshot with the identifier db-final already exists.")
}

func TestASecretsNameIsTakenWhileItCanBeRestored(t *testing.T) {
	a := open(t, simulation.Kubernetes{})
	simulationtest.Expect(t, a.Delete(a.Must(secretType, "a", object{"name": "kept"})), "")
	_, err := a.Create(secretType, "a", object{"name": "kept"})
	simulationtest.Expect(t, err, "a secret with this name is already scheduled for deletion")
	simulationtest.Expect(t, a.Delete(a.Must(secretType, "b", object{"name": "gone", "recoveryWindowInDays": 0})), "")
	_, err = a.Create(secretType, "b", object{"name": "gone"})
	simulationtest.Expect(t, err, "")
}

func TestEKSMakesItsLogGroupWhereNobodyHas(t *testing.T) {
	a := system(t, simulation.Kubernetes{})
	c, _ := a.ids(cluster(object{"enabledClusterLogTypes": []any{"audit"}})).(object)
	logged := a.Must(clusterType, "logged", c)
	_, err := a.Create(logType, "logs", object{"name": "/aws/eks/other/cluster"})
	simulationtest.Expect(t, err, "ResourceAlreadyExistsException")
	simulationtest.Expect(t, a.Delete(logged), "")
	left := strings.Join(a.Left(), "\n")
	if !strings.Contains(left, logType+" /aws/eks/other/cluster") {
		t.Error("the log group of the control plane went with the cluster")
	}
}

func TestVersionsGoUpOneByOne(t *testing.T) {
	a := system(t, simulation.Kubernetes{})
	inputs := func(version string) object {
		c, _ := a.ids(cluster(object{"version": version})).(object)
		return c
	}
	c := a.Must(clusterType, "other", inputs("1.33"))
	simulationtest.Expect(t, a.Update(c, inputs("1.35")), "Unsupported Kubernetes minor version update from 1.33 to 1.35")
	simulationtest.Expect(t, a.Update(c, inputs("1.34")), "")
	simulationtest.Expect(t, a.Update(c, inputs("1.33")), "Unsupported Kubernetes minor version update from 1.34 to 1.33")
}

func TestFunctionsTellWhereTheProviderWorks(t *testing.T) {
	a := open(t, simulation.Kubernetes{})
	for token, want := range map[string][2]string{
		"aws:index/getCallerIdentity:getCallerIdentity": {"accountId", "999988887777"},
		"aws:index/getPartition:getPartition":           {"partition", "aws"},
		"aws:index/getRegion:getRegion":                 {"name", "eu-central-1"},
	} {
		got, err := a.Invoke(token, object{})
		if err != nil || got[resource.PropertyKey(want[0])].StringValue() != want[1] {
			t.Errorf("%s: got %v and the error %v, want %s %s", token, got, err, want[0], want[1])
		}
	}
}

func TestABucketWithVersionsNeverIsOneWithout(t *testing.T) {
	a := open(t, simulation.Kubernetes{})
	a.Must(bucketType, "bucket", object{"bucket": "versions"})
	status := func(word string) object {
		return object{"bucket": "versions", "versioningConfiguration": object{"status": word}}
	}
	made := a.Must("aws:s3/bucketVersioningV2:BucketVersioningV2", "versions", status("Enabled"))
	simulationtest.Expect(t, a.Update(made, status("Disabled")),
		"versioning_configuration.status cannot be updated from 'Enabled' to 'Disabled'")
	simulationtest.Expect(t, a.Update(made, status("Suspended")), "")
}

func TestWhatIsInABucketGoesWithItWhereTheProgramSaysSo(t *testing.T) {
	a := open(t, simulation.Kubernetes{})
	made := a.Must(bucketType, "bucket", object{"bucket": "full", "forceDestroy": true})
	a.Must("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "block", object{"bucket": "full"})
	object := simulation.Entry{Type: "aws:s3/bucketObjectv2:BucketObjectv2", ID: "k", Inputs: object{"bucket": "full"}}
	if err := a.World.Plant(object); err != nil {
		t.Fatal(err)
	}
	simulationtest.Expect(t, a.Delete(made), "")
	if left := a.Left(); len(left) > 0 {
		t.Errorf("got %q after the delete, want nothing", left)
	}
}
