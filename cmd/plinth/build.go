package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"plinth/components/platform"
	"plinth/internal/workspace"
)

// buildPatience is how long a build goes on before it is spoken of. One with nothing to do takes less.
const buildPatience = 5 * time.Second

// link makes sure that this program knows the stack's cloud: where it was built without, it builds the one that does,
// and runs that in its own place.
func (s *session) link(ctx context.Context) error {
	cloud := string(s.cloud)
	knows := func(p platform.Platform) bool { return p.Cloud() == cloud }
	if !s.ownCloud() || slices.ContainsFunc(linked, knows) {
		return nil
	}
	program := s.project.Path("bin", workspace.Name+"-"+cloud)
	if running, err := os.Executable(); err == nil && running == program {
		return fmt.Errorf("%s does not know the cloud %s, which it was built for: remove it, and run this again", program,
			cloud)
	}
	if s.replace == nil {
		return fmt.Errorf("this program was built without the cloud %s: go build -tags %s ./cmd/plinth", cloud, cloud)
	}
	if err := s.buildFor(ctx, cloud, program); err != nil {
		return fmt.Errorf("building plinth with the cloud %s: %w", cloud, err)
	}
	if err := s.replace(program, s.args); err != nil {
		return fmt.Errorf("running %s: %w", program, err)
	}
	return errReported // Nothing comes back from a program that was replaced.
}

// buildFor builds this program with one cloud. Go finds out what has changed, and does nothing where nothing has.
func (s *session) buildFor(ctx context.Context, cloud, program string) error {
	what := fmt.Sprintf("building plinth with the cloud %s", cloud)
	said := time.AfterFunc(buildPatience, func() {
		s.printer.Printf("%s: a few minutes the first time, as its SDK is large", what)
	})
	defer said.Stop()
	build := exec.CommandContext(ctx, "go", "build", "-tags", cloud, "-o", program, "./cmd/plinth")
	build.Dir = s.project.Root
	// What tests and `pulumi up` build with: they share one cache.
	build.Env = append(os.Environ(), "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -trimpath -buildvcs=false"))
	var complaints bytes.Buffer
	build.Stderr = &complaints
	err := build.Run()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w: install Go and put it on the PATH", err)
	}
	if err != nil {
		return fmt.Errorf("go build: %w\n%s", err, bytes.TrimSpace(complaints.Bytes()))
	}
	return nil
}

// replace runs a program in place of this one.
func replace(program string, args []string) error {
	return syscall.Exec(program, append([]string{filepath.Base(program)}, args...), os.Environ())
}
