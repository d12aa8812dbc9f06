package config

// Database is a database server, with a role and a database of its own for every app that is bound to it.
type Database struct {
	// Engine is what runs it: `postgres` is PostgreSQL in the cluster, a primary with streaming replicas. It does not
	// fail over by itself.
	Engine Engine `json:"engine" default:"postgres"`
	// Image is an official postgres image, or one with its documented contract, of major version 15 or later.
	Image string `json:"image" default:"docker.io/library/postgres:17.6"`
	// User is the image's numeric user of the server: 999 on Debian, 70 on Alpine.
	User int64 `json:"user" default:"999"`
	// Replicas is the number of streaming replicas beside the primary.
	Replicas int `json:"replicas" tier:"dev=0 staging=1 prod=2"`
	// Storage is the size of each server's volume, a quantity of bytes. It can grow, not shrink.
	Storage string `json:"storage" tier:"dev=1Gi staging=20Gi prod=50Gi"`
	// StorageClass is the class of the volumes. Empty: the cluster's default.
	StorageClass string `json:"storageClass"`
	// Retain keeps the volumes when the stack is destroyed, and with them the namespace.
	Retain bool `json:"retain" tier:"dev=false staging=false prod=true"`
	// Resources are the least and the most that one server may use. The server's caches follow from the memory limit.
	Resources Resources `json:"resources"`
	// SynchronousCommit says what a commit waits for: `on` for the primary's disk; `off` for nothing, so that a crash
	// loses the last moment.
	SynchronousCommit SynchronousCommit `json:"synchronousCommit" default:"on"`
	// Settings are parameters of the server by name, over those that Plinth sets.
	Settings map[string]string `json:"settings" key:"PARAMETER"`
	// Clients are the ranges that pods of the cluster have their addresses in. Which pods may connect is up to the
	// network policies.
	Clients []string `json:"clients" absent:"all private ranges"`
	// Timeout is how long each part of the database may take to be ready, in seconds.
	Timeout int `json:"timeout" default:"600"`
}

// Engine is what runs a database.
type Engine string

// Postgres is PostgreSQL in the cluster.
const Postgres Engine = "postgres"

// Values lists the engines.
func (Engine) Values() []string { return []string{string(Postgres)} }

// SynchronousCommit is what a commit waits for.
type SynchronousCommit string

// What commits wait for: https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-SYNCHRONOUS-COMMIT.
const (
	CommitOn  SynchronousCommit = "on"
	CommitOff SynchronousCommit = "off"
)

// Values lists what a commit may wait for.
func (SynchronousCommit) Values() []string { return []string{string(CommitOn), string(CommitOff)} }

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
}

// Variables names the environment variables that lead to a database. What has no name is not set.
type Variables struct {
	// URL gets everything: `postgresql://USER:PASSWORD@HOST:PORT/NAME`. Where none of the names of `variables` is
	// given, it is `DATABASE_URL`.
	URL string `json:"url"`
	// Host gets the host's name.
	Host string `json:"host"`
	// Port gets the port.
	Port string `json:"port"`
	// Name gets the database's name.
	Name string `json:"name"`
	// User gets the role's name.
	User string `json:"user"`
	// Password gets the role's password.
	Password string `json:"password"`
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
