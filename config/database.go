package config

// Database is a database server, with a role and a database of its own for every app that is bound to it.
type Database struct {
	// Engine is what runs it in the cluster: `postgres`, `mariadb` or `mysql`, a primary with replicas, which does not
	// fail over by itself; `cloudnative-pg`, PostgreSQL by that operator, which does, and has to be in the cluster;
	// `managed-postgres` or `managed-mysql`, which the cloud runs outside of it. A database that holds data cannot change
	// its engine.
	Engine Engine `json:"engine" default:"postgres"`
	// Image is an official image of the engine, or one with its documented contract: of PostgreSQL from version 15,
	// MariaDB from 10.6, MySQL from 8.0.26; with `cloudnative-pg` one of the operator's. With a managed engine it is the
	// client that makes roles and databases.
	Image string `json:"image" absent:"one of the engine's"`
	// User is the image's numeric user of the server: 999 on Debian, 70 on Alpine. The operator has one of its own.
	User int64 `json:"user" default:"999"`
	// Namespace is where it is: an entry of `namespaces`. The apps that use it are in the same one.
	Namespace string `json:"namespace" absent:"the stack's own"`
	// Replicas is the number of replicas beside the primary.
	Replicas int `json:"replicas" tier:"dev=0 staging=1 prod=2"`
	// Storage is the size of each server's volume, a quantity of bytes. It can grow, not shrink. A managed database has
	// 20Gi at least, and grows by itself to four times of what it starts with.
	Storage string `json:"storage" tier:"dev=1Gi staging=20Gi prod=50Gi"`
	// StorageClass is the class of the volumes. Empty: the encrypted one of a cluster of the stack's own, else the
	// cluster's default.
	StorageClass string `json:"storageClass"`
	// Retain keeps the volumes when the stack is destroyed, and with them the namespace; of a managed database a last
	// snapshot on AWS, and on Google Cloud the server.
	Retain bool `json:"retain" tier:"dev=false staging=false prod=true"`
	// Resources are the least and the most that one server may use. The server's caches follow from the memory limit. A
	// managed database gets the smallest machine that has the limits.
	Resources Resources `json:"resources"`
	// Synchronous says what a commit waits for: `on` for the primary's disk; `off` for nothing, so that a crash loses the
	// last moment; `quorum` for the primary's disk and for one replica, so that nothing is lost with either.
	Synchronous Synchronous `json:"synchronous" default:"on"`
	// TLS says whether connections must be encrypted: `required`, or `optional` for the sake of an app that cannot.
	TLS Encryption `json:"tls" default:"required"`
	// Rotation counts the rotations of the passwords: one more makes all of them anew, without a refused connection. Raise
	// it by one at a time.
	Rotation int `json:"rotation" default:"0"`
	// Settings are parameters of the server by name, over those that Plinth sets; of a managed database in the words and
	// units of the cloud.
	Settings map[string]string `json:"settings" key:"PARAMETER"`
	// Clients are the ranges that pods of the cluster have their addresses in. Which pods may connect is up to the
	// network policies.
	Clients []string `json:"clients" absent:"all private ranges"`
	// Backup dumps the database to a bucket when it is time.
	Backup *Backup `json:"backup,omitempty" absent:"no backups"`
	// Restore fills a new database from a backup of another, before an app uses it. What is there already is left alone.
	Restore *Restore `json:"restore,omitempty" absent:"it starts empty"`
	// Metrics offers the server's metrics to Prometheus.
	Metrics *DatabaseMetrics `json:"metrics,omitempty" absent:"no metrics"`
	// Operator says where the operator is. Only with `engine: cloudnative-pg`.
	Operator Operator `json:"operator"`
	// Managed says how the cloud runs it. Only with `managed-postgres` and `managed-mysql`.
	Managed Managed `json:"managed"`
	// Timeout is how long each part of the database may take to be ready, in seconds.
	Timeout int `json:"timeout" default:"600"`
}

// Operator says where the operator of a database is.
type Operator struct {
	// Namespace is the operator's.
	Namespace string `json:"namespace" default:"cnpg-system"`
	// APIServers are the ranges that the API server is reached in: each instance of the database speaks to it.
	APIServers []string `json:"apiServers"`
}

// Backup says when a database is dumped, and where to.
type Backup struct {
	// Bucket is the bucket's name in `buckets`. What is there of the database starts with `databases/DATABASE/`.
	Bucket string `json:"bucket" required:"true"`
	// Schedule is when, in UTC and as cron writes it: minute, hour, day of the month, month and day of the week.
	Schedule string `json:"schedule" default:"0 3 * * *"`
	// Keep is how many backups are kept; with one more the oldest goes. With `cloudnative-pg` it is for how many days one
	// can go back, to any moment.
	Keep int `json:"keep" tier:"dev=3 staging=7 prod=30"`
	// Scratch is the room for one backup on a node's disk, a quantity of bytes.
	Scratch string `json:"scratch" absent:"the storage of the database"`
	// Timeout is how long one may take, in seconds.
	Timeout int `json:"timeout" default:"3600"`
}

// Restore says what a new database is filled with.
type Restore struct {
	// Bucket is the bucket's name in `buckets`.
	Bucket string `json:"bucket" required:"true"`
	// From is the name of the database whose backup it is. It need not exist any more.
	From string `json:"from" required:"true"`
	// Backup is the backup's name, such as 20261121T030000Z, or `latest`.
	Backup string `json:"backup" default:"latest"`
	// Scratch is the room for the backup on a node's disk, a quantity of bytes.
	Scratch string `json:"scratch" absent:"the storage of the database"`
	// Timeout is how long it may take, in seconds.
	Timeout int `json:"timeout" default:"3600"`
}

