package config

import (
	_ "embed" // For mariadbLines.
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/distribution/reference"
)

// offer is what one engine is, and what of the configuration it does not have.
type offer struct {
	// image is the default, and exporter that of what offers its metrics.
	image, exporter string
	// server is what it is called in messages.
	server string
	// own are the names of roles and databases that every server of it has.
	own []string
	// lacks are the keys that it does not know, each with why.
	lacks map[string]string
}

// engines are all of them. The images' tags are releases: of mysql and mariadb those of
// https://github.com/docker-library/official-images/tree/master/library, of cloudnative-pg of
// https://github.com/cloudnative-pg/postgres-containers, of the exporters of
// https://github.com/prometheus-community/postgres_exporter/releases/tag/v0.17.1 and
// https://github.com/prometheus/mysqld_exporter/releases/tag/v0.17.2.
var engines = map[Engine]offer{
	Postgres: {
		image: "docker.io/library/postgres:17.6", server: "PostgreSQL", own: ofPostgres,
		exporter: "quay.io/prometheuscommunity/postgres-exporter:v0.17.1",
	},
	MariaDB: {
		image: "docker.io/library/mariadb:10.11.13", server: "MariaDB", own: ofMySQL, lacks: inMySQL,
		exporter: exporterOfMySQL,
	},
	MySQL: {
		image: "docker.io/library/mysql:8.4.6", server: "MySQL", own: ofMySQL, lacks: inMySQL, exporter: exporterOfMySQL,
	},
	CloudNativePG: {
		image: "ghcr.io/cloudnative-pg/postgresql:17.6", server: "PostgreSQL", own: ofPostgres, lacks: byOperator,
	},
	ManagedPostgres: {
		image: "docker.io/library/postgres:17.6", server: "PostgreSQL", own: ofManagedPostgres, lacks: unmanaged,
	},
	ManagedMySQL: {image: "docker.io/library/mysql:8.4.6", server: "MySQL", own: ofManagedMySQL, lacks: unmanaged},
}

// byOperator is what a database of the operator's does not have.
var byOperator = map[string]string{
	"rotation": "the operator knows one password of a role, and whoever has the old one would be refused",
	"user":     "the operator's images have a user of their own",
	"clients":  "the operator answers for who may connect",
	"restore":  "a cluster is recovered as the operator's documentation says",
}

const exporterOfMySQL = "docker.io/prom/mysqld-exporter:v0.17.2"

var (
	ofPostgres = []string{"postgres", "replication"}
	ofMySQL    = []string{"mysql", "replication", "root", "sys"}
	// The administrator, those of the clouds themselves, and databases that are there already.
	ofManagedPostgres = []string{"plinth", "postgres", "rdsadmin", "cloudsqladmin", "cloudsqlsuperuser"}
	ofManagedMySQL    = []string{"plinth", "mysql", "root", "sys", "rdsadmin"}
)

// inMySQL is what neither MariaDB nor MySQL has.
var inMySQL = map[string]string{
	"clients": "network policies alone say which pods may connect",
}

// managedMySQL are parameters that replication and the network depend on, in MariaDB and MySQL.
var managedMySQL = []string{
	"basedir", "bind_address", "datadir", "enforce_gtid_consistency", "gtid_domain_id", "gtid_mode", "gtid_strict_mode",
	"init_file", "log_bin", "log_replica_updates", "log_slave_updates", "pid_file", "port", "read_only", "relay_log",
	"relay_log_recovery", "report_host", "require_secure_transport", "server_id", "skip_log_bin", "skip_name_resolve",
	"skip_networking", "skip_replica_start", "skip_slave_start", "socket", "ssl_ca", "ssl_cert", "ssl_key",
	"super_read_only",
	"sync_binlog", "innodb_flush_log_at_trx_commit", "tmpdir",
	"rpl_semi_sync_master_enabled", "rpl_semi_sync_master_timeout", "rpl_semi_sync_master_wait_no_slave",
	"rpl_semi_sync_master_wait_point", "rpl_semi_sync_slave_enabled", "rpl_semi_sync_source_enabled",
	"rpl_semi_sync_source_timeout", "rpl_semi_sync_source_wait_for_replica_count",
	"rpl_semi_sync_source_wait_no_replica", "rpl_semi_sync_source_wait_point", "rpl_semi_sync_replica_enabled",
	"plugin_load_add",
}

