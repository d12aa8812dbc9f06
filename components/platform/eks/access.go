package eks

import (
	"fmt"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/workload"
)

// makeAdmins lets the principals of the configuration administer the cluster, by EKS's own access entries: there is no
// aws-auth. What they return is deleted only after everything in the cluster, which would be out of reach otherwise.
//
// Who creates the cluster has to administer it as well, since what is in the cluster is made next. Where the
// configuration names administrators they are all there are, and whoever deploys is one of them: the entry is then a
// resource like any other, the same whoever runs the update, and can be taken away. EKS does not take two entries for
// one principal, so it must not make one of its own besides. Where the configuration names none EKS makes the entry of
// the creator, which nobody can look up beforehand without credentials.
func (c *Cluster) makeAdmins(ctx *pulumi.Context) ([]pulumi.Resource, error) {
	policy := "arn:" + c.partition() + ":eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
	var made []pulumi.Resource
	for _, admin := range c.args.Admins {
		name := workload.Hashed(c.name+"-admin", admin)
		entry, err := awseks.NewAccessEntry(ctx, name, &awseks.AccessEntryArgs{
			ClusterName: c.cluster.Name, PrincipalArn: pulumi.String(admin), Type: pulumi.String("STANDARD"),
		}, c.child()...)
		if err != nil {
			return nil, fmt.Errorf("letting %s in: %w", admin, err)
		}
		association, err := awseks.NewAccessPolicyAssociation(ctx, name+"-policy", &awseks.AccessPolicyAssociationArgs{
			ClusterName: c.cluster.Name, PrincipalArn: pulumi.String(admin),
			PolicyArn: pulumi.String(policy),
			// Administering is about the cluster as a whole; whoever needs less does not belong in the list.
			AccessScope: awseks.AccessPolicyAssociationAccessScopeArgs{Type: pulumi.String("cluster")},
		}, c.child(pulumi.DependsOn([]pulumi.Resource{entry}))...)
		if err != nil {
			return nil, fmt.Errorf("letting %s administer: %w", admin, err)
		}
		made = append(made, entry, association)
	}
	return made, nil
}

// makeKubeconfig gets credentials by the AWS command line, for whatever principal it runs as. It names the region,
// which is the cluster's, and no profile.
func (c *Cluster) makeKubeconfig() pulumi.StringOutput {
	authority := c.cluster.CertificateAuthority.Data().Elem()
	return platform.Kubeconfig(c.physical(), c.cluster.Endpoint, authority, platform.Exec{
		Command: "aws",
		Args: []string{
			"eks", "get-token", "--cluster-name", c.physical(), "--region", c.args.Location.Region, "--output", "json",
		},
		Hint: "Install the AWS command line: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
	})
}
