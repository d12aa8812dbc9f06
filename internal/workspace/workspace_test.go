package workspace_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plinth/internal/workspace"
)

const projectFile = "name: plinth\nruntime: go\nrequiredPulumiVersion: \">=3.213.0\"\n"

// newProject returns a project with one stack, `local`, whose file has that text.
func newProject(t *testing.T, stackFile string) (*workspace.Project, *workspace.Stack) {
	t.Helper()
	root := t.TempDir()
	write(t, filepath.Join(root, "Pulumi.yaml"), projectFile)
	write(t, filepath.Join(root, "Pulumi.local.yaml"), stackFile)
	project, err := workspace.Find(root)
	if err != nil {
		t.Fatal(err)
	}
	stack, err := project.Stack("local")
	if err != nil {
		t.Fatal(err)
	}
	return project, stack
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheProjectIsFoundUpwardsByItsName(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "Pulumi.yaml"), projectFile)
	write(t, filepath.Join(root, "examples", "other", "Pulumi.yaml"), "name: other\nruntime: go\n")
	project, err := workspace.Find(filepath.Join(root, "examples", "other"))
	if err != nil {
		t.Fatal(err)
	}
	if project.Root != root || project.Requires != ">=3.213.0" {
		t.Errorf("got %+v", project)
	}
}

