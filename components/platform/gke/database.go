package gke

import (
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/gke/slim"
)

// maxInstance keeps PROJECT:INSTANCE, with the longest project, within 98 bytes:
// https://cloud.google.com/sql/docs/postgres/instance-settings#instance-id-2ndgen. Endpoints are called after
// instances, and their limit is lower.
const maxInstance = maxCompute

// transactionLogs is for how many days at most Cloud SQL keeps the logs to recover any moment from:
// https://cloud.google.com/sql/docs/postgres/backup-recovery/pitr.
const transactionLogs = 7

// databases are what all databases share; nil where there are none.
type databases struct {
	// subnetwork is what their addresses are in.
	subnetwork *slim.Subnetwork
	// needs are what a server waits for.
	needs []pulumi.Resource
}

// makeDatabases makes what databases share: the subnetwork that their addresses are in, and leave to use the key.
func (c *Cluster) makeDatabases(ctx *pulumi.Context) error {
	if !c.args.Databases {
		return nil
	}
	c.databases = &databases{}
	var err error
	c.databases.subnetwork, err = slim.NewSubnetwork(ctx, c.name+"-endpoints", &slim.SubnetworkArgs{
		Name:                  pulumi.String(c.called(maxCompute, "endpoints")),
		Network:               c.network.vpc.ID().ToStringOutput(),
		Region:                pulumi.String(c.args.Location.Region),
		IPCIDRRange:           pulumi.String(c.args.Network.Endpoints),
		PrivateIPGoogleAccess: pulumi.Bool(true),
		LogConfig:             c.flowLogs(),
	}, c.guarded()...)
	if err != nil {
		return fmt.Errorf("creating the subnetwork of endpoints: %w", err)
	}
	if c.key == nil {
		return nil
	}
	agent, err := slim.NewServiceIdentity(ctx, c.name+"-databases-agent", &slim.ServiceIdentityArgs{
		Project: pulumi.String(c.args.Location.Account), Service: pulumi.String(apiSQL + ".googleapis.com"),
	}, c.child(c.after(apiSQL))...)
	if err != nil {
		return fmt.Errorf("asking for the account of Cloud SQL: %w", err)
	}
	// A server that is retained goes on being read by it.
	allowed, err := c.allowKey(ctx, "databases", pulumi.Sprintf("serviceAccount:%s", agent.Email), c.kept())
	c.databases.needs = []pulumi.Resource{allowed}
	return err
}

// database is a server of Cloud SQL in the making.
type database struct {
	pulumi.ResourceState

	cluster *Cluster
	name    string
	args    *platform.DatabaseArgs
	// instance is the primary's name in the project.
	instance pulumi.StringOutput
}

// Database implements [platform.Cluster]: Cloud SQL, which has addresses in the network by Private Service Connect and
// no others. There is no peering that could hold the network.
func (c *Cluster) Database(
	ctx *pulumi.Context, name string, args *platform.DatabaseArgs, opts ...pulumi.ResourceOption,
) (*platform.Database, error) {
	if c.databases == nil {
		return nil, fmt.Errorf("database %s: nothing of what databases share was made: say so in Args.Databases", args.Called)
	}
	d := &database{cluster: c, name: name, args: args}
	if err := ctx.RegisterComponentResource("plinth:platform:GkeDatabase", name, d, opts...); err != nil {
		return nil, fmt.Errorf("registering database %s: %w", args.Called, err)
	}
	made := &platform.Database{
		Port: args.Engine.Port(), Ranges: []string{c.args.Network.Endpoints},
		// The authority of each server is its own, and what it signs names the server by its project and instance, which no
		// client asks for. Another kind of authority is not to be had with this version of the SDK.
		Nameless: true,
	}
	if err := d.build(ctx, made); err != nil {
		return nil, fmt.Errorf("building database %s: %w", args.Called, err)
	}
	return made, ctx.RegisterResourceOutputs(d, pulumi.Map{"host": made.Host})
}

func (d *database) build(ctx *pulumi.Context, made *platform.Database) (err error) {
	d.instance, err = platform.DatabaseName(ctx, d.name, maxInstance-len("-reader-0"), d.cluster.args.Environment, d.args,
		pulumi.Parent(d))
	if err != nil {
		return err
	}
	primary, err := d.makePrimary(ctx)
	if err != nil {
		return err
	}
	host, endpoint, err := d.makeEndpoint(ctx, "", d.instance, primary)
	if err != nil {
		return err
	}
	// It owns nothing: what it makes belongs to the roles that it makes. It goes with its server.
	user, err := slim.NewDatabaseUser(ctx, d.name+"-administrator", &slim.DatabaseUserArgs{
		Name: pulumi.String(platform.Administrator), Instance: primary.Name, Host: d.anywhere(), Password: d.args.Password,
		DeletionPolicy: pulumi.String("ABANDON"),
	}, d.child(d.retained()...)...)
	if err != nil {
		return fmt.Errorf("creating its administrator: %w", err)
	}
	made.Host, made.Ready = host, []pulumi.Resource{endpoint, user}
	authorities := []any{primary.ServerCACerts.PEM()}
	for i := range d.args.Replicas {
		part := fmt.Sprintf("-reader-%d", i)
		replica, err := d.makeReplica(ctx, part, primary)
		if err != nil {
			return err
		}
		host, endpoint, err := d.makeEndpoint(ctx, part, pulumi.Sprintf("%s%s", d.instance, part), replica)
		if err != nil {
			return err
		}
		made.Readers, made.Replicated = append(made.Readers, host), append(made.Replicated, endpoint)
		authorities = append(authorities, replica.ServerCACerts.PEM())
	}
	made.Authority = pulumi.Sprintf(strings.Repeat("%s", len(authorities)), authorities...)
	return nil
}

