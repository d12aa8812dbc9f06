package environment

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"plinth/components/database/replicated"
	"plinth/components/objectstore"
	"plinth/components/objectstore/minio"
	"plinth/components/operators"
	"plinth/components/workload"
)

// archives adds to the databases what needs a bucket: restores and backups; and what reads their metrics.
func (e *environment) archives() error {
	images := workload.Images{Mirrors: e.cfg.Images.Mirrors}
	for _, name := range slices.Sorted(maps.Keys(e.cfg.Databases)) {
		d, database := e.cfg.Databases[name], e.replicated[name]
		if database == nil {
			continue // What its engine has of these it has from the start.
		}
		if r := d.Restore; r != nil {
			archive, err := e.archive(r.Bucket, restoring(name))
			if err == nil {
				err = database.Restore(e.ctx, &replicated.RestoreArgs{
					Archive: archive, From: r.From, Backup: r.Backup, Scratch: cmp.Or(r.Scratch, d.Storage), Timeout: r.Timeout,
				})
			}
			if err != nil {
				return err
			}
		}
		if b := d.Backup; b != nil {
			archive, err := e.archive(b.Bucket, backingUp(name))
			if err == nil {
				err = database.Backup(e.ctx, &replicated.BackupArgs{
					Archive: archive, Schedule: b.Schedule, Keep: b.Keep, Scratch: cmp.Or(b.Scratch, d.Storage),
					Timeout: b.Timeout,
				})
			}
			if err != nil {
				return err
			}
		}
		if m := d.Metrics; m != nil {
			err := database.Exporter(e.ctx, &replicated.MetricsArgs{
				Image: images.Resolve(m.Image), Namespace: m.Namespace, Timeout: d.Timeout,
				Monitoring: e.monitoring(),
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// monitoring is how databases' metrics are gathered where the Prometheus operator is; nil where it is not.
func (e *environment) monitoring() *replicated.Monitoring {
	if !e.cfg.Monitoring.Operator {
		return nil
	}
	return &replicated.Monitoring{Labels: e.cfg.Monitoring.Labels, Ready: e.operator[operators.Prometheus]}
}

// backingUp and restoring are who uses a bucket for a database; no application has such a name.
func backingUp(database string) string { return database + "-backup" }
func restoring(database string) string { return database + "-restore" }

// archiveFolder is where in a bucket the backups of a database are, below a folder of the database's name.
const archiveFolder = "databases/"

// archiveUsers are the users of a bucket of the server in the cluster that look after databases.
func (e *environment) archiveUsers(bucket string) []minio.User {
	var users []minio.User
	for _, name := range slices.Sorted(maps.Keys(e.cfg.Databases)) {
		d := e.cfg.Databases[name]
		if d.Backup != nil && d.Backup.Bucket == bucket {
			users = append(users, minio.User{
				Application: backingUp(name), Bucket: bucket, Prefix: archiveFolder + name + "/",
			})
		}
		if d.Restore != nil && d.Restore.Bucket == bucket {
			users = append(users, minio.User{
				Application: restoring(name), Bucket: bucket, Prefix: archiveFolder + d.Restore.From + "/", ReadOnly: true,
			})
		}
	}
	return users
}

// archive leads a user to a bucket.
func (e *environment) archive(name, user string) (replicated.Archive, error) {
	bucket := e.buckets[name](user)
	if bucket.Keys == nil {
		return replicated.Archive{}, fmt.Errorf(
			"bucket %s: backups need keys: what speaks to it knows no identity in a cloud", name)
	}
	return replicated.Archive{
		Image:    workload.Images{Mirrors: e.cfg.Images.Mirrors}.Resolve(e.cfg.MinIO.ClientImage),
		Endpoint: cmp.Or(bucket.Endpoint, "https://s3."+bucket.Region+".amazonaws.com"), Bucket: bucket.Name,
		Prefix: archiveFolder,
		Access: bucket.Access(objectstore.Variables{
			AccessKeyID: "ACCESS_KEY_ID", SecretAccessKey: "SECRET_ACCESS_KEY", Authority: "SSL_CERT_FILE",
		}),
	}, nil
}
