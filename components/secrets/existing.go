package secrets

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Existing finds Secrets that somebody else fills.
type Existing struct {
	// Secrets are their names by workload. One that is not there is named as the other backends name theirs.
	Secrets map[string]string
	// Keys are the Secrets' keys by the names of values, where they differ.
	Keys map[string]string
}

// Secret is a Secret that is there when the pods start. It is not read: its content would end up in the state. A pod
// whose Secret or key is missing does not start, and its events name both.
func (e Existing) Secret(
	ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption,
) (*Reference, error) {
	s, err := begin(ctx, name, args, opts...)
	if err != nil {
		return nil, err
	}
	reference := s.own(cmp.Or(e.Secrets[args.ID.Name], name))
	for value := range reference.Keys {
		reference.Keys[value] = cmp.Or(e.Keys[value], value)
	}
	if reference.Secret == "" {
		return nil, fmt.Errorf("secrets of %s: they have no name", args.ID.Name)
	}
	return s.end(reference)
}
