package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/environment"
	"plinth/internal/offline"
)

// The tests in this file drive the real Pulumi CLI, with stand-ins for its plugins, on the embedded cluster. What has
// to be built for that is kept in .plinth/bin of the repository.

// passphrase encrypts the secrets of the stack `secret`.
const passphrase = "the user's own passphrase"

// project is a copy of this project in a temporary folder, with a state and an embedded cluster of its own.
type project struct{ root string }

// newProject makes the copy, goes there, and makes sure that nothing is left when the test ends.
func newProject(t *testing.T) *project {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts a cluster: make test runs it, make unit does not")
	}
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	p := &project{root: t.TempDir()}
	for _, name := range []string{"Pulumi.yaml", "Pulumi.local.yaml"} {
		text, err := os.ReadFile(filepath.Join(repository, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(p.root, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bin := filepath.Join(repository, ".plinth", "bin")
	for _, dir := range []string{bin, filepath.Join(p.root, ".plinth")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for from, to := range map[string]string{
		"tools":       filepath.Join(repository, "tools"),
		"internal":    filepath.Join(repository, "internal"),
		".plinth/bin": bin,
	} {
		if err := os.Symlink(to, filepath.Join(p.root, from)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} {
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatalf("asking go for %s: %v: put go on PATH", name, err)
		}
		t.Setenv(name, strings.TrimSpace(string(value)))
	}
	home := filepath.Join(p.root, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"KUBECONFIG", "PULUMI_BACKEND_URL", "PULUMI_HOME", "PULUMI_DEBUG_PROVIDERS"} {
		t.Setenv(name, "") // Notes what to restore.
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home)
	t.Setenv("PATH", withoutKind(t))
	t.Chdir(p.root)
	t.Cleanup(func() {
		if err := offline.Stop(context.Background(), filepath.Join(p.root, ".plinth", "cluster")); err != nil {
			t.Errorf("stopping the embedded cluster: %v", err)
		}
	})
	return p
}

// withoutKind is PATH without the folders that hold a kind: these tests are about the embedded cluster.
func withoutKind(t *testing.T) string {
	t.Helper()
	return strings.Join(slices.DeleteFunc(filepath.SplitList(os.Getenv("PATH")), func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "kind"))
		return err == nil
	}), ":")
}

// output is what a command prints, which may be read while it runs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// withoutCloud is the project's own program, as a plain build has it.
func withoutCloud(keys func() []string) pulumi.RunFunc { return environment.Program(keys) }

// plinth runs a command line with the project's own program, and returns what it prints.
func plinth(t *testing.T, want int, args ...string) string {
	t.Helper()
	return run(t, withoutCloud, want, args...)
}

func run(t *testing.T, program func(func() []string) pulumi.RunFunc, want int, args ...string) string {
	t.Helper()
	// The stand-ins find their cluster through KUBECONFIG of this process; each command line starts without it.
	if err := os.Unsetenv("KUBECONFIG"); err != nil {
		t.Fatal(err)
	}
	out := &output{}
	c := &command{in: strings.NewReader(""), out: out, errs: out, program: program, kill: make(chan struct{})}
	code := c.run(t.Context(), args)
	t.Logf("$ plinth %s   # exit code %d\n%s", strings.Join(args, " "), code, out)
	if code != want {
		t.Fatalf("plinth %s: exit code %d, want %d", strings.Join(args, " "), code, want)
	}
	return out.String()
}

func mustContain(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, part := range wanted {
		if !strings.Contains(text, part) {
			t.Errorf("the output does not say %q", part)
		}
	}
}

// processes returns the command lines of the processes that name the project's folder. One that has ended and that
// nobody has asked about is none.
func (p *project) processes(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		text, err := os.ReadFile(file) // An ended process has no command line.
		if err == nil && bytes.Contains(text, []byte(p.root)) {
			found = append(found, strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return found
}

// stack returns the text of a file that belongs to a stack.
func (p *project) file(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{p.root}, elements...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheLocalStackComesUpStaysAndGoesWithoutATrace(t *testing.T) {
	p := newProject(t)
	before := p.file(t, "Pulumi.local.yaml")

	got := plinth(t, exitDone, "up", "local")
	mustContain(t, got, "cluster: the embedded cluster: its pods are simulated, always become ready and cannot fail",
		"  created    Namespace ", "  created    Deployment ", "stack local is up to date: ", " created in ",
		"outputs:", "  namespace: plinth-local", "plinth destroy local")

	got = plinth(t, exitDone, "up", "local")
	mustContain(t, got, "stack local is up to date: nothing changed (")
	if strings.Contains(got, "created") || strings.Contains(got, "updated") {
		t.Error("the second up did something")
	}
	got = plinth(t, exitDone, "preview", "local", "--expect-no-changes")
	mustContain(t, got, "stack local: nothing would change (")

	var outputs map[string]any
	if err := json.Unmarshal([]byte(plinth(t, exitDone, "outputs", "local", "--json")), &outputs); err != nil {
		t.Fatal(err)
	}
	if outputs["namespace"] != "plinth-local" {
		t.Errorf("got the outputs %v", outputs)
	}

	changed := strings.Replace(before, "replicas: 2", "replicas: 3", 1)
	if err := os.WriteFile(filepath.Join(p.root, "Pulumi.local.yaml"), []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	got = plinth(t, exitChanges, "preview", "local", "--expect-no-changes")
	mustContain(t, got, "  update     Deployment ", " 1 to update")

	mustContain(t, plinth(t, exitDone, "destroy", "local"), "  deleted    Namespace ", "stack local is destroyed: ",
		"the embedded cluster is stopped and removed: no stack lives on it")
	if left := p.processes(t); len(left) != 0 {
		t.Errorf("processes are left: %q", left)
	}
	if got := p.file(t, "Pulumi.local.yaml"); got != changed {
		t.Error("the user's stack file was changed")
	}
	p.expectNothingOutside(t)
	mustContain(t, plinth(t, exitDone, "destroy", "local"), "stack local: nothing to destroy\n")
}

// expectNothingOutside fails when something was left outside of .plinth, or the cluster in it.
func (p *project) expectNothingOutside(t *testing.T) {
	t.Helper()
	for dir, want := range map[string][]string{
		".":       {".plinth", "Pulumi.local.yaml", "Pulumi.yaml", "home", "internal", "tools"},
		".plinth": {"bin", "clusters.lock", "home", "passphrase", "stacks", "state"},
	} {
		entries, err := os.ReadDir(filepath.Join(p.root, dir))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s holds %q, want %q", dir, names, want)
		}
	}
	for _, name := range []string{".pulumi", ".kube", ".config/pulumi"} {
		if _, err := os.Stat(filepath.Join(p.root, "home", name)); err == nil {
			t.Errorf("%s was made in the user's home", name)
		}
	}
}

func TestASecretIsNowhereInPlainText(t *testing.T) {
	const canary = "canary-7f3a9c-do-not-print"
	p := newProject(t)
	p.secretStack(t, canary)

	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "another passphrase")
	got := plinth(t, exitUsage, "up", "secret")
	mustContain(t, got, "the passphrase is not the one that the secrets of stack secret")
	if left := p.processes(t); len(left) != 0 {
		t.Errorf("with the wrong passphrase a cluster was started: %q", left)
	}

	t.Setenv("PULUMI_CONFIG_PASSPHRASE", passphrase)
	program := func(keys func() []string) pulumi.RunFunc {
		own := withoutCloud(keys)
		return func(ctx *pulumi.Context) error {
			values, _ := ctx.GetConfig("plinth:secretValues")
			var decoded map[string]string
			if err := json.Unmarshal([]byte(values), &decoded); err != nil {
				return err
			}
			if decoded["token"] != canary {
				return fmt.Errorf("the program got %d secret values, and not the token", len(decoded))
			}
			ctx.Export("token", pulumi.ToSecret(pulumi.String(canary)))
			if err := ctx.Log.Warn("careless: "+decoded["token"], nil); err != nil {
				return err
			}
			return own(ctx)
		}
	}
	printed := run(t, program, exitDone, "up", "secret", "--verbose")
	mustContain(t, printed, "  created    Secret ", "careless: [secret]", "  token: [secret]")
	printed += run(t, program, exitDone, "up", "secret")
	printed += run(t, program, exitDone, "outputs", "secret", "--json")
	if strings.Contains(printed, canary) {
		t.Error("the secret was printed")
	}
	mustContain(t, run(t, program, exitDone, "outputs", "secret", "--show-secrets"), "  token: "+canary)
	p.expectNowhere(t, canary)
	run(t, program, exitDone, "destroy", "secret")
	p.expectNowhere(t, canary)
}

// secretStackFile is a stack whose one application takes a secret value.
const secretStackFile = `config:
  plinth:tier: dev
  plinth:apps:
    web:
      image: registry.example.com/web:1.2.3
      user: 10001
      ports: [{name: http, container: 8080}]
      resources:
        requests: {cpu: 100m, memory: 64Mi}
        limits: {cpu: 500m, memory: 128Mi, ephemeralStorage: 128Mi}
      secrets: {API_TOKEN: token}
`

// secretStack adds the stack `secret` with its secret value, as stock pulumi does: the stack's file then says that a
// passphrase of the user's encrypts it.
func (p *project) secretStack(t *testing.T, secret string) {
	t.Helper()
	file := filepath.Join(p.root, "Pulumi.secret.yaml")
	if err := os.WriteFile(file, []byte(secretStackFile), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := (&command{out: io.Discard, errs: io.Discard}).find("up", "secret", flags{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.openCLI(t.Context()); err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	for _, args := range [][]string{
		{"stack", "init", "secret"},
		{"config", "set", "--stack", "secret", "--secret", "--path", "plinth:secretValues.token", secret},
	} {
		env := []string{
			"PULUMI_CONFIG_PASSPHRASE=" + passphrase, "PULUMI_BACKEND_URL=file://" + elsewhere,
			"PULUMI_HOME=" + elsewhere, "PULUMI_SKIP_UPDATE_CHECK=true",
		}
		if _, errs, _, err := s.cli.Run(t.Context(), p.root, nil, nil, nil, env, args...); err != nil {
			t.Fatalf("pulumi %s: %v: %s", strings.Join(args, " "), err, errs)
		}
	}
}

// expectNowhere fails when a text is found in a file of .plinth, compressed ones included: also not in
// the embedded cluster's etcd.
func (p *project) expectNowhere(t *testing.T, secret string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(filepath.Join(p.root, ".plinth"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if unzipped, err := gzip.NewReader(bytes.NewReader(text)); err == nil {
			more, _ := io.ReadAll(unzipped) // What a cut off file holds counts.
			text = append(text, more...)
		}
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("%s holds the secret in plain text", path)
		}
		files++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 10 {
		t.Errorf("only %d files were looked at", files)
	}
}

// stuck is a program with a Deployment whose pods find no node, unless free says that they may run anywhere.
func stuck(free bool) func(func() []string) pulumi.RunFunc {
	return func(func() []string) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			provider, err := kubernetes.NewProvider(ctx, "cluster", nil)
			if err != nil {
				return err
			}
			namespace, err := corev1.NewNamespace(ctx, "stuck", &corev1.NamespaceArgs{
				Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String("stuck")},
			}, pulumi.Provider(provider))
			if err != nil {
				return err
			}
			labels, selector := pulumi.StringMap{"app": pulumi.String("stuck")}, pulumi.StringMap{}
			if !free {
				selector["there"] = pulumi.String("nowhere")
			}
			_, err = appsv1.NewDeployment(ctx, "stuck", &appsv1.DeploymentArgs{
				Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String("stuck"), Namespace: namespace.Metadata.Name()},
				Spec: &appsv1.DeploymentSpecArgs{
					Selector: &metav1.LabelSelectorArgs{MatchLabels: labels},
					Template: &corev1.PodTemplateSpecArgs{
						Metadata: &metav1.ObjectMetaArgs{Labels: labels},
						Spec: &corev1.PodSpecArgs{
							NodeSelector: selector,
							Containers: corev1.ContainerArray{corev1.ContainerArgs{
								Name: pulumi.String("main"), Image: pulumi.String("registry.example.com/main:1"),
							}},
						},
					},
				},
			}, pulumi.Provider(provider))
			return err
		}
	}
}

// beginStuck runs up with the program that gets stuck, and returns once it waits for the Deployment. end waits for the
// command's end, and returns its exit code.
func beginStuck(ctx context.Context, t *testing.T) (out *output, c *command, end func() int) {
	t.Helper()
	if err := os.Unsetenv("KUBECONFIG"); err != nil {
		t.Fatal(err)
	}
	out = &output{}
	c = &command{in: strings.NewReader(""), out: out, errs: out, program: stuck(false), kill: make(chan struct{})}
	code := make(chan int, 1)
	go func() { code <- c.run(ctx, []string{"up", "local"}) }()
	end = func() int {
		t.Helper()
		select {
		case got := <-code:
			t.Logf("$ plinth up local   # exit code %d\n%s", got, out)
			return got
		case <-time.After(2 * time.Minute):
			t.Fatalf("plinth up local does not end\n%s", out)
			return 0
		}
	}
	for deadline := time.Now().Add(10 * time.Minute); !strings.Contains(out.String(), "waiting    Deployment stuck"); {
		if time.Now().After(deadline) {
			t.Fatalf("plinth up local does not get to the Deployment\n%s", out)
		}
		select {
		case got := <-code:
			t.Fatalf("plinth up local ended with exit code %d\n%s", got, out)
		case <-time.After(100 * time.Millisecond):
		}
	}
	return out, c, end
}

func TestAnInterruptedUpEndsWellAndIsGoneOnWith(t *testing.T) {
	p := newProject(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	out, _, end := beginStuck(ctx, t)

	// Meanwhile nobody else works on the stack, and looking at it is no work.
	mustContain(t, run(t, stuck(false), exitRefused, "up", "local"),
		fmt.Sprintf("stack local is being worked on by `plinth up local` (process %d, since ", os.Getpid()))

	interrupt()
	if code := end(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	mustContain(t, out.String(), "stack local: up was interrupted after ",
		"next: plinth up local, which goes on where this ended")
	mustContain(t, run(t, stuck(true), exitDone, "up", "local"), "stack local is up to date: ")
	run(t, stuck(true), exitDone, "destroy", "local")
	if left := p.processes(t); len(left) != 0 {
		t.Errorf("processes are left: %q", left)
	}
}

func TestAKilledUpIsRepairedByTheNextOne(t *testing.T) {
	p := newProject(t)
	_, _, end := beginStuck(t.Context(), t)
	if err := syscall.Kill(p.cli(t, "local"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if code := end(); code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	got := run(t, stuck(true), exitDone, "up", "local")
	mustContain(t, got, "removed the lock of a Pulumi CLI that died (process ",
		"the last command was killed and left operations open: Deployment stuck (creating)",
		"  updated    Deployment stuck", "stack local is up to date: ")
	mustContain(t, run(t, stuck(true), exitDone, "up", "local"), "nothing changed")
	run(t, stuck(true), exitDone, "destroy", "local")
}

// cli returns the process of the Pulumi CLI that works on a stack.
func (p *project) cli(t *testing.T, stack string) int {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		dir, err := os.Readlink(link)
		if err != nil || dir != filepath.Join(p.root, ".plinth", "stacks", stack) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link))); err == nil {
			return pid
		}
	}
	t.Fatal("no Pulumi CLI works on stack " + stack)
	return 0
}
