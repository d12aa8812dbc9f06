package mysql

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"plinth/components/database/replicated"
)

const mebibyte = 1 << 20

// kept is how long the primary keeps its binary logs, in seconds. A replica that was away for longer clones anew.
const kept = 24 * 60 * 60

// settings is the server's option file. The cache of tables gets half of the memory that the server itself leaves,
// for each connection takes some besides:
// https://dev.mysql.com/doc/refman/8.4/en/innodb-parameters.html#sysvar_innodb_buffer_pool_size.
func (a *Args) settings() (string, error) {
	memory, err := resource.ParseQuantity(a.Resources.Limits.Memory)
	if err != nil {
		return "", fmt.Errorf("sizing caches: memory limit %q: %w", a.Resources.Limits.Memory, err)
	}
	values := map[string]string{
		"datadir":                        volumeFolder + "/data",
		"tmpdir":                         volumeFolder + "/tmp",
		"socket":                         socketFolder + "/mysqld.sock",
		"pid_file":                       socketFolder + "/mysqld.pid",
		"port":                           fmt.Sprint(port.Container),
		"bind_address":                   "*",
		"skip_name_resolve":              "ON",
		"ssl_ca":                         replicated.CertificateFolder + "/" + replicated.Authority,
		"ssl_cert":                       replicated.CertificateFolder + "/tls.crt",
		"ssl_key":                        replicated.CertificateFolder + "/tls.key",
		"tls_version":                    "TLSv1.2,TLSv1.3",
		"require_secure_transport":       "ON",
		"local_infile":                   "OFF",
		"character_set_server":           "utf8mb4",
		"log_bin":                        "binlog",
		"relay_log":                      "relay",
		"relay_log_recovery":             "ON",
		"binlog_expire_logs_seconds":     fmt.Sprint(kept),
		"sync_binlog":                    "1",
		"innodb_flush_log_at_trx_commit": "1",
	}
	if a.Plaintext {
		values["require_secure_transport"] = "OFF"
	}
	own, overhead, err := a.Engine.settings()
	if err != nil {
		return "", err
	}
	switch a.Synchronous {
	case replicated.On, replicated.Quorum:
	case replicated.Off:
		// Each commit reaches the operating system, and once a second the disk.
		values["sync_binlog"], values["innodb_flush_log_at_trx_commit"] = "0", "2"
	default:
		return "", fmt.Errorf("synchronous: want off, on or quorum, got %q", a.Synchronous)
	}
	maps.Copy(values, own)
	values["innodb_buffer_pool_size"] = fmt.Sprintf("%dM", max(32, (memory.Value()/mebibyte-overhead)/2))
	maps.Copy(values, a.Settings)
	conf := &strings.Builder{}
	group(conf, "mysqld", values)
	if a.Synchronous == replicated.Quorum {
		primary, replica := a.Engine.quorum()
		group(conf, "mysqld"+primarySuffix, primary)
		group(conf, "mysqld"+replicaSuffix, replica)
	}
	return conf.String(), nil
}

// Suffixes of the groups of settings that the primary alone has, and the replicas alone, as primary.sh and replica.sh
// give them: https://dev.mysql.com/doc/refman/8.4/en/option-file-options.html#option_general_defaults-group-suffix.
const (
	primarySuffix = ".primary"
	replicaSuffix = ".replica"
)

// group writes settings as option files have them.
func group(conf *strings.Builder, name string, values map[string]string) {
	fmt.Fprintf(conf, "[%s]\n", name)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(conf, "%s = %s\n", key, quoted(values[key]))
	}
}

// forever is the longest that the primary can be told to wait for a replica, in milliseconds: 49 days.
const forever = "4294967295"

// quorum makes a commit wait, before anybody sees it, until one replica has written it to its relay log. It never goes
// on without: https://mariadb.com/kb/en/semisynchronous-replication/,
// https://dev.mysql.com/doc/refman/8.4/en/replication-semisync-installation.html.
func (e Engine) quorum() (primary, replica map[string]string) {
	if e == MariaDB {
		return map[string]string{
			"rpl_semi_sync_master_enabled": "ON", "rpl_semi_sync_master_timeout": forever,
			"rpl_semi_sync_master_wait_no_slave": "ON", "rpl_semi_sync_master_wait_point": "AFTER_SYNC",
		}, map[string]string{"rpl_semi_sync_slave_enabled": "ON"}
	}
	return map[string]string{
		"plugin_load_add": "semisync_source.so", "rpl_semi_sync_source_enabled": "ON",
		"rpl_semi_sync_source_timeout": forever, "rpl_semi_sync_source_wait_for_replica_count": "1",
		"rpl_semi_sync_source_wait_no_replica": "ON", "rpl_semi_sync_source_wait_point": "AFTER_SYNC",
	}, map[string]string{"plugin_load_add": "semisync_replica.so", "rpl_semi_sync_replica_enabled": "ON"}
}

// settings are those that one engine alone has, and what it takes of memory before anything is cached, in mebibytes.
func (e Engine) settings() (values map[string]string, overhead int64, err error) {
	switch e {
	case MariaDB:
		return map[string]string{
			"binlog_format": "ROW", "gtid_strict_mode": "ON", "log_slave_updates": "ON",
			// From 11.4 on nothing would be purged while there is no replica.
			"loose_slave_connections_needed_for_purge": "0",
		}, 128, nil
	case Oracle:
		return map[string]string{
			"gtid_mode": "ON", "enforce_gtid_consistency": "ON",
			// A second protocol on a port of its own, which nothing leads to.
			"mysqlx": "OFF",
		}, 384, nil
	}
	return nil, 0, fmt.Errorf("engine: want mysql or mariadb, got %q", e)
}

// quoted is a value as option files have it: backslashes begin what they escape, and # would begin a comment.
// https://dev.mysql.com/doc/refman/8.4/en/option-files.html.
func quoted(value string) string {
	return `"` + strings.ReplaceAll(value, `\`, `\\`) + `"`
}
