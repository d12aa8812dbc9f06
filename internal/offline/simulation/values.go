package simulation

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
)

// unknown takes the place of a value that is not known yet, in a preview.
type unknown struct{}

// decode reads properties off the wire; secrets and unknowns stay what they are.
func decode(s *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(s, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipNulls: true})
}

// encode writes properties to the wire.
func encode(m resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(m, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipNulls: true})
}

// plain is a property value without secret wrappers.
func plain(v resource.PropertyValue) any {
	switch {
	case v.IsSecret():
		return plain(v.SecretValue().Element)
	case v.IsComputed(), v.IsOutput() && !v.OutputValue().Known:
		return unknown{}
	case v.IsOutput():
		return plain(v.OutputValue().Element)
	case v.IsArray():
		list := make([]any, len(v.ArrayValue()))
		for i, e := range v.ArrayValue() {
			list[i] = plain(e)
		}
		return list
	case v.IsObject():
		return plainMap(v.ObjectValue())
	}
	return v.V
}

func plainMap(m resource.PropertyMap) Object {
	o := make(Object, len(m))
	for key, v := range m {
		if !v.IsNull() && !strings.HasPrefix(string(key), "__") {
			o[string(key)] = plain(v)
		}
	}
	return o
}

// property is the reverse of plain.
func property(v any) resource.PropertyValue {
	switch v := v.(type) {
	case nil:
		return resource.NewNullProperty()
	case unknown:
		return resource.MakeComputed(resource.NewStringProperty(""))
	case []any:
		list := make([]resource.PropertyValue, len(v))
		for i, e := range v {
			list[i] = property(e)
		}
		return resource.NewArrayProperty(list)
	case Object:
		return resource.NewObjectProperty(propertyMap(v))
	}
	return resource.NewPropertyValue(v)
}

func propertyMap(o Object) resource.PropertyMap {
	m := make(resource.PropertyMap, len(o))
	for key, v := range o {
		m[resource.PropertyKey(key)] = property(v)
	}
	return m
}

// clone copies a plain value.
func clone(v any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = clone(e)
		}
		return list
	case Object:
		return cloneObject(v)
	}
	return v
}

func cloneObject(o Object) Object {
	result := make(Object, len(o))
	for key, v := range o {
		result[key] = clone(v)
	}
	return result
}

// fill is a copy of over with what it lacks taken from under.
func fill(over, under Object) Object {
	result := cloneObject(over)
	for key, v := range under {
		before, given := result[key]
		inner, isObject := v.(Object)
		if outer, ok := before.(Object); ok && isObject {
			result[key] = fill(outer, inner)
		} else if !given {
			result[key] = clone(v)
		}
	}
	return result
}

// lookup finds the values that a path leads to. A list at its end is spread.
func lookup(v any, path string) []any {
	if v == nil {
		return nil
	}
	if path == "" {
		if list, ok := v.([]any); ok {
			return list
		}
		return []any{v}
	}
	key, rest, _ := strings.Cut(path, ".")
	switch v := v.(type) {
	case unknown:
		return []any{v}
	case Object:
		if key != "*" {
			return lookup(v[key], rest)
		}
		var found []any
		for _, k := range slices.Sorted(maps.Keys(v)) {
			found = append(found, lookup(v[k], rest)...)
		}
		return found
	case []any:
		if i, err := strconv.Atoi(key); err == nil {
			if i < len(v) {
				return lookup(v[i], rest)
			}
			return nil
		}
		var found []any
		for _, e := range v {
			found = append(found, lookup(e, rest)...)
		}
		return found
	}
	return nil
}

// texts are the strings that a path leads to; what is not known yet is left out.
func texts(v any, path string) []string {
	var found []string
	for _, e := range lookup(v, path) {
		if s, ok := e.(string); ok && s != "" {
			found = append(found, s)
		}
	}
	return found
}

// get is the value that a path of keys leads to, as it is.
func get(o Object, path string) any {
	key, rest, more := strings.Cut(path, ".")
	if !more {
		return o[key]
	}
	switch v := o[key].(type) {
	case Object:
		return get(v, rest)
	case unknown:
		return v
	}
	if found := lookup(o, path); len(found) == 1 {
		return found[0]
	}
	return nil
}

// hasUnknown reports whether a plain value holds one that is not known yet.
func hasUnknown(v any) bool {
	switch v := v.(type) {
	case unknown:
		return true
	case []any:
		return slices.ContainsFunc(v, hasUnknown)
	case Object:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), hasUnknown)
	}
	return false
}

// written is a value as templates and messages have it.
func written(v any) string {
	switch v := v.(type) {
	case nil, unknown:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

func same(a, b any) bool { return reflect.DeepEqual(a, b) }

// say puts values into what a service says.
func say(words string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		words = strings.ReplaceAll(words, "{"+pairs[i]+"}", pairs[i+1])
	}
	return words
}
