package aws

import (
	"fmt"
	"strings"

	"plinth/internal/offline/simulation"
)

// clusterTypes are EKS clusters, their nodes and addons. Errors:
// https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html and its neighbours.
func clusterTypes() map[string]simulation.Type {
	return map[string]simulation.Type{
		clusterType: tagged(simulation.Type{
			Replace: []string{
				"name", "roleArn", "bootstrapSelfManagedAddons", "encryptionConfig", "outpostConfig",
				"accessConfig.bootstrapClusterCreatorAdminPermissions", "kubernetesNetworkConfig.serviceIpv4Cidr",
				"kubernetesNetworkConfig.ipFamily",
			},
			Auto: "name", Defaults: object{"bootstrapSelfManagedAddons": true},
			Texts: []simulation.Text{
				{Path: "name", Min: 1, Max: 100, Pattern: `[0-9A-Za-z][A-Za-z0-9_-]*`},
				{Path: "version", Pattern: `1\.[0-9]{2}`, Fault: "InvalidParameterException: unsupported Kubernetes version"},
				{
					Path:  "enabledClusterLogTypes",
					Words: []string{"api", "audit", "authenticator", "controllerManager", "scheduler"},
				},
				{Path: "accessConfig.authenticationMode", Words: []string{"API", "API_AND_CONFIG_MAP", "CONFIG_MAP"}},
			},
			Unique: []simulation.Unique{{
				By:    []string{"name", "region", "account"},
				Taken: "ResourceInUseException: Cluster already exists with name: {value}",
			}},
			References: []simulation.Reference{
				toRole("roleArn", "InvalidParameterException: Role with arn: {value}, could not be assumed because it does not "+
					"exist or the trusted entity is not correct"),
				clusterSubnets("vpcConfig.subnetIds"), toGroups("vpcConfig.securityGroupIds", simulation.Holds),
				toKey("encryptionConfig.provider.keyArn"),
			},
			Ranges: []simulation.Range{
				// https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html.
				{
					Path: "kubernetesNetworkConfig.serviceIpv4Cidr", Shortest: 12, Longest: 24,
					Malformed: "InvalidParameterException: the service CIDR {value} must be a private range from /12 to /24",
				},
				{
					Path: "vpcConfig.publicAccessCidrs", Longest: 32,
					Malformed: "InvalidParameterException: The following CIDRs are not valid: [{value}]",
				},
			},
			Rules: []simulation.Rule{
				trusts("roleArn", "eks.amazonaws.com"), spread("vpcConfig.subnetIds",
					"InvalidParameterException: Subnets specified must be in at least two different AZs"),
				oneVPC("vpcConfig.subnetIds"), reachable, apartFromVPC, oneMinorUp, writesLogs,
			},
			ID: "{name}", Name: "{name}",
			Outputs: object{
				"arn":                    "arn:{partition}:eks:{region}:{account}:cluster/{name}",
				"certificateAuthority":   object{"data": "{kubernetes.ca}"},
				"certificateAuthorities": []any{object{"data": "{kubernetes.ca}"}},
				"createdAt":              "{now}", "endpoint": "{kubernetes.server}",
				"identities": []any{object{"oidcs": []any{object{
					"issuer": "https://oidc.eks.{region}.amazonaws.com/id/{upper:32}",
				}}}},
				"kubernetesNetworkConfig": object{"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4"},
				"platformVersion":         "eks.1", "status": "ACTIVE", "version": "1.35",
				"accessConfig": object{
					"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": true,
				},
				"vpcConfig": object{
					"clusterSecurityGroupId": "sg-{hex:17}", "vpcId": "{vpcConfig.subnetIds>vpcId}",
					"endpointPublicAccess": true, "endpointPrivateAccess": false, "publicAccessCidrs": []any{"0.0.0.0/0"},
				},
			},
			Sides: []simulation.Side{{
				Type: securityGroupType, ID: "{vpcConfig.clusterSecurityGroupId}",
				Properties: object{"name": "eks-cluster-sg-{name}-{digits:10}", "vpcId": "{vpcConfig.vpcId}"},
			}},
			Held: "ResourceInUseException: Cluster has nodegroups attached",
		}),
		nodeGroupType: tagged(simulation.Type{
			Replace: []string{
				"clusterName", "nodeGroupName", "nodeGroupNamePrefix", "nodeRoleArn", "subnetIds", "instanceTypes", "amiType",
				"capacityType", "diskSize", "remoteAccess", "launchTemplate.id", "launchTemplate.name",
			},
			Auto: "nodeGroupName",
			Texts: []simulation.Text{
				// https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html: "can't be longer than 63
				// characters. It must start with letter or digit, but can also include hyphens and underscores".
				{Path: "nodeGroupName", Min: 1, Max: 63, Pattern: `[0-9A-Za-z][A-Za-z0-9_-]*`},
				{Path: "capacityType", Words: []string{"ON_DEMAND", "SPOT", "CAPACITY_BLOCK"}},
				{Path: "taints.*.effect", Words: []string{"NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"}},
			},
			Unique: []simulation.Unique{{
				By:    []string{"nodeGroupName", "clusterName"},
				Taken: "ResourceInUseException: NodeGroup already exists with name {value}",
			}},
			References: []simulation.Reference{
				toCluster(simulation.Holds), clusterSubnets("subnetIds"),
				toRole("nodeRoleArn", "InvalidParameterException: Following required service principals [ec2.amazonaws.com] were "+
					"not found in the trust relationships of nodeRole {value}"),
				to("launchTemplate.id", templateType,
					"InvalidParameterException: The specified launch template, with template ID {value}, does not exist.",
					simulation.Stays),
			},
			Rules: []simulation.Rule{
				trusts("nodeRoleArn", "ec2.amazonaws.com"), bounded, clusterVersion, diskInTemplate, ofCluster,
			},
			ID: "{clusterName}:{nodeGroupName}", Name: "{nodeGroupName}",
			Outputs: object{
				"arn":     "arn:{partition}:eks:{region}:{account}:nodegroup/{clusterName}/{nodeGroupName}/{uuid}",
				"status":  "ACTIVE",
				"version": "{clusterName>version}", "amiType": "AL2023_x86_64_STANDARD", "capacityType": "ON_DEMAND",
				"resources": []any{object{"autoscalingGroups": []any{object{"name": "eks-{nodeGroupName}-{uuid}"}}}},
			},
		}),
		"aws:eks/addon:Addon": tagged(simulation.Type{
			Replace: []string{"clusterName", "addonName"},
			Texts: []simulation.Text{
				// https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html and
				// https://docs.aws.amazon.com/eks/latest/userguide/community-addons.html.
				{
					Path: "addonName", Words: []string{
						"adot", "amazon-cloudwatch-observability", "aws-ebs-csi-driver", "aws-efs-csi-driver", "aws-fsx-csi-driver",
						"aws-guardduty-agent", "aws-mountpoint-s3-csi-driver", "aws-network-flow-monitoring-agent",
						"aws-privateca-connector-for-kubernetes", "cert-manager", "coredns", "eks-node-monitoring-agent",
						"eks-pod-identity-agent", "external-dns", "fluent-bit", "kube-proxy", "kube-state-metrics", "metrics-server",
						"prometheus-node-exporter", "snapshot-controller", "vpc-cni",
					}, Fault: "InvalidParameterException: Addon {value} specified is not supported",
				},
				{
					Path: "addonVersion", Pattern: `v[0-9]+\.[0-9]+\.[0-9]+-eksbuild\.[0-9]+`,
					Fault: "InvalidParameterException: Addon version specified is not supported",
				},
			},
			Unique: []simulation.Unique{{
				By: []string{"addonName", "clusterName"}, Taken: "ResourceInUseException: Addon already exists.",
			}},
			References: []simulation.Reference{
				toCluster(simulation.Falls),
				toRole("serviceAccountRoleArn", "InvalidParameterException: the role {value} does not exist"),
				toRole("podIdentityAssociations.*.roleArn", "InvalidParameterException: the role {value} does not exist"),
			},
			Rules: []simulation.Rule{trusts("podIdentityAssociations.*.roleArn", "pods.eks.amazonaws.com")},
			ID:    "{clusterName}:{addonName}", Name: "{addonName}",
			Outputs: object{
				"arn":       "arn:{partition}:eks:{region}:{account}:addon/{clusterName}/{addonName}/{uuid}",
				"createdAt": "{now}", "modifiedAt": "{now}", "addonVersion": "v1.0.0-eksbuild.1",
			},
		}),
	}
}