func TestWithoutAProjectTheErrorSaysWhereItWasLookedFor(t *testing.T) {
	dir := t.TempDir()
	_, err := workspace.Find(dir)
	want := "no Pulumi.yaml of the project plinth in " + dir + " or above it: run plinth in the project's folder"
	var usage *workspace.UsageError
	if !errors.As(err, &usage) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAStackWithoutAFileListsTheStacksThereAre(t *testing.T) {
	project, _ := newProject(t, "config: {}\n")
	write(t, filepath.Join(project.Root, "Pulumi.dev.yaml"), "config: {}\n")
	stack, err := project.Stack("prod")
	if err != nil {
		t.Fatal(err)
	}
	err = stack.MustHaveFile()
	want := `no stack "prod": Pulumi.prod.yaml does not exist; of the stacks with a file there are dev, local`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAStackNameThatLeavesTheFolderIsRefused(t *testing.T) {
	project, _ := newProject(t, "")
	for _, name := range []string{"..", "../local", "a/b", "", strings.Repeat("a", 101)} {
		if _, err := project.Stack(name); err == nil {
			t.Errorf("%q was accepted", name)
		}
	}
}

func TestTheCopyKeepsWhatPulumiWroteAboutEncryption(t *testing.T) {
	for _, user := range []string{
		"# A comment.\nconfig:\n  plinth:tier: dev\n  plinth:answer: no",
		"config:\n  plinth:tier: dev\n",
		"",
	} {
		_, stack := newProject(t, user)
		if err := stack.Prepare(); err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(stack.Dir(), "Pulumi.local.yaml")
		if got := read(t, copied); got != user {
			t.Errorf("the first copy differs: %q", got)
		}
		write(t, copied, "config:\n  plinth:tier: old\nencryptionsalt: v1:abc=:v1:def\n")
		for range 2 {
			if err := stack.Prepare(); err != nil {
				t.Fatal(err)
			}
		}
		want := user
		if want != "" && !strings.HasSuffix(want, "\n") {
			want += "\n"
		}
		if got := read(t, copied); got != want+"encryptionsalt: v1:abc=:v1:def\n" {
			t.Errorf("the salt is not kept: %q", got)
		}
		if got := read(t, stack.File()); got != user {
			t.Errorf("the user's file has changed to %q", got)
		}
	}
}

func TestTheUsersOwnEncryptionWins(t *testing.T) {
	user := "config:\n  plinth:tier: dev\nencryptionsalt: v1:mine\n"
	_, stack := newProject(t, user)
	write(t, filepath.Join(stack.Dir(), "Pulumi.local.yaml"), "encryptionsalt: v1:older\n")
	if err := stack.Prepare(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, filepath.Join(stack.Dir(), "Pulumi.local.yaml")); got != user {
		t.Errorf("got %q", got)
	}
	if own, passphrase, err := stack.OwnEncryption(); !own || !passphrase || err != nil {
		t.Errorf("got %t %t %v", own, passphrase, err)
	}
	write(t, stack.File(), "secretsprovider: awskms://alias/plinth\nencryptedkey: abc\n")
	if own, passphrase, err := stack.OwnEncryption(); !own || passphrase || err != nil {
		t.Errorf("with a key service: got %t %t %v", own, passphrase, err)
	}
}

func TestAStackFileInFlowStyleIsRefusedRatherThanBroken(t *testing.T) {
	_, stack := newProject(t, "{config: {\"plinth:tier\": dev}}\n")
	write(t, filepath.Join(stack.Dir(), "Pulumi.local.yaml"), "encryptionsalt: v1:abc\n")
	err := stack.Prepare()
	want := "copying " + stack.File() + ": write its top level as a block (`config:` on a line of its own)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestThePassphraseIsMadeOnceAndPrivate(t *testing.T) {
	project, _ := newProject(t, "")
	var first string
	for range 3 {
		file, err := project.Passphrase()
		if err != nil {
			t.Fatal(err)
		}
		text := read(t, file)
		if first == "" {
			first = text
		}
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if text != first || len(text) != 64 || info.Mode().Perm() != 0o600 {
			t.Errorf("got %d characters, mode %v, same as the first: %t", len(text), info.Mode(), text == first)
		}
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheSecondCommandOnAStackIsRefusedByName(t *testing.T) {
	_, stack := newProject(t, "")
	first, err := stack.Lock("up")
	if err != nil {
		t.Fatal(err)
	}
	if first.Unfinished {
		t.Error("a new lock is unfinished")
	}
	_, err = stack.Lock("destroy")
	var refusal *workspace.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v", err)
	}
	want := fmt.Sprintf("stack local is being worked on by `plinth up local` (process %d, since ", os.Getpid())
	if !strings.HasPrefix(refusal.Reason, want) || refusal.Next != "wait until it has ended, then run this again" {
		t.Errorf("got %v", err)
	}
	first.Release()

	second, err := stack.Lock("up")
	if err != nil {
		t.Fatal(err)
	}
	if !second.Unfinished {
		t.Error("the first command never said that it was done")
	}
	if err := second.Done(); err != nil {
		t.Fatal(err)
	}
	second.Release()
	third, err := stack.Lock("up")
	if err != nil {
		t.Fatal(err)
	}
	defer third.Release()
	if third.Unfinished {
		t.Error("the second command was done")
	}
}

func TestClustersAreNotStoppedWhileACommandUsesThem(t *testing.T) {
	project, _ := newProject(t, "")
	var stopped int
	stop := func() {
		t.Helper()
		if err := project.Alone(func() error { stopped++; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	var releases []func()
	for range 2 {
		release, err := project.Share()
		if err != nil {
			t.Fatal(err)
		}
		releases = append(releases, release)
		stop()
	}
	releases[0]()
	stop()
	if stopped != 0 {
		t.Errorf("stopped %d times while in use", stopped)
	}
	releases[1]()
	stop()
	if stopped != 1 {
		t.Errorf("stopped %d times once nobody used them, want 1", stopped)
	}
}

func TestTheLockOfADeadPulumiIsRemovedAndOnlyThat(t *testing.T) {
	project, stack := newProject(t, "")
	backend, err := project.OwnBackend(project.Path("state"))
	if err != nil {
		t.Fatal(err)
	}
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	dir := project.Path("state", ".pulumi", "locks", "organization", "plinth", "local")
	when := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	for name, lock := range map[string]map[string]any{
		"dead":      {"pid": dead.Process.Pid, "hostname": host, "timestamp": when},
		"alive":     {"pid": os.Getpid(), "hostname": host, "timestamp": when},
		"elsewhere": {"pid": dead.Process.Pid, "hostname": host + "-2", "timestamp": when},
	} {
		text, err := json.Marshal(lock)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name+".json"), string(text))
	}
	removed, err := stack.RemoveStaleLocks(backend)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("removed the lock of a Pulumi CLI that died (process %d, 2026-11-21 08:00:00)",
		dead.Process.Pid)
	if !slices.Equal(removed, []string{want}) {
		t.Errorf("got %q", removed)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(left, []string{filepath.Join(dir, "alive.json"), filepath.Join(dir, "elsewhere.json")}) {
		t.Errorf("left: %q", left)
	}
}

func TestInstalledPluginsAreUsedWhenTheyAreNewEnough(t *testing.T) {
	home := t.TempDir()
	needed := []workspace.Plugin{{Name: "kubernetes", Minimum: "v4.33.0"}, {Name: "random", Minimum: "v4.19.1"}}
	missing := func() []string {
		t.Helper()
		names, err := workspace.Missing(home, needed)
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	install := func(folder, program string) { write(t, filepath.Join(home, "plugins", folder, program), "") }

	if got := missing(); !slices.Equal(got, []string{"kubernetes", "random"}) {
		t.Errorf("with nothing installed: %v", got)
	}
	install("resource-kubernetes-v4.32.9", "pulumi-resource-kubernetes")
	install("resource-kubernetes-v5.0.0", "pulumi-resource-kubernetes")
	install("resource-kubernetes-v4.40.0", "PulumiPlugin.yaml")
	install("resource-random-v4.20.0", "pulumi-resource-random")
	if got := missing(); !slices.Equal(got, []string{"kubernetes"}) {
		t.Errorf("too old, too new, or half downloaded: %v", got)
	}
	install("resource-kubernetes-v4.34.1", "pulumi-resource-kubernetes")
	if got := missing(); len(got) != 0 {
		t.Errorf("with both installed: %v", got)
	}
}

func TestThePluginsOfTheUserAreReachableInTheProjectsHome(t *testing.T) {
	project, _ := newProject(t, "")
	user := t.TempDir()
	home, err := project.Home(user)
	if err != nil {
		t.Fatal(err)
	}
	if home != project.Path("home") {
		t.Errorf("got %s", home)
	}
	write(t, filepath.Join(user, "plugins", "resource-random-v4.20.0", "pulumi-resource-random"), "installed")
	for range 2 {
		if _, err := project.Home(user); err != nil {
			t.Fatal(err)
		}
		linked := filepath.Join(home, "plugins", "resource-random-v4.20.0", "pulumi-resource-random")
		if got := read(t, linked); got != "installed" {
			t.Errorf("got %q", got)
		}
	}
}

// fakePulumi puts a pulumi of some version into a new folder, and returns the folder.
func fakePulumi(t *testing.T, version, rest string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "pulumi"), "#!/bin/sh\nif [ \"$1\" = version ]; then echo "+version+"; exit; fi\n"+rest)
	if err := os.Chmod(filepath.Join(dir, "pulumi"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAnInstalledPulumiOfASufficientVersionIsUsed(t *testing.T) {
	project, _ := newProject(t, "")
	dir := fakePulumi(t, "v3.230.1", "")
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	cli, err := project.CLI(t.Context(), func(string, func() error) error { return errors.New("must not build") })
	if err != nil {
		t.Fatal(err)
	}
	if cli.Path != filepath.Join(dir, "pulumi") || cli.Version().String() != "3.230.1" {
		t.Errorf("got %s %s", cli.Path, cli.Version())
	}
}

func TestAnOldPulumiIsPassedOverForTheOneThatToolsPins(t *testing.T) {
	project, _ := newProject(t, "")
	write(t, filepath.Join(project.Root, "tools", "go.mod"),
		"module plinth/tools\n\ngo 1.26.0\n\nrequire github.com/pulumi/pulumi/pkg/v3 v3.258.0\n")
	t.Setenv("PATH", fakePulumi(t, "v3.212.0", "")+":"+os.Getenv("PATH"))
	wanted := errors.New("not now")
	var version string
	_, err := project.CLI(t.Context(), func(v string, _ func() error) error { version = v; return wanted })
	if !errors.Is(err, wanted) || version != "v3.258.0" {
		t.Errorf("got %v, version %q", err, version)
	}

	built := fakePulumi(t, "v3.258.0", "")
	write(t, project.Path("bin", "v3.258.0", "pulumi"), read(t, filepath.Join(built, "pulumi")))
	if err := os.Chmod(project.Path("bin", "v3.258.0", "pulumi"), 0o700); err != nil {
		t.Fatal(err)
	}
	cli, err := project.CLI(t.Context(), func(string, func() error) error { return errors.New("must not build again") })
	if err != nil {
		t.Fatal(err)
	}
	if cli.Path != project.Path("bin", "v3.258.0", "pulumi") {
		t.Errorf("got %s", cli.Path)
	}
}

func TestWithoutPulumiAndGoTheErrorSaysWhatToInstall(t *testing.T) {
	project, _ := newProject(t, "")
	write(t, filepath.Join(project.Root, "tools", "go.mod"),
		"module plinth/tools\n\ngo 1.26.0\n\nrequire github.com/pulumi/pulumi/pkg/v3 v3.258.0\n")
	t.Setenv("PATH", t.TempDir())
	_, err := project.CLI(t.Context(), nil)
	want := "finding the Pulumi CLI: there is no pulumi >=3.213.0 on PATH, and no go to build one with: install either"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// interruptible is a fake pulumi that counts the interrupts it gets, and ends at the second one.
const interruptible = `trap 'n=$((n+1)); echo "interrupt $n"; [ $n -ge ${LIMIT:-1} ] && exit 9' INT
echo started
while :; do sleep 0.05; done
`

func runUntilStarted(t *testing.T, cli *workspace.CLI, limit string, then func(interrupt func())) (string, int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer := io.Pipe()
	go func() {
		_, _ = io.ReadFull(reader, make([]byte, len("started")))
		then(cancel)
		_, _ = io.Copy(io.Discard, reader)
	}()
	out, _, code, _ := cli.Run(ctx, t.TempDir(), nil, []io.Writer{writer}, nil, []string{"LIMIT=" + limit}, "up")
	return out, code
}

func TestTheFirstInterruptReachesTheCLIOnceAndItMayTakeItsTime(t *testing.T) {
	project, _ := newProject(t, "")
	t.Setenv("PATH", fakePulumi(t, "v3.258.0", interruptible)+":"+os.Getenv("PATH"))
	cli, err := project.CLI(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	out, code := runUntilStarted(t, cli, "1", func(interrupt func()) { interrupt() })
	if out != "started\ninterrupt 1\n" || code != 9 {
		t.Errorf("got %q, code %d", out, code)
	}
}

func TestTheSecondInterruptEndsTheCLI(t *testing.T) {
	project, _ := newProject(t, "")
	t.Setenv("PATH", fakePulumi(t, "v3.258.0", interruptible)+":"+os.Getenv("PATH"))
	cli, err := project.CLI(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	kill := make(chan struct{})
	cli.Kill = kill
	out, code := runUntilStarted(t, cli, "3", func(interrupt func()) {
		interrupt()
		time.Sleep(300 * time.Millisecond)
		close(kill)
	})
	if out != "started\ninterrupt 1\ninterrupt 2\n" || code != -1 {
		t.Errorf("got %q, code %d", out, code)
	}
}

func TestTheCLIDoesNotInheritAPassphraseThatIsNotForIt(t *testing.T) {
	project, _ := newProject(t, "")
	t.Setenv("PATH", fakePulumi(t, "v3.258.0", `echo "args=$*"
echo "phrase=$PULUMI_CONFIG_PASSPHRASE file=$FILE"
echo sad >&2
exit 3
`)+":"+os.Getenv("PATH"))
	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "hers")
	cli, err := project.CLI(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	cli.Without = []string{"PULUMI_CONFIG_PASSPHRASE"}
	out, errs, code, err := cli.Run(t.Context(), t.TempDir(), nil, nil, nil, []string{"FILE=x"}, "stack", "ls")
	if out != "args=--non-interactive stack ls\nphrase= file=x\n" || errs != "sad\n" || code != 3 || err == nil {
		t.Errorf("got %q %q %d %v", out, errs, code, err)
	}
	if got := cli.Complaint(); got != "sad" {
		t.Errorf("the complaint is %q", got)
	}
}
