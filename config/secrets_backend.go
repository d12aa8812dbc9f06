package config

// Secrets says where the secret values of apps live. Apps refer to a value by its name; everything else of a stack is
// the same for all backends.
type Secrets struct {
	// Backend is where they live: `kubernetes` is `secretValues`, written by Pulumi; `existing` is Secrets that somebody
	// else fills; `sealed` is ciphertext in this file, for the Sealed Secrets controller; `external-secrets` is a store
	// that External Secrets reads; `vault` is HashiCorp Vault, read by Vault Secrets Operator.
	Backend SecretsBackend `json:"backend" default:"kubernetes"`
	// Keys holds, by the name of a value, the key that it has in the backend where that is another.
	Keys map[string]string `json:"keys" key:"NAME"`
	// Refresh is how often an operator looks for changed values.
	Refresh string `json:"refresh" default:"1m"`
	// SigningKeys lists RSA key pairs: `jwt` stands for the values `jwt-private` and `jwt-public`, in PEM. They are made
	// once and kept; with the backend `existing`, whoever fills the Secrets makes them.
	SigningKeys []string `json:"signingKeys"`
	// Generated says where goes what the stack makes for itself, such as passwords of databases, keys of buckets,
	// certificates and signing keys: `backend` is where the values of apps live, written there by Pulumi; `kubernetes` is
	// Secrets that Pulumi writes, with every backend. With the backends `kubernetes` and `existing`, and with the store
	// `managed`, both are the same but for signing keys.
	Generated GeneratedSecrets `json:"generated" default:"backend"`
	// Existing holds the names of the Secrets with the backend `existing`, by app. One that is absent is APP-secrets.
	Existing map[string]string `json:"existing" key:"APP"`
	// Sealed holds the values with the backend `sealed`, by name: what
	// `kubeseal --raw --scope namespace-wide --namespace NAMESPACE` writes.
	Sealed map[string]string `json:"sealed" key:"NAME"`
	// Certificate is that of the Sealed Secrets controller, in PEM, as `kubeseal --fetch-cert` prints it: what the stack
	// makes for itself is sealed with it.
	Certificate string `json:"certificate"`
	// External is the store with the backend `external-secrets`.
	External ExternalSecrets `json:"external"`
	// Vault is the server with the backend `vault`, and with the store `vault`.
	Vault Vault `json:"vault"`
}

// SecretsBackend is where secret values live.
type SecretsBackend string

// The backends.
const (
	KubernetesSecrets SecretsBackend = "kubernetes"
	ExistingSecrets   SecretsBackend = "existing"
	SealedSecrets     SecretsBackend = "sealed"
	ExternalBackend   SecretsBackend = "external-secrets"
	VaultSecrets      SecretsBackend = "vault"
)

// Values lists the backends.
func (SecretsBackend) Values() []string {
	return []string{
		string(KubernetesSecrets), string(ExistingSecrets), string(SealedSecrets), string(ExternalBackend),
		string(VaultSecrets),
	}
}

// GeneratedSecrets is where values go that the stack makes.
type GeneratedSecrets string

// Where they may go.
const (
	GeneratedInBackend    GeneratedSecrets = "backend"
	GeneratedInKubernetes GeneratedSecrets = "kubernetes"
)

// Values lists them.
func (GeneratedSecrets) Values() []string {
	return []string{string(GeneratedInBackend), string(GeneratedInKubernetes)}
}

// ExternalSecrets is a store that External Secrets reads.
type ExternalSecrets struct {
	// Store is what keeps the values: `cluster` is Secrets in another namespace of the cluster; `vault` is the server that
	// `vault` speaks of; `managed` is the stack's cloud, AWS Secrets Manager or Google's Secret Manager, which Pulumi
	// writes `secretValues` to.
	Store SecretStore `json:"store" default:"cluster"`
	// Namespace is the one that the store `cluster` is.
	Namespace string `json:"namespace"`
	// Entries holds the names of its Secrets by app. One that is absent is NAMESPACE-APP, of the stack's namespace. With
	// the store `managed` an app that is here has an entry that somebody else looks after.
	Entries map[string]string `json:"entries" key:"APP"`
	// Recovery is for how many days what is deleted from the store `managed` can be had back, 0 or from 7 to 30: on AWS
	// whole entries, whose names are taken until then; on Google Cloud values that others have replaced.
	Recovery int `json:"recovery" tier:"dev=0 staging=7 prod=30"`
	// Protect makes Pulumi refuse to delete entries of the store `managed`.
	Protect bool `json:"protect" tier:"dev=false staging=false prod=true"`
}

