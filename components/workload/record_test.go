package workload_test

import (
	"encoding/json"
	"slices"
	"testing"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
	"plinth/internal/record"
)

// attempt records what a program makes.
func attempt(t *testing.T, program pulumi.RunFunc) (*record.Recording, error) {
	t.Helper()
	return record.Run(t.Context(), record.Options{Project: "shop", Stack: "test"}, program)
}

// deploy is an attempt that must succeed.
func deploy(t *testing.T, program pulumi.RunFunc) *record.Recording {
	t.Helper()
	rec, err := attempt(t, program)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func one(t *testing.T, rec *record.Recording, name string) *record.Resource {
	t.Helper()
	r, err := rec.One("::" + name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// read decodes the inputs of the resource with that name as the Kubernetes object that they become.
func read[T any](t *testing.T, rec *record.Recording, name string) (object T) {
	t.Helper()
	text, err := json.Marshal(resource.NewProperty(one(t, rec, name).Inputs).MapRepl(nil, record.Open))
	if err == nil {
		err = json.Unmarshal(text, &object)
	}
	if err != nil {
		t.Fatalf("reading %s: %v", name, err)
	}
	return object
}

func expect[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func expectAll[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// made is a program that makes a pod's template and nothing else.
func made(pod workload.Pod) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := corev1.NewPodTemplate(ctx, "pod", &corev1.PodTemplateArgs{Template: pod.Template()})
		return err
	}
}
