package database

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// Engine remembers what a database was made with, for as long as there is one of its name: no engine reads the data of
// another, and what takes the place of a server must not take its data with it.
//
// What is remembered is in the state. So a preview knows it, without asking a cluster.
type Engine struct {
	pulumi.ResourceState
}

// Keep refuses another engine than the one that the database of this name was made with. It returns before anything of
// the database is registered: what is refused changes nothing.
func Keep(ctx *pulumi.Context, database, engine string, opts ...pulumi.ResourceOption) error {
	name := database + "-engine"
	e := &Engine{}
	if err := ctx.RegisterComponentResource("plinth:database:Engine", name, e, opts...); err != nil {
		return fmt.Errorf("registering the engine of database %s: %w", database, err)
	}
	// A stash goes on putting out what it was given first.
	stash, err := pulumi.NewStash(ctx, name+"-first", &pulumi.StashArgs{Input: pulumi.String(engine)},
		pulumi.Parent(e), pulumi.IgnoreChanges([]string{"input"}))
	if err != nil {
		return fmt.Errorf("remembering the engine of database %s: %w", database, err)
	}
	// The engine itself answers, out of the state and at once: what is waited for here is always known.
	first, err := internals.UnsafeAwaitOutput(ctx.Context(), stash.Output)
	if err != nil {
		return fmt.Errorf("remembering the engine of database %s: %w", database, err)
	}
	if err := same(database, first.Value, engine); err != nil {
		return err
	}
	return ctx.RegisterResourceOutputs(e, pulumi.Map{"engine": pulumi.String(engine)})
}

// same is nil unless the database was made with another engine.
func same(database string, was any, engine string) error {
	if was == nil || was == engine {
		return nil
	}
	return fmt.Errorf("databases.%[1]s.engine: the database was made with %[2]v and holds data, which %[3]s cannot read. "+
		"To move it: add a database under another name with the engine %[3]s; copy the data there; give the apps "+
		"its name in place of %[1]s; and take %[1]s out when nothing uses it any more", database, was, engine)
}
