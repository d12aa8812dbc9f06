package render

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// listFile names the files that a rendering wrote, a line each, so that the next one knows what is its own.
const listFile = ".rendered"

// write brings a folder to hold these files, by their paths in it, and none of an earlier rendering besides. It never
// touches a file that no rendering wrote.
func write(dir string, files map[string][]byte) error {
	old, err := readList(dir)
	if err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		_, err := os.Lstat(filepath.Join(dir, name))
		if err == nil && !slices.Contains(old, name) {
			return fmt.Errorf("rendering to %s: %s is there and was not written by plinth render: move it away, or "+
				"choose another folder", dir, name)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("rendering to %s: %w", dir, err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, manifestFolder), 0o755); err != nil { //nolint:gosec // It holds no secret.
		return fmt.Errorf("rendering to %s: %w", dir, err)
	}
	// Were this to end half way, the list would still name everything that plinth wrote.
	if err := writeList(dir, slices.Concat(old, names)); err != nil {
		return err
	}
	for _, name := range old {
		if _, stays := files[name]; stays {
			continue
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing what an earlier rendering left: %w", err)
		}
	}
	for _, name := range names {
		//nolint:gosec // It holds no secret.
		if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o644); err != nil {
			return fmt.Errorf("rendering to %s: %w", dir, err)
		}
	}
	return writeList(dir, names)
}

// readList returns the files of the rendering that is in a folder; none where there is no rendering.
func readList(dir string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(dir, listFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("rendering to %s: reading what an earlier rendering wrote: %w", dir, err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		name := strings.TrimSpace(line)
		if !filepath.IsLocal(name) {
			return nil, fmt.Errorf("rendering to %s: %s names %q, which is not below the folder: remove %s and what "+
				"an earlier rendering wrote", dir, listFile, name, listFile)
		}
		names = append(names, name)
	}
	return names, nil
}

func writeList(dir string, names []string) error {
	names = slices.Clone(names)
	slices.Sort(names)
	var text bytes.Buffer
	for _, name := range slices.Compact(names) {
		fmt.Fprintln(&text, name)
	}
	//nolint:gosec // It holds no secret.
	if err := os.WriteFile(filepath.Join(dir, listFile), text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("rendering to %s: %w", dir, err)
	}
	return nil
}
