package config

// Project is the name of the Pulumi project, and so the namespace of its configuration keys.
const Project = "plinth"

// Config is the configuration of one stack: checked, and with every default filled in.
type Config struct {
	// Stack is the stack that the configuration belongs to. It is no key: the name of its file says it.
	Stack string `json:"-"`
	// Warnings are what is allowed here and will not be on prod, a line each, by path.
	Warnings []string `json:"-"`

	// Tier sets the defaults that differ between environments, and what is refused there: `latest` as a tag outside
	// dev, an image without a digest on prod.
	Tier Tier `json:"tier" required:"true"`
	// Cloud says where the cluster comes from: `existing` is a cluster that somebody else looks after; with `aws` and
	// `gcp` the stack has one of its own, on EKS or GKE. What is said of a cloud that is not used is checked, and else
	// left alone: this is the only word that changes between clouds.
	Cloud Cloud `json:"cloud" default:"existing"`
	// AWS says where on Amazon Web Services the stack is.
	AWS AWS `json:"aws"`
	// GCP says where on Google Cloud the stack is.
	GCP GCP `json:"gcp"`
	// Network is the network that the stack gets in its cloud.
	Network Network `json:"network"`
	// Cluster is the cluster that the stack deploys to.
	Cluster Cluster `json:"cluster"`
	// Namespace is the namespace that holds everything of the stack.
	Namespace Namespace `json:"namespace"`
	// Namespaces are further namespaces by name, for what is to be apart: as guarded as the stack's own.
	Namespaces map[string]FurtherNamespace `json:"namespaces" key:"NAMESPACE"`
	// Apps holds the applications by name. The name is part of the name of everything that is made for one.
	Apps map[string]App `json:"apps" key:"APP"`
	// Databases holds the databases by name.
	Databases map[string]Database `json:"databases" key:"DATABASE"`
	// Buckets holds the buckets for objects by name.
	Buckets map[string]Bucket `json:"buckets" key:"BUCKET"`
	// MinIO is the S3 server in the cluster that keeps the buckets with the engine `minio`.
	MinIO MinIO `json:"minio"`
	// Proxy is the reverse proxy in front of the apps.
	Proxy Proxy `json:"proxy"`
	// Edge is how the outside reaches the apps.
	Edge Edge `json:"edge"`
	// Priorities are who goes first when nodes are full, by the name that apps refer to.
	Priorities map[string]Priority `json:"priorities" key:"PRIORITY"`
	// Admission is what the API server itself refuses in the stack's namespaces, whoever asks.
	Admission Admission `json:"admission"`
	// Monitoring says how metrics are gathered in the cluster.
	Monitoring Monitoring `json:"monitoring"`
	// GitOps hands the objects of apps, proxy and edge over to Argo CD.
	GitOps GitOps `json:"gitops"`
	// Images says where images are pulled from.
	Images Images `json:"images"`
	// Secrets says where the secret values of apps live.
	Secrets Secrets `json:"secrets"`
	// Operators holds the operators that the stack installs in the cluster, by name.
	Operators map[string]InstalledOperator `json:"operators" key:"OPERATOR"`
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
