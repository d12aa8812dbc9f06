package config_test

import (
	"strings"
	"testing"
)

func TestNamesMustFitWhatIsMadeFromThem(t *testing.T) {
	checkRefused(t, []refused{
		{
			"apps", `
  plinth:tier: dev
  plinth:apps:
    a-name-that-leaves-no-room-for-its-jobs: {<<: *app}
    My_App: {<<: *app}
    1st: {<<: *app}
    web-: {<<: *app}
    "": {<<: *app}
`,
			[]string{
				`apps.My_App: must have a name of lower case letters, digits and inner hyphens that starts with a ` +
					`letter, got "My_App"`,
				`apps.a-name-that-leaves-no-room-for-its-jobs: must have a name of at most 38 characters, or the ` +
					`pods of its job NAME-migrate-HASH would exceed 63, got 39`,
				`apps.web-: must have a name of lower case letters, digits and inner hyphens that starts with a ` +
					`letter, got "web-"`,
				`apps[""]: must have a name of lower case letters, digits and inner hyphens that starts with a ` +
					`letter, got ""`,
				`apps["1st"]: must have a name of lower case letters, digits and inner hyphens that starts with a ` +
					`letter, got "1st"`,
			},
		},
		{
			"a namespace", "  plinth:tier: dev\n  plinth:namespace: {name: Shop_EU}\n",
			[]string{`namespace.name: must be at most 63 lower case letters, digits and inner hyphens, got "Shop_EU"`},
		},
		{
			"a namespace of the cluster", "  plinth:tier: dev\n  plinth:namespace: {name: kube-system}\n",
			[]string{`namespace.name: must not be one of the cluster's own namespaces, got "kube-system"`},
		},
		{
			"the default namespace", "  plinth:tier: dev\n  plinth:namespace: {name: default}\n",
			[]string{`namespace.name: must not be one of the cluster's own namespaces, got "default"`},
		},
	})
	const longest = "a-name-that-leaves-room-for-its-jobs-x"
	mustLoad(t, "  plinth:tier: dev\n  plinth:apps: {"+longest+": {<<: *app}}\n")
}

func TestAStackNameThatIsNoLabelNeedsANamespace(t *testing.T) {
	_, err := load(t, "Feature_1", "  plinth:tier: dev\n")
	checkFaults(t, err, []string{
		`namespace.name: must be set, because "plinth-Feature_1", made from the stack's name, is not at most 63 ` +
			`lower case letters, digits and inner hyphens`,
	})
	if _, err := load(t, "Feature_1", "  plinth:tier: dev\n  plinth:namespace: {name: feature-1}\n"); err != nil {
		t.Error(err)
	}
}

func TestImagesMustSayWhichOne(t *testing.T) {
	const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	checkRefused(t, []refused{
		{
			"references", `
  plinth:tier: dev
  plinth:apps:
    empty: {<<: *app, image: ""}
    untagged: {<<: *app, image: ghcr.io/example/todo}
    digest-only: {<<: *app, image: "nginx@` + digest + `"}
    short-digest: {<<: *app, image: "nginx:1.29@sha256:abc"}
    upper: {<<: *app, image: "Nginx:1.29"}
    scheme: {<<: *app, image: "https://ghcr.io/example/todo:1"}
    latest: {<<: *app, image: "nginx:latest"}
`,
			[]string{
				`apps.digest-only.image: must have a tag, got "nginx@` + digest + `"`,
				`apps.empty.image: must be the reference of an image, got "": invalid reference format`,
				`apps.scheme.image: must be the reference of an image, got "https://ghcr.io/example/todo:1": ` +
					`invalid reference format`,
				`apps.short-digest.image: must be the reference of an image, got "nginx:1.29@sha256:abc": invalid ` +
					`reference format`,
				`apps.untagged.image: must have a tag, got "ghcr.io/example/todo"`,
				`apps.upper.image: must be the reference of an image, got "Nginx:1.29": invalid reference format: ` +
					`repository name (library/Nginx) must be lowercase`,
			},
		},
		{
			"latest on staging", `
  plinth:tier: staging
  plinth:apps: {web: {<<: *app, image: "nginx:latest"}, tagged: {<<: *app, image: "localhost:5000/web:1"}}
`,
			[]string{
				`apps.web.image: must not have the tag latest outside dev, because it does not say which image ` +
					`runs, got "nginx:latest"`,
			},
		},
		{
			"prod", `
  plinth:tier: prod
  plinth:apps:
    latest: {<<: *app, image: "nginx:latest@` + digest + `"}
    tagged: {<<: *app, image: "nginx:1.29"}
    pinned: {<<: *app, image: "nginx:1.29@` + digest + `"}
`,
			[]string{
				`apps.latest.image: must not have the tag latest outside dev, because it does not say which image ` +
					`runs, got "nginx:latest@` + digest + `"`,
				`apps.tagged.image: must have a digest on prod (NAME:TAG@sha256:DIGEST), got "nginx:1.29"`,
			},
		},
	})
}

