package render

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Drawing draws with the program in tools/d2, which is built the first time. The library behind it is too large to be
// part of plinth itself.
type Drawing struct {
	// Source is the folder of the program: tools/d2.
	Source string
	// Cache is the folder for the built program: .plinth/bin.
	Cache string
	// Building is called with the work of building it, to say that it takes a while. Nil: the work is done.
	Building func(work func() error) error
}

// SVG draws a diagram given in the d2 language.
func (d Drawing) SVG(ctx context.Context, text string) ([]byte, error) {
	program, err := d.program(ctx)
	if err != nil {
		return nil, err
	}
	var picture, complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, program)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(text), &picture, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("running %s: %w\n%s", program, err, bytes.TrimSpace(complaint.Bytes()))
	}
	return picture.Bytes(), nil
}

// program returns the path of the built program. Its name tells what it was built from: it is never out of date.
func (d Drawing) program(ctx context.Context) (string, error) {
	sum := sha256.New()
	for _, name := range []string{"go.mod", "go.sum", "main.go"} {
		text, err := os.ReadFile(filepath.Join(d.Source, name))
		if err != nil {
			return "", fmt.Errorf("finding the drawing program: %w", err)
		}
		sum.Write(text)
	}
	path, err := filepath.Abs(filepath.Join(d.Cache, "d2-"+hex.EncodeToString(sum.Sum(nil))[:12]))
	if err != nil {
		return "", fmt.Errorf("finding the drawing program: %w", err)
	}
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if _, err := exec.LookPath("go"); err != nil {
		return "", fmt.Errorf("building the drawing program: install Go: %w", err)
	}
	work := func() error { return build(ctx, d.Source, path) }
	if d.Building != nil {
		return path, d.Building(work)
	}
	return path, work()
}

// build builds the program of a folder. It appears at path whole or not at all.
func build(ctx context.Context, source, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("building the drawing program: %w", err)
	}
	partial, err := os.MkdirTemp(filepath.Dir(path), "d2-*")
	if err != nil {
		return fmt.Errorf("building the drawing program: %w", err)
	}
	defer func() { _ = os.RemoveAll(partial) }()
	built := filepath.Join(partial, "d2")
	cmd := exec.CommandContext(ctx, "go", "build", "-C", source, "-o", built, ".")
	// The flags are those of every build of the project, so that they share one cache; the user's own could break it.
	cmd.Env = append(os.Environ(), "GOFLAGS=-trimpath -buildvcs=false -mod=readonly", "GOWORK=off")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the drawing program of %s: %w\n%s", source, err, bytes.TrimSpace(output))
	}
	if err := os.Rename(built, path); err != nil {
		return fmt.Errorf("building the drawing program: %w", err)
	}
	return nil
}
