package simulation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Diff compares the new inputs to the old ones, which after a refresh hold what somebody else changed.
func (s *server) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	_, kind, err := s.kind(req.GetUrn())
	if err != nil {
		return nil, err
	}
	old, err := decode(req.GetOldInputs())
	if err != nil {
		return nil, fmt.Errorf("reading the old inputs of %s: %w", req.GetUrn(), err)
	}
	now, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	ignored := make([]resource.PropertyPath, 0, len(req.GetIgnoreChanges()))
	for _, text := range req.GetIgnoreChanges() {
		path, err := resource.ParsePropertyPath(text)
		if err != nil {
			return nil, fmt.Errorf("ignoreChanges %q is no property path: %w", text, err)
		}
		ignored = append(ignored, path)
	}
	response := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_NONE, DetailedDiff: map[string]*pulumirpc.PropertyDiff{}, HasDetailedDiff: true,
	}
	for _, c := range changes(nil, plainMap(old), plainMap(now)) {
		if slices.ContainsFunc(ignored, func(p resource.PropertyPath) bool { return p.Contains(c.path) }) {
			continue
		}
		text := c.path.String()
		if c.replaces(kind.Replace) {
			c.kind++ // ADD is followed by ADD_REPLACE, and so are the others.
			response.Replaces = append(response.Replaces, text)
		}
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		response.DetailedDiff[text] = &pulumirpc.PropertyDiff{Kind: c.kind, InputDiff: true}
	}
	slices.Sort(response.Replaces)
	// As the plugins do: one that has a name of the program's choice cannot stand beside the one that it replaces.
	key := resource.PropertyKey(kind.Auto)
	response.DeleteBeforeReplace = len(response.Replaces) > 0 && now.HasValue(key) && !chosen(now, kind.Auto) &&
		!now[key].ContainsUnknowns() && same(plain(old[key]), plain(now[key]))
	return response, nil
}

// change is one difference between two sets of inputs.
type change struct {
	path resource.PropertyPath
	kind pulumirpc.PropertyDiff_Kind
	// leaves are the paths, as the table writes them, of what was added or removed with it.
	leaves []string
}

// changes lists the differences, down to the innermost key; lists are compared as wholes.
func changes(path resource.PropertyPath, old, now Object) []change {
	var found []change
	keys := maps.Clone(old)
	maps.Copy(keys, now)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		before, was := old[key]
		after, is := now[key]
		at := append(slices.Clone(path), key)
		inner, nested := before.(Object)
		if outer, ok := after.(Object); ok && nested {
			found = append(found, changes(at, inner, outer)...)
			continue
		}
		c := change{path: at, kind: pulumirpc.PropertyDiff_UPDATE}
		switch {
		case same(before, after) && !hasUnknown(after):
			continue
		case !was:
			c.kind = pulumirpc.PropertyDiff_ADD
		case !is:
			c.kind = pulumirpc.PropertyDiff_DELETE
		}
		c.leaves = append(leaves(at, before), leaves(at, after)...)
		found = append(found, c)
	}
	return found
}

// leaves are the paths of the innermost keys under v.
func leaves(path resource.PropertyPath, v any) []string {
	if o, ok := v.(Object); ok && len(o) > 0 {
		var found []string
		for key, e := range o {
			found = append(found, leaves(append(slices.Clone(path), key), e)...)
		}
		return found
	}
	keys := make([]string, len(path))
	for i, key := range path {
		keys[i] = fmt.Sprint(key)
	}
	return []string{strings.Join(keys, ".")}
}

// replaces reports whether a change cannot be made to the resource that exists.
func (c change) replaces(paths []string) bool {
	return slices.ContainsFunc(c.leaves, func(leaf string) bool {
		return slices.ContainsFunc(paths, func(path string) bool {
			return leaf == path || strings.HasPrefix(leaf, path+".")
		})
	})
}
