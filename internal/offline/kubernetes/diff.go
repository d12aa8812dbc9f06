package kubernetes

import (
	"context"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// change is one difference between two sets of inputs.
type change struct {
	path resource.PropertyPath
	kind pulumirpc.PropertyDiff_Kind
	// leaves are the paths of everything that was added or removed with it.
	leaves []resource.PropertyPath
}

// changes lists the differences, down to the innermost. Lists are compared by position.
func changes(path resource.PropertyPath, old, now any) []change {
	if oldMap, ok := old.(map[string]any); ok {
		if nowMap, ok := now.(map[string]any); ok {
			return mapChanges(path, oldMap, nowMap)
		}
	}
	if oldList, ok := old.([]any); ok {
		if nowList, ok := now.([]any); ok {
			return listChanges(path, oldList, nowList)
		}
	}
	if _, ok := now.(unknown); !ok && equal(old, now) {
		return nil
	}
	return []change{{path, pulumirpc.PropertyDiff_UPDATE, append(leaves(path, old), leaves(path, now)...)}}
}

func mapChanges(path resource.PropertyPath, old, now map[string]any) []change {
	var found []change
	for key, v := range now {
		at := extend(path, key)
		if before, ok := old[key]; ok {
			found = append(found, changes(at, before, v)...)
		} else {
			found = append(found, change{at, pulumirpc.PropertyDiff_ADD, leaves(at, v)})
		}
	}
	for key, v := range old {
		if _, ok := now[key]; !ok {
			at := extend(path, key)
			found = append(found, change{at, pulumirpc.PropertyDiff_DELETE, leaves(at, v)})
		}
	}
	return found
}

func listChanges(path resource.PropertyPath, old, now []any) []change {
	var found []change
	for i := range max(len(old), len(now)) {
		at := extend(path, i)
		switch {
		case i >= len(old):
			found = append(found, change{at, pulumirpc.PropertyDiff_ADD, leaves(at, now[i])})
		case i >= len(now):
			found = append(found, change{at, pulumirpc.PropertyDiff_DELETE, leaves(at, old[i])})
		default:
			found = append(found, changes(at, old[i], now[i])...)
		}
	}
	return found
}

// leaves are the paths of the innermost values under v.
func leaves(path resource.PropertyPath, v any) []resource.PropertyPath {
	var paths []resource.PropertyPath
	switch v := v.(type) {
	case map[string]any:
		for key, e := range v {
			paths = append(paths, leaves(extend(path, key), e)...)
		}
	case []any:
		for i, e := range v {
			paths = append(paths, leaves(extend(path, i), e)...)
		}
	}
	if len(paths) == 0 {
		return []resource.PropertyPath{path}
	}
	return paths
}

func extend(path resource.PropertyPath, key any) resource.PropertyPath {
	return append(slices.Clone(path), key)
}

// replaces reports whether a change cannot be made to the object that exists.
func (c change) replaces(fields []string) bool {
	return slices.ContainsFunc(c.leaves, func(leaf resource.PropertyPath) bool {
		return slices.ContainsFunc(fields, func(field string) bool { return covers(field, leaf) })
	})
}

// Diff compares the new inputs to the old ones, which after a refresh hold what somebody else changed.
func (s *server) Diff(ctx context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	if isRelease(req.GetUrn()) {
		return diffRelease(req)
	}
	before, err := decode(req.GetOlds())
	if err != nil {
		return nil, fmt.Errorf("reading the state of %s: %w", req.GetUrn(), err)
	}
	oldInputs, err := decode(req.GetOldInputs())
	if err != nil {
		return nil, fmt.Errorf("reading the old inputs of %s: %w", req.GetUrn(), err)
	}
	newInputs, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	kept, live := remembered(before)
	if len(oldInputs) == 0 {
		oldInputs = kept
	}
	old, now := object(oldInputs), object(newInputs)
	s.alignNamespaces(ctx, old, now)

	fields := []string{"metadata.name", "metadata.namespace"}
	if !isPatch(req.GetUrn(), now.GetKind()) {
		fields = append(fields, immutable(now, s.settings)...)
		if old.Object["immutable"] == true {
			fields = append(fields, immutable(old, s.settings)...)
		}
	}
	ignored, err := parsePaths(req.GetIgnoreChanges())
	if err != nil {
		return nil, err
	}

	response := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_NONE, DetailedDiff: map[string]*pulumirpc.PropertyDiff{}, HasDetailedDiff: true,
	}
	for _, c := range mapChanges(nil, old.Object, now.Object) {
		if slices.ContainsFunc(ignored, func(p resource.PropertyPath) bool { return p.Contains(c.path) }) {
			continue
		}
		kind := c.kind
		path := c.path.String()
		if c.replaces(fields) {
			kind = asReplace(kind)
			response.Replaces = append(response.Replaces, path)
		}
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		response.DetailedDiff[path] = &pulumirpc.PropertyDiff{Kind: kind, InputDiff: true}
	}
	if s.unreadyJob(ctx, req.GetUrn(), now, live) {
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		response.Replaces = append(response.Replaces, `metadata.annotations["`+replaceUnreadyKey+`"]`)
	}
	slices.Sort(response.Replaces)
	// An object of the same name cannot stand beside the one that it replaces, unless the name is free to change.
	response.DeleteBeforeReplace = len(response.Replaces) > 0 && now.GetName() != "" && !isAutonamed(now) &&
		now.GetName() == live.GetName() && now.GetNamespace() == live.GetNamespace()
	return response, nil
}

