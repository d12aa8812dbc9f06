package mysql_test

import (
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/database/mysql"
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
		set := read[appsv1.StatefulSet](t, rec, name)
		c := set.Spec.Template.Spec.Containers[0]
		expect(t, name+"'s replicas", *set.Spec.Replicas, want.replicas)
		expect(t, name+"'s service", set.Spec.ServiceName, want.service)
		expectAll(t, name+"'s liveness", c.LivenessProbe.Exec.Command, []string{want.liveness})
		expectAll(t, name+"'s readiness", c.ReadinessProbe.Exec.Command, []string{"/scripts/ready.sh"})
		expectAll(t, name+"'s variables", variables(c), want.variables)
		expect(t, name+"'s user", *set.Spec.Template.Spec.SecurityContext.RunAsUser, 999)
		expect(t, name+"'s container", c.Name, "mariadb")
		expectAll(t, name+" ignores", one(t, rec, name).IgnoreChanges, []string{"spec.volumeClaimTemplates"})
	}
	waits(t, rec, "main-replica-statefulset", "main-setup-job")
	waits(t, rec, "main-setup-job", "main-statefulset", "main-setup-to-main", "Secret::main-role-web")
}

func TestVolumesStayWhereTheyAreRetained(t *testing.T) {
	for retain, want := range map[bool]appsv1.PersistentVolumeClaimRetentionPolicyType{true: "Retain", false: "Delete"} {
		policy := read[appsv1.StatefulSet](t, deploy(t, func(a *mysql.Args) { a.Retain = retain }), "main-statefulset").
			Spec.PersistentVolumeClaimRetentionPolicy
		expect(t, "deleted", policy.WhenDeleted, want)
		expect(t, "scaled", policy.WhenScaled, "Retain")
	}
}

func TestTheEnginesDifferInOneScriptAndAFewSettings(t *testing.T) {
	scripts := func(engine mysql.Engine) map[string]string {
		return read[corev1.ConfigMap](t, deploy(t, func(a *mysql.Args) { a.Engine = engine }), "main-scripts").Data
	}
	one, other := scripts(mysql.MariaDB), scripts(mysql.Oracle)
	expectAll(t, "scripts", slices.Sorted(maps.Keys(one)), slices.Sorted(maps.Keys(other)))
	for name := range one {
		expect(t, name+" is the same", one[name] == other[name], name != "engine.sh")
	}
	lines := func(engine mysql.Engine) []string {
		conf := read[corev1.ConfigMap](t, deploy(t, func(a *mysql.Args) { a.Engine = engine }), "main-config").Data["server.cnf"]
		return strings.Split(strings.TrimSpace(conf), "\n")
	}
	expectAll(t, "what MariaDB alone has", without(lines(mysql.MariaDB), lines(mysql.Oracle)), []string{
		`binlog_format = "ROW"`, `gtid_strict_mode = "ON"`, `innodb_buffer_pool_size = "448M"`, `log_slave_updates = "ON"`,
		`loose_slave_connections_needed_for_purge = "0"`,
	})
	expectAll(t, "what MySQL alone has", without(lines(mysql.Oracle), lines(mysql.MariaDB)), []string{
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
		return read[corev1.ConfigMap](t, deploy(t, change), "main-config").Data["server.cnf"]
	}
	expect(t, "server.cnf", conf(func(a *mysql.Args) {
		a.Settings = map[string]string{"max_connections": "50", "sql_mode": `a\b # c`}
	}), want)
	off := conf(func(a *mysql.Args) { a.Synchronous, a.Plaintext = mysql.Off, true })
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
		`database main: synchronous: want off or on, got "quorum"`:         func(a *mysql.Args) { a.Synchronous = "quorum" },
		`database main: engine: want mysql or mariadb, got "percona"`:      func(a *mysql.Args) { a.Engine = "percona" },
		`database main: sizing caches: memory limit "much": quantities mu`: func(a *mysql.Args) { a.Resources.Limits.Memory = "much" },
	} {
		_, err := attempt(t, change, func(*mysql.MySQL) {})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got the error %v, want %s", err, want)
		}
	}
}