func toCluster(then simulation.Fate) simulation.Reference {
	return by("clusterName", clusterType, "name", "ResourceNotFoundException: No cluster found for name: {value}.", then)
}

// clusterSubnets is a reference to subnets in the words of EKS.
func clusterSubnets(path string) simulation.Reference {
	return to(path, subnetType, "InvalidParameterException: The subnet ID '{value}' does not exist", simulation.Holds)
}

// zones are the zones of the subnets that a path names, each once, and the networks likewise.
func zones(o *simulation.Operation, path string) (zones, networks map[string]bool) {
	zones, networks = map[string]bool{}, map[string]bool{}
	for _, id := range o.Texts(path) {
		if subnet, ok := o.Find(subnetType, id); ok {
			zones[subnet.Text("availabilityZone")], networks[subnet.Text("vpcId")] = true, true
		}
	}
	return zones, networks
}

// spread demands subnets in two zones at least.
func spread(path, words string) simulation.Rule {
	return func(o *simulation.Operation) error {
		if in, _ := zones(o, path); len(in) < 2 {
			return o.Refuse("%s", words)
		}
		return nil
	}
}

// oneVPC demands subnets of one network.
func oneVPC(path string) simulation.Rule {
	return func(o *simulation.Operation) error {
		if _, in := zones(o, path); len(in) > 1 {
			return o.Refuse("InvalidParameterException: Subnets specified must belong to the same VPC")
		}
		return nil
	}
}