// child are the options of everything that is made here.
func (d *database) child(opts ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(d), pulumi.Provider(d.cluster.provider)}, opts...)
}

// retained are the options of what stays where the data is to be kept.
func (d *database) retained() []pulumi.ResourceOption {
	if !d.args.Retain {
		return nil
	}
	return []pulumi.ResourceOption{pulumi.RetainOnDelete(true)}
}

// anywhere is the host of logins, which Postgres does not know.
func (d *database) anywhere() pulumi.StringInput {
	if d.args.Engine == platform.DatabaseMySQL {
		return pulumi.String("%")
	}
	return nil
}

// version is that of the engine in Google's words.
func (d *database) version() pulumi.String {
	words := map[platform.DatabaseEngine]string{platform.DatabasePostgres: "POSTGRES", platform.DatabaseMySQL: "MYSQL"}
	return pulumi.String(words[d.args.Engine] + "_" + strings.ReplaceAll(d.args.Version, ".", "_"))
}

// machine is the type of the server. Cloud SQL has types by numbers of vCPUs and MiB of memory.
func (d *database) machine() (string, error) {
	if d.args.Machine != "" {
		return d.args.Machine, nil
	}
	types := map[platform.Size]string{
		platform.Small: "db-custom-2-8192", platform.Medium: "db-custom-4-16384", platform.Large: "db-custom-8-32768",
	}
	machine, found := types[d.args.Size]
	if !found {
		return "", fmt.Errorf("size %q: want small, medium or large", d.args.Size)
	}
	return machine, nil
}

// flags of each engine: what happens is logged, but no statement that could hold a password. That connections are
// encrypted is said elsewhere.
func flags(engine platform.DatabaseEngine) map[string]string {
	if engine == platform.DatabaseMySQL {
		return map[string]string{"local_infile": "off", "general_log": "off", "slow_query_log": "on"}
	}
	return map[string]string{
		"cloudsql.enable_pgaudit": "on", "log_checkpoints": "on", "log_connections": "on", "log_disconnections": "on",
		"log_hostname": "on", "log_lock_waits": "on", "log_min_duration_statement": "-1", "log_min_error_statement": "error",
		"log_min_messages": "warning", "log_statement": "ddl", "log_temp_files": "0",
	}
}

// settings are what the primary and the replicas have in common.
func (d *database) settings() (*slim.DatabaseSettings, error) {
	machine, err := d.machine()
	if err != nil {
		return nil, err
	}
	all := flags(d.args.Engine)
	maps.Copy(all, d.args.Settings)
	var list []slim.DatabaseFlag
	for _, name := range sorted(all) {
		list = append(list, slim.DatabaseFlag{Name: pulumi.String(name), Value: pulumi.String(all[name])})
	}
	return &slim.DatabaseSettings{
		Tier: pulumi.String(machine), Edition: pulumi.String("ENTERPRISE"), AvailabilityType: pulumi.String("ZONAL"),
		DiskType: pulumi.String("PD_SSD"), DiskSize: pulumi.Int(d.args.Storage), DiskAutoresize: pulumi.Bool(true),
		DiskAutoresizeLimit:       pulumi.Int(platform.StorageGrowth * d.args.Storage),
		DeletionProtectionEnabled: pulumi.Bool(false),
		IPConfiguration: &slim.DatabaseNetwork{
			IPv4Enabled: pulumi.Bool(false), SSLMode: pulumi.String("ENCRYPTED_ONLY"),
			ServerCAMode: pulumi.String("GOOGLE_MANAGED_INTERNAL_CA"),
			PSCConfigs: []slim.DatabasePSC{{
				PSCEnabled:              pulumi.Bool(true),
				AllowedConsumerProjects: pulumi.StringArray{pulumi.String(d.cluster.args.Location.Account)},
			}},
		},
		MaintenanceWindow: &slim.DatabaseMaintenance{
			Day: pulumi.Int(7), Hour: pulumi.Int((d.cluster.args.MaintenanceStart + 1) % 24),
			UpdateTrack: pulumi.String("stable"),
		},
		InsightsConfig: &slim.DatabaseInsights{QueryInsightsEnabled: pulumi.Bool(true)},
		DatabaseFlags:  list,
		// The provider's labels do not reach it.
		UserLabels: d.cluster.labels(),
	}, nil
}

