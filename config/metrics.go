package config

// AppMetrics are what an app offers to Prometheus.
type AppMetrics struct {
	// Port is the name of the port that has them.
	Port string `json:"port" absent:"the main port"`
	// Path is where they are.
	Path string `json:"path" default:"/metrics"`
	// Interval is the time between two readings.
	Interval string `json:"interval" default:"30s"`
	// Monitor is how the operator finds them: by the app's Service, or pod by pod.
	Monitor Monitor `json:"monitor" default:"ServiceMonitor"`
	// Alerts are the app's own, by name, besides those that every app with metrics has.
	Alerts map[string]Alert `json:"alerts" key:"ALERT"`
}

// Monitor is a kind of the Prometheus operator.
type Monitor string

// The kinds.
const (
	ServiceMonitor Monitor = "ServiceMonitor"
	PodMonitor     Monitor = "PodMonitor"
)

// Values lists the kinds.
func (Monitor) Values() []string { return []string{string(ServiceMonitor), string(PodMonitor)} }

// Alert is raised when an expression has had a result for some time.
type Alert struct {
	// Expression is Prometheus' own.
	Expression string `json:"expression" required:"true"`
	// For is how long.
	For string `json:"for" default:"5m"`
	// Severity is how bad it is.
	Severity Severity `json:"severity" default:"warning"`
	// Summary says what is wrong, in a sentence.
	Summary string `json:"summary" required:"true"`
}

// Severity is how bad an alert is.
type Severity string

// The severities.
const (
	Critical Severity = "critical"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

// Values lists the severities.
func (Severity) Values() []string { return []string{string(Critical), string(Warning), string(Info)} }

// Monitoring says how metrics are gathered in the cluster.
type Monitoring struct {
	// Namespace is whose pods read them.
	Namespace string `json:"namespace" default:"monitoring"`
	// Operator says whether the Prometheus operator is there: then apps with metrics get a monitor, alerts and a
	// dashboard, and otherwise annotations that lead Prometheus to them.
	Operator bool `json:"operator" default:"false"`
	// Labels are those that the operator's Prometheus selects monitors and rules by, such as `release`.
	Labels map[string]string `json:"labels" key:"LABEL"`
	// Dashboards is the label, with the value "1", by which Grafana finds dashboards. Empty: there are none.
	Dashboards string `json:"dashboards" default:"grafana_dashboard"`
}
