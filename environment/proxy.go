package environment

import (
	"fmt"
	"strconv"

	"plinth/components/app"
	"plinth/components/proxy"
	"plinth/components/workload"
)

// rolloutTimeout is how long a rollout of the proxy may take, in seconds: a small image and a start of no time.
const rolloutTimeout = 300

func (e *environment) proxy() (err error) {
	c := e.cfg.Proxy
	if len(c.Routes) == 0 || e.cfg.GitOps.HandsOver() {
		return nil
	}
	one := 1
	args := &proxy.Args{
		App: app.Args{
			Namespace: e.in(c.Namespace), PartOf: e.partOf,
			Image:    e.resolve(c.Image),
			Replicas: &c.Replicas, Disruption: app.Disruption{MaxUnavailable: &one},
			Resources: workload.Resources{Requests: workload.Amounts(c.Requests), Limits: workload.Amounts(c.Limits)},
			Public:    c.Public, Grace: 60, Drain: c.Drain, RolloutTimeout: rolloutTimeout,
		},
		BodySize: c.BodySize, ConnectTimeout: c.Timeouts.Connect, SendTimeout: c.Timeouts.Send,
		ReadTimeout: c.Timeouts.Read, TrustedProxies: c.TrustedProxies,
	}
	for _, r := range c.Routes {
		to := e.apps[r.App]
		args.Routes = append(args.Routes, proxy.Route{Path: r.Path, Backends: to.Backends, Ready: to.Ready})
	}
	if len(c.ErrorPages) > 0 {
		args.ErrorPages = map[int]string{}
		for status, page := range c.ErrorPages {
			number, err := strconv.Atoi(status)
			if err != nil {
				return fmt.Errorf("error page %q: %w", status, err)
			}
			args.ErrorPages[number] = page
		}
	}
	e.entrance, err = proxy.New(e.ctx, "proxy", args, e.inCluster()...)
	return err
}
