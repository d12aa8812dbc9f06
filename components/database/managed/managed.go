package managed

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/database/replicated"
	"plinth/components/platform"
	"plinth/components/workload"
)

// Server is who runs servers: a [platform.Cluster].
type Server interface {
	Database(
		ctx *pulumi.Context, name string, args *platform.DatabaseArgs, opts ...pulumi.ResourceOption,
	) (*platform.Database, error)
}

// Args says what databases.
type Args struct {
	// Namespace holds everything that is made in the cluster.
	Namespace *workload.Namespace
	// PartOf names the environment.
	PartOf string
	// Cloud makes the server that Server describes; the password is filled in here.
	Cloud  Server
	Server platform.DatabaseArgs
	// Image is resolved already: one with the engine's client, and bash. User is the uid that it runs as.
	Image string
	User  int
	// Rotation counts how often the passwords were made anew; see the package's documentation.
	Rotation int
	// Applications are the names of those that get a role and a database, sorted.
	Applications []string
	// Timeout is how long, in seconds, the Job may take.
	Timeout int
}

// Database is a server with a database for every application. Who needs it waits until the applications' roles and
// databases are there.
type Database struct {
	pulumi.ResourceState

	args   *Args
	engine engine
	server *platform.Database
	id     workload.ID
	// revisions are the passwords in use, by role.
	revisions map[string]pulumi.StringInput
	// ready is what somebody who needs the database waits for; replicated what readers of the replicas wait for.
	ready, replicated []pulumi.Resource
}

// New makes the server and the databases.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Database, error) {
	of, found := engines()[args.Server.Engine]
	if !found {
		return nil, fmt.Errorf("database %s: engine %q: want %s or %s", name, args.Server.Engine,
			platform.DatabasePostgres, platform.DatabaseMySQL)
	}
	d := &Database{
		args: args, engine: of, revisions: map[string]pulumi.StringInput{},
		id: workload.ID{Name: name + "-setup", Component: "database", PartOf: args.PartOf, Namespace: args.Namespace.Name},
	}
	if err := ctx.RegisterComponentResource("plinth:database:Managed", name, d, opts...); err != nil {
		return nil, fmt.Errorf("registering database %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: args, database: d}
	for _, step := range []func() error{b.server, b.passwords, b.authority, b.edges, b.setup} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("database %s: %w", name, err)
		}
	}
	return d, ctx.RegisterResourceOutputs(d, pulumi.Map{"host": d.server.Host})
}

// builder makes the database's parts in the order of their dependencies.
type builder struct {
	ctx      *pulumi.Context
	name     string
	args     *Args
	database *Database

	administrator database.Password
	// fingerprint changes with any of the passwords.
	fingerprint pulumi.StringInput
	// scripts names a ConfigMap.
	scripts string
	// guards are what the Job waits for.
	guards []pulumi.Resource
}

// child are the options of everything made in the cluster: below the component, after the namespace and its guards.
func (b *builder) child(after ...pulumi.Resource) []pulumi.ResourceOption {
	return []pulumi.ResourceOption{
		pulumi.Parent(b.database), pulumi.DependsOn(slices.Concat(b.args.Namespace.Ready, after)),
	}
}

// server has the cloud make the server. It waits for nothing in the cluster, nor for the cluster.
func (b *builder) server() (err error) {
	b.administrator, err = database.NewPassword(b.ctx, b.name+"-administrator", b.args.Rotation, pulumi.Parent(b.database))
	if err != nil {
		return err
	}
	wanted := b.args.Server
	wanted.Password = b.administrator.Current()
	d := b.database
	if d.server, err = b.args.Cloud.Database(b.ctx, b.name+"-server", &wanted, pulumi.Parent(d)); err != nil {
		return err
	}
	d.replicated = d.server.Replicated
	return nil
}

