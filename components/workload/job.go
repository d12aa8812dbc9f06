package workload

import (
	"fmt"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Job is a pod that runs to its end.
type Job struct {
	// Name is the object's. A Job's pod never changes under one name: give one that changes with its content, or leave
	// it to the engine to make the Job anew.
	Name string
	// Pod is what runs.
	Pod Pod
	// Retries is how often a pod that failed is followed by another.
	Retries int
	// Timeout is how long all of it may take, in seconds.
	Timeout int
}

// Run makes the Job and waits until it is complete. The logical name is name; opts go to the Job.
func (j Job) Run(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*batchv1.Job, error) {
	if err := j.Pod.Check(); err != nil {
		return nil, err
	}
	meta := j.Pod.ID.Meta(j.Name)
	meta.Annotations = pulumi.StringMap{
		"pulumi.com/timeoutSeconds": pulumi.String(fmt.Sprint(j.Timeout)),
		// One that failed runs anew with the next update, though nothing of it has changed.
		"pulumi.com/replaceUnready": pulumi.String("true"),
	}
	j.Pod.RestartPolicy = "Never"
	job, err := batchv1.NewJob(ctx, name, &batchv1.JobArgs{
		Metadata: meta,
		Spec: batchv1.JobSpecArgs{
			BackoffLimit: pulumi.Int(j.Retries), ActiveDeadlineSeconds: pulumi.Int(j.Timeout), Template: j.Pod.Template(),
		},
		// The one before goes first: a way back to it would find its name taken otherwise, after a failure between.
	}, append(opts[:len(opts):len(opts)], pulumi.DeleteBeforeReplace(true))...)
	if err != nil {
		return nil, fmt.Errorf("creating job %s: %w", j.Name, err)
	}
	return job, nil
}

// CronJob is a pod that runs to its end whenever it is time.
type CronJob struct {
	// Name is the object's, at most [MaxCronJob] long.
	Name string
	// Pod is what runs.
	Pod Pod
	// Schedule is when, as cron writes it, in UTC.
	Schedule string
	// Overlap is Forbid, Replace or Allow: what becomes of a run that is due while the one before still goes on. Empty:
	// Forbid.
	Overlap string
	// Retries is how often a pod that failed is followed by another, in one run.
	Retries int
	// Timeout is how long one run may take, in seconds.
	Timeout int
}

// Make makes the CronJob. The logical name is name; opts go to it.
func (j CronJob) Make(
	ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption,
) (*batchv1.CronJob, error) {
	if err := j.Pod.Check(); err != nil {
		return nil, err
	}
	if j.Overlap == "" {
		j.Overlap = "Forbid"
	}
	j.Pod.RestartPolicy = "Never"
	id := j.Pod.ID
	made, err := batchv1.NewCronJob(ctx, name, &batchv1.CronJobArgs{
		Metadata: id.Meta(j.Name),
		Spec: batchv1.CronJobSpecArgs{
			Schedule: pulumi.String(j.Schedule), TimeZone: pulumi.String("Etc/UTC"),
			ConcurrencyPolicy: pulumi.String(j.Overlap),
			// One that is late is made all the same, unless the next is near.
			StartingDeadlineSeconds:    pulumi.Int(3600),
			SuccessfulJobsHistoryLimit: pulumi.Int(1), FailedJobsHistoryLimit: pulumi.Int(3),
			JobTemplate: batchv1.JobTemplateSpecArgs{
				Metadata: metav1.ObjectMetaArgs{Labels: StringMap(id.Labels())},
				Spec: batchv1.JobSpecArgs{
					BackoffLimit: pulumi.Int(j.Retries), ActiveDeadlineSeconds: pulumi.Int(j.Timeout),
					Template: j.Pod.Template(),
				},
			},
		},
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("creating cron job %s: %w", j.Name, err)
	}
	return made, nil
}
