package environment_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/config"
	"plinth/environment"
	"plinth/internal/record"
	"plinth/internal/standin"
)

// stackFile is a stack of the project, or one of the tests' own.
type stackFile struct {
	name, path string
}

func stackFiles(t *testing.T) []stackFile {
	t.Helper()
	var files []stackFile
	for folder, least := range map[string]string{"..": "local", "testdata": "everything", "../examples/*": "motm"} {
		found, err := filepath.Glob(filepath.Join(folder, "Pulumi.*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, path := range found {
			name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "Pulumi."), ".yaml")
			names = append(names, name)
			files = append(files, stackFile{name, path})
		}
		if !slices.Contains(names, least) {
			t.Fatalf("stack files in %s: got %v, want %s among them", folder, names, least)
		}
	}
	return files
}

// options are what a stack file says, for a recording.
func (f stackFile) options(t *testing.T) record.Options {
	t.Helper()
	raw, secret, err := config.ReadStackFile(f.path)
	if err != nil {
		t.Fatal(err)
	}
	return record.Options{Project: config.Project, Stack: f.name, Config: raw, SecretKeys: secret}
}

// run records the program with this configuration.
func run(t *testing.T, o record.Options) *record.Recording {
	t.Helper()
	rec, err := record.Run(t.Context(), o, environment.Program(func() []string {
		return slices.Collect(maps.Keys(o.Config))
	}, standin.Clouds()...))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// world records a stack and reads it as its configuration means it.
func (f stackFile) world(t *testing.T) *world {
	t.Helper()
	o := f.options(t)
	cfg, err := config.Load(o.Stack, o.Config, o.SecretKeys)
	if err != nil {
		t.Fatal(err)
	}
	w, err := read(run(t, o), cfg.Tier == config.Prod, slices.Collect(maps.Keys(cfg.Images.Mirrors))...)
	if err != nil {
		t.Fatal(err)
	}
	if len(w.workloads) < len(cfg.Apps) {
		t.Fatalf("stack %s: got %d workloads for %d apps", f.name, len(w.workloads), len(cfg.Apps))
	}
	return w
}

func TestEveryStackKeepsEveryRule(t *testing.T) {
	for _, file := range stackFiles(t) {
		t.Run(file.name, func(t *testing.T) {
			w := file.world(t)
			for _, rule := range rules() {
				for _, complaint := range rule.broken(w) {
					t.Errorf("%s: %s", rule.name, complaint)
				}
			}
		})
	}
}

func TestStackOutputsAreInCamelCaseAndHoldNoSecretInPlain(t *testing.T) {
	for _, file := range stackFiles(t) {
		rec := run(t, file.options(t))
		if len(rec.Outputs) == 0 {
			t.Errorf("stack %s: got no outputs", file.name)
		}
		for key := range rec.Outputs {
			if strings.ContainsAny(string(key), "-_ ") || strings.ToLower(string(key[:1])) != string(key[:1]) {
				t.Errorf("stack %s: output %s is not in camel case", file.name, key)
			}
		}
		leaves(nil, resource.NewProperty(rec.Outputs), false, func(path []string, _ string, secret bool) {
			if name := path[len(path)-1]; !secret && secretName.MatchString(name) {
				t.Errorf("stack %s: output %s is plain", file.name, name)
			}
		})
	}
}

// everything is the stack that uses every feature, with its apps changed.
func everything(t *testing.T, change func(apps map[string]map[string]any)) *world {
	t.Helper()
	o := stackFile{"everything", "testdata/Pulumi.everything.yaml"}.options(t)
	apps := map[string]map[string]any{}
	if err := json.Unmarshal([]byte(o.Config["plinth:apps"]), &apps); err != nil {
		t.Fatal(err)
	}
	change(apps)
	text, err := json.Marshal(apps)
	if err != nil {
		t.Fatal(err)
	}
	o.Config["plinth:apps"] = string(text)
	w, err := read(run(t, o), false)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// fixed is everything that an update cannot change in place: URNs, names, selectors; but for Jobs, which run anew for
// what is new.
func (w *world) fixed() []string {
	var out []string
	for _, of := range w.named {
		if of.v.Kind == "Job" {
			continue
		}
		out = append(out, string(of.URN)+" "+of.v.Namespace+"/"+of.v.Name)
	}
	for _, of := range w.workloads {
		selector, _ := json.Marshal(of.selector)
		out = append(out, string(of.URN)+" "+string(selector))
	}
	return out
}

func TestAnotherImageAndAnotherVariableReplaceNothing(t *testing.T) {
	before := everything(t, func(map[string]map[string]any) {})
	after := everything(t, func(apps map[string]map[string]any) {
		apps["api"]["image"] = "quay.io/somebody/else:9.9.9"
		apps["web"]["env"] = map[string]string{"COLOR": "blue"}
	})
	if got, want := after.fixed(), before.fixed(); !slices.Equal(got, want) {
		for _, one := range got {
			if !slices.Contains(want, one) {
				t.Errorf("got %s, which was not there before", one)
			}
		}
		t.Errorf("got %d objects, %d before", len(got), len(want))
	}
}

// When an update fails that came with other files, the object before is still there, and in the state: the way back
// must not make it once more.
func TestOtherFilesMakeAnotherConfigMapAndTheSameFilesTheSameOne(t *testing.T) {
	made := func(content string) string {
		w := everything(t, func(apps map[string]map[string]any) {
			apps["worker"]["files"] = map[string]string{"/etc/worker.conf": content}
		})
		for _, config := range w.configMaps {
			if strings.HasPrefix(config.v.Name, "worker-files-") && strings.HasSuffix(string(config.URN), "::"+config.v.Name) {
				return config.v.Name
			}
		}
		t.Fatal("worker has no config map whose URN ends in its name")
		return ""
	}
	one, other, again := made("threads = 1"), made("threads = 2"), made("threads = 1")
	if one == other || one != again {
		t.Errorf("got %s and %s, then %s: want a name for each content", one, other, again)
	}
}

func TestNothingUnknownReachesANameOrASelector(t *testing.T) {
	for _, file := range stackFiles(t) {
		for _, of := range file.world(t).named {
			if of.Read || strings.HasPrefix(string(of.Type), "kubernetes:helm.sh/") {
				continue // It is no object that is made.
			}
			metadata := at(resource.NewProperty(of.Inputs), []string{"metadata"})
			if metadata["name"].ContainsUnknowns() || of.v.Name == "" {
				t.Errorf("stack %s: %s has no plain name", file.name, of.Label())
			}
		}
	}
}

func TestTheTestsOwnStackUsesEveryFeatureOfAnApp(t *testing.T) {
	text, err := os.ReadFile("testdata/Pulumi.everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var example config.App
	full, err := json.Marshal(example)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]any{}
	if err := json.Unmarshal(full, &keys); err != nil {
		t.Fatal(err)
	}
	for _, key := range append(slices.Sorted(maps.Keys(keys)), "replicas", "user", "autoscaling") {
		if !strings.Contains(string(text), key+":") {
			t.Errorf("no app of testdata/Pulumi.everything.yaml says %s", key)
		}
	}
}
