package kubernetes

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Check gives an object its name and its namespace, and refuses types that are not objects.
func (s *server) Check(ctx context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	urn := req.GetUrn()
	if isRelease(urn) {
		return checkRelease(req)
	}
	if reason := refusedType(urn); reason != "" {
		return nil, failed("%s", reason)
	}
	if s.settings.skipUpdateUnreachable && len(req.GetOlds().GetFields()) > 0 {
		if _, err := s.connect(ctx); err != nil {
			s.host.warn(ctx, urn, fmt.Sprintf("left as it is, because skipUpdateUnreachable is set: %v", err))
			return &pulumirpc.CheckResponse{Inputs: req.GetOlds()}, nil
		}
	}
	old, err := decode(req.GetOlds())
	if err != nil {
		return nil, fmt.Errorf("reading the old inputs of %s: %w", urn, err)
	}
	inputs, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", urn, err)
	}
	given := object(inputs)
	kind, err := kindOf(urn)
	if err != nil {
		return nil, failed("%w", err)
	}
	if isPatch(urn, given.GetKind()) {
		if text(given.Object, "metadata", "name") == "" && !hasUnknown(get(given.Object, "metadata")) {
			return nil, failed("%s: metadata.name must be set: a Patch resource changes an object that exists",
				resource.URN(urn).Name())
		}
	} else if err := assignName(inputs, object(old), req); err != nil {
		return nil, failed("%s: %w", resource.URN(urn).Name(), err)
	}
	s.remember(given)
	s.assignNamespace(ctx, inputs, kind)
	encoded, err := encode(inputs)
	if err != nil {
		return nil, fmt.Errorf("writing the inputs of %s: %w", urn, err)
	}
	return &pulumirpc.CheckResponse{Inputs: encoded}, nil
}

// refusedType says why a resource type cannot be had here; empty where it can.
func refusedType(urn string) string {
	token := string(resource.URN(urn).Type())
	module, kind := "", token
	if parts := strings.Split(token, ":"); len(parts) == 3 {
		module, kind = parts[1], parts[2]
	}
	group, _, _ := strings.Cut(module, "/")
	switch {
	case group == "helm.sh" || group == "yaml" || group == "kustomize":
		return fmt.Sprintf("%s: not supported by this stand-in of the kubernetes plugin; install the plugin, or declare the "+
			"objects", token)
	case strings.HasSuffix(kind, "List") && (group == "core" || isBuiltIn(group)):
		return fmt.Sprintf("%s: a list is no object; declare its items one by one", token)
	}
	return ""
}

// assignNamespace puts an object without a namespace into the provider's.
func (s *server) assignNamespace(ctx context.Context, inputs resource.PropertyMap, kind schema.GroupVersionKind) {
	if s.namespace == "" || !s.namespaced(ctx, kind) {
		return
	}
	metadata := metadataOf(inputs)
	if metadata == nil {
		return
	}
	if v := metadata["namespace"]; v.IsNull() || v.IsString() && v.StringValue() == "" {
		metadata["namespace"] = resource.NewStringProperty(s.namespace)
	}
}

// remember keeps the scope of a custom kind that this program is to define, for objects of it that are checked before
// the definition is created.
func (s *server) remember(o *unstructured.Unstructured) {
	if o.GetKind() != "CustomResourceDefinition" {
		return
	}
	kind := schema.GroupKind{Group: text(o.Object, "spec", "group"), Kind: text(o.Object, "spec", "names", "kind")}
	if scope := text(o.Object, "spec", "scope"); scope != "" {
		s.definitions.Store(kind, scope)
	}
}
