package eks

import (
	"net"

	"plinth/components/platform"
)

// What follows has no resources of its own, and is tested by value.

// Subnets are the ranges of one zone.
type Subnets struct{ Public, Private, Database *net.IPNet }

// Cut divides a network.
func Cut(block string, zones int) ([]Subnets, error) {
	of, err := cut(block, zones)
	out := make([]Subnets, len(of))
	for i, r := range of {
		out[i] = Subnets{r.public, r.private, r.database}
	}
	return out, err
}

// Physical is the name of an environment's cluster.
func Physical(environment string, generation int) string {
	return (&Cluster{args: &platform.Args{Environment: environment, Generation: generation}}).physical()
}

// RoleName is the name of a role.
func RoleName(environment string, generation int, parts ...string) string {
	return (&Cluster{args: &platform.Args{Environment: environment, Generation: generation}}).roleName(parts...)
}

// The names of functions that tests call.
var (
	RepositoryName = repositoryName
	Image          = image
)
