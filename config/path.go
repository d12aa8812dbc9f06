package config

import (
	"fmt"
	"regexp"
)

// plainKey is a key that needs no quotes in a path.
var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// at returns the path of a key below a path, through any keys between: apps.web, files["/etc/web.json"].
func at(path string, keys ...string) string {
	for _, key := range keys {
		switch {
		case !plainKey.MatchString(key):
			path = fmt.Sprintf("%s[%q]", path, key)
		case path == "":
			path = key
		default:
			path += "." + key
		}
	}
	return path
}

// index returns the path of an element below a path: ports[0].
func index(path string, i int) string {
	return fmt.Sprintf("%s[%d]", path, i)
}
