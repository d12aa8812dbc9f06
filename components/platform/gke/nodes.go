package gke

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/gke/slim"
	"plinth/components/workload"
)

// nodeRole is what a node needs besides images: to write its logs and metrics. It is the least that Google names:
// https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster#use_least_privilege_sa.
const nodeRole = "roles/container.defaultNodeServiceAccount"

// allAPIs is the scope of a node's tokens. Scopes are the old way to limit what a node may do, roles are what counts:
// https://cloud.google.com/compute/docs/access/service-accounts#scopes_best_practice.
const allAPIs = "https://www.googleapis.com/auth/cloud-platform"

// machine is the type of E2 that a size stands for, the only series with all three sizes that every region has:
// https://cloud.google.com/compute/docs/general-purpose-machines#e2-standard. Empty: the size is not known.
func machine(size platform.Size) string {
	switch size {
	case platform.Small:
		return "e2-standard-2"
	case platform.Medium:
		return "e2-standard-4"
	case platform.Large:
		return "e2-standard-8"
	default:
		return ""
	}
}

// effect is that of a taint in Google's spelling. Empty: it is not known.
func effect(taint platform.Taint) string {
	switch taint.Effect {
	case "NoSchedule":
		return "NO_SCHEDULE"
	case "PreferNoSchedule":
		return "PREFER_NO_SCHEDULE"
	case "NoExecute":
		return "NO_EXECUTE"
	default:
		return ""
	}
}

// makeAccount makes the service account that nodes act as. The project's default one may edit everything in it.
func (c *Cluster) makeAccount(ctx *pulumi.Context) error {
	var err error
	c.account, err = slim.NewAccount(ctx, c.name+"-nodes", &slim.AccountArgs{
		AccountID:   pulumi.String(c.called(maxAccount, "nodes")),
		DisplayName: pulumi.String("Nodes of " + c.args.Environment),
	}, c.child(c.after(apiIAM))...)
	if err != nil {
		return fmt.Errorf("creating the service account of nodes: %w", err)
	}
	return nil
}

// makeNodes makes the groups of nodes, beside each other. The autoscaler decides on their numbers.
func (c *Cluster) makeNodes(ctx *pulumi.Context) ([]pulumi.Resource, error) {
	role, err := slim.NewProjectMember(ctx, c.name+"-nodes-role", &slim.ProjectMemberArgs{
		Project: pulumi.String(c.args.Location.Account), Role: pulumi.String(nodeRole), Member: c.account.Member,
	}, c.child(c.after(apiResourceManager))...)
	if err != nil {
		return nil, fmt.Errorf("creating the role of nodes: %w", err)
	}
	made := []pulumi.Resource{role}
	for _, name := range sorted(c.args.Nodes) {
		pool, err := slim.NewNodePool(ctx, workload.Name(maxNodePool-suffix, c.name, name), c.pool(c.args.Nodes[name]),
			c.child(
				pulumi.DependsOn([]pulumi.Resource{role}),
				pulumi.IgnoreChanges([]string{"initialNodeCount", "nodeCount"}),
			)...)
		if err != nil {
			return nil, fmt.Errorf("creating nodes %s: %w", name, err)
		}
		made = append(made, pool)
	}
	return made, nil
}

// pool says what a group of nodes is. It has no name: Pulumi makes one, so that another group can take over before this
// one goes.
func (c *Cluster) pool(nodes platform.Nodes) *slim.NodePoolArgs {
	// A group that never has a node in every zone leaves the last ones out.
	zones := c.args.Location.Zones[:min(len(c.args.Location.Zones), nodes.Max)]
	policy := "BALANCED"
	if nodes.Spot {
		// It looks for spare machines wherever they are.
		policy = "ANY"
	}
	return &slim.NodePoolArgs{
		Cluster:          c.cluster.ID().ToStringOutput(),
		NodeLocations:    texts(zones),
		InitialNodeCount: pulumi.Int(perZone(nodes, len(zones))),
		Autoscaling: &slim.Autoscaling{
			TotalMinNodeCount: pulumi.Int(nodes.Min), TotalMaxNodeCount: pulumi.Int(nodes.Max),
			LocationPolicy: pulumi.String(policy),
		},
		Management: &slim.Management{AutoRepair: pulumi.Bool(true), AutoUpgrade: pulumi.Bool(true)},
		// A new node is there before an old one goes.
		UpgradeSettings: &slim.UpgradeSettings{MaxSurge: pulumi.Int(1), MaxUnavailable: pulumi.Int(0)},
		NodeConfig:      c.nodeConfig(nodes),
	}
}

// perZone is how many nodes a group begins with in each zone: at least the least number over all of them, unless that
// is more than there may be.
func perZone(nodes platform.Nodes, zones int) int {
	if up := (nodes.Min + zones - 1) / zones; up*zones <= nodes.Max {
		return up
	}
	return nodes.Min / zones
}

// nodeConfig says what the nodes of a group are.
func (c *Cluster) nodeConfig(nodes platform.Nodes) *slim.NodeConfig {
	node := c.hardened()
	node.MachineType = pulumi.String(nodes.Machine)
	if nodes.Machine == "" {
		node.MachineType = pulumi.String(machine(nodes.Size))
	}
	node.DiskType = pulumi.String("pd-balanced")
	node.DiskSizeGB = pulumi.Int(nodes.Disk)
	node.Spot = pulumi.Bool(nodes.Spot)
	if len(nodes.Labels) > 0 {
		node.Labels = workload.StringMap(nodes.Labels)
	}
	for _, taint := range nodes.Taints {
		node.Taints = append(node.Taints, slim.Taint{
			Key: pulumi.String(taint.Key), Value: pulumi.String(taint.Value), Effect: pulumi.String(effect(taint)),
		})
	}
	return node
}

// defaultPool is what there is of nodes until the cluster is there: as little as possible, and as hardened as others,
// since an organization's policies apply to it too.
func (c *Cluster) defaultPool() *slim.NodeConfig {
	node := c.hardened()
	node.DiskType = pulumi.String("pd-standard")
	node.DiskSizeGB = pulumi.Int(20)
	return node
}

// hardened is what all nodes have in common.
func (c *Cluster) hardened() *slim.NodeConfig {
	return &slim.NodeConfig{
		ImageType:      pulumi.String("COS_CONTAINERD"),
		ServiceAccount: c.account.Email,
		OAuthScopes:    texts([]string{allAPIs}),
		BootDiskKMSKey: c.keyName(),
		Metadata:       pulumi.StringMap{"disable-legacy-endpoints": pulumi.String("true")},
		ShieldedInstanceConfig: &slim.ShieldedInstance{
			EnableSecureBoot: pulumi.Bool(true), EnableIntegrityMonitoring: pulumi.Bool(true),
		},
		// Pods see an identity of their own there, not their node's.
		WorkloadMetadataConfig: &slim.WorkloadMetadata{Mode: pulumi.String("GKE_METADATA")},
		ResourceLabels:         c.labels(),
	}
}
