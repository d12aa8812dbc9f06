package slim

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/bytoken"
)

// Bucket is a bucket. What is set on it are resources of their own.
type Bucket struct {
	pulumi.CustomResourceState

	Arn    pulumi.StringOutput `pulumi:"arn"`
	Bucket pulumi.StringOutput `pulumi:"bucket"`
}

// BucketArgs are the properties of a [Bucket].
type BucketArgs struct {
	Bucket       pulumi.StringInput    `pulumi:"bucket"`
	ForceDestroy pulumi.BoolInput      `pulumi:"forceDestroy"`
	Tags         pulumi.StringMapInput `pulumi:"tags"`
}

const bucketType = "aws:s3/bucketV2:BucketV2"

// NewBucket registers a [Bucket].
func NewBucket(ctx *pulumi.Context, name string, args *BucketArgs, opts ...pulumi.ResourceOption) (*Bucket, error) {
	return bytoken.Register(ctx, bucketType, name, args, &Bucket{}, opts)
}

// BucketSetting is something that is set on a bucket.
type BucketSetting struct {
	pulumi.CustomResourceState
}

// BucketPublicAccessBlockArgs keep a bucket from being public.
type BucketPublicAccessBlockArgs struct {
	Bucket                pulumi.StringInput `pulumi:"bucket"`
	BlockPublicAcls       pulumi.BoolInput   `pulumi:"blockPublicAcls"`
	BlockPublicPolicy     pulumi.BoolInput   `pulumi:"blockPublicPolicy"`
	IgnorePublicAcls      pulumi.BoolInput   `pulumi:"ignorePublicAcls"`
	RestrictPublicBuckets pulumi.BoolInput   `pulumi:"restrictPublicBuckets"`
}

const publicAccessBlockType = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"

// NewBucketPublicAccessBlock registers what keeps a bucket from being public.
func NewBucketPublicAccessBlock(
	ctx *pulumi.Context, name string, args *BucketPublicAccessBlockArgs, opts ...pulumi.ResourceOption,
) (*BucketSetting, error) {
	return bytoken.Register(ctx, publicAccessBlockType, name, args, &BucketSetting{}, opts)
}

// BucketOwnershipControlsArgs say whose objects are.
type BucketOwnershipControlsArgs struct {
	Bucket pulumi.StringInput           `pulumi:"bucket"`
	Rule   *BucketOwnershipControlsRule `pulumi:"rule"`
}

// BucketOwnershipControlsRule is the one rule about ownership.
type BucketOwnershipControlsRule struct {
	ObjectOwnership pulumi.StringInput `pulumi:"objectOwnership"`
}

const ownershipType = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"

// NewBucketOwnershipControls registers whose objects are.
func NewBucketOwnershipControls(
	ctx *pulumi.Context, name string, args *BucketOwnershipControlsArgs, opts ...pulumi.ResourceOption,
) (*BucketSetting, error) {
	return bytoken.Register(ctx, ownershipType, name, args, &BucketSetting{}, opts)
}

// BucketEncryptionArgs say how objects are encrypted that come without a word about it.
type BucketEncryptionArgs struct {
	Bucket pulumi.StringInput     `pulumi:"bucket"`
	Rules  []BucketEncryptionRule `pulumi:"rules"`
}

// BucketEncryptionRule is the one rule about encryption.
type BucketEncryptionRule struct {
	ApplyServerSideEncryptionByDefault *BucketEncryptionByDefault `pulumi:"applyServerSideEncryptionByDefault"`
	BucketKeyEnabled                   pulumi.BoolInput           `pulumi:"bucketKeyEnabled"`
}

// BucketEncryptionByDefault is the way, and the key.
type BucketEncryptionByDefault struct {
	SSEAlgorithm   pulumi.StringInput `pulumi:"sseAlgorithm"`
	KMSMasterKeyID pulumi.StringInput `pulumi:"kmsMasterKeyId"`
}

const encryptionType = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"

// NewBucketEncryption registers how objects are encrypted.
func NewBucketEncryption(
	ctx *pulumi.Context, name string, args *BucketEncryptionArgs, opts ...pulumi.ResourceOption,
) (*BucketSetting, error) {
	return bytoken.Register(ctx, encryptionType, name, args, &BucketSetting{}, opts)
}