// Keys of the Secrets. A role's password of an odd rotation is where [database.KeyOf] says.
const (
	passwordKey     = "password"
	readPasswordKey = "read-password"
	authorityKey    = "ca.crt"
)

// Where the Job finds what it needs.
const (
	scriptsFolder   = "/scripts"
	authorityFolder = "/authority"
	rolesFolder     = "/roles/"
)

// passwords puts the administrator's password into a Secret that the Job alone uses, and those of each application into
// one of its own.
func (b *builder) passwords() error {
	current := b.administrator.Current()
	err := b.secret(credentialsOf(b.name), pulumi.StringMap{passwordKey: current})
	if err != nil {
		return err
	}
	all := []any{current}
	for _, app := range b.args.Applications {
		of, values := secretOf(b.name, app), pulumi.StringMap{}
		role := b.database.engine.role(app)
		for _, entry := range []struct{ name, key, role string }{
			{of, passwordKey, role}, {of + "-read", readPasswordKey, replicated.Reader(role)},
		} {
			made, err := database.NewPassword(b.ctx, entry.name, b.args.Rotation, pulumi.Parent(b.database))
			if err != nil {
				return err
			}
			values[entry.key] = made.Even
			all = append(all, made.Even)
			if b.args.Rotation > 0 {
				values[database.KeyOf(entry.key, 1)] = made.Odd
				all = append(all, made.Odd)
			}
			b.database.revisions[entry.role] = made.Current()
		}
		if err := b.secret(of, values); err != nil {
			return err
		}
	}
	b.fingerprint = workload.Fingerprint(b.database.id, all...)
	return nil
}

// authority hands the certificates on that the server is verified by. There is nothing secret in them.
func (b *builder) authority() error {
	return b.secret(authorityOf(b.name), pulumi.StringMap{authorityKey: b.database.server.Authority})
}

func (b *builder) secret(name string, values pulumi.StringMap) error {
	made, err := corev1.NewSecret(b.ctx, name, &corev1.SecretArgs{
		Metadata: b.database.id.Meta(name), Type: pulumi.String("Opaque"), StringData: values,
	}, b.child()...)
	if err != nil {
		return fmt.Errorf("creating secret %s: %w", name, err)
	}
	b.guards = append(b.guards, made)
	return nil
}

// edges let the Job reach the server.
func (b *builder) edges() error {
	policies, err := workload.Edges(b.ctx, b.database.id.Name, b.database.id, b.database.edges(), b.child()...)
	b.guards = append(b.guards, policies...)
	return err
}

// edges lead to wherever the server may have its addresses.
func (d *Database) edges() []binding.Edge {
	var edges []binding.Edge
	for _, cidr := range d.server.Ranges {
		edges = append(edges, binding.Edge{
			To: binding.Peer{CIDR: cidr}, Ports: []binding.Port{{Number: d.server.Port}},
		})
	}
	return edges
}

