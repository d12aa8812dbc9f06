package eks

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/eks/slim"
	"plinth/components/workload"
)

// rootDevice is the disk of Amazon Linux 2023.
const rootDevice = "/dev/xvda"

// machines are the types for a group: the one it names, or those of its size. Spare machines come in several types, so
// that one that runs out does not stop the group:
// https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html.
func machines(nodes platform.Nodes) ([]string, error) {
	if nodes.Machine != "" {
		return []string{nodes.Machine}, nil
	}
	sizes := map[platform.Size]string{platform.Small: "large", platform.Medium: "xlarge", platform.Large: "2xlarge"}
	size, found := sizes[nodes.Size]
	if !found {
		return nil, fmt.Errorf("size %q: want small, medium or large", nodes.Size)
	}
	families := []string{"m6i"}
	if nodes.Spot {
		families = []string{"m6i", "m6a", "m5", "m5a"}
	}
	types := make([]string, len(families))
	for i, family := range families {
		types[i] = family + "." + size
	}
	return types, nil
}

// arm tells machines with AWS's own processors: a "g" after the generation, or the first of them, a1.
// https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html.
var arm = regexp.MustCompile(`^(a1|[a-z]+\d+[a-z]*g[a-z]*)\.`)

// image is the kind of image for a machine: Amazon Linux 2023, whose kubelet needs no arguments of ours.
func image(machine string) string {
	if arm.MatchString(machine) {
		return "AL2023_ARM_64_STANDARD"
	}
	return "AL2023_x86_64_STANDARD"
}

// effects are the words of EKS for those of Kubernetes.
func effects() map[string]string {
	return map[string]string{
		"NoSchedule": "NO_SCHEDULE", "PreferNoSchedule": "PREFER_NO_SCHEDULE", "NoExecute": "NO_EXECUTE",
	}
}

// checkNodes finds what only this cloud's words for nodes cannot say.
func checkNodes(groups map[string]platform.Nodes) error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		if _, err := machines(groups[name]); err != nil {
			faults = append(faults, fmt.Errorf("nodes %s: %w", name, err))
		}
		for _, taint := range groups[name].Taints {
			if effects()[taint.Effect] == "" {
				faults = append(faults, fmt.Errorf("nodes %s: taint %s: effect %q: want NoSchedule, PreferNoSchedule or NoExecute",
					name, taint.Key, taint.Effect))
			}
		}
	}
	return errors.Join(faults...)
}

// makeNodes makes the groups of nodes, all at the same time, once there is a way out and what a node runs first.
func (c *Cluster) makeNodes(ctx *pulumi.Context, early []pulumi.Resource) (*role, []pulumi.Resource, error) {
	// Nodes may join, and pull images. The network's plugin has an identity of its own, and so has everything else.
	acting, err := c.newRole(ctx, "nodes", roleArgs{
		description: "The nodes of " + c.physical(),
		trust:       trusted("ec2.amazonaws.com"),
		managed:     []string{"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"},
	})
	if err != nil {
		return nil, nil, err
	}
	var made []pulumi.Resource
	for _, name := range slices.Sorted(maps.Keys(c.args.Nodes)) {
		template, err := c.makeTemplate(ctx, name, c.args.Nodes[name])
		if err != nil {
			return nil, nil, err
		}
		group, err := c.makeGroup(ctx, name, c.args.Nodes[name], template, acting,
			dependsOn(acting.effective, early, c.network.egress))
		if err != nil {
			return nil, nil, err
		}
		made = append(made, group)
	}
	return acting, made, nil
}

