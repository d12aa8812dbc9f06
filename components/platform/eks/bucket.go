package eks

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/objectstore"
	"plinth/components/platform"
	"plinth/components/platform/eks/slim"
	"plinth/components/workload"
)

// uploadDays is how long the parts of an upload stay that nobody has finished.
const uploadDays = 7

// bucket is one of S3.
type bucket struct {
	pulumi.ResourceState
}

// Bucket implements [platform.Cluster] by S3.
func (c *Cluster) Bucket(
	ctx *pulumi.Context, name string, args *platform.BucketArgs, opts ...pulumi.ResourceOption,
) (*objectstore.Bucket, error) {
	if err := args.Check(c.args.Location); err != nil {
		return nil, err
	}
	b := &bucket{}
	if err := ctx.RegisterComponentResource("plinth:platform:EksBucket", name, b, opts...); err != nil {
		return nil, fmt.Errorf("registering the bucket %s: %w", name, err)
	}
	logs, err := c.makeAccessLogs(ctx)
	if err != nil {
		return nil, err
	}
	called := c.bucketName(args.Bucket)
	made, settings, err := c.makeBucket(ctx, name, bucketArgs{
		called: called, force: args.ForceDestroy, versioning: args.Versioning, key: c.keyARN(),
		rules: lifecycle(args.ExpireAfter, args.OldVersionsAfter),
	}, pulumi.Parent(b), pulumi.Provider(c.provider), pulumi.Protect(args.Protect))
	if err != nil {
		return nil, err
	}
	log, err := slim.NewBucketLogging(ctx, name+"-logging", &slim.BucketLoggingArgs{
		Bucket: made.Bucket, TargetBucket: logs.Bucket, TargetPrefix: pulumi.String(args.Bucket + "/"),
	}, pulumi.Parent(b), pulumi.Provider(c.provider), pulumi.DeletedWith(made))
	if err != nil {
		return nil, fmt.Errorf("logging the access to bucket %s: %w", called, err)
	}
	region := c.args.Location.Region
	return &objectstore.Bucket{
		Provider: "aws", Endpoint: "https://s3." + region + ".amazonaws.com", Region: region, Name: called,
		Addressing: objectstore.Virtual, Edges: args.Edges(),
		Grants: []binding.Grant{
			{Allow: binding.WriteObjects, On: made.Arn, Name: args.Bucket},
			{Allow: binding.SignURLs, On: made.Arn, Name: args.Bucket},
		},
		Ready: append(settings, log),
	}, ctx.RegisterResourceOutputs(b, pulumi.Map{"bucket": made.Bucket})
}

// bucketName is a name that is one for all the world: the account is part of what its end is made of.
func (c *Cluster) bucketName(parts ...string) string {
	name := workload.Name(maxBucket-suffix-1, append([]string{c.args.Environment}, parts...)...)
	return workload.Hashed(name, append([]string{c.args.Location.Account, c.args.Environment}, parts...)...)
}

// bucketArgs are what differs between buckets.
type bucketArgs struct {
	called            string
	force, versioning bool
	// key encrypts the objects. Nil: one of S3's own.
	key   pulumi.StringInput
	rules []slim.BucketLifecycleRule
	// policy are statements besides those that every bucket has.
	policy func(arn pulumi.StringOutput) []statement
}