// reachable demands an endpoint.
func reachable(o *simulation.Operation) error {
	if o.Value("vpcConfig.endpointPublicAccess") == false && o.Value("vpcConfig.endpointPrivateAccess") != true {
		return o.Refuse("InvalidParameterException: Private and public endpoint access cannot be false")
	}
	return nil
}

// apartFromVPC refuses a range for Services that is in the network.
func apartFromVPC(o *simulation.Operation) error {
	vpc, ok := o.Find(vpcType, o.Text("vpcConfig.vpcId"))
	if services := o.Text("kubernetesNetworkConfig.serviceIpv4Cidr"); ok &&
		simulation.Overlap(services, vpc.Text("cidrBlock")) {
		return o.Refuse("InvalidParameterException: the service CIDR %s overlaps the VPC's %s", services,
			vpc.Text("cidrBlock"))
	}
	return nil
}

// oneMinorUp refuses a version that is older, or newer by more than one.
func oneMinorUp(o *simulation.Operation) error {
	if o.Old == nil {
		return nil
	}
	from, to := o.Old.Text("version"), o.Text("version")
	if step := simulation.Minor(to) - simulation.Minor(from); step < 0 || step > 1 {
		return o.Refuse("InvalidParameterException: Unsupported Kubernetes minor version update from %s to %s", from, to)
	}
	return nil
}

// writesLogs makes the log group of the control plane where nobody has, as EKS does: it is nobody's then, and stays
// when the cluster goes. https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html.
func writesLogs(o *simulation.Operation) error {
	name := "/aws/eks/" + o.Text("name") + "/cluster"
	if _, ok := o.Find(logGroupType, name, "name"); ok || len(o.Texts("enabledClusterLogTypes")) == 0 {
		return nil
	}
	arn, err := o.Render("arn:{partition}:logs:{region}:{account}:log-group:" + name)
	o.Put(simulation.Entry{
		Type: logGroupType, ID: name, Name: name, Maker: "the control plane of cluster " + o.Text("name"),
		Inputs: object{"name": name}, Outputs: object{"arn": arn},
	})
	return err
}

// bounded refuses a size outside of its bounds.
func bounded(o *simulation.Operation) error {
	number := func(key string) float64 {
		n, _ := o.Value("scalingConfig." + key).(float64)
		return n
	}
	least, size, most := number("minSize"), number("desiredSize"), number("maxSize")
	switch {
	case size < least:
		return o.Refuse("InvalidParameterException: Minimum capacity %v can't be greater than desired size %v", least, size)
	case size > most:
		return o.Refuse("InvalidParameterException: desired capacity %v can't be greater than max size %v", size, most)
	case most < 1:
		return o.Refuse("InvalidParameterException: maxSize must be at least 1")
	}
	return nil
}

