package gates_test

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"plinth/internal/podsecurity"
)

// podTemplate is what an object makes pods from; nil for one that makes none.
func podTemplate(t *testing.T, m manifest) *corev1.PodTemplateSpec {
	t.Helper()
	template, err := podsecurity.Template(m.Object)
	if err != nil {
		t.Fatalf("%s: %v", m.file, err)
	}
	return template
}

// restricted returns what keeps a pod from the Pod Security Standard "restricted".
func restricted(t *testing.T, pod *corev1.PodTemplateSpec) []string {
	t.Helper()
	reasons, err := podsecurity.Restricted(pod)
	if err != nil {
		t.Fatal(err)
	}
	return reasons
}

func TestEveryPodMeetsThePodSecurityStandardRestricted(t *testing.T) {
	for _, s := range stacks(t) {
		pods := 0
		for _, m := range s.render(t).manifests {
			template := podTemplate(t, m)
			if template == nil {
				continue
			}
			pods++
			for _, reason := range restricted(t, template) {
				t.Errorf("stack %s: %s %s: %s", s.name, m.GetKind(), m.GetName(), reason)
			}
		}
		if apps := len(s.config(t).Apps); pods < apps {
			t.Errorf("stack %s: got %d kinds of pods, want at least one for each of its %d apps", s.name, pods, apps)
		}
	}
}

func TestAPodOfRootDoesNotMeetThePodSecurityStandardRestricted(t *testing.T) {
	for _, s := range stacks(t) {
		for _, m := range s.render(t).manifests {
			pod := podTemplate(t, m)
			if pod == nil {
				continue
			}
			root, no := int64(0), false
			pod.Spec.SecurityContext.RunAsUser = &root
			pod.Spec.Containers[0].SecurityContext.RunAsNonRoot = &no
			name := pod.Spec.Containers[0].Name
			want := []string{
				`runAsNonRoot != true: container "` + name + `" must not set securityContext.runAsNonRoot=false`,
				`runAsUser=0: pod must not set runAsUser=0`,
			}
			if got := restricted(t, pod); !slices.Equal(got, want) {
				t.Errorf("stack %s: %s: got %q, want %q", s.name, m.GetName(), got, want)
			}
		}
	}
}
