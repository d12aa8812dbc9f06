package workload

import (
	"strings"

	"github.com/distribution/reference"
)

// Images resolves image references: the one place where a mirror takes an original's place.
type Images struct {
	// Mirrors maps a registry's host (docker.io, ghcr.io) to the prefix that replaces it (registry.example.com/docker).
	Mirrors map[string]string
}

// Resolve is ref with its registry written out and replaced by its mirror, if there is one. A reference that does not
// parse is returned as it is: configuration refuses it before.
func (i Images) Resolve(ref string) string {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ref
	}
	host := reference.Domain(named)
	mirror, ok := i.Mirrors[host]
	if !ok {
		return named.String()
	}
	return strings.TrimSuffix(mirror, "/") + strings.TrimPrefix(named.String(), host)
}
