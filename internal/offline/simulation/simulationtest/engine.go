// Package simulationtest does to a simulated cloud what the engine does, for tests of its tables.
package simulationtest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"plinth/internal/offline/simulation"
)

// Object is a set of properties. resource.PropertyValue is taken as it is, so secrets and unknowns can be among them.
type Object = map[string]any

// Engine works on one provider of a simulated cloud.
type Engine struct {
	t        *testing.T
	provider pulumirpc.ResourceProviderServer
	World    *simulation.World
}

// Start opens the world in a folder and configures a provider.
func Start(t *testing.T, cloud simulation.Cloud, dir string, arguments Object) *Engine {
	t.Helper()
	world, err := simulation.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	e := &Engine{t: t, provider: simulation.New(cloud, world)(), World: world}
	checked, err := e.provider.CheckConfig(t.Context(), &pulumirpc.CheckRequest{
		Urn: "urn:pulumi:test::plinth::pulumi:providers:" + cloud.Name + "::cloud", News: e.wire(arguments),
	})
	if err := failed(checked.GetFailures(), err); err != nil {
		t.Fatal(err)
	}
	if _, err := e.provider.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: checked.GetInputs()}); err != nil {
		t.Fatal(err)
	}
	return e
}

// Provider is the provider itself.
func (e *Engine) Provider() pulumirpc.ResourceProviderServer { return e.provider }

// Resource is one that was made.
type Resource struct {
	URN, ID string
	Inputs  resource.PropertyMap
	State   resource.PropertyMap
}

// Get is the output at a path, secret or not, as text or number; nil where there is none.
func (r *Resource) Get(path string) any {
	parsed, err := resource.ParsePropertyPath(path)
	if err != nil {
		return nil
	}
	v, ok := parsed.Get(resource.NewObjectProperty(r.State))
	if !ok {
		return nil
	}
	for v.IsSecret() {
		v = v.SecretValue().Element
	}
	return v.Mappable()
}

// URN is the name of a resource of a token.
func URN(token, name string) string { return "urn:pulumi:test::plinth::" + token + "::" + name }

func options() plugin.MarshalOptions {
	return plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true}
}

func (e *Engine) wire(o Object) *structpb.Struct {
	e.t.Helper()
	return e.encode(resource.NewPropertyMapFromMap(o))
}

func (e *Engine) encode(m resource.PropertyMap) *structpb.Struct {
	e.t.Helper()
	encoded, err := plugin.MarshalProperties(m, options())
	if err != nil {
		e.t.Fatal(err)
	}
	return encoded
}

func (e *Engine) decode(s *structpb.Struct) resource.PropertyMap {
	e.t.Helper()
	decoded, err := plugin.UnmarshalProperties(s, options())
	if err != nil {
		e.t.Fatal(err)
	}
	return decoded
}

// failed is an error of all failures of a check.
func failed(failures []*pulumirpc.CheckFailure, err error) error {
	if err != nil {
		return message(err)
	}
	var texts []string
	for _, f := range failures {
		texts = append(texts, strings.TrimPrefix(f.GetProperty()+": "+f.GetReason(), ": "))
	}
	if len(texts) == 0 {
		return nil
	}
	return errors.New(strings.Join(texts, "\n"))
}

// message leaves of an error what the engine shows.
func message(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(status.Convert(err).Message())
}

// Check is what the engine does first. The old inputs may be nil.
func (e *Engine) Check(token, name string, old resource.PropertyMap, inputs Object) (resource.PropertyMap, error) {
	e.t.Helper()
	checked, err := e.provider.Check(context.Background(), &pulumirpc.CheckRequest{
		Urn: URN(token, name), Olds: e.encode(old), News: e.wire(inputs),
	})
	if err := failed(checked.GetFailures(), err); err != nil {
		return nil, err
	}
	return e.decode(checked.GetInputs()), nil
}

// Create makes a resource.
func (e *Engine) Create(token, name string, inputs Object) (*Resource, error) {
	e.t.Helper()
	checked, err := e.Check(token, name, nil, inputs)
	if err != nil {
		return nil, err
	}
	made, err := e.provider.Create(context.Background(), &pulumirpc.CreateRequest{
		Urn: URN(token, name), Properties: e.encode(checked),
	})
	if err != nil {
		return nil, message(err)
	}
	return &Resource{URN(token, name), made.GetId(), checked, e.decode(made.GetProperties())}, nil
}

