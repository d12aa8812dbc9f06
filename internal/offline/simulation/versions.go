package simulation

import (
	"strconv"
	"strings"
)

// Minor is the minor version of Kubernetes in a version like 1.35 or 1.35.2-gke.1; 0 where there is none.
func Minor(version string) int {
	_, rest, _ := strings.Cut(version, ".")
	text, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}