// makeTemplate says how machines of a group start.
func (c *Cluster) makeTemplate(ctx *pulumi.Context, name string, nodes platform.Nodes) (*slim.LaunchTemplate, error) {
	// The provider's tags do not reach what a template starts.
	tags := c.tags("nodes-" + name)
	maps.Copy(tags, workload.StringMap(c.args.Tags))
	var tagged []slim.LaunchTemplateTagSpecificationArgs
	for _, kind := range []string{"instance", "network-interface", "volume"} {
		tagged = append(tagged, slim.LaunchTemplateTagSpecificationArgs{ResourceType: pulumi.String(kind), Tags: tags})
	}
	template, err := slim.NewLaunchTemplate(ctx, c.name+"-nodes-"+name, &slim.LaunchTemplateArgs{
		Description:          pulumi.String("Nodes " + name + " of " + c.physical()),
		UpdateDefaultVersion: pulumi.Bool(true),
		// Tokens are required, and do not get past the node: pods cannot act as it. They have identities of their own.
		MetadataOptions: &slim.LaunchTemplateMetadataOptionsArgs{
			HTTPEndpoint: pulumi.String("enabled"), HTTPTokens: pulumi.String("required"),
			HTTPPutResponseHopLimit: pulumi.Int(1),
		},
		BlockDeviceMappings: []slim.LaunchTemplateBlockDeviceMappingArgs{{
			DeviceName: pulumi.String(rootDevice),
			Ebs: &slim.LaunchTemplateBlockDeviceMappingEbsArgs{
				VolumeType: pulumi.String("gp3"), VolumeSize: pulumi.Int(nodes.Disk),
				Encrypted: pulumi.String("true"), KmsKeyID: c.keyARN(),
				DeleteOnTermination: pulumi.String("true"),
			},
		}},
		TagSpecifications: tagged,
		Tags:              c.tags("nodes-" + name),
	}, c.child()...)
	if err != nil {
		return nil, fmt.Errorf("creating the launch template of nodes %s: %w", name, err)
	}
	return template, nil
}

// makeGroup makes one group. Its name is made up, so that a group that has to be replaced is there before the old one
// goes. Machines are in the private subnets, over all zones.
//
// How many nodes there are between min and max is up to whoever scales them, and is not compared. Where both are the
// same nobody scales, and the number follows the configuration. EKS takes no min above the present number, so min of a
// group is raised above that by setting both to the same number first.
func (c *Cluster) makeGroup(
	ctx *pulumi.Context, name string, nodes platform.Nodes, template *slim.LaunchTemplate, acting *role,
	needs pulumi.ResourceOption,
) (*awseks.NodeGroup, error) {
	types, err := machines(nodes)
	if err != nil {
		return nil, err
	}
	capacity := "ON_DEMAND"
	if nodes.Spot {
		capacity = "SPOT"
	}
	args := &awseks.NodeGroupArgs{
		ClusterName: c.cluster.Name,
		NodeRoleArn: acting.Arn,
		SubnetIds:   subnetIDs(c.network.private),
		Version:     pulumi.String(c.args.Version), ReleaseVersion: pulumi.String(c.versions.image),
		AmiType: pulumi.String(image(types[0])), InstanceTypes: pulumi.ToStringArray(types),
		CapacityType: pulumi.String(capacity),
		LaunchTemplate: awseks.NodeGroupLaunchTemplateArgs{
			Id: template.ID().ToStringOutput(), Version: pulumi.Sprintf("%d", template.LatestVersion),
		},
		ScalingConfig: awseks.NodeGroupScalingConfigArgs{
			MinSize: pulumi.Int(nodes.Min), MaxSize: pulumi.Int(nodes.Max), DesiredSize: pulumi.Int(nodes.Min),
		},
		NodeRepairConfig: awseks.NodeGroupNodeRepairConfigArgs{Enabled: pulumi.Bool(true)},
		Labels:           workload.StringMap(nodes.Labels),
		Tags:             c.tags("nodes-" + name),
	}
	var taints awseks.NodeGroupTaintArray
	for _, taint := range nodes.Taints {
		one := awseks.NodeGroupTaintArgs{Key: pulumi.String(taint.Key), Effect: pulumi.String(effects()[taint.Effect])}
		if taint.Value != "" {
			one.Value = pulumi.String(taint.Value)
		}
		taints = append(taints, one)
	}
	if len(taints) > 0 {
		args.Taints = taints
	}
	opts := []pulumi.ResourceOption{needs}
	if nodes.Min < nodes.Max {
		opts = append(opts, pulumi.IgnoreChanges([]string{"scalingConfig.desiredSize"}))
	}
	group, err := awseks.NewNodeGroup(
		ctx, workload.Name(maxNodeGroup-suffix, c.name, "nodes", name), args, c.child(opts...)...)
	if err != nil {
		return nil, fmt.Errorf("creating the nodes %s: %w", name, err)
	}
	return group, nil
}
