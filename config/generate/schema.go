package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"

	"plinth/config"
)

// schema is the JSON Schema of a stack file. It is of draft 7, which editors know.
func schema(root section) (string, error) {
	sections, err := objectSchema(root.below, config.Project+":")
	if err != nil {
		return "", err
	}
	// Keys of other namespaces are none of ours. This says so without a regular expression that only some know.
	delete(sections, "additionalProperties")
	var names []string
	for _, s := range root.below {
		names = append(names, config.Project+":"+s.name)
	}
	sections["propertyNames"] = map[string]any{"anyOf": []any{
		map[string]any{"enum": names},
		map[string]any{"not": map[string]any{"pattern": "^" + config.Project + ":"}},
	}}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(map[string]any{
		"$schema":    "http://json-schema.org/draft-07/schema#",
		"title":      "Stack file of " + config.Project,
		"type":       "object",
		"properties": map[string]any{"config": sections},
	}); err != nil {
		return "", err
	}
	return text.String(), nil
}

// objectSchema describes an object with the given keys and no other.
func objectSchema(keys []section, prefix string) (map[string]any, error) {
	properties, required := map[string]any{}, []string{}
	for _, s := range keys {
		property, err := s.schema()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		properties[prefix+s.name] = property
		if s.required() {
			required = append(required, prefix+s.name)
		}
	}
	object := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		object["required"] = required
	}
	return object, nil
}

// schema describes the value of a key.
func (s section) schema() (map[string]any, error) {
	described, err := s.typeSchema(s.goType)
	if err != nil {
		return nil, err
	}
	described["description"] = s.description
	text, found := s.tag.Lookup("default")
	if !found {
		return described, nil
	}
	switch described["type"] {
	case "integer", "boolean":
		described["default"] = json.RawMessage(text)
	default:
		described["default"] = text
	}
	return described, nil
}

func (s section) typeSchema(t reflect.Type) (map[string]any, error) {
	switch kind := t.Kind(); {
	case t == reflect.TypeFor[config.Secret]():
		return map[string]any{
			"type": "object", "properties": map[string]any{"secure": map[string]any{"type": "string"}},
			"required": []string{"secure"}, "additionalProperties": false,
		}, nil
	case kind == reflect.Struct:
		return objectSchema(s.below, "")
	case kind == reflect.Map:
		entries, err := s.typeSchema(t.Elem())
		return map[string]any{"type": "object", "additionalProperties": entries}, err
	case kind == reflect.Slice:
		elements, err := s.typeSchema(t.Elem())
		return map[string]any{"type": "array", "items": elements}, err
	case kind == reflect.String && values(t) != nil:
		return map[string]any{"type": "string", "enum": values(t)}, nil
	case kind == reflect.String:
		return map[string]any{"type": "string"}, nil
	case kind == reflect.Bool:
		return map[string]any{"type": "boolean"}, nil
	case kind == reflect.Int || kind == reflect.Int64:
		return map[string]any{"type": "integer"}, nil
	default:
		return nil, fmt.Errorf("no JSON Schema for the Go type %s", strconv.Quote(t.String()))
	}
}
