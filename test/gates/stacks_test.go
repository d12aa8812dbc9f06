package gates_test

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"plinth/config"
	"plinth/environment"
	"plinth/internal/record"
	"plinth/internal/render"
	"plinth/internal/standin"
)

// root is the project's folder.
const root = "../.."

// stack is a stack of the project, or one of the tests' own.
type stack struct {
	name    string
	options record.Options
}

// stacks are all of them.
func stacks(t *testing.T) []stack {
	t.Helper()
	var all []stack
	for _, folder := range []string{
		root, filepath.Join(root, "environment", "testdata"), filepath.Join(root, "examples", "*"),
	} {
		files, err := filepath.Glob(filepath.Join(folder, "Pulumi.*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("stack files in %s: got %v, %v", folder, files, err)
		}
		for _, file := range files {
			name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml")
			raw, secret, err := config.ReadStackFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, stack{name, record.Options{
				Project: config.Project, Stack: name, Config: raw, SecretKeys: secret,
			}})
		}
	}
	return all
}

// config is the stack's configuration.
func (s stack) config(t *testing.T) *config.Config {
	t.Helper()
	cfg, err := config.Load(s.name, s.options.Config, s.options.SecretKeys)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// manifest is a rendered Kubernetes object.
type manifest struct {
	unstructured.Unstructured
	file string
}

// rendering is what was written for a stack.
type rendering struct {
	manifests []manifest
	// files are all that were written, by path, the picture as the text that it is drawn from.
	files map[string]string
	dir   string
}

func (s stack) render(t *testing.T) rendering { t.Helper(); return s.renderOnly(t, nil) }

// renderOnly writes the manifests of components of some types.
func (s stack) renderOnly(t *testing.T, only []string) rendering {
	t.Helper()
	program := environment.Program(func() []string { return slices.Collect(maps.Keys(s.options.Config)) },
		standin.Clouds()...)
	r := rendering{files: map[string]string{}, dir: t.TempDir()}
	result, err := render.Render(t.Context(), render.Options{
		Stack: s.options, Only: only, Dir: r.dir,
		Draw: func(_ context.Context, text string) ([]byte, error) { return []byte(text), nil },
	}, program)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range result.Manifests {
		m := manifest{file: filepath.Join(r.dir, file)}
		text, err := os.ReadFile(m.file)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(text, &m.Object); err != nil {
			t.Fatalf("stack %s: %s: %v", s.name, file, err)
		}
		r.manifests = append(r.manifests, m)
	}
	err = filepath.WalkDir(r.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		r.files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// program is the path of a command line tool that is built once from a module of the project, and kept.
func program(t *testing.T, module, name, pkg string) string {
	t.Helper()
	if testing.Short() {
		t.Skipf("builds %s", name)
	}
	path, err := filepath.Abs(filepath.Join(root, ".plinth", "bin", name))
	if err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-C", filepath.Join(root, module), "-o", path, pkg)
	build.Env = append(os.Environ(), "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building %s in %s: %v\n%s", name, module, err, out)
	}
	return path
}
