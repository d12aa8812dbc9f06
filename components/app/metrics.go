package app

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// Metrics are what an application tells Prometheus. Where the operator is, it gets a monitor, alerts and a dashboard;
// where it is not, the pods carry the annotations that a Prometheus without it looks for.
type Metrics struct {
	// Port is the name of the port that has them, Path where they are.
	Port, Path string
	// Namespace is whose pods may read them.
	Namespace string
	// Interval is the time between two readings, as Prometheus writes it: 30s.
	Interval string
	// Operator is nil where there is none.
	Operator *PrometheusOperator
}

// PrometheusOperator is the operator that gathers metrics.
type PrometheusOperator struct {
	// Monitor is ServiceMonitor or PodMonitor.
	Monitor string
	// Labels are those that the operator's Prometheus selects monitors and rules by.
	Labels map[string]string
	// Alerts are the application's own, by name, besides those that every application has.
	Alerts map[string]Alert
	// Dashboard is a label and its value by which Grafana finds dashboards. Empty: there is none.
	Dashboard map[string]string
	// Ready are what must be there before the monitor, and is there until after it.
	Ready []pulumi.Resource
}

// Alert is raised when an expression has had a result for some time.
type Alert struct {
	// Expression is Prometheus' own.
	Expression string
	// For is how long, as Prometheus writes it: 5m.
	For string
	// Severity is a label: critical, warning or info.
	Severity string
	// Summary says what is wrong, in a sentence.
	Summary string
}

// monitoringAPI is where the operator's kinds are.
const monitoringAPI = "monitoring.coreos.com/v1"

// scraped are the pods' annotations: where there is no operator, those that lead Prometheus to the metrics, as its
// example configuration for Kubernetes reads them:
// https://github.com/prometheus/prometheus/blob/v3.5.0/documentation/examples/prometheus-kubernetes.yml.
func (b *builder) scraped() pulumi.StringMap {
	m := b.args.Metrics
	if m == nil || m.Operator != nil {
		return b.pod.Annotations
	}
	annotations := pulumi.StringMap{
		"prometheus.io/scrape": pulumi.String("true"),
		"prometheus.io/path":   pulumi.String(m.Path),
		"prometheus.io/port":   pulumi.String(fmt.Sprint(b.port(m.Port).Container)),
	}
	maps.Copy(annotations, b.pod.Annotations)
	return annotations
}

func (b *builder) port(name string) workload.Port {
	for _, port := range b.args.Ports {
		if port.Name == name {
			return port
		}
	}
	return workload.Port{}
}

// metrics lets them be read, and says so to the operator.
func (b *builder) metrics() error {
	m := b.args.Metrics
	if m == nil {
		return nil
	}
	port := b.port(m.Port)
	if port.Name == "" {
		return fmt.Errorf("metrics: no port is called %q", m.Port)
	}
	_, err := workload.Monitored(b.ctx, b.name, b.id, m.Namespace, workload.Ports{port}.Edges(), b.child()...)
	if err != nil || m.Operator == nil {
		return err
	}
	for _, part := range []func(*Metrics) error{b.monitor, b.alerts, b.dashboard} {
		if err := part(m); err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
	}
	return nil
}

// operated is metadata with the labels that the operator looks for.
func (b *builder) operated(o *PrometheusOperator) metav1.ObjectMetaArgs {
	labels := b.id.Labels()
	maps.Copy(labels, o.Labels)
	meta := b.id.Meta(b.name)
	meta.Labels = workload.StringMap(labels)
	return meta
}

func (b *builder) monitor(m *Metrics) error {
	o := m.Operator
	endpoints := map[string]string{"ServiceMonitor": "endpoints", "PodMonitor": "podMetricsEndpoints"}[o.Monitor]
	if endpoints == "" {
		return fmt.Errorf("monitor %q: want ServiceMonitor or PodMonitor", o.Monitor)
	}
	_, err := workload.Object(b.ctx, b.name+"-monitor", monitoringAPI, o.Monitor, b.operated(o), pulumi.Map{
		"spec": pulumi.Map{
			"selector": pulumi.Map{"matchLabels": workload.StringMap(b.id.Selector())},
			endpoints: pulumi.Array{pulumi.Map{
				"port": pulumi.String(m.Port), "path": pulumi.String(m.Path), "interval": pulumi.String(m.Interval),
			}},
		},
	}, b.child(o.Ready...)...)
	return err
}

