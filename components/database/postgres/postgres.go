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
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
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
	// primary and replica are the two workloads.
	primary, replica workload.ID
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
	// SynchronousCommit is on, off, local, remote_write or remote_apply:
	// https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-SYNCHRONOUS-COMMIT.
	SynchronousCommit string
	// Settings of postgresql.conf by name, over those that follow from the rest.
	Settings map[string]string
	// Clients are the ranges that pods have their addresses in. Which pods may connect is up to the network policies.
	Clients []string
	// Applications are the names of those that get a role and a database, sorted.
	Applications []string
	// Retain keeps the volumes when the database is destroyed.
	Retain bool
	// Timeout is how long, in seconds, each part may take to be ready.
	Timeout int
}

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
	for _, step := range []func() error{
		b.passwords, b.files, b.services, b.edges, b.budgets, b.primary, b.setup, b.replicas, b.slots, b.growth,
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
	settings, err := b.args.settings()
	if err != nil {
		return err
	}
	config := map[string]string{"postgresql.conf": settings, "pg_hba.conf": b.args.access()}
	if b.config, err = b.configMap("config", config); err != nil {
		return err
	}
	content := map[string]string{}
	for _, script := range []string{"primary.sh", "replica.sh", "replica-alive.sh", "setup.sh", "slots.sh"} {
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

// edges let the replicas and the setup reach the primary.
func (b *builder) edges() error {
	to := []binding.Edge{{To: b.database.primary.Peer(), Ports: workload.Ports{port}.Edges()}}
	ids := []workload.ID{b.setupID}
	if b.args.Replicas > 0 {
		ids = append(ids, b.database.replica)
	}
	for _, id := range ids {
		policies, err := workload.Edges(b.ctx, id.Name, id, to, b.child()...)
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
		_, err := policyv1.NewPodDisruptionBudget(b.ctx, id.Name+"-budget", &policyv1.PodDisruptionBudgetArgs{
			Metadata: id.Meta(id.Name),
			Spec: policyv1.PodDisruptionBudgetSpecArgs{
				MaxUnavailable:             pulumi.Int(1),
				Selector:                   metav1.LabelSelectorArgs{MatchLabels: workload.StringMap(id.Selector())},
				UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
			},
		}, b.child()...)
		if err != nil {
			return fmt.Errorf("creating the disruption budget of %s: %w", id.Name, err)
		}
	}
	return nil
}

func (b *builder) primary() error {
	pod := b.pod(b.database.primary, "primary.sh", []binding.Variable{
		{Name: "PGDATA", Value: pulumi.String(dataFolder)},
		{Name: "POSTGRES_PASSWORD", Secret: b.credentials.superuser},
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
	var err error
	b.replicaSet, err = b.statefulSet(b.database.replica, b.name+"-replica-pods", b.args.Replicas, pod, b.setupJob)
	b.database.replicated = append(slices.Clone(b.database.ready), b.replicaSet)
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
			Readiness: &workload.Probe{Command: ready, Period: 5, Timeout: 5},
			Liveness:  &workload.Probe{TCP: true, Port: port.Name, Period: 10, Timeout: 5, Failures: 6},
			Mounts: []workload.Mount{
				{Volume: claim, Path: volumeFolder},
				{Volume: "config", Path: configFolder, ReadOnly: true},
				{Volume: "scripts", Path: scriptsFolder, ReadOnly: true},
			},
		}},
		Volumes: []workload.Volume{
			{Name: "config", ConfigMap: pulumi.String(b.config)},
			{Name: "scripts", ConfigMap: pulumi.String(b.scripts), Executable: true},
		},
	}
}

// claim is the name of the volume claim of each pod.
const claim = "data"

func (b *builder) statefulSet(
	id workload.ID, service string, replicas int, pod workload.Pod, after ...pulumi.Resource,
) (*appsv1.StatefulSet, error) {
	if err := pod.Check(); err != nil {
		return nil, err
	}
	volume := corev1.PersistentVolumeClaimSpecArgs{
		AccessModes: pulumi.StringArray{pulumi.String("ReadWriteOnce")},
		Resources: corev1.VolumeResourceRequirementsArgs{
			Requests: pulumi.StringMap{"storage": pulumi.String(b.args.Storage)},
		},
	}
	if b.args.StorageClass != "" {
		volume.StorageClassName = pulumi.String(b.args.StorageClass)
	}
	claims := corev1.PersistentVolumeClaimTypeArgs{
		Metadata: metav1.ObjectMetaArgs{Name: pulumi.String(claim)}, Spec: volume,
	}
	deleted := "Delete"
	if b.args.Retain {
		deleted = "Retain"
	}
	meta := id.Meta(id.Name)
	meta.Annotations = pulumi.StringMap{"pulumi.com/timeoutSeconds": pulumi.String(fmt.Sprint(b.args.Timeout))}
	set, err := appsv1.NewStatefulSet(b.ctx, id.Name+"-statefulset", &appsv1.StatefulSetArgs{
		Metadata: meta,
		Spec: appsv1.StatefulSetSpecArgs{
			ServiceName: pulumi.String(service), Replicas: pulumi.Int(replicas),
			Selector:             metav1.LabelSelectorArgs{MatchLabels: workload.StringMap(id.Selector())},
			Template:             pod.Template(),
			VolumeClaimTemplates: corev1.PersistentVolumeClaimTypeArray{claims},
			PersistentVolumeClaimRetentionPolicy: appsv1.StatefulSetPersistentVolumeClaimRetentionPolicyArgs{
				WhenDeleted: pulumi.String(deleted),
				// What is scaled away is a copy. Kept, it would be too old when it came back.
				WhenScaled: pulumi.String("Delete"),
			},
		},
		// The templates cannot change in a set that is there: its volumes grow by their claims.
	}, append(b.child(append(after, b.guards...)...), pulumi.IgnoreChanges([]string{"spec.volumeClaimTemplates"}))...)
	if err != nil {
		return nil, fmt.Errorf("creating stateful set %s: %w", id.Name, err)
	}
	return set, nil
}

// growth gives claims that are there the size that is declared: the templates of a stateful set count for new ones.
func (b *builder) growth() error {
	grow := func(set pulumi.Resource, id workload.ID, replicas int) error {
		for i := range replicas {
			name := fmt.Sprintf("%s-%s-%d", claim, id.Name, i)
			_, err := corev1.NewPersistentVolumeClaimPatch(b.ctx, id.Name+"-size-"+fmt.Sprint(i),
				&corev1.PersistentVolumeClaimPatchArgs{
					Metadata: metav1.ObjectMetaPatchArgs{
						Name: pulumi.String(name), Namespace: pulumi.String(id.Namespace),
						Annotations: pulumi.StringMap{"pulumi.com/patchForce": pulumi.String("true")},
					},
					Spec: corev1.PersistentVolumeClaimSpecPatchArgs{
						// Unchanged; without it a rendered claim is not complete.
						AccessModes: pulumi.StringArray{pulumi.String("ReadWriteOnce")},
						Resources: corev1.VolumeResourceRequirementsPatchArgs{
							Requests: pulumi.StringMap{"storage": pulumi.String(b.args.Storage)},
						},
					},
					// A claim that has grown has its size from here alone, and cannot do without: it goes with its set.
				}, append(b.child(set), pulumi.RetainOnDelete(true))...)
			if err != nil {
				return fmt.Errorf("sizing volume claim %s: %w", name, err)
			}
		}
		return nil
	}
	if err := grow(b.primarySet, b.database.primary, 1); err != nil {
		return err
	}
	return grow(b.replicaSet, b.database.replica, b.args.Replicas)
}

// setup makes the roles and databases. It runs anew when the applications, a password or the script change.
func (b *builder) setup() (err error) {
	env := []binding.Variable{
		{Name: "REPLICATION_PASSWORD", Secret: b.credentials.replicator},
		{Name: "ROLES", Value: pulumi.String(strings.Join(b.args.Applications, " "))},
	}
	pod := b.job("setup.sh", env)
	for _, app := range b.args.Applications {
		volume := workload.Name(workload.MaxLabel, "role", app)
		pod.Volumes = append(pod.Volumes, workload.Volume{Name: volume, Secret: pulumi.String(b.secretOf(app))})
		pod.Containers[0].Mounts = append(pod.Containers[0].Mounts,
			workload.Mount{Volume: volume, Path: "/roles/" + app, ReadOnly: true})
	}
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
	return workload.Pod{
		ID: b.setupID, User: &user, RestartPolicy: "Never",
		Containers: []workload.Container{{
			Name: "setup", Image: b.args.Image, Command: []string{scriptsFolder + "/" + script},
			Env: append([]binding.Variable{
				{Name: "PGHOST", Value: pulumi.String(b.database.host())},
				{Name: "PGUSER", Value: pulumi.String(superuser)},
				{Name: "PGPASSWORD", Secret: b.credentials.superuser},
				{Name: "PGCONNECT_TIMEOUT", Value: pulumi.String("5")},
			}, env...),
			Resources: workload.Resources{
				Requests: workload.Amounts{CPU: "50m", Memory: "64Mi", EphemeralStorage: "16Mi"},
				Limits:   workload.Amounts{CPU: "500m", Memory: "128Mi", EphemeralStorage: "64Mi"},
			},
			Mounts: []workload.Mount{{Volume: "scripts", Path: scriptsFolder, ReadOnly: true}},
		}},
		Volumes: []workload.Volume{{Name: "scripts", ConfigMap: pulumi.String(b.scripts), Executable: true}},
	}
}

func (b *builder) runJob(kind string, pod workload.Pod, after ...pulumi.Resource) (*batchv1.Job, error) {
	name := b.name + "-" + kind
	if err := pod.Check(); err != nil {
		return nil, err
	}
	meta := b.setupID.Meta(name)
	meta.Annotations = pulumi.StringMap{
		"pulumi.com/timeoutSeconds": pulumi.String(fmt.Sprint(b.args.Timeout)),
		// One that failed runs anew with the next update.
		"pulumi.com/replaceUnready": pulumi.String("true"),
	}
	job, err := batchv1.NewJob(b.ctx, name+"-job", &batchv1.JobArgs{
		Metadata: meta,
		Spec: batchv1.JobSpecArgs{
			BackoffLimit: pulumi.Int(2), ActiveDeadlineSeconds: pulumi.Int(b.args.Timeout),
			Template: pod.Template(),
		},
	}, b.child(append(after, b.guards...)...)...)
	if err != nil {
		return nil, fmt.Errorf("creating job %s: %w", name, err)
	}
	return job, nil
}

func (a *Args) user() int {
	if a.User == 0 {
		return DefaultUser
	}
	return a.User
}

// host is the primary's Service.
func (p *Postgres) host() string { return workload.Host(p.primary.Name, p.primary.Namespace) }
