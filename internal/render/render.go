package render

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/internal/record"
)

// Options say what is rendered, and where to.
type Options struct {
	// Stack and its configuration. Of a secret key, only the structure of the value matters. Outputs must be nil.
	Stack record.Options
	// Only are the types of components: nothing but what they consist of becomes a manifest, the rest is among the other
	// resources. Empty: everything does.
	Only []string
	// Dir is the folder to write to; it is made when it is missing.
	Dir string
	// Draw turns text in the d2 language into an SVG picture: see [Drawing].
	Draw func(ctx context.Context, text string) ([]byte, error)
}

// Result is what was written.
type Result struct {
	// Manifests are the paths of the Kubernetes manifests below Dir, in apply order.
	Manifests []string
	// Others counts the resources in resources.json.
	Others int
	// Placeholders that stand in the manifests, sorted.
	Placeholders []string
}

// The files of a rendering, below its folder.
const (
	manifestFolder = "kubernetes"
	resourcesFile  = "resources.json"
	graphFile      = "graph.svg"
)

// Render runs a program and writes what it would create: see the package's comment. The same program and configuration
// make the same bytes. Files of an earlier rendering that are no more part of it are removed, others are left alone. On
// an error nothing is written; it holds every fault, a line each.
func Render(ctx context.Context, o Options, program pulumi.RunFunc) (*Result, error) {
	first, second, err := observe(ctx, o.Stack, program)
	if err != nil {
		return nil, err
	}
	r := &renderer{only: o.Only, first: first, second: map[string]*record.Resource{}, used: map[string]bool{}}
	for _, resource := range second.Resources {
		r.second[string(resource.URN)] = resource
	}
	files, result := map[string][]byte{}, &Result{}
	manifests, others, err := r.manifests()
	if err != nil {
		return nil, err
	}
	// Three digits, or as many as it takes for the names to sort in apply order.
	digits := max(3, len(fmt.Sprint(len(manifests))))
	for i, m := range manifests {
		path := fmt.Sprintf("%s/%0*d-%s.yaml", manifestFolder, digits, i+1, m.name)
		files[path] = m.text
		result.Manifests = append(result.Manifests, path)
	}
	result.Placeholders = slices.Sorted(maps.Keys(r.used))
	result.Others = len(others)
	if files[resourcesFile], err = r.resources(others); err != nil {
		return nil, err
	}
	if files[graphFile], err = o.Draw(ctx, graph(first)); err != nil {
		return nil, fmt.Errorf("drawing stack %s: %w", o.Stack.Stack, err)
	}
	return result, write(o.Dir, files)
}

// renderer holds both runs of the program.
type renderer struct {
	only  []string
	first *record.Recording
	// second run by URN.
	second map[string]*record.Resource
	// used are the placeholders in the manifests.
	used map[string]bool
}

// twin is the same resource in the second run; an empty one where that run has none.
func (r *renderer) twin(of *record.Resource) *record.Resource {
	if twin, ok := r.second[string(of.URN)]; ok {
		return twin
	}
	return &record.Resource{}
}

// asked tells whether a resource is a part of a component of one of the types that are asked for.
func (r *renderer) asked(of *record.Resource) bool {
	for at := of; at != nil; at = r.first.Get(at.Parent) {
		if slices.Contains(r.only, string(at.Type)) {
			return true
		}
	}
	return len(r.only) == 0
}

// isManifest tells what becomes a Kubernetes manifest: what says its own apiVersion and kind, patches of objects that
// others made among them. Releases of charts and the like do not.
func isManifest(r *record.Resource) bool {
	return r.Custom && !r.Read && strings.HasPrefix(string(r.Type), "kubernetes:") && kind(r) != "" &&
		text(r.Inputs["apiVersion"]) != ""
}

// faults joins errors of one rendering under a headline.
func faults(all []error) error {
	if len(all) == 0 {
		return nil
	}
	return fmt.Errorf("rendering resources:\n%w", errors.Join(all...))
}
