package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"plinth/config"
)

// More moments than the few of `make test`, and the stack local with its database, come with `make kill`.
var (
	kills     = flag.Int("kills", 1, "how many random moments each command is killed at")
	killStack = flag.String("kill-stack", "small", "the stack whose commands are killed: small or local")
)

// killed is a project whose command line runs as a process of its own, so that it can be killed.
type killed struct {
	*project
	program string
	stack   string
	random  *rand.Rand
}

func newKilled(t *testing.T) *killed {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts a cluster: make test runs it, make unit does not")
	}
	program := filepath.Join(t.TempDir(), "plinth")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "GOFLAGS=-trimpath -buildvcs=false")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	k := &killed{project: newProject(t), program: program, stack: *killStack, random: rand.New(rand.NewPCG(seed, 0))}
	k.write(t, map[string]string{"Pulumi.small.yaml": small})
	return k
}

// command is a command line of its own, in a process group of its own.
func (k *killed) command(args ...string) (*exec.Cmd, *bytes.Buffer) {
	var out bytes.Buffer
	cmd := exec.Command(k.program, append(args[:1:1], append([]string{k.stack}, args[1:]...)...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = k.root, &out, &out
	// What runs in this process leaves its cluster there.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "KUBECONFIG=") })
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd, &out
}

// do runs a command line to its end, and returns what it prints and how long it took.
func (k *killed) do(t *testing.T, args ...string) (string, time.Duration) {
	t.Helper()
	cmd, out := k.command(args...)
	began := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatalf("plinth %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out.String(), time.Since(began)
}

// kill runs a command line and kills it at a random moment of the time that it takes undisturbed; every other time the
// Pulumi CLI below it dies at the same moment.
func (k *killed) kill(t *testing.T, number int, takes time.Duration, args ...string) {
	t.Helper()
	moment := time.Duration(k.random.Int64N(int64(takes) * 9 / 10)) // Later it would end by itself too often.
	cmd, out := k.command(args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(moment)
	if number%2 == 1 {
		for _, pid := range k.below(t, cmd.Process.Pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // It may have ended by itself.
		}
	}
	_ = cmd.Process.Kill()
	err := cmd.Wait()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	t.Logf("%d: plinth %s killed after %s (%v), at: %s", number, args[0], moment.Round(time.Millisecond), err, lines[len(lines)-1])
}

// below are the Pulumi CLIs that a process has started.
func (k *killed) below(t *testing.T, parent int) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		var pid, of int
		var state byte
		rest := string(text[bytes.LastIndexByte(text, ')')+1:])
		_, _ = fmt.Sscanf(string(text), "%d", &pid)
		if _, err := fmt.Sscanf(rest, " %c %d", &state, &of); err == nil && of == parent && bytes.Contains(text, []byte("(pulumi)")) {
			found = append(found, pid)
		}
	}
	return found
}

// digest ends names that follow from content, some of it random.
var digest = regexp.MustCompile(`-[0-9a-f]{8}(-|$)`)

// condition is what a stack is like: the resources of its state, and the objects with its labels in the cluster. What
// is there twice is listed twice.
func (k *killed) condition(t *testing.T) []string {
	t.Helper()
	var found []string
	text, err := os.ReadFile(filepath.Join(k.root, ".plinth", "state", ".pulumi", "stacks", config.Project, k.stack+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Checkpoint struct {
			Latest struct {
				Resources []struct {
					URN    string
					Delete bool
				}
				PendingOperations []any `json:"pending_operations"`
			}
		}
	}
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	for _, r := range state.Checkpoint.Latest.Resources {
		found = append(found, fmt.Sprintf("state %s %v", digest.ReplaceAllString(r.URN, "-#$1"), r.Delete))
	}
	if open := len(state.Checkpoint.Latest.PendingOperations); open > 0 {
		found = append(found, fmt.Sprintf("%d open operations", open))
	}
	for object := range k.everything(t) {
		kind, name, _ := strings.Cut(object, " ")
		namespace, _, _ := strings.Cut(name, "/")
		// What controllers make has names at random.
		made := kind == "Pod" || kind == "ReplicaSet" || kind == "EndpointSlice" || kind == "ControllerRevision"
		if (namespace == "plinth-"+k.stack || strings.HasSuffix(name, "/plinth-"+k.stack)) && !made {
			found = append(found, "cluster "+digest.ReplaceAllString(object, "-#$1"))
		}
	}
	slices.Sort(found)
	return found
}

func (k *killed) expect(t *testing.T, what string, want []string) {
	t.Helper()
	got := k.condition(t)
	if slices.Equal(got, want) {
		return
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("%s: too much: %s", what, line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("%s: missing: %s", what, line)
		}
	}
	t.Errorf("%s: %d resources and objects, want %d as after an undisturbed run", what, len(got), len(want))
}

// settled demands that nothing is left to do, and that nothing in the cluster is other than the state says.
func (k *killed) settled(t *testing.T) {
	t.Helper()
	k.do(t, "preview", "--expect-no-changes")
	k.do(t, "refresh", "--expect-no-changes")
}

func TestWhateverIsKilledIsGoneOnWith(t *testing.T) {
	k := newKilled(t)
	// Another stack keeps the cluster: with the last one it would go, and what is left in it could not be seen.
	k.write(t, map[string]string{"Pulumi.keeper.yaml": small})
	plinth(t, exitDone, "up", "keeper")
	_, upTakes := k.do(t, "up")
	whole := k.condition(t)
	t.Logf("undisturbed: up %s, %d resources and objects", upTakes, len(whole))

	t.Run("an update", func(t *testing.T) {
		file := k.file(t, "Pulumi."+k.stack+".yaml")
		changed := strings.NewReplacer("memory: 64Mi", "memory: 80Mi", "image: registry.example.com/web:1.2.3",
			"image: registry.example.com/web:1.2.4\n      replicas: 2", "replicas: 1\n", "replicas: 2\n").Replace(file)
		k.write(t, map[string]string{"Pulumi." + k.stack + ".yaml": changed})
		_, takes := k.do(t, "up")
		other := k.condition(t)
		versions := []struct {
			file string
			want []string
		}{{file, whole}, {changed, other}}
		for i := range *kills {
			version := versions[i%2]
			k.write(t, map[string]string{"Pulumi." + k.stack + ".yaml": version.file})
			k.kill(t, i, takes, "up")
			k.do(t, "up")
			k.expect(t, fmt.Sprintf("after update %d", i), version.want)
			k.settled(t)
		}
		k.write(t, map[string]string{"Pulumi." + k.stack + ".yaml": file})
		k.do(t, "up")
	})
	_, destroyTakes := k.do(t, "destroy", "--yes")
	for i := range *kills {
		t.Run(fmt.Sprintf("up and destroy %d", i), func(t *testing.T) {
			k.kill(t, i, upTakes, "up")
			k.do(t, "up")
			k.expect(t, "after up", whole)
			k.settled(t)
			k.kill(t, i, destroyTakes, "destroy", "--yes")
			k.do(t, "destroy", "--yes")
			k.expect(t, "after destroy", nil)
		})
	}
	plinth(t, exitDone, "destroy", "keeper")
	if left := k.processes(t); len(left) != 0 {
		t.Errorf("processes are left: %q", left)
	}
}
