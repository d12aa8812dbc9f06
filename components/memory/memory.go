// Package memory remembers what was said first about something that cannot become something else: a database's engine,
// a bucket's place.
package memory

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// first is the component that remembers.
type first struct {
	pulumi.ResourceState
}

// First remembers the word that was said first, in the stack's state, and returns it: word itself, where nothing is
// remembered. It is known at once, in a preview too. token is the component's type, name its name, and what is what the
// word is about, as in "engine": an output of the component.
func First(
	ctx *pulumi.Context, token, name, what, word string, opts ...pulumi.ResourceOption,
) (string, error) {
	f := &first{}
	if err := ctx.RegisterComponentResource(token, name, f, opts...); err != nil {
		return "", fmt.Errorf("registering what is remembered as %s: %w", name, err)
	}
	// A stash goes on putting out what it was given first.
	stash, err := pulumi.NewStash(ctx, name+"-first", &pulumi.StashArgs{Input: pulumi.String(word)},
		pulumi.Parent(f), pulumi.IgnoreChanges([]string{"input"}))
	if err != nil {
		return "", fmt.Errorf("remembering %s: %w", name, err)
	}
	// The engine itself answers, out of the state and at once: what is waited for here is always known.
	was, err := internals.UnsafeAwaitOutput(ctx.Context(), stash.Output)
	if err != nil {
		return "", fmt.Errorf("remembering %s: %w", name, err)
	}
	if said, ok := was.Value.(string); ok && said != word {
		return said, nil
	}
	return word, ctx.RegisterResourceOutputs(f, pulumi.Map{what: pulumi.String(word)})
}
