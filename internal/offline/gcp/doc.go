// Package gcp is the table of the simulated Google Cloud: see package simulation beside it for what is simulated and
// why.
//
// What a service says when it refuses is copied from its reference, which each file names, or from what its users
// report. Limits on names are the services' own. Which property replaces a resource is what the plugin's documentation
// says ("Changing this forces a new resource to be created"), https://www.pulumi.com/registry/packages/gcp/.
package gcp
