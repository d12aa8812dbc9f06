package postgres

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/workload"
)

//go:embed scripts/*.sh
var scripts embed.FS

const (
	superuser  = "postgres"
	replicator = "replication"

	// DefaultUser is the uid of the official image on Debian; on Alpine it is 70.
	DefaultUser = 999

	socketFolder  = "/var/run/postgresql"
	configFolder  = "/etc/postgresql"
	scriptsFolder = "/scripts"
	// volumeFolder is none that the image has a use for: from version 18 it refuses a volume where it was before.
	volumeFolder = "/pgdata"
	dataFolder   = volumeFolder + "/data"
)

var port = workload.Port{Name: "postgres", Container: 5432}

// Postgres is a primary with its replicas. It waits until all of them are ready and every application's role and
// database is there.
type Postgres struct {
	pulumi.ResourceState

	args *Args
	// parts made it, and make what is added to it.
	parts *builder
	// primary and replica are the two workloads.
	primary, replica workload.ID
	// revisions are the passwords in use, by role.
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
	// Image is resolved already: an official postgres image, or one with its contract.
	Image string
	// User is the image's uid of postgres. Zero: [DefaultUser].
	User int
	// Replicas is from 0 to [MaxReplicas].
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
	// Settings of postgresql.conf by name, over those that follow from the rest.
	Settings map[string]string
	// Clients are the ranges that pods have their addresses in. Which pods may connect is up to the network policies.
	Clients []string
	// Applications are the names of those that get a role and a database, sorted.
	Applications []string
	// Backups is for a database with a [Postgres.Backup], Metrics for one with a [Postgres.Exporter]: their roles.
	Backups, Metrics bool
	// Retain keeps the volumes when the database is destroyed.
	Retain bool
	// Timeout is how long, in seconds, each part may take to be ready.
	Timeout int
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
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Postgres, error) {
	id := func(name string) workload.ID {
		return workload.ID{Name: name, Component: "database", PartOf: args.PartOf, Namespace: args.Namespace.Name}
	}
	p := &Postgres{args: args, primary: id(name), replica: id(name + "-replica")}
	if err := ctx.RegisterComponentResource("plinth:database:Postgres", name, p, opts...); err != nil {
		return nil, fmt.Errorf("registering database %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: args, database: p, setupID: id(name + "-setup")}
	p.parts = b
	for _, step := range []func() error{
		b.passwords, b.certificates, b.files, b.services, b.edges, b.budgets, b.primary, b.setup, b.replicas, b.slots,
		b.growth,
	} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("database %s: %w", name, err)
		}
	}
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{"host": pulumi.String(p.host())})
}

