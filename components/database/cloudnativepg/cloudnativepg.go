package cloudnativepg

import (
	_ "embed" // For grants.
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/secrets"
	"plinth/components/workload"
)

// version is the operator's, of its kinds: https://cloudnative-pg.io/documentation/1.29/cloudnative-pg.v1/.
const version = "postgresql.cnpg.io/v1"

// What the operator's images and Services are like.
const (
	authorityKey = "ca.crt"
	socketFolder = "/var/run/postgresql"
	// user is the uid in the operator's images.
	user = 26
)

// Ports of an instance: the server, and the one at which the operator asks how it is.
var (
	port   = workload.Port{Name: "postgres", Container: 5432}
	status = workload.Port{Name: "status", Container: 8000}
)

// apiPorts are those that API servers listen on, behind their Service.
var apiPorts = []binding.Port{{Number: 443}, {Number: 6443}}

// grants is a script of statements, run as the owner of a database.
//
//go:embed grants.sh
var grants string

// Cluster is a PostgreSQL by the operator.
type Cluster struct {
	pulumi.ResourceState

	args   *Args
	server workload.ID
	ready  []pulumi.Resource
}

// Args says what database.
type Args struct {
	// Namespace holds everything made here.
	Namespace *workload.Namespace
	// PartOf names the environment.
	PartOf string
	// Image is resolved already: one of the operator's images.
	Image string
	// Replicas is how many instances there are besides the primary.
	Replicas int
	// Storage is the size of each volume, a quantity of bytes.
	Storage string
	// StorageClass is empty for the cluster's default.
	StorageClass string
	// Resources are each instance's.
	Resources workload.Resources
	// Commit is synchronous_commit: on or off.
	Commit bool
	// Quorum makes each commit wait for any one replica.
	Quorum bool
	// Plaintext also admits connections over the network that are not encrypted.
	Plaintext bool
	// Settings of the server by name, over those of the operator.
	Settings map[string]string
	// Applications are the names of those that get roles and a database, sorted.
	Applications []string
	// Retain leaves the Cluster, with its volumes, when the database is destroyed.
	Retain bool
	// APIServers are the ranges that the API server is reached in: each instance speaks to it.
	APIServers []string
	// Operator is the namespace of the operator, which asks each instance how it is.
	Operator string
	// Ready is the operator, where the environment installs it.
	Ready []pulumi.Resource
	// Backup is nil for a database without backups.
	Backup *Backup
	// Metrics is nil where nobody reads the instances' metrics.
	Metrics *Metrics
	// Timeout is how long, in seconds, each part may take to be ready.
	Timeout int
	// Keeper is where passwords go. Nil: into Secrets, as they are.
	Keeper secrets.Keeper
}

// Definitions are the names of definitions of kinds that are in a cluster where the operator is.
func Definitions() []string {
	return []string{"clusters.postgresql.cnpg.io", "databases.postgresql.cnpg.io"}
}

// New describes the database.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Cluster, error) {
	if args.Keeper == nil {
		args.Keeper = secrets.Kubernetes{}
	}
	c := &Cluster{args: args, server: workload.ID{
		Name: name, Component: "database", PartOf: args.PartOf, Namespace: args.Namespace.Name,
	}}
	if err := ctx.RegisterComponentResource("plinth:database:CloudNativePG", name, c, opts...); err != nil {
		return nil, fmt.Errorf("registering database %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: args, database: c}
	for _, step := range []func() error{b.passwords, b.edges, b.cluster, b.backup, b.metrics, b.databases} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("database %s: %w", name, err)
		}
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"host": pulumi.String(c.host("rw"))})
}

// builder makes the database's parts in the order of their dependencies.
type builder struct {
	ctx      *pulumi.Context
	name     string
	args     *Args
	database *Cluster
	// guards are what instances wait for: the network, passwords and the operator.
	guards []pulumi.Resource
	made   pulumi.Resource
}

func (b *builder) child(after ...pulumi.Resource) []pulumi.ResourceOption {
	return []pulumi.ResourceOption{
		pulumi.Parent(b.database), pulumi.DependsOn(slices.Concat(b.args.Namespace.Ready, b.args.Ready, after)),
	}
}

