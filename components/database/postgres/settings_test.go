package postgres_test

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"plinth/components/database/postgres"
	"plinth/components/database/replicated"
	"plinth/internal/recorded"
)

// configured is the content of the database's configuration.
func configured(t *testing.T, change func(*postgres.Args)) map[string]string {
	t.Helper()
	return recorded.Read[corev1.ConfigMap](t, deploy(t, change), "main-config").Data
}

func TestTheSettingsAreExactlyThese(t *testing.T) {
	want := `effective_cache_size = '768MB'
hot_standby = 'on'
listen_addresses = '*'
max_replication_slots = '10'
max_slot_wal_keep_size = '512MB'
max_wal_senders = '10'
password_encryption = 'scram-sha-256'
shared_buffers = '256MB'
ssl = 'on'
ssl_cert_file = '/tls/tls.crt'
ssl_key_file = '/tls/tls.key'
synchronous_commit = 'on'
unix_socket_directories = '/var/run/postgresql'
wal_level = 'replica'
`
	recorded.Equal(t, "postgresql.conf", configured(t, func(*postgres.Args) {})["postgresql.conf"], want)
}

func TestSizesFollowFromMemoryAndStorage(t *testing.T) {
	for _, c := range []struct{ memory, storage, buffers, cache, kept string }{
		{"1Gi", "2Gi", "256MB", "768MB", "512MB"},
		{"512Mi", "1Gi", "128MB", "384MB", "256MB"},
		{"4G", "10G", "953MB", "2861MB", "2384MB"},
		{"32Mi", "100Mi", "16MB", "48MB", "64MB"},
		{"2Gi", "1Ti", "512MB", "1536MB", "262144MB"},
	} {
		conf := configured(t, func(a *postgres.Args) { a.Resources.Limits.Memory, a.Storage = c.memory, c.storage })
		for name, want := range map[string]string{
			"shared_buffers": c.buffers, "effective_cache_size": c.cache, "max_slot_wal_keep_size": c.kept,
		} {
			if line := name + " = '" + want + "'\n"; !strings.Contains(conf["postgresql.conf"], line) {
				t.Errorf("memory %s, storage %s: got\n%swant %s", c.memory, c.storage, conf["postgresql.conf"], line)
			}
		}
	}
}

func TestASettingOfTheUsersReplacesOursOnceAndIsQuoted(t *testing.T) {
	conf := configured(t, func(a *postgres.Args) {
		a.Synchronous = replicated.Off
		a.Settings = map[string]string{"shared_buffers": "64MB", "log_line_prefix": "it's %m "}
	})["postgresql.conf"]
	lines := strings.Split(strings.TrimSpace(conf), "\n")
	for _, line := range []string{
		"shared_buffers = '64MB'", "log_line_prefix = 'it''s %m '", "synchronous_commit = 'off'",
	} {
		if !slices.Contains(lines, line) {
			t.Errorf("got\n%swant the line %s", conf, line)
		}
	}
	recorded.Equal(t, "how often shared_buffers is set", strings.Count(conf, "shared_buffers"), 1)
}

func TestAQuantityThatDoesNotParseIsRefused(t *testing.T) {
	for want, change := range map[string]func(*postgres.Args){
		`database main: sizing caches: memory limit "much": `: func(a *postgres.Args) {
			a.Resources.Limits.Memory = "much"
		},
		`database main: bounding what slots keep: storage "plenty": `: func(a *postgres.Args) {
			a.Storage = "plenty"
		},
	} {
		_, err := attempt(t, change, func(*replicated.Database) {})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got the error %v, want %q", err, want)
		}
	}
}