func TestPortsMustBeUsableAndDistinct(t *testing.T) {
	checkRefused(t, []refused{
		{
			"numbers", `
  plinth:tier: dev
  plinth:apps:
    web:
      <<: *app
      ports:
        - {name: low, container: 80}
        - {name: zero, container: 0}
        - {name: beyond, container: 65536}
        - {name: negative, container: 8080, service: -1}
        - {name: none, container: 8081, service: 0}
        - {name: first, container: 1024, service: 1}
        - {name: last, container: 65535}
`,
			[]string{
				`apps.web.ports[0].container: must be at least 1024, because the container does not run as root, ` +
					`got 80 (service may be lower)`,
				`apps.web.ports[1].container: must be between 1 and 65535, got 0`,
				`apps.web.ports[2].container: must be between 1 and 65535, got 65536`,
				`apps.web.ports[3].service: must be between 1 and 65535, got -1`,
				`apps.web.ports[4].service: must be between 1 and 65535, got 0`,
			},
		},
		{
			"names", `
  plinth:tier: dev
  plinth:apps:
    web:
      <<: *app
      ports:
        - {name: HTTP, container: 5000}
        - {name: "80", container: 5001}
        - {name: a-name-too-long-x, container: 5002}
`,
			[]string{
				`apps.web.ports[0].name: must be at most 15 lower case letters, digits and inner single hyphens, ` +
					`with a letter among them, got "HTTP"`,
				`apps.web.ports[1].name: must be at most 15 lower case letters, digits and inner single hyphens, ` +
					`with a letter among them, got "80"`,
				`apps.web.ports[2].name: must be at most 15 lower case letters, digits and inner single hyphens, ` +
					`with a letter among them, got "a-name-too-long-x"`,
			},
		},
		{
			"duplicates", `
  plinth:tier: dev
  plinth:apps:
    web:
      <<: *app
      ports:
        - {name: http, container: 5000, service: 80}
        - {name: http, container: 5001}
        - {name: other, container: 5000}
        - {name: third, container: 5002, service: 80}
        - {name: fourth, container: 5003, service: 5001}
`,
			[]string{
				`apps.web.ports[1].name: must differ from ports[0].name, got http twice`,
				`apps.web.ports[2].container: must differ from ports[0].container, got 5000 twice`,
				`apps.web.ports[3].service: must differ from ports[0].service, got 80 twice`,
				`apps.web.ports[4].service: must differ from ports[1].service, got 5001 twice`,
			},
		},
		{
			"nothing to call", `
  plinth:tier: dev
  plinth:apps:
    api: {<<: *app}
    web: {<<: *app, ports: [], public: true, from: [api], probes: {readiness: {path: /}}}
`,
			[]string{
				`apps.web.from[0]: must not be there without ports: there is nothing to call`,
				`apps.web.probes.readiness: must not have a path without ports: there is nothing to ask`,
				`apps.web.public: must not be true without ports: there is nothing to call`,
			},
		},
	})
}

