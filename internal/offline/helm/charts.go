package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
)

// source is where a chart is without its repository: in a folder of a Go module, which the module proxy serves and the
// checksum database vouches for.
type source struct {
	module, version, folder string
	// chartFile is what Chart.yaml is called before a release gives it its version; empty where it is called so.
	chartFile string
	// definitions is the folder of definitions that packing puts among the templates; empty where they are there.
	definitions string
}

// sources are the charts that can be had without their repositories, by repository, name and version. A chart that is
// not here is refused: another version of it would be another chart.
func sources() map[string]source {
	return map[string]source{
		"https://charts.external-secrets.io external-secrets 0.19.2": {
			module: "github.com/external-secrets/external-secrets", version: "v0.19.2",
			folder: "deploy/charts/external-secrets", definitions: "config/crds/bases",
		},
		"https://helm.releases.hashicorp.com vault-secrets-operator 0.10.0": {
			module: "github.com/hashicorp/vault-secrets-operator", version: "v0.10.0", folder: "chart",
		},
		"https://bitnami-labs.github.io/sealed-secrets sealed-secrets 2.17.6": {
			module: "github.com/bitnami-labs/sealed-secrets", version: "v0.32.2", folder: "helm/sealed-secrets",
		},
		"https://charts.jetstack.io cert-manager v1.20.0": {
			module: "github.com/cert-manager/cert-manager", version: "v1.20.0", folder: "deploy/charts/cert-manager",
			chartFile: "Chart.template.yaml",
		},
	}
}

// load finds a chart and reads it.
func load(ctx context.Context, r *release) (*chart.Chart, error) {
	name := r.RepositoryOpts.Repo + " " + r.Chart + " " + r.Version
	from, found := sources()[name]
	if !found {
		return nil, fmt.Errorf("chart %s: it cannot be had without its repository: install the kubernetes plugin, or add "+
			"it to internal/offline/helm/charts.go", name)
	}
	dir, err := download(ctx, from)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", name, err)
	}
	definitions, err := from.defined(dir)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", name, err)
	}
	dir = filepath.Join(dir, filepath.FromSlash(from.folder))
	if from.chartFile != "" {
		copied, done, err := from.versioned(dir, r.Version)
		if err != nil {
			return nil, fmt.Errorf("chart %s: %w", name, err)
		}
		defer done()
		dir = copied
	}
	// What the chart's own list of files to leave out names is left out, as when it is packed.
	loaded, err := loader.LoadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", name, err)
	}
	loaded.Templates = append(loaded.Templates, definitions...)
	return loaded, nil
}

// defined are the definitions as templates: what looks like a template in them is text.
func (s source) defined(dir string) ([]*chart.File, error) {
	if s.definitions == "" {
		return nil, nil
	}
	paths, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(s.definitions), "*.yaml"))
	if err != nil {
		return nil, err
	}
	var files []*chart.File
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if bytes.Contains(text, []byte("\nkind: CustomResourceDefinition\n")) {
			files = append(files, &chart.File{
				Name: "templates/crds/" + filepath.Base(path),
				Data: bytes.ReplaceAll(text, []byte("{{"), []byte("{{ `{{` }}")),
			})
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no definitions in %s", s.definitions)
	}
	return files, nil
}

// download has Go fetch a module, and returns its folder. What is in the cache already is not fetched again.
func download(ctx context.Context, from source) (string, error) {
	dir, err := os.MkdirTemp("", "plinth-helm-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // It is empty.
	command := exec.CommandContext(ctx, "go", "mod", "download", "-json", from.module+"@"+from.version)
	// Outside of any module, so that none has a say.
	command.Dir = dir
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	var complaints bytes.Buffer
	command.Stderr = &complaints
	output, err := command.Output()
	var got struct{ Dir, Error string }
	if parseErr := json.Unmarshal(output, &got); parseErr != nil && err == nil {
		err = parseErr
	}
	switch {
	case got.Error != "":
		return "", errors.New("downloading its module: " + got.Error)
	case err != nil:
		return "", fmt.Errorf("downloading its module: %w: %s", err, complaints.String())
	}
	return got.Dir, nil
}

// versioned is a copy of a chart's folder in which the release has its version.
func (s source) versioned(dir, version string) (copied string, done func(), err error) {
	if copied, err = os.MkdirTemp("", "plinth-helm-"); err != nil {
		return "", nil, err
	}
	done = func() { _ = os.RemoveAll(copied) }
	err = os.CopyFS(copied, os.DirFS(dir))
	var text []byte
	if err == nil {
		text, err = os.ReadFile(filepath.Join(dir, s.chartFile))
	}
	if err == nil {
		text = bytes.ReplaceAll(text, []byte("v0.0.0"), []byte(version))
		err = os.WriteFile(filepath.Join(copied, "Chart.yaml"), text, 0o600)
	}
	if err != nil {
		done()
		return "", nil, err
	}
	return copied, done, nil
}