func TestEachRoleReachesItsOwnDatabaseByPasswordAlone(t *testing.T) {
	want := `local all postgres peer
host all postgres 127.0.0.1/32 scram-sha-256
hostssl all "postgres" 10.0.0.0/8 scram-sha-256
hostssl replication "replication" 10.0.0.0/8 scram-sha-256
hostssl postgres "replication" 10.0.0.0/8 scram-sha-256
hostssl all "plinth_backup" 10.0.0.0/8 scram-sha-256
hostssl postgres "plinth_metrics" 10.0.0.0/8 scram-sha-256
hostssl "api" "api" 10.0.0.0/8 scram-sha-256
hostssl "api" "api_alt" 10.0.0.0/8 scram-sha-256
hostssl "api" "api_read" 10.0.0.0/8 scram-sha-256
hostssl "api" "api_read_alt" 10.0.0.0/8 scram-sha-256
hostssl "web" "web" 10.0.0.0/8 scram-sha-256
hostssl "web" "web_alt" 10.0.0.0/8 scram-sha-256
hostssl "web" "web_read" 10.0.0.0/8 scram-sha-256
hostssl "web" "web_read_alt" 10.0.0.0/8 scram-sha-256
`
	got := configured(t, func(a *postgres.Args) { a.Clients = a.Clients[:1] })["pg_hba.conf"]
	recorded.Equal(t, "pg_hba.conf", got, want)
	both := configured(t, unchanged)["pg_hba.conf"]
	recorded.Equal(t, "pg_hba.conf for two ranges", both, want+strings.ReplaceAll(
		strings.SplitN(want, "\n", 3)[2], "10.0.0.0/8", "fd00::/8"))
	plain := configured(t, func(a *postgres.Args) { a.Plaintext = true })["pg_hba.conf"]
	recorded.Equal(t, "pg_hba.conf where encryption is optional", plain, strings.ReplaceAll(both, "hostssl", "host"))
}

func TestACommitWaitsForAnyOfTheReplicasThereMayEverBe(t *testing.T) {
	quorum := configured(t, func(a *postgres.Args) { a.Synchronous = replicated.Quorum })["postgresql.conf"]
	want := `synchronous_standby_names = 'ANY 1 ("main-replica-0", "main-replica-1", "main-replica-2", ` +
		`"main-replica-3", "main-replica-4", "main-replica-5", "main-replica-6", "main-replica-7", "main-replica-8")'`
	if !strings.Contains(quorum, want+"\n") || !strings.Contains(quorum, "synchronous_commit = 'on'\n") {
		t.Errorf("got\n%swant %s", quorum, want)
	}
	for _, synchronous := range []replicated.Synchronous{replicated.On, replicated.Off} {
		conf := configured(t, func(a *postgres.Args) { a.Synchronous = synchronous })["postgresql.conf"]
		if strings.Contains(conf, "standby_names") ||
			!strings.Contains(conf, "synchronous_commit = '"+string(synchronous)+"'\n") {
			t.Errorf("%s: got\n%s", synchronous, conf)
		}
	}
	_, err := attempt(t, func(a *postgres.Args) { a.Synchronous = "maybe" }, func(*replicated.Database) {})
	if err == nil || !strings.Contains(err.Error(), `synchronous: want off, on or quorum, got "maybe"`) {
		t.Errorf("got the error %v", err)
	}
}

func TestAChangeOfTheConfigurationRollsThePods(t *testing.T) {
	name := func(change func(*postgres.Args)) string {
		return recorded.Read[corev1.ConfigMap](t, deploy(t, change), "main-config").Name
	}
	before := name(func(*postgres.Args) {})
	recorded.Equal(t, "the name with another image", name(func(a *postgres.Args) { a.Image = "postgres:18.0" }), before)
	// One more replica restarts nobody: the primary has room for all that there can be. Nor does a rotation.
	recorded.Equal(t, "the name with another replica", name(func(a *postgres.Args) { a.Replicas = 3 }), before)
	recorded.Equal(t, "the name after a rotation", name(func(a *postgres.Args) { a.Rotation = 1 }), before)
	if after := name(func(a *postgres.Args) { a.Synchronous = replicated.Quorum }); after == before {
		t.Errorf("the name stays %s with another setting", after)
	}
}
