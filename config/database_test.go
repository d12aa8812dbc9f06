package config_test

import (
	"reflect"
	"testing"

	"plinth/config"
)

const limits = `resources: {limits: {cpu: "1", memory: 256Mi, ephemeralStorage: 256Mi}}`

func TestDatabasesAndWhatIsBoundToThem(t *testing.T) {
	checkRefused(t, []refused{
		{
			"a database", `
  plinth:tier: dev
  plinth:apps: {web: {<<: *app}}
  plinth:databases:
    Main: {` + limits + `}
    web: {` + limits + `}
    shop:
      ` + limits + `
      image: postgres
      user: 0
      replicas: 10
      storage: 1 GB
      timeout: 1
      synchronous: maybe
      tls: no
      rotation: -1
      settings: {Work_Mem: 4MB, wal_level: minimal}
      clients: [10.0.0.1/8, pods]
`,
			[]string{
				`databases.Main: must have a name of lower case letters, digits and inner hyphens that starts with a ` +
					`letter, got "Main"`,
				`databases.shop.clients[0]: must not have bits set beyond its prefix: write 10.0.0.0/8, got "10.0.0.1/8"`,
				`databases.shop.clients[1]: must be a range of addresses such as 203.0.113.0/24, got "pods"`,
				`databases.shop.image: must have a tag, got "postgres"`,
				`databases.shop.replicas: must be between 0 and 9, got 10`,
				`databases.shop.rotation: must be at least 0, got -1`,
				`databases.shop.settings.Work_Mem: must be the name of a parameter in lower case, such as work_mem, ` +
					`got "Work_Mem"`,
				`databases.shop.settings.wal_level: must not be set here, because replication depends on what it is ` +
					`set to already`,
				`databases.shop.storage: must be a quantity such as 500m, 2 or 256Mi, got "1 GB"`,
				`databases.shop.synchronous: unknown synchronous "maybe"; known: off, on, quorum`,
				`databases.shop.timeout: must be between 30 and 86400, got 1`,
				`databases.shop.tls: unknown encryption "no"; known: optional, required`,
				`databases.shop.user: must be at least 1 (0 is root, and no pod may run as root), got 0`,
				`databases.web: must differ from the name of an app, got "web" twice`,
			},
		},
		{
			"an app that uses one", `
  plinth:tier: dev
  plinth:databases: {main: {` + limits + `}}
  plinth:apps:
    web:
      <<: *app
      database: {name: mian, variables: {url: 1URL, host: DB, port: DB}}
      migration: {command: [], as: cron, timeout: 1}
    api: {<<: *app, database: {}, migration: {}}
`,
			[]string{
				`apps.api.database.name: is required`,
				`apps.api.migration.command: is required`,
				`apps.web.database.name: must be the name of a database, got "mian"; did you mean main?`,
				`apps.web.database.variables.port: must differ from variables.host, got DB twice`,
				`apps.web.database.variables.url: must have a name of letters, digits, _, - and . that does not start ` +
					`with a digit, got "1URL"`,
				`apps.web.migration.as: unknown migration kind "cron"; known: initContainer, job`,
				`apps.web.migration.command: must not be empty`,
				`apps.web.migration.timeout: must be between 10 and 86400, got 1`,
			},
		},
		{
			"more than the namespace may hold", `
  plinth:tier: dev
  plinth:namespace: {quota: {pods: 3, storage: 5Gi}}
  plinth:databases: {main: {` + limits + `, replicas: 2, storage: 2Gi}}
  plinth:apps: {web: {<<: *app}}
  plinth:proxy: {routes: [{path: /, app: web}]}
`,
			[]string{
				`namespace.quota.pods: must be at least 7 for what runs there (web 2, main 3, proxy 2), got 3`,
				`namespace.quota.storage: must be at least 6Gi for the volumes (main 3 x 2Gi), got 5Gi`,
			},
		},
	})
}

