package config

// App is one application: a container that serves, in as many pods as it takes. Replicas is nil exactly where
// Autoscaling is not.
type App struct {
	// Image is the container image, always with a tag; with a digest on prod.
	Image string `json:"image" required:"true"`
	// Namespace is where it is: an entry of `namespaces`. The databases that it uses are in the same one.
	Namespace string `json:"namespace" absent:"the stack's own"`
	// Replicas is the number of pods. Not together with autoscaling, which decides it instead.
	Replicas *int `json:"replicas,omitempty" tier:"dev=1 staging=2 prod=3"`
	// User is the numeric user that the container runs as, its group and the group of its volumes.
	User *int64 `json:"user,omitempty" absent:"the image's own numeric user"`
	// Command replaces the image's entrypoint.
	Command []string `json:"command"`
	// Args are the arguments of the command.
	Args []string `json:"args"`
	// Server is the application server inside, which is told its number of workers.
	Server Server `json:"server" default:""`
	// Workers is the number of the server's workers. 0: twice the cores of the CPU limit, and one.
	Workers int `json:"workers" default:"0"`
	// Ports are the ports that the app listens on; the first is the main one.
	Ports []Port `json:"ports"`
	// Probes tell whether the app is well: by an HTTP request or by a command.
	Probes Probes `json:"probes"`
	// Resources are the least and the most that one pod may use.
	Resources Resources `json:"resources"`
	// Env holds environment variables in the clear.
	Env map[string]string `json:"env" key:"VARIABLE"`
	// Secrets holds environment variables with secret values: for each the name of its value, which is in `secretValues`
	// unless `secrets.backend` says otherwise.
	Secrets map[string]string `json:"secrets" key:"VARIABLE"`
	// SecretFiles holds files with secret values, by absolute path: for each the name of its value. Each is alone in its
	// folder, and follows the value without a restart.
	SecretFiles map[string]string `json:"secretFiles" key:"PATH"`
	// Containers are further containers of each pod, by name.
	Containers map[string]Container `json:"containers" key:"CONTAINER"`
	// Jobs are what else the image is run for, with the app's environment, files, network and permissions, by name.
	Jobs map[string]Job `json:"jobs" key:"JOB"`
	// Database is the database that the app uses.
	Database *Bound `json:"database,omitempty" absent:"no database"`
	// Migration runs before a new version of the app does.
	Migration *Migration `json:"migration,omitempty" absent:"no migration"`
	// AfterMigration runs statements in the app's database once it is migrated, before the app is rolled out.
	AfterMigration *AfterMigration `json:"afterMigration,omitempty" absent:"no statements"`
	// Bucket is the bucket that the app uses.
	Bucket *BucketUse `json:"bucket,omitempty" absent:"no bucket"`
	// Files holds files by absolute path: their content, mounted read-only. Nothing secret.
	Files map[string]string `json:"files" key:"PATH"`
	// Writable lists the absolute paths of folders that are writable, and empty at the start. `/tmp` is always one.
	Writable []string `json:"writable"`
	// Autoscaling changes the number of pods with their load.
	Autoscaling *Autoscaling `json:"autoscaling,omitempty" absent:"no autoscaling"`
	// Disruption limits how many pods may be taken away at once, by the drain of a node for example.
	Disruption Disruption `json:"disruption"`
	// Strategy is how a new version takes the old one's place: `RollingUpdate` replaces one pod after another, each new
	// one ready before an old one goes; `Recreate` ends all old ones first, for what must not run twice.
	Strategy Strategy `json:"strategy" default:"RollingUpdate"`
	// Edge names variables that tell the app what the edge knows of it.
	Edge EdgeVariables `json:"edge"`
	// Canary is another version beside the one that serves, which gets a share of the requests that come by the edge or
	// the proxy.
	Canary *Canary `json:"canary,omitempty" absent:"no canary"`
	// Placement says where the pods run.
	Placement Placement `json:"placement"`
	// API is what the app may do with the cluster's API.
	API *API `json:"api,omitempty" absent:"nothing, and its pods have no token"`
	// Metrics are what the app offers to Prometheus; where that is, `monitoring` says.
	Metrics *AppMetrics `json:"metrics,omitempty" absent:"no metrics"`
	// Waivers are what the image really cannot do, each with the reason: `render` prints them, and the objects carry
	// them.
	Waivers Waivers `json:"waivers"`
	// From lists the apps that may call this one's ports. Nobody else inside the cluster may.
	From []string `json:"from"`
	// Public lets any client, inside and outside of the cluster, call the main port.
	Public bool `json:"public" default:"false"`
	// Egress lists what the app may reach outside of the cluster. Nothing else can be reached.
	Egress []Egress `json:"egress"`
	// Grace is how long a pod may take to stop, in seconds, the drain included.
	Grace int `json:"grace" default:"30"`
	// Drain is how long a pod that is to stop goes on serving, in seconds, until nobody calls it any more.
	Drain int `json:"drain" default:"5"`
	// RolloutTimeout is how long a rollout may take until it has failed, in seconds. The old pods go on serving.
	RolloutTimeout int `json:"rolloutTimeout" default:"300"`
}

