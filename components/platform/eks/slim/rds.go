package slim

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/bytoken"
)

// SubnetGroup are the subnets that databases may be in.
type SubnetGroup struct {
	pulumi.CustomResourceState

	Name pulumi.StringOutput `pulumi:"name"`
}

// SubnetGroupArgs are the properties of a [SubnetGroup].
type SubnetGroupArgs struct {
	Description pulumi.StringInput      `pulumi:"description"`
	SubnetIDs   pulumi.StringArrayInput `pulumi:"subnetIds"`
	Tags        pulumi.StringMapInput   `pulumi:"tags"`
}

const subnetGroupType = "aws:rds/subnetGroup:SubnetGroup"

// NewSubnetGroup registers a [SubnetGroup].
func NewSubnetGroup(
	ctx *pulumi.Context, name string, args *SubnetGroupArgs, opts ...pulumi.ResourceOption,
) (*SubnetGroup, error) {
	return bytoken.Register(ctx, subnetGroupType, name, args, &SubnetGroup{}, opts)
}

// ParameterGroup holds settings of databases of one engine and version.
type ParameterGroup struct {
	pulumi.CustomResourceState

	Name pulumi.StringOutput `pulumi:"name"`
}

// ParameterGroupArgs are the properties of a [ParameterGroup].
type ParameterGroupArgs struct {
	Description pulumi.StringInput            `pulumi:"description"`
	Family      pulumi.StringInput            `pulumi:"family"`
	Parameters  []ParameterGroupParameterArgs `pulumi:"parameters"`
	Tags        pulumi.StringMapInput         `pulumi:"tags"`
}

// ParameterGroupParameterArgs is one setting.
type ParameterGroupParameterArgs struct {
	Name        pulumi.StringInput `pulumi:"name"`
	Value       pulumi.StringInput `pulumi:"value"`
	ApplyMethod pulumi.StringInput `pulumi:"applyMethod"`
}

const parameterGroupType = "aws:rds/parameterGroup:ParameterGroup"

// NewParameterGroup registers a [ParameterGroup].
func NewParameterGroup(
	ctx *pulumi.Context, name string, args *ParameterGroupArgs, opts ...pulumi.ResourceOption,
) (*ParameterGroup, error) {
	return bytoken.Register(ctx, parameterGroupType, name, args, &ParameterGroup{}, opts)
}

// Instance is a database server.
type Instance struct {
	pulumi.CustomResourceState

	Address    pulumi.StringOutput `pulumi:"address"`
	Identifier pulumi.StringOutput `pulumi:"identifier"`
}

// InstanceArgs are the properties of an [Instance].
type InstanceArgs struct {
	Identifier        pulumi.StringInput `pulumi:"identifier"`
	ReplicateSourceDB pulumi.StringInput `pulumi:"replicateSourceDb"`

	Engine                   pulumi.StringInput `pulumi:"engine"`
	EngineVersion            pulumi.StringInput `pulumi:"engineVersion"`
	EngineLifecycleSupport   pulumi.StringInput `pulumi:"engineLifecycleSupport"`
	AllowMajorVersionUpgrade pulumi.BoolInput   `pulumi:"allowMajorVersionUpgrade"`
	AutoMinorVersionUpgrade  pulumi.BoolInput   `pulumi:"autoMinorVersionUpgrade"`
	ApplyImmediately         pulumi.BoolInput   `pulumi:"applyImmediately"`
	MaintenanceWindow        pulumi.StringInput `pulumi:"maintenanceWindow"`
	ParameterGroupName       pulumi.StringInput `pulumi:"parameterGroupName"`

	InstanceClass       pulumi.StringInput `pulumi:"instanceClass"`
	MultiAZ             pulumi.BoolInput   `pulumi:"multiAz"`
	StorageType         pulumi.StringInput `pulumi:"storageType"`
	AllocatedStorage    pulumi.IntInput    `pulumi:"allocatedStorage"`
	MaxAllocatedStorage pulumi.IntInput    `pulumi:"maxAllocatedStorage"`
	StorageEncrypted    pulumi.BoolInput   `pulumi:"storageEncrypted"`
	KmsKeyID            pulumi.StringInput `pulumi:"kmsKeyId"`

	DBSubnetGroupName   pulumi.StringInput      `pulumi:"dbSubnetGroupName"`
	VpcSecurityGroupIDs pulumi.StringArrayInput `pulumi:"vpcSecurityGroupIds"`
	PubliclyAccessible  pulumi.BoolInput        `pulumi:"publiclyAccessible"`
	CACertIdentifier    pulumi.StringInput      `pulumi:"caCertIdentifier"`

	Username                         pulumi.StringInput `pulumi:"username"`
	Password                         pulumi.StringInput `pulumi:"password"`
	IamDatabaseAuthenticationEnabled pulumi.BoolInput   `pulumi:"iamDatabaseAuthenticationEnabled"`

	BackupRetentionPeriod   pulumi.IntInput    `pulumi:"backupRetentionPeriod"`
	BackupWindow            pulumi.StringInput `pulumi:"backupWindow"`
	CopyTagsToSnapshot      pulumi.BoolInput   `pulumi:"copyTagsToSnapshot"`
	DeleteAutomatedBackups  pulumi.BoolInput   `pulumi:"deleteAutomatedBackups"`
	DeletionProtection      pulumi.BoolInput   `pulumi:"deletionProtection"`
	SkipFinalSnapshot       pulumi.BoolInput   `pulumi:"skipFinalSnapshot"`
	FinalSnapshotIdentifier pulumi.StringInput `pulumi:"finalSnapshotIdentifier"`

	EnabledCloudwatchLogsExports       pulumi.StringArrayInput `pulumi:"enabledCloudwatchLogsExports"`
	MonitoringInterval                 pulumi.IntInput         `pulumi:"monitoringInterval"`
	MonitoringRoleArn                  pulumi.StringInput      `pulumi:"monitoringRoleArn"`
	PerformanceInsightsEnabled         pulumi.BoolInput        `pulumi:"performanceInsightsEnabled"`
	PerformanceInsightsKmsKeyID        pulumi.StringInput      `pulumi:"performanceInsightsKmsKeyId"`
	PerformanceInsightsRetentionPeriod pulumi.IntInput         `pulumi:"performanceInsightsRetentionPeriod"`

	Tags pulumi.StringMapInput `pulumi:"tags"`
}

const instanceType = "aws:rds/instance:Instance"

// NewInstance registers an [Instance].
func NewInstance(
	ctx *pulumi.Context, name string, args *InstanceArgs, opts ...pulumi.ResourceOption,
) (*Instance, error) {
	return bytoken.Register(ctx, instanceType, name, args, &Instance{}, opts)
}
