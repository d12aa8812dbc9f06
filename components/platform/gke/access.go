package gke

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/gke/slim"
	"plinth/components/workload"
)

// adminRole administers a cluster, inside and outside.
const adminRole = "roles/container.admin"

// makeAdmins lets the members of the configuration administer this one cluster: the role is the project's, which has no
// narrower place for it, and a condition limits it. What they return is deleted only after everything in the cluster,
// which would be out of their reach otherwise. Whoever creates the cluster may do so by a role of their own, which
// lasts.
func (c *Cluster) makeAdmins(ctx *pulumi.Context) ([]pulumi.Resource, error) {
	cluster := fmt.Sprintf("projects/%s/locations/%s/clusters/%s", c.args.Location.Account, c.args.Location.Region,
		c.physical())
	var made []pulumi.Resource
	for _, admin := range c.args.Admins {
		member, err := slim.NewProjectMember(ctx, workload.Hashed(c.name+"-admin", admin), &slim.ProjectMemberArgs{
			Project: pulumi.String(c.args.Location.Account),
			Role:    pulumi.String(adminRole),
			Member:  pulumi.String(admin),
			// https://cloud.google.com/iam/docs/configuring-resource-based-access names GKE among the services whose
			// resources a condition can tell apart.
			Condition: &slim.Condition{
				Title: pulumi.String(c.physical()),
				Expression: pulumi.String(fmt.Sprintf("resource.name == %q || resource.name.startsWith(%q)",
					cluster, cluster+"/")),
			},
		}, c.child(c.after(apiResourceManager))...)
		if err != nil {
			return nil, fmt.Errorf("letting %s administer: %w", admin, err)
		}
		made = append(made, member)
	}
	return made, nil
}

// makeKubeconfig gets credentials by Google's plugin, for whatever principal gcloud runs as.
func (c *Cluster) makeKubeconfig() pulumi.StringOutput {
	server := pulumi.Sprintf("https://%s", c.cluster.Endpoint)
	return platform.Kubeconfig(c.physical(), server, c.cluster.MasterAuth.ClusterCACertificate(), platform.Exec{
		Command: "gke-gcloud-auth-plugin",
		Hint: "Install gke-gcloud-auth-plugin: " +
			"https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl#install_plugin",
		ClusterInfo: true,
	})
}
