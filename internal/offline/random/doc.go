// Package random stands in for the random plugin of Pulumi (pulumi-random v4) where that is not installed: a gRPC
// server in this process that the engine attaches to. Its values come from the operating system's random source, are
// made once, when a resource is created, and are kept in state under the plugin's property names; so the plugin can
// take the state over. Passwords and bytes are secret.
//
// Every input replaces the resource when it changes, as the plugin documents (keepers: "Arbitrary map of values that,
// when changed, will trigger recreation of resource").
//
// It departs from the plugin in one thing: the id of RandomBytes is not its value, which would be in plain text.
//
// It refuses by name: imports, the input seed (its values are not random), functions, and types that it does not know.
package random
