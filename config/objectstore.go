package config

// Bucket is a bucket for the objects of apps. What keeps it is one word: the rest of a stack is the same for all.
type Bucket struct {
	// Engine is what keeps it: `minio` is the server in the cluster that `minio` speaks of; `managed` is the stack's
	// cloud, S3 or Cloud Storage; `external` is somebody else, where the bucket exists already.
	Engine BucketEngine `json:"engine" required:"true"`
	// Versioning keeps what is overwritten or deleted.
	Versioning bool `json:"versioning" tier:"dev=false staging=true prod=true"`
	// ExpireAfter deletes objects, so many days after they were written. 0: never.
	ExpireAfter int `json:"expireAfter" default:"0"`
	// OldVersionsAfter deletes versions that are no longer the newest, so many days after they were replaced. 0: never.
	OldVersionsAfter int `json:"oldVersionsAfter" default:"30"`
	// ForceDestroy lets a destroy delete a managed bucket with everything in it. Without it one that holds anything stops
	// the destroy.
	ForceDestroy bool `json:"forceDestroy" tier:"dev=true staging=true prod=false"`
	// Protect makes Pulumi refuse to delete a managed bucket.
	Protect bool `json:"protect" tier:"dev=false staging=false prod=true"`
	// CIDRs are the ranges of addresses that the service of a managed bucket is at: apps that use it can reach nothing
	// else by it. Empty: every public address, on port 443.
	CIDRs []string `json:"cidrs"`
	// External says where a bucket with the engine `external` is.
	External *External `json:"external,omitempty" absent:"no bucket elsewhere"`
}

// BucketEngine is what keeps a bucket.
type BucketEngine string

// The engines.
const (
	MinIOBucket    BucketEngine = "minio"
	ManagedBucket  BucketEngine = "managed"
	ExternalBucket BucketEngine = "external"
)

// Values lists the engines.
func (BucketEngine) Values() []string {
	return []string{string(MinIOBucket), string(ManagedBucket), string(ExternalBucket)}
}

// External is a bucket behind any endpoint that speaks S3.
type External struct {
	// Endpoint is the service's URL, without the bucket.
	Endpoint string `json:"endpoint" required:"true"`
	// Region is what requests are signed for.
	Region string `json:"region" default:"us-east-1"`
	// Bucket is the bucket's name there.
	Bucket string `json:"bucket" absent:"the name here"`
	// Addressing is where the bucket's name stands in a request: `path` is ENDPOINT/BUCKET/KEY, `virtual` is
	// BUCKET.ENDPOINT/KEY.
	Addressing Addressing `json:"addressing" default:"path"`
	// Provider is what apps are told as the provider.
	Provider string `json:"provider" absent:"minio for path, aws for virtual"`
	// CIDRs are the ranges of addresses that the endpoint's are in: nothing else can be reached.
	CIDRs []string `json:"cidrs" required:"true"`
	// Keys are the access key: entries of a Secret that exists in the stack's namespace, or names in `secretValues`.
	Keys ExternalKeys `json:"keys"`
}

// Addressing is where a bucket's name stands in a request.
type Addressing string

// The styles.
const (
	AddressPath    Addressing = "path"
	AddressVirtual Addressing = "virtual"
)

// Values lists the styles.
func (Addressing) Values() []string { return []string{string(AddressPath), string(AddressVirtual)} }

// ExternalKeys is where an access key is.
type ExternalKeys struct {
	// Secret is the name of a Secret that holds both. Empty: they are in `secretValues`.
	Secret string `json:"secret"`
	// AccessKeyID is the Secret's entry with the access key's id, or the name in `secretValues`.
	AccessKeyID string `json:"accessKeyId" required:"true"`
	// SecretAccessKey is the same for the key itself.
	SecretAccessKey string `json:"secretAccessKey" required:"true"`
}

