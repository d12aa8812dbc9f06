package gates_test

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// podTemplate is what an object makes pods from; nil for one that makes none.
func podTemplate(t *testing.T, m manifest) *corev1.PodTemplateSpec {
	t.Helper()
	at := []string{"spec", "template"}
	switch m.GetKind() {
	case "Deployment", "StatefulSet", "DaemonSet", "Job":
	case "CronJob":
		at = []string{"spec", "jobTemplate", "spec", "template"}
	default:
		return nil
	}
	found := any(m.Object)
	for _, key := range at {
		object, _ := found.(map[string]any)
		found = object[key]
	}
	template := &corev1.PodTemplateSpec{}
	object, _ := found.(map[string]any)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object, template, true); err != nil {
		t.Fatalf("reading the pods of %s: %v", m.file, err)
	}
	return template
}

// restricted returns what keeps a pod from the Pod Security Standard "restricted", as Kubernetes v1.36 means it.
func restricted(t *testing.T, pod *corev1.PodTemplateSpec) []string {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.MajorMinorVersion(1, 36)}
	var reasons []string
	for _, result := range evaluator.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			reasons = append(reasons, result.ForbiddenReason+": "+result.ForbiddenDetail)
		}
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
