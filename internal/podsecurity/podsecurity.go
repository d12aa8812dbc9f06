// Package podsecurity says what keeps pods from the Pod Security Standard "restricted". It is for tests alone.
package podsecurity

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// Template is what an object makes pods from; nil for one that makes none.
func Template(object map[string]any) (*corev1.PodTemplateSpec, error) {
	at := []string{"spec", "template"}
	switch object["kind"] {
	case "Deployment", "StatefulSet", "DaemonSet", "Job":
	case "CronJob":
		at = []string{"spec", "jobTemplate", "spec", "template"}
	default:
		return nil, nil
	}
	found := any(object)
	for _, key := range at {
		object, _ := found.(map[string]any)
		found = object[key]
	}
	template := &corev1.PodTemplateSpec{}
	fields, _ := found.(map[string]any)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(fields, template, true); err != nil {
		return nil, fmt.Errorf("reading the pods of %v: %w", object["kind"], err)
	}
	return template, nil
}

// Restricted returns what keeps a pod from the standard, as Kubernetes v1.36 means it.
func Restricted(pod *corev1.PodTemplateSpec) ([]string, error) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return nil, fmt.Errorf("making the checks of the standard: %w", err)
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.MajorMinorVersion(1, 36)}
	var reasons []string
	for _, result := range evaluator.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			reasons = append(reasons, result.ForbiddenReason+": "+result.ForbiddenDetail)
		}
	}
	return reasons, nil
}
