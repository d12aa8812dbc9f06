package aws

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"plinth/internal/offline/simulation"
)

// databaseTypes are RDS instances: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html.
func databaseTypes() map[string]simulation.Type {
	const name = `[a-zA-Z](-?[a-zA-Z0-9])*`
	return map[string]simulation.Type{
		databaseType: tagged(simulation.Type{
			Replace: []string{
				"identifier", "identifierPrefix", "engine", "username", "dbName", "kmsKeyId", "storageEncrypted",
				"availabilityZone",
				"characterSetName", "snapshotIdentifier", "timezone", "customIamInstanceProfile",
			},
			Auto: "identifier",
			Defaults: object{
				"deleteAutomatedBackups": true, "skipFinalSnapshot": false, "autoMinorVersionUpgrade": true,
				"publiclyAccessible": false, "deletionProtection": false,
			},
			Texts: []simulation.Text{
				{Path: "identifier", Min: 1, Max: 63, Pattern: name},
				{Path: "finalSnapshotIdentifier", Min: 1, Max: 255, Pattern: name},
				// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html.
				{Path: "backupRetentionPeriod", Pattern: `[0-9]|[12][0-9]|3[0-5]`},
				{Path: "monitoringInterval", Words: []string{"0", "1", "5", "10", "15", "30", "60"}},
				{Path: "backupWindow", Pattern: `[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]`},
				{
					Path:    "maintenanceWindow",
					Pattern: `(mon|tue|wed|thu|fri|sat|sun):[0-2][0-9]:[0-5][0-9]-(mon|tue|wed|thu|fri|sat|sun):[0-2][0-9]:[0-5][0-9]`,
				},
				{Path: "caCertIdentifier", Words: []string{"rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"}},
				{Path: "password", Min: 8, Max: 128, Pattern: `[^/"@ ]*`, Fault: "InvalidParameterValue: The parameter " +
					"MasterUserPassword is not a valid password"},
			},
			Unique: []simulation.Unique{{
				By: []string{"identifier", "region", "account"}, Taken: "DBInstanceAlreadyExists: DB instance already exists",
			}},
			References: []simulation.Reference{
				by("dbSubnetGroupName", subnetGroupType, "name", "DBSubnetGroupNotFoundFault: DBSubnetGroup '{value}' not found.",
					simulation.Holds),
				{
					Path: "parameterGroupName", To: []string{parameterGroupType}, By: []string{"name"}, Provided: `default\..+`,
					Absent: "DBParameterGroupNotFound: DBParameterGroup not found: {value}",
				},
				toGroups("vpcSecurityGroupIds", simulation.Holds), toKey("kmsKeyId"), toSubnets("__subnets", simulation.Holds),
				toRole("monitoringRoleArn", "InvalidParameterValue: IAM role ARN value is invalid: {value}"),
				{
					Path: "replicateSourceDb", To: []string{databaseType}, By: []string{"identifier", "arn"},
					Absent: "DBInstanceNotFound: DBInstance {value} not found.", Then: simulation.Stays,
				},
			},
			Rules: []simulation.Rule{backedUp, equipped, grouped, growing, exporting},
			ID:    "db-{upper:26}", Name: "{identifier}",
			Outputs: object{
				"address":  "{identifier}.{hex:12}.{region}.rds.{suffix}",
				"arn":      "arn:{partition}:rds:{region}:{account}:db:{identifier}",
				"endpoint": "{address}:{port}", "port": float64(5432), "resourceId": "{id}", "status": "available",
				"engineVersionActual": "{engineVersion}", "__subnets": "{dbSubnetGroupName>subnetIds}",
			},
			Secret: []string{"password"},
			Held:   "InvalidDBInstanceState: {id} is in use",
			Guards: []simulation.Guard{{
				Path: "deletionProtection",
				Says: "InvalidParameterCombination: Cannot delete protected DB Instance, please disable " +
					"deletion protection and try again.",
			}},
			Last: []simulation.Rule{lastSnapshot},
		}),
		snapshotType: {Foreign: true},
		subnetGroupType: tagged(simulation.Type{
			Replace: []string{"name", "namePrefix"}, Auto: "name", Defaults: object{"description": "Managed by Pulumi"},
			// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html.
			Texts: []simulation.Text{{Path: "name", Min: 1, Max: 255, Pattern: `[a-z0-9 ._-]+`}},
			Unique: []simulation.Unique{{
				By:    []string{"name", "region", "account"},
				Taken: "DBSubnetGroupAlreadyExists: The DB subnet group '{value}' already exists.",
			}},
			References: []simulation.Reference{toSubnets("subnetIds", simulation.Stays)},
			Rules: []simulation.Rule{spread("subnetIds", "DBSubnetGroupDoesNotCoverEnoughAZs: The DB subnet group doesn't meet "+
				"Availability Zone (AZ) coverage requirement. Add subnets to cover at least 2 AZs.")},
			ID: "{name}", Name: "{name}",
			Outputs: object{"arn": "arn:{partition}:rds:{region}:{account}:subgrp:{name}", "vpcId": "{subnetIds>vpcId}"},
			Held: "InvalidDBSubnetGroupStateFault: Cannot delete the subnet group '{name}' because at least one database " +
				"instance is still using it.",
		}),
		parameterGroupType: tagged(simulation.Type{
			Replace: []string{"name", "namePrefix", "family", "description"}, Auto: "name",
			Defaults: object{"description": "Managed by Pulumi"},
			Texts:    []simulation.Text{{Path: "name", Min: 1, Max: 255, Pattern: name}},
			Unique: []simulation.Unique{{
				By:    []string{"name", "region", "account"},
				Taken: "DBParameterGroupAlreadyExists: Parameter group {value} already exists",
			}},
			Rules: []simulation.Rule{settable},
			ID:    "{name}", Name: "{name}", Outputs: object{"arn": "arn:{partition}:rds:{region}:{account}:pg:{name}"},
			Held: "InvalidDBParameterGroupState: One or more database instances are still members of this parameter group " +
				"{name}, so the group cannot be deleted",
		}),
	}
}

