package app_test

import (
	"encoding/json"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"plinth/components/app"
)

func TestWithoutAnOperatorThePodsSayWhereTheirMetricsAre(t *testing.T) {
	rec := deploy(t, func(a *app.Args) {
		a.Metrics = &app.Metrics{Port: "metrics", Path: "/m", Namespace: "monitoring", Interval: "30s"}
	})
	annotations := read[appsv1.Deployment](t, rec, "web-deployment").Spec.Template.Annotations
	for key, want := range map[string]string{"scrape": "true", "path": "/m", "port": "9100"} {
		expect(t, key, annotations["prometheus.io/"+key], want)
	}
	expect(t, "a monitor", has(rec, "web-monitor"), false)
	policy := read[networkingv1.NetworkPolicy](t, rec, "web-monitored").Spec.Ingress[0]
	expect(t, "who may read them", policy.From[0].NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"], "monitoring")
	expect(t, "where", policy.Ports[0].Port.IntValue(), 9100)
}

func TestWithTheOperatorThereIsAMonitorAlertsAndADashboard(t *testing.T) {
	for monitor, endpoints := range map[string]string{"ServiceMonitor": "endpoints", "PodMonitor": "podMetricsEndpoints"} {
		rec := deploy(t, func(a *app.Args) {
			a.Metrics = &app.Metrics{
				Port: "metrics", Path: "/m", Namespace: "monitoring", Interval: "15s",
				Operator: &app.PrometheusOperator{
					Monitor: monitor, Labels: map[string]string{"release": "p"}, Dashboard: map[string]string{"grafana_dashboard": "1"},
					Alerts: map[string]app.Alert{"Slow": {Expression: "x > 1", For: "1m", Severity: "info", Summary: "Slow."}},
				},
			}
		})
		pod := read[appsv1.Deployment](t, rec, "web-deployment").Spec.Template
		expect(t, "annotations", pod.Annotations["prometheus.io/scrape"], "")
		made := read[map[string]any](t, rec, "web-monitor")
		text, err := json.Marshal(made)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			`"kind":"` + monitor + `"`, `"release":"p"`, `"` + endpoints + `":[{"interval":"15s","path":"/m","port":"metrics"}]`,
			`"matchLabels":{"app.kubernetes.io/name":"web","app.kubernetes.io/part-of":"shop-test"}`,
		} {
			if !strings.Contains(string(text), want) {
				t.Errorf("got the monitor %s, want %s in it", text, want)
			}
		}
		rules, err := json.Marshal(read[map[string]any](t, rec, "web-alerts"))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"ApplicationSilent", "ApplicationRestarts", `"alert":"Slow"`, `"release":"p"`} {
			if !strings.Contains(string(rules), want) {
				t.Errorf("got the rules %s, want %s in them", rules, want)
			}
		}
		job := map[string]string{"ServiceMonitor": "web", "PodMonitor": "shop/web"}[monitor]
		if !strings.Contains(string(rules), `job=\"`+job+`\"`) {
			t.Errorf("%s: got the rules %s, want the job %s", monitor, rules, job)
		}
		page := read[corev1.ConfigMap](t, rec, "web-dashboard")
		expect(t, "Grafana's label", page.Labels["grafana_dashboard"], "1")
		text = []byte(page.Data["web-dashboard.json"])
		if !json.Valid(text) || strings.Contains(string(text), "NAME") || !strings.Contains(string(text), "shop / web") {
			t.Errorf("got the dashboard %s, want one of shop / web", text)
		}
	}
}

func TestMetricsOnAPortThatIsNotThereAreRefused(t *testing.T) {
	_, _, err := attempt(t, func(a *app.Args) { a.Metrics = &app.Metrics{Port: "metrisc"} })
	if err == nil || err.Error() != `recording stack test: application web: metrics: no port is called "metrisc"` {
		t.Errorf("got the error %v", err)
	}
}
