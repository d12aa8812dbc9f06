package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"plinth/config"
)

// projectBlock is the config block of Pulumi.yaml: the sections alone, because its schema knows no maps. Every section
// has a default, so that a missing one is reported by the program, together with all other faults. None is declared
// secret: the engine would refuse the default of the secret values, which is not encrypted; the program checks it.
func projectBlock(root section) (string, error) {
	var block strings.Builder
	for _, s := range root.below {
		description, err := json.Marshal(s.description)
		if err != nil {
			return "", err
		}
		kind, absent := "object", "{}"
		if s.goType.Kind() == reflect.String {
			kind, absent = "string", fmt.Sprintf("%q", s.tag.Get("default"))
		}
		fmt.Fprintf(&block, "  %s:%s:\n    type: %s\n    description: %s\n    default: %s\n", config.Project, s.name,
			kind, description, absent)
	}
	return block.String(), nil
}
