package config_test

import (
	"maps"
	"testing"
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
			`databases.main.engine: unknown engine "oracle"; known: cloudnative-pg, mariadb, mysql, postgres`,
		}},
	})
}

func TestEveryEngineHasAnImageOfItsOwn(t *testing.T) {
	images, exporters := map[string]string{}, map[string]string{}
	for engine, more := range map[string]string{
		"postgres": ", metrics: {namespace: ops}", "mariadb": ", settings: {max_connections: '9'}, metrics: {namespace: ops}",
		"mysql":          ", settings: {what_ever: '9'}, metrics: {namespace: ops}",
		"cloudnative-pg": ", operator: {apiServers: [10.0.0.1/32]}, synchronous: quorum, replicas: 2",
	} {
		c := mustLoad(t, "  plinth:tier: dev\n  plinth:databases: {main: {"+limits+", engine: "+engine+more+"}}\n")
		images[engine] = c.Databases["main"].Image
		if m := c.Databases["main"].Metrics; m != nil {
			exporters[engine] = m.Image
		}
	}
	want := map[string]string{
		"postgres": "docker.io/library/postgres:17.6", "mariadb": "docker.io/library/mariadb:10.11.13",
		"mysql": "docker.io/library/mysql:8.4.6", "cloudnative-pg": "ghcr.io/cloudnative-pg/postgresql:17.6",
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
