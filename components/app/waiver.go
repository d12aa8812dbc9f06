package app

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Waiver is something that an image cannot do, and that it is therefore spared.
type Waiver string

// The waivers.
const (
	// WritableRoot leaves the root file system writable.
	WritableRoot Waiver = "writableRoot"
	// LowPorts lets the image listen on ports below 1024.
	LowPorts Waiver = "lowPorts"
)

func (a *Args) waives(w Waiver) bool { return a.Waivers[w] != "" }

// waivedPrefix is what the annotations begin with that say what was waived, and why.
const waivedPrefix = "waived.plinth.dev/"

// waived are the waivers as annotations, so that whoever reads the cluster reads the reasons too.
func (a *Args) waived() pulumi.StringMap {
	out := pulumi.StringMap{}
	for waiver, reason := range a.Waivers {
		out[waivedPrefix+string(waiver)] = pulumi.String(reason)
	}
	return out
}