// backedUp refuses a replica of an instance without backups, and an instance with replicas that gives its backups up.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.html.
func backedUp(o *simulation.Operation) error {
	if source := o.Text("replicateSourceDb"); source != "" {
		primary, _ := o.Find(databaseType, source, "identifier", "arn")
		if days := primary.Text("backupRetentionPeriod"); days == "" || days == "0" {
			return o.Refuse("InvalidDBInstanceState: Automated backups are not enabled for this database instance. To enable " +
				"automated backups, use ModifyDBInstance to set the backup retention period to a non-zero value.")
		}
	}
	return nil
}

// equipped refuses what does not go together:
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html.
func equipped(o *simulation.Operation) error {
	switch {
	case o.Text("replicateSourceDb") == "" && o.Text("engine") == "" && o.Text("username") != "":
		return o.Refuse("InvalidParameterValue: The parameter Engine must be provided and must not be blank.")
	case o.Text("kmsKeyId") != "" && o.Value("storageEncrypted") != true:
		return o.Refuse("InvalidParameterCombination: KmsKeyId can only be specified with StorageEncrypted set to true")
	case number(o, "monitoringInterval") > 0 && o.Text("monitoringRoleArn") == "":
		return o.Refuse("InvalidParameterCombination: A MonitoringRoleARN value is required if you specify a " +
			"MonitoringInterval value other than 0.")
	// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage.
	case o.Text("storageType") == "gp3" && o.Text("replicateSourceDb") == "" && number(o, "allocatedStorage") < 20:
		return o.Refuse("InvalidParameterValue: Invalid storage size for engine name %s and storage type gp3: %v",
			o.Text("engine"), number(o, "allocatedStorage"))
	}
	return nil
}

func number(o *simulation.Operation, path string) float64 {
	n, _ := o.Value(path).(float64)
	return n
}

// grouped refuses the parameters of another version:
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.html.
func grouped(o *simulation.Operation) error {
	group, found := o.Find(parameterGroupType, o.Text("parameterGroupName"), "name")
	engine, version := o.Text("engine"), o.Text("engineVersion")
	if !found || engine == "" || version == "" {
		return nil
	}
	// Of PostgreSQL the first number is the major version, of MySQL the first two are.
	parts := strings.SplitN(version, ".", 3)
	family := engine + parts[0]
	if engine == "mysql" && len(parts) > 1 {
		family += "." + parts[1]
	}
	if of := group.Text("family"); of != family {
		return o.Refuse("InvalidParameterCombination: The Parameter Group %s with DBParameterGroupFamily %s can't be used "+
			"for this instance. Please use a Parameter Group with DBParameterGroupFamily %s", group.Name, of, family)
	}
	return nil
}

