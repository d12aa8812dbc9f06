package config_test

import (
	"strings"
	"testing"

	"plinth/config"
)

func TestWrongTypesAreRefused(t *testing.T) {
	checkRefused(t, []refused{
		{
			"a list for a section", "  plinth:tier: dev\n  plinth:apps: [web]\n",
			[]string{`apps: must be an object, got a list`},
		},
		{
			"text for a section", "  plinth:tier: dev\n  plinth:namespace: shop\n",
			[]string{`namespace: must be an object, got the string "shop"`},
		},
		{
			"nothing for a section", "  plinth:tier: dev\n  plinth:apps:\n",
			[]string{`apps: must be an object, got nothing (leave the key out to get its default)`},
		},
		{
			"nothing for an app", "  plinth:tier: dev\n  plinth:apps:\n    web:\n",
			[]string{`apps.web: must be an object, got nothing (leave the key out to get its default)`},
		},
		{
			"a number for an app that another one names",
			"  plinth:tier: dev\n  plinth:apps: {api: {<<: *app, from: [web]}, web: 5}\n",
			[]string{`apps.web: must be an object, got the number 5`},
		},
		{
			"numbers in quotes", "  plinth:tier: dev\n  plinth:apps: {web: {<<: *app, replicas: '2', grace: soon}}\n",
			[]string{
				`apps.web.grace: must be a whole number, got the string "soon"`,
				`apps.web.replicas: must be a whole number, got the string "2" (leave the quotes out)`,
			},
		},
		{
			"numbers that are not whole, or too great",
			"  plinth:tier: dev\n  plinth:apps: {web: {<<: *app, replicas: 2.5, grace: 1234567890123456789012345}}\n",
			[]string{
				`apps.web.grace: must be a whole number, got the number 1.2345678901234568e+24`,
				`apps.web.replicas: must be a whole number, got the number 2.5`,
			},
		},
		{
			"what is not text, for text", `
  plinth:tier: dev
  plinth:apps: {web: {<<: *app, env: {A: 5, B: 1.10, C: true, D: null, E: [x], F: {a: b}}, args: hello, command: [1]}}
`,
			[]string{
				`apps.web.args: must be a list, got the string "hello"`,
				`apps.web.command[0]: must be a string, got the number 1 (put quotes around it)`,
				`apps.web.env.A: must be a string, got the number 5 (put quotes around it)`,
				`apps.web.env.B: must be a string, got the number 1.1 (put quotes around it)`,
				`apps.web.env.C: must be a string, got the boolean true (YAML reads true and false, and in its older ` +
					`version yes, no, on and off, as booleans: put quotes around it)`,
				`apps.web.env.D: must be a string, got nothing (leave the key out to get its default)`,
				`apps.web.env.E: must be a string, got a list`,
				`apps.web.env.F: must be a string, got an object`,
			},
		},
		{
			"a value that is too long to be shown",
			"  plinth:tier: dev\n  plinth:apps: {web: {<<: *app, ports: " + strings.Repeat("é", 161) + "}}\n",
			[]string{`apps.web.ports: must be a list, got the string "` + strings.Repeat("é", 160) + `..."`},
		},
	})
}

func TestTextIsNeverReadAsABoolean(t *testing.T) {
	checkRefused(t, []refused{{
		"yes, no and other text for a boolean", `
  plinth:tier: dev
  plinth:apps:
    a: {<<: *app, public: no}
    b: {<<: *app, public: Yes}
    c: {<<: *app, public: "true"}
    d: {<<: *app, public: maybe}
`,
		[]string{
			`apps.a.public: must be true or false, got the string "no" (write false, without quotes)`,
			`apps.b.public: must be true or false, got the string "Yes" (write true, without quotes)`,
			`apps.c.public: must be true or false, got the string "true" (write true, without quotes)`,
			`apps.d.public: must be true or false, got the string "maybe"`,
		},
	}})
}

// Pulumi's own reader takes `no` for text; other tools that write stack files take it for a boolean, as YAML 1.1 did.
func TestNoForAStringIsTextOrRefused(t *testing.T) {
	c := mustLoad(t, "  plinth:tier: dev\n  plinth:apps: {web: {<<: *app, env: {DEBUG: no, TRACE: off}}}\n")
	if env := c.Apps["web"].Env; env["DEBUG"] != "no" || env["TRACE"] != "off" {
		t.Errorf("got %v, want the text that was written", env)
	}
	_, err := config.Load("dev", map[string]string{
		"plinth:tier": "dev",
		"plinth:apps": `{"web": {"image": "nginx:1.29", "env": {"DEBUG": false},
			"resources": {"limits": {"cpu": "1", "memory": "1Gi", "ephemeralStorage": "1Gi"}}}}`,
	}, nil)
	checkFaults(t, err, []string{
		`apps.web.env.DEBUG: must be a string, got the boolean false (YAML reads true and false, and in its older ` +
			`version yes, no, on and off, as booleans: put quotes around it)`,
	})
}

