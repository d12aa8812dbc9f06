package config

// Namespace is the namespace that holds everything of a stack.
type Namespace struct {
	// Name is the namespace's name.
	Name string `json:"name" absent:"plinth-STACK"`
	// Protect makes Pulumi refuse to delete the namespace, and with it everything inside.
	Protect bool `json:"protect" tier:"dev=false staging=false prod=true"`
	// Quota is what everything in the namespace may use together.
	Quota Quota `json:"quota"`
}

// Quota is what everything in a namespace may use together.
type Quota struct {
	// Pods is the greatest number of pods.
	Pods int `json:"pods" tier:"dev=50 staging=100 prod=200"`
	// CPU is the sum of all CPU limits, a quantity of cores.
	CPU string `json:"cpu" tier:"dev=20 staging=40 prod=100"`
	// Memory is the sum of all memory limits, a quantity of bytes.
	Memory string `json:"memory" tier:"dev=40Gi staging=80Gi prod=200Gi"`
	// Storage is the sum of all volume claims, a quantity of bytes.
	Storage string `json:"storage" tier:"dev=100Gi staging=250Gi prod=1Ti"`
}

// FurtherNamespace is one besides the stack's own.
type FurtherNamespace struct {
	// Protect makes Pulumi refuse to delete the namespace, and with it everything inside.
	Protect bool `json:"protect" tier:"dev=false staging=false prod=true"`
	// Quota is what everything in the namespace may use together.
	Quota Quota `json:"quota"`
}
