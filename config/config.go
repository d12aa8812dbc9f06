package config

// Project is the name of the Pulumi project, and so the namespace of its configuration keys.
const Project = "plinth"

// Config is the configuration of one stack: checked, and with every default filled in.
type Config struct {
	// Stack is the stack that the configuration belongs to. It is no key: the name of its file says it.
	Stack string `json:"-"`

	// Tier sets the defaults that differ between environments, and what is refused there: `latest` as a tag outside
	// dev, an image without a digest on prod.
	Tier Tier `json:"tier" required:"true"`
	// Cloud says where the cluster comes from: `existing` is a cluster that somebody else looks after.
	Cloud Cloud `json:"cloud" default:"existing"`
	// Cluster says which cluster to deploy to.
	Cluster Cluster `json:"cluster"`
	// Namespace is the namespace that holds everything of the stack.
	Namespace Namespace `json:"namespace"`
	// Apps holds the applications by name. The name is part of the name of everything that is made for one.
	Apps map[string]App `json:"apps" key:"APP"`
	// Databases holds the databases by name.
	Databases map[string]Database `json:"databases" key:"DATABASE"`
	// Proxy is the reverse proxy in front of the apps.
	Proxy Proxy `json:"proxy"`
	// Images says where images are pulled from.
	Images Images `json:"images"`
	// SecretValues is the one place of secret values, by a name that other sections refer to. Each value is encrypted
	// (`pulumi config set --secret --path plinth:secretValues.NAME`).
	SecretValues map[string]Secret `json:"secretValues" key:"NAME"`
}

// Secret is a secret value. It prints as a placeholder: converting it to a string is the only way to see it.
type Secret string

// placeholder is what stands for a secret value wherever one would be printed.
const placeholder = "[secret]"

// String returns the placeholder.
func (Secret) String() string { return placeholder }

// GoString returns the placeholder.
func (Secret) GoString() string { return placeholder }

// MarshalText returns the placeholder.
func (Secret) MarshalText() ([]byte, error) { return []byte(placeholder), nil }
