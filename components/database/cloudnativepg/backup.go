package cloudnativepg

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/database/replicated"
	"plinth/components/workload"
)

// Backup says how the operator backs a database up: a copy of its files when it is time, and the write-ahead log all
// the while, so that one can go back to any moment.
type Backup struct {
	// Archive is where to. What the database keeps there is in a folder of its name.
	Archive replicated.Archive
	// Schedule is when, as cron writes it, in UTC: five fields.
	Schedule string
	// Days is for how many days one can go back.
	Days int
}

// store is the Cluster's backup. This way of the operator's is to be replaced by a plugin one day, which is an operator
// of its own: https://cloudnative-pg.io/documentation/1.29/appendixes/backup_barmanobjectstore/.
func (b *Backup) store() pulumi.Map {
	zipped := pulumi.Map{"compression": pulumi.String("gzip")}
	store := pulumi.Map{
		"destinationPath": pulumi.String("s3://" + b.Archive.Bucket + "/" + b.Archive.Prefix),
		"endpointURL":     pulumi.String(b.Archive.Endpoint), "data": zipped, "wal": zipped,
	}
	credentials := pulumi.Map{}
	for _, v := range b.Archive.Access.Env {
		switch v.Name {
		case "ACCESS_KEY_ID":
			credentials["accessKeyId"] = selector(v.Secret)
		case "SECRET_ACCESS_KEY":
			credentials["secretAccessKey"] = selector(v.Secret)
		}
	}
	store["s3Credentials"] = credentials
	for _, file := range b.Archive.Access.Files {
		store["endpointCA"] = selector(&file.Secret)
	}
	return pulumi.Map{"barmanObjectStore": store, "retentionPolicy": pulumi.String(fmt.Sprint(b.Days, "d"))}
}

func selector(ref *binding.SecretRef) pulumi.Map {
	return pulumi.Map{"name": ref.Secret, "key": pulumi.String(ref.Key)}
}

// backup makes one when it is time.
func (b *builder) backup() error {
	if b.args.Backup == nil {
		return nil
	}
	meta := b.database.server.Meta(b.name)
	_, err := workload.Object(b.ctx, b.name+"-backup", version, "ScheduledBackup", meta, pulumi.Map{"spec": pulumi.Map{
		"cluster": pulumi.Map{"name": pulumi.String(b.name)}, "method": pulumi.String("barmanObjectStore"),
		// The operator's first field is seconds.
		"schedule": pulumi.String("0 " + b.args.Backup.Schedule), "immediate": pulumi.Bool(true),
		"backupOwnerReference": pulumi.String("self"), "target": pulumi.String("prefer-standby"),
	}}, b.child(b.made)...)
	return err
}
