package kubernetes

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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

// plain is a property value as the API server's JSON has it: no secret wrappers, whole numbers as integers.
func plain(v resource.PropertyValue) any {
	switch {
	case v.IsSecret():
		return plain(v.SecretValue().Element)
	case v.IsComputed():
		return unknown{}
	case v.IsOutput():
		if !v.OutputValue().Known {
			return unknown{}
		}
		return plain(v.OutputValue().Element)
	case v.IsNumber():
		n := v.NumberValue()
		if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return int64(n)
		}
		return n
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

// plainMap is plain for a whole object. The SDK cannot write the keys x-kubernetes-*, of CustomResourceDefinitions, but
// with underscores.
func plainMap(m resource.PropertyMap) map[string]any {
	object := make(map[string]any, len(m))
	for k, v := range m {
		if v.IsNull() {
			continue
		}
		key := string(k)
		if strings.HasPrefix(key, "x_kubernetes_") {
			key = strings.ReplaceAll(key, "_", "-")
		}
		object[key] = plain(v)
	}
	return object
}

// property is the reverse of plain, without secrets.
func property(v any) resource.PropertyValue {
	switch v := v.(type) {
	case nil:
		return resource.NewNullProperty()
	case unknown:
		return resource.MakeComputed(resource.NewStringProperty(""))
	case int64:
		return resource.NewNumberProperty(float64(v))
	case []any:
		list := make([]resource.PropertyValue, len(v))
		for i, e := range v {
			list[i] = property(e)
		}
		return resource.NewArrayProperty(list)
	case map[string]any:
		return resource.NewObjectProperty(propertyMap(v))
	}
	return resource.NewPropertyValue(v)
}

func propertyMap(object map[string]any) resource.PropertyMap {
	m := make(resource.PropertyMap, len(object))
	for k, v := range object {
		if strings.HasPrefix(k, "x-kubernetes-") {
			k = strings.ReplaceAll(k, "-", "_")
		}
		m[resource.PropertyKey(k)] = property(v)
	}
	return m
}

// hasUnknown reports whether a plain value holds one that is not known yet.
func hasUnknown(v any) bool {
	switch v := v.(type) {
	case unknown:
		return true
	case []any:
		return slices.ContainsFunc(v, hasUnknown)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), hasUnknown)
	}
	return false
}

// object wraps inputs as what is sent to the API server. Fields that only the API server sets are left out.
func object(inputs resource.PropertyMap) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: plainMap(inputs)}
	if metadata, ok := u.Object["metadata"].(map[string]any); ok {
		for _, field := range serverMetadata() {
			delete(metadata, field)
		}
	}
	if version, ok := u.Object["apiVersion"].(string); ok {
		u.Object["apiVersion"] = strings.TrimPrefix(version, "core/")
	}
	return u
}

// serverMetadata names the fields of metadata that belong to the API server.
func serverMetadata() []string {
	return []string{
		"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields",
		"resourceVersion", "selfLink", "uid",
	}
}

// get reads a nested value of an object; nil where there is none.
func get(object map[string]any, path ...string) any {
	var v any = object
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// text reads a nested string; empty where there is none.
func text(object map[string]any, path ...string) string {
	s, _ := get(object, path...).(string)
	return s
}

// hide marks in out what is secret in inputs. A list that holds a secret becomes secret as a whole: the API server may
// have reordered or merged it.
func hide(out, inputs resource.PropertyMap) {
	for key, in := range inputs {
		v, ok := out[key]
		if !ok || v.IsSecret() || !in.ContainsSecrets() {
			continue
		}
		if in.IsObject() && v.IsObject() {
			hide(v.ObjectValue(), in.ObjectValue())
			continue
		}
		out[key] = resource.MakeSecret(v)
	}
}

// The properties that the plugin keeps beside the live object in state.
const (
	inputsKey  = "__inputs"
	versionKey = "__initialApiVersion"
	managerKey = "__fieldManager"
)

// state is what the engine keeps of an object: the live one, with what is secret in the inputs secret in it too, and
// the inputs that made it. The data of a Secret is always secret.
func state(inputs resource.PropertyMap, live *unstructured.Unstructured, manager string) resource.PropertyMap {
	live = live.DeepCopy()
	live.SetManagedFields(nil)
	out := propertyMap(live.Object)
	hide(out, inputs)
	if live.GetKind() == "Secret" && live.GetAPIVersion() == "v1" {
		for _, key := range []resource.PropertyKey{"data", "stringData"} {
			if v, ok := out[key]; ok && !v.IsSecret() {
				out[key] = resource.MakeSecret(v)
			}
		}
	}
	out[inputsKey] = resource.NewObjectProperty(inputs)
	out[versionKey] = resource.NewStringProperty(live.GetAPIVersion())
	out[managerKey] = resource.NewStringProperty(manager)
	return out
}

// remembered takes a state apart into the inputs and the live object that it keeps.
func remembered(state resource.PropertyMap) (inputs resource.PropertyMap, live *unstructured.Unstructured) {
	live = &unstructured.Unstructured{Object: map[string]any{}}
	for key, v := range state {
		switch {
		case key == inputsKey && v.IsObject():
			inputs = v.ObjectValue()
		case !strings.HasPrefix(string(key), "__"):
			live.Object[string(key)] = plain(v)
		}
	}
	return inputs, live
}

// managerOf is the field manager that a state names; empty where it names none.
func managerOf(state resource.PropertyMap) string {
	if v, ok := state[managerKey]; ok && v.IsString() {
		return v.StringValue()
	}
	return ""
}

// equal compares two plain values. Numbers are equal by value.
func equal(a, b any) bool {
	return reflect.DeepEqual(a, b)
}
