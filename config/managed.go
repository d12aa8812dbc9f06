package config

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Managed says how the cloud runs a database: RDS on AWS, Cloud SQL on Google Cloud.
type Managed struct {
	// Version is the engine's major version. A higher one upgrades the database, which stops it for some minutes.
	Version string `json:"version" absent:"17 of PostgreSQL, 8.4 of MySQL"`
	// Machine is the cloud's own type of machine, instead of the smallest that has `resources.limits`.
	Machine string `json:"machine"`
	// MultiZone keeps a second server in another zone, which has every commit and takes over by itself.
	MultiZone bool `json:"multiZone" tier:"dev=false staging=true prod=true"`
	// Backups is for how many days there is a daily backup, from 1 to 35, and the logs to recover any moment since: on
	// Google Cloud those of the last 7 days.
	Backups int `json:"backups" tier:"dev=1 staging=7 prod=30"`
	// Protect makes Pulumi and the cloud refuse to delete the database.
	Protect bool `json:"protect" tier:"dev=false staging=false prod=true"`
}

// versions of the engines that both clouds run, the default first:
// https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html,
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/MySQL.Concepts.VersionMgmt.html,
// https://cloud.google.com/sql/docs/db-versions.
var versions = map[Engine][]string{
	ManagedPostgres: {"17", "16", "15"},
	ManagedMySQL:    {"8.4", "8.0"},
}

// leastManaged is the least storage of a managed database.
const leastManaged = "20Gi"

// completeManaged fills in what follows from the engine.
func completeManaged(d *Database) {
	if !d.Engine.ByCloud() {
		return
	}
	d.Managed.Version = cmp.Or(d.Managed.Version, versions[d.Engine][0])
	if storage, err := resource.ParseQuantity(d.Storage); err == nil && storage.Cmp(resource.MustParse(leastManaged)) < 0 {
		d.Storage = leastManaged
	}
}

// machines are the vCPUs and the memory of each size, from the smallest: see [Nodes].
var machines = []struct {
	size        Size
	cpu, memory string
}{{Small, "2", "8Gi"}, {Medium, "4", "16Gi"}, {Large, "8", "32Gi"}}

// Size is the smallest machine that has the limits; empty where none has.
func (l Limits) Size() Size {
	cpu, err := resource.ParseQuantity(l.CPU)
	memory, failed := resource.ParseQuantity(l.Memory)
	if err != nil || failed != nil {
		return ""
	}
	for _, m := range machines {
		if cpu.Cmp(resource.MustParse(m.cpu)) <= 0 && memory.Cmp(resource.MustParse(m.memory)) <= 0 {
			return m.size
		}
	}
	return ""
}

// usesManaged says whether the cloud runs a database.
func (c *Config) usesManaged() bool {
	for _, d := range c.Databases {
		if d.Engine.ByCloud() {
			return true
		}
	}
	return false
}

// unmanaged is what a database that the cloud runs does not have.
var unmanaged = map[string]string{
	"backup":       "the cloud backs it up, for as many days as managed.backups says",
	"restore":      "the cloud restores its own backups, into another server",
	"metrics":      "the cloud watches it",
	"clients":      "the cloud's network decides who may connect, and network policies which pods",
	"storageClass": "it has no volumes in the cluster",
}

// guarded are parameters that the encryption of connections depends on, and what would write passwords to logs.
var guarded = []string{
	"rds.force_ssl", "rds.accepted_password_auth_method", "general_log", "local_infile", "cloudsql.enable_pgaudit",
	"pgaudit.log", "log_statement",
}

// maxBackups is for how many days RDS keeps backups; Cloud SQL keeps more:
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.BackupRetention.html.
const maxBackups = 35

// managed: a cloud to run it, a version that both have, a machine that there is, and no key that goes before the data.
func (c *checker) managed(path string, d *Database) {
	own := at(path, "managed")
	if !d.Engine.ByCloud() {
		c.check(own, c.absent[own], "must not be set with the engine %s, which runs in the cluster", d.Engine)
		return
	}
	if c.sound("cloud") {
		c.check(at(path, "engine"), c.Cloud != Existing, "needs plinth:cloud to be aws or gcp, whose databases it is; got "+
			"%s with cloud %s. In a cluster that exists take postgres, mysql, mariadb or cloudnative-pg", d.Engine, c.Cloud)
	}
	c.check(at(path, "synchronous"), d.Synchronous == SynchronousOn,
		"must be on with the engine %s: managed.multiZone says whether another zone has every commit; got %s",
		d.Engine, d.Synchronous)
	c.check(at(path, "tls"), d.TLS == EncryptionRequired, "must be required with the engine %s, got %s", d.Engine, d.TLS)
	for _, name := range slices.Sorted(maps.Keys(d.Settings)) {
		c.check(at(path, "settings", name), !slices.Contains(guarded, name),
			"must not be set here, because the safety of passwords depends on what it is set to already")
	}
	if !c.sound(own) {
		return
	}
	if c.sound(at(own, "version")) {
		c.check(at(own, "version"), slices.Contains(versions[d.Engine], d.Managed.Version),
			"must be one of %s with the engine %s, got %s", list(versions[d.Engine]), d.Engine, quoted(d.Managed.Version))
	}
	if c.sound(at(own, "backups")) {
		c.between(at(own, "backups"), d.Managed.Backups, 1, maxBackups)
	}
	limits := at(path, "resources", "limits")
	if c.sound(at(limits, "cpu")) && c.sound(at(limits, "memory")) {
		c.check(limits, d.Managed.Machine != "" || d.Resources.Limits.Size() != "", "must be at most 8 CPUs and 32Gi with "+
			"the engine %s, or %s says which of the cloud's machines; got %s and %s", d.Engine, at(own, "machine"),
			d.Resources.Limits.CPU, d.Resources.Limits.Memory)
	}
	if c.sound("cluster") && c.sound(at(path, "retain")) {
		c.check(at(path, "retain"), !d.Retain || c.Cluster.Retain || !c.Cluster.OwnKey, "needs cluster.retain to be true, "+
			"or cluster.ownKey to be false: the key goes with the stack, and what is retained could be read no more; got true")
	}
}

// numbered is a version of PostgreSQL as a number; 0 where the parameters of it are not known.
func numbered(version string) int {
	number, err := strconv.Atoi(version)
	if err != nil || number < oldestPostgres || number > newestPostgres {
		return 0
	}
	return number
}
