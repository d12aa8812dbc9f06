package config

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// maxFiles is how many bytes the files of an app may have together: the API server takes no larger ConfigMap
// (k8s.io/kubernetes/pkg/apis/core, MaxSecretSize, which it uses for both).
const maxFiles = 1 << 20

// mounts: files and writable folders, at places in a container that do not get in each other's way.
func (c *checker) mounts(appPath, _ string, a *App) {
	size := 0
	taken := []string{alwaysWritable}
	for _, file := range slices.Sorted(maps.Keys(a.Files)) {
		size += len(a.Files[file])
		taken = c.place(at(appPath, "files", file), file, taken)
	}
	if b := a.Bucket; b != nil && b.Settings == SettingsInFile && c.sound(at(appPath, "bucket", "file")) {
		taken = c.place(at(appPath, "bucket", "file"), b.File, taken)
	}
	c.check(at(appPath, "files"), size <= maxFiles, "must have at most %d bytes together, got %d", maxFiles, size)
	for i, folder := range a.Writable {
		if i != slices.Index(a.Writable, alwaysWritable) {
			taken = c.place(index(at(appPath, "writable"), i), folder, taken)
		}
	}
}

// place: an absolute path where something can be mounted, apart from what is mounted elsewhere.
func (c *checker) place(key, place string, taken []string) []string {
	c.check(key, path.IsAbs(place) && place == path.Clean(place) && place != "/",
		"must be an absolute path without . or .. or a slash at its end, got %s", quoted(place))
	c.check(key, !strings.ContainsAny(place, ":\x00"), "must not contain a colon, got %s", quoted(place))
	for _, system := range []string{"/proc", "/sys", "/dev"} {
		c.check(key, !within(place, system), "must not be in %s, which belongs to the system, got %s", system,
			quoted(place))
	}
	for _, other := range taken {
		c.check(key, !within(place, other) && !within(other, place), "must not overlap with %s, got %s", quoted(other),
			quoted(place))
	}
	if !c.sound(key) {
		return taken
	}
	return append(taken, place)
}

// within says whether a path is a folder or inside it.
func within(place, folder string) bool {
	return place == folder || strings.HasPrefix(place, folder+"/")
}
