package target

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"plinth/internal/workspace"
)

// dockerTimeout is how long docker has to answer: a daemon that hangs is one that does not work.
const dockerTimeout = 10 * time.Second

// kindWorks reports whether kind and a docker that answers are on PATH.
func kindWorks(ctx context.Context) bool {
	if _, err := exec.LookPath("kind"); err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, dockerTimeout)
	defer cancel()
	return exec.CommandContext(ctx, "docker", "version", "--format", "{{.Server.Version}}").Run() == nil
}

// kindMark is the file which says that plinth made the kind cluster, and may delete it.
func kindMark(project *workspace.Project) string { return project.Path("kind.made") }

// StartKind makes the kind cluster `plinth` unless there is one, and writes its kubeconfig. create is called for the
// former with the work to do.
func StartKind(ctx context.Context, project *workspace.Project, create func(work func() error) error) error {
	list, err := kind(ctx, "get", "clusters")
	if err != nil {
		return err
	}
	kubeconfig := project.Path("kind.kubeconfig")
	if slices.Contains(strings.Fields(list), workspace.Name) {
		_, err := kind(ctx, "export", "kubeconfig", "--name", workspace.Name, "--kubeconfig", kubeconfig)
		return err
	}
	// The mark comes first: a cluster that is half made when this is interrupted is ours all the same.
	if err := os.WriteFile(kindMark(project), nil, 0o600); err != nil {
		return fmt.Errorf("noting that the kind cluster is ours: %w", err)
	}
	return create(func() error {
		_, err := kind(ctx, "create", "cluster", "--name", workspace.Name, "--kubeconfig", kubeconfig, "--wait", "180s")
		return err
	})
}

// StopKind deletes the kind cluster if plinth made it, and reports whether it did.
func StopKind(ctx context.Context, project *workspace.Project) (bool, error) {
	if _, err := os.Stat(kindMark(project)); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if _, err := kind(ctx, "delete", "cluster", "--name", workspace.Name,
		"--kubeconfig", project.Path("kind.kubeconfig")); err != nil {
		return false, err
	}
	for _, file := range []string{project.Path("kind.kubeconfig"), kindMark(project)} {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return true, fmt.Errorf("removing what belonged to the kind cluster: %w", err)
		}
	}
	return true, nil
}

// kind runs kind, and returns what it prints.
func kind(ctx context.Context, args ...string) (string, error) {
	var errs bytes.Buffer
	cmd := exec.CommandContext(ctx, "kind", args...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("kind %s: %w\n%s", strings.Join(args, " "), err, bytes.TrimSpace(errs.Bytes()))
	}
	return string(out), nil
}

// sorted returns the names in order.
func sorted(names []string) []string {
	slices.Sort(names)
	return names
}
