package config

import (
	"maps"
	"net/netip"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"
)

// maxReplicas is how many replicas a database may have: the server is set up for ten connections that replicate, and
// one is left for a clone under way.
const maxReplicas = 9

// parameter is what the server's parameters are called; with a dot those of extensions.
var parameter = regexp.MustCompile(`^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$`)

// managed are parameters that replication and the network depend on.
var managed = []string{
	"data_directory", "config_file", "hba_file", "ident_file", "external_pid_file", "listen_addresses", "port",
	"unix_socket_directories", "wal_level", "hot_standby", "primary_conninfo", "primary_slot_name", "restore_command",
	"max_wal_senders", "max_replication_slots", "password_encryption", "synchronous_commit", "synchronous_standby_names",
	"ssl", "ssl_cert_file", "ssl_key_file", "include", "include_dir", "include_if_exists",
}

func (c *checker) databases() {
	for _, name := range slices.Sorted(maps.Keys(c.Databases)) {
		path := at("databases", name)
		if !c.sound(path) {
			continue
		}
		d := c.Databases[name]
		c.workloadName(path, name)
		_, taken := c.Apps[name]
		c.check(path, !taken, "must differ from the name of an app, got %s twice", quoted(name))
		c.reference(at(path, "image"), d.Image)
		c.check(at(path, "user"), d.User > 0, "must be at least 1 (0 is root, and no pod may run as root), got %d", d.User)
		if c.sound(at(path, "replicas")) {
			c.between(at(path, "replicas"), d.Replicas, 0, maxReplicas)
		}
		c.check(at(path, "synchronous"),
			d.Synchronous != SynchronousQuorum || d.Replicas > 0 || !c.sound(at(path, "replicas")),
			"must have at least one replica to wait for, and two to go on when one is away, with quorum; got %d", d.Replicas)
		c.check(at(path, "rotation"), d.Rotation >= 0, "must be at least 0, got %d", d.Rotation)
		c.quantity(at(path, "storage"), d.Storage, "256Mi")
		c.amounts(at(path, "resources"), &d.Resources)
		c.between(at(path, "timeout"), d.Timeout, 30, 86400)
		c.engine(path, &d)
		c.backup(at(path, "backup"), d.Backup)
		c.restore(at(path, "restore"), name, d.Restore)
		if d.Metrics != nil && c.sound(at(path, "metrics")) {
			// The operator's instances tell theirs themselves.
			if d.Engine != CloudNativePG {
				c.reference(at(path, "metrics", "image"), d.Metrics.Image)
			}
			c.label(at(path, "metrics", "namespace"), d.Metrics.Namespace)
		}
		for i, cidr := range d.Clients {
			c.cidr(index(at(path, "clients"), i), cidr)
		}
	}
}

// cronTimes are five fields of numbers, lists, ranges and steps; names are left out.
var cronTimes = regexp.MustCompile(`^([0-9*/,-]+ ){4}[0-9*/,-]+$`)

// backupName is how backups are called: after their time.
var backupName = regexp.MustCompile(`^(latest|[0-9]{8}T[0-9]{6}Z)$`)

// backup: a bucket that is there, a time, and at least one to keep.
func (c *checker) backup(path string, b *Backup) {
	if b == nil || !c.sound(path) {
		return
	}
	c.archive(path, b.Bucket)
	c.check(at(path, "schedule"), cronTimes.MatchString(b.Schedule),
		"must be five fields of digits, *, /, commas and hyphens, such as 0 3 * * *, got %s", quoted(b.Schedule))
	c.between(at(path, "keep"), b.Keep, 1, 10000)
	c.between(at(path, "timeout"), b.Timeout, 60, 604800)
	if b.Scratch != "" {
		c.quantity(at(path, "scratch"), b.Scratch, "16Mi")
	}
}

