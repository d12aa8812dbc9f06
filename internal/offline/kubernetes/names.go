package kubernetes

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// metadataOf is the metadata of inputs, to be changed in place; nil where all of it is not known yet. It is made where
// it is absent.
func metadataOf(inputs resource.PropertyMap) resource.PropertyMap {
	v, secret := inputs["metadata"], false
	for v.IsSecret() {
		v, secret = v.SecretValue().Element, true
	}
	if v.IsComputed() || v.IsOutput() {
		return nil
	}
	metadata := resource.PropertyMap{}
	if v.IsObject() {
		metadata = v.ObjectValue().Copy()
	}
	v = resource.NewObjectProperty(metadata)
	if secret {
		v = resource.MakeSecret(v)
	}
	inputs["metadata"] = v
	return metadata
}

// named reports whether metadata holds a name, known or not.
func named(metadata resource.PropertyMap) bool {
	name, ok := metadata["name"]
	return ok && !name.IsNull() && (!name.IsString() || name.StringValue() != "")
}

// assignName names inputs that have no name: as the old inputs were named, if that name was made up here, and else from
// the logical name, or as the engine's autonaming proposes.
func assignName(inputs resource.PropertyMap, old *unstructured.Unstructured, req *pulumirpc.CheckRequest) error {
	metadata := metadataOf(inputs)
	if metadata == nil || named(metadata) {
		return nil
	}
	if _, ok := metadata["generateName"]; ok {
		return fmt.Errorf("metadata.generateName: not supported with server-side apply; leave the name out to have one made")
	}
	name := ""
	switch autonaming := req.GetAutonaming(); {
	case len(req.GetOlds().GetFields()) > 0:
		if !isAutonamed(old) {
			return nil
		}
		name = old.GetName()
	case autonaming == nil:
		made, err := resource.NewUniqueName(req.GetRandomSeed(), resource.URN(req.GetUrn()).Name()+"-", 8, 0, nil)
		if err != nil {
			return fmt.Errorf("naming %s: %w", req.GetUrn(), err)
		}
		name = made
	case autonaming.GetMode() == pulumirpc.CheckRequest_AutonamingOptions_DISABLE:
		return fmt.Errorf("metadata.name: must be set, because the project's autonaming is disabled")
	default:
		name = autonaming.GetProposedName()
	}
	metadata["name"] = resource.NewStringProperty(name)
	annotations := resource.PropertyMap{}
	if v := metadata["annotations"]; v.IsObject() {
		annotations = v.ObjectValue().Copy()
	} else if v.IsSecret() || v.IsComputed() || v.IsOutput() {
		return nil
	}
	annotations[autonamedKey] = resource.NewStringProperty("true")
	metadata["annotations"] = resource.NewObjectProperty(annotations)
	return nil
}

// isAutonamed reports whether a name was made up here.
func isAutonamed(o *unstructured.Unstructured) bool {
	return annotated(o, autonamedKey)
}

// identity is an object's id in state: its name, after its namespace where it has one.
func identity(o *unstructured.Unstructured) string {
	if o.GetNamespace() == "" {
		return o.GetName()
	}
	return o.GetNamespace() + "/" + o.GetName()
}

// parseIdentity is the reverse of identity.
func parseIdentity(id string) (namespace, name string, err error) {
	before, after, found := strings.Cut(id, "/")
	switch {
	case !found && id != "":
		return "", id, nil
	case found && before != "" && after != "" && !strings.Contains(after, "/"):
		return before, after, nil
	}
	return "", "", fmt.Errorf("id %q: must be NAME, or NAMESPACE/NAME", id)
}

// kindOf reads the kind off a resource's type: kubernetes:GROUP/VERSION:KIND, where the core group is "core".
func kindOf(urn string) (schema.GroupVersionKind, error) {
	token := string(resource.URN(urn).Type())
	parts := strings.Split(token, ":")
	if len(parts) == 3 && parts[0] == "kubernetes" {
		if group, version, ok := strings.Cut(parts[1], "/"); ok {
			if group == "core" {
				group = ""
			}
			kind := parts[2]
			if isPatch(urn, "") {
				kind = strings.TrimSuffix(kind, "Patch")
			}
			return schema.GroupVersionKind{Group: group, Version: version, Kind: kind}, nil
		}
	}
	return schema.GroupVersionKind{}, fmt.Errorf("%s: not the type of an object: kubernetes:GROUP/VERSION:KIND", token)
}
