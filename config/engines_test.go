package config_test

import (
	"maps"
	"strings"
	"testing"

	"plinth/config"
)

func TestWhatAnEngineDoesNotOfferIsRefused(t *testing.T) {
	bucket := `
  plinth:tier: dev
  plinth:buckets: {dumps: {engine: minio}}
  plinth:databases: {main: {` + limits + `, replicas: 1, `
	checkRefused(t, []refused{
		{
			"by MariaDB", bucket + `engine: mariadb, clients: [10.0.0.0/8], synchronous: quorum, backup: {bucket: dumps},
      metrics: {namespace: monitoring}, operator: {namespace: cnpg-system},
      settings: {gtid_strict_mode: "OFF", max_conections: "9", sql-mode: x, sql_mode: 'a "b"'}}}
`,
			[]string{
				`databases.main.clients: must not be set with the engine mariadb: network policies alone say which pods may connect`,
				`databases.main.operator: must not be set with the engine mariadb: no operator runs it`,
				`databases.main.settings.gtid_strict_mode: must not be set here, because replication depends on what it is set ` +
					`to already`,
				`databases.main.settings.max_conections: MariaDB 10.11 has no such parameter: did you mean max_connections?`,
				`databases.main.settings.sql-mode: must be the name of a parameter in lower case and with underscores, such as ` +
					`max_connections, got "sql-mode"`,
				`databases.main.settings.sql_mode: must not hold a quotation mark or a line break`,
			},
		},
		{
			"by the operator", bucket + `engine: cloudnative-pg, user: 999, rotation: 1, operator: {namespace: Ops},
      backup: {bucket: dumps, scratch: 1Gi}, metrics: {namespace: ops, image: "example.com/exporter:1"},
      restore: {bucket: dumps, from: main2}}}
`,
			[]string{
				`databases.main.backup.scratch: must not be set with the engine cloudnative-pg: the operator has its own way`,
				`databases.main.metrics.image: must not be set with the engine cloudnative-pg: the operator has its own way`,
				`databases.main.operator.apiServers: must not be empty with the engine cloudnative-pg, whose instances speak to ` +
					`the API server`,
				`databases.main.operator.namespace: must be lower case letters, digits and inner hyphens, got "Ops"`,
				`databases.main.restore: must not be set with the engine cloudnative-pg: a cluster is recovered as the ` +
					`operator's documentation says`,
				`databases.main.rotation: must not be set with the engine cloudnative-pg: the operator knows one password of a ` +
					`role, and whoever has the old one would be refused`,
				`databases.main.user: must not be set with the engine cloudnative-pg: the operator's images have a user of their ` +
					`own`,
			},
		},
		{"as the server's own", `
  plinth:tier: dev
  plinth:databases: {main: {` + limits + `, engine: mysql}}
  plinth:apps: {mysql: {<<: *app, database: {name: main}}, postgres: {<<: *app, database: {name: main}}}
`, []string{
			`apps.mysql.database: must not be set for an app of the name "mysql": the server has a role of its own of that name`,
		}},
		{"an engine that nobody knows", bucket + "engine: oracle}}\n", []string{
			`databases.main.engine: unknown engine "oracle"; known: cloudnative-pg, managed-mysql, managed-postgres, ` +
				`mariadb, mysql, postgres`,
		}},
	})
}

func TestEveryEngineHasAnImageOfItsOwn(t *testing.T) {
	images, exporters := map[string]string{}, map[string]string{}
	for engine, more := range map[string]string{
		"postgres": ", metrics: {namespace: ops}", "mariadb": ", settings: {max_connections: '9'}, metrics: {namespace: ops}",
		"mysql":            ", settings: {what_ever: '9'}, metrics: {namespace: ops}",
		"cloudnative-pg":   ", operator: {apiServers: [10.0.0.1/32]}, synchronous: quorum, replicas: 2",
		"managed-postgres": ", settings: {work_mem: '8192'}", "managed-mysql": "",
	} {
		c := mustLoad(t, "  plinth:tier: dev\n"+onAWS+"  plinth:databases: {main: {"+limits+", engine: "+engine+more+"}}\n")
		images[engine] = c.Databases["main"].Image
		if m := c.Databases["main"].Metrics; m != nil {
			exporters[engine] = m.Image
		}
	}
	want := map[string]string{
		"postgres": "docker.io/library/postgres:17.6", "mariadb": "docker.io/library/mariadb:10.11.13",
		"mysql": "docker.io/library/mysql:8.4.6", "cloudnative-pg": "ghcr.io/cloudnative-pg/postgresql:17.6",
		"managed-postgres": "docker.io/library/postgres:17.6", "managed-mysql": "docker.io/library/mysql:8.4.6",
	}
	if !maps.Equal(images, want) {
		t.Errorf("got %v, want %v", images, want)
	}
	want = map[string]string{
		"postgres": "quay.io/prometheuscommunity/postgres-exporter:v0.17.1",
		"mariadb":  "docker.io/prom/mysqld-exporter:v0.17.2", "mysql": "docker.io/prom/mysqld-exporter:v0.17.2",
	}
	if !maps.Equal(exporters, want) {
		t.Errorf("got %v, want %v", exporters, want)
	}
}

// onAWS is a stack that has a cloud.
const onAWS = "  plinth:cloud: aws\n  plinth:cluster: {endpoint: {cidrs: [203.0.113.0/24]}}\n"