func TestProbesMustAskSomethingThatIsThere(t *testing.T) {
	checkRefused(t, []refused{
		{
			"port", "  plinth:tier: dev\n  plinth:apps: {web: {<<: *app, probes: {readiness: {path: /, port: htttp}, " +
				"liveness: {path: /, port: metrics}, startup: {path: /, port: ''}}}}\n",
			[]string{
				`apps.web.probes.liveness.port: must be the name of a port, got "metrics"; known: http`,
				`apps.web.probes.readiness.port: must be the name of a port, got "htttp"; did you mean http?`,
				`apps.web.probes.startup.port: must be the name of a port, got ""; known: http`,
			},
		},
		{
			"neither path nor command, and both", "  plinth:tier: dev\n  plinth:apps: {web: {<<: *app, probes: " +
				"{readiness: {}, liveness: {path: /, command: ['true']}}}}\n",
			[]string{
				`apps.web.probes.liveness: must have a path or a command, got both`,
				`apps.web.probes.readiness: must have a path or a command, got neither`,
			},
		},
		{
			"path and command", "  plinth:tier: dev\n  plinth:apps: {web: {<<: *app, probes: " +
				"{readiness: {path: healthz}, liveness: {path: '/a b'}, startup: {command: [], port: http}}}}\n",
			[]string{
				`apps.web.probes.liveness.path: must start with a slash and have no spaces, got "/a b"`,
				`apps.web.probes.readiness.path: must start with a slash and have no spaces, got "healthz"`,
				`apps.web.probes.startup.command: must not be empty`,
				`apps.web.probes.startup.port: must not be set without a path, got "http"`,
			},
		},
		{
			"times", "  plinth:tier: dev\n  plinth:apps: {web: {<<: *app, probes: " +
				"{readiness: {path: /, initialDelay: -1, period: 0, timeout: 3601, failures: 0}}}}\n",
			[]string{
				`apps.web.probes.readiness.failures: must be between 1 and 1000, got 0`,
				`apps.web.probes.readiness.initialDelay: must be between 0 and 3600, got -1`,
				`apps.web.probes.readiness.period: must be between 1 and 3600, got 0`,
				`apps.web.probes.readiness.timeout: must be between 1 and 3600, got 3601`,
			},
		},
		{
			"a port whose name is missing", "  plinth:tier: dev\n  plinth:apps: {web: {<<: *app, " +
				"ports: [{container: 5000}], probes: {readiness: {path: /, port: http}}}}\n",
			[]string{`apps.web.ports[0].name: is required`},
		},
	})
}

func TestScalingMustBePossible(t *testing.T) {
	checkRefused(t, []refused{
		{
			"replicas", `
  plinth:tier: dev
  plinth:apps:
    negative: {<<: *app, replicas: -1}
    many: {<<: *app, replicas: 1001}
    both: {<<: *app, replicas: 2, autoscaling: {max: 3}}
`,
			[]string{
				`apps.both.replicas: must not be set together with autoscaling, which decides it, got 2`,
				`apps.many.replicas: must be between 0 and 1000, got 1001`,
				`apps.negative.replicas: must be between 0 and 1000, got -1`,
			},
		},
		{
			"autoscaling", `
  plinth:tier: staging
  plinth:apps:
    crossed: {<<: *app, autoscaling: {min: 4, max: 3}}
    default: {<<: *app, autoscaling: {max: 1}}
    range: {<<: *app, autoscaling: {min: 0, max: 1001, cpu: 101}}
    idle: {<<: *app, autoscaling: {max: 5, cpu: 0}}
`,
			[]string{
				`apps.crossed.autoscaling.min: must be at most autoscaling.max (3), got 4`,
				`apps.default.autoscaling.max: must be at least autoscaling.min (2 on staging), got 1`,
				`apps.idle.autoscaling.cpu: must be between 1 and 100, got 0`,
				`apps.range.autoscaling.cpu: must be between 1 and 100, got 101`,
				`apps.range.autoscaling.max: must be between 1 and 1000, got 1001`,
				`apps.range.autoscaling.min: must be between 1 and 1000, got 0`,
			},
		},
	})
}

func TestABudgetMustLetNodesBeDrained(t *testing.T) {
	checkRefused(t, []refused{{
		"budgets", `
  plinth:tier: staging
  plinth:apps:
    single: {<<: *app, replicas: 1, disruption: {minAvailable: 1}}
    all: {<<: *app, replicas: 3, disruption: {minAvailable: 3}}
    default: {<<: *app, disruption: {minAvailable: 2}}
    scaled: {<<: *app, autoscaling: {min: 2, max: 9}, disruption: {minAvailable: 2}}
    none: {<<: *app, disruption: {maxUnavailable: 0}}
    negative: {<<: *app, disruption: {maxUnavailable: -1}}
    both: {<<: *app, disruption: {minAvailable: 1, maxUnavailable: 1}}
    good: {<<: *app, replicas: 3, disruption: {minAvailable: 2}}
    stopped: {<<: *app, replicas: 0, disruption: {minAvailable: 1}}
`,
		[]string{
			`apps.all.disruption.minAvailable: must be less than replicas (3), or no node can be drained, got 3`,
			`apps.both.disruption: must have one of minAvailable and maxUnavailable, got both`,
			`apps.default.disruption.minAvailable: must be less than replicas (2), or no node can be drained, got 2`,
			`apps.negative.disruption.maxUnavailable: must be between 0 and 1000, got -1`,
			`apps.none.disruption.maxUnavailable: must be at least 1, or no node can be drained, got 0`,
			`apps.scaled.disruption.minAvailable: must be less than autoscaling.min (2), or no node can be drained, ` +
				`got 2`,
			`apps.single.disruption.minAvailable: must be less than replicas (1), or no node can be drained, got 1`,
		},
	}})
}

