package config

// Waivers are what an image really cannot do: for each the reason, a sentence.
type Waivers struct {
	// WritableRoot leaves the root file system writable. Try `writable` first.
	WritableRoot string `json:"writableRoot" absent:"it is read-only"`
	// LowPorts lets the image listen on ports below 1024.
	LowPorts string `json:"lowPorts" absent:"it may not"`
}

// Container is a further container of an app's pods.
type Container struct {
	// Image is its image, always with a tag; with a digest on prod.
	Image string `json:"image" required:"true"`
	// As says when it runs: `sidecar` is beside the app, from before it starts until after it stops; `first` runs to its
	// end before the app starts.
	As ContainerRole `json:"as" required:"true"`
	// Command replaces the image's entrypoint.
	Command []string `json:"command"`
	// Args are the arguments of the command.
	Args []string `json:"args"`
	// Env holds environment variables in the clear.
	Env map[string]string `json:"env" key:"VARIABLE"`
	// Inherit gives it the app's environment and files.
	Inherit bool `json:"inherit" default:"false"`
	// Writable lists folders of its own that it may write to. `/tmp` is always one.
	Writable []string `json:"writable"`
	// Shares lists folders of the app's `writable` that it may write to as well.
	Shares []string `json:"shares"`
	// Resources are the least and the most that it may use.
	Resources Resources `json:"resources"`
}

// ContainerRole says when a further container runs.
type ContainerRole string

// The roles.
const (
	SidecarContainer ContainerRole = "sidecar"
	FirstContainer   ContainerRole = "first"
)

// Values lists the roles.
func (ContainerRole) Values() []string {
	return []string{string(SidecarContainer), string(FirstContainer)}
}

// Job is what else an app's image is run for.
type Job struct {
	// Command replaces the image's entrypoint.
	Command []string `json:"command"`
	// Args are the arguments of the command.
	Args []string `json:"args"`
	// Schedule is when, in UTC and as cron writes it: minute, hour, day of the month, month and day of the week.
	Schedule string `json:"schedule" absent:"once for each version, when that serves"`
	// Overlap is what becomes of a run that is due while the one before goes on: `Forbid` skips it, `Replace` ends the one
	// before, `Allow` runs both.
	Overlap Overlap `json:"overlap" default:"Forbid"`
	// Timeout is how long a run may take, in seconds.
	Timeout int `json:"timeout" default:"3600"`
	// Retries is how often a run that failed is tried again.
	Retries int `json:"retries" default:"2"`
	// Resources are the least and the most that a run may use.
	Resources *Resources `json:"resources,omitempty" absent:"those of the app"`
}

// Overlap is what becomes of a run that is due while the one before goes on.
type Overlap string

// What can become of it.
const (
	OverlapForbid  Overlap = "Forbid"
	OverlapReplace Overlap = "Replace"
	OverlapAllow   Overlap = "Allow"
)

// Values lists them.
func (Overlap) Values() []string {
	return []string{string(OverlapForbid), string(OverlapReplace), string(OverlapAllow)}
}
