package config

// Strategy is how the pods of a new version take the place of the old ones.
type Strategy string

// The strategies.
const (
	RollingUpdate Strategy = "RollingUpdate"
	Recreate      Strategy = "Recreate"
)

// Values lists the strategies.
func (Strategy) Values() []string { return []string{string(RollingUpdate), string(Recreate)} }

// Canary is another version of an app beside the one that serves.
type Canary struct {
	// Image is the other version.
	Image string `json:"image" required:"true"`
	// Weight is its share of the requests, in percent.
	Weight int `json:"weight" required:"true"`
	// Replicas is the number of its pods.
	Replicas int `json:"replicas" default:"1"`
}

// Placement says where an app's pods run.
type Placement struct {
	// Nodes are labels that a node must have.
	Nodes map[string]string `json:"nodes" key:"LABEL"`
	// Tolerations are the taints that the pods tolerate.
	Tolerations []Toleration `json:"tolerations"`
	// Spread is over zones and nodes: `preferred`, or `required`, where a pod waits rather than stand beside another.
	Spread Spread `json:"spread" default:"preferred"`
	// Priority is the name of an entry of `priorities`: who goes first when nodes are full.
	Priority string `json:"priority" absent:"the cluster's default"`
}

// Toleration is of a taint.
type Toleration struct {
	// Key names the taint.
	Key string `json:"key" required:"true"`
	// Value is the taint's.
	Value string `json:"value" absent:"whatever it is"`
	// Effect is what the taint does.
	Effect Effect `json:"effect" absent:"whatever it does"`
}

// Spread says how much it matters that pods are apart.
type Spread string

// The degrees.
const (
	SpreadPreferred Spread = "preferred"
	SpreadRequired  Spread = "required"
)

// Values lists the degrees.
func (Spread) Values() []string { return []string{string(SpreadPreferred), string(SpreadRequired)} }
