package mysql_test

import (
	"errors"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/database/mysql"
	"plinth/components/database/replicated"
	"plinth/internal/recorded"
)

func unchanged(*mysql.Args) {}

func TestADatabaseWithoutReplicasHasNothingOfTheirs(t *testing.T) {
	for _, r := range deploy(t, func(a *mysql.Args) { a.Replicas = 0 }).Resources {
		// The password of the replicas' account stays: a replica that comes later needs no new one.
		if strings.Contains(r.Name, "replica") && !strings.HasPrefix(r.Name, "main-replication") {
			t.Errorf("there is %s", r.Label())
		}
	}
}

func TestPrimaryAndReplicasAreSetsOfTheirOwn(t *testing.T) {
	rec := deploy(t, func(a *mysql.Args) { a.Replicas = 3 })
	for name, want := range map[string]struct {
		replicas  int32
		service   string
		liveness  string
		variables []string
	}{
		"main-statefulset": {1, "main-primary-pods", "/scripts/alive.sh", []string{
			"ROOT_PASSWORD=$(secret main-credentials/password)", "REPLICAS_HOST=main-replicas.shop.svc.cluster.local",
		}},
		"main-replica-statefulset": {3, "main-replica-pods", "/scripts/replica-alive.sh", []string{
			"PRIMARY_HOST=main.shop.svc.cluster.local",
			"REPLICATION_PASSWORD=$(secret main-credentials/replication-password)",
		}},
	} {
		set := recorded.Read[appsv1.StatefulSet](t, rec, name)
		c := set.Spec.Template.Spec.Containers[0]
		recorded.Equal(t, name+"'s replicas", *set.Spec.Replicas, want.replicas)
		recorded.Equal(t, name+"'s service", set.Spec.ServiceName, want.service)
		recorded.EqualAll(t, name+"'s liveness", c.LivenessProbe.Exec.Command, []string{want.liveness})
		recorded.EqualAll(t, name+"'s readiness", c.ReadinessProbe.Exec.Command, []string{"/scripts/ready.sh"})
		recorded.EqualAll(t, name+"'s variables", recorded.Variables(c), want.variables)
		recorded.Equal(t, name+"'s user", *set.Spec.Template.Spec.SecurityContext.RunAsUser, 999)
		recorded.Equal(t, name+"'s container", c.Name, "mariadb")
		recorded.EqualAll(t, name+" ignores", recorded.One(t, rec, name).IgnoreChanges, []string{"spec.volumeClaimTemplates"})
	}
	recorded.Waits(t, rec, "main-replica-statefulset", "main-setup-job")
	recorded.Waits(t, rec, "main-setup-job", "main-statefulset", "main-setup-to-main", "Secret::main-role-web")
}

func TestVolumesStayWhereTheyAreRetained(t *testing.T) {
	for retain, want := range map[bool]appsv1.PersistentVolumeClaimRetentionPolicyType{true: "Retain", false: "Delete"} {
		policy := recorded.Read[appsv1.StatefulSet](t, deploy(t, func(a *mysql.Args) { a.Retain = retain }), "main-statefulset").
			Spec.PersistentVolumeClaimRetentionPolicy
		recorded.Equal(t, "deleted", policy.WhenDeleted, want)
		recorded.Equal(t, "scaled", policy.WhenScaled, "Retain")
	}
}

func TestTheEnginesDifferInOneScriptAndAFewSettings(t *testing.T) {
	scripts := func(engine mysql.Engine) map[string]string {
		return recorded.Read[corev1.ConfigMap](t, deploy(t, func(a *mysql.Args) { a.Engine = engine }), "main-scripts").Data
	}
	one, other := scripts(mysql.MariaDB), scripts(mysql.Oracle)
	recorded.EqualAll(t, "scripts", slices.Sorted(maps.Keys(one)), slices.Sorted(maps.Keys(other)))
	for name := range one {
		recorded.Equal(t, name+" is the same", one[name] == other[name], name != "engine.sh")
	}
	lines := func(engine mysql.Engine) []string {
		conf := recorded.Read[corev1.ConfigMap](t, deploy(t, func(a *mysql.Args) { a.Engine = engine }), "main-config").Data["server.cnf"]
		return strings.Split(strings.TrimSpace(conf), "\n")
	}
	recorded.EqualAll(t, "what MariaDB alone has", without(lines(mysql.MariaDB), lines(mysql.Oracle)), []string{
		`binlog_format = "ROW"`, `gtid_strict_mode = "ON"`, `innodb_buffer_pool_size = "448M"`, `log_slave_updates = "ON"`,
		`loose_slave_connections_needed_for_purge = "0"`,
	})
	recorded.EqualAll(t, "what MySQL alone has", without(lines(mysql.Oracle), lines(mysql.MariaDB)), []string{
		`enforce_gtid_consistency = "ON"`, `gtid_mode = "ON"`, `innodb_buffer_pool_size = "320M"`, `mysqlx = "OFF"`,
	})
}

