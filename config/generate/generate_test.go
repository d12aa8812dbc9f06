package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/santhosh-tekuri/jsonschema/v5"
	"gopkg.in/yaml.v3"

	"plinth/config"
)

const readme = "# Plinth\n\n" + local + "<!-- config:begin -->\nstale\n<!-- config:end -->\n\nMore.\n"

// local is where README shows the stack local.
const local = "<!-- local:begin -->\n<!-- local:end -->\n"

// repository makes a folder with what the generator reads: the sources, the project file, a README.
func repository(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(filepath.Join(root, "config"), os.DirFS("..")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "Pulumi.yaml"), read(t, "../../Pulumi.yaml"))
	write(t, filepath.Join(root, "Pulumi.local.yaml"), "config:\n  plinth:tier: dev\n")
	write(t, filepath.Join(root, "README.md"), readme)
	return root
}

// generated is a repository in which everything has been generated.
func generated(t *testing.T) string {
	t.Helper()
	root := repository(t)
	if err := generate(root, false); err != nil {
		t.Fatal(err)
	}
	return root
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got the error:\n%v\nwant:\n%s", err, want)
	}
}

func TestCheckNamesEveryFileThatDiffersAndWritesNone(t *testing.T) {
	root := generated(t)
	if err := generate(root, true); err != nil {
		t.Errorf("what has just been generated differs: %v", err)
	}
	for _, file := range []string{"Pulumi.yaml", "plinth.schema.json", "README.md"} {
		path := filepath.Join(root, file)
		changed := strings.Replace(read(t, path), "reads", "read", 1)
		changed = strings.Replace(changed, "Apps holds", "Apps hold", 1)
		write(t, path, changed)
		checkError(t, generate(root, true),
			file+" is not as it would be generated from config/ and Pulumi.local.yaml; run: go run ./config/generate")
		if read(t, path) != changed {
			t.Errorf("%s was written", file)
		}
		if err := generate(root, false); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOnlyWhatIsBetweenTheMarkersIsWritten(t *testing.T) {
	got := read(t, filepath.Join(generated(t), "README.md"))
	head, tail := "# Plinth\n\n<!-- local:begin -->\n```yaml\nconfig:\n  plinth:tier: dev\n```\n<!-- local:end -->\n"+
		"<!-- config:begin -->\n| Key |", "|\n<!-- config:end -->\n\nMore.\n"
	if !strings.HasPrefix(got, head) || !strings.HasSuffix(got, tail) || strings.Contains(got, "stale") {
		t.Errorf("got:\n%s", got)
	}
}

func TestAFileWithoutAPlaceForItsPartIsAnError(t *testing.T) {
	root := repository(t)
	write(t, filepath.Join(root, "README.md"), "# Plinth\n"+local+"<!-- config:end -->\n<!-- config:begin -->\n")
	checkError(t, generate(root, false), `generating a part of README.md: it has no line "<!-- config:begin -->" with `+
		`a line "<!-- config:end -->" after it`)

	missing := filepath.Join(root, "README.md")
	if err := os.Remove(missing); err != nil {
		t.Fatal(err)
	}
	// Two parts of it are generated.
	fault := "generating a part of README.md: open " + missing + ": no such file or directory"
	checkError(t, generate(root, false), fault+"\n"+fault)
}

func TestTheTableHasARowForEveryKindOfKey(t *testing.T) {
	table := read(t, filepath.Join(generated(t), "README.md"))
	for _, row := range []string{
		"| `plinth:tier` | `dev`, `staging`, `prod` | **required** | Tier sets",
		"| `plinth:cloud` | `existing`, `aws`, `gcp` | `existing` | Cloud says",
		"| `plinth:namespace.name` | string | plinth-STACK | Name is",
		"| `plinth:namespace.quota.cpu` | string | by tier: dev `20`, staging `40`, prod `100` | CPU is",
		"| `plinth:apps` | object by APP |  | Apps holds",
		"| `plinth:apps.APP.ports` | list of objects |  | Ports are",
		"| `plinth:apps.APP.ports[].service` | integer | the same as container | Service is",
		"| `plinth:apps.APP.probes.startup` | like readiness | no probe | Startup holds",
		"| `plinth:apps.APP.probes.liveness` | like readiness | no probe | Liveness restarts",
		"| `plinth:apps.APP.env` | string by VARIABLE |  | Env holds",
		"| `plinth:apps.APP.public` | boolean | `false` | Public lets",
		"| `plinth:secretValues` | secret by NAME |  | SecretValues is",
	} {
		if !strings.Contains(table, "\n"+row) {
			t.Errorf("no row %s in:\n%s", row, table)
		}
	}
}

func TestAKeyWithoutADescriptionIsAnError(t *testing.T) {
	root := repository(t)
	path := filepath.Join(root, "config", "images.go")
	var kept []string
	for line := range strings.Lines(read(t, path)) {
		if !strings.HasPrefix(line, "\t//") {
			kept = append(kept, line)
		}
	}
	write(t, path, strings.Join(kept, ""))
	checkError(t, generate(root, false), "Images.Mirrors has no doc comment, which is the description of the key")
}

// Every section has a default, so that the engine does not report a missing one before the program reports everything.
func TestPulumiAcceptsTheProjectFile(t *testing.T) {
	project, err := workspace.LoadProject(filepath.Join(generated(t), "Pulumi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if string(project.Name) != config.Project {
		t.Errorf("the project is called %s, the keys begin with %s", project.Name, config.Project)
	}
	var sections []string
	for key, declared := range project.Config {
		name, own := strings.CutPrefix(key, config.Project+":")
		if !own {
			continue
		}
		sections = append(sections, name)
		if declared.Default == nil || declared.Secret || declared.Description == "" {
			t.Errorf("%s is declared as %+v", name, declared)
		}
	}
	slices.Sort(sections)
	want := []string{
		"admission", "apps", "aws", "buckets", "cloud", "cluster", "databases", "edge", "gcp", "gitops", "images", "minio",
		"monitoring", "namespace", "namespaces", "network", "operators", "priorities", "proxy", "secretValues", "secrets", "tier",
	}
	if !slices.Equal(sections, want) {
		t.Errorf("got the sections %v, want %v", sections, want)
	}
}

func TestTheSchemaAcceptsAndRefusesLikeTheDecoder(t *testing.T) {
	text := read(t, filepath.Join(generated(t), "plinth.schema.json"))
	schema, err := jsonschema.CompileString("plinth.schema.json", text)
	if err != nil {
		t.Fatal(err)
	}
	const app = "image: x:1, resources: {limits: {cpu: '1', memory: 1Gi, ephemeralStorage: 1Gi}}"
	for text, want := range map[string]bool{
		"{plinth:tier: dev}": true,
		"{plinth:tier: dev, pulumi:disable-default-providers: ['*'], aws:region: x}": true,
		"{plinth:tier: dev, plinth:secretValues: {a: {secure: v1:x}}}":               true,
		"{plinth:tier: dev, plinth:secretValues: {a: clear}}":                        false,
		"{}":                                false,
		"{plinth:tier: test}":               false,
		"{plinth:tier: dev, plinth:foo: 1}": false,
		"{plinth:tier: dev, plinth:apps: {web: {" + app + ", server: '', ports: [{name: a, container: 5000}]}}}": true,
		"{plinth:tier: dev, plinth:apps: {web: {" + app + ", ports: [{name: a}]}}}":                              false,
		"{plinth:tier: dev, plinth:apps: {web: {" + app + ", autoscaling: {min: 1}}}}":                           false,
		"{plinth:tier: dev, plinth:apps: {web: {" + app + ", replicsa: 1}}}":                                     false,
		"{plinth:tier: dev, plinth:apps: {web: {" + app + ", env: {A: false}}}}":                                 false,
		"{plinth:tier: dev, plinth:apps: {web: {" + app + ", grace: 30.5}}}":                                     false,
		"{plinth:tier: dev, plinth:apps: {web: {image: x:1}}}":                                                   true,
	} {
		var file any
		if err := yaml.Unmarshal([]byte("config: "+text), &file); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(file); (err == nil) != want {
			t.Errorf("%s: got %v, want it accepted: %t", text, err, want)
		}
	}
	for _, path := range stackFiles(t) {
		var file any
		if err := yaml.Unmarshal([]byte(read(t, path)), &file); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(file); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func stackFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../Pulumi.*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %v and %v, want stack files", files, err)
	}
	return files
}