// clusterVersion refuses nodes that are newer than the control plane, or more than three minor versions older:
// https://kubernetes.io/releases/version-skew-policy/#kubelet.
func clusterVersion(o *simulation.Operation) error {
	cluster, _ := o.Find(clusterType, o.Text("clusterName"), "name")
	version, release := o.Text("version"), o.Text("releaseVersion")
	if skew := simulation.Minor(cluster.Text("version")) - simulation.Minor(version); skew < 0 || skew > 3 {
		return o.Refuse("InvalidParameterException: Requested Nodegroup version %s is not supported with cluster version %s",
			version, cluster.Text("version"))
	}
	if release != "" && !strings.HasPrefix(release, version+".") {
		return o.Refuse("InvalidParameterException: Requested release version %s is not valid for kubernetes version %s.",
			release, version)
	}
	return nil
}

// diskInTemplate refuses a disk size where a launch template says what disks there are.
func diskInTemplate(o *simulation.Operation) error {
	if o.Value("launchTemplate") != nil && o.Value("diskSize") != nil {
		return o.Refuse("InvalidParameterException: Disk size must be specified within the launch template")
	}
	return nil
}

// ofCluster refuses subnets of another network than the cluster's.
func ofCluster(o *simulation.Operation) error {
	cluster, _ := o.Find(clusterType, o.Text("clusterName"), "name")
	for _, id := range o.Texts("subnetIds") {
		subnet, _ := o.Find(subnetType, id)
		if subnet.Text("vpcId") != cluster.Text("vpcConfig.vpcId") {
			return o.Refuse("InvalidParameterException: Subnet %s is not in the VPC of cluster %s", id, cluster.Name)
		}
	}
	return nil
}

// machineTypes are launch templates, and volumes, which only clusters make here.
func machineTypes() map[string]simulation.Type {
	return map[string]simulation.Type{
		templateType: tagged(simulation.Type{
			Replace: []string{"name", "namePrefix"}, Auto: "name",
			// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html.
			Texts: []simulation.Text{{Path: "name", Min: 3, Max: 128, Pattern: `[a-zA-Z0-9().\-/_]+`}},
			Unique: []simulation.Unique{{
				By: []string{"name", "region", "account"},
				Taken: "InvalidLaunchTemplateName.AlreadyExistsException: Launch template " +
					"name already in use.",
			}},
			References: []simulation.Reference{toGroups("vpcSecurityGroupIds", simulation.Stays)},
			ID:         "lt-{hex:17}", Name: "{name}",
			Outputs: object{
				"arn": "arn:{partition}:ec2:{region}:{account}:launch-template/{id}", "latestVersion": float64(1),
				"defaultVersion": float64(1),
			},
			Fresh: []string{"latestVersion"}, Rules: []simulation.Rule{nextVersion},
		}),
		volumeType: {Foreign: true, Name: "{name}"},
		"aws:ebs/encryptionByDefault:EncryptionByDefault": {
			Defaults: object{"enabled": true}, ID: "terraform-{digits:17}",
		},
	}
}

// nextVersion counts the versions of a launch template.
func nextVersion(o *simulation.Operation) error {
	if o.Old == nil {
		return nil
	}
	version, _ := o.Old.Outputs["latestVersion"].(float64)
	o.Entry.Outputs["latestVersion"] = version + 1
	if o.Value("updateDefaultVersion") == true {
		o.Entry.Outputs["defaultVersion"] = version + 1
	}
	return nil
}

