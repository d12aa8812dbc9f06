package workspace

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"gopkg.in/yaml.v3" // It knows at which line and column a value is.
)

// SetImage writes another image of an app into the user's stack file, and returns the one before. Nothing else in the
// file changes, not a space.
func (s *Stack) SetImage(app, image string) (before string, err error) {
	text, err := os.ReadFile(s.File())
	if err != nil {
		return "", fmt.Errorf("changing the image of app %s: %w", app, err)
	}
	changed, before, err := setImage(text, app, image)
	if err != nil {
		return "", &UsageError{Reason: fmt.Sprintf("changing the image of app %s in %s: %v", app, s.File(), err)}
	}
	info, err := os.Stat(s.File())
	if err == nil {
		err = os.WriteFile(s.File(), changed, info.Mode().Perm())
	}
	if err != nil {
		return "", fmt.Errorf("changing the image of app %s: %w", app, err)
	}
	return before, nil
}

func setImage(text []byte, app, image string) (changed []byte, before string, err error) {
	var file struct {
		Config map[string]yaml.Node `yaml:"config"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, "", err
	}
	section, found := file.Config[Name+":apps"]
	if !found {
		section = file.Config["apps"] // Pulumi reads a key without a namespace as the project's.
	}
	var apps map[string]struct{ Image yaml.Node }
	if err := section.Decode(&apps); err != nil {
		return nil, "", err
	}
	entry, found := apps[app]
	if !found {
		return nil, "", fmt.Errorf("there is no app of that name; there are %s",
			strings.Join(slices.Sorted(maps.Keys(apps)), ", "))
	}
	value := entry.Image
	if value.Kind != yaml.ScalarNode {
		return nil, "", fmt.Errorf("it says no image")
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	line := lines[value.Line-1]
	start := value.Column - 1
	for _, quote := range []string{"", `"`, "'"} {
		raw := quote + value.Value + quote
		if rest, ok := bytes.CutPrefix(line[start:], []byte(raw)); ok {
			lines[value.Line-1] = slices.Concat(line[:start], []byte(quote+image+quote), rest)
			return bytes.Join(lines, nil), value.Value, nil
		}
	}
	return nil, "", fmt.Errorf("line %d: write the image as plain text on one line", value.Line)
}
