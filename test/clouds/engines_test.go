package clouds_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"plinth/config"
	"plinth/environment"
	"plinth/internal/podsecurity"
	"plinth/internal/record"
	"plinth/internal/render"
)

// limits are what every part of these stacks may use.
const limits = `"resources":{"limits":{"cpu":"1","memory":"1Gi","ephemeralStorage":"64Mi"}}`

// row is what a stack says of its database beside the engine.
type row struct {
	more string
	// cloudsAlone says that the engine is refused on a cluster that somebody else looks after, in these words.
	cloudsAlone string
}

// engines are all there are: an engine of the configuration that is not here fails the test.
func engines() map[config.Engine]row {
	// What runs in the cluster has all that can be added to it.
	kept := `,"replicas":2,"synchronous":"quorum","rotation":1,"backup":{"bucket":"archive"},` +
		`"metrics":{"namespace":"monitoring","image":"example.com/exporter:1@sha256:` + strings.Repeat("2", 64) + `"}`
	return map[config.Engine]row{
		config.Postgres: {more: kept},
		config.MariaDB:  {more: kept},
		config.MySQL:    {more: kept},
		config.CloudNativePG: {
			more: `,"replicas":2,"synchronous":"quorum","operator":{"apiServers":["10.0.0.1/32"]},` +
				`"backup":{"bucket":"archive"},"metrics":{"namespace":"monitoring"}`,
		},
		config.ManagedPostgres: {cloudsAlone: "needs plinth:cloud to be aws or gcp"},
		config.ManagedMySQL:    {cloudsAlone: "needs plinth:cloud to be aws or gcp"},
	}
}

// engineStack is a stack of an application on a database of an engine.
func engineStack(v variant, engine config.Engine, more string) record.Options {
	o := record.Options{Project: config.Project, Stack: string(v.tier), Config: map[string]string{
		"plinth:tier": string(v.tier), "plinth:cloud": string(v.cloud), "plinth:gcp": `{"project":"shop-1"}`,
		"plinth:buckets": `{"archive":{"engine":"minio"}}`,
		"plinth:databases": fmt.Sprintf(`{"main":{"engine":%q,"image":"example.com/server:1@sha256:%s",%s%s}}`,
			engine, strings.Repeat("0", 64), limits, more),
		"plinth:apps": fmt.Sprintf(`{"web":{"image":"example.com/web:1@sha256:%s",%s,"ports":[{"name":"http",`+
			`"container":8000,"service":80}],"probes":{"readiness":{"path":"/readyz"}},"migration":{"command":["migrate"]},`+
			`"database":{"name":"main","readOnly":{"url":"READ_URL"}}}}`, strings.Repeat("1", 64), limits),
	}}
	if v.cloud != config.Existing && v.tier != config.Prod {
		o.Config["plinth:cluster"] = `{"endpoint":{"cidrs":["203.0.113.0/24"]}}`
	}
	return o
}

func TestEveryEngineOnEveryTierAndCloudRendersIsRestrictedAndKeepsTheDestroyRules(t *testing.T) {
	var known []string
	for engine := range engines() {
		known = append(known, string(engine))
	}
	slices.Sort(known)
	declared := config.Engine("").Values()
	slices.Sort(declared)
	if !slices.Equal(known, declared) {
		t.Fatalf("got the engines %v here, %v in the configuration", known, declared)
	}
	all := variants()
	for _, tier := range []config.Tier{config.Dev, config.Staging, config.Prod} {
		all = append(all, variant{tier: tier, cloud: config.Existing})
	}
	for _, engine := range slices.Sorted(maps.Keys(engines())) {
		for _, v := range all {
			t.Run(fmt.Sprintf("%s, %s", engine, v), func(t *testing.T) {
				row := engines()[engine]
				o := engineStack(v, engine, row.more)
				if row.cloudsAlone != "" && v.cloud == config.Existing {
					_, err := config.Load(o.Stack, o.Config, nil)
					if err == nil || !strings.Contains(err.Error(), row.cloudsAlone) {
						t.Errorf("got %v, want it refused: %s", err, row.cloudsAlone)
					}
					return
				}
				rec := run(t, o)
				for _, rule := range rules() {
					for _, complaint := range rule.broken(v, rec) {
						t.Errorf("%s: %s", rule.name, complaint)
					}
				}
				pods := 0
				for file, object := range rendered(t, o) {
					pod, err := podsecurity.Template(object)
					if err != nil {
						t.Fatalf("%s: %v", file, err)
					}
					if pod == nil {
						continue
					}
					pods++
					reasons, err := podsecurity.Restricted(pod)
					if err != nil {
						t.Fatal(err)
					}
					for _, reason := range reasons {
						t.Errorf("%s: %s", file, reason)
					}
				}
				// The application and its migration at the least.
				if pods < 2 {
					t.Errorf("got %d kinds of pods", pods)
				}
			})
		}
	}
}

// rendered are the manifests of a stack, by file.
func rendered(t *testing.T, o record.Options) map[string]map[string]any {
	t.Helper()
	dir := t.TempDir()
	result, err := render.Render(t.Context(), render.Options{
		Stack: o, Dir: dir, Draw: func(_ context.Context, text string) ([]byte, error) { return []byte(text), nil },
	}, environment.Program(func() []string { return slices.Collect(maps.Keys(o.Config)) }, clouds()...))
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string]map[string]any{}
	for _, file := range result.Manifests {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		object := map[string]any{}
		if err := yaml.UnmarshalStrict(text, &object); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		objects[file] = object
	}
	return objects
}
