package replicated

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/secrets"
	"plinth/components/workload"
)

//go:embed scripts/*.sh
var archiveScripts embed.FS

// Database is a primary with its replicas. It waits until all of them are ready and every application's account and
// database is there.
type Database struct {
	pulumi.ResourceState

	args   *Args
	engine *Engine
	// parts made it, and make what is added to it.
	parts *builder
	// primary and replica are the two workloads.
	primary, replica workload.ID
	// revisions are the passwords in use, by account.
	revisions map[string]pulumi.StringInput
	// secrets hold the passwords of accounts, by the application or the service that they are for.
	secrets map[string]*secrets.Reference
	// ready is what somebody who needs the database waits for; replicated what readers of the replicas wait for.
	ready, replicated []pulumi.Resource
}

// Args says what database, whatever its engine.
type Args struct {
	// Namespace holds everything made here.
	Namespace *workload.Namespace
	// PartOf names the environment.
	PartOf string
	// Image is resolved already: an official image of the engine, or one with its contract.
	Image string
	// User is the image's uid of the server. Zero: the engine's.
	User int
	// Replicas is how many servers follow the primary.
	Replicas int
	// Storage is the size of each volume, a quantity of bytes. It can grow, not shrink.
	Storage string
	// StorageClass is empty for the cluster's default.
	StorageClass string
	// Resources are each server's.
	Resources workload.Resources
	// Synchronous is what a commit waits for.
	Synchronous Synchronous
	// Plaintext also admits connections over the network that are not encrypted.
	Plaintext bool
	// Rotation counts how often the passwords were made anew; see the package's documentation.
	Rotation int
	// Settings of the server by name, over those that follow from the rest.
	Settings map[string]string
	// Applications are the names of those that get an account and a database, sorted.
	Applications []string
	// Backups is for a database with a [Database.Backup], Metrics for one with a [Database.Exporter]: their accounts.
	Backups, Metrics bool
	// Retain keeps the volumes when the database is destroyed.
	Retain bool
	// Timeout is how long, in seconds, each part may take to be ready.
	Timeout int
	// Keeper is where passwords and certificates go. Nil: into Secrets, as they are.
	Keeper secrets.Keeper
}

// Synchronous is what a commit waits for before it is acknowledged.
type Synchronous string

// What a commit may wait for.
const (
	// Off is nothing.
	Off Synchronous = "off"
	// On is the primary's disk.
	On Synchronous = "on"
	// Quorum is the primary's disk and that of any one replica.
	Quorum Synchronous = "quorum"
)

// New makes the database.
func New(
	ctx *pulumi.Context, name string, engine *Engine, args *Args, opts ...pulumi.ResourceOption,
) (*Database, error) {
	id := func(name string) workload.ID {
		return workload.ID{Name: name, Component: "database", PartOf: args.PartOf, Namespace: args.Namespace.Name}
	}
	if args.Keeper == nil {
		args.Keeper = secrets.Kubernetes{}
	}
	d := &Database{args: args, engine: engine, primary: id(name), replica: id(name + "-replica")}
	if err := ctx.RegisterComponentResource(engine.Type, name, d, opts...); err != nil {
		return nil, fmt.Errorf("registering database %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: args, engine: engine, database: d, setupID: id(name + "-setup")}
	d.parts = b
	for _, step := range []func() error{
		b.passwords, b.certificates, b.files, b.services, b.edges, b.budgets, b.primary, b.setup, b.replicas, b.slots,
		b.growth,
	} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("database %s: %w", name, err)
		}
	}
	return d, ctx.RegisterResourceOutputs(d, pulumi.Map{"host": pulumi.String(d.host())})
}

// builder makes the database's parts in the order of their dependencies.
type builder struct {
	ctx      *pulumi.Context
	name     string
	args     *Args
	engine   *Engine
	database *Database
	setupID  workload.ID

	credentials *credentials
	// config and scripts name ConfigMaps.
	config, scripts string
	// guards are what pods wait for: the network, configuration and Services.
	guards []pulumi.Resource

	primarySet, replicaSet, setupJob pulumi.Resource
}

// child are the options of everything made here: below the component, after the namespace and its guards.
func (b *builder) child(after ...pulumi.Resource) []pulumi.ResourceOption {
	return []pulumi.ResourceOption{
		pulumi.Parent(b.database), pulumi.DependsOn(slices.Concat(b.args.Namespace.Ready, after)),
	}
}

// files are the configuration and the scripts, each in an object that never changes: new content makes a new one, and
// so a rollout.
func (b *builder) files() (err error) {
	if b.config, err = b.configMap("config", b.engine.Config); err != nil {
		return err
	}
	content, err := Scripts(archiveScripts, nil)
	if err != nil {
		return err
	}
	maps.Copy(content, b.engine.Scripts)
	b.scripts, err = b.configMap("scripts", content)
	return err
}

func (b *builder) configMap(kind string, files map[string]string) (string, error) {
	name, data, err := workload.Files(b.ctx, b.name+"-"+kind, b.database.primary, files, b.child()...)
	if err != nil {
		return "", err
	}
	b.guards = append(b.guards, data)
	return name, nil
}

// roles are the applications as the scripts list them.
func (b *builder) roles() string {
	var list []string
	for _, app := range b.args.Applications {
		list = append(list, b.engine.Role(app))
	}
	return strings.Join(list, " ")
}

// user is who the pods run as.
func (b *builder) user() int {
	if b.args.User == 0 {
		return b.engine.User
	}
	return b.args.User
}

// host is the primary's Service.
func (d *Database) host() string { return workload.Host(d.primary.Name, d.primary.Namespace) }
