package secrets

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
)

// Reference is where a workload finds its secret values.
type Reference struct {
	// Secret is the name of a Kubernetes Secret in the workload's namespace.
	Secret string
	// Keys are the Secret's keys, by the name that the workload has for a value.
	Keys map[string]string
	// Revision changes when a value does, as far as the program can know; nil where it cannot.
	Revision pulumi.StringInput
	// Ready is what must be there before the workload: the Secret is filled then.
	Ready []pulumi.Resource
}

// Entry is where one value is.
func (r *Reference) Entry(name string) (binding.SecretRef, error) {
	key, found := r.Keys[name]
	if !found {
		return binding.SecretRef{}, fmt.Errorf("secret %s: there is no value %q, only %v",
			r.Secret, name, slices.Sorted(maps.Keys(r.Keys)))
	}
	return binding.SecretRef{Secret: pulumi.String(r.Secret), Key: key}, nil
}

// At is where a value is whose key in the Secret is known: what the environment has made is under keys of its own
// choice.
func (r *Reference) At(key string) *binding.SecretRef {
	return &binding.SecretRef{Secret: pulumi.String(r.Secret), Key: key}
}

// Binding gives a workload its values: as variables, by the variable's name, and as files, by the file's path.
func (r *Reference) Binding(variables, files map[string]string) (binding.Binding, error) {
	b := binding.Binding{Revision: r.Revision, Ready: r.Ready}
	for _, variable := range slices.Sorted(maps.Keys(variables)) {
		entry, err := r.Entry(variables[variable])
		if err != nil {
			return binding.Binding{}, fmt.Errorf("variable %s: %w", variable, err)
		}
		b.Env = append(b.Env, binding.Variable{Name: variable, Secret: &entry})
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		entry, err := r.Entry(files[path])
		if err != nil {
			return binding.Binding{}, fmt.Errorf("file %s: %w", path, err)
		}
		b.Files = append(b.Files, binding.File{Path: path, Secret: entry})
	}
	return b, nil
}