// builder makes the database's parts in the order of their dependencies.
type builder struct {
	ctx      *pulumi.Context
	name     string
	args     *Args
	database *Postgres
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
func (b *builder) files() error {
	settings, err := b.args.settings(b.name)
	if err != nil {
		return err
	}
	config := map[string]string{"postgresql.conf": settings, "pg_hba.conf": b.args.access()}
	if b.config, err = b.configMap("config", config); err != nil {
		return err
	}
	content := map[string]string{}
	for _, script := range []string{
		"primary.sh", "ready.sh", "replica.sh", "replica-alive.sh", "setup.sh", "slots.sh",
		"backup.sh", "upload.sh", "download.sh", "restore.sh",
	} {
		text, err := scripts.ReadFile("scripts/" + script)
		if err != nil {
			return fmt.Errorf("reading script %s: %w", script, err)
		}
		content[script] = string(text)
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
		{Name: "PGDATA", Value: pulumi.String(dataFolder)},
		{Name: "POSTGRES_PASSWORD", Secret: b.credentials.superuser},
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
		{Name: "PGDATA", Value: pulumi.String(dataFolder)},
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
	if b.args.Synchronous == Quorum {
		// Nothing can be written before.
		b.database.ready = b.database.replicated
	}
	return err
}

// pod is what the primary's and a replica's have in common.
func (b *builder) pod(id workload.ID, script string, env []binding.Variable) workload.Pod {
	user := b.args.user()
	ready := []string{"pg_isready", "-q", "-h", "127.0.0.1", "-U", superuser}
	return workload.Pod{
		ID: id, User: &user, Spread: true,
		// A shutdown writes everything out first.
		Grace: 120,
		Containers: []workload.Container{{
			Name: "postgres", Image: b.args.Image, Command: []string{scriptsFolder + "/" + script}, Env: env,
			Ports: workload.Ports{port}, Resources: b.args.Resources, Writable: []string{socketFolder},
			// The first start makes or clones the database, and any may have to recover: for up to a day.
			Startup:   &workload.Probe{Command: ready, Period: 2, Timeout: 5, Failures: 43200},
			Readiness: &workload.Probe{Command: []string{scriptsFolder + "/ready.sh"}, Period: 5, Timeout: 5},
			Liveness:  &workload.Probe{TCP: true, Port: port.Name, Period: 10, Timeout: 5, Failures: 6},
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
// it came back. The primary is scaled to none by a promotion alone, which has a use for its volume.
func (b *builder) claim(id workload.ID) workload.Claim {
	return workload.Claim{
		Name: claim, Storage: b.args.Storage, StorageClass: b.args.StorageClass, Retain: b.args.Retain,
		RetainScaled: id == b.database.primary,
	}
}

const claim = "data"

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

// setup makes the roles and databases. It runs anew when the applications, a password or the script change.
func (b *builder) setup() (err error) {
	env := []binding.Variable{
		{Name: "REPLICATION_PASSWORD", Secret: b.credentials.replicator},
		{Name: "ROLES", Value: pulumi.String(strings.Join(b.args.Applications, " "))},
	}
	if b.credentials.previous != nil {
		env = append(env, binding.Variable{Name: "PREVIOUS_PASSWORD", Secret: b.credentials.previous})
	}
	pod := b.job("setup.sh", env)
	for _, app := range b.args.Applications {
		volume := workload.Name(workload.MaxLabel, "role", app)
		pod.Volumes = append(pod.Volumes, workload.Volume{Name: volume, Secret: pulumi.String(b.secretOf(app))})
		pod.Containers[0].Mounts = append(pod.Containers[0].Mounts,
			workload.Mount{Volume: volume, Path: "/roles/" + app, ReadOnly: true})
	}
	b.servicesSetup(&pod)
	pod.Annotations = pulumi.StringMap{"checksum/secrets": b.credentials.fingerprint}
	b.setupJob, err = b.runJob("setup", pod, b.primarySet)
	b.database.ready = []pulumi.Resource{b.setupJob}
	return err
}

// slots drops what removed replicas leave. It runs after the replicas are as many as declared.
func (b *builder) slots() error {
	var keep []string
	for i := range b.args.Replicas {
		keep = append(keep, slot(fmt.Sprintf("%s-%d", b.database.replica.Name, i)))
	}
	pod := b.job("slots.sh", []binding.Variable{
		{Name: "SLOTS", Value: pulumi.String(strings.Join(keep, " "))},
		{Name: "SLOT_PREFIX", Value: pulumi.String(slot(b.database.replica.Name))},
	})
	after := []pulumi.Resource{b.setupJob}
	if b.replicaSet != nil {
		after = append(after, b.replicaSet)
	}
	_, err := b.runJob("slots", pod, after...)
	return err
}

// slot is a replica's slot: letters, digits and underscores are all that its name may hold.
func slot(pod string) string { return strings.ReplaceAll(pod, "-", "_") }

// job is a pod that works on the primary as its superuser.
func (b *builder) job(script string, env []binding.Variable) workload.Pod {
	user := b.args.user()
	pod := workload.Pod{
		ID: b.setupID, User: &user,
		Containers: []workload.Container{{
			Name: "setup", Image: b.args.Image, Command: []string{scriptsFolder + "/" + script},
			Env: append([]binding.Variable{
				{Name: "PGHOST", Value: pulumi.String(b.database.host())},
				{Name: "PGUSER", Value: pulumi.String(superuser)},
				{Name: "PGPASSWORD", Secret: b.credentials.superuser},
				{Name: "PGCONNECT_TIMEOUT", Value: pulumi.String("5")},
				// Where commits wait for a replica, there may be none yet.
				{Name: "PGOPTIONS", Value: pulumi.String("-c synchronous_commit=local")},
			}, append(verified(), env...)...),
			Resources: workload.Resources{
				Requests: workload.Amounts{CPU: "50m", Memory: "64Mi", EphemeralStorage: "16Mi"},
				Limits:   workload.Amounts{CPU: "500m", Memory: "128Mi", EphemeralStorage: "64Mi"},
			},
			Mounts: []workload.Mount{{Volume: "scripts", Path: scriptsFolder, ReadOnly: true}},
		}},
		Volumes: []workload.Volume{{Name: "scripts", ConfigMap: pulumi.String(b.scripts), Executable: true}},
	}
	b.authority(&pod)
	return pod
}

func (b *builder) runJob(kind string, pod workload.Pod, after ...pulumi.Resource) (*batchv1.Job, error) {
	name := b.name + "-" + kind
	job := workload.Job{Name: name, Pod: pod, Retries: 2, Timeout: b.args.Timeout}
	return job.Run(b.ctx, name+"-job", b.child(append(after, b.guards...)...)...)
}

func (a *Args) user() int {
	if a.User == 0 {
		return DefaultUser
	}
	return a.User
}

// host is the primary's Service.
func (p *Postgres) host() string { return workload.Host(p.primary.Name, p.primary.Namespace) }
