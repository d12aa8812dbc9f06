package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Enum is a string type with a fixed list of values.
type Enum interface {
	// Values lists every value.
	Values() []string
}

// decoder fills the types of this package from generic JSON values, strictly: whatever is unknown or of another type is
// a fault, and every fault is collected.
type decoder struct {
	faults
	// config is what is being filled; its tier is needed for the defaults of what follows.
	config *Config
	// absent holds the paths of the fields that have no value of their own.
	absent map[string]bool
	// undecided holds those of them whose default is not known because the tier is not.
	undecided map[string]bool
}

// fields decodes the fields of a struct.
func (d *decoder) fields(path string, values map[string]any, out reflect.Value) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !known(out.Type(), key) {
			d.add(at(path, key), "unknown key; %s", suggestion(key, keysOf(out.Type())))
		}
	}
	for i := range out.NumField() {
		field := out.Type().Field(i)
		name := keyOf(field)
		if name == "" {
			continue
		}
		if value, found := values[name]; found {
			d.value(at(path, name), value, out.Field(i))
			continue
		}
		d.missing(at(path, name), field, out.Field(i))
	}
}

// missing gives a field that is absent its default.
func (d *decoder) missing(path string, field reflect.StructField, out reflect.Value) {
	d.absent[path] = true
	if field.Tag.Get("required") != "" {
		d.add(path, "is required%s", choices(out))
		return
	}
	if text, found := defaultOf(field, d.config.Tier); found {
		d.value(path, literal(text, out.Type()), out)
		return
	}
	if name, found := field.Tag.Lookup("entry"); found {
		d.value(path, map[string]any{name: map[string]any{}}, out)
		return
	}
	d.undecided[path] = field.Tag.Get("tier") != ""
	if out.Kind() == reflect.Struct {
		d.fields(path, nil, out)
	}
}

// value decodes one value.
func (d *decoder) value(path string, value any, out reflect.Value) {
	switch kind := out.Kind(); {
	case kind == reflect.Pointer:
		target := reflect.New(out.Type().Elem())
		out.Set(target)
		d.value(path, value, target.Elem())
	case kind == reflect.Struct:
		d.object(path, value, out)
	case kind == reflect.Map:
		d.entries(path, value, out)
	case kind == reflect.Slice:
		d.elements(path, value, out)
	case kind == reflect.String:
		d.text(path, value, out)
	case kind == reflect.Bool:
		d.flag(path, value, out)
	case out.CanInt():
		d.number(path, value, out)
	default:
		d.add(path, "cannot be read: no key may have the Go type %s", out.Type())
	}
}

// object decodes a struct.
func (d *decoder) object(path string, value any, out reflect.Value) {
	values, ok := value.(map[string]any)
	if !ok {
		d.wrongType(path, "an object", value, out)
		return
	}
	d.fields(path, values, out)
}

// flag decodes a boolean.
func (d *decoder) flag(path string, value any, out reflect.Value) {
	flag, ok := value.(bool)
	if !ok {
		d.wrongType(path, "true or false", value, out)
		return
	}
	out.SetBool(flag)
}

// entries decodes a map. An entry that is faulty stays in it, empty: what refers to it by name finds it.
func (d *decoder) entries(path string, value any, out reflect.Value) {
	values, ok := value.(map[string]any)
	if !ok {
		d.wrongType(path, "an object", value, out)
		return
	}
	out.Set(reflect.MakeMapWithSize(out.Type(), len(values)))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		entry := reflect.New(out.Type().Elem()).Elem()
		d.value(at(path, key), values[key], entry)
		out.SetMapIndex(reflect.ValueOf(key), entry)
	}
}

// elements decodes a list.
func (d *decoder) elements(path string, value any, out reflect.Value) {
	values, ok := value.([]any)
	if !ok {
		d.wrongType(path, "a list", value, out)
		return
	}
	out.Set(reflect.MakeSlice(out.Type(), len(values), len(values)))
	for i, element := range values {
		d.value(index(path, i), element, out.Index(i))
	}
}

// text decodes a string, and refuses one that is not on the list where there is a list.
func (d *decoder) text(path string, value any, out reflect.Value) {
	text, ok := value.(string)
	if !ok {
		d.wrongType(path, "a string", value, out)
		return
	}
	enum, ok := out.Interface().(Enum)
	if !ok || slices.Contains(enum.Values(), text) {
		out.SetString(text)
		return
	}
	if text == "" {
		d.add(path, "is required%s", choices(out))
		return
	}
	d.add(path, "unknown %s %s; %s", words(out.Type().Name()), quoted(text), suggestion(text, enum.Values()))
}

