package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/database/postgres"
	"plinth/components/database/replicated"
	"plinth/internal/record"
	"plinth/internal/recorded"
)

// archive is a bucket in the namespace.
func archive() replicated.Archive {
	key := func(name, entry string) binding.Variable {
		return binding.Variable{Name: name, Secret: &binding.SecretRef{Secret: pulumi.String("store-keys"), Key: entry}}
	}
	return replicated.Archive{
		Image: "quay.io/minio/mc:1", Endpoint: "http://minio:9000", Bucket: "archive", Prefix: "plinth/",
		Access: binding.Binding{
			Env:   []binding.Variable{key("ACCESS_KEY_ID", "id"), key("SECRET_ACCESS_KEY", "key")},
			Files: []binding.File{{Path: "/etc/ca/ca.crt", Secret: binding.SecretRef{Secret: pulumi.String("store-ca"), Key: "ca.crt"}}},
			Edges: []binding.Edge{{
				To:    binding.Peer{Name: "minio", Namespace: "shop", Selector: map[string]string{"app": "minio"}},
				Ports: []binding.Port{{Number: 9000}},
			}},
		},
	}
}

// added is what a database with all that can be added to it makes.
func added(t *testing.T, change func(*postgres.Args), add func(*pulumi.Context, *replicated.Database) error) *record.Recording {
	t.Helper()
	rec, err := attemptWith(t, recorded.Generated, change, add)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func TestABackupDumpsAsARoleThatMayReadAndThenKeepsIt(t *testing.T) {
	rec := added(t, func(a *postgres.Args) { a.Backups = true }, func(ctx *pulumi.Context, p *replicated.Database) error {
		return p.Backup(ctx, &replicated.BackupArgs{
			Archive: archive(), Schedule: "0 3 * * *", Keep: 7, Scratch: "2Gi", Timeout: 600,
		})
	})
	cron := recorded.Read[batchv1.CronJob](t, rec, "CronJob::main-backup").Spec
	recorded.Equal(t, "schedule", cron.Schedule+" "+*cron.TimeZone, "0 3 * * * Etc/UTC")
	recorded.Equal(t, "two at once", cron.ConcurrencyPolicy, batchv1.ForbidConcurrent)
	pod := cron.JobTemplate.Spec.Template.Spec
	dump, upload := pod.InitContainers[0], pod.Containers[0]
	recorded.EqualAll(t, "dumping", recorded.Variables(dump), []string{
		"PGHOST=main.shop.svc.cluster.local", "PGUSER=plinth_backup", "PGPASSWORD=$(secret main-backup-credentials/password)",
		"PGSSLMODE=verify-full", "PGSSLROOTCERT=/authority/ca.crt", "ROLES=api web",
	})
	recorded.EqualAll(t, "keeping", recorded.Variables(upload), []string{
		"MC_CONFIG_DIR=/tmp/mc", "ENDPOINT=http://minio:9000", "FOLDER=store/archive/plinth/main",
		"ACCESS_KEY_ID=$(secret store-keys/id)", "SECRET_ACCESS_KEY=$(secret store-keys/key)", "KEEP=7",
	})
	// Each of the two has the secrets that it needs, and not the other's.
	recorded.Equal(t, "the archive's file at the dump", slices.ContainsFunc(dump.VolumeMounts, mounted("/etc/ca")), false)
	recorded.Equal(t, "the archive's file at the upload", slices.ContainsFunc(upload.VolumeMounts, mounted("/etc/ca")), true)
	recorded.Equal(t, "room", upload.Resources.Limits.StorageEphemeral().String(), "2Gi")
	var edges []string
	for _, r := range rec.All("kubernetes:networking.k8s.io/v1:NetworkPolicy") {
		if policy := recorded.Read[networkingv1.NetworkPolicy](t, rec, r.Name); strings.HasPrefix(policy.Name, "main-backup") {
			edges = append(edges, policy.Name)
		}
	}
	recorded.EqualAll(t, "edges", edges, []string{"main-backup-to-main", "main-backup-to-minio"})
	env := recorded.Variables(recorded.Read[batchv1.Job](t, rec, "main-setup-job").Spec.Template.Spec.Containers[0])
	recorded.Equal(t, "the setup's services", env[len(env)-1], "SERVICES=plinth_backup")
	recorded.Waits(t, rec, "CronJob::main-backup", "main-setup-job", "main-backup-to-minio")
}

func mounted(path string) func(corev1.VolumeMount) bool {
	return func(m corev1.VolumeMount) bool { return m.MountPath == path }
}

func TestARestoreIsDoneBeforeAnybodyUsesTheDatabase(t *testing.T) {
	var bound binding.Binding
	rec := added(t, unchanged, func(ctx *pulumi.Context, p *replicated.Database) error {
		err := p.Restore(ctx, &replicated.RestoreArgs{
			Archive: archive(), From: "old", Backup: "20261121T030000Z", Scratch: "2Gi", Timeout: 600,
		})
		bound = p.Binding("web", database.Shape{}, database.Require)
		return err
	})
	pod := recorded.Read[batchv1.Job](t, rec, "main-restore-job").Spec.Template.Spec
	recorded.EqualAll(t, "getting it", recorded.Variables(pod.InitContainers[0]), []string{
		"MC_CONFIG_DIR=/tmp/mc", "ENDPOINT=http://minio:9000", "FOLDER=store/archive/plinth/old",
		"ACCESS_KEY_ID=$(secret store-keys/id)", "SECRET_ACCESS_KEY=$(secret store-keys/key)",
		"BACKUP=20261121T030000Z", "APPLICATIONS=api web",
	})
	recorded.EqualAll(t, "restoring", recorded.Variables(pod.Containers[0]), []string{
		"PGHOST=main.shop.svc.cluster.local", "PGUSER=postgres", "PGPASSWORD=$(secret main-credentials/password)",
		"PGSSLMODE=verify-full", "PGSSLROOTCERT=/authority/ca.crt", "ROLES=api web",
	})
	recorded.Waits(t, rec, "main-restore-job", "main-setup-job")
	recorded.Equal(t, "what an application waits for", len(bound.Ready), 2)
}

func TestWhatIsWrongWithADatabaseIsAnAlert(t *testing.T) {
	alerts := func(operator *replicated.Monitoring, change func(*postgres.Args)) (out []string, rec *record.Recording) {
		rec = added(t, func(a *postgres.Args) { a.Metrics = true; change(a) }, func(ctx *pulumi.Context, d *replicated.Database) error {
			return d.Exporter(ctx, &replicated.MetricsArgs{Image: "exporter:1", Namespace: "ops", Timeout: 60, Monitoring: operator})
		})
		for _, r := range rec.All("kubernetes:monitoring.coreos.com/v1:PrometheusRule") {
			for _, group := range r.Inputs["spec"].ObjectValue()["groups"].ArrayValue() {
				for _, rule := range group.ObjectValue()["rules"].ArrayValue() {
					out = append(out, rule.ObjectValue()["alert"].StringValue()+": "+rule.ObjectValue()["expr"].StringValue())
				}
			}
		}
		return out, rec
	}
	const volumes = `{namespace="shop",persistentvolumeclaim=~"data-main(-replica)?-[0-9]+"}`
	const free = "kubelet_volume_stats_available_bytes" + volumes + " / kubelet_volume_stats_capacity_bytes" + volumes + " < "
	operator := &replicated.Monitoring{Labels: map[string]string{"release": "prometheus"}}
	got, rec := alerts(operator, func(a *postgres.Args) { a.Backups = true })
	const replicas = `{namespace="shop",statefulset="main-replica"}`
	recorded.EqualAll(t, "alerts", got, []string{
		`DatabaseDown: absent(pg_up{namespace="shop",job="main-metrics"} == 1)`,
		"DatabaseVolumeFilling: " + free + "0.2", "DatabaseVolumeFull: " + free + "0.05",
		"DatabaseReplicaMissing: kube_statefulset_status_replicas_ready" + replicas + " < kube_statefulset_replicas" + replicas,
		`DatabaseBackupFailed: kube_job_failed{namespace="shop",job_name=~"main-backup-.*",condition="true"} == 1`,
	})
	monitor := recorded.One(t, rec, "main-metrics-monitor")
	recorded.Equal(t, "what selects the monitor",
		monitor.Inputs["metadata"].ObjectValue()["labels"].ObjectValue()["release"].StringValue(), "prometheus")
	got, _ = alerts(operator, func(a *postgres.Args) { a.Replicas = 0 })
	recorded.Equal(t, "alerts without replicas and backups", len(got), 3)
	got, _ = alerts(nil, unchanged)
	recorded.Equal(t, "alerts without the operator", len(got), 0)
}

func TestTheExporterMayMonitorAndNothingElse(t *testing.T) {
	rec := added(t, func(a *postgres.Args) { a.Metrics = true }, func(ctx *pulumi.Context, p *replicated.Database) error {
		return p.Exporter(ctx, &replicated.MetricsArgs{Image: "exporter:1", Namespace: "monitoring", Timeout: 60})
	})
	spec := recorded.Read[appsv1.Deployment](t, rec, "main-metrics-deployment").Spec.Template.Spec
	recorded.EqualAll(t, "variables", recorded.Variables(spec.Containers[0]), []string{
		"DATA_SOURCE_URI=main.shop.svc.cluster.local:5432/postgres?sslmode=verify-full&sslrootcert=/authority/ca.crt",
		"DATA_SOURCE_USER=plinth_metrics", "DATA_SOURCE_PASS=$(secret main-metrics-credentials/password)",
	})
	env := recorded.Variables(recorded.Read[batchv1.Job](t, rec, "main-setup-job").Spec.Template.Spec.Containers[0])
	recorded.Equal(t, "the setup's services", env[len(env)-1], "SERVICES=plinth_metrics")
	policy := recorded.Read[networkingv1.NetworkPolicy](t, rec, "main-metrics-monitored").Spec.Ingress[0]
	recorded.Equal(t, "who may read", policy.From[0].NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"], "monitoring")
	recorded.Equal(t, "the port", policy.Ports[0].Port.IntValue(), 9187)
	recorded.Equal(t, "the service", recorded.Read[corev1.Service](t, rec, "main-metrics-service").Spec.Ports[0].Port, 9187)
}
