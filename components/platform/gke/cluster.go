package gke

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/gke/slim"
)

// makeCluster makes the control plane. It waits for no more than it needs, the way out not among it.
func (c *Cluster) makeCluster(ctx *pulumi.Context) error {
	needs := []pulumi.Resource{}
	if c.key != nil {
		needs = append(needs, c.key.cluster, c.key.disks)
	}
	apis := []string{apiCompute, apiContainer, apiBinaryAuthorization, apiLogging, apiMonitoring, apiPosture}
	var err error
	c.cluster, err = slim.NewCluster(ctx, c.name+"-cluster", c.clusterArgs(), c.guarded(
		c.afterAll(apis, needs),
		// What the default pool was is of no interest once it is gone, and would replace the cluster. Nodes get their
		// version from the release channel.
		pulumi.IgnoreChanges([]string{"initialNodeCount", "nodeConfig", "nodeVersion"}),
		// Two clusters cannot share the range for services. A cluster is replaced on purpose only: see Generation.
		pulumi.DeleteBeforeReplace(true),
	)...)
	if err != nil {
		return fmt.Errorf("creating the control plane: %w", err)
	}
	return nil
}

// clusterArgs says what the control plane is. What is Google's default is said nevertheless where security depends on
// it: docs/cis-gke.md names the rule that each meets.
func (c *Cluster) clusterArgs() *slim.ClusterArgs {
	args := &slim.ClusterArgs{
		Name:           pulumi.String(c.physical()),
		Location:       pulumi.String(c.args.Location.Region),
		NodeLocations:  texts(c.args.Location.Zones),
		ResourceLabels: c.labels(),
		// Google's default is true, with which nothing can be destroyed.
		DeletionProtection: pulumi.Bool(c.args.Protect),

		MinMasterVersion: pulumi.String(c.args.Version),
		ReleaseChannel:   &slim.ReleaseChannel{Channel: pulumi.String(c.channel())},
		MaintenancePolicy: &slim.MaintenancePolicy{DailyMaintenanceWindow: &slim.DailyWindow{
			StartTime: pulumi.String(fmt.Sprintf("%02d:00", c.args.MaintenanceStart)),
		}},

		// A cluster comes with a pool, which is deleted at once: it holds nothing but for those minutes. Without a
		// configuration it would want the project's default service account, which may be disabled.
		RemoveDefaultNodePool: pulumi.Bool(true),
		InitialNodeCount:      pulumi.Int(1),
		NodeConfig:            c.defaultPool(),

		MasterAuth: &slim.MasterAuthArgs{
			ClientCertificateConfig: &slim.ClientCertificate{IssueClientCertificate: pulumi.Bool(false)},
		},
		WorkloadIdentityConfig: &slim.WorkloadIdentity{WorkloadPool: pulumi.String(c.workloadPool())},
		// The project's own policy decides, which lets everything in until somebody says otherwise. It is one for the
		// whole project, so it is not an environment's to write.
		BinaryAuthorization: &slim.BinaryAuthorization{
			EvaluationMode: pulumi.String("PROJECT_SINGLETON_POLICY_ENFORCE"),
		},
		SecurityPostureConfig:    &slim.SecurityPosture{Mode: pulumi.String("BASIC")},
		EnableShieldedNodes:      pulumi.Bool(true),
		EnableLegacyABAC:         pulumi.Bool(false),
		EnableKubernetesAlpha:    pulumi.Bool(false),
		ServiceExternalIPsConfig: &slim.Switch{Enabled: pulumi.Bool(false)},

		AddonsConfig: &slim.Addons{
			// It cleans up behind load balancers, so it must never go before them.
			HTTPLoadBalancing:                &slim.OffSwitch{Disabled: pulumi.Bool(false)},
			HorizontalPodAutoscaling:         &slim.OffSwitch{Disabled: pulumi.Bool(false)},
			NetworkPolicyConfig:              &slim.OffSwitch{Disabled: pulumi.Bool(true)},
			GCEPersistentDiskCSIDriverConfig: &slim.Switch{Enabled: pulumi.Bool(true)},
			// A cache on the node answers in place of the DNS pods, which the network policies name as the only ones
			// that everybody may ask.
			DNSCacheConfig: &slim.Switch{Enabled: pulumi.Bool(false)},
		},
		GatewayAPIConfig: &slim.GatewayAPI{Channel: pulumi.String("CHANNEL_STANDARD")},

		LoggingConfig: &slim.Logging{EnableComponents: texts([]string{
			"SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER",
		})},
		MonitoringConfig: &slim.Monitoring{
			EnableComponents: texts([]string{
				"SYSTEM_COMPONENTS", "STORAGE", "HPA", "POD", "DAEMONSET", "DEPLOYMENT", "STATEFULSET",
			}),
			ManagedPrometheus: &slim.Switch{Enabled: pulumi.Bool(true)},
		},
	}
	c.connectCluster(args)
	if c.key != nil {
		args.DatabaseEncryption = &slim.DatabaseEncryption{State: pulumi.String("ENCRYPTED"), KeyName: c.key.id}
	}
	return args
}