// setup makes the roles and databases. It runs anew when a password or an application changes, and when the server is
// another one.
func (b *builder) setup() error {
	d := b.database
	name, files, err := workload.Files(b.ctx, b.name+"-scripts", d.id, d.engine.scripts, b.child()...)
	if err != nil {
		return err
	}
	b.scripts = name
	user := b.args.User
	pod := workload.Pod{
		ID: d.id, User: &user, Annotations: pulumi.StringMap{"checksum/secrets": b.fingerprint},
		Containers: []workload.Container{{
			Name: "setup", Image: b.args.Image, Command: []string{scriptsFolder + "/setup.sh"}, Env: d.engine.env(b),
			Resources: workload.Resources{
				Requests: workload.Amounts{CPU: "50m", Memory: "64Mi", EphemeralStorage: "16Mi"},
				Limits:   workload.Amounts{CPU: "500m", Memory: "128Mi", EphemeralStorage: "64Mi"},
			},
			Mounts: []workload.Mount{
				{Volume: "scripts", Path: scriptsFolder, ReadOnly: true},
				{Volume: "authority", Path: authorityFolder, ReadOnly: true},
			},
		}},
		Volumes: []workload.Volume{
			{Name: "scripts", ConfigMap: pulumi.String(b.scripts), Executable: true},
			{Name: "authority", Secret: pulumi.String(authorityOf(b.name))},
		},
	}
	for _, app := range b.args.Applications {
		volume := workload.Name(workload.MaxLabel, "role", app)
		pod.Volumes = append(pod.Volumes, workload.Volume{Name: volume, Secret: pulumi.String(secretOf(b.name, app))})
		pod.Containers[0].Mounts = append(pod.Containers[0].Mounts,
			workload.Mount{Volume: volume, Path: rolesFolder + app, ReadOnly: true})
	}
	job := workload.Job{Name: d.id.Name, Pod: pod, Retries: 2, Timeout: b.args.Timeout}
	needs := slices.Concat(b.guards, d.server.Ready, []pulumi.Resource{files})
	made, err := job.Run(b.ctx, d.id.Name+"-job", b.child(needs...)...)
	if err != nil {
		return err
	}
	d.ready = []pulumi.Resource{made}
	return nil
}

// password is the administrator's.
func (b *builder) password() *binding.SecretRef {
	return &binding.SecretRef{Secret: pulumi.String(credentialsOf(b.name)), Key: passwordKey}
}

// roles are what the setup is told of the applications.
func (b *builder) roles() pulumi.String {
	words := make([]string, len(b.args.Applications))
	for i, app := range b.args.Applications {
		words[i] = b.database.engine.word(app)
	}
	return pulumi.String(strings.Join(words, " "))
}

// Binding leads an application to its database, as the role that owns it. The application is one of
// [Args].Applications.
func (d *Database) Binding(app string, shape database.Shape, mode database.Mode) binding.Binding {
	return d.binding(d.name(), d.server.Host, app, d.engine.role(app), passwordKey, shape, mode)
}

// ReadOnly leads an application to one of the replicas, as a role that may only read its database; without replicas to
// the server that is written to. What was written a moment ago may not be there yet.
func (d *Database) ReadOnly(app string, shape database.Shape, mode database.Mode) binding.Binding {
	host := d.server.Host
	if n := len(d.server.Readers); n > 0 {
		sum := fnv.New32a()
		_, _ = sum.Write([]byte(app))
		host = d.server.Readers[int(sum.Sum32()%uint32(n))] //nolint:gosec // A handful of replicas.
	}
	b := d.binding(d.name()+"-readers", host, app, replicated.Reader(d.engine.role(app)), readPasswordKey, shape, mode)
	b.Ready = append(b.Ready, d.replicated...)
	return b
}

func (d *Database) binding(
	name string, host pulumi.StringInput, app, role, key string, shape database.Shape, mode database.Mode,
) binding.Binding {
	at := database.Target{
		Name: name, Host: host, Port: d.server.Port, Database: app, User: database.Login(role, d.args.Rotation),
		Password: binding.SecretRef{
			Secret: pulumi.String(secretOf(d.name(), app)), Key: database.KeyOf(key, d.args.Rotation),
		},
		Authority: binding.SecretRef{Secret: pulumi.String(authorityOf(d.name())), Key: authorityKey},
		Nameless:  d.server.Nameless,
	}
	b := d.engine.bind(&at, shape, mode)
	b.Edges, b.Revision = d.edges(), d.revisions[role]
	b.Ready = slices.Clone(d.ready)
	return b
}

// name is the database's.
func (d *Database) name() string { return strings.TrimSuffix(d.id.Name, "-setup") }

// secretOf names the Secret of an application's roles.
func secretOf(database, app string) string {
	return workload.Name(workload.MaxLabel, database, "role", app)
}

func credentialsOf(database string) string { return database + "-credentials" }
func authorityOf(database string) string   { return database + "-authority" }
