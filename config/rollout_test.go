package config_test

import (
	"testing"
)

func TestWhatAnAppAsksForBesidesServingIsChecked(t *testing.T) {
	checkRefused(t, []refused{
		{
			"a canary", `
  plinth:tier: dev
  plinth:apps:
    web: {<<: *app, strategy: Recreate, canary: {image: x, weight: 101, replicas: 0}}
    worker: {<<: *app, ports: [], canary: {image: "x:2", weight: 5}}
    api: {<<: *app, canary: {image: "x:2", weight: 5}}
    api-canary: {<<: *app}
`,
			[]string{
				`apps.api.canary: makes a workload called api-canary, which apps.api-canary is already`,
				`apps.web.canary: must not be there with the strategy Recreate, which is for what must not run twice`,
				`apps.web.canary.image: must have a tag, got "x"`,
				`apps.web.canary.replicas: must be between 1 and 1000, got 0`,
				`apps.web.canary.weight: must be between 0 and 100, got 101`,
				`apps.worker.canary: must not be there without ports: there are no requests to share`,
			},
		},
		{
			"a placement", `
  plinth:tier: dev
  plinth:priorities: {first: {value: 2000000000}}
  plinth:apps:
    web:
      <<: *app
      placement: {nodes: {"a b": c}, priority: frist, spread: somewhat, tolerations: [{key: "x/y/z", effect: Nothing}]}
`,
			[]string{
				`apps.web.placement.nodes: must have keys such as example.com/team: letters, digits, dots, hyphens and underscores, got "a b"`,
				`apps.web.placement.priority: must be the name of a priority, got "frist"; did you mean first?`,
				`apps.web.placement.spread: unknown spread "somewhat"; known: preferred, required`,
				`apps.web.placement.tolerations[0].effect: unknown effect "Nothing"; known: NoExecute, NoSchedule, PreferNoSchedule`,
				`apps.web.placement.tolerations[0].key: must have keys such as example.com/team: letters, digits, dots, hyphens and underscores, got "x/y/z"`,
				`priorities.first.value: must be between -1000000000 and 1000000000, got 2000000000`,
			},
		},
		{
			"the cluster's API", `
  plinth:tier: dev
  plinth:apps:
    web:
      <<: *app
      api:
        rules:
          - {resources: ["*"], verbs: [get, escalate]}
          - {resources: [secrets], verbs: [get]}
          - {resources: [configmaps], verbs: [create], names: [one]}
          - {}
    worker: {<<: *app, api: {}}
`,
			[]string{
				`apps.web.api.rules[0].resources: must not be *: say each, so that nothing is given unseen`,
				`apps.web.api.rules[0].verbs[1]: must be a verb, got "escalate"; known: create, delete, deletecollection, get, list, patch, update, watch`,
				`apps.web.api.rules[1].names: must not be empty for secrets: say which`,
				`apps.web.api.rules[2].names: must not be there with the verb create, which no name can restrict: make it a rule of its own`,
				`apps.web.api.rules[3].resources: must not be empty`,
				`apps.web.api.rules[3].verbs: must not be empty`,
				`apps.worker.api.rules: must not be empty`,
				`cluster.apiServers: must not be empty: the app web uses the cluster's API, and the network lets nobody there otherwise`,
			},
		},
		{
			"further containers and jobs", `
  plinth:tier: dev
  plinth:apps:
    web:
      <<: *app
      writable: [/var/log/web]
      files: {/etc/web.conf: "x"}
      containers:
        web: {image: "x:1", as: sidecar}
        ship: {image: "x:1", as: beside, shares: [/var/log/wbe, /tmp]}
        wait: {image: "x:1", as: first, inherit: true, writable: [/etc/web.conf], env: {"A B": "1"}}
      jobs:
        none: {}
        often: {command: [x], schedule: hourly, timeout: 0, retries: 11}
        once: {command: [x], overlap: Allow, resources: {limits: {memory: 1}}}
        a-name-that-is-much-too-long-for-a-host-of-its-own: {command: [x]}
`,
			[]string{
				`apps.web.containers.ship.as: unknown container role "beside"; known: first, sidecar`,
				`apps.web.containers.ship.shares[0]: must be one of the app's writable folders besides /tmp, got "/var/log/wbe"; did you mean /var/log/web?`,
				`apps.web.containers.ship.shares[1]: must be one of the app's writable folders besides /tmp, got "/tmp"; known: /var/log/web`,
				`apps.web.containers.wait.env["A B"]: must have a name of letters, digits, _, - and . that does not start with a digit, got "A B"`,
				`apps.web.containers.wait.writable[0]: must not overlap with "/etc/web.conf", got "/etc/web.conf"`,
				`apps.web.containers.web: must have another name than the app's own containers, got "web"`,
				`apps.web.jobs.a-name-that-is-much-too-long-for-a-host-of-its-own: must have a name with which APP-JOB has at most 48 characters, got 54 (web-a-name-that-is-much-too-long-for-a-host-of-its-own)`,
				`apps.web.jobs.none: must have a command or args: else it is the app itself`,
				`apps.web.jobs.often.retries: must be between 0 and 10, got 11`,
				`apps.web.jobs.often.schedule: must be five fields of digits, *, /, commas and hyphens, such as 0 3 * * *, got "hourly"`,
				`apps.web.jobs.often.timeout: must be between 1 and 604800, got 0`,
				`apps.web.jobs.once.overlap: must not be set without schedule, got Allow`,
				`apps.web.jobs.once.resources.limits.memory: must be a string, got the number 1 (put quotes around it)`,
			},
		},
		{
			"metrics", `
  plinth:tier: dev
  plinth:monitoring: {namespace: Monitoring, labels: {"a b": c}, dashboards: "a b"}
  plinth:apps:
    web: {<<: *app, metrics: {port: metrisc, path: metrics, interval: often, alerts: {web: {expression: x, summary: y, for: ever}}}}
    worker: {<<: *app, ports: [], metrics: {}}
`,
			[]string{
				`apps.web.metrics.alerts.web: needs monitoring.operator: without it nobody reads alerts`,
				`apps.web.metrics.alerts.web.for: must be a time such as 5m, got "ever"`,
				`apps.web.metrics.interval: must be a time such as 30s, got "often"`,
				`apps.web.metrics.path: must start with a slash and have no spaces, got "metrics"`,
				`apps.web.metrics.port: must be the name of a port, got "metrisc"; known: http`,
				`apps.worker.metrics: must not have a path without ports: there is nothing to ask`,
				`monitoring.dashboards: must have keys such as example.com/team: letters, digits, dots, hyphens and underscores, got "a b"`,
				`monitoring.labels: must have keys such as example.com/team: letters, digits, dots, hyphens and underscores, got "a b"`,
				`monitoring.namespace: must be lower case letters, digits and inner hyphens, got "Monitoring"`,
			},
		},
		{
			"waivers and registries", `
  plinth:tier: dev
  plinth:admission: {registries: [shop, "https://registry.example.com"]}
  plinth:apps:
    web: {<<: *app, waivers: {writableRoot: "yes", lowPorts: It listens on 80 only.}}
    low: {<<: *app, ports: [{name: http, container: 80}]}
`,
			[]string{
				`admission.registries[0]: must be a host and an optional path, such as registry.example.com/shop, got "shop"`,
				`admission.registries[1]: must be a host and an optional path, such as registry.example.com/shop, got "https://registry.example.com"`,
				`apps.low.ports[0].container: must be at least 1024, because the container does not run as root, got 80 (service may be lower)`,
				`apps.web.waivers.lowPorts: must not be there without a port below 1024: it waives nothing`,
				`apps.web.waivers.writableRoot: must be the reason why the image cannot do without, in a sentence, got "yes"`,
			},
		},
	})
}

func TestAmountsThatAreNotSaidComeFromThePresetOfTheTier(t *testing.T) {
	c := mustLoad(t, `
  plinth:tier: staging
  plinth:apps:
    whole: {image: "x:1"}
    some: {image: "x:1", resources: {limits: {memory: 2Gi}, requests: {cpu: 10m}}}
    other: {image: "x:1", resources: {preset: large}, jobs: {one: {command: [x]}, two: {command: [x], resources: {preset: small}}}}
`)
	for got, want := range map[string]string{
		c.Apps["whole"].Resources.Limits.CPU: "1", c.Apps["whole"].Resources.Requests.Memory: "256Mi",
		c.Apps["some"].Resources.Limits.Memory: "2Gi", c.Apps["some"].Resources.Requests.CPU: "10m",
		c.Apps["other"].Resources.Limits.EphemeralStorage: "1Gi", c.Apps["other"].Jobs["one"].Resources.Limits.CPU: "2",
		c.Apps["other"].Jobs["two"].Resources.Limits.CPU: "500m",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	// A limit that is said is requested whole, unless something else is.
	if got := c.Apps["some"].Resources.Requests.Memory; got != "2Gi" {
		t.Errorf("got a request of %s for a limit of 2Gi", got)
	}
}
