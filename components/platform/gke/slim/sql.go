package slim

import (
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/bytoken"
)

// DatabaseInstance is a database server.
type DatabaseInstance struct {
	pulumi.CustomResourceState

	Name                     pulumi.StringOutput `pulumi:"name"`
	PSCServiceAttachmentLink pulumi.StringOutput `pulumi:"pscServiceAttachmentLink"`
	ServerCACerts            ServerCACertsOutput `pulumi:"serverCaCerts"`
}

// ServerCACert is the certificate of the authority of one server.
type ServerCACert struct {
	Cert string `pulumi:"cert"`
}

// ServerCACertsOutput are the certificates of a server's authority: there are two while one takes the other's place.
type ServerCACertsOutput struct{ *pulumi.OutputState }

// ElementType implements [pulumi.Output].
func (ServerCACertsOutput) ElementType() reflect.Type { return reflect.TypeFor[[]ServerCACert]() }

// PEM are the certificates one after the other.
func (o ServerCACertsOutput) PEM() pulumi.StringOutput {
	return o.ApplyT(func(all []ServerCACert) string {
		var text strings.Builder
		for _, one := range all {
			text.WriteString(strings.TrimSpace(one.Cert) + "\n")
		}
		return text.String()
	}).(pulumi.StringOutput)
}

// DatabaseInstanceArgs are the properties of a [DatabaseInstance].
type DatabaseInstanceArgs struct {
	Name               pulumi.StringInput `pulumi:"name"`
	Region             pulumi.StringInput `pulumi:"region"`
	DatabaseVersion    pulumi.StringInput `pulumi:"databaseVersion"`
	MasterInstanceName pulumi.StringInput `pulumi:"masterInstanceName"`
	EncryptionKeyName  pulumi.StringInput `pulumi:"encryptionKeyName"`
	DeletionProtection pulumi.BoolInput   `pulumi:"deletionProtection"`
	Settings           *DatabaseSettings  `pulumi:"settings"`
}

// DatabaseSettings say what a server is like.
type DatabaseSettings struct {
	Tier                      pulumi.StringInput    `pulumi:"tier"`
	Edition                   pulumi.StringInput    `pulumi:"edition"`
	AvailabilityType          pulumi.StringInput    `pulumi:"availabilityType"`
	DiskType                  pulumi.StringInput    `pulumi:"diskType"`
	DiskSize                  pulumi.IntInput       `pulumi:"diskSize"`
	DiskAutoresize            pulumi.BoolInput      `pulumi:"diskAutoresize"`
	DiskAutoresizeLimit       pulumi.IntInput       `pulumi:"diskAutoresizeLimit"`
	DeletionProtectionEnabled pulumi.BoolInput      `pulumi:"deletionProtectionEnabled"`
	BackupConfiguration       *DatabaseBackups      `pulumi:"backupConfiguration"`
	IPConfiguration           *DatabaseNetwork      `pulumi:"ipConfiguration"`
	MaintenanceWindow         *DatabaseMaintenance  `pulumi:"maintenanceWindow"`
	InsightsConfig            *DatabaseInsights     `pulumi:"insightsConfig"`
	DatabaseFlags             []DatabaseFlag        `pulumi:"databaseFlags"`
	UserLabels                pulumi.StringMapInput `pulumi:"userLabels"`
}

// DatabaseBackups say which backups there are.
type DatabaseBackups struct {
	Enabled                     pulumi.BoolInput    `pulumi:"enabled"`
	StartTime                   pulumi.StringInput  `pulumi:"startTime"`
	Location                    pulumi.StringInput  `pulumi:"location"`
	PointInTimeRecoveryEnabled  pulumi.BoolInput    `pulumi:"pointInTimeRecoveryEnabled"`
	BinaryLogEnabled            pulumi.BoolInput    `pulumi:"binaryLogEnabled"`
	TransactionLogRetentionDays pulumi.IntInput     `pulumi:"transactionLogRetentionDays"`
	BackupRetentionSettings     *DatabaseBackupKept `pulumi:"backupRetentionSettings"`
}

// DatabaseBackupKept says how many backups are kept.
type DatabaseBackupKept struct {
	RetainedBackups pulumi.IntInput    `pulumi:"retainedBackups"`
	RetentionUnit   pulumi.StringInput `pulumi:"retentionUnit"`
}

// DatabaseNetwork says how a server is reached.
type DatabaseNetwork struct {
	IPv4Enabled  pulumi.BoolInput   `pulumi:"ipv4Enabled"`
	SSLMode      pulumi.StringInput `pulumi:"sslMode"`
	ServerCAMode pulumi.StringInput `pulumi:"serverCaMode"`
	PSCConfigs   []DatabasePSC      `pulumi:"pscConfigs"`
}

// DatabasePSC offers a server by Private Service Connect.
type DatabasePSC struct {
	PSCEnabled              pulumi.BoolInput        `pulumi:"pscEnabled"`
	AllowedConsumerProjects pulumi.StringArrayInput `pulumi:"allowedConsumerProjects"`
}

// DatabaseMaintenance is when a server may be restarted.
type DatabaseMaintenance struct {
	Day         pulumi.IntInput    `pulumi:"day"`
	Hour        pulumi.IntInput    `pulumi:"hour"`
	UpdateTrack pulumi.StringInput `pulumi:"updateTrack"`
}

// DatabaseInsights tells what queries wait for.
type DatabaseInsights struct {
	QueryInsightsEnabled pulumi.BoolInput `pulumi:"queryInsightsEnabled"`
}

// DatabaseFlag is a setting of the server's own.
type DatabaseFlag struct {
	Name  pulumi.StringInput `pulumi:"name"`
	Value pulumi.StringInput `pulumi:"value"`
}

// NewDatabaseInstance makes a server.
func NewDatabaseInstance(
	ctx *pulumi.Context, name string, args *DatabaseInstanceArgs, opts ...pulumi.ResourceOption,
) (*DatabaseInstance, error) {
	return bytoken.Register(ctx, "gcp:sql/databaseInstance:DatabaseInstance", name, args, &DatabaseInstance{}, opts)
}

// DatabaseUser is a login of a server.
type DatabaseUser struct {
	pulumi.CustomResourceState
}

// DatabaseUserArgs are the properties of a [DatabaseUser].
type DatabaseUserArgs struct {
	Name           pulumi.StringInput `pulumi:"name"`
	Instance       pulumi.StringInput `pulumi:"instance"`
	Host           pulumi.StringInput `pulumi:"host"`
	Password       pulumi.StringInput `pulumi:"password"`
	DeletionPolicy pulumi.StringInput `pulumi:"deletionPolicy"`
}

// NewDatabaseUser makes a login that administers a server.
func NewDatabaseUser(
	ctx *pulumi.Context, name string, args *DatabaseUserArgs, opts ...pulumi.ResourceOption,
) (*DatabaseUser, error) {
	return bytoken.Register(ctx, "gcp:sql/user:User", name, args, &DatabaseUser{}, opts)
}
