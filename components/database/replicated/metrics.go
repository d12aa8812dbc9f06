package replicated

import (
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/workload"
)

// MetricsArgs says who reads a database's metrics.
type MetricsArgs struct {
	// Image is that of Prometheus' exporter for the engine, resolved already.
	Image string
	// Namespace is whose pods may read them.
	Namespace string
	// Timeout is how long it may take to be ready, in seconds.
	Timeout int
	// Monitoring is nil where no operator gathers the metrics.
	Monitoring *Monitoring
}

// exporterUser is nobody, whom the exporter's image runs as.
const exporterUser = 65534

// Exporter offers the server's metrics to Prometheus, as an account that may monitor and nothing else. It needs
// [Args].Metrics.
func (d *Database) Exporter(ctx *pulumi.Context, args *MetricsArgs, opts ...pulumi.ResourceOption) error {
	b, id, user := d.parts, d.primary, exporterUser
	port, ports := b.engine.Exporter.Port, workload.Ports{b.engine.Exporter.Port}
	volume, mount := b.authority()
	id.Name = workload.Name(workload.MaxLabel, b.name, "metrics")
	before, err := workload.Edges(ctx, id.Name, id, []binding.Edge{b.toPrimary()}, b.child()...)
	if err != nil {
		return err
	}
	policy, err := workload.Monitored(ctx, id.Name, id, args.Namespace, ports.Edges(), b.child()...)
	if err != nil {
		return err
	}
	ready := &workload.Probe{Path: "/", Port: port.Name, Period: 10, Timeout: 5}
	alive := &workload.Probe{TCP: true, Port: port.Name, Period: 10, Timeout: 5}
	pod := workload.Pod{
		ID: id, User: &user,
		// Its password is read at the start.
		Annotations: pulumi.StringMap{"checksum/password": workload.Fingerprint(id, d.revisions[Metrics])},
		Containers: []workload.Container{{
			Name: "exporter", Image: args.Image, Ports: ports, Readiness: ready, Liveness: alive,
			Env: b.engine.Exporter.Env(d.host(), b.serviceRef(Metrics)), Args: b.engine.Exporter.Args(d.host()),
			Mounts: []workload.Mount{mount, {Volume: "config", Path: b.engine.ConfigFolder, ReadOnly: true}},
			Resources: workload.Resources{
				Requests: workload.Amounts{CPU: "10m", Memory: "32Mi", EphemeralStorage: "16Mi"},
				Limits:   workload.Amounts{CPU: "200m", Memory: "128Mi", EphemeralStorage: "64Mi"},
			},
		}},
		Volumes: []workload.Volume{volume, {Name: "config", ConfigMap: pulumi.String(b.config)}},
	}
	if err := pod.Check(); err != nil {
		return err
	}
	meta := id.Meta(id.Name)
	meta.Annotations = pulumi.StringMap{"pulumi.com/timeoutSeconds": pulumi.String(fmt.Sprint(args.Timeout))}
	exporter, err := appsv1.NewDeployment(ctx, id.Name+"-deployment", &appsv1.DeploymentArgs{
		Metadata: meta,
		Spec: appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(1), Template: pod.Template(),
			Selector: metav1.LabelSelectorArgs{MatchLabels: workload.StringMap(id.Selector())},
		},
	}, append(b.child(append(append(before, policy), d.ready...)...), opts...)...)
	if err != nil {
		return fmt.Errorf("exporting the metrics of database %s: %w", b.name, err)
	}
	_, err = corev1.NewService(ctx, id.Name+"-service", &corev1.ServiceArgs{
		Metadata: id.Meta(id.Name),
		Spec: corev1.ServiceSpecArgs{
			Type: pulumi.String("ClusterIP"), Selector: workload.StringMap(id.Selector()),
			Ports: ports.ServicePorts(),
		},
	}, append(b.child(exporter), opts...)...)
	if err != nil {
		return fmt.Errorf("exporting the metrics of database %s: %w", b.name, err)
	}
	if err := b.monitored(id, args.Monitoring); err != nil {
		return fmt.Errorf("monitoring database %s: %w", b.name, err)
	}
	return nil
}