// mariadbLines lists the parameters of MariaDB 10.11, from the server's own list (--verbose --help).
//
//go:embed parameters_mariadb.txt
var mariadbLines string

// mariadbTag are tags of the version that the list is of.
var mariadbTag = regexp.MustCompile(`^10\.11([.-]|$)`)

// engine: nothing that it does not offer, and parameters that it has.
func (c *checker) engine(path string, d *Database) {
	if !c.sound(at(path, "engine")) {
		return
	}
	of := engines[d.Engine]
	for _, key := range slices.Sorted(maps.Keys(of.lacks)) {
		c.check(at(path, key), c.absent[at(path, key)], "must not be set with the engine %s: %s", d.Engine, of.lacks[key])
	}
	c.managed(path, d)
	switch d.Engine {
	case MySQL:
		// A clone locks commits out for a moment, which would wait for the replica that is the clone:
		// https://dev.mysql.com/doc/refman/8.4/en/mysqldump.html#option_mysqldump_source-data.
		c.check(at(path, "replicas"), d.Synchronous != SynchronousQuorum || d.Replicas != 1,
			"must be at least 2 with quorum and the engine mysql: while the only replica is being cloned, commits that wait "+
				"for it would hold up the clone; got 1")
		c.mysqlSettings(at(path, "settings"), of.server, d)
	case MariaDB:
		c.mysqlSettings(at(path, "settings"), of.server, d)
	case ManagedMySQL:
		c.mysqlSettings(at(path, "settings"), of.server, d)
	case ManagedPostgres:
		c.settings(at(path, "settings"), numbered(d.Managed.Version), d.Settings)
	case Postgres:
		c.settings(at(path, "settings"), postgresVersion(d.Image), d.Settings)
	case CloudNativePG:
		c.settings(at(path, "settings"), postgresVersion(d.Image), d.Settings)
		c.operator(at(path, "operator"), &d.Operator)
		for _, key := range []string{
			at(path, "backup", "scratch"), at(path, "backup", "timeout"), at(path, "metrics", "image"),
		} {
			c.check(key, c.absent[key] || d.Backup == nil && d.Metrics == nil,
				"must not be set with the engine cloudnative-pg: the operator has its own way")
		}
		return
	}
	c.check(at(path, "operator"), c.absent[at(path, "operator")],
		"must not be set with the engine %s: no operator runs it", d.Engine)
}

// operator: where it is, and where the API server is.
func (c *checker) operator(path string, o *Operator) {
	if !c.sound(path) {
		return
	}
	c.label(at(path, "namespace"), o.Namespace)
	servers := at(path, "apiServers")
	c.check(servers, len(o.APIServers) > 0 || !c.sound(servers),
		"must not be empty with the engine cloudnative-pg, whose instances speak to the API server")
	for i, cidr := range o.APIServers {
		c.cidr(index(servers, i), cidr)
	}
}

// mysqlSettings: parameters that the server knows, where its list is known, and none that Plinth answers for.
func (c *checker) mysqlSettings(path, server string, d *Database) {
	var known []string
	if d.Engine == MariaDB && mariadbTag.MatchString(tagOf(d.Image)) {
		known, server = strings.Fields(mariadbLines), server+" 10.11"
	}
	for _, name := range slices.Sorted(maps.Keys(d.Settings)) {
		here := at(path, name)
		switch {
		case !parameter.MatchString(name) || strings.Contains(name, "."):
			c.add(here, "must be the name of a parameter in lower case and with underscores, such as max_connections, got %s",
				quoted(name))
		case slices.Contains(managedMySQL, name):
			c.add(here, "must not be set here, because replication depends on what it is set to already")
		case known != nil && !slices.Contains(known, name):
			hint := ""
			if near := nearest(name, known); near != "" {
				hint = ": did you mean " + near + "?"
			}
			c.add(here, "%s has no such parameter%s", server, hint)
		}
		c.check(here, !strings.ContainsAny(d.Settings[name], "\"\n"), "must not hold a quotation mark or a line break")
	}
}

// tagOf is the tag of an image, empty where there is none.
func tagOf(image string) string {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return ""
	}
	if tagged, ok := named.(reference.Tagged); ok {
		return tagged.Tag()
	}
	return ""
}
