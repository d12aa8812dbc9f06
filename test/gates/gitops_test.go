package gates_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"plinth/environment"
)

// handedOver is the application that a stack makes instead of its apps' objects.
func handedOver(t *testing.T) manifest {
	t.Helper()
	for _, s := range stacks(t) {
		if s.name != "everything" {
			continue
		}
		s.options.Config = maps.Clone(s.options.Config)
		s.options.Config["plinth:gitops"] = `{"repository": "https://git.example.com/shop.git", "path": "shop"}`
		for _, m := range s.render(t).manifests {
			if m.GetKind() == "Application" {
				return m
			}
		}
	}
	t.Fatal("no stack makes an application")
	return manifest{}
}

// acceptsAnApplication holds it against Argo CD's own definition.
func (s *server) acceptsAnApplication(t *testing.T) {
	t.Helper()
	m := handedOver(t)
	m.SetNamespace("kept") // Argo CD's is not here.
	if err := s.apply(t, m, true); err != nil {
		t.Errorf("%s: %v", m.file, err)
	}
	m.Object["spec"].(map[string]any)["replicsa"] = "x"
	if err := s.apply(t, m, true); err == nil || !strings.Contains(fmt.Sprint(err), "replicsa") {
		t.Errorf("got %v for an unknown field, want it refused by name", err)
	}
}

// What is committed is the same however often it is written, and holds no secret: references alone.
func TestWhatIsHandedOverIsStableAndHoldsReferencesAlone(t *testing.T) {
	for _, s := range stacks(t) {
		s, canaries := s.plant(t)
		first, second := s.renderOnly(t, environment.HandedOver()), s.renderOnly(t, environment.HandedOver())
		if len(first.manifests) == 0 && len(s.config(t).Apps) > 0 {
			t.Errorf("stack %s: nothing is handed over", s.name)
		}
		texts := func(r rendering) []string { return slices.Sorted(maps.Values(r.files)) }
		if !slices.Equal(texts(first), texts(second)) {
			t.Errorf("stack %s: written twice it differs", s.name)
		}
		for _, m := range first.manifests {
			if m.GetKind() == "Secret" {
				t.Errorf("stack %s: %s is a Secret", s.name, m.file)
			}
			if got := sighted(first.files[m.file], canaries); len(got) > 0 {
				t.Errorf("stack %s: got %v in %s", s.name, got, m.file)
			}
		}
	}
}

// judges asks it about three pods: without a digest, of another registry, and as the stack wants them.
func (s *server) judges(t *testing.T, of stack) {
	t.Helper()
	cfg := of.config(t)
	pod := func(image string) manifest {
		for _, m := range of.render(t).manifests {
			template := podTemplate(t, m)
			if template == nil || m.GetKind() != "Deployment" {
				continue
			}
			spec, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&template.Spec)
			if err != nil {
				t.Fatal(err)
			}
			spec["containers"].([]any)[0].(map[string]any)["image"] = image
			delete(spec, "serviceAccountName")
			delete(spec, "priorityClassName")
			made := manifest{file: image}
			made.Object = map[string]any{
				"apiVersion": "v1", "kind": "Pod", "spec": spec,
				"metadata": map[string]any{"name": "judged", "namespace": cfg.Namespace.Name},
			}
			return made
		}
		t.Fatal("no Deployment to make a pod of")
		return manifest{}
	}
	registry, digest := cfg.Admission.Registries[0], "@sha256:"+strings.Repeat("0", 64)
	for image, want := range map[string]string{
		registry + "/app:1":                    "must have a digest",
		"docker.io/library/busybox:1" + digest: "must be pulled from " + registry,
	} {
		var err error
		// A policy holds a moment after it is made.
		for range 50 {
			if err = s.apply(t, pod(image), true); err != nil && strings.Contains(err.Error(), want) {
				break
			}
			time.Sleep(200 * time.Millisecond)
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), image) {
			t.Errorf("image %s: got %v, want it refused: %s", image, err, want)
		}
	}
	if err := s.apply(t, pod(registry+"/app:1"+digest), true); err != nil {
		t.Errorf("an image as the stack wants it: %v", err)
	}
}

// The API server itself refuses an image without a digest where the stack says so, and lets one with a digest in.
func (s *server) refusesImages(t *testing.T) {
	t.Helper()
	for _, of := range stacks(t) {
		if of.name != "mytomorrows" {
			continue
		}
		for _, m := range of.render(t).manifests {
			if m.GetKind() == "Namespace" || strings.HasPrefix(m.GetKind(), "ValidatingAdmissionPolicy") {
				if err := s.apply(t, m, false); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.judges(t, of)
		return
	}
	t.Fatal("no stack has a policy for images")
}
