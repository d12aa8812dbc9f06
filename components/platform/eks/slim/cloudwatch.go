package slim

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/bytoken"
)

// LogGroup is where logs are kept. Its name is made up where it has none.
type LogGroup struct {
	pulumi.CustomResourceState

	Arn pulumi.StringOutput `pulumi:"arn"`
}

// LogGroupArgs are the properties of a [LogGroup].
type LogGroupArgs struct {
	Name            pulumi.StringInput `pulumi:"name"`
	RetentionInDays pulumi.IntInput    `pulumi:"retentionInDays"`
	KmsKeyID        pulumi.StringInput `pulumi:"kmsKeyId"`
}

const logGroupType = "aws:cloudwatch/logGroup:LogGroup"

// NewLogGroup registers a [LogGroup].
func NewLogGroup(
	ctx *pulumi.Context, name string, args *LogGroupArgs, opts ...pulumi.ResourceOption,
) (*LogGroup, error) {
	return bytoken.Register(ctx, logGroupType, name, args, &LogGroup{}, opts)
}
