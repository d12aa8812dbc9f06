package render

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/internal/record"
)

// entry is a resource in resources.json.
type entry struct {
	Type string `json:"type"`
	Name string `json:"name"`
	URN  string `json:"urn"`
	// Parent is empty below the stack itself.
	Parent       string         `json:"parent,omitempty"`
	Provider     string         `json:"provider,omitempty"`
	Inputs       map[string]any `json:"inputs"`
	Dependencies []resource.URN `json:"dependencies"`
}

// resources renders what is no Kubernetes manifest, by type and name. Nothing there is meant to be applied, so whatever
// is unknown or secret is a placeholder, numbers too.
func (r *renderer) resources(others []*record.Resource) ([]byte, error) {
	entries := make([]entry, 0, len(others))
	for _, of := range others {
		read := &reader{of: of}
		inputs, _ := read.value(sight{
			first: resource.NewProperty(of.Inputs), second: resource.NewProperty(r.twin(of).Inputs),
		}).(map[string]any)
		if err := faults(read.faults); err != nil {
			return nil, err
		}
		made := entry{
			Type: string(of.Type), Name: of.Name, URN: string(of.URN), Provider: string(of.ProviderURN()),
			Inputs: inputs, Dependencies: of.Dependencies,
		}
		if of.Parent.Type() != resource.RootStackType {
			made.Parent = string(of.Parent)
		}
		entries = append(entries, made)
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name), cmp.Compare(a.URN, b.URN))
	})
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(entries); err != nil {
		return nil, fmt.Errorf("writing %s: %w", resourcesFile, err)
	}
	return out.Bytes(), nil
}
