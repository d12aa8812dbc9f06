package config

// Cluster is the cluster that a stack deploys to.
type Cluster struct {
	// Kubeconfig is the path of a kubeconfig file. Empty: the file that `KUBECONFIG` names, else `~/.kube/config`.
	Kubeconfig string `json:"kubeconfig"`
	// Context is the kubeconfig's context to use. Empty: its current one.
	Context string `json:"context"`
	// Identifier is a stable name of the cluster. Changing it says that the cluster is another one, and replaces every
	// resource in it.
	Identifier string `json:"identifier" absent:"plinth/STACK"`
}
