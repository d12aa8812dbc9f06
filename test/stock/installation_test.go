package stock_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plinth/internal/offline"
	"plinth/internal/workspace"
)

const (
	// root is the project's folder.
	root = "../.."
	// passphrase is the one that the user of both pulumi and plinth has set.
	passphrase = "the user's own passphrase"
	// patience is how long one command may take.
	patience = 10 * time.Minute
	// buildFlags are those of every build of the project, so that all share one cache.
	buildFlags = "GOFLAGS=-trimpath -buildvcs=false"
)

// installation is a copy of the project with a Pulumi installation, plinth, and a cluster.
type installation struct {
	// dir holds the project, bin the programs.
	dir, bin string
	// kubeconfig leads to the cluster, providers to the stand-ins for the plugins that an installation would have.
	kubeconfig, providers string
	env                   []string
}

// install lays it out, and takes everything away when the test ends.
func install(t *testing.T) *installation {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts a cluster: make test runs it, make unit does not")
	}
	top := t.TempDir()
	i := &installation{dir: filepath.Join(top, "project"), bin: filepath.Join(top, "bin")}
	i.copyProject(t)
	for _, dir := range []string{i.bin, filepath.Join(top, "home"), filepath.Join(top, "pulumi")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	i.buildTools(t)
	i.startCluster(t, filepath.Join(top, "cluster"))

	i.env = slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "PULUMI_") || strings.HasPrefix(variable, "KUBECONFIG=")
	})
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} { // They follow from HOME.
		value, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
		if err != nil {
			t.Fatalf("asking go for %s: %v: put go on PATH", name, err)
		}
		i.env = append(i.env, name+"="+strings.TrimSpace(string(value)))
	}
	i.env = append(i.env,
		"HOME="+filepath.Join(top, "home"), "PATH="+i.bin+":"+os.Getenv("PATH"), "KUBECONFIG="+i.kubeconfig,
		"PULUMI_HOME="+filepath.Join(top, "pulumi"), "PULUMI_CONFIG_PASSPHRASE="+passphrase,
		"PULUMI_SKIP_UPDATE_CHECK=true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true")
	return i
}

// copyProject copies what a clone would hold, and links the tools that are built already.
func (i *installation) copyProject(t *testing.T) {
	t.Helper()
	from, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case slices.Contains([]string{".git", ".plinth", "bin"}, name):
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(i.dir, name), 0o700)
		case !entry.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(i.dir, name), text, 0o600)
	})
	if err != nil {
		t.Fatalf("copying the project: %v", err)
	}
	tools := filepath.Join(from, ".plinth", "bin")
	for _, dir := range []string{tools, filepath.Join(i.dir, ".plinth")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(tools, filepath.Join(i.dir, ".plinth", "bin")); err != nil {
		t.Fatal(err)
	}
}

// buildTools puts pulumi, its language host and plinth into the folder that is on PATH.
func (i *installation) buildTools(t *testing.T) {
	t.Helper()
	project, err := workspace.Find(i.dir)
	if err != nil {
		t.Fatal(err)
	}
	cli, err := project.CLI(t.Context(), func(_ string, work func() error) error { return work() })
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(cli.Path, filepath.Join(i.bin, "pulumi")); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", i.bin,
		"./cmd/plinth", "./test/stock/pulumi-language-go")
	build.Dir, build.Env = root, append(os.Environ(), buildFlags)
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building plinth and the language host: %v\n%s", err, output)
	}
}

// startCluster starts the cluster and the stand-ins. The stand-in for the Kubernetes plugin finds the cluster as the
// plugin would: through KUBECONFIG.
func (i *installation) startCluster(t *testing.T, dir string) {
	t.Helper()
	binary := filepath.Join(i.dir, ".plinth", "bin", "controlplane")
	if err := offline.BuildControlPlane(t.Context(), root, binary, t.Logf); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := offline.Stop(context.Background(), dir); err != nil {
			t.Errorf("stopping the embedded cluster: %v", err)
		}
	})
	cluster, err := offline.Start(t.Context(), offline.ClusterOptions{Dir: dir, Binary: binary})
	if err != nil {
		t.Fatal(err)
	}
	i.kubeconfig = cluster.Kubeconfig()
	t.Setenv("KUBECONFIG", i.kubeconfig)
	providers, stop, err := offline.Serve(context.Background(), "kubernetes", "random", "tls")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	i.providers = providers
}

// user is somebody at work on the project, with a state of its own.
type user struct {
	*installation
	backend string
}

// user makes a new state.
func (i *installation) user(t *testing.T) *user {
	t.Helper()
	return &user{installation: i, backend: "file://" + t.TempDir()}
}

// stackFile writes the file of a stack.
func (i *installation) stackFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(i.file(name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (i *installation) file(stack string) string {
	return filepath.Join(i.dir, "Pulumi."+stack+".yaml")
}

// pulumi runs the Pulumi CLI by hand, and returns what it prints.
func (u *user) pulumi(t *testing.T, want int, args ...string) string {
	t.Helper()
	return u.run(t, want, []string{"PULUMI_DEBUG_PROVIDERS=" + u.providers}, "pulumi",
		append([]string{"--non-interactive", "--color", "never"}, args...)...)
}

// plinth runs plinth, which brings stand-ins of its own.
func (u *user) plinth(t *testing.T, want int, args ...string) string {
	t.Helper()
	return u.run(t, want, nil, "plinth", args...)
}

func (u *user) run(t *testing.T, want int, env []string, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(u.bin, program), args...)
	cmd.Dir = u.dir
	cmd.Env = append(slices.Concat(u.env, env), "PULUMI_BACKEND_URL="+u.backend)
	start := time.Now()
	output, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("running %s: %v", program, err)
	}
	got := cmd.ProcessState.ExitCode()
	t.Logf("$ %s %s   # exit code %d, %s\n%s", program, strings.Join(args, " "), got,
		time.Since(start).Round(100*time.Millisecond), output)
	if got != want {
		t.Fatalf("%s %s: exit code %d, want %d", program, strings.Join(args, " "), got, want)
	}
	return string(output)
}
