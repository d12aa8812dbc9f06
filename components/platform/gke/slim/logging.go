package slim

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/bytoken"
)

// LogBucket holds log entries.
type LogBucket struct {
	pulumi.CustomResourceState
}

// LogBucketArgs are the properties of a [LogBucket].
type LogBucketArgs struct {
	Project       pulumi.StringInput `pulumi:"project"`
	Location      pulumi.StringInput `pulumi:"location"`
	BucketID      pulumi.StringInput `pulumi:"bucketId"`
	Description   pulumi.StringInput `pulumi:"description"`
	RetentionDays pulumi.IntInput    `pulumi:"retentionDays"`
	CMEKSettings  *LogCMEKSettings   `pulumi:"cmekSettings"`
}

// LogCMEKSettings name the key that entries are encrypted with.
type LogCMEKSettings struct {
	KMSKeyName pulumi.StringInput `pulumi:"kmsKeyName"`
}

// NewLogBucket makes a bucket for log entries. The name of one that was deleted is free after 7 days.
func NewLogBucket(
	ctx *pulumi.Context, name string, args *LogBucketArgs, opts ...pulumi.ResourceOption,
) (*LogBucket, error) {
	return bytoken.Register(ctx, "gcp:logging/projectBucketConfig:ProjectBucketConfig", name, args, &LogBucket{}, opts)
}

// LogSink sends log entries somewhere.
type LogSink struct {
	pulumi.CustomResourceState
}

// LogSinkArgs are the properties of a [LogSink].
type LogSinkArgs struct {
	Name                 pulumi.StringInput `pulumi:"name"`
	Description          pulumi.StringInput `pulumi:"description"`
	Destination          pulumi.StringInput `pulumi:"destination"`
	Filter               pulumi.StringInput `pulumi:"filter"`
	UniqueWriterIdentity pulumi.BoolInput   `pulumi:"uniqueWriterIdentity"`
}

// NewLogSink makes a sink.
func NewLogSink(
	ctx *pulumi.Context, name string, args *LogSinkArgs, opts ...pulumi.ResourceOption,
) (*LogSink, error) {
	return bytoken.Register(ctx, "gcp:logging/projectSink:ProjectSink", name, args, &LogSink{}, opts)
}

// LoggingAgent looks up the member that Cloud Logging encrypts the log buckets of a project as: which one it is depends
// on the project's age.
func LoggingAgent(ctx *pulumi.Context, project string, opts ...pulumi.InvokeOption) pulumi.StringOutput {
	settings := ctx.InvokeOutput("gcp:logging/getProjectCmekSettings:getProjectCmekSettings",
		pulumi.Map{"project": pulumi.String(project)}, pulumi.MapOutput{}, pulumi.InvokeOutputOptions{InvokeOptions: opts})
	return settings.ApplyT(func(settings map[string]any) string {
		account, _ := settings["serviceAccountId"].(string)
		return "serviceAccount:" + account
	}).(pulumi.StringOutput)
}
