package render

import (
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"sigs.k8s.io/yaml"

	"plinth/internal/record"
)

// notInPath is what the name of a file should not hold.
var notInPath = regexp.MustCompile(`[^a-z0-9.-]+`)

// manifest is one Kubernetes object.
type manifest struct {
	// name is kind-name, fit for a path.
	name string
	text []byte
}

// kind of a Kubernetes resource; empty for others.
func kind(r *record.Resource) string { return text(r.Inputs["kind"]) }

// objectName is metadata.name where it is plain.
func objectName(r *record.Resource) string {
	if metadata, _ := bare(r.Inputs["metadata"]); metadata.IsObject() {
		return text(metadata.ObjectValue()["name"])
	}
	return ""
}

// rank puts what is no manifest first, so that nothing waits for it, then namespaces and definitions of resources.
func rank(r *record.Resource) int {
	switch {
	case !isManifest(r):
		return 0
	case r.Type == "kubernetes:core/v1:Namespace":
		return 1
	case kind(r) == "CustomResourceDefinition":
		return 2
	default:
		return 3
	}
}

// manifests returns the Kubernetes manifests in apply order, and the other resources.
func (r *renderer) manifests() (made []manifest, others []*record.Resource, err error) {
	var all []error
	for _, of := range r.first.OrderedBy(rank) {
		switch {
		case of.Type == resource.RootStackType:
		case !isManifest(of), !r.asked(of):
			others = append(others, of)
		default:
			m, found := r.manifest(of)
			made = append(made, m)
			all = append(all, found...)
		}
	}
	return made, others, faults(all)
}

// manifest renders one object; on faults, what comes back is of no use.
func (r *renderer) manifest(of *record.Resource) (manifest, []error) {
	read := &reader{of: of, strict: true, used: r.used}
	first, second := maps.Clone(of.Inputs), maps.Clone(r.twin(of).Inputs)
	var values map[string]any
	if kind(of) == "Secret" {
		values = read.secretValues(first, second)
		for _, field := range []resource.PropertyKey{"data", "stringData"} {
			delete(first, field)
			delete(second, field)
		}
	}
	object, _ := read.value(sight{
		first: resource.NewProperty(first), second: resource.NewProperty(second), typ: of.InputType,
	}).(map[string]any)
	if len(values) > 0 {
		object["stringData"] = values
	}
	metadata, _ := object["metadata"].(map[string]any)
	withoutEngine(metadata)
	name, _ := metadata["name"].(string)
	if name == "" && len(read.faults) == 0 {
		read.refuse(sight{path: "metadata.name"}, "is not set, and a manifest needs it: set metadata.name")
	}
	out, err := yaml.Marshal(object)
	if err != nil {
		read.faults = append(read.faults, fmt.Errorf("%s: writing YAML: %w", of.Label(), err))
	}
	return manifest{name: notInPath.ReplaceAllString(strings.ToLower(kind(of)+"-"+name), "-"), text: out}, read.faults
}

// withoutEngine removes the annotations that tell Pulumi how to go about an object.
func withoutEngine(metadata map[string]any) {
	annotations, _ := metadata["annotations"].(map[string]any)
	maps.DeleteFunc(annotations, func(key string, _ any) bool { return strings.HasPrefix(key, "pulumi.com/") })
	if len(annotations) == 0 {
		delete(metadata, "annotations")
	}
}

// secretValues renders the values of a Secret, whether they are secret to Pulumi or not, as they would stand under
// stringData.
func (r *reader) secretValues(first, second resource.PropertyMap) map[string]any {
	values := map[string]any{}
	for _, field := range []resource.PropertyKey{"data", "stringData"} {
		s := sight{first: first[field], second: second[field], secret: true, typ: nil, path: string(field)}
		s.first, _ = bare(s.first)
		s.second, _ = bare(s.second)
		if s.first.IsNull() {
			continue
		}
		if field == "data" && s.second.IsObject() {
			s.second = decoded(s.second.ObjectValue())
		}
		shown, ok := r.value(s).(map[string]any)
		if !ok {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(shown)) {
			values[key] = shown[key]
		}
	}
	return values
}

// decoded takes the base64 off the values of data, so that placeholders in them can be seen.
func decoded(data resource.PropertyMap) resource.PropertyValue {
	out := resource.PropertyMap{}
	for key, value := range data {
		value, _ = bare(value)
		if plain, err := base64.StdEncoding.DecodeString(text(value)); err == nil && value.IsString() {
			value = resource.NewProperty(string(plain))
		}
		out[key] = value
	}
	return resource.NewProperty(out)
}
