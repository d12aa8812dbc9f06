package config

// GitOps hands the objects of apps, proxy and edge over to Argo CD: the stack makes everything else (cluster,
// namespaces, secrets, databases, buckets, identities) and an Application that leads to a folder of a Git repository.
// What `plinth render` writes belongs there.
type GitOps struct {
	// Repository is its URL. Empty: the stack makes all objects itself.
	Repository string `json:"repository"`
	// Path is the folder with the objects: the one called kubernetes of what `plinth render` writes.
	Path string `json:"path"`
	// Revision is a branch, a tag or a commit.
	Revision string `json:"revision" default:"HEAD"`
	// Namespace is Argo CD's own.
	Namespace string `json:"namespace" default:"argocd"`
	// Project is one of Argo CD's.
	Project string `json:"project" default:"default"`
	// Server is the cluster's API server, as Argo CD knows it.
	Server string `json:"server" default:"https://kubernetes.default.svc"`
	// Prune deletes what is no more in the folder.
	Prune bool `json:"prune" default:"true"`
	// SelfHeal puts right what somebody else has changed.
	SelfHeal bool `json:"selfHeal" default:"true"`
	// Await waits until Argo CD says that everything is healthy.
	Await bool `json:"await" default:"true"`
	// Timeout is how long that may take, in seconds.
	Timeout int `json:"timeout" default:"600"`
}

// HandsOver says whether somebody else makes the objects of apps, proxy and edge.
func (g *GitOps) HandsOver() bool { return g.Repository != "" }
