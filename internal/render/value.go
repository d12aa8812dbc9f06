package render

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/internal/record"
)

// reader turns the properties of one resource into plain values.
type reader struct {
	of *record.Resource
	// strict refuses placeholders where a manifest cannot have them.
	strict bool
	// used gets the placeholders; nil: nobody asks.
	used map[string]bool
	// faults are what was refused.
	faults []error
}

// sight is one property in both runs.
type sight struct {
	first, second resource.PropertyValue
	// secret says that something around it is.
	secret bool
	// typ is the declared type. Nil: not declared.
	typ  reflect.Type
	path string
}

// child is what lies in s.
func (s sight) child(first, second resource.PropertyValue, key, path string) sight {
	return sight{first: first, second: second, secret: s.secret, typ: member(s.typ, key), path: path}
}

// member is the declared type of a field, an entry of a map or an element of a list.
func member(typ reflect.Type, key string) reflect.Type {
	typ = pointed(typ)
	switch {
	case typ == nil:
	case typ.Kind() == reflect.Map, typ.Kind() == reflect.Slice:
		return pointed(typ.Elem())
	case typ.Kind() == reflect.Struct:
		for i := range typ.NumField() {
			if typ.Field(i).Tag.Get("pulumi") == key {
				return pointed(typ.Field(i).Type)
			}
		}
	}
	return nil
}

// pointed is what pointers lead to, and nil for an interface, which declares nothing.
func pointed(typ reflect.Type) reflect.Type {
	for typ != nil && typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if typ != nil && typ.Kind() == reflect.Interface {
		return nil
	}
	return typ
}

// bare takes a value out of what says that it is secret or an output. An unknown one comes back as computed.
func bare(v resource.PropertyValue) (value resource.PropertyValue, secret bool) {
	for {
		switch {
		case v.IsSecret():
			v, secret = v.SecretValue().Element, true
		case v.IsOutput():
			output := v.OutputValue()
			secret = secret || output.Secret
			if !output.Known {
				return resource.MakeComputed(resource.NewProperty("")), secret
			}
			v = output.Element
		default:
			return v, secret
		}
	}
}

// value returns what is rendered for a property: nil for nothing.
func (r *reader) value(s sight) any {
	var firstSecret, secondSecret bool
	s.first, firstSecret = bare(s.first)
	s.second, secondSecret = bare(s.second)
	s.secret = s.secret || firstSecret || secondSecret
	switch {
	case s.first.IsNull():
		return nil
	case s.first.IsObject(), s.first.IsComputed() && s.second.IsObject():
		return r.object(s)
	case s.first.IsArray(), s.first.IsComputed() && s.second.IsArray():
		return r.list(s)
	case s.first.IsResourceReference():
		return string(s.first.ResourceReferenceValue().URN)
	case s.first.IsAsset(), s.first.IsArchive():
		r.refuse(s, "is an asset or an archive, which cannot be rendered")
		return nil
	default:
		return r.leaf(s)
	}
}

func (r *reader) object(s sight) any {
	var seconds resource.PropertyMap
	if s.second.IsObject() {
		seconds = s.second.ObjectValue()
	}
	// What is unknown as a whole has the fields of the second run, each of them unknown.
	firsts := maps.Clone(seconds)
	for key := range firsts {
		firsts[key] = s.first
	}
	if s.first.IsObject() {
		firsts = s.first.ObjectValue()
	}
	out := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(firsts)) {
		path := string(key)
		if s.path != "" {
			path = s.path + "." + path
		}
		if value := r.value(s.child(firsts[key], seconds[key], string(key), path)); value != nil {
			out[string(key)] = value
		}
	}
	return out
}

func (r *reader) list(s sight) any {
	var seconds []resource.PropertyValue
	if s.second.IsArray() {
		seconds = s.second.ArrayValue()
	}
	firsts := make([]resource.PropertyValue, len(seconds))
	for i := range firsts {
		firsts[i] = s.first
	}
	if s.first.IsArray() {
		firsts = s.first.ArrayValue()
	}
	out := make([]any, 0, len(firsts))
	for i, first := range firsts {
		var second resource.PropertyValue
		// Lists of different lengths have no elements that correspond.
		if len(seconds) == len(firsts) {
			second = seconds[i]
		}
		out = append(out, r.value(s.child(first, second, "", s.path+"["+strconv.Itoa(i)+"]")))
	}
	return out
}

// leaf renders a string, a number, a boolean or something unknown.
func (r *reader) leaf(s sight) any {
	unknown := s.first.IsComputed()
	if !unknown && !s.secret && s.first.DeepEquals(s.second) {
		if !s.first.IsString() {
			return plain(s.first)
		}
		return r.use(s.first.StringValue())
	}
	reason := "depends on a secret"
	if unknown && !s.secret {
		reason = "is not known before the deployment"
	}
	if r.strict {
		switch s.path {
		case "metadata.name", "metadata.namespace", "metadata.generateName", "apiVersion", "kind":
			r.refuse(s, reason+", and a manifest needs it: give it a plain value")
			return nil
		}
		if !mayBeText(s) {
			r.refuse(s, reason+", and only a string can be a placeholder: give it a plain value")
			return nil
		}
	}
	if s.second.IsString() {
		text := s.second.StringValue()
		// Around the placeholders of a secret, there may be parts of it that have none.
		if onlyMark.MatchString(text) || named(text) && !s.secret {
			return r.use(text)
		}
	}
	source := "secret::"
	if unknown && !s.secret {
		source = "unknown::"
	}
	return r.use(placeholder(source + r.of.Label() + "." + s.path))
}

// mayBeText tells whether a string can stand at a place: its type says so or, where none is declared, a run does.
func mayBeText(s sight) bool {
	if s.typ != nil {
		return s.typ.Kind() == reflect.String
	}
	return s.first.IsString() || s.second.IsString()
}

// use notes the placeholders in a text.
func (r *reader) use(text string) string {
	if r.used != nil {
		for _, found := range anyMark.FindAllString(text, -1) {
			r.used[found] = true
		}
	}
	return text
}

func (r *reader) refuse(s sight, why string) {
	r.faults = append(r.faults, fmt.Errorf("%s: %s %s", r.of.Label(), s.path, why))
}

// plain is a boolean or a number; whole numbers stay whole.
func plain(v resource.PropertyValue) any {
	if v.IsBool() {
		return v.BoolValue()
	}
	n := v.NumberValue()
	if whole := int64(n); float64(whole) == n {
		return whole
	}
	return n
}

// text is a property's text; empty for everything but a plain string.
func text(v resource.PropertyValue) string {
	if v.IsString() {
		return v.StringValue()
	}
	return ""
}
