package cloudnativepg

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/database/replicated"
	"plinth/components/workload"
)

// Metrics says who reads the metrics that each instance offers by itself:
// https://cloudnative-pg.io/documentation/1.29/monitoring/.
type Metrics struct {
	// Namespace is whose pods may read them.
	Namespace string
	// Monitoring is nil where no operator of Prometheus gathers them.
	Monitoring *replicated.Monitoring
}

var metricsPort = workload.Port{Name: "metrics", Container: 9187}

// metrics lets them be read, and says so to Prometheus' operator.
func (b *builder) metrics() error {
	m := b.args.Metrics
	if m == nil {
		return nil
	}
	id := b.database.server
	_, err := workload.Watched(b.ctx, b.name, "measured", id, m.Namespace, workload.Ports{metricsPort}.Edges(),
		b.child()...)
	if err != nil || m.Monitoring == nil {
		return err
	}
	labels := id.Labels()
	maps.Copy(labels, m.Monitoring.Labels)
	meta := id.Meta(b.name)
	meta.Labels = workload.StringMap(labels)
	_, err = workload.Object(b.ctx, b.name+"-monitor", "monitoring.coreos.com/v1", "PodMonitor", meta,
		pulumi.Map{"spec": pulumi.Map{
			"selector":            pulumi.Map{"matchLabels": workload.StringMap(id.Selector())},
			"podMetricsEndpoints": pulumi.Array{pulumi.Map{"port": pulumi.String(metricsPort.Name)}},
		}}, b.child(m.Monitoring.Ready...)...)
	return err
}
