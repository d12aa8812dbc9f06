package replicated

import (
	"fmt"
	"slices"
	"strings"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/workload"
)

// setup makes the accounts and databases. It runs anew when the applications, a password or the script change.
func (b *builder) setup() (err error) {
	services := b.args.services()
	env := []binding.Variable{
		{Name: "REPLICATION_PASSWORD", Secret: b.credentials.replicator},
		{Name: "ROLES", Value: pulumi.String(b.roles())},
	}
	if b.credentials.previous != nil {
		env = append(env, binding.Variable{Name: "PREVIOUS_PASSWORD", Secret: b.credentials.previous})
	}
	env = append(env, binding.Variable{Name: "SERVICES", Value: pulumi.String(strings.Join(services, " "))})
	pod := b.job("setup.sh", env)
	mount := func(volume, path, secret string) {
		pod.Volumes = append(pod.Volumes, workload.Volume{Name: volume, Secret: pulumi.String(secret)})
		pod.Containers[0].Mounts = append(pod.Containers[0].Mounts,
			workload.Mount{Volume: volume, Path: path, ReadOnly: true})
	}
	for _, app := range b.args.Applications {
		mount(workload.Name(workload.MaxLabel, "role", app), "/roles/"+app, b.database.secrets[app].Secret)
	}
	for _, service := range services {
		mount(strings.ReplaceAll(service, "_", "-"), "/services/"+service, b.database.secrets[service].Secret)
	}
	pod.Annotations = pulumi.StringMap{"checksum/secrets": b.credentials.fingerprint}
	b.setupJob, err = b.runJob("setup", pod, b.primarySet)
	b.database.ready = []pulumi.Resource{b.setupJob}
	return err
}

// slots drops what removed replicas leave. It runs after the replicas are as many as declared.
func (b *builder) slots() error {
	if !b.engine.Slots {
		return nil
	}
	// Letters, digits and underscores are all that a slot's name may hold.
	slot := func(pod string) string { return strings.ReplaceAll(pod, "-", "_") }
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

// job is a pod that works on the primary as its superuser.
func (b *builder) job(script string, env []binding.Variable) workload.Pod {
	user := b.user()
	volume, mount := b.authority()
	return workload.Pod{
		ID: b.setupID, User: &user,
		Containers: []workload.Container{{
			Name: "setup", Image: b.args.Image, Command: []string{ScriptsFolder + "/" + script},
			Env: slices.Concat(b.engine.Client(b.database.host(), b.engine.Superuser, b.credentials.superuser),
				b.engine.SetupEnv, env),
			Resources: workload.Resources{
				Requests: workload.Amounts{CPU: "50m", Memory: "64Mi", EphemeralStorage: "16Mi"},
				Limits:   workload.Amounts{CPU: "500m", Memory: "128Mi", EphemeralStorage: "64Mi"},
			},
			Mounts: []workload.Mount{{Volume: "scripts", Path: ScriptsFolder, ReadOnly: true}, mount},
		}},
		Volumes: []workload.Volume{{Name: "scripts", ConfigMap: pulumi.String(b.scripts), Executable: true}, volume},
	}
}

func (b *builder) runJob(kind string, pod workload.Pod, after ...pulumi.Resource) (*batchv1.Job, error) {
	name := b.name + "-" + kind
	job := workload.Job{Name: name, Pod: pod, Retries: 2, Timeout: b.args.Timeout}
	return job.Run(b.ctx, name+"-job", b.child(append(after, b.guards...)...)...)
}