func TestAManagedDatabaseIsWhatTheTierSays(t *testing.T) {
	for tier, want := range map[string]config.Managed{
		"dev":     {Version: "17", Backups: 1},
		"staging": {Version: "17", MultiZone: true, Backups: 7},
		"prod":    {Version: "17", MultiZone: true, Backups: 30, Protect: true},
	} {
		c := mustLoad(t, "  plinth:tier: "+tier+"\n"+onAWS+"  plinth:databases: {main: {"+limits+
			", engine: managed-postgres, image: 'example.com/postgres:17@sha256:"+strings.Repeat("0", 64)+"'}}\n")
		main := c.Databases["main"]
		if main.Managed != want {
			t.Errorf("%s: got %+v, want %+v", tier, main.Managed, want)
		}
		if tier == "dev" && main.Storage != "20Gi" || main.Retain != (tier == "prod") {
			t.Errorf("%s: got %s of storage, retained: %t", tier, main.Storage, main.Retain)
		}
	}
}

func TestAMachineIsTheSmallestThatHasTheLimits(t *testing.T) {
	for _, c := range []struct {
		cpu, memory string
		want        config.Size
	}{
		{"500m", "1Gi", config.Small},
		{"2", "8Gi", config.Small},
		{"2", "9Gi", config.Medium},
		{"3", "1Gi", config.Medium},
		{"8", "32Gi", config.Large},
		{"9", "1Gi", ""},
		{"1", "33Gi", ""},
		{"some", "1Gi", ""},
	} {
		if got := (config.Limits{CPU: c.cpu, Memory: c.memory}).Size(); got != c.want {
			t.Errorf("%s and %s: got %q, want %q", c.cpu, c.memory, got, c.want)
		}
	}
}

func TestWhatAManagedDatabaseCannotBeIsRefused(t *testing.T) {
	checkRefused(t, []refused{
		{"in a cluster that exists", "  plinth:tier: dev\n  plinth:databases: {main: {" + limits + ", engine: managed-mysql}}\n", []string{
			`databases.main.engine: needs plinth:cloud to be aws or gcp, whose databases it is; got managed-mysql with cloud ` +
				`existing. In a cluster that exists take postgres, mysql, mariadb or cloudnative-pg`,
		}},
		{"by what it does not have", "  plinth:tier: dev\n" + onAWS + `  plinth:buckets: {dumps: {engine: minio}}
  plinth:databases: {main: {` + limits + `, engine: managed-postgres, clients: [10.0.0.0/8], storageClass: fast,
      synchronous: quorum, replicas: 1, tls: optional, operator: {namespace: x}, backup: {bucket: dumps},
      managed: {version: "9", backups: 36}, settings: {rds.force_ssl: "0", work_men: "1", log_statement: all}}}
`, []string{
			`databases.main.backup: must not be set with the engine managed-postgres: the cloud backs it up, for as many days as ` +
				`managed.backups says`,
			`databases.main.clients: must not be set with the engine managed-postgres: the cloud's network decides who may ` +
				`connect, and network policies which pods`,
			`databases.main.managed.backups: must be between 1 and 35, got 36`,
			`databases.main.managed.version: must be one of 15, 16, 17 with the engine managed-postgres, got "9"`,
			`databases.main.operator: must not be set with the engine managed-postgres: no operator runs it`,
			`databases.main.settings.log_statement: must not be set here, because the safety of passwords depends on what it is ` +
				`set to already`,
			`databases.main.settings.work_men: PostgreSQL has no such parameter: did you mean work_mem?`,
			`databases.main.settings["rds.force_ssl"]: must not be set here, because the safety of passwords depends on what it is ` +
				`set to already`,
			`databases.main.storageClass: must not be set with the engine managed-postgres: it has no volumes in the cluster`,
			`databases.main.synchronous: must be on with the engine managed-postgres: managed.multiZone says whether another zone ` +
				`has every commit; got quorum`,
			`databases.main.tls: must be required with the engine managed-postgres, got optional`,
		}},
		{"with a key that goes before the data", "  plinth:tier: dev\n  plinth:cloud: aws\n" +
			"  plinth:cluster: {endpoint: {cidrs: [203.0.113.0/24]}, ownKey: true}\n" +
			"  plinth:databases: {main: {engine: managed-mysql, retain: true, resources: {limits: {cpu: '16', memory: 64Gi, " +
			"ephemeralStorage: 1Gi}}}}\n", []string{
			`databases.main.resources.limits: must be at most 8 CPUs and 32Gi with the engine managed-mysql, or ` +
				`databases.main.managed.machine says which of the cloud's machines; got 16 and 64Gi`,
			`databases.main.retain: needs cluster.retain to be true, or cluster.ownKey to be false: the key goes with the stack, ` +
				`and what is retained could be read no more; got true`,
		}},
		{"in the cluster, as a cloud has it", "  plinth:tier: dev\n  plinth:databases: {main: {" + limits + ", managed: {protect: true}}}\n", []string{
			`databases.main.managed: must not be set with the engine postgres, which runs in the cluster`,
		}},
		{"where its addresses are others' already", "  plinth:tier: dev\n  plinth:cloud: gcp\n" +
			"  plinth:gcp: {project: example-project}\n  plinth:cluster: {endpoint: {cidrs: [203.0.113.0/24]}}\n" +
			"  plinth:network: {endpoints: 10.0.3.0/24}\n" +
			"  plinth:databases: {main: {" + limits + ", engine: managed-postgres}}\n", []string{
			`network.endpoints: must not overlap with network.cidr (10.0.0.0/16), got "10.0.3.0/24"`,
		}},
	})
}
