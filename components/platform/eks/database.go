package eks

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/eks/slim"
)

// maxIdentifier is the limit of an instance's name:
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html.
const maxIdentifier = 63

// monitored is how often, in seconds, RDS says how its machine does, and insights for how many days it is known what
// queries waited for: what is free of charge.
const (
	monitored = 60
	insights  = 7
)

// databases are what all databases share; nil where there are none.
type databases struct {
	subnets *slim.SubnetGroup
	monitor *role
}

// makeDatabases makes what databases share: their subnets, which lead nowhere, and the role in which RDS writes how its
// machines do.
func (c *Cluster) makeDatabases(ctx *pulumi.Context) error {
	if !c.args.Databases {
		return nil
	}
	subnets, err := slim.NewSubnetGroup(ctx, c.name+"-databases", &slim.SubnetGroupArgs{
		Description: pulumi.String("Databases of " + c.args.Environment), SubnetIDs: subnetIDs(c.network.database),
		Tags: c.tags("databases"),
	}, c.child()...)
	if err != nil {
		return fmt.Errorf("creating the subnet group of databases: %w", err)
	}
	monitor, err := c.newRole(ctx, "databases", roleArgs{
		description: "Enhanced monitoring of databases",
		trust: trusted("monitoring.rds.amazonaws.com",
			condition{"StringEquals", "aws:SourceAccount", []pulumi.StringInput{c.account}}),
		managed: []string{"service-role/AmazonRDSEnhancedMonitoringRole"},
	})
	if err != nil {
		return err
	}
	c.databases = &databases{subnets, monitor}
	return nil
}

// databaseLogs matches the names of the groups that RDS writes the logs of the environment's databases to.
func (c *Cluster) databaseLogs() string {
	// As much of the environment's name as is in every instance's, however long the database's is.
	const kept = 40
	name := dashes.ReplaceAllString(c.args.Environment, "-")
	return "/aws/rds/instance/" + name[:min(kept, len(name))] + "*"
}

// database is a server of RDS in the making.
type database struct {
	pulumi.ResourceState

	cluster *Cluster
	name    string
	args    *platform.DatabaseArgs
	// identifier is the primary's name in the account.
	identifier pulumi.StringOutput
	groups     pulumi.StringArray
	parameters *slim.ParameterGroup
}

// Database implements [platform.Cluster]: RDS in subnets that lead nowhere, reached from the nodes' subnets alone.
func (c *Cluster) Database(
	ctx *pulumi.Context, name string, args *platform.DatabaseArgs, opts ...pulumi.ResourceOption,
) (*platform.Database, error) {
	if c.databases == nil {
		return nil, fmt.Errorf("database %s: nothing of what databases share was made: say so in Args.Databases", args.Called)
	}
	vouches, err := databaseAuthority(c.args.Location.Region)
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", args.Called, err)
	}
	ranges, err := cut(c.args.Network.CIDR, len(c.args.Location.Zones))
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", args.Called, err)
	}
	d := &database{cluster: c, name: name, args: args}
	if err := ctx.RegisterComponentResource("plinth:platform:EksDatabase", name, d, opts...); err != nil {
		return nil, fmt.Errorf("registering database %s: %w", args.Called, err)
	}
	made := &platform.Database{Port: args.Engine.Port(), Authority: pulumi.String(vouches)}
	for _, zone := range ranges {
		made.Ranges = append(made.Ranges, zone.database.String())
	}
	if err := d.build(ctx, ranges, made); err != nil {
		return nil, fmt.Errorf("building database %s: %w", args.Called, err)
	}
	return made, ctx.RegisterResourceOutputs(d, pulumi.Map{"host": made.Host})
}

func (d *database) build(ctx *pulumi.Context, ranges []ranges, made *platform.Database) (err error) {
	d.identifier, err = platform.DatabaseName(ctx, d.name, maxIdentifier-len("-reader-0"), d.cluster.args.Environment,
		d.args, pulumi.Parent(d))
	if err != nil {
		return err
	}
	if err = d.makeGroup(ctx, ranges); err != nil {
		return err
	}
	if err = d.makeParameters(ctx); err != nil {
		return err
	}
	primary, err := d.makePrimary(ctx)
	if err != nil {
		return err
	}
	made.Host, made.Ready = primary.Address, []pulumi.Resource{primary}
	for i := range d.args.Replicas {
		replica, err := d.makeReplica(ctx, i, primary)
		if err != nil {
			return err
		}
		made.Readers, made.Replicated = append(made.Readers, replica.Address), append(made.Replicated, replica)
	}
	return nil
}

// child are the options of everything that is made here.
func (d *database) child(opts ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(d), pulumi.Provider(d.cluster.provider)}, opts...)
}

func (d *database) tags(part string) pulumi.StringMap { return d.cluster.tags(d.args.Called + part) }