// growing refuses less storage than there is, and a lower version:
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html.
func growing(o *simulation.Operation) error {
	if o.Old == nil {
		return nil
	}
	before, _ := o.Old.Inputs["allocatedStorage"].(float64)
	if now := number(o, "allocatedStorage"); now < before {
		return o.Refuse("InvalidParameterCombination: Invalid storage size for modification: %v is less than %v", now, before)
	}
	from, to := o.Old.Text("engineVersion"), o.Text("engineVersion")
	if older(to, from) {
		return o.Refuse("InvalidParameterCombination: Cannot upgrade %s from %s to %s", o.Text("engine"), from, to)
	}
	if major, _, _ := strings.Cut(from, "."); to != from && !strings.HasPrefix(to, major) &&
		o.Value("allowMajorVersionUpgrade") != true {
		return o.Refuse("InvalidParameterCombination: The AllowMajorVersionUpgrade flag must be present when upgrading to " +
			"a new major version.")
	}
	return nil
}

// older compares versions by their numbers.
func older(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		left, failed := strconv.Atoi(x[i])
		right, err := strconv.Atoi(y[i])
		if failed != nil || err != nil || left != right {
			return failed == nil && err == nil && left < right
		}
	}
	return false
}

// exporting makes the log groups of an instance where nobody has, as RDS does: they are nobody's then, and stay when
// the instance goes:
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Procedural.UploadtoCloudWatch.html.
func exporting(o *simulation.Operation) error {
	for _, kind := range o.Texts("enabledCloudwatchLogsExports") {
		name := "/aws/rds/instance/" + o.Text("identifier") + "/" + kind
		if _, ok := o.Find(logGroupType, name, "name"); ok {
			continue
		}
		arn, err := o.Render("arn:{partition}:logs:{region}:{account}:log-group:" + name)
		if err != nil {
			return err
		}
		o.Put(simulation.Entry{
			Type: logGroupType, ID: name, Name: name, Maker: "the database " + o.Text("identifier"),
			Inputs: object{"name": name}, Outputs: object{"arn": arn},
		})
	}
	return nil
}

// settable refuses values that a parameter does not take, and parameters of the other engine. Of the hundreds that
// there are it knows those that decide on encryption and logs:
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Parameters.html,
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.MySQL.Parameters.html.
func settable(o *simulation.Operation) error {
	flag := `[01]`
	known := map[string]map[string]string{
		"postgres": {
			"rds.force_ssl": flag, "log_connections": flag, "log_disconnections": flag, "log_checkpoints": flag,
			"log_lock_waits": flag, "log_temp_files": `-1|[0-9]+`, "log_min_duration_statement": `-1|[0-9]+`,
			"log_statement": `none|ddl|mod|all`, "password_encryption": `md5|scram-sha-256`,
			"rds.accepted_password_auth_method": `md5\+scram|scram`,
		},
		"mysql": {
			"require_secure_transport": flag, "local_infile": flag, "general_log": flag, "slow_query_log": flag,
			"log_output": `TABLE|FILE|NONE`,
		},
	}
	family := strings.TrimRight(o.Text("family"), "0123456789.")
	list, _ := o.Value("parameters").([]any)
	for _, one := range list {
		parameter, _ := one.(object)
		name, value := fmt.Sprint(parameter["name"]), fmt.Sprint(parameter["value"])
		for engine, patterns := range known {
			pattern, listed := patterns[name]
			switch {
			case !listed:
			case engine != family:
				return o.Refuse("InvalidParameterValue: Could not find parameter with name: %s", name)
			case !regexp.MustCompile("^(" + pattern + ")$").MatchString(value):
				return o.Refuse("InvalidParameterValue: Invalid parameter value: %s for: %s", value, name)
			}
		}
	}
	return nil
}

// lastSnapshot takes the last snapshot of an instance, which stays. Replicas have none.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html.
func lastSnapshot(o *simulation.Operation) error {
	name := o.Text("finalSnapshotIdentifier")
	switch {
	case o.Value("skipFinalSnapshot") == true, o.Text("replicateSourceDb") != "":
		return nil
	case name == "":
		return o.Refuse("final_snapshot_identifier is required when skip_final_snapshot is false")
	}
	if _, ok := o.Find(snapshotType, name); ok {
		return o.Refuse("DBSnapshotAlreadyExists: Cannot create the snapshot because a snapshot with the identifier %s "+
			"already exists.", name)
	}
	o.Put(simulation.Entry{
		Type: snapshotType, ID: name, Name: name, Tags: o.Entry.Tags, Maker: "the delete of " + o.Entry.Name,
		Inputs: object{"dbInstanceIdentifier": o.Entry.Name, "kmsKeyId": o.Text("kmsKeyId")},
	})
	return nil
}
