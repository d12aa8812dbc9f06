package environment

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/app"
	"plinth/components/binding"
	"plinth/components/operators"
	"plinth/components/workload"
	"plinth/config"
)

// resolve is an image where it is pulled from.
func (e *environment) resolve(image string) string {
	return workload.Images{Mirrors: e.cfg.Images.Mirrors}.Resolve(image)
}

func (e *environment) placement(c config.Placement) workload.Placement {
	made := workload.Placement{Nodes: c.Nodes, Apart: c.Spread == config.SpreadRequired}
	for _, t := range c.Tolerations {
		made.Tolerations = append(made.Tolerations, workload.Toleration{Key: t.Key, Value: t.Value, Effect: string(t.Effect)})
	}
	if c.Priority != "" {
		made.PriorityClass = e.priorityClass(c.Priority)
	}
	return made
}

// access is what an app may do with the cluster's API, and the way there.
func (e *environment) access(c *config.API) *app.Access {
	if c == nil {
		return nil
	}
	made := &app.Access{}
	for _, r := range c.Rules {
		made.Rules = append(made.Rules, app.Rule{Groups: r.Groups, Resources: r.Resources, Verbs: r.Verbs, Names: r.Names})
	}
	for _, server := range e.cfg.Cluster.APIServers {
		made.Servers = append(made.Servers, binding.Edge{
			To: binding.Peer{CIDR: server.CIDR}, Ports: []binding.Port{{Number: server.Port}},
		})
	}
	return made
}

func waivers(c config.Waivers) map[app.Waiver]string {
	made := map[app.Waiver]string{app.WritableRoot: c.WritableRoot, app.LowPorts: c.LowPorts}
	maps.DeleteFunc(made, func(_ app.Waiver, reason string) bool { return reason == "" })
	return made
}

// Waived says what the images of a configuration are spared, and why, a line each.
func Waived(cfg *config.Config) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(cfg.Apps)) {
		of := waivers(cfg.Apps[name].Waivers)
		for _, waiver := range slices.Sorted(maps.Keys(of)) {
			lines = append(lines, fmt.Sprintf("apps.%s: %s: %s", name, waiver, of[waiver]))
		}
	}
	return lines
}

// extras are further containers, sorted by name.
func (e *environment) extras(c map[string]config.Container) []app.Extra {
	var made []app.Extra
	for _, name := range slices.Sorted(maps.Keys(c)) {
		extra := c[name]
		container := workload.Container{
			Name: name, Image: e.resolve(extra.Image), Command: extra.Command, Args: extra.Args,
			Resources: resources(extra.Resources), Writable: extra.Writable, Shares: extra.Shares,
		}
		for _, variable := range slices.Sorted(maps.Keys(extra.Env)) {
			container.Env = append(container.Env, binding.Variable{Name: variable, Value: pulumi.String(extra.Env[variable])})
		}
		made = append(made, app.Extra{Container: container, As: app.ExtraKind(extra.As), Environment: extra.Inherit})
	}
	return made
}

func jobs(c map[string]config.Job) map[string]app.Task {
	made := map[string]app.Task{}
	for name, job := range c {
		made[name] = app.Task{
			Command: job.Command, Args: job.Args, Schedule: job.Schedule, Overlap: string(job.Overlap), Timeout: job.Timeout,
			Retries: job.Retries, Resources: resources(*job.Resources),
		}
	}
	return made
}

func (e *environment) metrics(c *config.AppMetrics) *app.Metrics {
	if c == nil {
		return nil
	}
	m := e.cfg.Monitoring
	made := &app.Metrics{Port: c.Port, Path: c.Path, Namespace: m.Namespace, Interval: c.Interval}
	if !m.Operator {
		return made
	}
	made.Operator = &app.PrometheusOperator{
		Monitor: string(c.Monitor), Labels: m.Labels, Alerts: map[string]app.Alert{}, Ready: e.operator[operators.Prometheus],
	}
	if m.Dashboards != "" {
		made.Operator.Dashboard = map[string]string{m.Dashboards: "1"}
	}
	for name, alert := range c.Alerts {
		made.Operator.Alerts[name] = app.Alert{
			Expression: alert.Expression, For: alert.For, Severity: string(alert.Severity), Summary: alert.Summary,
		}
	}
	return made
}
