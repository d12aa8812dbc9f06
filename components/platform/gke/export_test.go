package gke

import "plinth/components/platform"

// PerZone is how many nodes a group begins with in each zone.
var PerZone = perZone

// Physical is the name of the cluster in the project.
func Physical(args *platform.Args) string { return (&Cluster{args: args}).physical() }

// Label is a key or value as labels take it.
var Label = label