func without(all, others []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(line string) bool { return slices.Contains(others, line) })
}

func TestTheSettingsAreExactlyThese(t *testing.T) {
	want := `[mysqld]
bind_address = "*"
binlog_expire_logs_seconds = "86400"
binlog_format = "ROW"
character_set_server = "utf8mb4"
datadir = "/database/data"
gtid_strict_mode = "ON"
innodb_buffer_pool_size = "448M"
innodb_flush_log_at_trx_commit = "1"
local_infile = "OFF"
log_bin = "binlog"
log_slave_updates = "ON"
loose_slave_connections_needed_for_purge = "0"
max_connections = "50"
pid_file = "/var/run/mysqld/mysqld.pid"
port = "3306"
relay_log = "relay"
relay_log_recovery = "ON"
require_secure_transport = "ON"
skip_name_resolve = "ON"
socket = "/var/run/mysqld/mysqld.sock"
sql_mode = "a\\b # c"
ssl_ca = "/tls/ca.crt"
ssl_cert = "/tls/tls.crt"
ssl_key = "/tls/tls.key"
sync_binlog = "1"
tls_version = "TLSv1.2,TLSv1.3"
tmpdir = "/database/tmp"
`
	conf := func(change func(*mysql.Args)) string {
		return recorded.Read[corev1.ConfigMap](t, deploy(t, change), "main-config").Data["server.cnf"]
	}
	recorded.Equal(t, "server.cnf", conf(func(a *mysql.Args) {
		a.Settings = map[string]string{"max_connections": "50", "sql_mode": `a\b # c`}
	}), want)
	off := conf(func(a *mysql.Args) { a.Synchronous, a.Plaintext = replicated.Off, true })
	for _, line := range []string{
		`innodb_flush_log_at_trx_commit = "2"`, `sync_binlog = "0"`, `require_secure_transport = "OFF"`,
	} {
		if !strings.Contains(off, line+"\n") {
			t.Errorf("got\n%swant %s", off, line)
		}
	}
	small := conf(func(a *mysql.Args) { a.Resources.Limits.Memory = "128Mi" })
	if !strings.Contains(small, `innodb_buffer_pool_size = "32M"`) {
		t.Errorf("got\n%swant 32M at least", small)
	}
}

func TestWhatIsNoEngineOrNoWaitOrNoQuantityIsRefused(t *testing.T) {
	for want, change := range map[string]func(*mysql.Args){
		`database main: synchronous: want off, on or quorum, got "some"`:   func(a *mysql.Args) { a.Synchronous = "some" },
		`database main: engine: want mysql or mariadb, got "percona"`:      func(a *mysql.Args) { a.Engine = "percona" },
		`database main: sizing caches: memory limit "much": quantities mu`: func(a *mysql.Args) { a.Resources.Limits.Memory = "much" },
	} {
		_, err := attempt(t, change, func(*replicated.Database) {})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got the error %v, want %s", err, want)
		}
	}
}

func TestTheSetupGetsAccountsThatFitAndNoPasswordInPlain(t *testing.T) {
	rec := deploy(t, func(a *mysql.Args) {
		a.Applications = []string{"api", "an-application-with-a-long-name"}
		a.Rotation, a.Backups, a.Metrics = 1, true, true
	})
	env := recorded.Variables(recorded.Read[batchv1.Job](t, rec, "main-setup-job").Spec.Template.Spec.Containers[0])
	recorded.EqualAll(t, "variables", env, []string{
		"PRIMARY_HOST=main.shop.svc.cluster.local", "LOGIN=root", "LOGIN_PASSWORD=$(secret main-credentials/password)",
		"REPLICATION_PASSWORD=$(secret main-credentials/replication-password)",
		"ROLES=api=api an-application-with-a-long-name=an-application-2ffaf4a3",
		"PREVIOUS_PASSWORD=$(secret main-credentials/previous-password)", "SERVICES=plinth_backup plinth_metrics",
	})
	recorded.Equal(t, "the longest account fits", len("an-application-2ffaf4a3_read_alt") <= 32, true)
	recorded.NoneInPlain(t, rec, "word-")
}

