package slim

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/bytoken"
)

// Bucket is a bucket of Cloud Storage.
type Bucket struct {
	pulumi.CustomResourceState
}

// BucketArgs are the properties of a [Bucket].
type BucketArgs struct {
	Name                     pulumi.StringInput    `pulumi:"name"`
	Location                 pulumi.StringInput    `pulumi:"location"`
	ForceDestroy             pulumi.BoolInput      `pulumi:"forceDestroy"`
	UniformBucketLevelAccess pulumi.BoolInput      `pulumi:"uniformBucketLevelAccess"`
	PublicAccessPrevention   pulumi.StringInput    `pulumi:"publicAccessPrevention"`
	Versioning               *BucketVersioning     `pulumi:"versioning"`
	Encryption               *BucketEncryption     `pulumi:"encryption"`
	Logging                  *BucketLogging        `pulumi:"logging"`
	SoftDeletePolicy         *BucketSoftDelete     `pulumi:"softDeletePolicy"`
	LifecycleRules           []BucketLifecycleRule `pulumi:"lifecycleRules"`
}

// BucketVersioning keeps what is overwritten or deleted.
type BucketVersioning struct {
	Enabled pulumi.BoolInput `pulumi:"enabled"`
}

// BucketEncryption names the key that objects are encrypted with.
type BucketEncryption struct {
	DefaultKMSKeyName pulumi.StringInput `pulumi:"defaultKmsKeyName"`
}

// BucketLogging says where a bucket's use is written down.
type BucketLogging struct {
	LogBucket       pulumi.StringInput `pulumi:"logBucket"`
	LogObjectPrefix pulumi.StringInput `pulumi:"logObjectPrefix"`
}

// BucketSoftDelete says for how long what is deleted can be had back.
type BucketSoftDelete struct {
	RetentionDurationSeconds pulumi.IntInput `pulumi:"retentionDurationSeconds"`
}

// BucketLifecycleRule is one rule of a lifecycle.
type BucketLifecycleRule struct {
	Action    *BucketLifecycleAction    `pulumi:"action"`
	Condition *BucketLifecycleCondition `pulumi:"condition"`
}

// BucketLifecycleAction is what a rule does.
type BucketLifecycleAction struct {
	Type pulumi.StringInput `pulumi:"type"`
}

// BucketLifecycleCondition says what a rule is about. All that is set must hold.
type BucketLifecycleCondition struct {
	Age                     pulumi.IntInput    `pulumi:"age"`
	DaysSinceNoncurrentTime pulumi.IntInput    `pulumi:"daysSinceNoncurrentTime"`
	WithState               pulumi.StringInput `pulumi:"withState"`
}

// NewBucket makes a bucket. The names of buckets are those of everybody in the world.
func NewBucket(ctx *pulumi.Context, name string, args *BucketArgs, opts ...pulumi.ResourceOption) (*Bucket, error) {
	return bytoken.Register(ctx, "gcp:storage/bucket:Bucket", name, args, &Bucket{}, opts)
}

// StorageAgent looks up the member that Cloud Storage encrypts the buckets of a project as, which is made when it is
// first asked for.
func StorageAgent(ctx *pulumi.Context, project string, opts ...pulumi.InvokeOption) pulumi.StringOutput {
	account := ctx.InvokeOutput("gcp:storage/getProjectServiceAccount:getProjectServiceAccount",
		pulumi.Map{"project": pulumi.String(project)}, pulumi.MapOutput{}, pulumi.InvokeOutputOptions{InvokeOptions: opts})
	return account.ApplyT(func(account map[string]any) string {
		email, _ := account["emailAddress"].(string)
		return "serviceAccount:" + email
	}).(pulumi.StringOutput)
}
