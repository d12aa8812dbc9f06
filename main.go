// Plinth deploys one environment per stack: see README.md. This is the program that a stock "pulumi up" runs.
package main

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/eks"
	"plinth/components/platform/gke"
	"plinth/environment"
)

func main() {
	var keys []string
	pulumi.Run(
		environment.Program(func() []string { return keys }, eks.Platform{}, gke.Platform{}),
		func(info *pulumi.RunInfo) { keys = slices.Sorted(maps.Keys(info.Config)) },
	)
}
