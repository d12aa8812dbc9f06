package environment

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/api/resource"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/database/cloudnativepg"
	"plinth/components/database/managed"
	"plinth/components/database/mysql"
	"plinth/components/database/postgres"
	"plinth/components/database/replicated"
	"plinth/components/operators"
	"plinth/components/platform"
	"plinth/components/workload"
	"plinth/config"
)

// offered is what the databases of every engine have for an app.
type offered interface {
	// Binding leads an app to its database, ReadOnly to replicas of it.
	Binding(app string, shape database.Shape, mode database.Mode) binding.Binding
	ReadOnly(app string, shape database.Shape, mode database.Mode) binding.Binding
}

var (
	_ offered = (*replicated.Database)(nil)
	_ offered = (*cloudnativepg.Cluster)(nil)
	_ offered = (*managed.Database)(nil)
)

func (e *environment) databases() error {
	e.replicated, e.offered = map[string]*replicated.Database{}, map[string]offered{}
	for _, name := range slices.Sorted(maps.Keys(e.cfg.Databases)) {
		d := e.cfg.Databases[name]
		if d.StorageClass == "" {
			d.StorageClass = e.cluster.StorageClass()
		}
		if err := database.Keep(e.ctx, name, string(d.Engine)); err != nil {
			return err
		}
		made, err := e.database(name, &d)
		if err != nil {
			return err
		}
		e.offered[name] = made
	}
	return nil
}

// database is one, of its engine.
func (e *environment) database(name string, d *config.Database) (offered, error) {
	image := workload.Images{Mirrors: e.cfg.Images.Mirrors}.Resolve(d.Image)
	plaintext := d.TLS == config.EncryptionOptional
	common := replicated.Args{
		Namespace: e.in(d.Namespace), PartOf: e.partOf, Image: image, User: int(d.User), Replicas: d.Replicas,
		Storage: d.Storage, StorageClass: d.StorageClass, Resources: resources(d.Resources), Settings: d.Settings,
		Synchronous: replicated.Synchronous(d.Synchronous), Rotation: d.Rotation, Plaintext: plaintext,
		Backups: d.Backup != nil, Metrics: d.Metrics != nil, Applications: e.usersOf(name), Retain: d.Retain,
		Timeout: d.Timeout, Keeper: e.keeper,
	}
	var err error
	switch d.Engine {
	case config.Postgres:
		e.replicated[name], err = postgres.New(e.ctx, name, &postgres.Args{Args: common, Clients: d.Clients},
			e.inCluster()...)
		return e.replicated[name], err
	case config.MariaDB, config.MySQL:
		e.replicated[name], err = mysql.New(e.ctx, name, &mysql.Args{Args: common, Engine: mysql.Engine(d.Engine)},
			e.inCluster()...)
		return e.replicated[name], err
	case config.CloudNativePG:
		operator, err := e.cloudNativePG()
		if err != nil {
			return nil, err
		}
		args := &cloudnativepg.Args{
			Namespace: e.in(d.Namespace), PartOf: e.partOf, Image: image, Replicas: d.Replicas, Storage: d.Storage,
			StorageClass: d.StorageClass, Resources: resources(d.Resources), Settings: d.Settings,
			Commit: d.Synchronous != config.SynchronousOff, Quorum: d.Synchronous == config.SynchronousQuorum,
			Plaintext: plaintext, Applications: e.usersOf(name), Retain: d.Retain, Timeout: d.Timeout,
			APIServers: d.Operator.APIServers, Operator: d.Operator.Namespace, Ready: operator,
			Keeper: e.keeper,
		}
		if b := d.Backup; b != nil {
			archive, err := e.archive(b.Bucket, backingUp(name))
			if err != nil {
				return nil, err
			}
			args.Backup = &cloudnativepg.Backup{Archive: archive, Schedule: b.Schedule, Days: b.Keep}
		}
		if m := d.Metrics; m != nil {
			args.Metrics = &cloudnativepg.Metrics{Namespace: m.Namespace, Monitoring: e.monitoring()}
		}
		return cloudnativepg.New(e.ctx, name, args, e.inCluster()...)
	case config.ManagedPostgres, config.ManagedMySQL:
		server, err := serverOf(name, d)
		if err != nil {
			return nil, err
		}
		return managed.New(e.ctx, name, &managed.Args{
			Namespace: e.in(d.Namespace), PartOf: e.partOf, Cloud: e.cluster, Server: server, Image: image, User: int(d.User),
			Rotation: d.Rotation, Applications: e.usersOf(name), Timeout: d.Timeout,
		}, e.inCluster()...)
	}
	return nil, fmt.Errorf("database %s: no engine is called %q", name, d.Engine)
}

// cloudNativePG makes sure that the operator is there, and is what its objects depend on.
func (e *environment) cloudNativePG() ([]pulumi.Resource, error) {
	const name = string(config.CloudNativePG)
	if e.operator[name] == nil {
		found, err := operators.FindKinds(e.ctx, name+"-installed", "operator "+name, "install the operator, "+
			"https://cloudnative-pg.io/documentation/current/installation_upgrade/, or choose another engine",
			cloudnativepg.Definitions(), e.inCluster()...)
		if err != nil {
			return nil, err
		}
		e.operator[name] = found.Ready
	}
	return e.operator[name], nil
}

// serverOf is the server that the cloud is to make.
func serverOf(name string, d *config.Database) (platform.DatabaseArgs, error) {
	m := d.Managed
	args := platform.DatabaseArgs{
		Called: name, Engine: platform.DatabasePostgres, Version: m.Version, Size: platform.Size(d.Resources.Limits.Size()),
		Machine: m.Machine, MultiZone: m.MultiZone, Replicas: d.Replicas, Backups: m.Backups, Settings: d.Settings,
		Protect: m.Protect, Retain: d.Retain,
	}
	if d.Engine == config.ManagedMySQL {
		args.Engine = platform.DatabaseMySQL
	}
	storage, err := resource.ParseQuantity(d.Storage)
	if err != nil {
		return args, fmt.Errorf("storage of database %s: %w", name, err)
	}
	const gib = 1 << 30
	args.Storage = max(platform.LeastStorage, int((storage.Value()+gib-1)/gib))
	return args, nil
}

// usersOf are the apps that are bound to a database, sorted.
func (e *environment) usersOf(database string) []string {
	var users []string
	for _, name := range slices.Sorted(maps.Keys(e.cfg.Apps)) {
		if bound := e.cfg.Apps[name].Database; bound != nil && bound.Name == database {
			users = append(users, name)
		}
	}
	return users
}

// bindings are what an app uses.
func (e *environment) bindings(app string, bound *config.Bound) []binding.Binding {
	if bound == nil {
		return nil
	}
	from, mode := e.offered[bound.Name], database.Mode(bound.TLS)
	made := []binding.Binding{from.Binding(app, database.Shape(bound.Variables), mode)}
	if bound.ReadOnly != (config.Variables{}) {
		made = append(made, from.ReadOnly(app, database.Shape(bound.ReadOnly), mode))
	}
	return made
}

// retains says whether volumes are to outlive the environment, and so their namespace.
func (e *environment) retains() bool {
	for _, d := range e.cfg.Databases {
		// What the cloud runs has no volumes.
		if d.Retain && !d.Engine.ByCloud() {
			return true
		}
	}
	for _, b := range e.cfg.Buckets {
		if b.Engine == config.MinIOBucket && e.cfg.MinIO.Retain {
			return true
		}
	}
	return false
}