// passwords puts that of each role into a Secret as the operator wants it, whose label makes it look again.
func (b *builder) passwords() error {
	for _, app := range b.args.Applications {
		for _, role := range []string{app, reader(app)} {
			name := secretOf(b.name, role)
			password, err := database.NewPassword(b.ctx, name, 0, pulumi.Parent(b.database))
			if err != nil {
				return err
			}
			secret, err := b.args.Keeper.Keep(b.ctx, name, &secrets.Kept{
				ID: b.database.server, Secret: name, Type: "kubernetes.io/basic-auth",
				Labels: map[string]string{"cnpg.io/reload": "true"},
				Values: map[string]pulumi.StringInput{"username": pulumi.String(role), "password": password.Current()},
			}, b.child()...)
			if err != nil {
				return err
			}
			b.guards = append(b.guards, secret.Ready...)
		}
	}
	return nil
}

// edges let instances reach each other and the API server, and the operator each of them.
func (b *builder) edges() error {
	server := b.database.server
	edges := []binding.Edge{{To: server.Peer(), Ports: workload.Ports{port, status}.Edges()}}
	for _, cidr := range b.args.APIServers {
		edges = append(edges, binding.Edge{To: binding.Peer{CIDR: cidr}, Ports: apiPorts})
	}
	if backup := b.args.Backup; backup != nil {
		edges = append(edges, backup.Archive.Access.Edges...)
		b.guards = append(b.guards, backup.Archive.Access.Ready...)
	}
	policies, err := workload.Edges(b.ctx, b.name, server, edges, b.child()...)
	if err != nil {
		return err
	}
	operator, err := workload.Monitored(b.ctx, b.name, server, b.args.Operator,
		workload.Ports{port, status}.Edges(), b.child()...)
	b.guards = append(append(b.guards, policies...), operator)
	return err
}

func (b *builder) cluster() (err error) {
	options := b.child(b.guards...)
	if b.args.Retain {
		options = append(options, pulumi.RetainOnDelete(true))
	}
	b.made, err = b.object("cluster", "Cluster", b.name, "condition=Ready", b.spec(), options)
	b.database.ready = []pulumi.Resource{b.made}
	return err
}

// spec is the Cluster's.
func (b *builder) spec() pulumi.Map {
	a := b.args
	parameters := pulumi.StringMap{}
	if !a.Commit {
		parameters["synchronous_commit"] = pulumi.String("off")
	}
	maps.Copy(parameters, workload.StringMap(a.Settings))
	server := pulumi.Map{"parameters": parameters}
	if a.Quorum {
		server["synchronous"] = pulumi.Map{"method": pulumi.String("any"), "number": pulumi.Int(1)}
	}
	if !a.Plaintext {
		server["pg_hba"] = pulumi.StringArray{pulumi.String("hostnossl all all all reject")}
	}
	storage := pulumi.Map{"size": pulumi.String(a.Storage), "resizeInUseVolumes": pulumi.Bool(true)}
	if a.StorageClass != "" {
		storage["storageClass"] = pulumi.String(a.StorageClass)
	}
	roles := pulumi.Array{}
	for _, app := range a.Applications {
		for _, role := range []string{app, reader(app)} {
			roles = append(roles, pulumi.Map{
				"name": pulumi.String(role), "ensure": pulumi.String("present"), "login": pulumi.Bool(true),
				"passwordSecret": pulumi.Map{"name": pulumi.String(secretOf(b.name, role))},
			})
		}
	}
	spread := pulumi.Map{
		"maxSkew": pulumi.Int(1), "topologyKey": pulumi.String("topology.kubernetes.io/zone"),
		"whenUnsatisfiable": pulumi.String("ScheduleAnyway"),
		"labelSelector":     pulumi.Map{"matchLabels": workload.StringMap(b.database.server.Selector())},
	}
	spec := pulumi.Map{
		"instances": pulumi.Int(a.Replicas + 1), "imageName": pulumi.String(a.Image), "storage": storage,
		"resources": pulumi.Map{
			"requests": amounts(a.Resources.Requests), "limits": amounts(a.Resources.Limits),
		},
		"postgresql": server, "managed": pulumi.Map{"roles": roles}, "enableSuperuserAccess": pulumi.Bool(false),
		// A database of nobody's: applications get theirs by objects of their own.
		"bootstrap": pulumi.Map{"initdb": pulumi.Map{
			"database": pulumi.String("plinth_unused"), "owner": pulumi.String("plinth_unused"),
			"dataChecksums": pulumi.Bool(true),
		}},
		"affinity": pulumi.Map{
			"enablePodAntiAffinity": pulumi.Bool(true), "podAntiAffinityType": pulumi.String("preferred"),
			"topologyKey": pulumi.String("kubernetes.io/hostname"),
		},
		"topologySpreadConstraints": pulumi.Array{spread},
		// By these network policies find the pods.
		"inheritedMetadata": pulumi.Map{"labels": workload.StringMap(b.database.server.Labels())},
	}
	if a.Backup != nil {
		spec["backup"] = a.Backup.store()
	}
	return spec
}

