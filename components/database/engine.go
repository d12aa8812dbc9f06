package database

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/memory"
)

// Keep refuses another engine than the one that the database of this name was made with: no engine reads the data of
// another, and what takes the place of a server must not take its data with it. It returns before anything of the
// database is registered: what is refused changes nothing, and a preview refuses it already.
func Keep(ctx *pulumi.Context, database, engine string, opts ...pulumi.ResourceOption) error {
	was, err := memory.First(ctx, "plinth:database:Engine", database+"-engine", "engine", engine, opts...)
	if err != nil {
		return fmt.Errorf("database %s: %w", database, err)
	}
	return same(database, was, engine)
}

// same is nil unless the database was made with another engine.
func same(database, was, engine string) error {
	if was == engine {
		return nil
	}
	return fmt.Errorf("databases.%[1]s.engine: the database was made with %[2]s and holds data, which %[3]s cannot read. "+
		"To move it: add a database under another name with the engine %[3]s; copy the data there; give the apps "+
		"its name in place of %[1]s; and take %[1]s out when nothing uses it any more", database, was, engine)
}
