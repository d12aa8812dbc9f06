// Package eta estimates how long a first up and a destroy of a stack take: the critical path through the graph of its
// resources, with the time that each type of resource has been seen to take.
//
// The times are samples from logs in public repositories, a handful for each type: good for finding out what waits for
// what, and for an hour's plan, not for promises. What has none counts as one call of an API. An engine with as many
// workers as it wants is assumed.
package eta