// alerts are those that every application has, and the application's own. What they are made of comes from the
// operator's own chart: kube-state-metrics and the kubelet.
func (b *builder) alerts(m *Metrics) error {
	all := b.commonAlerts(m)
	maps.Copy(all, m.Operator.Alerts)
	rules := pulumi.Array{}
	for _, name := range sortedKeys(all) {
		alert := all[name]
		rules = append(rules, pulumi.Map{
			"alert": pulumi.String(name), "expr": pulumi.String(alert.Expression), "for": pulumi.String(alert.For),
			"labels": pulumi.StringMap{
				"severity": pulumi.String(alert.Severity), "namespace": pulumi.String(b.id.Namespace),
				"application": pulumi.String(b.name),
			},
			"annotations": pulumi.StringMap{"summary": pulumi.String(alert.Summary)},
		})
	}
	_, err := workload.Object(b.ctx, b.name+"-alerts", monitoringAPI, "PrometheusRule", b.operated(m.Operator), pulumi.Map{
		"spec": pulumi.Map{
			"groups": pulumi.Array{pulumi.Map{"name": pulumi.String(b.id.Namespace + "/" + b.name), "rules": rules}},
		},
	}, b.child(m.Operator.Ready...)...)
	return err
}

// jobLabel is what Prometheus calls the application: the operator takes the Service's name, or the PodMonitor's.
func (b *builder) jobLabel(m *Metrics) string {
	if m.Operator.Monitor == "PodMonitor" {
		return b.id.Namespace + "/" + b.name
	}
	return b.name
}

func (b *builder) commonAlerts(m *Metrics) map[string]Alert {
	of := func(format string) string {
		return strings.NewReplacer("NAMESPACE", b.id.Namespace, "NAME", b.name, "JOB", b.jobLabel(m)).Replace(format)
	}
	return map[string]Alert{
		"ApplicationSilent": {
			Expression: of(`absent(up{namespace="NAMESPACE",job="JOB"} == 1)`), For: "5m", Severity: "critical",
			Summary: "No pod of " + b.name + " has answered for five minutes.",
		},
		"ApplicationIncomplete": {
			Expression: of(`kube_deployment_status_replicas_available{namespace="NAMESPACE",deployment="NAME"} ` +
				`< kube_deployment_spec_replicas{namespace="NAMESPACE",deployment="NAME"}`),
			For: "15m", Severity: "warning",
			Summary: "Fewer pods of " + b.name + " than wanted have been available for 15 minutes.",
		},
		"ApplicationRestarts": {
			Expression: of(`increase(kube_pod_container_status_restarts_total{namespace="NAMESPACE",container="NAME"}` +
				`[15m]) > 3`),
			For: "0m", Severity: "warning",
			Summary: "A pod of " + b.name + " has been restarted more than three times in 15 minutes.",
		},
		"ApplicationShortOfMemory": {
			Expression: of(`max(container_memory_working_set_bytes{namespace="NAMESPACE",container="NAME"}) / ` +
				`max(kube_pod_container_resource_limits{namespace="NAMESPACE",container="NAME",resource="memory"}) > 0.9`),
			For: "10m", Severity: "warning",
			Summary: b.name + " has used more than nine tenths of its memory for ten minutes.",
		},
	}
}

//go:embed dashboard.json
var dashboard string

// dashboard is a page for Grafana, whose sidecar reads it from a ConfigMap with the right label:
// https://github.com/grafana/helm-charts/tree/main/charts/grafana#sidecar-for-dashboards.
func (b *builder) dashboard(m *Metrics) error {
	if len(m.Operator.Dashboard) == 0 {
		return nil
	}
	page := strings.NewReplacer("NAMESPACE", b.id.Namespace, "NAME", b.name, "JOB", b.jobLabel(m)).Replace(dashboard)
	if !json.Valid([]byte(page)) {
		return fmt.Errorf("dashboard of %s: is no JSON", b.name)
	}
	name := b.name + "-dashboard"
	object := workload.Hashed(name, page)
	meta := b.id.Meta(object)
	labels := b.id.Labels()
	maps.Copy(labels, m.Operator.Dashboard)
	meta.Labels = workload.StringMap(labels)
	_, err := corev1.NewConfigMap(b.ctx, name, &corev1.ConfigMapArgs{
		Metadata: meta, Immutable: pulumi.Bool(true), Data: pulumi.StringMap{name + ".json": pulumi.String(page)},
		// Grafana finds it by the file's name, of which there must not be two.
	}, append(b.child(), pulumi.DeleteBeforeReplace(true))...)
	return err
}
