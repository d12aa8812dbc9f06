//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// project is a copy of the project's folder with stacks and state of its own. It shares the tools that are built.
type project struct{ dir string }

// newProject lays out a project whose stacks a test can write and change.
func newProject(t *testing.T) *project {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	p := &project{dir: t.TempDir()}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if name == ".git" || name == ".plinth" || strings.HasPrefix(name, "Pulumi.") && name != "Pulumi.yaml" {
			continue
		}
		link(t, filepath.Join(root, name), filepath.Join(p.dir, name))
	}
	tools := filepath.Join(root, ".plinth", "bin")
	for _, dir := range []string{tools, filepath.Join(p.dir, ".plinth")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	link(t, tools, filepath.Join(p.dir, ".plinth", "bin"))
	return p
}

func link(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Symlink(from, to); err != nil {
		t.Fatal(err)
	}
}

// stack writes the file of a stack.
func (p *project) stack(t *testing.T, name, yaml string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, "Pulumi."+name+".yaml"), []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs plinth, and returns what it printed, its exit code and how long it took.
func (p *project) run(t *testing.T, args ...string) (output string, code int, took time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 15*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(p.dir, "bin", "plinth"), args...)
	cmd.Dir = p.dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	err := cmd.Run()
	took = time.Since(start).Round(time.Millisecond)
	t.Logf("plinth %s: %v\n%s", strings.Join(args, " "), took, out.String())
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		t.Fatalf("running plinth: %v", err)
	}
	return out.String(), code, took
}

// must runs plinth and demands success.
func (p *project) must(t *testing.T, args ...string) string {
	t.Helper()
	out, code, _ := p.run(t, args...)
	if code != 0 {
		t.Fatalf("plinth %s: exit code %d", strings.Join(args, " "), code)
	}
	return out
}
