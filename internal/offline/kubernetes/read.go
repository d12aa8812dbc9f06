package kubernetes

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Read finds what became of an object, for a refresh, an import by id (NAMESPACE/NAME, or NAME) or a get. The id of one
// that is gone is empty.
func (s *server) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	urn := req.GetUrn()
	if isRelease(urn) {
		return s.readRelease(ctx, req)
	}
	if reason := refusedType(urn); reason != "" {
		return nil, failed("%s", reason)
	}
	before, err := decode(req.GetProperties())
	if err != nil {
		return nil, fmt.Errorf("reading the state of %s: %w", urn, err)
	}
	inputs, err := decode(req.GetInputs())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", urn, err)
	}
	hidden := newRedactor(inputs)
	ctx, done := s.operation(ctx, urn, hidden)
	defer done()
	c, err := s.connect(ctx)
	switch {
	case err == nil:
	case s.settings.deleteUnreachable:
		s.host.warn(ctx, urn, fmt.Sprintf("forgotten, because deleteUnreachable is set: %v", err))
		return &pulumirpc.ReadResponse{}, nil
	case s.settings.skipUpdateUnreachable:
		s.host.warn(ctx, urn, fmt.Sprintf("left as it is, because skipUpdateUnreachable is set: %v", err))
		return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: req.GetProperties(), Inputs: req.GetInputs()}, nil
	default:
		return nil, failed("reading %s: %w", req.GetId(), err)
	}
	sought, err := soughtObject(req, object(inputs))
	if err != nil {
		return nil, failed("reading %s: %w", urn, err)
	}
	live, err := c.read(ctx, sought)
	if absent(err) {
		return &pulumirpc.ReadResponse{}, nil
	}
	if err != nil {
		return nil, operationError("reading", sought, err)
	}

	_, last := remembered(before)
	imported := len(inputs) == 0
	if imported {
		inputs = importedInputs(live)
	} else {
		inputs = drifted(inputs, last, live)
	}
	manager := managerOf(before)
	if manager == "" {
		if manager, err = newManager(live); err != nil {
			return nil, err
		}
	}
	properties, err := encode(state(inputs, live, manager))
	if err != nil {
		return nil, fmt.Errorf("writing the state of %s: %w", urn, err)
	}
	encoded, err := encode(inputs)
	if err != nil {
		return nil, fmt.Errorf("writing the inputs of %s: %w", urn, err)
	}
	if !imported {
		if err := s.look(ctx, c, object(inputs), live); err != nil {
			return nil, initFailed(req.GetId(), properties, encoded,
				hidden.texts(reasons(describe(live)+" is not ready", err)))
		}
	}
	return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: properties, Inputs: encoded}, nil
}

// soughtObject names the object that a read is for: by its inputs, else by its id and type.
func soughtObject(req *pulumirpc.ReadRequest, inputs *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	namespace, name, err := parseIdentity(req.GetId())
	if err != nil {
		return nil, err
	}
	kind := inputs.GroupVersionKind()
	if kind.Kind == "" {
		if kind, err = kindOf(req.GetUrn()); err != nil {
			return nil, err
		}
	}
	sought := &unstructured.Unstructured{Object: map[string]any{}}
	sought.SetGroupVersionKind(kind)
	sought.SetName(name)
	sought.SetNamespace(namespace)
	return sought, nil
}

// importedInputs are the inputs that would have made an object.
func importedInputs(live *unstructured.Unstructured) resource.PropertyMap {
	o := object(propertyMap(live.Object))
	delete(o.Object, "status")
	unstructured.RemoveNestedField(o.Object, "metadata", "annotations", "deployment.kubernetes.io/revision")
	unstructured.RemoveNestedField(o.Object, "metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")
	inputs := propertyMap(o.Object)
	if o.GetKind() == "Secret" && o.GetAPIVersion() == "v1" {
		if data, ok := inputs["data"]; ok {
			inputs["data"] = resource.MakeSecret(data)
		}
	}
	return inputs
}

// drifted is a copy of inputs in which everything that somebody changed since the last operation is as it is now. What
// the API server wrote differently from the start, such as 1000m as 1, is no change.
func drifted(inputs resource.PropertyMap, last, live *unstructured.Unstructured) resource.PropertyMap {
	result := make(resource.PropertyMap, len(inputs))
	for key, v := range inputs {
		if key == "stringData" && live.GetKind() == "Secret" {
			result[key] = driftedText(v, last, live)
			continue
		}
		name := string(key)
		if now := drift(v, last.Object[name], live.Object[name]); !now.IsNull() {
			result[key] = now
		}
	}
	return result
}

// drift is an input as it is now; null where it is gone.
func drift(input resource.PropertyValue, last, live any) resource.PropertyValue {
	switch {
	case equal(last, live) || last == nil:
		return input
	case input.IsSecret():
		return resource.MakeSecret(drift(input.SecretValue().Element, last, live))
	case input.IsObject():
		lastMap, _ := last.(map[string]any)
		liveMap, ok := live.(map[string]any)
		if !ok {
			break
		}
		result := make(resource.PropertyMap, len(input.ObjectValue()))
		for key, v := range input.ObjectValue() {
			if now := drift(v, lastMap[string(key)], liveMap[string(key)]); !now.IsNull() {
				result[key] = now
			}
		}
		return resource.NewObjectProperty(result)
	case input.IsArray():
		lastList, _ := last.([]any)
		liveList, _ := live.([]any)
		if elements := input.ArrayValue(); len(elements) == len(lastList) && len(elements) == len(liveList) {
			result := make([]resource.PropertyValue, len(elements))
			for i, v := range elements {
				result[i] = drift(v, lastList[i], liveList[i])
			}
			return resource.NewArrayProperty(result)
		}
	}
	if input.ContainsSecrets() {
		return resource.MakeSecret(property(live))
	}
	return property(live)
}

// driftedText is drift for the stringData of a Secret, which the API server keeps as data.
func driftedText(input resource.PropertyValue, last, live *unstructured.Unstructured) resource.PropertyValue {
	if input.IsSecret() {
		return resource.MakeSecret(driftedText(input.SecretValue().Element, last, live))
	}
	if !input.IsObject() {
		return input
	}
	result := make(resource.PropertyMap, len(input.ObjectValue()))
	for key, v := range input.ObjectValue() {
		before, now := text(last.Object, "data", string(key)), text(live.Object, "data", string(key))
		if before == now || before == "" {
			result[key] = v
			continue
		}
		if value, err := base64.StdEncoding.DecodeString(now); err == nil && now != "" {
			result[key] = resource.MakeSecret(resource.NewStringProperty(string(value)))
		}
	}
	return resource.NewObjectProperty(result)
}
