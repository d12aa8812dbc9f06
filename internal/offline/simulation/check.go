package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// defaultsKey names the property beside the inputs that lists those which the provider chose: the plugins' own.
const defaultsKey = "__defaults"

// parseArguments reads a provider's arguments: what is not a string arrives as its JSON.
func parseArguments(arguments Object) (Object, error) {
	parsed := make(Object, len(arguments))
	for key, v := range arguments {
		parsed[key] = v
		text, ok := v.(string)
		if !ok || !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
			continue
		}
		var inner any
		if err := json.Unmarshal([]byte(text), &inner); err != nil {
			return nil, fmt.Errorf("provider argument %s: must be JSON, got %s: %w", key, text, err)
		}
		parsed[key] = inner
	}
	return parsed, nil
}

// kind finds the table's entry for a resource.
func (s *server) kind(urn string) (string, Type, error) {
	token := string(resource.URN(urn).Type())
	kind, ok := s.cloud.Types[token]
	if !ok || kind.Foreign || s.inputs[token] == nil {
		return "", Type{}, s.notKnown("resource type " + token)
	}
	return token, kind, nil
}

// Check fills in defaults and the name, and refuses inputs that the service would refuse whatever is in the cloud.
func (s *server) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	urn := req.GetUrn()
	token, kind, err := s.kind(urn)
	if err != nil {
		return nil, err
	}
	inputs, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", urn, err)
	}
	old, err := decode(req.GetOlds())
	if err != nil {
		return nil, fmt.Errorf("reading the old inputs of %s: %w", urn, err)
	}
	delete(inputs, defaultsKey)
	response := &pulumirpc.CheckResponse{Failures: s.misspelled(token, inputs)}
	fail := func(property, format string, arguments ...any) {
		response.Failures = append(response.Failures, &pulumirpc.CheckFailure{
			Property: property, Reason: fmt.Sprintf(format, arguments...),
		})
	}
	for _, key := range slices.Sorted(maps.Keys(s.inputs[token])) {
		if s.inputs[token][key] && !inputs.HasValue(resource.PropertyKey(key)) {
			fail(key, "must be set: %s needs it", token)
		}
	}
	if err := kind.assignName(inputs, old, req); err != nil {
		fail(kind.Auto, "%v", err)
	}
	addDefaults(inputs, kind.Defaults)
	given := plainMap(inputs)
	for _, rule := range kind.Texts {
		for _, value := range lookup(given, rule.Path) {
			if text := written(value); value != (unknown{}) {
				if fault := rule.fault(text); fault != "" {
					fail(rule.Path, "%s", fault)
				}
			}
		}
	}
	for _, path := range kind.Policies {
		for _, text := range texts(given, path) {
			if err := checkPolicy(text); err != nil {
				fail(path, "%v", err)
			}
		}
	}
	response.Inputs, err = encode(inputs)
	return response, err
}

// fault says what is wrong with a value; empty: nothing.
func (t Text) fault(value string) string {
	length := utf8.RuneCountInString(value)
	rule := ""
	switch {
	case t.Max > 0 && length > t.Max:
		rule = fmt.Sprintf("must be at most %d characters long, got %d", t.Max, length)
	case length < t.Min:
		rule = fmt.Sprintf("must be at least %d characters long, got %d", t.Min, length)
	case t.Pattern != "" && !whole(t.Pattern, value):
		rule = "must match " + t.Pattern
	case len(t.Words) > 0 && !slices.Contains(t.Words, value):
		rule = "must be one of " + strings.Join(t.Words, ", ")
	default:
		return ""
	}
	if t.Fault != "" {
		rule = say(t.Fault, "value", value)
	}
	return fmt.Sprintf("%s: got %q", rule, value)
}

// assignName gives a resource the name that it had, or its logical name and seven hexadecimal digits, where the program
// gives none: https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming.
func (t Type) assignName(inputs, old resource.PropertyMap, req *pulumirpc.CheckRequest) error {
	key := resource.PropertyKey(t.Auto)
	if t.Auto == "" || inputs.HasValue(key) || inputs.HasValue(key+"Prefix") {
		return nil
	}
	inputs[defaultsKey] = resource.NewArrayProperty([]resource.PropertyValue{resource.NewStringProperty(t.Auto)})
	if chosen(old, t.Auto) && old.HasValue(key) {
		inputs[key] = old[key]
		return nil
	}
	longest := 0
	prefix := ""
	for _, rule := range t.Texts {
		if rule.Path == t.Auto {
			longest = rule.Max
			prefix, _, _ = strings.Cut(rule.Pattern, "/")
			if !strings.Contains(rule.Pattern, "/") || strings.ContainsAny(prefix, `[(^\`) {
				prefix = ""
			} else {
				prefix += "/"
			}
		}
	}
	name, err := resource.NewUniqueName(req.GetRandomSeed(), prefix+resource.URN(req.GetUrn()).Name()+"-", 7, longest, nil)
	if err != nil {
		return err
	}
	inputs[key] = resource.NewStringProperty(name)
	return nil
}

// chosen reports whether the provider chose an input, and not the program.
func chosen(inputs resource.PropertyMap, key string) bool {
	list := inputs[defaultsKey]
	return list.IsArray() && slices.ContainsFunc(list.ArrayValue(), func(v resource.PropertyValue) bool {
		return v.IsString() && v.StringValue() == key
	})
}

func addDefaults(inputs resource.PropertyMap, defaults Object) {
	for key, v := range defaults {
		before, given := inputs[resource.PropertyKey(key)]
		inner, nested := v.(Object)
		switch {
		case !given:
			inputs[resource.PropertyKey(key)] = property(clone(v))
		case nested && before.IsObject():
			addDefaults(before.ObjectValue(), inner)
		}
	}
}