// backups are daily ones, and the logs of the days since.
func (d *database) backups() *slim.DatabaseBackups {
	b := &slim.DatabaseBackups{
		Enabled:                     pulumi.Bool(true),
		StartTime:                   pulumi.String(fmt.Sprintf("%02d:00", d.cluster.args.MaintenanceStart)),
		Location:                    pulumi.String(d.cluster.args.Location.Region),
		TransactionLogRetentionDays: pulumi.Int(min(d.args.Backups, transactionLogs)),
		BackupRetentionSettings: &slim.DatabaseBackupKept{
			RetainedBackups: pulumi.Int(d.args.Backups), RetentionUnit: pulumi.String("COUNT"),
		},
	}
	// Each engine has its own word for that.
	if d.args.Engine == platform.DatabaseMySQL {
		b.BinaryLogEnabled = pulumi.Bool(true)
	} else {
		b.PointInTimeRecoveryEnabled = pulumi.Bool(true)
	}
	return b
}

// grown is never compared: the server has made it larger, and the provider would make another one instead.
const grown = "settings.diskSize"

// makePrimary makes the server that is written to. Protection is said in both directions, to the provider and to
// Google: their default is not to delete anything.
//
// A backup that outlives its server is not to be had with this version of the SDK. Where the data is to be kept, the
// server itself is: it stays when the rest is destroyed, without a way to it.
func (d *database) makePrimary(ctx *pulumi.Context) (*slim.DatabaseInstance, error) {
	settings, err := d.settings()
	if err != nil {
		return nil, err
	}
	if d.args.MultiZone {
		settings.AvailabilityType = pulumi.String("REGIONAL")
	}
	settings.DeletionProtectionEnabled = pulumi.Bool(d.args.Protect)
	settings.BackupConfiguration = d.backups()
	opts := []pulumi.ResourceOption{
		d.cluster.afterAll([]string{apiSQL}, d.cluster.databases.needs), pulumi.IgnoreChanges([]string{grown}),
	}
	if d.args.Protect {
		opts = append(opts, pulumi.Protect(true))
	}
	opts = append(opts, d.retained()...)
	made, err := slim.NewDatabaseInstance(ctx, d.name+"-primary", &slim.DatabaseInstanceArgs{
		Name: d.instance, Region: pulumi.String(d.cluster.args.Location.Region), DatabaseVersion: d.version(),
		EncryptionKeyName: d.cluster.keyName(), DeletionProtection: pulumi.Bool(d.args.Protect), Settings: settings,
	}, d.child(opts...)...)
	if err != nil {
		return nil, fmt.Errorf("creating the primary: %w", err)
	}
	return made, nil
}

// makeReplica makes a server that follows the primary, encrypted as that is. It holds nothing that the primary does
// not, so nothing guards it.
func (d *database) makeReplica(
	ctx *pulumi.Context, part string, primary *slim.DatabaseInstance,
) (*slim.DatabaseInstance, error) {
	settings, err := d.settings()
	if err != nil {
		return nil, err
	}
	made, err := slim.NewDatabaseInstance(ctx, d.name+part, &slim.DatabaseInstanceArgs{
		Name: pulumi.Sprintf("%s%s", d.instance, part), Region: pulumi.String(d.cluster.args.Location.Region),
		DatabaseVersion: d.version(), MasterInstanceName: primary.Name, DeletionProtection: pulumi.Bool(false),
		Settings: settings,
	}, d.child(pulumi.IgnoreChanges([]string{grown}))...)
	if err != nil {
		return nil, fmt.Errorf("creating the replica %s: %w", part, err)
	}
	return made, nil
}

// makeEndpoint gives a server an address in the network, and returns the address and what leads from there.
func (d *database) makeEndpoint(
	ctx *pulumi.Context, part string, called pulumi.StringOutput, server *slim.DatabaseInstance,
) (pulumi.StringInput, pulumi.Resource, error) {
	c := d.cluster
	region := pulumi.String(c.args.Location.Region)
	address, err := slim.NewAddress(ctx, d.name+part+"-address", &slim.AddressArgs{
		Name: called, Region: region, Subnetwork: c.databases.subnetwork.ID().ToStringOutput(),
		AddressType: pulumi.String("INTERNAL"),
	}, d.child()...)
	if err != nil {
		return nil, nil, fmt.Errorf("taking an address: %w", err)
	}
	rule, err := slim.NewForwardingRule(ctx, d.name+part+"-endpoint", &slim.ForwardingRuleArgs{
		Name: called, Region: region, Network: c.network.vpc.ID().ToStringOutput(), IPAddress: address.ID().ToStringOutput(),
		Target: server.PSCServiceAttachmentLink,
		// What leads to a service of somebody else has none: left out, it would be EXTERNAL.
		LoadBalancingScheme: pulumi.String(""),
	}, d.child()...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating its endpoint: %w", err)
	}
	return address.Address, rule, nil
}
