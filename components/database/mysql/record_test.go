package mysql_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"

	"plinth/components/database/mysql"
	"plinth/components/workload"
	"plinth/internal/record"
)

// ordinary are the arguments of a database with one replica and two applications.
func ordinary() *mysql.Args {
	amounts := workload.Amounts{CPU: "1", Memory: "1Gi", EphemeralStorage: "256Mi"}
	return &mysql.Args{
		Namespace: &workload.Namespace{Name: "shop"}, PartOf: "shop-test",
		Image: "docker.io/library/mariadb:10.11.13", Replicas: 1, Storage: "2Gi",
		Resources: workload.Resources{Requests: amounts, Limits: amounts}, Synchronous: mysql.On,
		Engine: mysql.MariaDB, Applications: []string{"api", "web"}, Timeout: 300,
	}
}

// attempt records the database main. change says what differs from the ordinary one, use what is done with it.
func attempt(
	t *testing.T, change func(*mysql.Args), use func(*mysql.MySQL),
) (rec *record.Recording, err error) {
	t.Helper()
	return attemptWith(t, generated, change, use)
}

// attemptWith is an attempt with other outputs of providers.
func attemptWith(
	t *testing.T, outputs func(*record.Resource) resource.PropertyMap, change func(*mysql.Args),
	use func(*mysql.MySQL),
) (rec *record.Recording, err error) {
	t.Helper()
	opts := record.Options{Project: "shop", Stack: "test", Outputs: outputs}
	return record.Run(t.Context(), opts, func(ctx *pulumi.Context) error {
		args := ordinary()
		change(args)
		made, err := mysql.New(ctx, "main", args)
		if err == nil {
			use(made)
		}
		return err
	})
}

// generated gives passwords values that a test can look for; everything else comes back as it was.
func generated(r *record.Resource) resource.PropertyMap {
	if strings.HasPrefix(string(r.Type), "tls:") {
		out := r.Inputs.Copy()
		for _, key := range []resource.PropertyKey{"privateKeyPem", "certPem", "certRequestPem"} {
			if _, given := out[key]; !given {
				out[key] = resource.NewProperty(string(key) + "-" + r.Name)
			}
		}
		return out
	}
	if r.Type != passwordType {
		return r.Inputs
	}
	return resource.PropertyMap{"result": resource.MakeSecret(resource.NewProperty("word-" + r.Name))}
}

const passwordType = "random:index/randomPassword:RandomPassword"

// deploy is an attempt that must succeed.
func deploy(t *testing.T, change func(*mysql.Args)) *record.Recording {
	t.Helper()
	rec, err := attempt(t, change, func(*mysql.MySQL) {})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

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
		switch from := v.ValueFrom; {
		case from != nil && from.SecretKeyRef != nil && v.Value == "":
			out = append(out, v.Name+"=$(secret "+from.SecretKeyRef.Name+"/"+from.SecretKeyRef.Key+")")
		default:
			out = append(out, v.Name+"="+v.Value)
		}
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
