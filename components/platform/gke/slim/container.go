package slim

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/bytoken"
)

// Cluster is a GKE cluster.
type Cluster struct {
	pulumi.CustomResourceState

	Name       pulumi.StringOutput `pulumi:"name"`
	Endpoint   pulumi.StringOutput `pulumi:"endpoint"`
	MasterAuth MasterAuthOutput    `pulumi:"masterAuth"`
}

// ClusterArgs are the properties of a [Cluster].
type ClusterArgs struct {
	Name                           pulumi.StringInput      `pulumi:"name"`
	Location                       pulumi.StringInput      `pulumi:"location"`
	NodeLocations                  pulumi.StringArrayInput `pulumi:"nodeLocations"`
	ResourceLabels                 pulumi.StringMapInput   `pulumi:"resourceLabels"`
	DeletionProtection             pulumi.BoolInput        `pulumi:"deletionProtection"`
	MinMasterVersion               pulumi.StringInput      `pulumi:"minMasterVersion"`
	ReleaseChannel                 *ReleaseChannel         `pulumi:"releaseChannel"`
	MaintenancePolicy              *MaintenancePolicy      `pulumi:"maintenancePolicy"`
	RemoveDefaultNodePool          pulumi.BoolInput        `pulumi:"removeDefaultNodePool"`
	InitialNodeCount               pulumi.IntInput         `pulumi:"initialNodeCount"`
	NodeConfig                     *NodeConfig             `pulumi:"nodeConfig"`
	Network                        pulumi.StringInput      `pulumi:"network"`
	Subnetwork                     pulumi.StringInput      `pulumi:"subnetwork"`
	NetworkingMode                 pulumi.StringInput      `pulumi:"networkingMode"`
	IPAllocationPolicy             *IPAllocationPolicy     `pulumi:"ipAllocationPolicy"`
	DatapathProvider               pulumi.StringInput      `pulumi:"datapathProvider"`
	NetworkPolicy                  *Switch                 `pulumi:"networkPolicy"`
	EnableIntranodeVisibility      pulumi.BoolInput        `pulumi:"enableIntranodeVisibility"`
	PrivateClusterConfig           *PrivateClusterConfig   `pulumi:"privateClusterConfig"`
	MasterAuthorizedNetworksConfig *AuthorizedNetworks     `pulumi:"masterAuthorizedNetworksConfig"`
	MasterAuth                     *MasterAuthArgs         `pulumi:"masterAuth"`
	DatabaseEncryption             *DatabaseEncryption     `pulumi:"databaseEncryption"`
	WorkloadIdentityConfig         *WorkloadIdentity       `pulumi:"workloadIdentityConfig"`
	BinaryAuthorization            *BinaryAuthorization    `pulumi:"binaryAuthorization"`
	SecurityPostureConfig          *SecurityPosture        `pulumi:"securityPostureConfig"`
	EnableShieldedNodes            pulumi.BoolInput        `pulumi:"enableShieldedNodes"`
	EnableLegacyABAC               pulumi.BoolInput        `pulumi:"enableLegacyAbac"`
	EnableKubernetesAlpha          pulumi.BoolInput        `pulumi:"enableKubernetesAlpha"`
	ServiceExternalIPsConfig       *Switch                 `pulumi:"serviceExternalIpsConfig"`
	AddonsConfig                   *Addons                 `pulumi:"addonsConfig"`
	GatewayAPIConfig               *GatewayAPI             `pulumi:"gatewayApiConfig"`
	LoggingConfig                  *Logging                `pulumi:"loggingConfig"`
	MonitoringConfig               *Monitoring             `pulumi:"monitoringConfig"`
}

// Switch is anything that is on or off.
type Switch struct {
	Enabled pulumi.BoolInput `pulumi:"enabled"`
}

// OffSwitch is anything that is off or on.
type OffSwitch struct {
	Disabled pulumi.BoolInput `pulumi:"disabled"`
}

// ReleaseChannel is how early a cluster gets new versions.
type ReleaseChannel struct {
	Channel pulumi.StringInput `pulumi:"channel"`
}

// MaintenancePolicy is when Google may work on a cluster.
type MaintenancePolicy struct {
	DailyMaintenanceWindow *DailyWindow `pulumi:"dailyMaintenanceWindow"`
}

// DailyWindow is four hours of every day, from a time in UTC.
type DailyWindow struct {
	StartTime pulumi.StringInput `pulumi:"startTime"`
}