// alignNamespaces makes an absent namespace equal to the default one, and drops it where the kind has none: inputs of a
// custom resource may have been checked before its definition was there.
func (s *server) alignNamespaces(ctx context.Context, objects ...*unstructured.Unstructured) {
	for _, o := range objects {
		metadata, ok := o.Object["metadata"].(map[string]any)
		if !ok {
			continue
		}
		if !s.namespaced(ctx, o.GroupVersionKind()) {
			delete(metadata, "namespace")
		} else if metadata["namespace"] == nil {
			metadata["namespace"] = "default"
		}
	}
}

// unreadyJob reports whether a Job asks to be replaced because it has not completed (pulumi.com/replaceUnready).
func (s *server) unreadyJob(ctx context.Context, urn string, now, live *unstructured.Unstructured) bool {
	if !annotated(now, replaceUnreadyKey) {
		return false
	}
	if now.GetKind() != "Job" {
		s.host.warn(ctx, urn, replaceUnreadyKey+" has no meaning for "+now.GetKind()+": only a Job is replaced")
		return false
	}
	c, err := s.connect(ctx)
	if err != nil {
		return false
	}
	current, err := c.read(ctx, live)
	return err == nil && !jobCompleted(current)
}

func asReplace(kind pulumirpc.PropertyDiff_Kind) pulumirpc.PropertyDiff_Kind {
	switch kind {
	case pulumirpc.PropertyDiff_ADD, pulumirpc.PropertyDiff_ADD_REPLACE:
		return pulumirpc.PropertyDiff_ADD_REPLACE
	case pulumirpc.PropertyDiff_DELETE, pulumirpc.PropertyDiff_DELETE_REPLACE:
		return pulumirpc.PropertyDiff_DELETE_REPLACE
	case pulumirpc.PropertyDiff_UPDATE, pulumirpc.PropertyDiff_UPDATE_REPLACE:
		return pulumirpc.PropertyDiff_UPDATE_REPLACE
	}
	return kind
}

func parsePaths(texts []string) ([]resource.PropertyPath, error) {
	paths := make([]resource.PropertyPath, len(texts))
	for i, t := range texts {
		path, err := resource.ParsePropertyPath(t)
		if err != nil {
			return nil, fmt.Errorf("ignoreChanges %q is no property path: %w", t, err)
		}
		paths[i] = path
	}
	return paths, nil
}