// makeGroup lets in who is in the nodes' subnets: nodes, and pods, which the network policies tell apart.
func (d *database) makeGroup(ctx *pulumi.Context, ranges []ranges) error {
	var from pulumi.StringArray
	for _, zone := range ranges {
		from = append(from, pulumi.String(zone.private.String()))
	}
	port := pulumi.Int(d.args.Engine.Port())
	group, err := slim.NewSecurityGroup(ctx, d.name+"-group", &slim.SecurityGroupArgs{
		VpcID:       d.cluster.network.vpc.ID(),
		Description: pulumi.String("Database " + d.args.Called + " for pods"),
		Ingress: []slim.SecurityGroupIngressArgs{{
			Description: pulumi.String("Pods and nodes"), Protocol: pulumi.String("tcp"), FromPort: port, ToPort: port,
			CidrBlocks: from,
		}},
		Tags: d.tags(""),
	}, d.child()...)
	if err != nil {
		return fmt.Errorf("creating its security group: %w", err)
	}
	d.groups = pulumi.StringArray{group.ID().ToStringOutput()}
	return nil
}

// parameters of each engine: connections are encrypted, and what happens is logged, but no statement that could hold a
// password. Those of MySQL are numbers here, where MySQL itself says ON.
func parameters(engine platform.DatabaseEngine) map[string]string {
	if engine == platform.DatabaseMySQL {
		return map[string]string{
			"require_secure_transport": "1", "local_infile": "0", "general_log": "0", "slow_query_log": "1",
			"log_output": "FILE",
		}
	}
	return map[string]string{
		"rds.force_ssl": "1", "password_encryption": "scram-sha-256", "rds.accepted_password_auth_method": "scram",
		"log_connections": "1", "log_disconnections": "1", "log_checkpoints": "1", "log_lock_waits": "1",
		"log_temp_files": "0", "log_min_duration_statement": "-1", "log_statement": "ddl",
	}
}

// logs are what RDS hands on to CloudWatch.
func logs(engine platform.DatabaseEngine) []string {
	if engine == platform.DatabaseMySQL {
		return []string{"error", "slowquery"}
	}
	return []string{"postgresql", "upgrade"}
}

func (d *database) makeParameters(ctx *pulumi.Context) (err error) {
	all := parameters(d.args.Engine)
	maps.Copy(all, d.args.Settings)
	var list []slim.ParameterGroupParameterArgs
	for _, name := range slices.Sorted(maps.Keys(all)) {
		one := slim.ParameterGroupParameterArgs{Name: pulumi.String(name), Value: pulumi.String(all[name])}
		if _, chosen := d.args.Settings[name]; chosen {
			// It may be one that takes effect with a restart alone, and RDS takes any for that.
			one.ApplyMethod = pulumi.String("pending-reboot")
		}
		list = append(list, one)
	}
	// Its name is made up, so that another major version has its own before the server changes to it.
	d.parameters, err = slim.NewParameterGroup(ctx, d.name+"-parameters", &slim.ParameterGroupArgs{
		Description: pulumi.String("Database " + d.args.Called), Parameters: list, Tags: d.tags(""),
		Family: pulumi.String(string(d.args.Engine) + d.args.Version),
	}, d.child()...)
	if err != nil {
		return fmt.Errorf("creating its parameter group: %w", err)
	}
	return nil
}

// machine is the class of the server: of the burstable kind where little is needed.
func (d *database) machine() (string, error) {
	if d.args.Machine != "" {
		return d.args.Machine, nil
	}
	classes := map[platform.Size]string{
		platform.Small: "db.t4g.large", platform.Medium: "db.m6g.xlarge", platform.Large: "db.m6g.2xlarge",
	}
	class, found := classes[d.args.Size]
	if !found {
		return "", fmt.Errorf("size %q: want small, medium or large", d.args.Size)
	}
	return class, nil
}

