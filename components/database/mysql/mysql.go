package mysql

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/workload"
)

//go:embed scripts/*.sh
var scripts embed.FS

const (
	socketFolder  = "/var/run/mysqld"
	configFolder  = "/etc/database"
	scriptsFolder = "/scripts"
	// volumeFolder holds the data in a folder of its own, so that one is there whole or not at all.
	volumeFolder = "/database"
	claim        = "data"

	// user is the uid of the official images.
	user = 999
)

var port = workload.Port{Name: "mysql", Container: 3306}

// MySQL is a primary with its replicas. It waits until all of them are ready and every application's accounts and
// database are there.
type MySQL struct {
	pulumi.ResourceState

	args *Args
	// primary and replica are the two workloads.
	primary, replica workload.ID
	// revisions are the passwords in use, by account.
	revisions map[string]pulumi.StringInput
	// ready is what somebody who needs the database waits for; replicated what readers of the replicas wait for.
	ready, replicated []pulumi.Resource
}

// Args says what database.
type Args struct {
	// Namespace holds everything made here.
	Namespace *workload.Namespace
	// PartOf names the environment.
	PartOf string
	// Engine is which of the two it is.
	Engine Engine
	// Image is resolved already: an official image of the engine, or one with the same programs.
	Image string
	// User is the image's uid of the server. Zero: 999.
	User int
	// Replicas is how many servers follow the primary.
	Replicas int
	// Storage is the size of each volume, a quantity of bytes. It can grow, not shrink.
	Storage string
	// StorageClass is empty for the cluster's default.
	StorageClass string
	// Resources are each pod's.
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
	// Retain keeps the volumes when the database is destroyed.
	Retain bool
	// Timeout is how long, in seconds, each part may take to be ready.
	Timeout int
}

// Engine is one of the two.
type Engine string

// The engines.
const (
	Oracle  Engine = "mysql"
	MariaDB Engine = "mariadb"
)

// Synchronous is what a commit waits for before it is acknowledged.
type Synchronous string

// What a commit may wait for.
const (
	// Off is nothing.
	Off Synchronous = "off"
	// On is the primary's disk.
	On Synchronous = "on"
)

// New makes the database.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*MySQL, error) {
	id := func(name string) workload.ID {
		return workload.ID{Name: name, Component: "database", PartOf: args.PartOf, Namespace: args.Namespace.Name}
	}
	m := &MySQL{args: args, primary: id(name), replica: id(name + "-replica")}
	if err := ctx.RegisterComponentResource("plinth:database:MySQL", name, m, opts...); err != nil {
		return nil, fmt.Errorf("registering database %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: args, database: m, setupID: id(name + "-setup")}
	for _, step := range []func() error{
		b.passwords, b.certificates, b.files, b.services, b.edges, b.budgets, b.primary, b.setup, b.replicas, b.growth,
	} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("database %s: %w", name, err)
		}
	}
	return m, ctx.RegisterResourceOutputs(m, pulumi.Map{"host": pulumi.String(m.host())})
}