func TestQuantitiesMustParseAndFit(t *testing.T) {
	checkRefused(t, []refused{
		{
			"quantities", `
  plinth:tier: dev
  plinth:apps:
    units: {<<: *app, resources: {limits: {cpu: 1 core, memory: 256MB, ephemeralStorage: ""}}}
    numbers: {<<: *app, resources: {limits: {cpu: 1, memory: 268435456, ephemeralStorage: 1Gi}}}
    little: {<<: *app, resources: {limits: {cpu: "0", memory: 128m, ephemeralStorage: -1Gi}}}
    requests:
      <<: *app
      resources:
        requests: {cpu: "2", memory: 1Gi, ephemeralStorage: much}
        limits: {cpu: 1500m, memory: 512Mi, ephemeralStorage: 1Gi}
    equal: {<<: *app, resources: {requests: {cpu: 1000m}, limits: {cpu: "1", memory: 1Gi, ephemeralStorage: 1Gi}}}
`,
			[]string{
				`apps.little.resources.limits.cpu: must be at least 1m, got "0"`,
				`apps.little.resources.limits.ephemeralStorage: must be at least 1Mi, got "-1Gi"`,
				`apps.little.resources.limits.memory: must be at least 1Mi, got "128m"`,
				`apps.numbers.resources.limits.cpu: must be a string, got the number 1 (put quotes around it)`,
				`apps.numbers.resources.limits.memory: must be a string, got the number 268435456 (put quotes ` +
					`around it)`,
				`apps.requests.resources.requests.cpu: must be at most limits.cpu (1500m), got 2`,
				`apps.requests.resources.requests.ephemeralStorage: must be a quantity such as 500m, 2 or 256Mi, ` +
					`got "much"`,
				`apps.requests.resources.requests.memory: must be at most limits.memory (512Mi), got 1Gi`,
				`apps.units.resources.limits.cpu: must be a quantity such as 500m, 2 or 256Mi, got "1 core"`,
				`apps.units.resources.limits.ephemeralStorage: must be a quantity such as 500m, 2 or 256Mi, got ""`,
				`apps.units.resources.limits.memory: must be a quantity such as 500m, 2 or 256Mi, got "256MB"`,
			},
		},
		{
			"a quota with bad values", `
  plinth:tier: dev
  plinth:namespace: {quota: {pods: 0, cpu: x, memory: "0", storage: -1Gi}}
`,
			[]string{
				`namespace.quota.cpu: must be a quantity such as 500m, 2 or 256Mi, got "x"`,
				`namespace.quota.memory: must be at least 1Mi, got "0"`,
				`namespace.quota.pods: must be between 1 and 100000, got 0`,
				`namespace.quota.storage: must be at least 1Mi, got "-1Gi"`,
			},
		},
		{
			"a quota with too little room", `
  plinth:tier: dev
  plinth:namespace: {quota: {pods: 10, cpu: "4", memory: 2Gi}}
  plinth:apps:
    web: {<<: *app, autoscaling: {max: 6}}
    worker: {<<: *app, replicas: 3, resources: {limits: {cpu: 500m, memory: 1Gi, ephemeralStorage: 1Gi}}}
    stopped: {<<: *app, replicas: 0}
`,
			[]string{
				`namespace.quota.cpu: must be at least 9 for the limits of what runs there (web 7 x 1, worker 4 x 500m), ` +
					`got 4`,
				`namespace.quota.memory: must be at least 5888Mi for the limits of what runs there (web 7 x 256Mi, worker ` +
					`4 x 1Gi), got 2Gi`,
				`namespace.quota.pods: must be at least 11 for what runs there (web 7, worker 4), got 10`,
			},
		},
	})
	mustLoad(t, `
  plinth:tier: dev
  plinth:namespace: {quota: {pods: 2, cpu: "2", memory: 512Mi}}
  plinth:apps: {web: {<<: *app}}
`)
}