// accessTypes are who may use a cluster, and what its pods may do.
// https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessEntry.html and its neighbours.
func accessTypes() map[string]simulation.Type {
	principal := simulation.Text{
		Path: "principalArn", Pattern: `arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+`,
		Fault: "InvalidParameterException: The specified principalArn is invalid: invalid principal.",
	}
	return map[string]simulation.Type{
		accessEntryType: tagged(simulation.Type{
			Replace:  []string{"clusterName", "principalArn", "type"},
			Defaults: object{"type": "STANDARD"},
			Texts: []simulation.Text{
				principal,
				{Path: "type", Words: []string{
					"STANDARD", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "EC2", "HYBRID_LINUX",
					"HYPERPOD_LINUX",
				}},
				{
					Path: "kubernetesGroups", Pattern: `([^s]|s[^y]|sy[^s]|sys[^t]|syst[^e]|syste[^m]|system[^:]).*|.{1,6}`,
					Fault: "InvalidParameterException: The kubernetes group name {value} is invalid, it cannot start with system:",
				},
			},
			Unique: []simulation.Unique{{
				By:    []string{"principalArn", "clusterName"},
				Taken: "ResourceInUseException: The specified access entry resource is already in use on this cluster.",
			}},
			References: []simulation.Reference{toCluster(simulation.Falls)},
			Rules:      []simulation.Rule{takesEntries},
			ID:         "{clusterName}:{principalArn}", Name: "{principalArn}",
			Outputs: object{
				"accessEntryArn": "arn:{partition}:eks:{region}:{account}:access-entry/{clusterName}/{uuid}",
				"createdAt":      "{now}", "modifiedAt": "{now}", "userName": "{principalArn}",
			},
		}),
		"aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
			Replace: []string{"accessScope", "clusterName", "policyArn", "principalArn"},
			Texts: []simulation.Text{
				principal,
				{Path: "accessScope.type", Words: []string{"cluster", "namespace"}},
				// https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html.
				{
					Path: "policyArn", Pattern: `arn:aws[a-z-]*:eks::aws:cluster-access-policy/` +
						`AmazonEKS(Admin|ClusterAdmin|AdminView|Edit|View|Auto|Block|Compute|Networking|Storage)[A-Za-z]*Policy`,
					Fault: "InvalidParameterException: The policyArn parameter format is not valid",
				},
			},
			References: []simulation.Reference{
				toCluster(simulation.Falls),
				by("__entry", accessEntryType, "id", "", simulation.Falls),
			},
			Rules: []simulation.Rule{hasEntry},
			ID:    "{clusterName}#{principalArn}#{policyArn}", Name: "{principalArn}",
			Outputs: object{"associatedAt": "{now}", "modifiedAt": "{now}", "__entry": "{clusterName}:{principalArn}"},
		},
		"aws:eks/podIdentityAssociation:PodIdentityAssociation": tagged(simulation.Type{
			Replace: []string{"clusterName", "namespace", "serviceAccount"},
			Unique: []simulation.Unique{{
				By:    []string{"serviceAccount", "namespace", "clusterName"},
				Taken: "ResourceInUseException: Association already exists for service account {value}",
			}},
			References: []simulation.Reference{
				toCluster(simulation.Falls),
				toRole("roleArn", "InvalidParameterException: Role provided in the request does not exist."),
			},
			Rules: []simulation.Rule{trusts("roleArn", "pods.eks.amazonaws.com")},
			ID:    "a-{hex:17}", Name: "{namespace}/{serviceAccount}",
			Outputs: object{
				"associationId":  "{id}",
				"associationArn": "arn:{partition}:eks:{region}:{account}:podidentityassociation/{clusterName}/{id}",
			},
		}),
	}
}

// takesEntries refuses access entries of a cluster that goes by its ConfigMap alone.
func takesEntries(o *simulation.Operation) error {
	cluster, _ := o.Find(clusterType, o.Text("clusterName"), "name")
	if cluster.Text("accessConfig.authenticationMode") == "CONFIG_MAP" {
		return o.Refuse("InvalidRequestException: The cluster's authentication mode must be set to one of [API, " +
			"API_AND_CONFIG_MAP] to perform this operation.")
	}
	return nil
}

// hasEntry refuses a policy for a principal that the cluster does not know.
func hasEntry(o *simulation.Operation) error {
	if id := fmt.Sprintf("%s:%s", o.Text("clusterName"), o.Text("principalArn")); id != "" {
		if _, ok := o.Find(accessEntryType, id); !ok {
			return o.Refuse("ResourceNotFoundException: The specified principalArn could not be found. You can view your " +
				"available access entries with 'list-access-entries'.")
		}
	}
	return nil
}