// MinIO is the S3 server in the cluster. There is one where a bucket has the engine `minio`.
type MinIO struct {
	// The digests of both images are those of https://github.com/compdemocracy/polis/pull/2809.

	// Image is the server's. Its upstream is archived: no release will follow this one.
	Image string `json:"image" default:"quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z@sha256:14cea493d9a34af32f524e538b8346cf79f3321eff8e708c1e2960462bd8936e"` //nolint:lll // A tag is one line.
	// ClientImage is that of its client, mc, with a shell.
	ClientImage string `json:"clientImage" default:"quay.io/minio/mc:RELEASE.2025-08-13T08-35-41Z@sha256:a7fe349ef4bd8521fb8497f55c6042871b2ae640607cf99d9bede5e9bdf11727"` //nolint:lll // A tag is one line.
	// User is the numeric user that both run as.
	User int64 `json:"user" default:"1000"`
	// Drives is 1, or 4 of which any one may be gone, each with a pod of its own. It cannot change once there are
	// objects.
	Drives int `json:"drives" tier:"dev=1 staging=4 prod=4"`
	// Storage is the size of each drive, a quantity of bytes. It can grow, not shrink. Four hold as much as two.
	Storage string `json:"storage" tier:"dev=1Gi staging=10Gi prod=50Gi"`
	// StorageClass is the class of the volumes. Empty: the cluster's default.
	StorageClass string `json:"storageClass"`
	// Retain keeps the drives when the stack is destroyed, and with them the namespace.
	Retain bool `json:"retain" tier:"dev=false staging=false prod=true"`
	// Region is what requests are signed for.
	Region string `json:"region" default:"us-east-1"`
	// TLSSecret is the name of a Secret in the stack's namespace with a certificate for
	// `minio.NAMESPACE.svc.cluster.local` and `*.minio-pods.NAMESPACE.svc.cluster.local`: `tls.crt`, `tls.key` and
	// `ca.crt`. Empty: requests are not encrypted. With four drives that cannot change later.
	TLSSecret string `json:"tlsSecret"`
	// MetricsNamespace is the namespace whose pods may read the metrics, without keys. Empty: nobody may.
	MetricsNamespace string `json:"metricsNamespace"`
	// Requests is what a node must have free for a pod.
	Requests MinIORequests `json:"requests"`
	// Limits is the most that a pod may use.
	Limits MinIOLimits `json:"limits"`
	// Timeout is how long each part of the server may take to be ready, in seconds.
	Timeout int `json:"timeout" default:"600"`
}

// minioName is the server's name among the apps.
const minioName = "minio"

// MinIORequests is what a node must have free for a pod of the server.
type MinIORequests struct {
	// CPU is a quantity of cores.
	CPU string `json:"cpu" default:"100m"`
	// Memory is a quantity of bytes.
	Memory string `json:"memory" default:"256Mi"`
	// EphemeralStorage is a quantity of bytes on the node's disk.
	EphemeralStorage string `json:"ephemeralStorage" default:"64Mi"`
}

// MinIOLimits is the most that a pod of the server may use.
type MinIOLimits struct {
	// CPU is a quantity of cores.
	CPU string `json:"cpu" default:"1"`
	// Memory is a quantity of bytes. How many requests are served at a time follows from it.
	Memory string `json:"memory" default:"1Gi"`
	// EphemeralStorage is a quantity of bytes on the node's disk.
	EphemeralStorage string `json:"ephemeralStorage" default:"256Mi"`
}

