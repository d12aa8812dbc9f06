package gke

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/gke/slim"
)

// makeLogs keeps the logs of the control plane, nodes, workloads and connections for as long as the configuration says,
// in a bucket of their own: the project's default one keeps everything for 30 days. The name of a bucket is not free
// before 7 days after it was deleted, so it ends in something that is never there twice, and stays what it was first.
//
// What audits the administration of the cluster is kept by Google besides, for 400 days, and nobody can delete it:
// https://cloud.google.com/logging/docs/audit#admin-activity.
func (c *Cluster) makeLogs(ctx *pulumi.Context) ([]pulumi.Resource, error) {
	project := c.args.Location.Account
	args := &slim.LogBucketArgs{
		Project:       pulumi.String(project),
		Location:      pulumi.String(c.args.Location.Region),
		BucketID:      c.unique(maxLog),
		Description:   pulumi.String("Logs of " + c.args.Environment),
		RetentionDays: pulumi.Int(c.args.LogRetention),
	}
	var needs []pulumi.Resource
	if c.key != nil {
		agent := slim.LoggingAgent(ctx, project, pulumi.Parent(c), pulumi.Provider(c.provider),
			pulumi.DependsOn([]pulumi.Resource{c.apis[apiLogging]}))
		allowed, err := c.allowKey(ctx, "logs", agent, c.kept(c.after(apiLogging)))
		if err != nil {
			return nil, err
		}
		needs = append(needs, allowed)
		args.CMEKSettings = &slim.LogCMEKSettings{KMSKeyName: c.key.id}
	}
	bucket, err := slim.NewLogBucket(ctx, c.name+"-logs", args, c.kept(
		c.afterAll([]string{apiLogging}, needs), pulumi.Protect(c.args.Protect),
		pulumi.IgnoreChanges([]string{"bucketId"}))...)
	if err != nil {
		return nil, fmt.Errorf("creating the bucket for logs: %w", err)
	}
	sink, err := slim.NewLogSink(ctx, c.name+"-logs-sink", &slim.LogSinkArgs{
		Name:        pulumi.String(c.called(maxLog)),
		Description: pulumi.String("Logs of " + c.args.Environment),
		Destination: pulumi.Sprintf("logging.googleapis.com/%s", bucket.ID()),
		Filter:      pulumi.String(c.logFilter()),
		// A bucket of the same project needs no permission to be written to.
		UniqueWriterIdentity: pulumi.Bool(true),
	}, c.child()...)
	if err != nil {
		return nil, fmt.Errorf("creating the sink of logs: %w", err)
	}
	return []pulumi.Resource{sink}, nil
}

// logFilter matches what the cluster and its subnetwork log, in the language of
// https://cloud.google.com/logging/docs/view/logging-query-language.
func (c *Cluster) logFilter() string {
	return fmt.Sprintf("(resource.labels.cluster_name=%q AND resource.labels.location=%q) OR "+
		"(resource.type=\"gce_subnetwork\" AND resource.labels.subnetwork_name=%q)",
		c.physical(), c.args.Location.Region, c.called(maxCompute, "nodes"))
}