func TestScriptsAreShellAndAllInUse(t *testing.T) {
	scripts, err := filepath.Glob("scripts/*.sh")
	if err != nil {
		t.Fatal(err)
	}
	data := recorded.Read[corev1.ConfigMap](t, deploy(t, unchanged), "main-scripts").Data
	// Those of the engines are one; upload.sh and download.sh are everybody's.
	recorded.Equal(t, "scripts", len(data), len(scripts)-1+2)
	for _, script := range scripts {
		if output, err := exec.CommandContext(t.Context(), "bash", "-n", script).CombinedOutput(); err != nil {
			t.Errorf("bash -n %s: %v\n%s", script, err, output)
		}
	}
}

// bound is what web gets of the database, in one line for each variable.
func bound(t *testing.T, change func(*mysql.Args), bind func(*replicated.Database) binding.Binding) ([]string, binding.Binding) {
	t.Helper()
	var made binding.Binding
	if _, err := attempt(t, change, func(m *replicated.Database) { made = bind(m) }); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, v := range made.Env {
		if v.Secret != nil {
			out = append(out, v.Name+"=$(secret "+string(v.Secret.Secret.(pulumi.String))+"/"+v.Secret.Key+")")
			continue
		}
		out = append(out, v.Name+"="+string(v.Value.(pulumi.String)))
	}
	return out, made
}

func TestABindingIsAURLOrPartsAndTheFileToVerifyBy(t *testing.T) {
	const file = "/etc/plinth/databases/main/ca.crt"
	got, made := bound(t, unchanged, func(m *replicated.Database) binding.Binding {
		return m.Binding("web", database.Shape{URL: "DATABASE_URL"}, database.Require)
	})
	recorded.EqualAll(t, "variables", got, []string{
		"DATABASE_URL_PASSWORD=$(secret main-role-web/password)",
		"DATABASE_URL=mysql://web:$(DATABASE_URL_PASSWORD)@main.shop.svc.cluster.local:3306/web?ssl_ca=" + file,
	})
	recorded.Equal(t, "peer", made.Edges[0].To.Name, "main")
	recorded.Equal(t, "port", made.Edges[0].Ports[0].Number, 3306)
	recorded.Equal(t, "file", made.Files[0].Path, file)
	recorded.Equal(t, "what is waited for", len(made.Ready), 1)

	shape := database.Shape{
		Host: "H", Port: "P", Name: "N", User: "U", Password: "W", Mode: "M", Authority: "A",
	}
	got, _ = bound(t, func(a *mysql.Args) { a.Rotation = 1 }, func(m *replicated.Database) binding.Binding {
		return m.Binding("web", shape, database.VerifyFull)
	})
	recorded.EqualAll(t, "parts after a rotation", got, []string{
		"H=main.shop.svc.cluster.local", "P=3306", "N=web", "U=web_alt",
		"W=$(secret main-role-web/alternate-password)", "M=VERIFY_IDENTITY", "A=" + file,
	})
	got, made = bound(t, unchanged, func(m *replicated.Database) binding.Binding {
		return m.Binding("web", database.Shape{URL: "URL", Mode: "M", Authority: "A"}, database.ClientDecides)
	})
	recorded.EqualAll(t, "what a client that decides is told", got, []string{
		"URL_PASSWORD=$(secret main-role-web/password)", "URL=mysql://web:$(URL_PASSWORD)@main.shop.svc.cluster.local:3306/web",
	})
	recorded.Equal(t, "files", len(made.Files), 0)
}

func TestReadersGoToTheReplicasAsAnAccountThatMayOnlyRead(t *testing.T) {
	for replicas, want := range map[int][2]string{0: {"main", "main"}, 2: {"main-replicas", "main-replica"}} {
		got, made := bound(t, func(a *mysql.Args) { a.Replicas = replicas }, func(m *replicated.Database) binding.Binding {
			return m.ReadOnly("web", database.Shape{URL: "READ_URL"}, database.Require)
		})
		recorded.EqualAll(t, "variables", got, []string{
			"READ_URL_PASSWORD=$(secret main-role-web/read-password)",
			"READ_URL=mysql://web_read:$(READ_URL_PASSWORD)@" + want[0] +
				".shop.svc.cluster.local:3306/web?ssl_ca=/etc/plinth/databases/" + want[0] + "/ca.crt",
		})
		recorded.Equal(t, "peer", made.Edges[0].To.Name, want[1])
	}
}