func TestUsersServersAndTimesMustBeInRange(t *testing.T) {
	checkRefused(t, []refused{{
		"values", `
  plinth:tier: dev
  plinth:apps:
    root: {<<: *app, user: 0}
    beyond: {<<: *app, user: 2147483648}
    workers: {<<: *app, workers: 3}
    negative: {<<: *app, server: gunicorn, workers: -1}
    times: {<<: *app, grace: 5, drain: 5, rolloutTimeout: 5}
    more: {<<: *app, grace: 3601, drain: -1}
`,
		[]string{
			`apps.beyond.user: must be between 1 and 2147483647 (0 is root, and no pod may run as root), got ` +
				`2147483648`,
			`apps.more.drain: must be between 0 and 3600, got -1`,
			`apps.more.grace: must be between 1 and 3600, got 3601`,
			`apps.negative.workers: must be between 0 and 1000, got -1`,
			`apps.root.user: must be between 1 and 2147483647 (0 is root, and no pod may run as root), got 0`,
			`apps.times.drain: must be less than grace (5), got 5`,
			`apps.times.rolloutTimeout: must be between 10 and 3600, got 5`,
			`apps.workers.workers: must not be set without server, got 3`,
		},
	}})
}

func TestVariablesMustHaveNamesAndOneValue(t *testing.T) {
	checkRefused(t, []refused{{
		"variables", `
  plinth:tier: dev
  plinth:secretValues: {token: {secure: x}}
  plinth:apps:
    web: {<<: *app, env: {TOKEN: a, 1X: b, "A B": c, "": d, NUL: "\0"}, secrets: {TOKEN: token, "A=B": token}}
`,
		[]string{
			`apps.web.env.NUL: must not contain the character NUL`,
			`apps.web.env.TOKEN: must not be set in secrets too`,
			`apps.web.env[""]: must have a name of letters, digits, _, - and . that does not start with a digit, ` +
				`got ""`,
			`apps.web.env["1X"]: must have a name of letters, digits, _, - and . that does not start with a digit, ` +
				`got "1X"`,
			`apps.web.env["A B"]: must have a name of letters, digits, _, - and . that does not start with a digit, ` +
				`got "A B"`,
			`apps.web.secrets["A=B"]: must have a name of letters, digits, _, - and . that does not start with a ` +
				`digit, got "A=B"`,
		},
	}})
}

func TestMountsMustNotGetInEachOthersWay(t *testing.T) {
	checkRefused(t, []refused{
		{
			"places", `
  plinth:tier: dev
  plinth:apps:
    web:
      <<: *app
      files: {etc/a: x, /etc/../b: x, /c/: x, /d: x, /d/e: x, /tmp/f: x, /proc/g: x, "/h:i": x, /: x}
      writable: [/tmp, /tmp, /var/cache, /var/cache/, /var/cache/nginx, /d/e/f, /dev]
`,
			[]string{
				`apps.web.files["/"]: must be an absolute path without . or .. or a slash at its end, got "/"`,
				`apps.web.files["/c/"]: must be an absolute path without . or .. or a slash at its end, got "/c/"`,
				`apps.web.files["/d/e"]: must not overlap with "/d", got "/d/e"`,
				`apps.web.files["/etc/../b"]: must be an absolute path without . or .. or a slash at its end, got ` +
					`"/etc/../b"`,
				`apps.web.files["/h:i"]: must not contain a colon, got "/h:i"`,
				`apps.web.files["/proc/g"]: must not be in /proc, which belongs to the system, got "/proc/g"`,
				`apps.web.files["/tmp/f"]: must not overlap with "/tmp", got "/tmp/f"`,
				`apps.web.files["etc/a"]: must be an absolute path without . or .. or a slash at its end, got "etc/a"`,
				`apps.web.writable[1]: must not overlap with "/tmp", got "/tmp"`,
				`apps.web.writable[3]: must be an absolute path without . or .. or a slash at its end, got ` +
					`"/var/cache/"`,
				`apps.web.writable[4]: must not overlap with "/var/cache", got "/var/cache/nginx"`,
				`apps.web.writable[5]: must not overlap with "/d", got "/d/e/f"`,
				`apps.web.writable[6]: must not be in /dev, which belongs to the system, got "/dev"`,
			},
		},
		{
			"size", "  plinth:tier: dev\n  plinth:apps: {web: {<<: *app, files: {/a: " + strings.Repeat("x", 1<<19) +
				", /b: " + strings.Repeat("y", 1<<19+1) + "}}}\n",
			[]string{`apps.web.files: must have at most 1048576 bytes together, got 1048577`},
		},
	})
}