func TestAnAppThatNamesNoVariableGetsAURL(t *testing.T) {
	c := mustLoad(t, "  plinth:tier: dev\n  plinth:databases: {main: {"+limits+"}}\n"+
		"  plinth:apps: {web: {<<: *app, database: {name: main}}}\n")
	want := &config.Bound{Name: "main", Variables: config.Variables{URL: "DATABASE_URL"}, TLS: config.ClientRequires}
	if got := c.Apps["web"].Database; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSettingsAreCheckedAgainstTheServersOwnList(t *testing.T) {
	of := func(image, settings string) string {
		return `
  plinth:tier: dev
  plinth:databases: {main: {` + limits + `, image: "` + image + `", settings: ` + settings + `}}
`
	}
	checkRefused(t, []refused{
		{"a misspelt one", of("postgres:17.6", `{work_men: 4MB, xyzzy_plugh_foo: "1"}`), []string{
			`databases.main.settings.work_men: PostgreSQL 17 has no such parameter: did you mean work_mem?`,
			`databases.main.settings.xyzzy_plugh_foo: PostgreSQL 17 has no such parameter`,
		}},
		{"one of a later version", of("postgres:17-bookworm", `{io_method: sync}`), []string{
			`databases.main.settings.io_method: PostgreSQL 17 has no such parameter`,
		}},
		{"one of an earlier version", of("postgres:17", `{old_snapshot_threshold: "1"}`), []string{
			`databases.main.settings.old_snapshot_threshold: PostgreSQL 17 has no such parameter`,
		}},
		{
			"one of no version, and a version that nobody knows", of("registry.example.com/ours:2024", `{no_such_thing_at_all: "1"}`),
			[]string{`databases.main.settings.no_such_thing_at_all: PostgreSQL has no such parameter`},
		},
		{"those that are answered for", of("postgres:17.6", `{ssl: "off", synchronous_standby_names: x}`), []string{
			`databases.main.settings.ssl: must not be set here, because replication depends on what it is set to already`,
			`databases.main.settings.synchronous_standby_names: must not be set here, because replication depends on what ` +
				`it is set to already`,
		}},
	})
	for image, settings := range map[string]string{
		"postgres:18.0": `{io_method: sync, work_mem: 4MB, ssl_ecdh_curve: prime256v1}`, "postgres:15": `{old_snapshot_threshold: "1"}`,
		"postgres:16.1-alpine": `{timezone: UTC, pg_stat_statements.max: "100"}`,
		"ours:nightly":         `{io_method: sync, old_snapshot_threshold: "1"}`,
	} {
		if _, err := load(t, "dev", of(image, settings)); err != nil {
			t.Errorf("%s: %v", image, err)
		}
	}
}

func TestAQuorumNeedsAReplicaAndAFileNeedsVerification(t *testing.T) {
	checkRefused(t, []refused{
		{"no replica", `
  plinth:tier: dev
  plinth:databases: {main: {` + limits + `, synchronous: quorum}}
`, []string{
			`databases.main.synchronous: must have at least one replica to wait for, and two to go on when one is away, ` +
				`with quorum; got 0`,
		}},
		{"a role of the server's own", `
  plinth:tier: dev
  plinth:databases: {main: {` + limits + `}}
  plinth:apps: {replication: {<<: *app, database: {name: main}}}
`, []string{
			`apps.replication.database: must not be set for an app of the name "replication": the server has a role of its ` +
				`own of that name`,
		}},
		{"no file", `
  plinth:tier: dev
  plinth:databases: {main: {` + limits + `}}
  plinth:apps: {web: {<<: *app, database: {name: main, variables: {authority: CA}}}}
`, []string{
			`apps.web.database.variables.authority: must not be set unless apps.web.database.tls is verify-full: there is ` +
				`no file otherwise`,
		}},
	})
}

func TestArchivesOfDatabases(t *testing.T) {
	checkRefused(t, []refused{{"backups and restores", `
  plinth:tier: dev
  plinth:buckets: {archive: {engine: minio}}
  plinth:databases:
    main:
      ` + limits + `
      backup: {bucket: archve, schedule: daily, keep: 0, scratch: much, timeout: 1}
      restore: {bucket: archive, from: main, backup: yesterday, timeout: 1}
      metrics: {namespace: Monitoring, image: exporter}
    again: {` + limits + `, restore: {bucket: archive}}
    other: {` + limits + `, engine: mysql, synchronous: quorum, replicas: 1, backup: {bucket: none}}
`, []string{
		`databases.again.restore.from: is required`,
		`databases.main.backup.bucket: must be the name of a bucket, got "archve"; did you mean archive?`,
		`databases.main.backup.keep: must be between 1 and 10000, got 0`,
		`databases.main.backup.schedule: must be five fields of digits, *, /, commas and hyphens, such as 0 3 * * *, got "daily"`,
		`databases.main.backup.scratch: must be a quantity such as 500m, 2 or 256Mi, got "much"`,
		`databases.main.backup.timeout: must be between 60 and 604800, got 1`,
		`databases.main.metrics.image: must have a tag, got "exporter"`,
		`databases.main.metrics.namespace: must be lower case letters, digits and inner hyphens, got "Monitoring"`,
		`databases.main.restore.backup: must be latest, or a backup's name such as 20261121T030000Z, got "yesterday"`,
		`databases.main.restore.from: must be another database: a backup is restored into a new one, got "main"`,
		`databases.main.restore.timeout: must be between 60 and 604800, got 1`,
		`databases.other.backup.bucket: must be the name of a bucket, got "none"; known: archive`,
		`databases.other.replicas: must be at least 2 with quorum and the engine mysql: while the only replica is being ` +
			`cloned, commits that wait for it would hold up the clone; got 1`,
	}}})
}

func TestRoutesOfTheProxy(t *testing.T) {
	checkRefused(t, []refused{{
		"a proxy", `
  plinth:tier: prod
  plinth:apps:
    web: {<<: *app, image: "ghcr.io/example/todo:1@sha256:` + digest + `"}
    worker: {<<: *app, image: "ghcr.io/example/todo:1@sha256:` + digest + `", ports: [], probes: {}}
    proxy: {<<: *app, image: "ghcr.io/example/todo:1@sha256:` + digest + `"}
  plinth:proxy:
    routes: [{path: api/, app: web}, {path: /a b, app: wep}, {path: /, app: worker}, {path: /, app: web}, {path: /-plinth-error, app: web}]
    replicas: 0
    bodySize: 10 MB
    timeouts: {connect: 100}
    trustedProxies: [10.0.0.1/8]
    errorPages: {"200": fine}
`,
		[]string{
			`proxy: must not be there together with an app named proxy`,
			`proxy.bodySize: must be a size such as 10m, got "10 MB"`,
			`proxy.errorPages["200"]: must be for a status from 400 to 599, got "200"`,
			`proxy.image: must have a digest on prod (NAME:TAG@sha256:DIGEST), got ` +
				`"docker.io/nginxinc/nginx-unprivileged:1.28.0"`,
			`proxy.replicas: must be between 1 and 1000, got 0`,
			`proxy.routes[0].path: must start with a slash and consist of letters, digits, dots, hyphens, ` +
				`underscores and tildes, got "api/"`,
			`proxy.routes[1].app: must be the name of an app, got "wep"; did you mean web?`,
			`proxy.routes[1].path: must start with a slash and consist of letters, digits, dots, hyphens, ` +
				`underscores and tildes, got "/a b"`,
			`proxy.routes[2].app: must be an app with ports, got "worker"`,
			`proxy.routes[3].path: must differ from routes[2].path, got / twice`,
			`proxy.routes[4].path: must not be under /-plinth-error/, where the proxy keeps its own error pages, got "/-plinth-error"`,
			`proxy.timeouts.connect: must be between 1 and 75, got 100`,
			`proxy.trustedProxies[0]: must not have bits set beyond its prefix: write 10.0.0.0/8, got "10.0.0.1/8"`,
		},
	}})
}

const digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
