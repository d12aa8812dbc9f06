package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3" // The parser that Pulumi reads these files with: what `no` and 1.10 mean is its decision.
)

// ReadStackFile reads the configuration in a stack file (Pulumi.STACK.yaml), completed from the project file
// (Pulumi.yaml) in the same folder or the nearest one above, in the form that [Load] takes. It needs no passphrase: an
// encrypted value reads as the placeholder "[secret]", and its key is in secretKeys. The key of the secret values is
// there only if each of them is encrypted, so that Load refuses the ones in the clear.
func ReadStackFile(path string) (raw map[string]string, secretKeys []string, err error) {
	project, err := projectFile(path)
	if err != nil {
		return nil, nil, err
	}
	values, err := projectValues(project)
	if err != nil {
		return nil, nil, err
	}
	stackValues, err := readConfig(path)
	if err != nil {
		return nil, nil, err
	}
	maps.Copy(values, stackValues)

	raw = map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value, sealed, open := seal(values[key])
		if raw[key], err = bare(value); err != nil {
			return nil, nil, fmt.Errorf("reading %s of stack file %s: %w", key, path, err)
		}
		if sealed > 0 && (key != Project+":"+secretSection || open == 0) {
			secretKeys = append(secretKeys, key)
		}
	}
	return raw, secretKeys, nil
}

// projectFile finds the project file that a stack file belongs to, as Pulumi does.
func projectFile(stackFile string) (string, error) {
	folder, err := filepath.Abs(filepath.Dir(stackFile))
	if err != nil {
		return "", fmt.Errorf("finding the project of stack file %s: %w", stackFile, err)
	}
	for ; ; folder = filepath.Dir(folder) {
		candidate := filepath.Join(folder, "Pulumi.yaml")
		if _, err := os.Stat(candidate); err == nil {
			return candidate, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("finding the project of stack file %s: %w", stackFile, err)
		}
		if folder == filepath.Dir(folder) {
			return "", fmt.Errorf("finding the project of stack file %s: no Pulumi.yaml beside it or above", stackFile)
		}
	}
}

// projectValues reads the values that a project file gives to every stack: `value` or `default` of each key.
func projectValues(path string) (map[string]any, error) {
	declared, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	for key, declaration := range declared {
		properties, ok := declaration.(map[string]any)
		if !ok {
			values[key] = declaration
			continue
		}
		for _, property := range []string{"value", "default"} {
			if value, found := properties[property]; found {
				values[key] = value
			}
		}
	}
	return values, nil
}

// readConfig reads the config block of a project or stack file; a key without a namespace gets the project's.
func readConfig(path string) (map[string]any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading configuration: %w", err)
	}
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("reading configuration from %s: %w", path, err)
	}
	values := map[string]any{}
	for key, value := range file.Config {
		if !strings.Contains(key, ":") {
			key = Project + ":" + key
		}
		values[key] = value
	}
	return values, nil
}

// seal replaces every encrypted value by the placeholder. It counts them, and the other scalars.
func seal(value any) (result any, sealed, open int) {
	switch value := value.(type) {
	case map[string]any:
		if _, encrypted := value["secure"].(string); encrypted && len(value) == 1 {
			return placeholder, 1, 0
		}
		entries := map[string]any{}
		for key, entry := range value {
			var inSealed, inOpen int
			entries[key], inSealed, inOpen = seal(entry)
			sealed, open = sealed+inSealed, open+inOpen
		}
		return entries, sealed, open
	case []any:
		elements := make([]any, len(value))
		for i, element := range value {
			var inSealed, inOpen int
			elements[i], inSealed, inOpen = seal(element)
			sealed, open = sealed+inSealed, open+inOpen
		}
		return elements, sealed, open
	case time.Time:
		return value.String(), 0, 1
	default:
		return value, 0, 1
	}
}

// bare returns a value as Pulumi hands it to a program: a string as it is, nothing as no text, anything else as JSON.
func bare(value any) (string, error) {
	if value == nil {
		return "", nil
	}
	if text, ok := value.(string); ok {
		return text, nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("it has a key that is not a string, or a number that JSON has no form for: %w", err)
	}
	return string(text), nil
}
