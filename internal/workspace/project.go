package workspace

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	pulumiworkspace "github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// Name is the name of the project in Pulumi.yaml.
const Name = "plinth"

// stackName is what Pulumi accepts as the name of a stack.
var stackName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$`)

// Project is the folder that holds Pulumi.yaml.
type Project struct {
	// Root is its absolute path.
	Root string
	// Requires is requiredPulumiVersion of Pulumi.yaml: the range of versions of the Pulumi CLI that will do. Empty:
	// any.
	Requires string
}

// Find returns the project that dir belongs to: the nearest folder, upwards from it, whose Pulumi.yaml has the
// project's name.
func Find(dir string) (*Project, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding the project folder: %w", err)
	}
	for root := start; ; root = filepath.Dir(root) {
		file := filepath.Join(root, "Pulumi.yaml")
		if _, err := os.Stat(file); err == nil {
			settings, err := pulumiworkspace.LoadProject(file)
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", file, err)
			}
			if string(settings.Name) == Name {
				return &Project{Root: root, Requires: settings.RequiredPulumiVersion}, nil
			}
		}
		if root == filepath.Dir(root) {
			return nil, &UsageError{Reason: fmt.Sprintf(
				"no Pulumi.yaml of the project %s in %s or above it: run plinth in the project's folder", Name, start)}
		}
	}
}

// Path returns the path of something in .plinth.
func (p *Project) Path(elements ...string) string {
	return filepath.Join(append([]string{p.Root, ".plinth"}, elements...)...)
}

// Relative shortens a path in the project for people to read: it starts at the working directory when it lies below it.
func (p *Project) Relative(path string) string {
	wd, err := os.Getwd()
	if err != nil {
		return path
	}
	if short, err := filepath.Rel(wd, path); err == nil && !strings.HasPrefix(short, "..") {
		return short
	}
	return path
}

// Stacks returns the names of the stacks that have a file, sorted.
func (p *Project) Stacks() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(p.Root, "Pulumi.*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("listing the stack files of %s: %w", p.Root, err)
	}
	names := make([]string, 0, len(files))
	for _, file := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml"))
	}
	sort.Strings(names)
	return names, nil
}

// Stack returns the stack of that name. It need not have a file yet: see [Stack.MustHaveFile].
func (p *Project) Stack(name string) (*Stack, error) {
	if !stackName.MatchString(name) {
		return nil, &UsageError{Reason: fmt.Sprintf(
			"%q is no name of a stack: it has 1 to 100 letters, digits, dots, hyphens and underscores, "+
				"and no dot at its start", name)}
	}
	return &Stack{Project: p, Name: name}, nil
}

// OwnBackend returns the URL of the file backend in a folder of .plinth, which is made when it is missing.
func (p *Project) OwnBackend(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making the folder of the state: %w", err)
	}
	return "file://" + dir, nil
}

// Passphrase returns the path of the file that holds the passphrase of the state's secrets. It is made once, of 32
// random bytes, and is readable by its owner alone.
func (p *Project) Passphrase() (string, error) {
	file := p.Path("passphrase")
	if info, err := os.Stat(file); err == nil {
		if info.Mode().Perm()&0o077 != 0 {
			if err := os.Chmod(file, 0o600); err != nil {
				return "", fmt.Errorf("making %s private: %w", file, err)
			}
		}
		return file, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("looking for the passphrase: %w", err)
	}
	if err := os.MkdirAll(p.Path(), 0o700); err != nil {
		return "", fmt.Errorf("making %s: %w", p.Path(), err)
	}
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return "", fmt.Errorf("making a passphrase: %w", err)
	}
	// Two commands may get here at once: the file appears whole or not at all, and the first one wins.
	made, err := os.CreateTemp(p.Path(), "passphrase-*")
	if err != nil {
		return "", fmt.Errorf("writing the passphrase: %w", err)
	}
	defer func() { _ = os.Remove(made.Name()) }()
	_, err = made.WriteString(hex.EncodeToString(random))
	if err := errors.Join(err, made.Close()); err != nil {
		return "", fmt.Errorf("writing the passphrase: %w", err)
	}
	if err := os.Link(made.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("writing the passphrase: %w", err)
	}
	return file, nil
}
