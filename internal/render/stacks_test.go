package render_test

import (
	"context"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"plinth/config"
	"plinth/environment"
	"plinth/internal/record"
	"plinth/internal/render"
	"plinth/internal/standin"
)

// stackFiles are those of the project, by the names of their stacks.
func stackFiles(t *testing.T) map[string]string {
	t.Helper()
	found, err := filepath.Glob("../../Pulumi.*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, file := range found {
		files[strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml")] = file
	}
	if files["local"] == "" {
		t.Fatalf("stack files: got %v, want local among them", found)
	}
	return files
}

// renderStack renders a stack of the project.
func renderStack(t *testing.T, name, file string) (*render.Result, map[string]string) {
	t.Helper()
	raw, secret, err := config.ReadStackFile(file)
	if err != nil {
		t.Fatalf("reading stack %s: %v", name, err)
	}
	return renderConfiguration(t, name, raw, secret)
}

func renderConfiguration(
	t *testing.T, name string, raw map[string]string, secret []string,
) (*render.Result, map[string]string) {
	t.Helper()
	dir := t.TempDir()
	drawing := render.Drawing{Source: "../../tools/d2", Cache: "../../.plinth/bin"}
	result, err := render.Render(context.Background(), render.Options{
		Stack: record.Options{Project: "plinth", Stack: name, Config: raw, SecretKeys: secret},
		Dir:   dir, Draw: drawing.SVG,
	}, environment.Program(func() []string { return slices.Collect(maps.Keys(raw)) }, standin.Clouds()...))
	if err != nil {
		t.Fatalf("rendering stack %s: %v", name, err)
	}
	return result, files(t, dir)
}

func TestEveryStackRendersTheSameTwiceAndWithoutAnythingOfPulumiInItsManifests(t *testing.T) {
	for name, file := range stackFiles(t) {
		result, made := renderStack(t, name, file)
		if _, again := renderStack(t, name, file); !maps.Equal(made, again) {
			t.Errorf("stack %s: two renderings differ", name)
		}
		if !strings.Contains(made["graph.svg"], "<svg") {
			t.Errorf("stack %s: graph.svg: got %.100q, want a picture", name, made["graph.svg"])
		}
		for i, path := range result.Manifests {
			if strings.Contains(strings.ToLower(made[path]), "pulumi") {
				t.Errorf("stack %s: %s speaks of Pulumi:\n%s", name, path, made[path])
			}
			if namespace := strings.Contains(path, "-namespace-"); namespace != (i == 0) {
				t.Errorf("stack %s: %s: want its namespace, and only that, first", name, path)
			}
		}
	}
}

func TestSecretOfTheConfigurationIsAPlaceholderInTheSecretAndNowhereElse(t *testing.T) {
	raw, secret, err := config.ReadStackFile(stackFiles(t)["local"])
	if err != nil {
		t.Fatal(err)
	}
	var apps map[string]map[string]any
	if err := json.Unmarshal([]byte(raw["plinth:apps"]), &apps); err != nil {
		t.Fatal(err)
	}
	apps["reader"]["secrets"] = map[string]string{"API_TOKEN": "token"}
	text, err := json.Marshal(apps)
	if err != nil {
		t.Fatal(err)
	}
	raw["plinth:apps"], raw["plinth:secretValues"] = string(text), `{"token":"`+canary+`"}`
	_, made := renderConfiguration(t, "local", raw, append(secret, "plinth:secretValues"))
	var holding []string
	for path, text := range made {
		if strings.Contains(text, "<plinth: config::plinth:secretValues.token>") {
			holding = append(holding, path)
		}
	}
	if len(holding) != 1 || !strings.Contains(made[holding[0]], "kind: Secret\n") {
		t.Errorf("files with the placeholder: got %v, want the Secret's", holding)
	}
}

func TestEveryPodOfEveryStackMeetsThePodSecurityStandardRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.MajorMinorVersion(1, 36)}
	for name, file := range stackFiles(t) {
		result, made := renderStack(t, name, file)
		pods := 0
		for _, path := range result.Manifests {
			template := podTemplate(t, made[path])
			if template == nil {
				continue
			}
			pods++
			for _, check := range evaluator.EvaluatePod(restricted, &template.ObjectMeta, &template.Spec) {
				if !check.Allowed {
					t.Errorf("stack %s: %s: %s: %s", name, path, check.ForbiddenReason, check.ForbiddenDetail)
				}
			}
		}
		if pods == 0 {
			t.Errorf("stack %s: got no pods, want some", name)
		}
	}
}

// podTemplate returns what an object makes pods from; nil for one that makes none. Bare pods are not made anywhere.
func podTemplate(t *testing.T, manifest string) *corev1.PodTemplateSpec {
	t.Helper()
	object := map[string]any{}
	if err := yaml.Unmarshal([]byte(manifest), &object); err != nil {
		t.Fatal(err)
	}
	at := []string{"spec", "template"}
	if object["kind"] == "CronJob" {
		at = []string{"spec", "jobTemplate", "spec", "template"}
	}
	found, ok, err := unstructured.NestedMap(object, at...)
	if err != nil {
		t.Fatalf("reading the pod of %s: %v", manifest, err)
	}
	if !ok {
		return nil
	}
	template := &corev1.PodTemplateSpec{}
	err = runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(found, template, true)
	if err != nil {
		t.Fatalf("reading the pod of %s: %v", manifest, err)
	}
	return template
}
