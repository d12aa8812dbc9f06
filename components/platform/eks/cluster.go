package eks

import (
	"fmt"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// creatorAdministers is a property that says something of the cluster's making alone. It is never compared: changing it
// would replace the cluster, and one that was imported does not have it.
const creatorAdministers = "accessConfig.bootstrapClusterCreatorAdminPermissions"

// makeCluster makes the control plane, which takes longer than all else. It waits for nothing but what it is made of:
// its subnets, its role with permissions, its key and its log group. The way out is not among them.
//
// There is no deletionProtection in this version of the SDK: that EKS itself refuses to delete the cluster has to wait
// for v7. Protect keeps Pulumi from it.
func (c *Cluster) makeCluster(ctx *pulumi.Context) error {
	logs, err := c.makeLogGroup(ctx, c.name+"-logs", pulumi.String(c.controlPlaneLogs()))
	if err != nil {
		return err
	}
	own := []statement{
		// EKS goes on writing logs for a while after the cluster is deleted, and would make the group anew.
		{deny: true, actions: []string{"logs:CreateLogGroup"}, resources: texts([]string{whole})},
	}
	if c.key != nil {
		own = append(own, statement{
			actions:   []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"},
			resources: []pulumi.StringInput{c.key.Arn},
		})
	}
	acting, err := c.newRole(ctx, "cluster", roleArgs{
		description: "The control plane of " + c.physical(),
		trust:       trusted("eks.amazonaws.com"),
		managed:     []string{"AmazonEKSClusterPolicy"}, own: own,
	})
	if err != nil {
		return err
	}
	args := &awseks.ClusterArgs{
		Name:    pulumi.String(c.physical()),
		RoleArn: acting.Arn,
		Version: pulumi.String(c.args.Version),
		AccessConfig: awseks.ClusterAccessConfigArgs{
			AuthenticationMode:                      pulumi.String("API"),
			BootstrapClusterCreatorAdminPermissions: pulumi.Bool(len(c.args.Admins) == 0),
		},
		// The addons are all of our own choice and version: see makeEarlyAddons.
		BootstrapSelfManagedAddons: pulumi.Bool(false),
		EnabledClusterLogTypes: pulumi.ToStringArray(
			[]string{"api", "audit", "authenticator", "controllerManager", "scheduler"}),
		VpcConfig: c.endpoint(),
		// A version that is out of standard support is upgraded, instead of costing six times as much.
		UpgradePolicy: awseks.ClusterUpgradePolicyArgs{SupportType: pulumi.String("STANDARD")},
		// Somebody can have traffic leave a zone that fails; nothing does so by itself.
		ZonalShiftConfig: awseks.ClusterZonalShiftConfigArgs{Enabled: pulumi.Bool(true)},
		Tags:             c.tags("cluster"),
	}
	if services := c.args.Network.Services; services != "" {
		args.KubernetesNetworkConfig = awseks.ClusterKubernetesNetworkConfigArgs{
			IpFamily: pulumi.String("ipv4"), ServiceIpv4Cidr: pulumi.String(services),
		}
	}
	if c.key != nil {
		args.EncryptionConfig = awseks.ClusterEncryptionConfigArgs{
			Provider:  awseks.ClusterEncryptionConfigProviderArgs{KeyArn: c.key.Arn},
			Resources: pulumi.ToStringArray([]string{"secrets"}),
		}
	}
	c.cluster, err = awseks.NewCluster(ctx, c.name+"-cluster", args, c.guarded(
		dependsOn(acting.effective, []pulumi.Resource{logs}),
		pulumi.IgnoreChanges([]string{creatorAdministers}))...)
	if err != nil {
		return fmt.Errorf("creating the control plane: %w", err)
	}
	return nil
}

// endpoint says who reaches the API server: always the network itself, and the named ranges besides where it has a
// public address too.
func (c *Cluster) endpoint() awseks.ClusterVpcConfigArgs {
	endpoint := awseks.ClusterVpcConfigArgs{
		SubnetIds:             subnetIDs(c.network.private),
		EndpointPrivateAccess: pulumi.Bool(true),
		EndpointPublicAccess:  pulumi.Bool(c.args.Endpoint.Public),
	}
	if c.args.Endpoint.Public {
		// Left out, it would be the whole world, and stay so unnoticed.
		endpoint.PublicAccessCidrs = pulumi.ToStringArray(c.args.Endpoint.CIDRs)
	}
	return endpoint
}
