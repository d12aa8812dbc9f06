package record

import (
	"fmt"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// goTypes are the Go types that an SDK declares for one resource type.
type goTypes struct {
	inputs  reflect.Type
	outputs map[string]reflect.Type
}

// observeTypes notes the Go types of every resource that is about to be registered. What goes over the wire has lost
// them, and an unknown value has no type otherwise.
func (m *monitor) observeTypes(ctx *pulumi.Context) error {
	observe := func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		m.mu.Lock()
		defer m.mu.Unlock()
		seen := goTypes{outputs: outputTypes(args.Resource)}
		if args.Props != nil {
			seen.inputs = args.Props.ElementType()
		}
		m.types[args.Type+"::"+args.Name] = seen
		return nil
	}
	if err := ctx.RegisterStackTransformation(observe); err != nil {
		return fmt.Errorf("watching the types of resources: %w", err)
	}
	return nil
}

// outputTypes lists the outputs that the struct behind a resource declares with `pulumi` tags.
func outputTypes(r pulumi.Resource) map[string]reflect.Type {
	typ := reflect.TypeOf(r)
	if typ == nil || typ.Kind() != reflect.Pointer || typ.Elem().Kind() != reflect.Struct {
		return nil
	}
	found := map[string]reflect.Type{}
	for i := range typ.Elem().NumField() {
		field := typ.Elem().Field(i)
		name := field.Tag.Get("pulumi")
		if name == "" || !field.IsExported() {
			continue
		}
		if output, ok := reflect.Zero(field.Type).Interface().(pulumi.Output); ok {
			found[name] = output.ElementType()
		}
	}
	return found
}