// SecretStore is what External Secrets reads from.
type SecretStore string

// The stores.
const (
	ClusterStore SecretStore = "cluster"
	VaultStore   SecretStore = "vault"
	ManagedStore SecretStore = "managed"
)

// Values lists the stores.
func (SecretStore) Values() []string {
	return []string{string(ClusterStore), string(VaultStore), string(ManagedStore)}
}

// Vault is HashiCorp Vault: `plinth render` prints what its administrator runs first.
type Vault struct {
	// Address is the server's URL.
	Address string `json:"address"`
	// CIDRs are the ranges of addresses that it is at, where it is not a Service of the cluster: an operator that this
	// stack installs can reach nothing else.
	CIDRs []string `json:"cidrs"`
	// Mount is the key-value engine's path, of version 2.
	Mount string `json:"mount" default:"secret"`
	// Auth is the path of the Kubernetes method of logging in.
	Auth string `json:"auth" default:"kubernetes"`
	// Role is who the stack logs in as.
	Role string `json:"role" absent:"the namespace's name"`
	// Audience is whom its tokens are for.
	Audience string `json:"audience" default:"vault"`
	// Authority is the name of a Secret in the stack's namespace whose `ca.crt` verifies the server. Empty: public
	// authorities do.
	Authority string `json:"authority"`
	// Paths holds the paths of entries by app, below the engine's. One that is absent is NAMESPACE/APP.
	Paths map[string]string `json:"paths" key:"APP"`
	// Writer is who writes there what the stack makes for itself.
	Writer VaultWriter `json:"writer"`
}

// VaultWriter is how Pulumi writes to Vault, from the machine that it runs on. A server with a certificate of its own
// authority is verified by the file that the variable VAULT_CACERT names.
type VaultWriter struct {
	// Token is the name in `secretValues` of a token that may write below NAMESPACE/generated: `plinth render` prints how
	// to make one.
	Token string `json:"token"`
	// Address is the server's URL as that machine reaches it.
	Address string `json:"address" absent:"that of the operator"`
}

// InstalledOperator is an operator that the stack installs: one for the whole cluster. Where somebody else looks after
// it, the stack does not name it.
type InstalledOperator struct {
	// Namespace is its own.
	Namespace string `json:"namespace" absent:"the operator's name"`
	// Images holds its images by what they are for, instead of those of its chart.
	Images map[string]string `json:"images" key:"PURPOSE"`
	// Timeout is how long it may take to be ready, in seconds.
	Timeout int `json:"timeout" default:"300"`
}

// The operators.
const (
	ExternalSecretsOperator = "external-secrets"
	VaultSecretsOperator    = "vault-secrets-operator"
	SealedSecretsOperator   = "sealed-secrets"
	CertManager             = "cert-manager"
)

// OperatorImages are the operators there are, with what their images are for.
func OperatorImages() map[string][]string {
	return map[string][]string{
		ExternalSecretsOperator: {"operator"},
		VaultSecretsOperator:    {"operator", "metrics"},
		SealedSecretsOperator:   {"operator"},
		CertManager:             {"controller", "webhook", "injector", "check", "solver"},
	}
}

// OperatorOf is the operator that a backend needs; "" for one that needs none.
func OperatorOf(backend SecretsBackend) string {
	return map[SecretsBackend]string{
		SealedSecrets: SealedSecretsOperator, ExternalBackend: ExternalSecretsOperator, VaultSecrets: VaultSecretsOperator,
	}[backend]
}
