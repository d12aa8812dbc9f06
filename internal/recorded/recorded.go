// Package recorded asks a recording of components what tests of theirs want to know. It is for tests alone.
package recorded

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"

	"plinth/internal/record"
)

// Password is the type of generated passwords.
const Password = "random:index/randomPassword:RandomPassword"

// Generated gives what is generated a value that a test can look for: a password word-NAME, and a key or certificate
// KIND-NAME. Everything else comes back as it was.
func Generated(r *record.Resource) resource.PropertyMap {
	if strings.HasPrefix(string(r.Type), "tls:") {
		out := r.Inputs.Copy()
		for _, key := range []resource.PropertyKey{"privateKeyPem", "certPem", "certRequestPem"} {
			if _, given := out[key]; !given {
				out[key] = resource.NewProperty(string(key) + "-" + r.Name)
			}
		}
		return out
	}
	if r.Type != Password {
		return r.Inputs
	}
	return resource.PropertyMap{"result": resource.MakeSecret(resource.NewProperty("word-" + r.Name))}
}

// Component is how the tests of a component make it.
type Component[Args, Made any] struct {
	// New is the component's constructor.
	New func(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (Made, error)
	// Ordinary are arguments that are fine, fresh ones each time.
	Ordinary func() *Args
}

// Record makes the component under the name main. outputs are those of providers, change says what differs from the
// ordinary arguments, add is what is done with what was made.
func (c Component[Args, Made]) Record(
	t *testing.T, outputs func(*record.Resource) resource.PropertyMap, change func(*Args),
	add func(*pulumi.Context, Made) error,
) (*record.Recording, error) {
	t.Helper()
	opts := record.Options{Project: "shop", Stack: "test", Outputs: outputs}
	return record.Run(t.Context(), opts, func(ctx *pulumi.Context) error {
		args := c.Ordinary()
		change(args)
		made, err := c.New(ctx, "main", args)
		if err != nil {
			return err
		}
		return add(ctx, made)
	})
}

// One is the resource of that name, which may be preceded by the end of its type: Secret::main-role-web.
func One(t *testing.T, rec *record.Recording, name string) *record.Resource {
	t.Helper()
	suffix := "::" + name
	if strings.Contains(name, "::") {
		suffix = ":" + name
	}
	r, err := rec.One(suffix)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Read decodes the inputs of the resource of that name as the Kubernetes object that they become.
func Read[T any](t *testing.T, rec *record.Recording, name string) (object T) {
	t.Helper()
	text, err := json.Marshal(resource.NewProperty(One(t, rec, name).Inputs).MapRepl(nil, record.Open))
	if err == nil {
		err = json.Unmarshal(text, &object)
	}
	if err != nil {
		t.Fatalf("reading %s: %v", name, err)
	}
	return object
}

// NoneInPlain demands that nothing of the recording holds the word outside of what is secret.
func NoneInPlain(t *testing.T, rec *record.Recording, word string) {
	t.Helper()
	closed := func(v resource.PropertyValue) (any, bool) {
		if v.IsSecret() || v.IsOutput() && v.OutputValue().Secret {
			return "[secret]", true
		}
		return nil, false
	}
	for _, r := range rec.Resources {
		text, err := json.Marshal(resource.NewProperty(r.Inputs).MapRepl(nil, closed))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), word) {
			t.Errorf("%s holds a password in plain text: %s", r.Label(), text)
		}
	}
}

// Variables are a container's, in order, as NAME=value or NAME=$(secret SECRET/KEY).
func Variables(c corev1.Container) []string {
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

// Waits demands that one resource depends on others.
func Waits(t *testing.T, rec *record.Recording, who string, whom ...string) {
	t.Helper()
	for _, name := range whom {
		if !slices.Contains(One(t, rec, who).Dependencies, One(t, rec, name).URN) {
			t.Errorf("%s does not wait for %s", who, name)
		}
	}
}

// Equal demands that what was got is what was wanted.
func Equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// EqualAll is [Equal] for lists.
func EqualAll[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
