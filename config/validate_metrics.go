package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

var (
	// prometheusTime is a duration as Prometheus writes it.
	prometheusTime = regexp.MustCompile(`^([0-9]+(ms|s|m|h|d))+$`)
	alertName      = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
)

// metrics: on a port that is declared, and alerts where somebody reads them.
func (c *checker) metrics(appPath, _ string, a *App) {
	path := at(appPath, "metrics")
	if a.Metrics == nil || !c.sound(path) {
		return
	}
	if c.sound(at(appPath, "ports")) {
		c.probePort(path, a.Metrics.Port, a.Ports)
	}
	c.check(at(path, "path"), strings.HasPrefix(a.Metrics.Path, "/") && !strings.ContainsAny(a.Metrics.Path, " \t\r\n"),
		"must start with a slash and have no spaces, got %s", quoted(a.Metrics.Path))
	c.check(at(path, "interval"), prometheusTime.MatchString(a.Metrics.Interval), "must be a time such as 30s, got %s",
		quoted(a.Metrics.Interval))
	for _, name := range slices.Sorted(maps.Keys(a.Metrics.Alerts)) {
		path, alert := at(path, "alerts", name), a.Metrics.Alerts[name]
		c.check(path, c.Monitoring.Operator, "needs monitoring.operator: without it nobody reads alerts")
		c.check(path, alertName.MatchString(name),
			"must have a name of letters and digits that starts with a capital, got %s", quoted(name))
		c.check(at(path, "for"), prometheusTime.MatchString(alert.For),
			"must be a time such as 5m, got %s", quoted(alert.For))
	}
}

func (c *checker) monitoring() {
	c.label(at("monitoring", "namespace"), c.Monitoring.Namespace)
	c.labels(at("monitoring", "labels"), c.Monitoring.Labels)
	if c.Monitoring.Dashboards != "" {
		c.labels(at("monitoring", "dashboards"), map[string]string{c.Monitoring.Dashboards: "1"})
	}
}
