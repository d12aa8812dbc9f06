package config

import (
	_ "embed" // For parameterLines.
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// parameterLines lists the parameters of Postgres that can be set, each with the first and the last major version that
// knows it: those of 15 from the server's own list (pg_settings), and what has changed since from the release notes,
// https://www.postgresql.org/docs/release/. Older names that a version still takes are in it.
//
//go:embed parameters.txt
var parameterLines string

// The major versions of Postgres whose parameters are known.
const oldestPostgres, newestPostgres = 15, 18

// postgresTag is how tags of the official image begin.
var postgresTag = regexp.MustCompile(`^([0-9]+)([.-]|$)`)

// postgresVersion is the major version that an image's tag tells of; 0 where it does not, or tells of one that is not
// known here.
func postgresVersion(image string) int {
	match := postgresTag.FindStringSubmatch(tagOf(image))
	if match == nil {
		return 0
	}
	version, err := strconv.Atoi(match[1])
	if err != nil || version < oldestPostgres || version > newestPostgres {
		return 0
	}
	return version
}

// parameters returns the names of the parameters that a version knows; with 0 those that any does.
func parameters(version int) []string {
	known := map[string]bool{}
	for line := range strings.Lines(parameterLines) {
		fields := strings.Fields(line)
		first, last := fields[1], fields[2]
		if version == 0 || first <= strconv.Itoa(version) && strconv.Itoa(version) <= last {
			known[fields[0]] = true
		}
	}
	return slices.Sorted(maps.Keys(known))
}

// settings: parameters that the server knows, and none that Plinth answers for. Of extensions, whose parameters have a
// dot in their names, the server itself takes any.
func (c *checker) settings(path string, version int, settings map[string]string) {
	known := parameters(version)
	server := "PostgreSQL"
	if version > 0 {
		server += " " + strconv.Itoa(version)
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		here := at(path, name)
		switch {
		case !parameter.MatchString(name):
			c.add(here, "must be the name of a parameter in lower case, such as work_mem, got %s", quoted(name))
		case slices.Contains(managed, name):
			c.add(here, "must not be set here, because replication depends on what it is set to already")
		case !strings.Contains(name, ".") && !slices.Contains(known, name):
			hint := ""
			if near := nearest(name, known); near != "" {
				hint = ": did you mean " + near + "?"
			}
			c.add(here, "%s has no such parameter%s", server, hint)
		}
	}
}
