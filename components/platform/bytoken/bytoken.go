// Package bytoken registers resources by their type's token, without the package of a cloud's SDK that declares them:
// some of those packages cost more to compile than all the rest of a program. What is registered is the same, so that a
// package could be imported again without a trace in anybody's state. What is lost is that the compiler knows the names
// of properties: the packages that declare resources this way compare theirs with the SDK's source in a test.
package bytoken

import (
	"fmt"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Register registers a resource of the type that token names, with the properties that args holds ([Properties]), and
// returns it.
func Register[R pulumi.CustomResource](
	ctx *pulumi.Context, token, name string, args any, made R, opts []pulumi.ResourceOption,
) (R, error) {
	properties, err := Properties(args)
	if err != nil {
		return made, fmt.Errorf("registering %s::%s: %w", token, name, err)
	}
	return made, ctx.RegisterResource(token, name, properties, made, opts...)
}

// Properties turns a struct of arguments, or a pointer to one, into what is sent to the engine: each field that is set,
// by the name in its `pulumi` tag. Fields are inputs of the Pulumi SDK, pointers to structs or slices of structs.
func Properties(args any) (pulumi.Map, error) {
	v := reflect.Indirect(reflect.ValueOf(args))
	if v.Kind() != reflect.Struct {
		return nil, fmt.Errorf("arguments are a %T: want a struct, or a pointer to one", args)
	}
	properties := pulumi.Map{}
	for i := range v.NumField() {
		field, name := v.Field(i), v.Type().Field(i).Tag.Get("pulumi")
		// Every kind of field can be nil, and what is nil is not sent.
		if field.IsNil() {
			continue
		}
		value, err := property(field)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		properties[name] = value
	}
	return properties, nil
}

func property(field reflect.Value) (pulumi.Input, error) {
	if input, ok := field.Interface().(pulumi.Input); ok {
		return input, nil
	}
	if field.Kind() != reflect.Slice {
		return Properties(field.Interface())
	}
	list := make(pulumi.Array, field.Len())
	for i := range list {
		element, err := Properties(field.Index(i).Interface())
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		list[i] = element
	}
	return list, nil
}
