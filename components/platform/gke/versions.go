package gke

import (
	"fmt"
	"slices"
	"strings"
)

// minors are the minor versions of Kubernetes that this package is known to go with. Everything that runs in a cluster
// of Google's own, from DNS to the storage driver, comes with that version: there is nothing else to pin. The patch is
// the release channel's. The version is a least one: a channel moves a cluster on before its minor version is out of
// support, which is no difference to what is configured, and a lower version never takes it back.
// https://cloud.google.com/kubernetes-engine/docs/release-schedule.
func minors() []string { return []string{"1.34", "1.35"} }

func checkVersion(version string) error {
	if slices.Contains(minors(), version) {
		return nil
	}
	return fmt.Errorf("version %q of Kubernetes: want one of %s", version, strings.Join(minors(), ", "))
}
