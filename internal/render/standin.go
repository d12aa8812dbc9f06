package render

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/internal/record"
)

const (
	// mark is how every placeholder begins.
	mark = "<plinth: "
	// deepest is how far into an output placeholders are made: the address of a load balancer is there. Some types
	// contain themselves.
	deepest = 4
	// number stands for numbers inside of outputs. A text that holds it is not rendered.
	number = 1929193191
)

// anyMark matches a placeholder, onlyMark a text that is one and nothing else.
var (
	anyMark  = regexp.MustCompile(`<plinth: [^<>]+>`)
	onlyMark = regexp.MustCompile(`^<plinth: [^<>]+>$`)
)

func placeholder(what string) string { return mark + what + ">" }

// observe records the program twice, as the package's comment says.
func observe(
	ctx context.Context, o record.Options, program pulumi.RunFunc,
) (first, second *record.Recording, err error) {
	o.Config = maps.Clone(o.Config)
	original := maps.Clone(o.Config)
	hide := func(prefix string) {
		for _, key := range o.SecretKeys {
			o.Config[key] = conceal(original[key], prefix+"config::"+key)
		}
	}
	hide("first run: ")
	if first, err = record.Run(ctx, o, program); err != nil {
		return nil, nil, err
	}
	hide("")
	o.Outputs = outputs
	if o.Invoke == nil {
		o.Invoke = unknown
	}
	if second, err = record.Run(ctx, o, program); err == nil {
		return first, second, nil
	}
	// The program reads something out of an output, and a placeholder is not what it expects: go without, and name
	// unknown values by where they stand.
	o.Outputs = nil
	second, err = record.Run(ctx, o, program)
	return first, second, err
}

// conceal replaces every value inside the JSON text of a secret, or the text where it is no JSON, by a placeholder.
func conceal(text, path string) string {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return placeholder(path)
	}
	switch value.(type) {
	case map[string]any, []any:
	default:
		return placeholder(path)
	}
	concealed, err := json.Marshal(concealValue(value, path))
	if err != nil {
		return placeholder(path)
	}
	return string(concealed)
}

func concealValue(value any, path string) any {
	switch value := value.(type) {
	case map[string]any:
		for key, child := range value {
			value[key] = concealValue(child, path+"."+key)
		}
		return value
	case []any:
		for i, child := range value {
			value[i] = concealValue(child, path+"["+strconv.Itoa(i)+"]")
		}
		return value
	default:
		return placeholder(path)
	}
}

// unknown answers a function of a provider, which the second run calls where the first did not know what with: nobody
// knows the answer here, and the program goes on without.
func unknown(string, resource.PropertyMap) (resource.PropertyMap, error) {
	return resource.PropertyMap{"unknown": resource.MakeComputed(resource.NewProperty(""))}, nil
}

// outputs is what a provider returns in the second run: the inputs, and a placeholder for every other string.
func outputs(r *record.Resource) resource.PropertyMap {
	out := maps.Clone(r.Inputs)
	if out == nil {
		out = resource.PropertyMap{}
	}
	out["id"] = resource.NewProperty(placeholder(r.Label() + ".id"))
	for name, typ := range r.OutputTypes {
		key := resource.PropertyKey(name)
		// A number on its own stays unknown.
		if value := standIn(typ, out[key], r.Label()+"."+name, 0); !value.IsNull() && !value.IsNumber() {
			out[key] = value
		}
	}
	return out
}

// standIn makes up what is missing of a value of a type: placeholders for strings, and lists with one element. What is
// given stays. Null: nothing can be made up.
func standIn(typ reflect.Type, given resource.PropertyValue, path string, depth int) resource.PropertyValue {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if depth > deepest || !given.IsNull() && !(given.IsObject() && typ.Kind() == reflect.Struct) {
		return given
	}
	switch of := typ.Kind(); {
	case of == reflect.String:
		return resource.NewProperty(placeholder(path))
	case of == reflect.Int, of == reflect.Float64:
		return resource.NewProperty(float64(number))
	case of == reflect.Slice:
		element := standIn(typ.Elem(), resource.PropertyValue{}, path+"[0]", depth+1)
		if element.IsNull() {
			return element
		}
		return resource.NewProperty([]resource.PropertyValue{element})
	case of == reflect.Struct:
		fields := resource.PropertyMap{}
		if given.IsObject() {
			fields = maps.Clone(given.ObjectValue())
		}
		for i := range typ.NumField() {
			name := typ.Field(i).Tag.Get("pulumi")
			key := resource.PropertyKey(name)
			value := standIn(typ.Field(i).Type, fields[key], path+"."+name, depth+1)
			if name != "" && !value.IsNull() {
				fields[key] = value
			}
		}
		return resource.NewProperty(fields)
	default:
		return given
	}
}

// named tells whether a text holds placeholders and nothing made up besides.
func named(text string) bool {
	return strings.Contains(text, mark) && !strings.Contains(text, fmt.Sprint(number))
}
