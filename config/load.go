package config

import (
	"reflect"
	"slices"
	"strings"
)

// Load decodes and checks the configuration of a stack.
//
// raw holds every key of the stack as Pulumi hands it to a program: the JSON text of a structure, the bare text of a
// scalar, under keys such as "plinth:apps". Keys of other namespaces are left alone. secretKeys lists the keys that
// hold an encrypted value.
//
// An error is always an *[Error] that holds every fault; no fault's text holds a secret value.
func Load(stack string, raw map[string]string, secretKeys []string) (*Config, error) {
	config := &Config{Stack: stack}
	d := &decoder{config: config, faults: faults{}, absent: map[string]bool{}, undecided: map[string]bool{}}
	d.fields("", sections(raw, secretKeys, d.faults), reflect.ValueOf(config).Elem())
	completeDefaults(config, d.absent)

	c := &checker{Config: config, decoder: d, encrypted: slices.Contains(secretKeys, Project+":"+secretSection)}
	c.all()
	if err := c.err(stack); err != nil {
		return nil, err
	}
	slices.Sort(config.Warnings)
	return config, nil
}

// secretSection is the one section whose values are secret.
const secretSection = "secretValues"

// sections returns the project's own sections as generic values. One that is encrypted and should not be is a fault,
// and left out, so that nothing can be said about its content.
func sections(raw map[string]string, secretKeys []string, f faults) map[string]any {
	values := map[string]any{}
	for key, text := range raw {
		name, found := strings.CutPrefix(key, Project+":")
		if !found {
			continue
		}
		if name != secretSection && known(reflect.TypeFor[Config](), name) && slices.Contains(secretKeys, key) {
			f.add(name, "must not be encrypted: put the secret in %s and refer to it by name", secretSection)
			continue
		}
		values[name] = sectionValue(name, text)
	}
	return values
}

// sectionValue returns the value of a section. A section of a scalar type is bare text, every other is JSON; a key with
// nothing behind it reads as no text.
func sectionValue(name, text string) any {
	if field, found := fieldOf(reflect.TypeFor[Config](), name); found && field.Type.Kind() == reflect.String {
		return text
	}
	if text == "" {
		return nil
	}
	value, err := parseJSON(text)
	if err != nil {
		return text
	}
	return value
}