// restore: a bucket that is there, another database, and the name of a backup.
func (c *checker) restore(path, name string, r *Restore) {
	if r == nil || !c.sound(path) {
		return
	}
	c.archive(path, r.Bucket)
	if c.sound(at(path, "from")) {
		c.label(at(path, "from"), r.From)
		c.check(at(path, "from"), r.From != name, "must be another database: a backup is restored into a new one, got %s",
			quoted(r.From))
	}
	c.check(at(path, "backup"), backupName.MatchString(r.Backup),
		"must be latest, or a backup's name such as 20261121T030000Z, got %s", quoted(r.Backup))
	c.between(at(path, "timeout"), r.Timeout, 60, 604800)
	if r.Scratch != "" {
		c.quantity(at(path, "scratch"), r.Scratch, "16Mi")
	}
}

// archive: a bucket, with keys: the client that writes dumps signs with nothing else, and no way around that is known.
func (c *checker) archive(path, bucket string) {
	if c.sound(at(path, "bucket")) {
		b, found := c.Buckets[bucket]
		c.check(at(path, "bucket"), !found || b.Engine != ManagedBucket,
			"must not be a managed bucket, got %s: it is reached by a cloud identity alone, and what writes and reads dumps "+
				"knows only keys. Name one with the engine minio or external, or leave backups to a managed database",
			quoted(bucket))
		c.check(at(path, "bucket"), found, "must be the name of a bucket, got %s; %s", quoted(bucket),
			suggestion(bucket, slices.Sorted(maps.Keys(c.Buckets))))
	}
}

// label: a name as Kubernetes has them.
func (c *checker) label(path, name string) {
	c.check(path, !c.sound(path) || len(validation.IsDNS1123Label(name)) == 0,
		"must be lower case letters, digits and inner hyphens, got %s", quoted(name))
}

// cidr: a range of addresses in its one spelling.
func (c *checker) cidr(path, text string) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		c.add(path, "must be a range of addresses such as 203.0.113.0/24, got %s", quoted(text))
		return
	}
	c.check(path, prefix == prefix.Masked(), "must not have bits set beyond its prefix: write %s, got %s",
		prefix.Masked(), quoted(text))
}

// database: one that exists, and variables that nothing else sets.
func (c *checker) database(path, app string, a *App) {
	path = at(path, "database")
	if a.Database == nil || !c.sound(path) {
		return
	}
	own := engines[c.Databases[a.Database.Name].Engine].own
	c.check(path, !slices.Contains(own, app), "must not be set for an app of the name %s: the server has a role of "+
		"its own of that name", quoted(app))
	_, found := c.Databases[a.Database.Name]
	known := slices.Sorted(maps.Keys(c.Databases))
	if c.sound(at(path, "name")) {
		c.check(at(path, "name"), found, "must be the name of a database, got %s; %s", quoted(a.Database.Name),
			suggestion(a.Database.Name, known))
	}
	seen := map[string]string{}
	for _, set := range []struct {
		key       string
		variables Variables
	}{{"variables", a.Database.Variables}, {"readOnly", a.Database.ReadOnly}} {
		for _, v := range set.variables.all() {
			here := at(path, set.key, v.key)
			if v.name == "" {
				continue
			}
			c.variable(here, v.name)
			unique(c, here, at(set.key, v.key), seen, v.name)
			c.check(here, v.key != "authority" || a.Database.TLS == ClientVerifies || !c.sound(at(path, "tls")),
				"must not be set unless %s is verify-full: there is no file otherwise", at(path, "tls"))
			_, secret := a.Secrets[v.name]
			c.check(here, !secret, "must not be set in secrets too, got %s", quoted(v.name))
		}
	}
}

// named is one variable: its key in the configuration, and the name given.
type named struct{ key, name string }

// all returns every variable.
func (v Variables) all() []named {
	return []named{
		{"url", v.URL},
		{"host", v.Host},
		{"port", v.Port},
		{"name", v.Name},
		{"user", v.User},
		{"password", v.Password},
		{"mode", v.Mode},
		{"authority", v.Authority},
	}
}

// migration: a command, and a time to run.
func (c *checker) migration(path, _ string, a *App) {
	path = at(path, "migration")
	if a.Migration == nil || !c.sound(path) {
		return
	}
	c.check(at(path, "command"), len(a.Migration.Command) > 0 || !c.sound(at(path, "command")), "must not be empty")
	c.between(at(path, "timeout"), a.Migration.Timeout, 10, 86400)
}