// makeBucket makes a bucket with its settings, which are what must be there before the first object. They go with the
// bucket, and not before it: one that cannot be deleted because it holds something stays as safe as it was.
func (c *Cluster) makeBucket(
	ctx *pulumi.Context, name string, args bucketArgs, opts ...pulumi.ResourceOption,
) (*slim.Bucket, []pulumi.Resource, error) {
	made, err := slim.NewBucket(ctx, name+"-bucket", &slim.BucketArgs{
		Bucket: pulumi.String(args.called), ForceDestroy: pulumi.Bool(args.force), Tags: c.tags(args.called),
	}, opts...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating the bucket %s: %w", args.called, err)
	}
	id := made.Bucket
	with := func(after ...pulumi.Resource) []pulumi.ResourceOption {
		return append(append([]pulumi.ResourceOption{}, opts...), pulumi.Protect(false), pulumi.DeletedWith(made),
			pulumi.DependsOn(after))
	}
	var settings []pulumi.Resource
	add := func(setting pulumi.Resource, failed error) {
		if err == nil {
			err = failed
		}
		settings = append(settings, setting)
	}
	block, failed := slim.NewBucketPublicAccessBlock(ctx, name+"-private", &slim.BucketPublicAccessBlockArgs{
		Bucket: id, BlockPublicAcls: pulumi.Bool(true), BlockPublicPolicy: pulumi.Bool(true),
		IgnorePublicAcls: pulumi.Bool(true), RestrictPublicBuckets: pulumi.Bool(true),
	}, with()...)
	add(block, failed)
	add(slim.NewBucketOwnershipControls(ctx, name+"-ownership", &slim.BucketOwnershipControlsArgs{
		Bucket: id, Rule: &slim.BucketOwnershipControlsRule{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, with()...))
	encryption := slim.BucketEncryptionRule{
		ApplyServerSideEncryptionByDefault: &slim.BucketEncryptionByDefault{SSEAlgorithm: pulumi.String("AES256")},
	}
	if args.key != nil {
		encryption.ApplyServerSideEncryptionByDefault = &slim.BucketEncryptionByDefault{
			SSEAlgorithm: pulumi.String("aws:kms"), KMSMasterKeyID: args.key,
		}
		// One request to KMS for many objects.
		encryption.BucketKeyEnabled = pulumi.Bool(true)
	}
	add(slim.NewBucketEncryption(ctx, name+"-encryption", &slim.BucketEncryptionArgs{
		Bucket: id, Rules: []slim.BucketEncryptionRule{encryption},
	}, with()...))
	status := "Enabled"
	if !args.versioning {
		// What was on once can only be suspended: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html.
		status = "Suspended"
	}
	versioning, failed := slim.NewBucketVersioning(ctx, name+"-versioning", &slim.BucketVersioningArgs{
		Bucket: id, VersioningConfiguration: &slim.BucketVersioningConfiguration{Status: pulumi.String(status)},
	}, with()...)
	add(versioning, failed)
	// Rules about versions want to know whether there are any.
	add(slim.NewBucketLifecycle(ctx, name+"-lifecycle", &slim.BucketLifecycleArgs{
		Bucket: id, Rules: args.rules,
	}, with(versioning)...))
	statements := overTLS(made.Arn)
	if args.policy != nil {
		statements = append(statements, args.policy(made.Arn)...)
	}
	add(slim.NewBucketPolicy(ctx, name+"-policy", &slim.BucketPolicyArgs{
		Bucket: id, Policy: policy(statements...),
	}, with(block)...))
	if err != nil {
		return nil, nil, fmt.Errorf("setting up the bucket %s: %w", args.called, err)
	}
	return made, settings, nil
}

// overTLS refuses whoever comes without TLS, or with a version of it that is broken, whatever else they may:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html.
func overTLS(bucket pulumi.StringOutput) []statement {
	both := []pulumi.StringInput{bucket, pulumi.Sprintf("%s/*", bucket)}
	refuse := func(c condition) statement {
		return statement{
			deny: true, principals: texts([]string{whole}), actions: []string{"s3:*"}, resources: both,
			conditions: []condition{c},
		}
	}
	return []statement{
		refuse(when("Bool", "aws:SecureTransport", "false")), refuse(when("NumericLessThan", "s3:TlsVersion", "1.2")),
	}
}

// lifecycle is what is deleted by itself, and when. Zero: never.
func lifecycle(expire, old int) []slim.BucketLifecycleRule {
	rule := func(id string) slim.BucketLifecycleRule {
		return slim.BucketLifecycleRule{
			ID: pulumi.String(id), Status: pulumi.String("Enabled"),
			Filter: &slim.BucketLifecycleFilter{Prefix: pulumi.String("")},
		}
	}
	uploads := rule("unfinished-uploads")
	uploads.AbortIncompleteMultipartUpload = &slim.BucketLifecycleAbort{DaysAfterInitiation: pulumi.Int(uploadDays)}
	rules := []slim.BucketLifecycleRule{uploads}
	if expire > 0 {
		objects := rule("objects")
		objects.Expiration = &slim.BucketLifecycleExpiration{Days: pulumi.Int(expire)}
		rules = append(rules, objects)
	}
	if old > 0 {
		versions := rule("old-versions")
		versions.NoncurrentVersionExpiration = &slim.BucketLifecycleNoncurrent{NoncurrentDays: pulumi.Int(old)}
		// What tells that an object was deleted goes when nothing of it is left.
		versions.Expiration = &slim.BucketLifecycleExpiration{ExpiredObjectDeleteMarker: pulumi.Bool(true)}
		rules = append(rules, versions)
	}
	return rules
}

// makeAccessLogs makes the bucket that all others write down their use in, once. It is kept as other logs are, under a
// name that the generation is part of. S3 delivers to a bucket of the same account without any ACL, and encrypted with
// none but a key of its own: https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html.
func (c *Cluster) makeAccessLogs(ctx *pulumi.Context) (*slim.Bucket, error) {
	if c.accessLogs != nil {
		return c.accessLogs, nil
	}
	made, _, err := c.makeBucket(ctx, c.name+"-access-logs", bucketArgs{
		called: c.bucketName("access-logs", strconv.Itoa(c.args.Generation)),
		force:  !c.args.Retain, rules: lifecycle(c.args.LogRetention, 0),
		policy: func(arn pulumi.StringOutput) []statement {
			return []statement{{
				services: []string{"logging.s3.amazonaws.com"}, actions: []string{"s3:PutObject"},
				resources: []pulumi.StringInput{pulumi.Sprintf("%s/*", arn)},
				conditions: []condition{
					{"StringEquals", "aws:SourceAccount", []pulumi.StringInput{c.account}},
					when("ArnLike", "aws:SourceArn", "arn:"+c.partition()+":s3:::"+c.ownBuckets()),
				},
			}}
		},
	}, c.kept()...)
	c.accessLogs = made
	return made, err
}

// ownBuckets matches the names of the environment's buckets.
func (c *Cluster) ownBuckets() string {
	const certain = 40 // As much of a name is there however long the rest of it is.
	return c.args.Environment[:min(certain, len(c.args.Environment))] + "-*"
}
