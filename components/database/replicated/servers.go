package replicated

import (
	"fmt"
	"slices"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/workload"
)

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
		{Name: b.engine.PasswordVariable, Secret: b.credentials.superuser},
		// Set without replicas too: the first one restarts nobody.
		{Name: "REPLICAS_HOST", Value: pulumi.String(workload.Host(b.name+"-replicas", b.args.Namespace.Name))},
	})
	alive := b.engine.Alive
	pod.Containers[0].Liveness = &alive
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
		Command: []string{ScriptsFolder + "/replica-alive.sh"}, Period: 20, Timeout: 10,
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
	user := b.user()
	return workload.Pod{
		ID: id, User: &user, Spread: true,
		// A shutdown writes everything out first.
		Grace: 120,
		Containers: []workload.Container{{
			Name: b.engine.Container, Image: b.args.Image, Command: []string{ScriptsFolder + "/" + script},
			Env:   slices.Concat(b.engine.Env, env),
			Ports: workload.Ports{b.engine.Port}, Resources: b.args.Resources, Writable: []string{b.engine.SocketFolder},
			// The first start makes or clones the database, and any may have to recover: for up to a day.
			Startup:   &workload.Probe{Command: b.engine.Started, Period: 2, Timeout: 5, Failures: 43200},
			Readiness: &workload.Probe{Command: []string{ScriptsFolder + "/ready.sh"}, Period: 5, Timeout: 5},
			Mounts: []workload.Mount{
				{Volume: claim, Path: b.engine.VolumeFolder},
				{Volume: "config", Path: b.engine.ConfigFolder, ReadOnly: true},
				{Volume: "scripts", Path: ScriptsFolder, ReadOnly: true},
				{Volume: "certificate", Path: CertificateFolder, ReadOnly: true},
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
