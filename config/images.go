package config

// Images says where images are pulled from.
type Images struct {
	// Mirrors replaces registries: the images of the registry with this host (`docker.io` for names without one) are
	// pulled from this prefix, a host and an optional path, instead.
	Mirrors map[string]string `json:"mirrors" key:"HOST"`
}