// Server is an application server whose number of workers is set from the CPU limit.
type Server string

// The servers. NoServer is anything that sets its workers itself.
const (
	NoServer Server = ""
	Gunicorn Server = "gunicorn"
	Uvicorn  Server = "uvicorn"
	Granian  Server = "granian"
)

// Values lists every server.
func (Server) Values() []string {
	return []string{string(NoServer), string(Gunicorn), string(Uvicorn), string(Granian)}
}

// Port is a port that an app listens on. The protocol is TCP.
type Port struct {
	// Name is the port's name, by which probes refer to it.
	Name string `json:"name" required:"true"`
	// Container is the number that the container listens on.
	Container int `json:"container" required:"true"`
	// Service is the number that callers use.
	Service int `json:"service" absent:"the same as container"`
}

// Probes tell whether an app is well. A probe that is nil is not made.
type Probes struct {
	// Readiness takes a pod out of service for as long as it fails.
	Readiness *Probe `json:"readiness,omitempty" absent:"no probe"`
	// Liveness restarts a container when it fails.
	Liveness *Probe `json:"liveness,omitempty" absent:"no probe"`
	// Startup holds the other probes back until it has succeeded once.
	Startup *Probe `json:"startup,omitempty" absent:"no probe"`
}

// Probe asks a container whether it is well, either by a request or by a command.
type Probe struct {
	// Path is the path of an HTTP GET request; a status from 200 to 399 is a success.
	Path string `json:"path,omitempty"`
	// Port is the name of the port that the request goes to.
	Port string `json:"port,omitempty" absent:"the main port"`
	// Command is run in the container; exit status 0 is a success.
	Command []string `json:"command,omitempty"`
	// InitialDelay is the time before the first probe, in seconds.
	InitialDelay int `json:"initialDelay" default:"0"`
	// Period is the time between two probes, in seconds.
	Period int `json:"period" default:"10"`
	// Timeout is how long an answer may take, in seconds.
	Timeout int `json:"timeout" default:"5"`
	// Failures is how many probes in a row must fail.
	Failures int `json:"failures" default:"3"`
}

// Resources are the least and the most that one pod may use.
type Resources struct {
	// Preset stands for what is not said below: `small` is 500m and 256Mi, `medium` 1 core and 512Mi, `large` 2 cores and
	// 1Gi, and of each a half, or less, requested.
	Preset Preset `json:"preset" tier:"dev=small staging=medium prod=large"`
	// Requests is what a node must have free for a pod.
	Requests Requests `json:"requests"`
	// Limits is the most that a pod may use.
	Limits Limits `json:"limits"`
}

// Requests is what a node must have free for a pod. Each is at most its limit.
type Requests struct {
	// CPU is a quantity of cores.
	CPU string `json:"cpu" absent:"the limit, or the preset's where there is none"`
	// Memory is a quantity of bytes.
	Memory string `json:"memory" absent:"the limit, or the preset's where there is none"`
	// EphemeralStorage is a quantity of bytes on the node's disk.
	EphemeralStorage string `json:"ephemeralStorage" absent:"the limit, or the preset's where there is none"`
}

// Limits is the most that a pod may use.
type Limits struct {
	// CPU is a quantity of cores; a pod that wants more is slowed down.
	CPU string `json:"cpu" absent:"the preset's"`
	// Memory is a quantity of bytes; a pod that takes more is killed.
	Memory string `json:"memory" absent:"the preset's"`
	// EphemeralStorage is a quantity of bytes on the node's disk; a pod that takes more is evicted.
	EphemeralStorage string `json:"ephemeralStorage" absent:"the preset's"`
}

// Autoscaling changes the number of an app's pods with their load.
type Autoscaling struct {
	// Min is the least number of pods.
	Min int `json:"min" tier:"dev=1 staging=2 prod=3"`
	// Max is the greatest number of pods.
	Max int `json:"max" required:"true"`
	// CPU is the use of the requested CPU to aim at, in percent.
	CPU int `json:"cpu" default:"70"`
}

// Disruption limits how many of an app's pods may be taken away at once. Exactly one of the two is not nil.
type Disruption struct {
	// MinAvailable is how many pods must stay.
	MinAvailable *int `json:"minAvailable,omitempty" absent:"maxUnavailable decides"`
	// MaxUnavailable is how many pods may be missing.
	MaxUnavailable *int `json:"maxUnavailable,omitempty" absent:"1, unless minAvailable is set"`
}

// Egress is something outside of the cluster that an app may reach. The protocol is TCP.
type Egress struct {
	// CIDR is the range of addresses.
	CIDR string `json:"cidr" required:"true"`
	// Port is the port there.
	Port int `json:"port" required:"true"`
}