// DatabaseMetrics says who reads a database's metrics.
type DatabaseMetrics struct {
	// Namespace is the namespace whose pods may read them, on port 9187 of DATABASE-metrics, of MariaDB and MySQL 9104,
	// and with `cloudnative-pg` on port 9187 of each instance.
	Namespace string `json:"namespace" required:"true"`
	// Image is that of Prometheus' exporter for the engine.
	Image string `json:"image" absent:"one of the engine's"`
}

// Engine is what runs a database.
type Engine string

// The engines.
const (
	// Postgres is PostgreSQL in the cluster.
	Postgres Engine = "postgres"
	// MariaDB and MySQL are those in the cluster.
	MariaDB Engine = "mariadb"
	MySQL   Engine = "mysql"
	// CloudNativePG is PostgreSQL by an operator.
	CloudNativePG Engine = "cloudnative-pg"
	// ManagedPostgres and ManagedMySQL are those that the cloud runs.
	ManagedPostgres Engine = "managed-postgres"
	ManagedMySQL    Engine = "managed-mysql"
)

// Values lists the engines.
func (Engine) Values() []string {
	return []string{
		string(Postgres), string(MariaDB), string(MySQL), string(CloudNativePG),
		string(ManagedPostgres), string(ManagedMySQL),
	}
}

// ByCloud says whether the cloud runs the database.
func (e Engine) ByCloud() bool { return e == ManagedPostgres || e == ManagedMySQL }

// Synchronous is what a commit waits for.
type Synchronous string

// What commits wait for.
const (
	SynchronousOff    Synchronous = "off"
	SynchronousOn     Synchronous = "on"
	SynchronousQuorum Synchronous = "quorum"
)

// Values lists what a commit may wait for.
func (Synchronous) Values() []string {
	return []string{string(SynchronousOff), string(SynchronousOn), string(SynchronousQuorum)}
}

// Encryption says whether connections must be encrypted.
type Encryption string

// Whether connections must be encrypted.
const (
	EncryptionRequired Encryption = "required"
	EncryptionOptional Encryption = "optional"
)

// Values lists whether connections must be encrypted.
func (Encryption) Values() []string {
	return []string{string(EncryptionRequired), string(EncryptionOptional)}
}

// Bound says which database an app uses, and how it wants to be told where that is. The role and the database there
// have the app's name.
type Bound struct {
	// Name is the database's name in `databases`.
	Name string `json:"name" required:"true"`
	// Variables are the environment variables that lead to the database, as the role that owns it.
	Variables Variables `json:"variables"`
	// ReadOnly are environment variables that lead to the replicas, as a role that may only read. What was written a
	// moment ago may not be there yet.
	ReadOnly Variables `json:"readOnly"`
	// TLS is what the app is told about the encryption of its connection: `require` it; `verify-full`, which also
	// verifies the server, by a file that the app gets; or nothing, so that the `client` decides.
	TLS ClientTLS `json:"tls" default:"require"`
}

// ClientTLS is what an app is told about the encryption of its connection.
type ClientTLS string

// What an app may be told, in libpq's words (sslmode), or not.
const (
	ClientRequires ClientTLS = "require"
	ClientVerifies ClientTLS = "verify-full"
	ClientDecides  ClientTLS = "client"
)

// Values lists what an app may be told.
func (ClientTLS) Values() []string {
	return []string{string(ClientRequires), string(ClientVerifies), string(ClientDecides)}
}

// Variables names the environment variables that lead to a database. What has no name is not set.
type Variables struct {
	// URL gets everything: `postgresql://USER:PASSWORD@HOST:PORT/NAME?sslmode=MODE`, of MariaDB and MySQL
	// `mysql://USER:PASSWORD@HOST:PORT/NAME?ssl_ca=FILE`. Where none of the names of `variables` is given, it is
	// `DATABASE_URL`.
	URL string `json:"url"`
	// Host gets the host's name.
	Host string `json:"host"`
	// Port gets the port.
	Port string `json:"port"`
	// Name gets the database's name.
	Name string `json:"name"`
	// User gets the name to log in as. A rotation changes it.
	User string `json:"user"`
	// Password gets the password.
	Password string `json:"password"`
	// Mode gets what libpq calls sslmode: `require` or `verify-full`, as `tls` says; of MariaDB and MySQL what their
	// clients call ssl-mode: `REQUIRED` or `VERIFY_IDENTITY`.
	Mode string `json:"mode"`
	// Authority gets the path of the file to verify the server by. Only with `tls: verify-full`.
	Authority string `json:"authority"`
}

// Migration brings an app's database to what a new version needs, before that version runs.
type Migration struct {
	// Command runs it, in the app's image, with its environment and network.
	Command []string `json:"command" required:"true"`
	// As says where it runs: `job` once before the rollout, `initContainer` in every pod before the app starts, where
	// it must lock and not mind that it is done.
	As MigrationKind `json:"as" default:"job"`
	// Timeout is how long it may take, in seconds.
	Timeout int `json:"timeout" default:"600"`
}

// MigrationKind is where a migration runs.
type MigrationKind string

// Where a migration runs.
const (
	MigrationJob           MigrationKind = "job"
	MigrationInitContainer MigrationKind = "initContainer"
)

// Values lists where a migration may run.
func (MigrationKind) Values() []string {
	return []string{string(MigrationJob), string(MigrationInitContainer)}
}