// BucketVersioningArgs say whether versions are kept.
type BucketVersioningArgs struct {
	Bucket                  pulumi.StringInput             `pulumi:"bucket"`
	VersioningConfiguration *BucketVersioningConfiguration `pulumi:"versioningConfiguration"`
}

// BucketVersioningConfiguration is Enabled or Suspended.
type BucketVersioningConfiguration struct {
	Status pulumi.StringInput `pulumi:"status"`
}

const versioningType = "aws:s3/bucketVersioningV2:BucketVersioningV2"

// NewBucketVersioning registers whether versions are kept.
func NewBucketVersioning(
	ctx *pulumi.Context, name string, args *BucketVersioningArgs, opts ...pulumi.ResourceOption,
) (*BucketSetting, error) {
	return bytoken.Register(ctx, versioningType, name, args, &BucketSetting{}, opts)
}

// BucketPolicyArgs are who may do what.
type BucketPolicyArgs struct {
	Bucket pulumi.StringInput `pulumi:"bucket"`
	Policy pulumi.StringInput `pulumi:"policy"`
}

const bucketPolicyType = "aws:s3/bucketPolicy:BucketPolicy"

// NewBucketPolicy registers who may do what with a bucket.
func NewBucketPolicy(
	ctx *pulumi.Context, name string, args *BucketPolicyArgs, opts ...pulumi.ResourceOption,
) (*BucketSetting, error) {
	return bytoken.Register(ctx, bucketPolicyType, name, args, &BucketSetting{}, opts)
}

// BucketLoggingArgs say where a bucket's use is written down.
type BucketLoggingArgs struct {
	Bucket       pulumi.StringInput `pulumi:"bucket"`
	TargetBucket pulumi.StringInput `pulumi:"targetBucket"`
	TargetPrefix pulumi.StringInput `pulumi:"targetPrefix"`
}

const bucketLoggingType = "aws:s3/bucketLoggingV2:BucketLoggingV2"

// NewBucketLogging registers where a bucket's use is written down.
func NewBucketLogging(
	ctx *pulumi.Context, name string, args *BucketLoggingArgs, opts ...pulumi.ResourceOption,
) (*BucketSetting, error) {
	return bytoken.Register(ctx, bucketLoggingType, name, args, &BucketSetting{}, opts)
}

// BucketLifecycleArgs are what is deleted by itself.
type BucketLifecycleArgs struct {
	Bucket pulumi.StringInput    `pulumi:"bucket"`
	Rules  []BucketLifecycleRule `pulumi:"rules"`
}

// BucketLifecycleRule is one rule of a lifecycle.
type BucketLifecycleRule struct {
	ID                             pulumi.StringInput         `pulumi:"id"`
	Status                         pulumi.StringInput         `pulumi:"status"`
	Filter                         *BucketLifecycleFilter     `pulumi:"filter"`
	Expiration                     *BucketLifecycleExpiration `pulumi:"expiration"`
	NoncurrentVersionExpiration    *BucketLifecycleNoncurrent `pulumi:"noncurrentVersionExpiration"`
	AbortIncompleteMultipartUpload *BucketLifecycleAbort      `pulumi:"abortIncompleteMultipartUpload"`
}

// BucketLifecycleFilter says which objects a rule is about.
type BucketLifecycleFilter struct {
	Prefix pulumi.StringInput `pulumi:"prefix"`
}

// BucketLifecycleExpiration deletes objects, or what is left of deleted ones.
type BucketLifecycleExpiration struct {
	Days                      pulumi.IntInput  `pulumi:"days"`
	ExpiredObjectDeleteMarker pulumi.BoolInput `pulumi:"expiredObjectDeleteMarker"`
}

// BucketLifecycleNoncurrent deletes versions that are not the newest.
type BucketLifecycleNoncurrent struct {
	NoncurrentDays pulumi.IntInput `pulumi:"noncurrentDays"`
}

// BucketLifecycleAbort deletes the parts of uploads that nobody finishes.
type BucketLifecycleAbort struct {
	DaysAfterInitiation pulumi.IntInput `pulumi:"daysAfterInitiation"`
}

const lifecycleType = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"

// NewBucketLifecycle registers what is deleted by itself.
func NewBucketLifecycle(
	ctx *pulumi.Context, name string, args *BucketLifecycleArgs, opts ...pulumi.ResourceOption,
) (*BucketSetting, error) {
	return bytoken.Register(ctx, lifecycleType, name, args, &BucketSetting{}, opts)
}
