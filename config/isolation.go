package config

// Priority says who goes first when nodes are full: pods of a lower one wait, and make room.
type Priority struct {
	// Value orders priorities: the greater one goes first. A pod without any has the cluster's default, mostly 0.
	Value int `json:"value" required:"true"`
	// Preempts takes pods of a lower priority away from full nodes, rather than wait.
	Preempts bool `json:"preempts" default:"true"`
	// Description says what it is for.
	Description string `json:"description"`
}

// Admission is what the API server itself refuses in the stack's namespaces, whoever asks.
type Admission struct {
	// Digests refuses pods with an image without a digest.
	Digests bool `json:"digests" tier:"dev=false staging=false prod=true"`
	// Registries lists what images may be pulled from: hosts, with a path or without. Empty: any.
	Registries []string `json:"registries"`
}
