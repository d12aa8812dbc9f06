// Package aws is the table of the simulated AWS: see package simulation beside it for what is simulated and why.
//
// What a service says when it refuses is copied from its API reference, which each file names, or from what its users
// report. Limits on names are the services' own. Which property replaces a resource is what the plugin's documentation
// says ("Forces new resource"), https://www.pulumi.com/registry/packages/aws/.
package aws
