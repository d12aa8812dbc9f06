package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestPromoteWantsADatabaseThatIsThere(t *testing.T) {
	const limits = "resources: {limits: {cpu: 1, memory: 256Mi, ephemeralStorage: 256Mi}}"
	for _, test := range []struct {
		args        []string
		stack, want string
	}{
		{
			[]string{"promote", "local"},
			"",
			"plinth: plinth promote wants the names of one stack and of one of its databases, got 1 arguments: " +
				"plinth promote STACK DATABASE [flags]",
		},
		{[]string{"promote", "local", "main"}, "", `plinth: stack local has no database "main": it has none`},
		{
			[]string{"promote", "local", "mian"},
			"  plinth:databases: {main: {" + limits + "}, other: {" + limits + "}}\n",
			`plinth: stack local has no database "mian": it has main, other`,
		},
		{
			[]string{"promote", "local", "main"},
			"  plinth:databases: {main: {" + limits + ", engine: cloudnative-pg, operator: {apiServers: [10.0.0.1/32]}}}\n",
			"plinth: database main has the engine cloudnative-pg, whose failover is not Plinth's (the operator's, or " +
				"the cloud's): plinth promotes replicas of postgres, mariadb and mysql",
		},
	} {
		limited := strings.ReplaceAll(test.stack, "cpu: 1", `cpu: "1"`)
		folder(t, map[string]string{
			"Pulumi.yaml": projectFile, "Pulumi.local.yaml": "config:\n  plinth:tier: dev\n" + limited,
		})
		var out bytes.Buffer
		code := newCommand(&out, nil).run(t.Context(), test.args)
		if got := strings.TrimSpace(out.String()); code != exitUsage || got != test.want {
			t.Errorf("%q: code %d, got %s", test.args, code, got)
		}
	}
}