// Must makes a resource, or ends the test.
func (e *Engine) Must(token, name string, inputs Object) *Resource {
	e.t.Helper()
	r, err := e.Create(token, name, inputs)
	if err != nil {
		e.t.Fatalf("creating %s %s: %v", token, name, err)
	}
	return r
}

// Preview plans a resource that is yet to be made.
func (e *Engine) Preview(token, name string, inputs Object) (resource.PropertyMap, error) {
	e.t.Helper()
	checked, err := e.Check(token, name, nil, inputs)
	if err != nil {
		return nil, err
	}
	planned, err := e.provider.Create(context.Background(), &pulumirpc.CreateRequest{
		Urn: URN(token, name), Properties: e.encode(checked), Preview: true,
	})
	return e.decode(planned.GetProperties()), message(err)
}

// Diff compares new inputs to a resource's.
func (e *Engine) Diff(r *Resource, inputs Object) (*pulumirpc.DiffResponse, error) {
	e.t.Helper()
	urn := resource.URN(r.URN)
	checked, err := e.Check(string(urn.Type()), urn.Name(), r.Inputs, inputs)
	if err != nil {
		return nil, err
	}
	diff, err := e.provider.Diff(context.Background(), &pulumirpc.DiffRequest{
		Urn: r.URN, Id: r.ID, Olds: e.encode(r.State), OldInputs: e.encode(r.Inputs), News: e.encode(checked),
	})
	return diff, message(err)
}

// Update changes a resource, without asking for the difference first.
func (e *Engine) Update(r *Resource, inputs Object) error {
	e.t.Helper()
	urn := resource.URN(r.URN)
	checked, err := e.Check(string(urn.Type()), urn.Name(), r.Inputs, inputs)
	if err != nil {
		return err
	}
	updated, err := e.provider.Update(context.Background(), &pulumirpc.UpdateRequest{
		Urn: r.URN, Id: r.ID, Olds: e.encode(r.State), OldInputs: e.encode(r.Inputs), News: e.encode(checked),
	})
	if err != nil {
		return message(err)
	}
	r.Inputs, r.State = checked, e.decode(updated.GetProperties())
	return nil
}

// Refresh reads a resource; gone is true where it is there no more.
func (e *Engine) Refresh(r *Resource) (gone bool) {
	e.t.Helper()
	read, err := e.provider.Read(context.Background(), &pulumirpc.ReadRequest{
		Urn: r.URN, Id: r.ID, Properties: e.encode(r.State), Inputs: e.encode(r.Inputs),
	})
	if err != nil {
		e.t.Fatalf("reading %s: %v", r.URN, err)
	}
	if read.GetId() == "" {
		return true
	}
	r.Inputs, r.State = e.decode(read.GetInputs()), e.decode(read.GetProperties())
	return false
}

// Delete deletes a resource.
func (e *Engine) Delete(r *Resource) error {
	_, err := e.provider.Delete(context.Background(), &pulumirpc.DeleteRequest{
		Urn: r.URN, Id: r.ID, Properties: e.encode(r.State), OldInputs: e.encode(r.Inputs),
	})
	return message(err)
}

// Invoke calls a function.
func (e *Engine) Invoke(token string, arguments Object) (resource.PropertyMap, error) {
	e.t.Helper()
	answer, err := e.provider.Invoke(context.Background(), &pulumirpc.InvokeRequest{Tok: token, Args: e.wire(arguments)})
	return e.decode(answer.GetReturn()), message(err)
}

// Left are the keys of what is in the world, without what was deleted, in order.
func (e *Engine) Left() []string {
	var keys []string
	for _, entry := range e.World.Contents() {
		if entry.Left == "" {
			keys = append(keys, entry.Key())
		}
	}
	return keys
}

// With is a copy of properties with others in their place; nil takes one away.
func With(o, others Object) Object {
	result := maps.Clone(o)
	for _, key := range slices.Sorted(maps.Keys(others)) {
		if others[key] == nil {
			delete(result, key)
		} else {
			result[key] = others[key]
		}
	}
	return result
}

// Expect fails a test unless an error says something.
func Expect(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case err == nil && want != "":
		t.Errorf("got no error, want %q", want)
	case err != nil && want == "":
		t.Errorf("got the error %q, want none", err)
	case err != nil && !strings.Contains(err.Error(), want):
		t.Errorf("got the error %q, want one with %q", err, want)
	}
}
