package config

// Cluster is the cluster that a stack deploys to: one that exists, or one of the stack's own.
type Cluster struct {
	// Kubeconfig is the path of the kubeconfig file of a cluster that exists. Empty: the file that `KUBECONFIG` names,
	// else `~/.kube/config`.
	Kubeconfig string `json:"kubeconfig"`
	// Context is the kubeconfig's context to use. Empty: its current one.
	Context string `json:"context"`
	// Stack is another stack, as ORGANIZATION/PROJECT/STACK, whose cluster is used: it must be deployed, and export
	// `kubeconfig`, `clusterIdentifier` and `storageClass`, as a stack with a cloud does.
	Stack string `json:"stack"`
	// Identifier is a stable name of the cluster. Changing it says that the cluster is another one, and replaces every
	// resource in it.
	Identifier string `json:"identifier" absent:"plinth/STACK, with the cloud and the generation where it has one"`

	// APIServers are where pods that use the cluster's API reach it: a network policy cannot name the API server. The
	// addresses are those behind the Service `kubernetes` (`kubectl get endpointslices -n default`).
	APIServers []Egress `json:"apiServers" absent:"with a cloud, the network and port 443"`

	// Version is the minor version of Kubernetes.
	Version KubernetesVersion `json:"version" default:"1.35"`
	// Generation replaces the cluster, and everything in it, when it is raised.
	Generation int `json:"generation" default:"1"`
	// Endpoint says who reaches the API server.
	Endpoint Endpoint `json:"endpoint"`
	// Nodes are groups of nodes by name.
	Nodes map[string]Nodes `json:"nodes" key:"GROUP" entry:"main" absent:"one group, main"`
	// OwnKey encrypts secrets, disks and logs with a key of the stack's own, instead of the cloud's.
	OwnKey bool `json:"ownKey" tier:"dev=false staging=true prod=true"`
	// LogRetention is how many days logs are kept.
	LogRetention int `json:"logRetention" tier:"dev=7 staging=30 prod=365"`
	// Protect makes Pulumi and the cloud refuse to delete the cluster, and what else is protected with it.
	Protect bool `json:"protect" tier:"dev=false staging=false prod=true"`
	// Retain keeps, when the stack is destroyed, what holds data or reads them: keys and logs.
	Retain bool `json:"retain" tier:"dev=false staging=false prod=true"`
	// Repositories are the names of image repositories to make.
	Repositories []string `json:"repositories"`
	// MaintenanceStart is the hour of the day (UTC) at which a cloud that maintains clusters by itself may begin.
	MaintenanceStart int `json:"maintenanceStart" default:"3"`
}

// KubernetesVersion is a minor version of Kubernetes: one that the versions of addons are pinned for.
type KubernetesVersion string

// Values lists the versions.
func (KubernetesVersion) Values() []string { return []string{"1.34", "1.35"} }

// Endpoint is the address of the API server.
type Endpoint struct {
	// Public gives it a public address besides the private one, which is always there.
	Public bool `json:"public" tier:"dev=true staging=true prod=false"`
	// CIDRs are the ranges that may use the public address. There must be one where it is public.
	CIDRs []string `json:"cidrs"`
}
