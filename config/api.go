package config

// API is what an app may do with the cluster's API: a Role in its namespace and a token. The way to the API server is
// opened where `cluster.apiServers` says.
type API struct {
	// Rules are what it may do.
	Rules []APIRule `json:"rules"`
}

// APIRule permits verbs on resources of the namespace.
type APIRule struct {
	// Groups are API groups. Empty: the core one.
	Groups []string `json:"groups"`
	// Resources are kinds in the plural, such as `configmaps`.
	Resources []string `json:"resources"`
	// Verbs are what is permitted, such as `get` and `list`.
	Verbs []string `json:"verbs"`
	// Names are the objects. Empty: all.
	Names []string `json:"names"`
}