func TestConnectionsMustLeadSomewhere(t *testing.T) {
	checkRefused(t, []refused{
		{
			"callers", `
  plinth:tier: dev
  plinth:apps: {api: {<<: *app, from: [web, wbe, shop, api, web]}, web: {<<: *app}}
`,
			[]string{
				`apps.api.from[1]: must be the name of an app, got "wbe"; did you mean web?`,
				`apps.api.from[2]: must be the name of an app, got "shop"; known: api, web`,
				`apps.api.from[3]: must not be the app itself, got "api"`,
				`apps.api.from[4]: must be there once only, "web" is from[0] already`,
			},
		},
		{
			"egress", `
  plinth:tier: dev
  plinth:apps:
    web:
      <<: *app
      egress:
        - {cidr: 203.0.113.7/24, port: 443}
        - {cidr: 203.0.113.7, port: 443}
        - {cidr: example.com, port: 65536}
        - {cidr: 198.51.100.0/24, port: 443}
        - {cidr: 198.51.100.0/24, port: 443}
        - {cidr: "2001:db8::1/32", port: 443}
        - {cidr: "2001:db8::/32", port: 443}
`,
			[]string{
				`apps.web.egress[0].cidr: must not have bits set beyond its prefix: write 203.0.113.0/24, got ` +
					`"203.0.113.7/24"`,
				`apps.web.egress[1].cidr: must be a range of addresses such as 203.0.113.0/24, got "203.0.113.7"`,
				`apps.web.egress[2].cidr: must be a range of addresses such as 203.0.113.0/24, got "example.com"`,
				`apps.web.egress[2].port: must be between 1 and 65535, got 65536`,
				`apps.web.egress[4]: must be there once only, it is egress[3] already`,
				`apps.web.egress[5].cidr: must not have bits set beyond its prefix: write 2001:db8::/32, got ` +
					`"2001:db8::1/32"`,
			},
		},
		{
			"mirrors", `
  plinth:tier: dev
  plinth:images:
    mirrors:
      docker: registry.example.com
      foo_bar.example.com: registry.example.com
      ghcr.io:0: registry.example.com
      docker.io: https://registry.example.com
      quay.io: foo_bar.example.com/quay
      gcr.io: registry.example.com/GCR
      ghcr.io: ""
      k8s.gcr.io: registry.example.com:5000/k8s/mirror
      localhost:5000: docker.io
`,
			[]string{
				`images.mirrors.docker: must have a key that is a host name and an optional port, such as ` +
					`docker.io, got "docker"`,
				`images.mirrors["docker.io"]: must be a host and an optional path, without a scheme, got ` +
					`"https://registry.example.com"`,
				`images.mirrors["foo_bar.example.com"]: must have a key that is a host name and an optional port, ` +
					`such as docker.io, got "foo_bar.example.com"`,
				`images.mirrors["gcr.io"]: must be a host and an optional path, such as ` +
					`registry.example.com/docker, got "registry.example.com/GCR"`,
				`images.mirrors["ghcr.io"]: must be a host and an optional path, such as ` +
					`registry.example.com/docker, got ""`,
				`images.mirrors["ghcr.io:0"]: must have a key that is a host name and an optional port, such as ` +
					`docker.io, got "ghcr.io:0"`,
				`images.mirrors["quay.io"]: must be a host and an optional path, such as ` +
					`registry.example.com/docker, got "foo_bar.example.com/quay"`,
			},
		},
	})
}

func TestStagingIsToldWhatProdWillRefuse(t *testing.T) {
	for tier, want := range map[string]string{
		"dev":     "",
		"staging": "apps.web.image: has no digest, which prod will demand (NAME:TAG@sha256:DIGEST), got ",
	} {
		got := mustLoad(t, "  plinth:tier: "+tier+"\n  plinth:apps: {web: {<<: *app}}\n").Warnings
		if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], want)) {
			t.Errorf("%s: got %q, want %q", tier, got, want)
		}
	}
}
