package minio_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"

	"plinth/components/objectstore/minio"
	"plinth/components/workload"
	"plinth/internal/record"
)

// ordinary are the arguments of a server with one drive, two buckets and two users.
func ordinary() *minio.Args {
	amounts := workload.Amounts{CPU: "1", Memory: "1Gi", EphemeralStorage: "256Mi"}
	return &minio.Args{
		Namespace: &workload.Namespace{Name: "shop"}, PartOf: "shop-test",
		Image: "quay.io/minio/minio:1", ClientImage: "quay.io/minio/mc:1", User: 1000, Drives: 1, Storage: "2Gi",
		Resources: workload.Resources{Requests: amounts, Limits: amounts}, Region: "eu-west-1",
		Buckets: []minio.Bucket{{Name: "assets", Versioning: true, OldVersionsAfter: 30}, {Name: "letters", ExpireAfter: 9}},
		Users: []minio.User{
			{Application: "web", Bucket: "assets", Prefix: "web/"}, {Application: "reader", Bucket: "letters", ReadOnly: true},
		},
		Timeout: 300,
	}
}

const passwordType = "random:index/randomPassword:RandomPassword"

// words gives passwords values that a test can look for; everything else comes back as it was.
func words(prefix string) func(*record.Resource) resource.PropertyMap {
	return func(r *record.Resource) resource.PropertyMap {
		if r.Type != passwordType {
			return r.Inputs
		}
		return resource.PropertyMap{"result": resource.MakeSecret(resource.NewProperty(prefix + r.Name))}
	}
}

// deployWith records the server minio with these passwords. change says what differs from the ordinary one, use what is
// done with it.
func deployWith(
	t *testing.T, passwords string, change func(*minio.Args), use func(*minio.MinIO),
) *record.Recording {
	t.Helper()
	opts := record.Options{Project: "shop", Stack: "test", Outputs: words(passwords)}
	rec, err := record.Run(t.Context(), opts, func(ctx *pulumi.Context) error {
		args := ordinary()
		change(args)
		made, err := minio.New(ctx, "minio", args)
		if err == nil {
			use(made)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func deploy(t *testing.T, change func(*minio.Args)) *record.Recording {
	t.Helper()
	return deployWith(t, "word-", change, func(*minio.MinIO) {})
}

func unchanged(*minio.Args) {}

func one(t *testing.T, rec *record.Recording, name string) *record.Resource {
	t.Helper()
	suffix := "::" + name
	if strings.Contains(name, "::") { // Its type is there too.
		suffix = ":" + name
	}
	r, err := rec.One(suffix)
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

// closed replaces what is secret by a word.
func closed(v resource.PropertyValue) (any, bool) {
	if v.IsSecret() || v.IsOutput() && v.OutputValue().Secret {
		return "[secret]", true
	}
	return nil, false
}

// variables are a container's, in order, as NAME=value, NAME=$(secret SECRET/KEY).
func variables(c corev1.Container) []string {
	var out []string
	for _, v := range c.Env {
		if from := v.ValueFrom; from != nil && from.SecretKeyRef != nil && v.Value == "" {
			out = append(out, v.Name+"=$(secret "+from.SecretKeyRef.Name+"/"+from.SecretKeyRef.Key+")")
			continue
		}
		out = append(out, v.Name+"="+v.Value)
	}
	return out
}

func waits(t *testing.T, rec *record.Recording, who string, whom ...string) {
	t.Helper()
	for _, name := range whom {
		if !slices.Contains(one(t, rec, who).Dependencies, one(t, rec, name).URN) {
			t.Errorf("%s does not wait for %s", who, name)
		}
	}
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