// inner is a capital letter with which a word starts inside a name.
var inner = regexp.MustCompile(`\B[A-Z]`)

// words spells a type's name as a person would: MigrationKind is a migration kind.
func words(name string) string { return strings.ToLower(inner.ReplaceAllString(name, " $0")) }

// number decodes a whole number.
func (d *decoder) number(path string, value any, out reflect.Value) {
	number, ok := value.(json.Number)
	if !ok {
		d.wrongType(path, "a whole number", value, out)
		return
	}
	whole, err := strconv.ParseInt(number.String(), 10, 64)
	if err != nil || out.OverflowInt(whole) {
		d.wrongType(path, "a whole number", value, out)
		return
	}
	out.SetInt(whole)
}

// wrongType reports a value of another type than the one wanted.
func (d *decoder) wrongType(path, want string, value any, out reflect.Value) {
	if isSecret(out.Type()) {
		d.add(path, "must be %s, got %s", want, kindOf(value))
		return
	}
	d.add(path, "must be %s, got %s%s", want, describe(value), hint(value, out))
}

// describe says what a value of a configuration is.
func describe(value any) string {
	switch value := value.(type) {
	case string:
		return "the string " + quoted(value)
	case bool:
		return fmt.Sprintf("the boolean %t", value)
	case json.Number:
		return "the number " + shortened(value.String())
	default:
		return kindOf(value)
	}
}

// kindOf says of which kind a value of a configuration is, without the value.
func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "nothing"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case []any:
		return "a list"
	default:
		return "an object"
	}
}

// hint says how to write what was probably meant, "" where that is not known.
func hint(value any, out reflect.Value) string {
	switch value := value.(type) {
	case nil:
		return " (leave the key out to get its default)"
	case bool:
		if out.Kind() == reflect.String {
			return " (YAML reads true and false, and in its older version yes, no, on and off, as booleans: " +
				"put quotes around it)"
		}
	case json.Number:
		if out.Kind() == reflect.String {
			return " (put quotes around it)"
		}
	case string:
		return stringHint(value, out)
	}
	return ""
}

// stringHint is the hint for a string where something else is wanted.
func stringHint(value string, out reflect.Value) string {
	if _, err := strconv.ParseInt(value, 10, 64); err == nil && out.CanInt() {
		return " (leave the quotes out)"
	}
	if out.Kind() != reflect.Bool {
		return ""
	}
	switch strings.ToLower(value) {
	case "true", "yes", "on", "y":
		return " (write true, without quotes)"
	case "false", "no", "off", "n":
		return " (write false, without quotes)"
	default:
		return ""
	}
}

// longest is how many characters of a value are shown in a message: enough for an image with its digest.
const longest = 160

// quoted returns a value in quotes, shortened to what fits a message.
func quoted(value string) string { return strconv.Quote(shortened(value)) }

// shortened returns the start of a value that is too long for a message.
func shortened(value string) string {
	if characters := []rune(value); len(characters) > longest {
		return string(characters[:longest]) + "..."
	}
	return value
}

// choices lists the values of an enum, "" for any other type.
func choices(value reflect.Value) string {
	enum, ok := value.Interface().(Enum)
	if !ok {
		return ""
	}
	return "; known: " + list(enum.Values())
}

// isSecret says whether values of a type hold secrets.
func isSecret(t reflect.Type) bool {
	return t == reflect.TypeFor[Secret]() || t.Kind() == reflect.Map && isSecret(t.Elem())
}

// keyOf returns the key of a field, "" for a field that is none.
func keyOf(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	if name == "-" {
		return ""
	}
	return name
}

// fieldOf returns the field with a key.
func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for i := range t.NumField() {
		if field := t.Field(i); key != "" && keyOf(field) == key {
			return field, true
		}
	}
	return reflect.StructField{}, false
}

// known says whether a struct has a field with a key.
func known(t reflect.Type, key string) bool {
	_, found := fieldOf(t, key)
	return found
}

// keysOf lists the keys of a struct's fields.
func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		if key := keyOf(t.Field(i)); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// parseJSON parses a text that is one JSON value, keeping numbers as they are written.
func parseJSON(text string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("parsing JSON: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("parsing JSON: there is more than one value")
	}
	return value, nil
}
