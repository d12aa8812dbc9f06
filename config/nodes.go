package config

// Nodes is a group of nodes that are alike.
type Nodes struct {
	// Size is a machine in terms that every cloud has, as vCPUs and GiB: `small` is 2 and 8, `medium` 4 and 16, `large`
	// 8 and 32.
	Size Size `json:"size" tier:"dev=small staging=medium prod=large"`
	// Machine is the cloud's own type of machine, instead of size.
	Machine string `json:"machine"`
	// Min is the least number of nodes, over all zones.
	Min int `json:"min" tier:"dev=1 staging=2 prod=3"`
	// Max is the greatest number of nodes, over all zones.
	Max int `json:"max" tier:"dev=3 staging=4 prod=9"`
	// Spot uses spare machines, which are cheap and may be taken away at any time.
	Spot bool `json:"spot" tier:"dev=true staging=false prod=false"`
	// Disk is the size of the boot disk in GiB.
	Disk int `json:"disk" default:"50"`
	// Labels are put on the nodes.
	Labels map[string]string `json:"labels" key:"LABEL"`
	// Taints keep pods away that do not tolerate them.
	Taints []Taint `json:"taints"`
}

// Size is the size of a machine.
type Size string

// The sizes.
const (
	Small  Size = "small"
	Medium Size = "medium"
	Large  Size = "large"
)

// Values lists the sizes.
func (Size) Values() []string { return []string{string(Small), string(Medium), string(Large)} }

// Taint keeps pods away from nodes.
type Taint struct {
	// Key names the taint.
	Key string `json:"key" required:"true"`
	// Value is its value.
	Value string `json:"value"`
	// Effect is what happens to pods that do not tolerate it.
	Effect Effect `json:"effect" required:"true"`
}

// Effect is what a taint does.
type Effect string

// The effects: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/.
const (
	NoSchedule       Effect = "NoSchedule"
	PreferNoSchedule Effect = "PreferNoSchedule"
	NoExecute        Effect = "NoExecute"
)

// Values lists the effects.
func (Effect) Values() []string {
	return []string{string(NoSchedule), string(PreferNoSchedule), string(NoExecute)}
}