func TestTheSetupGetsAccountsThatFitAndNoPasswordInPlain(t *testing.T) {
	rec := deploy(t, func(a *mysql.Args) {
		a.Applications = []string{"api", "an-application-with-a-long-name"}
		a.Rotation = 1
	})
	env := variables(read[batchv1.Job](t, rec, "main-setup-job").Spec.Template.Spec.Containers[0])
	expectAll(t, "variables", env, []string{
		"PRIMARY_HOST=main.shop.svc.cluster.local", "ROOT_PASSWORD=$(secret main-credentials/password)",
		"REPLICATION_PASSWORD=$(secret main-credentials/replication-password)",
		"ROLES=api=api an-application-with-a-long-name=an-application-2ffaf4a3",
		"PREVIOUS_PASSWORD=$(secret main-credentials/previous-password)",
	})
	expect(t, "the longest account fits", len("an-application-2ffaf4a3_read_alt") <= 32, true)
	for _, r := range rec.Resources {
		text, err := json.Marshal(resource.NewProperty(r.Inputs).MapRepl(nil, closed))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "word-") {
			t.Errorf("%s holds a password in plain text: %s", r.Label(), text)
		}
	}
}

func TestScriptsAreShellAndAllInUse(t *testing.T) {
	scripts, err := filepath.Glob("scripts/*.sh")
	if err != nil {
		t.Fatal(err)
	}
	data := read[corev1.ConfigMap](t, deploy(t, unchanged), "main-scripts").Data
	// Those of the engines are one.
	expect(t, "scripts", len(data), len(scripts)-1)
	for _, script := range scripts {
		if output, err := exec.CommandContext(t.Context(), "bash", "-n", script).CombinedOutput(); err != nil {
			t.Errorf("bash -n %s: %v\n%s", script, err, output)
		}
	}
}

// bound is what web gets of the database, in one line for each variable.
func bound(t *testing.T, change func(*mysql.Args), bind func(*mysql.MySQL) binding.Binding) ([]string, binding.Binding) {
	t.Helper()
	var made binding.Binding
	if _, err := attempt(t, change, func(m *mysql.MySQL) { made = bind(m) }); err != nil {
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
	got, made := bound(t, unchanged, func(m *mysql.MySQL) binding.Binding {
		return m.Binding("web", database.Shape{URL: "DATABASE_URL"}, database.Require)
	})
	expectAll(t, "variables", got, []string{
		"DATABASE_URL_PASSWORD=$(secret main-role-web/password)",
		"DATABASE_URL=mysql://web:$(DATABASE_URL_PASSWORD)@main.shop.svc.cluster.local:3306/web?ssl_ca=" + file,
	})
	expect(t, "peer", made.Edges[0].To.Name, "main")
	expect(t, "port", made.Edges[0].Ports[0].Number, 3306)
	expect(t, "file", made.Files[0].Path, file)
	expect(t, "what is waited for", len(made.Ready), 1)

	shape := database.Shape{
		Host: "H", Port: "P", Name: "N", User: "U", Password: "W", Mode: "M", Authority: "A",
	}
	got, _ = bound(t, func(a *mysql.Args) { a.Rotation = 1 }, func(m *mysql.MySQL) binding.Binding {
		return m.Binding("web", shape, database.VerifyFull)
	})
	expectAll(t, "parts after a rotation", got, []string{
		"H=main.shop.svc.cluster.local", "P=3306", "N=web", "U=web_alt",
		"W=$(secret main-role-web/alternate-password)", "M=VERIFY_IDENTITY", "A=" + file,
	})
	got, made = bound(t, unchanged, func(m *mysql.MySQL) binding.Binding {
		return m.Binding("web", database.Shape{URL: "URL", Mode: "M", Authority: "A"}, database.ClientDecides)
	})
	expectAll(t, "what a client that decides is told", got, []string{
		"URL_PASSWORD=$(secret main-role-web/password)", "URL=mysql://web:$(URL_PASSWORD)@main.shop.svc.cluster.local:3306/web",
	})
	expect(t, "files", len(made.Files), 0)
}

func TestReadersGoToTheReplicasAsAnAccountThatMayOnlyRead(t *testing.T) {
	for replicas, want := range map[int][2]string{0: {"main", "main"}, 2: {"main-replicas", "main-replica"}} {
		got, made := bound(t, func(a *mysql.Args) { a.Replicas = replicas }, func(m *mysql.MySQL) binding.Binding {
			return m.ReadOnly("web", database.Shape{URL: "READ_URL"}, database.Require)
		})
		expectAll(t, "variables", got, []string{
			"READ_URL_PASSWORD=$(secret main-role-web/read-password)",
			"READ_URL=mysql://web_read:$(READ_URL_PASSWORD)@" + want[0] +
				".shop.svc.cluster.local:3306/web?ssl_ca=/etc/plinth/databases/" + want[0] + "/ca.crt",
		})
		expect(t, "peer", made.Edges[0].To.Name, want[1])
	}
}