// connectCluster says how the cluster is connected: nodes and pods in the ranges of the subnetwork, network policies
// enforced by Dataplane V2, and an API server that only those reach who are named.
func (c *Cluster) connectCluster(args *slim.ClusterArgs) {
	args.Network = c.network.vpc.ID().ToStringOutput()
	args.Subnetwork = c.network.subnetwork.ID().ToStringOutput()
	args.NetworkingMode = pulumi.String("VPC_NATIVE")
	args.IPAllocationPolicy = &slim.IPAllocationPolicy{
		ClusterSecondaryRangeName: pulumi.String(podRange), ServicesSecondaryRangeName: pulumi.String(serviceRange),
	}
	args.DatapathProvider = pulumi.String("ADVANCED_DATAPATH")
	// This is the older way to enforce network policies, which Dataplane V2 does not go together with.
	args.NetworkPolicy = &slim.Switch{Enabled: pulumi.Bool(false)}
	args.EnableIntranodeVisibility = pulumi.Bool(true)
	args.PrivateClusterConfig = &slim.PrivateClusterConfig{
		EnablePrivateNodes:    pulumi.Bool(true),
		EnablePrivateEndpoint: pulumi.Bool(!c.args.Endpoint.Public),
		// The private address is one of the nodes' range, so that the control plane needs no range of its own.
		PrivateEndpointSubnetwork: c.network.subnetwork.ID().ToStringOutput(),
		MasterGlobalAccessConfig:  &slim.Switch{Enabled: pulumi.Bool(false)},
	}
	args.MasterAuthorizedNetworksConfig = c.authorizedNetworks()
}

// authorizedNetworks are who may reach the API server, at its public address and at its private one: the network
// itself, and who is named. Other customers of Google Cloud are not.
func (c *Cluster) authorizedNetworks() *slim.AuthorizedNetworks {
	blocks := []slim.CIDRBlock{{
		CIDRBlock: pulumi.String(c.args.Network.CIDR), DisplayName: pulumi.String("nodes of the environment"),
	}}
	for i, cidr := range c.args.Endpoint.CIDRs {
		blocks = append(blocks, slim.CIDRBlock{
			CIDRBlock: pulumi.String(cidr), DisplayName: pulumi.String(fmt.Sprintf("cluster.endpoint.cidrs[%d]", i)),
		})
	}
	return &slim.AuthorizedNetworks{CIDRBlocks: blocks, GCPPublicCIDRsAccessEnabled: pulumi.Bool(false)}
}

// channel is where versions come from. An environment that must not be lost takes those that others have proven.
func (c *Cluster) channel() string {
	if c.args.Protect {
		return "STABLE"
	}
	return "REGULAR"
}

// texts turns plain text into an Input.
func texts(values []string) pulumi.StringArray {
	made := make(pulumi.StringArray, len(values))
	for i, value := range values {
		made[i] = pulumi.String(value)
	}
	return made
}
