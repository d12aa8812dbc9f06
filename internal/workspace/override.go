package workspace

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3" // It keeps what it does not change as it is written.
)

// override sets values in the configuration of a stack's file. Everything else stays as it is written.
func override(file []byte, values map[string]string) ([]byte, error) {
	if len(values) == 0 {
		return file, nil
	}
	var document yaml.Node
	if err := yaml.Unmarshal(file, &document); err != nil {
		return nil, err
	}
	if document.Kind == 0 {
		document = yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{{Kind: yaml.MappingNode}}}
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: want an object", root.Line)
	}
	config := entry(root, "config")
	if config.Kind != yaml.MappingNode {
		*config = yaml.Node{Kind: yaml.MappingNode}
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		short := strings.TrimPrefix(key, Name+":")
		name := key
		if !has(config, key) && has(config, short) {
			name = short // Pulumi reads a key without a namespace as the project's.
		}
		*entry(config, name) = yaml.Node{Kind: yaml.ScalarNode, Value: values[key]}
	}
	return yaml.Marshal(&document)
}

// has says whether an object has a key.
func has(object *yaml.Node, key string) bool {
	for i := 0; i+1 < len(object.Content); i += 2 {
		if object.Content[i].Value == key {
			return true
		}
	}
	return false
}

// entry returns the value of a key in an object, a new one where there is none.
func entry(object *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(object.Content); i += 2 {
		if object.Content[i].Value == key {
			return object.Content[i+1]
		}
	}
	value := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
	object.Content = append(object.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
	return value
}