// IPAllocationPolicy names the secondary ranges that pods and services have their addresses from.
type IPAllocationPolicy struct {
	ClusterSecondaryRangeName  pulumi.StringInput `pulumi:"clusterSecondaryRangeName"`
	ServicesSecondaryRangeName pulumi.StringInput `pulumi:"servicesSecondaryRangeName"`
}

// PrivateClusterConfig says what has private addresses alone.
type PrivateClusterConfig struct {
	EnablePrivateNodes        pulumi.BoolInput   `pulumi:"enablePrivateNodes"`
	EnablePrivateEndpoint     pulumi.BoolInput   `pulumi:"enablePrivateEndpoint"`
	PrivateEndpointSubnetwork pulumi.StringInput `pulumi:"privateEndpointSubnetwork"`
	MasterGlobalAccessConfig  *Switch            `pulumi:"masterGlobalAccessConfig"`
}

// AuthorizedNetworks are who may reach the API server.
type AuthorizedNetworks struct {
	CIDRBlocks                  []CIDRBlock      `pulumi:"cidrBlocks"`
	GCPPublicCIDRsAccessEnabled pulumi.BoolInput `pulumi:"gcpPublicCidrsAccessEnabled"`
}

// CIDRBlock is a range with a name.
type CIDRBlock struct {
	CIDRBlock   pulumi.StringInput `pulumi:"cidrBlock"`
	DisplayName pulumi.StringInput `pulumi:"displayName"`
}

// MasterAuthArgs are the ways to log in besides Google's.
type MasterAuthArgs struct {
	ClientCertificateConfig *ClientCertificate `pulumi:"clientCertificateConfig"`
}

// ClientCertificate is one that Google would make for an administrator.
type ClientCertificate struct {
	IssueClientCertificate pulumi.BoolInput `pulumi:"issueClientCertificate"`
}

// DatabaseEncryption encrypts Secrets before they are stored.
type DatabaseEncryption struct {
	State   pulumi.StringInput `pulumi:"state"`
	KeyName pulumi.StringInput `pulumi:"keyName"`
}

// WorkloadIdentity makes service accounts of a cluster principals of Google Cloud.
type WorkloadIdentity struct {
	WorkloadPool pulumi.StringInput `pulumi:"workloadPool"`
}

// BinaryAuthorization checks images against the project's policy.
type BinaryAuthorization struct {
	EvaluationMode pulumi.StringInput `pulumi:"evaluationMode"`
}

// SecurityPosture looks for faults in the configuration of workloads.
type SecurityPosture struct {
	Mode pulumi.StringInput `pulumi:"mode"`
}

// Addons are what Google runs in a cluster.
type Addons struct {
	HTTPLoadBalancing                *OffSwitch `pulumi:"httpLoadBalancing"`
	HorizontalPodAutoscaling         *OffSwitch `pulumi:"horizontalPodAutoscaling"`
	NetworkPolicyConfig              *OffSwitch `pulumi:"networkPolicyConfig"`
	GCEPersistentDiskCSIDriverConfig *Switch    `pulumi:"gcePersistentDiskCsiDriverConfig"`
	DNSCacheConfig                   *Switch    `pulumi:"dnsCacheConfig"`
}

// GatewayAPI says which version of the Gateway API a cluster offers.
type GatewayAPI struct {
	Channel pulumi.StringInput `pulumi:"channel"`
}

// Logging names what is logged.
type Logging struct {
	EnableComponents pulumi.StringArrayInput `pulumi:"enableComponents"`
}

// Monitoring names what is measured.
type Monitoring struct {
	EnableComponents  pulumi.StringArrayInput `pulumi:"enableComponents"`
	ManagedPrometheus *Switch                 `pulumi:"managedPrometheus"`
}

// NewCluster makes a cluster.
func NewCluster(
	ctx *pulumi.Context, name string, args *ClusterArgs, opts ...pulumi.ResourceOption,
) (*Cluster, error) {
	return bytoken.Register(ctx, "gcp:container/cluster:Cluster", name, args, &Cluster{}, opts)
}

// MasterAuth is what is needed to trust a cluster's API server.
type MasterAuth struct {
	// ClusterCACertificate is the authority's certificate, base64 of PEM.
	ClusterCACertificate string `pulumi:"clusterCaCertificate"`
}

// MasterAuthOutput is a [MasterAuth] that is known later.
type MasterAuthOutput struct{ *pulumi.OutputState }

// ElementType implements [pulumi.Output].
func (MasterAuthOutput) ElementType() reflect.Type { return reflect.TypeFor[MasterAuth]() }

