package offline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// helmDir is the folder of the program for Helm releases in the project.
const helmDir = "internal/offline/helm"

// BuildHelm makes dest the program of the project in projectDir that installs Helm releases. It does nothing when dest
// was built from the same sources. log is told now and then how far it is (nil: nobody is told). Calls for the same
// dest take turns.
func BuildHelm(ctx context.Context, projectDir, dest string, log func(format string, args ...any)) error {
	if log == nil {
		log = func(string, ...any) {}
	}
	source := filepath.Join(projectDir, filepath.FromSlash(helmDir))
	if err := buildHelm(ctx, source, dest, log); err != nil {
		return fmt.Errorf("building the program for Helm releases in %s: %w", source, err)
	}
	return nil
}

func buildHelm(ctx context.Context, source, dest string, log func(string, ...any)) error {
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
	log("compiling the program for Helm releases; the first time this takes minutes")
	fresh := dest + ".new"
	if err := compileWith(ctx, source, fresh, "-s -w", log); err != nil {
		return errors.Join(err, os.RemoveAll(fresh))
	}
	if err := os.Rename(fresh, dest); err != nil {
		return err
	}
	return writeWhole(record, []byte(key))
}

// HelmProgram is the program for Helm releases, built by the first call that needs it.
func HelmProgram(
	projectDir, dest string, log func(format string, args ...any),
) func(context.Context) (string, error) {
	var mu sync.Mutex
	return func(ctx context.Context) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		return dest, BuildHelm(ctx, projectDir, dest, log)
	}
}
