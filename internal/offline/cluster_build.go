package offline

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"sort"
	"strings"
	"time"
)

// controlPlaneDir is the folder of the control plane program in the project.
const controlPlaneDir = "internal/offline/controlplane"

// buildReport is how often a build that goes on says so.
const buildReport = 15 * time.Second

// BuildControlPlane makes dest the control plane program of the project in projectDir. It does nothing when dest was
// built from the same sources. Building it for the first time compiles Kubernetes, which takes minutes;
// log is told now and then how far it is (nil: nobody is told). Calls for the same dest take turns.
func BuildControlPlane(ctx context.Context, projectDir, dest string, log func(format string, args ...any)) error {
	if log == nil {
		log = func(string, ...any) {}
	}
	source := filepath.Join(projectDir, filepath.FromSlash(controlPlaneDir))
	if err := buildControlPlane(ctx, source, dest, log); err != nil {
		return fmt.Errorf("building the control plane in %s: %w", source, err)
	}
	return nil
}

// buildControlPlane does what BuildControlPlane promises, from the program's folder.
func buildControlPlane(ctx context.Context, source, dest string, log func(string, ...any)) error {
	dest, err := filepath.Abs(dest)
	if err != nil {
		return err
	}
	unlock, err := lockFile(ctx, dest+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	key, err := buildKey(source)
	if err != nil {
		return err
	}
	record := dest + ".built-from"
	if built, err := os.ReadFile(record); err == nil && string(built) == key {
		if _, err := os.Stat(dest); err == nil {
			return nil
		}
	}
	log("compiling the control plane: etcd, Kubernetes and KWOK; the first time this takes minutes")
	// Processes of a running cluster may be using the old file: it is replaced, never written to.
	fresh := dest + ".new"
	if err := compile(ctx, source, fresh, log); err != nil {
		return errors.Join(err, os.RemoveAll(fresh))
	}
	if err := os.Rename(fresh, dest); err != nil {
		return err
	}
	return writeWhole(record, []byte(key))
}

// buildKey returns a text that changes whenever what is built does: the sources and the versions of what they use.
func buildKey(source string) (string, error) {
	var files []string
	for _, pattern := range []string{"*.go", "go.mod", "go.sum"} {
		found, err := filepath.Glob(filepath.Join(source, pattern))
		if err != nil {
			return "", err
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		return "", errors.New("no sources there; is this Plinth's project folder?")
	}
	sort.Strings(files)
	hash := sha256.New()
	hash.Write([]byte(runtime.GOOS + " " + runtime.GOARCH + "\n"))
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		hash.Write(fmt.Appendf(nil, "%s %d\n%s", filepath.Base(path), len(text), text))
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// compile runs go build and reports how it goes on. The module has settings of its own, whatever those of the caller
// are.
func compile(ctx context.Context, source, dest string, log func(string, ...any)) error {
	flags, err := linkerFlags(source)
	if err != nil {
		return err
	}
	return compileWith(ctx, source, dest, flags, log)
}

// compileWith is compile for any program, with the linker's flags.
func compileWith(ctx context.Context, source, dest, flags string, log func(string, ...any)) error {
	command := exec.CommandContext(ctx, "go", "build", "-C", source, "-v", "-ldflags", flags, "-o", dest, ".")
	command.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOWORK=off", "CGO_ENABLED=1")
	// Compilers that are still at work when ctx ends may hold the pipe for a while.
	command.WaitDelay = 10 * time.Second
	output, err := command.StderrPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("running go: %w; install Go and put it on the PATH", err)
	}
	complaints := report(output, log)
	if err := command.Wait(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("go build: %w:\n%s", err, strings.Join(complaints, "\n"))
	}
	return nil
}

// kubernetesVersion finds the version of Kubernetes in a go.mod.
var kubernetesVersion = regexp.MustCompile(`(?m)^(?:require)?\s+k8s\.io/kubernetes (v(\d+)\.(\d+)\.\S+)$`)

// linkerFlags returns flags that leave out what only a debugger needs, and that tell Kubernetes its version: as a
// library it does not know, and clients ask for it.
func linkerFlags(source string) (string, error) {
	text, err := os.ReadFile(filepath.Join(source, "go.mod"))
	if err != nil {
		return "", err
	}
	found := kubernetesVersion.FindStringSubmatch(string(text))
	if found == nil {
		return "", fmt.Errorf("%s does not require k8s.io/kubernetes", filepath.Join(source, "go.mod"))
	}
	flags := "-s -w"
	for i, name := range []string{"gitVersion", "gitMajor", "gitMinor"} {
		flags += fmt.Sprintf(" -X k8s.io/component-base/version.%s=%s", name, found[i+1])
	}
	return flags, nil
}

// report reads what go build -v says: a line for each package that it compiles, and for each module that it downloads.
// It returns all other lines.
func report(output io.Reader, log func(string, ...any)) (complaints []string) {
	began, last, packages, modules := time.Now(), time.Now(), 0, 0
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "go: downloading "):
			modules++
		case !strings.ContainsAny(line, " \t:"):
			packages++
		default:
			complaints = append(complaints, line)
		}
		if time.Since(last) >= buildReport {
			last = time.Now()
			log("still compiling after %s: %d modules downloaded, %d packages compiled",
				time.Since(began).Round(time.Second), modules, packages)
		}
	}
	// A line too long to be read ends the loop early; go build must still be able to write.
	_, _ = io.Copy(io.Discard, output)
	return complaints
}