// ClusterCACertificate is the authority's certificate, base64 of PEM.
func (o MasterAuthOutput) ClusterCACertificate() pulumi.StringOutput {
	return o.ApplyT(func(auth MasterAuth) string { return auth.ClusterCACertificate }).(pulumi.StringOutput)
}

// NodePool is a group of nodes that are alike.
type NodePool struct {
	pulumi.CustomResourceState
}

// NodePoolArgs are the properties of a [NodePool]. It has no name of its own, so the provider makes one, which lets a
// new pool be there before the old one goes.
type NodePoolArgs struct {
	Cluster          pulumi.StringInput      `pulumi:"cluster"`
	NodeLocations    pulumi.StringArrayInput `pulumi:"nodeLocations"`
	InitialNodeCount pulumi.IntInput         `pulumi:"initialNodeCount"`
	Autoscaling      *Autoscaling            `pulumi:"autoscaling"`
	Management       *Management             `pulumi:"management"`
	UpgradeSettings  *UpgradeSettings        `pulumi:"upgradeSettings"`
	NodeConfig       *NodeConfig             `pulumi:"nodeConfig"`
}

// Autoscaling bounds the number of nodes, over all zones.
type Autoscaling struct {
	TotalMinNodeCount pulumi.IntInput    `pulumi:"totalMinNodeCount"`
	TotalMaxNodeCount pulumi.IntInput    `pulumi:"totalMaxNodeCount"`
	LocationPolicy    pulumi.StringInput `pulumi:"locationPolicy"`
}

// Management is what Google does with nodes by itself.
type Management struct {
	AutoRepair  pulumi.BoolInput `pulumi:"autoRepair"`
	AutoUpgrade pulumi.BoolInput `pulumi:"autoUpgrade"`
}

// UpgradeSettings are how many nodes more, and how many less, there may be during an upgrade.
type UpgradeSettings struct {
	MaxSurge       pulumi.IntInput `pulumi:"maxSurge"`
	MaxUnavailable pulumi.IntInput `pulumi:"maxUnavailable"`
}

// NodeConfig is what the nodes of a pool are.
type NodeConfig struct {
	MachineType            pulumi.StringInput      `pulumi:"machineType"`
	Spot                   pulumi.BoolInput        `pulumi:"spot"`
	ImageType              pulumi.StringInput      `pulumi:"imageType"`
	DiskType               pulumi.StringInput      `pulumi:"diskType"`
	DiskSizeGB             pulumi.IntInput         `pulumi:"diskSizeGb"`
	BootDiskKMSKey         pulumi.StringInput      `pulumi:"bootDiskKmsKey"`
	ServiceAccount         pulumi.StringInput      `pulumi:"serviceAccount"`
	OAuthScopes            pulumi.StringArrayInput `pulumi:"oauthScopes"`
	Metadata               pulumi.StringMapInput   `pulumi:"metadata"`
	ShieldedInstanceConfig *ShieldedInstance       `pulumi:"shieldedInstanceConfig"`
	WorkloadMetadataConfig *WorkloadMetadata       `pulumi:"workloadMetadataConfig"`
	ResourceLabels         pulumi.StringMapInput   `pulumi:"resourceLabels"`
	Labels                 pulumi.StringMapInput   `pulumi:"labels"`
	Taints                 []Taint                 `pulumi:"taints"`
}

// ShieldedInstance guards how a machine starts.
type ShieldedInstance struct {
	EnableSecureBoot          pulumi.BoolInput `pulumi:"enableSecureBoot"`
	EnableIntegrityMonitoring pulumi.BoolInput `pulumi:"enableIntegrityMonitoring"`
}

// WorkloadMetadata says what pods see of their node's metadata.
type WorkloadMetadata struct {
	Mode pulumi.StringInput `pulumi:"mode"`
}

// Taint keeps pods away from nodes. Its effect is in Google's spelling.
type Taint struct {
	Key    pulumi.StringInput `pulumi:"key"`
	Value  pulumi.StringInput `pulumi:"value"`
	Effect pulumi.StringInput `pulumi:"effect"`
}

// NewNodePool makes a node pool.
func NewNodePool(
	ctx *pulumi.Context, name string, args *NodePoolArgs, opts ...pulumi.ResourceOption,
) (*NodePool, error) {
	return bytoken.Register(ctx, "gcp:container/nodePool:NodePool", name, args, &NodePool{}, opts)
}
