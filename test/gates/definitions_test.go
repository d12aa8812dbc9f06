package gates_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// origins are where the operators' and controllers' own definitions are: files in their Go modules, which are what a
// chart installs.
func origins() map[string]string {
	return map[string]string{
		"github.com/external-secrets/external-secrets@v0.19.2":       "config/crds/bases/*.yaml",
		"github.com/hashicorp/vault-secrets-operator@v0.10.0":        "chart/crds/*.yaml",
		"github.com/bitnami-labs/sealed-secrets@v0.32.2":             "helm/sealed-secrets/crds/*.yaml",
		"sigs.k8s.io/gateway-api@v1.5.0":                             "config/crd/standard/*.yaml",
		"github.com/traefik/traefik/v3@v3.5.4":                       "docs/content/reference/dynamic-configuration/traefik.io_*.yaml",
		"github.com/GoogleCloudPlatform/gke-gateway-api@v1.3.0":      "config/crd/*.yaml",
		"github.com/prometheus-operator/prometheus-operator@v0.88.0": "example/prometheus-operator-crd/*.yaml",
		"github.com/argoproj/argo-cd/v3@v3.3.0":                      "manifests/crds/app*-crd.yaml",
	}
}

// ownDefinitions are of kinds whose controllers' modules cannot be downloaded: what their documentation says of the
// fields that are used.
const ownDefinitions = "testdata/definitions/*.yaml"

// definitions reads every definition, by the kind that it defines.
func definitions(t *testing.T) map[schema.GroupKind]*unstructured.Unstructured {
	t.Helper()
	all := map[schema.GroupKind]*unstructured.Unstructured{}
	read := func(pattern string) {
		files, err := filepath.Glob(filepath.FromSlash(pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("definitions in %s: got %v, %v", pattern, files, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			o := &unstructured.Unstructured{}
			if err := yaml.Unmarshal(text, &o.Object); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if o.GetKind() != "CustomResourceDefinition" {
				continue
			}
			group, _, _ := unstructured.NestedString(o.Object, "spec", "group")
			kind, _, _ := unstructured.NestedString(o.Object, "spec", "names", "kind")
			all[schema.GroupKind{Group: group, Kind: kind}] = o
		}
	}
	read(ownDefinitions)
	for module, files := range origins() {
		read(moduleDir(t, module) + "/" + files)
	}
	return all
}

// moduleDir is where a module is, fetched if it was not.
func moduleDir(t *testing.T, module string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", module)
	command.Dir = t.TempDir()
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	output, err := command.Output()
	var got struct{ Dir string }
	if err == nil {
		err = json.Unmarshal(output, &got)
	}
	if err != nil {
		t.Fatalf("downloading %s: %v: %s", module, err, output)
	}
	return got.Dir
}

// stored is the version of a kind that is served and kept; older ones are there for old objects.
func stored(o *unstructured.Unstructured) string {
	versions, _, _ := unstructured.NestedSlice(o.Object, "spec", "versions")
	for _, v := range versions {
		version, _ := v.(map[string]any)
		if version["storage"] == true && version["served"] == true {
			name, _ := version["name"].(string)
			return name
		}
	}
	return ""
}

// define makes the API server know the kinds of the operators, and the namespace that a stack reads Secrets of.
func (s *server) define(t *testing.T, all map[schema.GroupKind]*unstructured.Unstructured) {
	t.Helper()
	for _, name := range []string{"kept", "credentials"} {
		kept := manifest{file: name}
		kept.Object = map[string]any{
			"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name},
		}
		if err := s.apply(t, kept, false); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range all {
		if err := s.apply(t, manifest{Unstructured: *o, file: o.GetName()}, false); err != nil {
			t.Fatalf("%s: %v", o.GetName(), err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for kind, o := range all {
		for {
			_, err := s.mapper.RESTMapping(kind, stored(o))
			if err == nil {
				break
			}
			if !meta.IsNoMatchError(err) || ctx.Err() != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			s.mapper.Reset()
			time.Sleep(200 * time.Millisecond)
		}
	}
	s.warnings = nil
}

// Every custom resource is of a kind that its operator defines, in the version that it keeps.
func TestCustomResourcesAreOfTheVersionsThatOperatorsKeep(t *testing.T) {
	all, seen := definitions(t), map[string]bool{}
	for _, stack := range stacks(t) {
		for _, m := range stack.render(t).manifests {
			kind := m.GroupVersionKind()
			if o, found := all[kind.GroupKind()]; found {
				seen[kind.Kind] = true
				if kind.Version != stored(o) {
					t.Errorf("stack %s: %s is of version %s, want %s", stack.name, filepath.Base(m.file), kind.Version, stored(o))
				}
			} else if !kubernetes(kind.Group) {
				t.Errorf("stack %s: nobody defines %s", stack.name, kind)
			}
		}
	}
	for _, want := range []string{
		"ExternalSecret", "SecretStore", "SealedSecret", "VaultConnection", "VaultAuth", "VaultStaticSecret",
		"Gateway", "HTTPRoute", "Middleware", "HealthCheckPolicy", "TargetGroupPolicy",
		"ServiceMonitor", "PodMonitor", "PrometheusRule",
	} {
		if !seen[want] {
			t.Errorf("no stack has a %s", want)
		}
	}
}

// kubernetes says whether kinds of a group are Kubernetes' own.
func kubernetes(group string) bool {
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io") && group != "gateway.networking.k8s.io"
}

// refusesAnUnknownFieldOf breaks each kind of custom resource in turn.
func (s *server) refusesAnUnknownFieldOf(t *testing.T, all map[schema.GroupKind]*unstructured.Unstructured) {
	t.Helper()
	broken := 0
	for _, stack := range stacks(t) {
		for _, m := range stack.render(t).manifests {
			if _, found := all[m.GroupVersionKind().GroupKind()]; !found {
				continue
			}
			spec, _ := m.Object["spec"].(map[string]any)
			spec["replicsa"] = "x"
			if err := s.apply(t, m, true); err == nil || !strings.Contains(fmt.Sprint(err), "replicsa") {
				t.Errorf("%s: got %v for an unknown field, want it refused by name", filepath.Base(m.file), err)
			}
			broken++
		}
	}
	if broken < 6 {
		t.Errorf("broke %d custom resources, want one of each kind", broken)
	}
}
