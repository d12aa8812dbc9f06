package aws

import "plinth/internal/offline/simulation"

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
			Rules: []simulation.Rule{backedUp},
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
			ID: "{name}", Name: "{name}", Outputs: object{"arn": "arn:{partition}:rds:{region}:{account}:pg:{name}"},
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