func TestUnknownKeysAreRefusedWithTheNearestOne(t *testing.T) {
	checkRefused(t, []refused{
		{
			"sections", "  plinth:tier: dev\n  plinth:app: {}\n  plinth:Cluster: {}\n  plinth:database: {}\n",
			[]string{
				`Cluster: unknown key; did you mean cluster?`,
				`app: unknown key; did you mean apps?`,
				`database: unknown key; did you mean databases?`,
			},
		},
		{
			"keys at every depth", `
  plinth:tier: dev
  plinth:cluster: {kubeconifg: x, region: y}
  plinth:apps:
    web:
      <<: *app
      replicsa: 2
      ports: [{name: http, containerPort: 5000, container: 5000}]
      probes: {rediness: {}, liveness: {path: /, initialDelaySeconds: 5}}
      resources: {limits: {cpu: "1", memory: 256Mi, ephemeral-storage: 1Gi, ephemeralStorage: 1Gi}}
`,
			[]string{
				`apps.web.ports[0].containerPort: unknown key; did you mean container?`,
				`apps.web.probes.liveness.initialDelaySeconds: unknown key; known: command, failures, initialDelay, ` +
					`path, ` +
					`period, port, timeout`,
				`apps.web.probes.rediness: unknown key; did you mean readiness?`,
				`apps.web.replicsa: unknown key; did you mean replicas?`,
				`apps.web.resources.limits.ephemeral-storage: unknown key; did you mean ephemeralStorage?`,
				`cluster.kubeconifg: unknown key; did you mean kubeconfig?`,
				`cluster.region: unknown key; known: apiServers, context, endpoint, generation, identifier, kubeconfig, ` +
					`logRetention, maintenanceStart, nodes, ownKey, protect, repositories, retain, stack, version`,
			},
		},
	})
}

func TestMissingAndUnknownValuesOfListsAreRefused(t *testing.T) {
	checkRefused(t, []refused{
		{"no tier", "", []string{`tier: is required; known: dev, prod, staging`}},
		{"an empty tier", "  plinth:tier: ''\n", []string{`tier: is required; known: dev, prod, staging`}},
		{"a tier misspelt", "  plinth:tier: prdo\n", []string{`tier: unknown tier "prdo"; did you mean prod?`}},
		{
			"another tier", "  plinth:tier: production\n",
			[]string{`tier: unknown tier "production"; known: dev, prod, staging`},
		},
		{
			"another cloud", "  plinth:tier: dev\n  plinth:cloud: eks\n",
			[]string{`cloud: unknown cloud "eks"; known: aws, existing, gcp`},
		},
		{
			"a server misspelt", "  plinth:tier: dev\n  plinth:apps: {web: {<<: *app, server: gunicron, workers: 2}}\n",
			[]string{`apps.web.server: unknown server "gunicron"; did you mean gunicorn?`},
		},
		{
			"another server", "  plinth:tier: dev\n  plinth:apps: {web: {<<: *app, server: apache}}\n",
			[]string{`apps.web.server: unknown server "apache"; known: granian, gunicorn, uvicorn`},
		},
		{
			"an app with nothing in it", "  plinth:tier: dev\n  plinth:apps: {web: {}}\n",
			[]string{
				`apps.web.image: is required`,
			},
		},
		{
			"elements with nothing in them",
			"  plinth:tier: dev\n  plinth:apps: {web: {<<: *app, ports: [{}], egress: [{}], autoscaling: {}}}\n",
			[]string{
				`apps.web.autoscaling.max: is required`,
				`apps.web.egress[0].cidr: is required`,
				`apps.web.egress[0].port: is required`,
				`apps.web.ports[0].container: is required`,
				`apps.web.ports[0].name: is required`,
			},
		},
	})
}

func TestAnUnknownTierHidesNoOtherFault(t *testing.T) {
	checkRefused(t, []refused{{
		"what does not depend on it is checked, what does is not", `
  plinth:tier: test
  plinth:apps: {web: {<<: *app, image: "nginx:latest", ports: [], public: true, autoscaling: {max: 1}, grace: 0}}
`,
		[]string{
			`apps.web.grace: must be between 1 and 3600, got 0`,
			`apps.web.public: must not be true without ports: there is nothing to call`,
			`tier: unknown tier "test"; known: dev, prod, staging`,
		},
	}})
}