func TestAQuorumIsASettingOfThePrimaryAloneAndOneOfItsReplicas(t *testing.T) {
	groups := func(engine mysql.Engine, synchronous replicated.Synchronous) string {
		conf := recorded.Read[corev1.ConfigMap](t, deploy(t, func(a *mysql.Args) {
			a.Engine, a.Synchronous = engine, synchronous
		}), "main-config").Data["server.cnf"]
		_, after, _ := strings.Cut(conf, "[mysqld.primary]")
		return after
	}
	recorded.Equal(t, "without", groups(mysql.MariaDB, replicated.On), "")
	recorded.Equal(t, "in MariaDB", groups(mysql.MariaDB, replicated.Quorum), `
rpl_semi_sync_master_enabled = "ON"
rpl_semi_sync_master_timeout = "4294967295"
rpl_semi_sync_master_wait_no_slave = "ON"
rpl_semi_sync_master_wait_point = "AFTER_SYNC"
[mysqld.replica]
rpl_semi_sync_slave_enabled = "ON"
`)
	recorded.Equal(t, "in MySQL", groups(mysql.Oracle, replicated.Quorum), `
plugin_load_add = "semisync_source.so"
rpl_semi_sync_source_enabled = "ON"
rpl_semi_sync_source_timeout = "4294967295"
rpl_semi_sync_source_wait_for_replica_count = "1"
rpl_semi_sync_source_wait_no_replica = "ON"
rpl_semi_sync_source_wait_point = "AFTER_SYNC"
[mysqld.replica]
plugin_load_add = "semisync_replica.so"
rpl_semi_sync_replica_enabled = "ON"
`)
}

func TestABackupARestoreAndTheExporterHaveAccountsOfTheirOwn(t *testing.T) {
	archive := replicated.Archive{Image: "mc:1", Endpoint: "http://minio:9000", Bucket: "archive", Prefix: "databases/"}
	rec, err := attemptWith(t, recorded.Generated, func(a *mysql.Args) { a.Backups, a.Metrics = true, true },
		func(ctx *pulumi.Context, d *replicated.Database) error {
			return errors.Join(
				d.Backup(ctx, &replicated.BackupArgs{Archive: archive, Schedule: "0 3 * * *", Keep: 7, Scratch: "2Gi", Timeout: 600}),
				d.Restore(ctx, &replicated.RestoreArgs{Archive: archive, From: "old", Backup: "latest", Scratch: "2Gi", Timeout: 600}),
				d.Exporter(ctx, &replicated.MetricsArgs{Image: "exporter:1", Namespace: "monitoring", Timeout: 60}))
		})
	if err != nil {
		t.Fatal(err)
	}
	cron := recorded.Read[batchv1.CronJob](t, rec, "CronJob::main-backup").Spec.JobTemplate.Spec.Template.Spec
	recorded.EqualAll(t, "dumping", recorded.Variables(cron.InitContainers[0]), []string{
		"PRIMARY_HOST=main.shop.svc.cluster.local", "LOGIN=plinth_backup",
		"LOGIN_PASSWORD=$(secret main-backup-credentials/password)", "ROLES=api=api web=web",
	})
	job := recorded.Read[batchv1.Job](t, rec, "main-restore-job").Spec.Template.Spec
	recorded.EqualAll(t, "what is wanted of a backup", recorded.Variables(job.InitContainers[0])[3:],
		[]string{"BACKUP=latest", "APPLICATIONS=api web"})
	recorded.EqualAll(t, "restoring", recorded.Variables(job.Containers[0]), []string{
		"PRIMARY_HOST=main.shop.svc.cluster.local", "LOGIN=root", "LOGIN_PASSWORD=$(secret main-credentials/password)",
		"ROLES=api=api web=web",
	})
	exporter := recorded.Read[appsv1.Deployment](t, rec, "main-metrics-deployment").Spec.Template.Spec.Containers[0]
	recorded.EqualAll(t, "the exporter's variables", recorded.Variables(exporter),
		[]string{"MYSQLD_EXPORTER_PASSWORD=$(secret main-metrics-credentials/password)"})
	recorded.EqualAll(t, "the exporter's arguments", exporter.Args, []string{
		"--config.my-cnf=/etc/database/exporter.cnf", "--mysqld.address=main.shop.svc.cluster.local:3306",
		"--mysqld.username=plinth_metrics",
	})
	recorded.Equal(t, "the exporter's port", recorded.Read[corev1.Service](t, rec, "main-metrics-service").Spec.Ports[0].Port, 9104)
	recorded.NoneInPlain(t, rec, "word-")
}
