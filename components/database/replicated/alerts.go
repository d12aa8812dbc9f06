package replicated

import (
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// Monitoring is the Prometheus operator, where it gathers metrics.
type Monitoring struct {
	// Labels are those that the operator's Prometheus selects monitors and rules by.
	Labels map[string]string
	// Ready are what must be there before they are, and is there until after them.
	Ready []pulumi.Resource
}

// monitoringAPI is where the operator's kinds are: https://prometheus-operator.dev/docs/api-reference/api/.
const monitoringAPI = "monitoring.coreos.com/v1"

// alert is raised when an expression has had a result for some time.
type alert struct{ name, expression, lasting, severity, summary string }

// alerts are what somebody should know of a database before its users do. What they are made of comes from the exporter
// ([Exporter].Up), the kubelet (how full volumes are) and kube-state-metrics.
func (b *builder) alerts(job string) []alert {
	of := strings.NewReplacer(
		"VOLUMES", fmt.Sprintf(`namespace=%q,persistentvolumeclaim=~"data-%s(-replica)?-[0-9]+"`,
			b.args.Namespace.Name, b.name),
		"REPLICAS", fmt.Sprintf("namespace=%q,statefulset=%q", b.args.Namespace.Name, b.database.replica.Name),
		"BACKUPS", fmt.Sprintf(`namespace=%q,job_name=~"%s-.*",condition="true"`, b.args.Namespace.Name,
			workload.Name(workload.MaxCronJob, b.name, "backup")),
		"SERVER", fmt.Sprintf("namespace=%q,job=%q", b.args.Namespace.Name, job), "UP", b.engine.Exporter.Up,
	).Replace
	const free = "kubelet_volume_stats_available_bytes{VOLUMES} / kubelet_volume_stats_capacity_bytes{VOLUMES} < "
	all := []alert{
		{
			"DatabaseDown", of("absent(UP{SERVER} == 1)"), "2m", "critical",
			"The primary of database " + b.name + " has not answered for two minutes.",
		},
		{
			"DatabaseVolumeFilling", of(free + "0.2"), "5m", "warning",
			"Less than a fifth of a volume of database " + b.name + " is free: raise its storage.",
		},
		{
			"DatabaseVolumeFull", of(free + "0.05"), "1m", "critical",
			"Less than a twentieth of a volume of database " + b.name + " is free: writes will fail. Raise its storage.",
		},
	}
	if b.args.Replicas > 0 {
		all = append(all, alert{
			"DatabaseReplicaMissing",
			of("kube_statefulset_status_replicas_ready{REPLICAS} < kube_statefulset_replicas{REPLICAS}"), "10m", "warning",
			"A replica of database " + b.name + " has not been ready for ten minutes.",
		})
	}
	if b.args.Backups {
		all = append(all, alert{
			"DatabaseBackupFailed", of("kube_job_failed{BACKUPS} == 1"), "0m", "critical",
			"A backup of database " + b.name + " has failed.",
		})
	}
	return all
}

// monitored lets the operator read the exporter's metrics, and raises alerts.
func (b *builder) monitored(id workload.ID, m *Monitoring) error {
	if m == nil {
		return nil
	}
	object := func(suffix, kind string, spec pulumi.Map) error {
		labels := id.Labels()
		maps.Copy(labels, m.Labels)
		meta := id.Meta(id.Name)
		meta.Labels = workload.StringMap(labels)
		_, err := workload.Object(b.ctx, id.Name+"-"+suffix, monitoringAPI, kind, meta, pulumi.Map{"spec": spec},
			b.child(m.Ready...)...)
		return err
	}
	err := object("monitor", "ServiceMonitor", pulumi.Map{
		"selector": pulumi.Map{"matchLabels": workload.StringMap(id.Selector())},
		"endpoints": pulumi.Array{pulumi.Map{
			"port": pulumi.String(b.engine.Exporter.Port.Name), "path": pulumi.String("/metrics"),
		}},
	})
	if err != nil {
		return err
	}
	rules := pulumi.Array{}
	for _, a := range b.alerts(id.Name) {
		rules = append(rules, pulumi.Map{
			"alert": pulumi.String(a.name), "expr": pulumi.String(a.expression), "for": pulumi.String(a.lasting),
			"labels": pulumi.StringMap{
				"severity": pulumi.String(a.severity), "namespace": pulumi.String(id.Namespace), "database": pulumi.String(b.name),
			},
			"annotations": pulumi.StringMap{"summary": pulumi.String(a.summary)},
		})
	}
	return object("alerts", "PrometheusRule", pulumi.Map{"groups": pulumi.Array{pulumi.Map{
		"name": pulumi.String(id.Namespace + "/" + b.name), "rules": rules,
	}}})
}
