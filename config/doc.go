// Package config is the configuration of a stack: the one list of its keys with their types, defaults and descriptions,
// the strict decoder that reads it, and the rules on its values.
//
// The types of this package are the list. A field is a key; its doc comment is the key's description; its tags say the
// rest, each fact once:
//
//	json      the key's name
//	default   the value that an absent key has
//	tier      the same, where the tier decides: "dev=1 staging=2 prod=3"
//	absent    in words, for the key table, what an absent key means where another value decides (see defaults.go)
//	entry     of a map: the name of the one entry, with its own defaults, that an absent key means
//	required  that an absent key is a fault
//	key       what the keys of a map are called in the key table
//
// Pulumi.yaml's config block, the JSON Schema for editors and the key table of the README are generated from them
// (go run ./config/generate).
//
// A value that is absent becomes its default; a value that is wrong is a fault. All faults of a configuration are
// reported together, in one [Error], sorted by path.
package config
