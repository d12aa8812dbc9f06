package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/blang/semver"
)

// Plugin is a resource plugin that programs of this project need.
type Plugin struct {
	// Name is its name, for example "kubernetes".
	Name string
	// Minimum is the version that the Go SDK was made for: an older plugin will not do, nor one of another major
	// version.
	Minimum string
}

// UserHome returns the user's own home of Pulumi: what PULUMI_HOME says, or ~/.pulumi where it is empty.
func UserHome(pulumiHome string) (string, error) {
	if pulumiHome != "" {
		return filepath.Abs(pulumiHome)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding the home folder: %w", err)
	}
	return filepath.Join(home, ".pulumi"), nil
}

// Missing returns the plugins that are not installed in a PULUMI_HOME.
func Missing(home string, plugins []Plugin) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(home, "plugins"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking for installed plugins: %w", err)
	}
	var missing []string
	for _, plugin := range plugins {
		minimum, err := semver.ParseTolerant(plugin.Minimum)
		if err != nil {
			return nil, fmt.Errorf("reading the version %q of plugin %s: %w", plugin.Minimum, plugin.Name, err)
		}
		found := false
		for _, entry := range entries {
			text, ok := strings.CutPrefix(entry.Name(), "resource-"+plugin.Name+"-v")
			version, err := semver.ParseTolerant(text)
			if !ok || err != nil || version.Major != minimum.Major || version.LT(minimum) {
				continue
			}
			// The folder alone is no plugin: an interrupted download leaves it empty.
			program := filepath.Join(home, "plugins", entry.Name(), "pulumi-resource-"+plugin.Name)
			if _, err := os.Stat(program); err == nil {
				found = true
			}
		}
		if !found {
			missing = append(missing, plugin.Name)
		}
	}
	return missing, nil
}

// Home makes the PULUMI_HOME in .plinth and returns it. The plugins that the user has installed are reachable in it.
func (p *Project) Home(userHome string) (string, error) {
	home := p.Path("home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return "", fmt.Errorf("making %s: %w", home, err)
	}
	link, plugins := filepath.Join(home, "plugins"), filepath.Join(userHome, "plugins")
	if info, err := os.Stat(plugins); err != nil || !info.IsDir() {
		return home, nil
	}
	if target, err := os.Readlink(link); err == nil {
		if target == plugins {
			return home, nil
		}
		if err := os.Remove(link); err != nil {
			return "", fmt.Errorf("replacing %s: %w", link, err)
		}
	}
	if err := os.Symlink(plugins, link); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("linking the installed plugins: %w", err)
	}
	return home, nil
}
