package app

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// Task is what else an application's image is run for: with its environment, files, network and permissions.
type Task struct {
	// Command replaces the image's entrypoint, Args its command. At least one of the two.
	Command, Args []string
	// Schedule is when, as cron writes it, in UTC. Empty: once for each version, when that serves.
	Schedule string
	// Overlap says what becomes of a run that is due while the one before still goes on: Forbid skips it, Replace ends
	// the one before, Allow runs both. Zero: Forbid.
	Overlap string
	// Timeout is how long one run may take, in seconds, and Retries how often it is tried again.
	Timeout, Retries int
	// Resources are all required.
	Resources workload.Resources
}

// TaskName is that of an application's task as a workload.
func TaskName(app, task string) string { return app + "-" + task }

// jobs makes a CronJob of each task with a schedule, and a Job of every other.
func (b *builder) jobs() error {
	for _, name := range sortedKeys(b.args.Jobs) {
		if err := b.job(name, b.args.Jobs[name]); err != nil {
			return fmt.Errorf("job %s: %w", name, err)
		}
	}
	return nil
}

func (b *builder) job(name string, task Task) error {
	container := b.container(name)
	container.Command, container.Args, container.Resources = task.Command, task.Args, task.Resources
	id, pod, policies, err := b.own(TaskName(b.name, name), container)
	if err != nil {
		return err
	}
	if task.Schedule != "" {
		cron := workload.CronJob{
			Name: id.Name, Pod: pod, Schedule: task.Schedule, Overlap: task.Overlap, Timeout: task.Timeout,
			Retries: task.Retries,
		}
		_, err := cron.Make(b.ctx, id.Name, b.child(slices.Concat(b.before, policies)...)...)
		return err
	}
	job := workload.Job{
		Name: workload.Hashed(id.Name, b.content(task.Command, task.Args)...), Pod: pod, Timeout: task.Timeout,
		Retries: task.Retries,
	}
	_, err = job.Run(b.ctx, id.Name, b.child(append(policies, pulumi.Resource(b.workloads))...)...)
	return err
}

// own is a pod beside those that serve: of another name, with the same network.
func (b *builder) own(name string, container workload.Container) (workload.ID, workload.Pod, []pulumi.Resource, error) {
	id := b.id
	id.Name = name
	policies, err := workload.Edges(b.ctx, name, id, b.outgoing(), b.child()...)
	pod := b.pod
	pod.ID, pod.Spread, pod.Init, pod.Containers = id, false, nil, []workload.Container{container}
	return id, pod, policies, err
}

// content is what makes a run another one: the image, what is run, and the settings in the clear.
func (b *builder) content(command, args []string) []string {
	content := slices.Concat([]string{b.args.Image}, command, args)
	for _, name := range sortedKeys(b.args.Env) {
		content = append(content, name, b.args.Env[name])
	}
	return content
}