// BucketUse says which bucket an app uses, and how it wants to be told. It gets keys of its own, which reach nothing
// else.
type BucketUse struct {
	// Name is the bucket's name in `buckets`.
	Name string `json:"name" required:"true"`
	// Prefix is what the names of the app's objects start with. It can reach no others.
	Prefix string `json:"prefix"`
	// ReadOnly keeps the app from writing and deleting.
	ReadOnly bool `json:"readOnly" default:"false"`
	// Settings is where the app finds what is not secret: `environment` for variables; `database` for a row of its table
	// s3_settings, which a job writes after the migration and leaves alone once somebody else has changed it; `file` for
	// a JSON file. A variable in `env` wins over all of them. Keys are always variables, from a Secret.
	Settings SettingsTier `json:"settings" default:"environment"`
	// SignedURLs has the app hand out URLs that work without keys.
	SignedURLs bool `json:"signedUrls" default:"true"`
	// SignedURLExpiry is how long they work, in seconds.
	SignedURLExpiry int `json:"signedUrlExpiry" default:"3600"`
	// FallbackToStatic has the app serve its own files where the bucket does not.
	FallbackToStatic bool `json:"fallbackToStatic" default:"true"`
	// File is the path of the JSON file.
	File string `json:"file" default:"/etc/plinth/settings/s3.json"`
	// Variables are the names of the environment variables. One without a name is not set.
	Variables BucketVariables `json:"variables"`
}

// SettingsTier is where an app finds its settings.
type SettingsTier string

// Where settings are.
const (
	SettingsInEnvironment SettingsTier = "environment"
	SettingsInDatabase    SettingsTier = "database"
	SettingsInFile        SettingsTier = "file"
)

// Values lists where settings may be.
func (SettingsTier) Values() []string {
	return []string{string(SettingsInEnvironment), string(SettingsInDatabase), string(SettingsInFile)}
}

// BucketVariables names the environment variables that lead to a bucket.
type BucketVariables struct {
	// Enabled gets true.
	Enabled string `json:"enabled" default:"S3_ENABLED"`
	// Provider gets the provider: minio, aws, gcs.
	Provider string `json:"provider" default:"S3_STORAGE_PROVIDER"`
	// Endpoint gets the service's URL.
	Endpoint string `json:"endpoint" default:"S3_ENDPOINT"`
	// Region gets the region.
	Region string `json:"region" default:"S3_REGION"`
	// Bucket gets the bucket's name.
	Bucket string `json:"bucket" default:"S3_BUCKET"`
	// Prefix gets the prefix.
	Prefix string `json:"prefix" default:"S3_BUCKET_PREFIX"`
	// UseSignedURLs gets true or false.
	UseSignedURLs string `json:"useSignedUrls" default:"S3_USE_SIGNED_URLS"`
	// SignedURLExpiry gets a number of seconds.
	SignedURLExpiry string `json:"signedUrlExpiry" default:"S3_SIGNED_URL_EXPIRY"`
	// FallbackToStatic gets true or false.
	FallbackToStatic string `json:"fallbackToStatic" default:"S3_FALLBACK_TO_STATIC"`
	// UseSSL gets true or false.
	UseSSL string `json:"useSsl" default:"S3_USE_SSL"`
	// Addressing gets path or virtual.
	Addressing string `json:"addressing"`
	// AccessKeyID gets the access key's id, from a Secret.
	AccessKeyID string `json:"accessKeyId" default:"S3_ACCESS_KEY_ID"`
	// SecretAccessKey gets the key itself, from a Secret.
	SecretAccessKey string `json:"secretAccessKey" default:"S3_SECRET_ACCESS_KEY"`
	// Authority gets the path of a file with the certificates to trust, where there is one.
	Authority string `json:"authority" default:"AWS_CA_BUNDLE"`
	// File gets the path of the JSON file, where the settings are in one.
	File string `json:"file" default:"S3_CONFIG_FILE"`
}

// AfterMigration is statements that run in an app's database once it is migrated.
type AfterMigration struct {
	// SQL holds the statements, which run as one transaction and must lead to the same end however often they run. The
	// app's plain environment variables are variables of psql: `:'NAME'` is the quoted value of NAME.
	SQL string `json:"sql" required:"true"`
	// Timeout is how long they may take, in seconds.
	Timeout int `json:"timeout" default:"120"`
}