// server is what the primary and the replicas have in common. part tells them apart; needs are what RDS writes to, made
// before it: it would make groups of its own otherwise, which are never emptied and stay.
func (d *database) server(ctx *pulumi.Context, part string, identifier pulumi.StringOutput) (
	args *slim.InstanceArgs, needs []pulumi.Resource, err error,
) {
	class, err := d.machine()
	if err != nil {
		return nil, nil, err
	}
	c := d.cluster
	for _, kind := range logs(d.args.Engine) {
		group, err := slim.NewLogGroup(ctx, d.name+part+"-logs-"+kind, &slim.LogGroupArgs{
			Name:            pulumi.Sprintf("/aws/rds/instance/%s/%s", identifier, kind),
			RetentionInDays: pulumi.Int(c.args.LogRetention), KmsKeyID: c.keyARN(),
		}, d.logOptions()...)
		if err != nil {
			return nil, nil, fmt.Errorf("creating the log group of %s: %w", kind, err)
		}
		needs = append(needs, group)
	}
	return &slim.InstanceArgs{
		Identifier: identifier, InstanceClass: pulumi.String(class), StorageType: pulumi.String("gp3"),
		StorageEncrypted: pulumi.Bool(true), MaxAllocatedStorage: pulumi.Int(platform.StorageGrowth * d.args.Storage),
		ParameterGroupName: d.parameters.Name, VpcSecurityGroupIDs: d.groups, PubliclyAccessible: pulumi.Bool(false),
		CACertIdentifier: pulumi.String(authority), IamDatabaseAuthenticationEnabled: pulumi.Bool(true),
		AutoMinorVersionUpgrade: pulumi.Bool(true), AllowMajorVersionUpgrade: pulumi.Bool(true),
		// What changes does so at once and not in a night to come, so that an update is done when it says so.
		ApplyImmediately: pulumi.Bool(true), MaintenanceWindow: pulumi.String(d.window("sun:", 1)),
		CopyTagsToSnapshot: pulumi.Bool(true), DeleteAutomatedBackups: pulumi.Bool(true),
		EnabledCloudwatchLogsExports: pulumi.ToStringArray(logs(d.args.Engine)),
		MonitoringInterval:           pulumi.Int(monitored), MonitoringRoleArn: c.databases.monitor.Arn,
		PerformanceInsightsEnabled: pulumi.Bool(true), PerformanceInsightsKmsKeyID: c.keyARN(),
		PerformanceInsightsRetentionPeriod: pulumi.Int(insights),
		Tags:                               d.tags(part),
	}, append(needs, c.databases.monitor.effective...), nil
}

// logOptions are those of log groups, which outlive the environment where it retains what it has.
func (d *database) logOptions() []pulumi.ResourceOption {
	if d.cluster.args.Retain {
		return d.child(pulumi.RetainOnDelete(true))
	}
	return d.child()
}

// window is half an hour of the night, so many hours after maintenance begins.
func (d *database) window(day string, later int) string {
	hour := (d.cluster.args.MaintenanceStart + later) % 24
	return fmt.Sprintf("%s%02d:00-%s%02d:30", day, hour, day, hour)
}

// makePrimary makes the server that is written to. Everything that guards it is said in both directions, and read from
// the state when it is destroyed: an update has to have applied it.
//
// The administrator's password is one of the environment's, and encrypted in its state, rather than RDS's own
// (manageMasterUserPassword): only that can be handed to a Job in the cluster, and be rotated with all others.
func (d *database) makePrimary(ctx *pulumi.Context) (*slim.Instance, error) {
	args, needs, err := d.server(ctx, "", d.identifier)
	if err != nil {
		return nil, err
	}
	c := d.cluster
	args.Engine, args.EngineVersion = pulumi.String(string(d.args.Engine)), pulumi.String(d.args.Version)
	// A version that is out of standard support is upgraded, instead of costing much more.
	args.EngineLifecycleSupport = pulumi.String("open-source-rds-extended-support-disabled")
	args.AllocatedStorage, args.KmsKeyID = pulumi.Int(d.args.Storage), c.keyARN()
	args.MultiAZ = pulumi.Bool(d.args.MultiZone)
	args.DBSubnetGroupName = c.databases.subnets.Name
	args.Username, args.Password = pulumi.String(platform.Administrator), d.args.Password
	args.BackupRetentionPeriod = pulumi.Int(d.args.Backups)
	args.BackupWindow = pulumi.String(d.window("", 0))
	args.DeletionProtection = pulumi.Bool(d.args.Protect)
	args.SkipFinalSnapshot = pulumi.Bool(!d.args.Retain)
	if d.args.Retain {
		args.FinalSnapshotIdentifier = pulumi.Sprintf("%s-final", d.identifier)
	}
	opts := []pulumi.ResourceOption{pulumi.DependsOn(needs)}
	if d.args.Protect {
		opts = append(opts, pulumi.Protect(true))
	}
	made, err := slim.NewInstance(ctx, d.name+"-primary", args, d.child(opts...)...)
	if err != nil {
		return nil, fmt.Errorf("creating the primary: %w", err)
	}
	return made, nil
}

// makeReplica makes a server that follows the primary. It holds nothing that the primary does not, so nothing guards
// it, and no snapshot of it is left.
func (d *database) makeReplica(ctx *pulumi.Context, index int, primary *slim.Instance) (*slim.Instance, error) {
	part := fmt.Sprintf("-reader-%d", index)
	args, needs, err := d.server(ctx, part, pulumi.Sprintf("%s%s", d.identifier, part))
	if err != nil {
		return nil, err
	}
	args.ReplicateSourceDB = primary.Identifier
	args.MultiAZ, args.DeletionProtection = pulumi.Bool(false), pulumi.Bool(false)
	args.SkipFinalSnapshot, args.BackupRetentionPeriod = pulumi.Bool(true), pulumi.Int(0)
	made, err := slim.NewInstance(ctx, d.name+part, args, d.child(pulumi.DependsOn(needs))...)
	if err != nil {
		return nil, fmt.Errorf("creating replica %d: %w", index, err)
	}
	return made, nil
}
