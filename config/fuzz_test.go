package config_test

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"plinth/config"
)

// canary is in every secret value that the fuzzers make, and nowhere else.
const canary = "canary-5e2a"

// accepted is a configuration, as generic values, that uses every kind of key.
const accepted = `{
	"tier": "staging", "cloud": "existing",
	"cluster": {"kubeconfig": "k", "context": "c", "identifier": "i"},
	"namespace": {
		"name": "shop", "protect": true, "quota": {"pods": 90, "cpu": "50", "memory": "90Gi", "storage": "1Ti"}
	},
	"images": {"mirrors": {"docker.io": "registry.example.com/docker"}},
	"secretValues": {"token": "` + canary + `"},
	"buckets": {
		"assets": {"engine": "minio", "versioning": true, "expireAfter": 3},
		"media": {"engine": "external", "external": {
			"endpoint": "https://s3.example.com", "cidrs": ["192.0.2.0/24"], "addressing": "virtual",
			"keys": {"accessKeyId": "token", "secretAccessKey": "token"}
		}}
	},
	"edge": {
		"kind": "gateway", "class": "gke-l7-rilb", "routes": [{"host": "*.example.com", "path": "/a", "app": "web"}],
		"tls": {"issuer": "ours", "issuerKind": "Issuer"}, "controller": {"cidrs": ["10.9.0.0/24"], "kind": "gke"},
		"dns": {"records": "external-dns"}, "annotations": {"example.com/a": "b"}, "ports": {"http": 8000}
	},
	"minio": {"drives": 1, "storage": "1Gi", "tlsSecret": "tls", "metricsNamespace": "monitoring"},
	"apps": {
		"web": {
			"image": "nginx:1.29", "user": 1000, "command": ["a"], "args": ["b"], "server": "gunicorn", "workers": 3,
			"ports": [{"name": "http", "container": 8080, "service": 80}, {"name": "metrics", "container": 9090}],
			"probes": {"readiness": {"path": "/", "port": "http", "period": 3}, "liveness": {"command": ["true"]}},
			"resources": {
				"requests": {"cpu": "100m"}, "limits": {"cpu": "1", "memory": "1Gi", "ephemeralStorage": "1Gi"}
			},
			"env": {"A": "b"}, "secrets": {"T": "token"}, "files": {"/etc/a": "b"}, "writable": ["/var/cache"],
			"autoscaling": {"max": 5}, "disruption": {"minAvailable": 1}, "from": ["api"], "public": true,
			"egress": [{"cidr": "192.0.2.0/24", "port": 443}], "grace": 40, "drain": 3,
			"bucket": {"name": "assets", "prefix": "a/", "settings": "file", "variables": {"accessKeyId": "KEY_ID"}}
		},
		"api": {
			"image": "nginx:1.29", "replicas": 2,
			"resources": {"limits": {"cpu": "1", "memory": "1Gi", "ephemeralStorage": "1Gi"}}
		}
	}
}`

// mutate replaces, removes or adds values in a tree, here and there.
func mutate(t *rapid.T, value any) any {
	if rapid.IntRange(0, 40).Draw(t, "replace") == 0 {
		return anything().Draw(t, "value")
	}
	switch value := value.(type) {
	case map[string]any:
		result := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			switch rapid.IntRange(0, 60).Draw(t, "key") {
			case 0: // Removed.
			case 1:
				result[rapid.String().Draw(t, "name")] = value[key]
			default:
				result[key] = mutate(t, value[key])
			}
		}
		return result
	case []any:
		result := slices.Clone(value)
		for i := range result {
			result[i] = mutate(t, result[i])
		}
		if rapid.IntRange(0, 20).Draw(t, "repeat") == 0 {
			result = append(result, result...)
		}
		return result
	default:
		return value
	}
}

// anything is any JSON value, with a taste for the ones that are nearly right.
func anything() *rapid.Generator[any] {
	return rapid.Deferred(func() *rapid.Generator[any] {
		return rapid.OneOf(
			rapid.Just[any](nil),
			rapid.Bool().AsAny(),
			rapid.IntRange(-3, 70000).AsAny(),
			rapid.Int64().AsAny(),
			rapid.Float64Range(-1e20, 1e20).AsAny(),
			rapid.String().AsAny(),
			rapid.SampledFrom([]any{
				"", "0", "1", "-1", "1Gi", "128m", "1e400", "1E", "999999999999999999999999999999Ei", "no", "web",
				"api", "http", "nginx", "nginx:latest", "docker.io", "/", "/a/..", "10.0.0.1/8", "::/0", "dev", "prod",
				"token",
			}),
			rapid.SliceOfN(anything(), 0, 3).AsAny(),
			rapid.MapOfN(rapid.StringMatching(`[a-z]{1,5}`), anything(), 0, 3).AsAny(),
		)
	})
}

