package app_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"

	"plinth/components/app"
	"plinth/components/workload"
	"plinth/internal/record"
)

// ordinary are the arguments of an application that serves on one port.
func ordinary() *app.Args {
	one, two := 1, 2
	amounts := workload.Amounts{CPU: "500m", Memory: "128Mi", EphemeralStorage: "64Mi"}
	return &app.Args{
		Namespace: &workload.Namespace{Name: "shop"}, PartOf: "shop-test",
		Image: "registry.example.com/web:1.2.3", Replicas: &two, Disruption: app.Disruption{MaxUnavailable: &one},
		Ports:     workload.Ports{{Name: "http", Container: 8080, Service: 80}, {Name: "metrics", Container: 9100}},
		Resources: workload.Resources{Requests: amounts, Limits: amounts},
		Grace:     40, RolloutTimeout: 120,
	}
}

// attempt records the application web. change says what differs from the ordinary one.
func attempt(t *testing.T, change func(*app.Args)) (rec *record.Recording, made *app.App, err error) {
	t.Helper()
	rec, err = record.Run(t.Context(), record.Options{Project: "shop", Stack: "test"}, func(ctx *pulumi.Context) error {
		args := ordinary()
		change(args)
		made, err = app.New(ctx, "web", args)
		return err
	})
	return rec, made, err
}

// deploy is an attempt that must succeed.
func deploy(t *testing.T, change func(*app.Args)) *record.Recording {
	t.Helper()
	rec, _, err := attempt(t, change)
	if err != nil {
		t.Fatal(err)
	}
	return rec
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

func one(t *testing.T, rec *record.Recording, name string) *record.Resource {
	t.Helper()
	r, err := rec.One("::" + name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func has(rec *record.Recording, name string) bool {
	return slices.ContainsFunc(rec.Resources, func(r *record.Resource) bool { return r.Name == name })
}

// closed replaces what is secret by a word.
func closed(v resource.PropertyValue) (any, bool) {
	if v.IsSecret() || v.IsOutput() && v.OutputValue().Secret {
		return "[secret]", true
	}
	return nil, false
}

// expectHidden fails where a text is in the inputs of any resource and not marked as secret.
func expectHidden(t *testing.T, rec *record.Recording, secret string) {
	t.Helper()
	for _, r := range rec.Resources {
		text, err := json.Marshal(resource.NewProperty(r.Inputs).MapRepl(nil, closed))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), secret) {
			t.Errorf("%s holds the secret in plain text: %s", r.Label(), text)
		}
	}
}

// variables are a container's, in order, as NAME=value, NAME=$(secret SECRET/KEY).
func variables(c corev1.Container) []string {
	var out []string
	for _, v := range c.Env {
		switch from := v.ValueFrom; {
		case from != nil && from.SecretKeyRef != nil && v.Value == "":
			out = append(out, v.Name+"=$(secret "+from.SecretKeyRef.Name+"/"+from.SecretKeyRef.Key+")")
		default:
			out = append(out, v.Name+"="+v.Value)
		}
	}
	return out
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
