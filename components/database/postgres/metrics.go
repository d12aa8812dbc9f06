package postgres

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
	// Image is that of Prometheus' exporter for Postgres, resolved already.
	Image string
	// Namespace is whose pods may read them.
	Namespace string
	// Timeout is how long it may take to be ready, in seconds.
	Timeout int
}

// exporterUser is nobody, whom the exporter's image runs as.
const exporterUser = 65534

var metricsPort = workload.Port{Name: "metrics", Container: 9187}

// Exporter offers the server's metrics to Prometheus, as a role that may monitor and nothing else. It needs
// [Args].Metrics.
func (p *Postgres) Exporter(ctx *pulumi.Context, args *MetricsArgs, opts ...pulumi.ResourceOption) error {
	b := p.parts
	id, user := p.primary, exporterUser
	id.Name = workload.Name(workload.MaxLabel, b.name, "metrics")
	before, err := workload.Edges(ctx, id.Name, id,
		[]binding.Edge{{To: p.primary.Peer(), Ports: workload.Ports{port}.Edges()}}, b.child()...)
	if err != nil {
		return err
	}
	policy, err := workload.Monitored(ctx, id.Name, id, args.Namespace, workload.Ports{metricsPort}.Edges(), b.child()...)
	if err != nil {
		return err
	}
	ready := &workload.Probe{Path: "/", Port: metricsPort.Name, Period: 10, Timeout: 5}
	alive := &workload.Probe{TCP: true, Port: metricsPort.Name, Period: 10, Timeout: 5}
	pod := workload.Pod{
		ID: id, User: &user,
		// Its password is read at the start.
		Annotations: pulumi.StringMap{"checksum/password": workload.Fingerprint(id, p.revisions[metrics().role])},
		Containers: []workload.Container{{
			Name: "exporter", Image: args.Image, Ports: workload.Ports{metricsPort}, Readiness: ready, Liveness: alive,
			// https://github.com/prometheus-community/postgres_exporter#environment-variables.
			Env: []binding.Variable{
				{Name: "DATA_SOURCE_URI", Value: pulumi.String(fmt.Sprintf("%s:%d/postgres?sslmode=%s&sslrootcert=%s/%s",
					p.host(), port.Container, VerifyFull, authorityFolder, authorityKey))},
				{Name: "DATA_SOURCE_USER", Value: pulumi.String(metrics().role)},
				{Name: "DATA_SOURCE_PASS", Secret: &binding.SecretRef{
					Secret: pulumi.String(b.serviceSecret(metrics())), Key: passwordKey,
				}},
			},
			Resources: workload.Resources{
				Requests: workload.Amounts{CPU: "10m", Memory: "32Mi", EphemeralStorage: "16Mi"},
				Limits:   workload.Amounts{CPU: "200m", Memory: "128Mi", EphemeralStorage: "64Mi"},
			},
		}},
	}
	b.authority(&pod)
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
	}, append(b.child(append(append(before, policy), p.ready...)...), opts...)...)
	if err != nil {
		return fmt.Errorf("exporting the metrics of database %s: %w", b.name, err)
	}
	_, err = corev1.NewService(ctx, id.Name+"-service", &corev1.ServiceArgs{
		Metadata: id.Meta(id.Name),
		Spec: corev1.ServiceSpecArgs{
			Type: pulumi.String("ClusterIP"), Selector: workload.StringMap(id.Selector()),
			Ports: workload.Ports{metricsPort}.ServicePorts(),
		},
	}, append(b.child(exporter), opts...)...)
	if err != nil {
		return fmt.Errorf("exporting the metrics of database %s: %w", b.name, err)
	}
	return nil
}