// raw makes the form that Load takes out of generic values.
func raw(t require, tree map[string]any) map[string]string {
	texts := map[string]string{}
	for section, value := range tree {
		if text, ok := value.(string); ok {
			texts["plinth:"+section] = text
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatalf("encoding %s: %v", section, err)
		}
		texts["plinth:"+section] = string(text)
	}
	return texts
}

// require is what of a test is needed to give up.
type require interface {
	Fatalf(format string, args ...any)
}

// checkLoad loads a configuration and checks what holds for every one: either there are faults, in order and without
// secrets; or the result, written down and loaded again, is the same.
func checkLoad(t require, stack string, texts map[string]string, secretKeys []string) {
	loaded, err := config.Load(stack, texts, secretKeys)
	if err == nil {
		checkRoundTrip(t, stack, loaded)
		return
	}
	var invalid *config.Error
	if !errors.As(err, &invalid) || loaded != nil || len(invalid.Faults) == 0 {
		t.Fatalf("want nothing but an error of type *config.Error with faults, got %v and %v", loaded, err)
	}
	for i, fault := range invalid.Faults {
		if fault.Path == "" || fault.Message == "" || i > 0 && invalid.Faults[i-1].Path >= fault.Path {
			t.Fatalf("a fault without a path or a message, or not in order: %v", err)
		}
	}
	if slices.Contains(secretKeys, "plinth:secretValues") && strings.Contains(err.Error(), canary) {
		t.Fatalf("a secret is shown: %v", err)
	}
	if _, again := config.Load(stack, texts, secretKeys); again == nil || again.Error() != err.Error() {
		t.Fatalf("the second time got:\n%v\nthe first time:\n%v", again, err)
	}
}

func checkRoundTrip(t require, stack string, loaded *config.Config) {
	text, err := json.Marshal(loaded)
	if err != nil {
		t.Fatalf("encoding: %v", err)
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatalf("decoding: %v", err)
	}
	if loaded.SecretValues != nil {
		secrets := map[string]any{}
		for name, value := range loaded.SecretValues {
			secrets[name] = string(value)
		}
		tree["secretValues"] = secrets
	}
	texts := raw(t, withoutNull(tree).(map[string]any))
	again, err := config.Load(stack, texts, []string{"plinth:secretValues"})
	if err != nil {
		t.Fatalf("what was accepted is refused when it is written down: %v", err)
	}
	if !reflect.DeepEqual(loaded, again) {
		t.Fatalf("got  %+v\nwant %+v", again, loaded)
	}
}

// withoutNull removes the keys without a value.
func withoutNull(value any) any {
	if entries, ok := value.(map[string]any); ok {
		for key, entry := range entries {
			if entries[key] = withoutNull(entry); entry == nil {
				delete(entries, key)
			}
		}
	}
	if elements, ok := value.([]any); ok {
		for i, element := range elements {
			elements[i] = withoutNull(element)
		}
	}
	return value
}

func checkMutation(t *rapid.T) {
	var tree map[string]any
	if err := json.Unmarshal([]byte(accepted), &tree); err != nil {
		t.Fatalf("decoding: %v", err)
	}
	mutated, ok := mutate(t, tree).(map[string]any)
	if !ok {
		return
	}
	stack := rapid.OneOf(rapid.Just("dev"), rapid.StringMatching(`[a-zA-Z0-9_.-]{1,70}`)).Draw(t, "stack")
	checkLoad(t, stack, raw(t, mutated), []string{"plinth:secretValues"})
}

func TestWhatIsAcceptedSurvivesARoundTrip(t *testing.T) {
	var tree map[string]any
	if err := json.Unmarshal([]byte(accepted), &tree); err != nil {
		t.Fatal(err)
	}
	loaded, err := config.Load("staging", raw(t, tree), []string{"plinth:secretValues"})
	if err != nil {
		t.Fatal(err)
	}
	checkRoundTrip(t, "staging", loaded)
}

func TestNoConfigurationMakesLoadPanic(t *testing.T) { rapid.Check(t, checkMutation) }

func FuzzMutations(f *testing.F) { f.Fuzz(rapid.MakeFuzz(checkMutation)) }

func FuzzSections(f *testing.F) {
	for _, text := range []string{
		"", "null", "{}", "[]", `{"web": {}}`, `{"a": {"ports": [{"container": 1e9}]}}`, "{} {}", "{",
	} {
		for _, section := range []string{"tier", "cluster", "namespace", "apps", "images", "secretValues", "", "x:y"} {
			f.Add(section, text, true)
		}
	}
	f.Fuzz(func(t *testing.T, section, text string, secret bool) {
		key := "plinth:" + section
		var secretKeys []string
		if secret {
			secretKeys = []string{key}
		}
		checkLoad(t, "dev", map[string]string{"plinth:tier": "dev", key: text}, secretKeys)
	})
}
