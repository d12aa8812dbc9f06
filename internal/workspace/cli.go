package workspace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/blang/semver"
	"golang.org/x/mod/modfile"
)

// cliModule is the module of the Pulumi CLI. tools/go.mod pins it.
const cliModule = "github.com/pulumi/pulumi/pkg/v3"

// killAfter is how long the Pulumi CLI has to write its state and end after the second interrupt.
const killAfter = 3 * time.Second

// CLI is a Pulumi CLI. It satisfies auto.PulumiCommand, and differs from what the Automation API would run in two ways:
// it runs in a process group of its own, so that an interrupt from the terminal reaches it once and not twice, which
// would make it drop what it is doing; and once interrupted it has all the time it needs to end well.
type CLI struct {
	// Path is the absolute path of the program.
	Path string
	// Kill ends the CLI at once when it is closed: it is interrupted again and, three seconds later, killed. nil:
	// never.
	Kill <-chan struct{}
	// Without names environment variables of this process that the CLI does not inherit.
	Without []string
	// Started is told the process number of each run that begins. nil: nobody wants to know.
	Started func(pid int)

	version   semver.Version
	complaint string
}

// CLI returns a Pulumi CLI that satisfies what the project requires: the one on PATH, else one that was built here
// before, else one that is built now from tools/. build is called for the latter with its version and the work to do.
func (p *Project) CLI(ctx context.Context, build func(version string, work func() error) error) (*CLI, error) {
	enough := func(semver.Version) bool { return true }
	if p.Requires != "" {
		var err error
		if enough, err = semver.ParseRange(p.Requires); err != nil {
			return nil, &UsageError{Reason: fmt.Sprintf(
				"requiredPulumiVersion of Pulumi.yaml: %q is no range of versions", p.Requires)}
		}
	}
	if path, err := exec.LookPath("pulumi"); err == nil {
		if cli, err := open(ctx, path); err == nil && enough(cli.version) {
			return cli, nil
		}
	}

	version, err := p.pinned()
	if err != nil {
		return nil, err
	}
	if parsed, err := semver.ParseTolerant(version); err != nil || !enough(parsed) {
		return nil, fmt.Errorf("choosing the Pulumi CLI: tools/go.mod pins %s and Pulumi.yaml requires %s",
			version, p.Requires)
	}
	path := p.Path("bin", version, "pulumi")
	if cli, err := open(ctx, path); err == nil {
		return cli, nil
	}
	if _, err := exec.LookPath("go"); err != nil {
		return nil, fmt.Errorf("finding the Pulumi CLI: there is no pulumi %s on PATH, and no go to build one with: "+
			"install either", p.Requires)
	}
	if err := build(version, func() error { return p.buildCLI(ctx, version, path) }); err != nil {
		return nil, err
	}
	return open(ctx, path)
}

// pinned returns the version of the CLI that tools/go.mod pins.
func (p *Project) pinned() (string, error) {
	file := filepath.Join(p.Root, "tools", "go.mod")
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("finding the version of the Pulumi CLI: %w", err)
	}
	module, err := modfile.ParseLax(file, text, nil)
	if err != nil {
		return "", fmt.Errorf("finding the version of the Pulumi CLI: %w", err)
	}
	for _, required := range module.Require {
		if required.Mod.Path == cliModule {
			return required.Mod.Version, nil
		}
	}
	return "", fmt.Errorf("finding the version of the Pulumi CLI: %s does not require %s", file, cliModule)
}

// buildCLI builds the CLI. It appears at path whole or not at all.
func (p *Project) buildCLI(ctx context.Context, version, path string) error {
	partial := fmt.Sprintf("%s.partial-%d", path, os.Getpid())
	defer func() { _ = os.Remove(partial) }() // Once it is built there is nothing to remove.
	cmd := exec.CommandContext(ctx, "go", "build", "-C", filepath.Join(p.Root, "tools"), "-o", partial,
		"-ldflags", "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version="+version,
		cliModule+"/cmd/pulumi")
	// The flags are those of every build of the project, so that they share one cache; the user's own could break it.
	cmd.Env = append(os.Environ(), "GOFLAGS=-trimpath -buildvcs=false -mod=readonly", "GOWORK=off")
	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("building the Pulumi CLI %s: %w\n%s", version, err, bytes.TrimSpace(output))
	}
	if err := os.Rename(partial, path); err != nil {
		return fmt.Errorf("building the Pulumi CLI %s: %w", version, err)
	}
	return nil
}

// open asks a Pulumi CLI for its version.
func open(ctx context.Context, path string) (*CLI, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding the Pulumi CLI: %w", err)
	}
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("asking %s for its version: %w", path, err)
	}
	version, err := semver.ParseTolerant(strings.TrimSpace(string(output)))
	if err != nil {
		return nil, fmt.Errorf("asking %s for its version: got %q: %w", path, output, err)
	}
	return &CLI{Path: path, version: version}, nil
}

// Version returns the CLI's version.
func (c *CLI) Version() semver.Version { return c.version }

// Run runs the CLI, and returns its two outputs and its exit code. When ctx ends it is interrupted once: it then lets
// the operations that are under way finish, writes its state and ends.
func (c *CLI) Run(ctx context.Context, workdir string, stdin io.Reader, stdout, stderr []io.Writer, env []string,
	args ...string,
) (string, string, int, error) {
	var out, errs bytes.Buffer
	args = append([]string{"--non-interactive"}, args...)
	cmd := exec.Command(c.Path, args...)
	cmd.Dir = workdir
	cmd.Stdin = stdin
	cmd.Stdout = io.MultiWriter(append(slices.Clone(stdout), &out)...)
	cmd.Stderr = io.MultiWriter(append(slices.Clone(stderr), &errs)...)
	cmd.Env = append(c.environment(), append(env, "PULUMI_AUTOMATION_API=true")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := ctx.Err(); err != nil {
		return "", "", -1, err
	}
	if err := cmd.Start(); err != nil {
		return "", "", -1, fmt.Errorf("starting the Pulumi CLI: %w", err)
	}
	if c.Started != nil {
		c.Started(cmd.Process.Pid)
	}

	ended := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		c.watch(ctx, cmd.Process.Pid, ended)
	}()
	err := cmd.Wait()
	close(ended)
	<-watched

	c.complaint = errs.String()
	code := -1
	var exit *exec.ExitError
	switch {
	case err == nil:
		code = 0
	case errors.As(err, &exit):
		code = exit.ExitCode()
	}
	return out.String(), errs.String(), code, err
}

// watch passes interrupts on until the CLI has ended.
func (c *CLI) watch(ctx context.Context, pid int, ended <-chan struct{}) {
	select {
	case <-ended:
		return
	case <-ctx.Done():
		_ = syscall.Kill(pid, syscall.SIGINT)
	}
	select {
	case <-ended:
		return
	case <-c.Kill:
		_ = syscall.Kill(pid, syscall.SIGINT)
	}
	select {
	case <-ended:
	case <-time.After(killAfter):
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}

// environment returns what the CLI inherits of this process.
func (c *CLI) environment() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(c.Without, name)
	})
}

// Complaint returns what the last run wrote to its standard error, without the CLI's own prefix.
func (c *CLI) Complaint() string {
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(c.complaint), "error:"))
}
