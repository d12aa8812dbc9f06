package eks

import (
	"encoding/json"
	"fmt"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// addon is one of EKS's addons.
type addon struct {
	name, version string
	// settings differ from the addon's own.
	settings map[string]any
	// account is the service account that acts as the role acting. Both empty: the addon needs nothing of AWS.
	account string
	acting  *role
}

// makeAddon makes an addon. Its settings are ours alone: what somebody changed in the cluster is put right with the
// next update. Deleting it takes away what it made there.
func (c *Cluster) makeAddon(ctx *pulumi.Context, a addon, needs ...pulumi.Resource) (*awseks.Addon, error) {
	args := &awseks.AddonArgs{
		ClusterName: c.cluster.Name, AddonName: pulumi.String(a.name), AddonVersion: pulumi.String(a.version),
		ResolveConflictsOnCreate: pulumi.String("OVERWRITE"), ResolveConflictsOnUpdate: pulumi.String("OVERWRITE"),
		Preserve: pulumi.Bool(false),
	}
	if len(a.settings) > 0 {
		text, err := json.Marshal(a.settings)
		if err != nil {
			return nil, fmt.Errorf("writing the settings of the addon %s: %w", a.name, err)
		}
		args.ConfigurationValues = pulumi.String(string(text))
	}
	if a.acting != nil {
		args.PodIdentityAssociations = awseks.AddonPodIdentityAssociationArray{awseks.AddonPodIdentityAssociationArgs{
			RoleArn: a.acting.Arn, ServiceAccount: pulumi.String(a.account),
		}}
		needs = append(needs, a.acting.effective...)
	}
	made, err := awseks.NewAddon(ctx, c.name+"-"+a.name, args, c.child(dependsOn(needs))...)
	if err != nil {
		return nil, fmt.Errorf("creating the addon %s: %w", a.name, err)
	}
	return made, nil
}

// makeEarlyAddons makes those that run on every node, before there are nodes: a node is ready as soon as it has joined,
// and takes no pod before network policies hold. They go after the nodes, so that the network's plugin takes its
// interfaces with it: one that is left behind holds its subnet and its security group.
func (c *Cluster) makeEarlyAddons(ctx *pulumi.Context) ([]pulumi.Resource, error) {
	var err error
	c.podIdentity, err = c.makeAddon(ctx, addon{name: "eks-pod-identity-agent", version: c.versions.podIdentity})
	if err != nil {
		return nil, err
	}
	proxy, err := c.makeAddon(ctx, addon{name: "kube-proxy", version: c.versions.kubeProxy})
	if err != nil {
		return nil, err
	}
	acting, err := c.newRole(ctx, "network", roleArgs{
		description: "Addresses of pods", trust: c.pods("kube-system", "aws-node"), managed: []string{"AmazonEKS_CNI_Policy"},
	})
	if err != nil {
		return nil, err
	}
	plugin, err := c.makeAddon(ctx, addon{
		name: "vpc-cni", version: c.versions.vpcCNI, account: "aws-node", acting: acting,
		// Without it network policies are accepted and do nothing:
		// https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html.
		settings: map[string]any{"enableNetworkPolicy": "true"},
	}, c.podIdentity)
	if err != nil {
		return nil, err
	}
	return []pulumi.Resource{c.podIdentity, proxy, plugin}, nil
}

// lateAddons are those that others wait for.
type lateAddons struct{ dns, storage pulumi.Resource }

// makeLateAddons makes those whose pods need nodes, beside each other.
func (c *Cluster) makeLateAddons(ctx *pulumi.Context, nodes []pulumi.Resource) (lateAddons, error) {
	var late lateAddons
	dns, err := c.makeAddon(ctx, addon{name: "coredns", version: c.versions.coreDNS}, nodes...)
	if err != nil {
		return late, err
	}
	_, err = c.makeAddon(ctx, addon{name: "metrics-server", version: c.versions.metricsServer}, nodes...)
	if err != nil {
		return late, err
	}
	storage, err := c.makeStorage(ctx, nodes)
	if err != nil {
		return late, err
	}
	return lateAddons{dns: dns, storage: storage}, c.makeObservability(ctx, nodes)
}

// makeObservability sends the logs of containers and nodes to CloudWatch. It instruments no workload: what that would
// add to their pods does not meet the Pod Security Standard "restricted".
func (c *Cluster) makeObservability(ctx *pulumi.Context, nodes []pulumi.Resource) error {
	groups, arns, err := c.makeContainerLogs(ctx)
	if err != nil {
		return err
	}
	// CloudWatchAgentServerPolicy would let it make log groups, and read parameters besides.
	acting, err := c.newRole(ctx, "observability", roleArgs{
		description: "Logs and metrics to CloudWatch",
		trust:       c.pods("amazon-cloudwatch", "cloudwatch-agent"),
		own: []statement{
			{
				actions:   []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
				resources: arns,
			},
			// These know no resources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html.
			{actions: []string{"ec2:DescribeTags", "ec2:DescribeVolumes"}, resources: texts([]string{whole})},
		},
	})
	if err != nil {
		return err
	}
	_, err = c.makeAddon(ctx, addon{
		name: "amazon-cloudwatch-observability", version: c.versions.observability,
		account: "cloudwatch-agent", acting: acting,
		settings: map[string]any{
			"containerLogs": map[string]any{"enabled": true},
			"manager": map[string]any{"applicationSignals": map[string]any{
				"autoMonitor": map[string]any{"monitorAllServices": false},
			}},
		},
	}, append(groups, nodes...)...)
	return err
}