func amounts(a workload.Amounts) pulumi.StringMap {
	return pulumi.StringMap{
		"cpu": pulumi.String(a.CPU), "memory": pulumi.String(a.Memory),
		"ephemeral-storage": pulumi.String(a.EphemeralStorage),
	}
}

// object makes one of the operator's kinds and waits until it is as the operator says by then.
func (b *builder) object(
	logical, kind, name, until string, spec pulumi.Map, options []pulumi.ResourceOption,
) (pulumi.Resource, error) {
	meta := b.database.server.Meta(name)
	meta.Annotations = pulumi.StringMap{
		"pulumi.com/waitFor": pulumi.String(until), "pulumi.com/timeoutSeconds": pulumi.String(fmt.Sprint(b.args.Timeout)),
	}
	return workload.Object(b.ctx, b.name+"-"+logical, version, kind, meta, pulumi.Map{"spec": spec}, options...)
}

// databases are those of the applications, each with what its reader may do.
func (b *builder) databases() error {
	for _, app := range b.args.Applications {
		made, err := b.object("database-"+app, "Database", workload.Name(workload.MaxLabel, b.name, "database", app),
			"jsonpath={.status.applied}=true", pulumi.Map{
				"name": pulumi.String(app), "owner": pulumi.String(app), "ensure": pulumi.String("present"),
				"cluster":               pulumi.Map{"name": pulumi.String(b.name)},
				"databaseReclaimPolicy": pulumi.String("retain"),
			}, b.child(b.made))
		if err != nil {
			return err
		}
		job, err := b.grant(app, made)
		if err != nil {
			return err
		}
		b.database.ready = append(b.database.ready, job)
	}
	return nil
}

// grant gives the reader of an application's database its rights, as the owner.
func (b *builder) grant(app string, after pulumi.Resource) (pulumi.Resource, error) {
	id := b.database.server
	id.Name = workload.Name(workload.MaxLabel, b.name, "grant", app)
	policies, err := workload.Edges(b.ctx, id.Name, id, []binding.Edge{{
		To: b.database.server.Peer(), Ports: workload.Ports{port}.Edges(),
	}}, b.child()...)
	if err != nil {
		return nil, err
	}
	uid := user
	pod := workload.Pod{ID: id, User: &uid, Containers: []workload.Container{{
		Name: "grant", Image: b.args.Image, Command: []string{"bash", "-c", grants}, Writable: []string{socketFolder},
		Env: []binding.Variable{
			{Name: "PGHOST", Value: pulumi.String(b.database.host("rw"))},
			{Name: "PGDATABASE", Value: pulumi.String(app)},
			{Name: "PGUSER", Value: pulumi.String(app)},
			{Name: "PGPASSWORD", Secret: &binding.SecretRef{Secret: pulumi.String(secretOf(b.name, app)), Key: "password"}},
			{Name: "PGSSLMODE", Value: pulumi.String("verify-full")},
			{Name: "PGSSLROOTCERT", Value: pulumi.String("/authority/" + authorityKey)},
			{Name: "READER", Value: pulumi.String(reader(app))},
		},
		Resources: workload.Resources{
			Requests: workload.Amounts{CPU: "50m", Memory: "64Mi", EphemeralStorage: "16Mi"},
			Limits:   workload.Amounts{CPU: "500m", Memory: "128Mi", EphemeralStorage: "64Mi"},
		},
		Mounts: []workload.Mount{{Volume: "authority", Path: "/authority", ReadOnly: true}},
	}}, Volumes: []workload.Volume{{
		Name: "authority", Secret: pulumi.String(authorityOf(b.name)), Items: map[string]string{authorityKey: authorityKey},
	}}}
	job := workload.Job{Name: id.Name, Pod: pod, Retries: 2, Timeout: b.args.Timeout}
	return job.Run(b.ctx, id.Name+"-job", b.child(append(policies, after)...)...)
}

// host is one of the Services that the operator makes: rw leads to the primary, ro to the replicas.
func (c *Cluster) host(of string) string {
	return workload.Host(c.server.Name+"-"+of, c.server.Namespace)
}

// secretOf names the Secret of a role. Names of roles may hold an underscore, which names of objects may not.
func secretOf(database, role string) string {
	if app, isReader := cutReader(role); isReader {
		return workload.Name(workload.MaxLabel, database, "reader", app)
	}
	return workload.Name(workload.MaxLabel, database, "role", role)
}

// authorityOf names the Secret in which the operator keeps the authority of a cluster's certificates.
func authorityOf(database string) string { return database + "-ca" }