// builder makes the database's parts in the order of their dependencies.
type builder struct {
	ctx      *pulumi.Context
	name     string
	args     *Args
	database *MySQL
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
// so a rollout. What the engine calls things is in the one named engine.sh.
func (b *builder) files() error {
	settings, err := b.args.settings()
	if err != nil {
		return err
	}
	if b.config, err = b.configMap("config", map[string]string{"server.cnf": settings}); err != nil {
		return err
	}
	content := map[string]string{}
	for file, script := range map[string]string{
		"alive.sh": "alive.sh", "common.sh": "common.sh", "engine.sh": string(b.args.Engine) + ".sh",
		"primary.sh": "primary.sh", "ready.sh": "ready.sh", "replica.sh": "replica.sh",
		"replica-alive.sh": "replica-alive.sh", "setup.sh": "setup.sh",
	} {
		text, err := scripts.ReadFile("scripts/" + script)
		if err != nil {
			return fmt.Errorf("reading script %s: %w", script, err)
		}
		content[file] = string(text)
	}
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

// services are one name for the primary, one for the replicas, and the one that gives each pod its own.
func (b *builder) services() error {
	for _, s := range []struct {
		name     string
		id       workload.ID
		headless bool
	}{
		{b.name, b.database.primary, false},
		{b.name + "-replicas", b.database.replica, false},
		{b.name + "-primary-pods", b.database.primary, true},
		{b.name + "-replica-pods", b.database.replica, true},
	} {
		if b.args.Replicas == 0 && s.id == b.database.replica {
			continue
		}
		meta := s.id.Meta(s.name)
		// Its pods come after it, so it is not waited for: they need its name to start.
		meta.Annotations = pulumi.StringMap{"pulumi.com/skipAwait": pulumi.String("true")}
		spec := corev1.ServiceSpecArgs{
			Type: pulumi.String("ClusterIP"), Selector: workload.StringMap(s.id.Selector()),
			Ports: workload.Ports{port}.ServicePorts(),
		}
		if s.headless {
			spec.ClusterIP = pulumi.String("None")
		}
		service, err := corev1.NewService(b.ctx, s.name+"-service", &corev1.ServiceArgs{Metadata: meta, Spec: spec},
			b.child()...)
		if err != nil {
			return fmt.Errorf("creating service %s: %w", s.name, err)
		}
		b.guards = append(b.guards, service)
	}
	return nil
}

// edges let the replicas and the setup reach the primary, and the primary ask whether there are replicas.
func (b *builder) edges() error {
	primary, replica := b.database.primary, b.database.replica
	edges := [][2]workload.ID{{b.setupID, primary}}
	if b.args.Replicas > 0 {
		edges = append(edges, [2]workload.ID{replica, primary}, [2]workload.ID{primary, replica})
	}
	for _, edge := range edges {
		from, to := edge[0], edge[1]
		policies, err := workload.Edges(b.ctx, from.Name, from,
			[]binding.Edge{{To: to.Peer(), Ports: workload.Ports{port}.Edges()}}, b.child()...)
		if err != nil {
			return err
		}
		b.guards = append(b.guards, policies...)
	}
	return nil
}

// budgets let a drain take one pod of each at a time.
func (b *builder) budgets() error {
	ids := []workload.ID{b.database.primary}
	if b.args.Replicas > 0 {
		ids = append(ids, b.database.replica)
	}
	for _, id := range ids {
		if err := workload.OneAtATime(b.ctx, id, b.child()...); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) primary() error {
	pod := b.pod(b.database.primary, "primary.sh", []binding.Variable{
		{Name: "ROOT_PASSWORD", Secret: b.credentials.root},
		// Set without replicas too: the first one restarts nobody.
		{Name: "REPLICAS_HOST", Value: pulumi.String(workload.Host(b.name+"-replicas", b.args.Namespace.Name))},
	})
	var err error
	b.primarySet, err = b.statefulSet(b.database.primary, b.name+"-primary-pods", 1, pod)
	return err
}

func (b *builder) replicas() error {
	b.database.replicated = b.database.ready
	if b.args.Replicas == 0 {
		return nil
	}
	pod := b.pod(b.database.replica, "replica.sh", []binding.Variable{
		{Name: "PRIMARY_HOST", Value: pulumi.String(b.database.host())},
		{Name: "REPLICATION_PASSWORD", Secret: b.credentials.replicator},
	})
	pod.Containers[0].Liveness = &workload.Probe{
		Command: []string{scriptsFolder + "/replica-alive.sh"}, Period: 20, Timeout: 10,
	}
	// Their password is read at the start.
	pod.Annotations = pulumi.StringMap{"checksum/replication": b.credentials.replication}
	var err error
	b.replicaSet, err = b.statefulSet(b.database.replica, b.name+"-replica-pods", b.args.Replicas, pod, b.setupJob)
	b.database.replicated = append(slices.Clone(b.database.ready), b.replicaSet)
	return err
}

// pod is what the primary's and a replica's have in common.
func (b *builder) pod(id workload.ID, script string, env []binding.Variable) workload.Pod {
	uid := b.args.user()
	return workload.Pod{
		ID: id, User: &uid, Spread: true,
		// A shutdown writes everything out first.
		Grace: 120,
		Containers: []workload.Container{{
			Name: b.args.Engine.container(), Image: b.args.Image, Command: []string{scriptsFolder + "/" + script}, Env: env,
			Ports: workload.Ports{port}, Resources: b.args.Resources, Writable: []string{socketFolder},
			// The first start makes or clones the database, and any may have to recover: for up to a day.
			Startup:   &workload.Probe{Command: []string{scriptsFolder + "/ready.sh"}, Period: 2, Timeout: 5, Failures: 43200},
			Readiness: &workload.Probe{Command: []string{scriptsFolder + "/ready.sh"}, Period: 5, Timeout: 5},
			// Not by a bare connection: the server would log each as one that was broken off.
			Liveness: &workload.Probe{Command: []string{scriptsFolder + "/alive.sh"}, Period: 10, Timeout: 5, Failures: 6},
			Mounts: []workload.Mount{
				{Volume: claim, Path: volumeFolder},
				{Volume: "config", Path: configFolder, ReadOnly: true},
				{Volume: "scripts", Path: scriptsFolder, ReadOnly: true},
				{Volume: "certificate", Path: certificateFolder, ReadOnly: true},
			},
		}},
		Volumes: []workload.Volume{
			{Name: "config", ConfigMap: pulumi.String(b.config)},
			{Name: "scripts", ConfigMap: pulumi.String(b.scripts), Executable: true},
			{Name: "certificate", Secret: pulumi.String(b.name + "-certificate")},
		},
	}
}

// claim is the volume claim of each pod. What is scaled away of the replicas is a copy: kept, it would be too old when
// it came back.
func (b *builder) claim(id workload.ID) workload.Claim {
	return workload.Claim{
		Name: claim, Storage: b.args.Storage, StorageClass: b.args.StorageClass, Retain: b.args.Retain,
		RetainScaled: id == b.database.primary,
	}
}

func (b *builder) statefulSet(
	id workload.ID, service string, replicas int, pod workload.Pod, after ...pulumi.Resource,
) (*appsv1.StatefulSet, error) {
	if err := pod.Check(); err != nil {
		return nil, err
	}
	meta := id.Meta(id.Name)
	meta.Annotations = pulumi.StringMap{"pulumi.com/timeoutSeconds": pulumi.String(fmt.Sprint(b.args.Timeout))}
	set, err := appsv1.NewStatefulSet(b.ctx, id.Name+"-statefulset", &appsv1.StatefulSetArgs{
		Metadata: meta,
		Spec: appsv1.StatefulSetSpecArgs{
			ServiceName: pulumi.String(service), Replicas: pulumi.Int(replicas),
			Selector:                             metav1.LabelSelectorArgs{MatchLabels: workload.StringMap(id.Selector())},
			Template:                             pod.Template(),
			VolumeClaimTemplates:                 b.claim(id).Templates(),
			PersistentVolumeClaimRetentionPolicy: b.claim(id).Policy(),
		},
	}, append(b.child(append(after, b.guards...)...), b.claim(id).Ignored())...)
	if err != nil {
		return nil, fmt.Errorf("creating stateful set %s: %w", id.Name, err)
	}
	return set, nil
}

// growth gives claims that are there the size that is declared.
func (b *builder) growth() error {
	primary, replica := b.database.primary, b.database.replica
	if err := b.claim(primary).Grow(b.ctx, primary, 1, b.child(b.primarySet)...); err != nil {
		return err
	}
	return b.claim(replica).Grow(b.ctx, replica, b.args.Replicas, b.child(b.replicaSet)...)
}

// setup makes the accounts and databases. It runs anew when the applications, a password or the script change.
func (b *builder) setup() (err error) {
	var roles []string
	for _, app := range b.args.Applications {
		roles = append(roles, app+"="+account(app))
	}
	env := []binding.Variable{
		{Name: "PRIMARY_HOST", Value: pulumi.String(b.database.host())},
		{Name: "ROOT_PASSWORD", Secret: b.credentials.root},
		{Name: "REPLICATION_PASSWORD", Secret: b.credentials.replicator},
		{Name: "ROLES", Value: pulumi.String(strings.Join(roles, " "))},
	}
	if b.credentials.previous != nil {
		env = append(env, binding.Variable{Name: "PREVIOUS_PASSWORD", Secret: b.credentials.previous})
	}
	uid := b.args.user()
	pod := workload.Pod{
		ID: b.setupID, User: &uid, Annotations: pulumi.StringMap{"checksum/secrets": b.credentials.fingerprint},
		Containers: []workload.Container{{
			Name: "setup", Image: b.args.Image, Command: []string{scriptsFolder + "/setup.sh"}, Env: env,
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
			workload.Mount{Volume: volume, Path: "/roles/" + app, ReadOnly: true})
	}
	job := workload.Job{Name: b.name + "-setup", Pod: pod, Retries: 2, Timeout: b.args.Timeout}
	after := append([]pulumi.Resource{b.primarySet}, b.guards...)
	b.setupJob, err = job.Run(b.ctx, b.name+"-setup-job", b.child(after...)...)
	b.database.ready = []pulumi.Resource{b.setupJob}
	return err
}

func (a *Args) user() int {
	if a.User == 0 {
		return user
	}
	return a.User
}

// container is what the server's container is called: where `kubectl exec` leads.
func (e Engine) container() string { return string(e) }

// host is the primary's Service.
func (m *MySQL) host() string { return workload.Host(m.primary.Name, m.primary.Namespace) }
