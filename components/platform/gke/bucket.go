package gke

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/objectstore"
	"plinth/components/platform"
	"plinth/components/platform/gke/slim"
	"plinth/components/workload"
)

const (
	// uploadDays is how long the parts of an upload stay that nobody has finished.
	uploadDays = 7
	// regret is how long what was deleted for good can be had back, in seconds: a week, Google's own default.
	regret = 7 * 24 * 3600
	// usageLogs is the group that writes usage logs: https://cloud.google.com/storage/docs/access-logs.
	usageLogs = "group:cloud-storage-analytics@google.com"
)

// bucket is one of Cloud Storage.
type bucket struct {
	pulumi.ResourceState
}

// Bucket implements [platform.Cluster] by Cloud Storage. It is not moved by another region: that would be another
// bucket, and an empty one.
func (c *Cluster) Bucket(
	ctx *pulumi.Context, name string, args *platform.BucketArgs, opts ...pulumi.ResourceOption,
) (*objectstore.Bucket, error) {
	if err := args.Check(c.args.Location); err != nil {
		return nil, err
	}
	b := &bucket{}
	if err := ctx.RegisterComponentResource("plinth:platform:GkeBucket", name, b, opts...); err != nil {
		return nil, fmt.Errorf("registering the bucket %s: %w", name, err)
	}
	logs, err := c.makeAccessLogs(ctx)
	if err != nil {
		return nil, err
	}
	called := c.bucketName(args.Bucket)
	logging := &slim.BucketLogging{LogBucket: logs.name, LogObjectPrefix: pulumi.String(args.Bucket)}
	made, err := c.makeBucket(ctx, name, bucketArgs{
		called: called, force: args.ForceDestroy, versioning: args.Versioning, logging: logging,
		rules: lifecycle(args.ExpireAfter, args.OldVersionsAfter),
	}, []pulumi.Resource{logs.written}, pulumi.Parent(b), pulumi.Provider(c.provider), pulumi.Protect(args.Protect))
	if err != nil {
		return nil, err
	}
	on := made.ID().ToStringOutput()
	return &objectstore.Bucket{
		Provider: "gcs", Endpoint: "https://storage.googleapis.com", Region: "auto", Name: called,
		Addressing: objectstore.Path, Edges: args.Edges(),
		Grants: []binding.Grant{
			{Allow: binding.WriteObjects, On: on, Name: args.Bucket}, {Allow: binding.SignURLs, On: on, Name: args.Bucket},
		},
		Ready: []pulumi.Resource{made},
	}, ctx.RegisterResourceOutputs(b, pulumi.Map{"bucket": on})
}

// bucketName is a name that is one for all the world: the project is part of what its end is made of.
func (c *Cluster) bucketName(parts ...string) string {
	return workload.Hashed(c.called(maxBucket-suffix-1, parts...),
		append([]string{c.args.Location.Account, c.args.Environment}, parts...)...)
}

// bucketArgs are what differs between buckets.
type bucketArgs struct {
	called            string
	force, versioning bool
	logging           *slim.BucketLogging
	rules             []slim.BucketLifecycleRule
}

// makeBucket makes a bucket: one region, nobody by ACL, nobody from outside, and encrypted with the environment's key.
func (c *Cluster) makeBucket(
	ctx *pulumi.Context, name string, args bucketArgs, needs []pulumi.Resource, opts ...pulumi.ResourceOption,
) (*slim.Bucket, error) {
	storage, err := c.switchOn(ctx, apiStorage)
	if err != nil {
		return nil, err
	}
	settings := &slim.BucketArgs{
		Name: pulumi.String(args.called), Location: pulumi.String(c.args.Location.Region),
		ForceDestroy:             pulumi.Bool(args.force),
		UniformBucketLevelAccess: pulumi.Bool(true),
		PublicAccessPrevention:   pulumi.String("enforced"),
		Versioning:               &slim.BucketVersioning{Enabled: pulumi.Bool(args.versioning)},
		Logging:                  args.logging,
		SoftDeletePolicy:         &slim.BucketSoftDelete{RetentionDurationSeconds: pulumi.Int(regret)},
		LifecycleRules:           args.rules,
	}
	if args.force {
		// Of what may go with the environment nothing stays behind, and nothing is paid for.
		settings.SoftDeletePolicy.RetentionDurationSeconds = pulumi.Int(0)
	}
	needs = append(needs, storage)
	if c.key != nil {
		allowed, err := c.storageKey(ctx, storage)
		if err != nil {
			return nil, err
		}
		needs = append(needs, allowed)
		settings.Encryption = &slim.BucketEncryption{DefaultKMSKeyName: c.key.id}
	}
	made, err := slim.NewBucket(ctx, name+"-bucket", settings, append(opts, pulumi.DependsOn(needs))...)
	if err != nil {
		return nil, fmt.Errorf("creating the bucket %s: %w", args.called, err)
	}
	return made, nil
}

// storageKey lets Cloud Storage use the environment's key, once. It stays where buckets do that are encrypted with it.
func (c *Cluster) storageKey(ctx *pulumi.Context, api pulumi.Resource) (pulumi.Resource, error) {
	if c.key.storage != nil {
		return c.key.storage, nil
	}
	agent := slim.StorageAgent(ctx, c.args.Location.Account, pulumi.Parent(c), pulumi.Provider(c.provider),
		pulumi.DependsOn([]pulumi.Resource{api}))
	var err error
	c.key.storage, err = c.allowKey(ctx, "storage", agent, c.kept(pulumi.DependsOn([]pulumi.Resource{api})))
	return c.key.storage, err
}

// lifecycle is what is deleted by itself, and when. Zero: never.
func lifecycle(expire, old int) []slim.BucketLifecycleRule {
	remove := func(what string, condition slim.BucketLifecycleCondition) slim.BucketLifecycleRule {
		return slim.BucketLifecycleRule{
			Action: &slim.BucketLifecycleAction{Type: pulumi.String(what)}, Condition: &condition,
		}
	}
	rules := []slim.BucketLifecycleRule{
		remove("AbortIncompleteMultipartUpload", slim.BucketLifecycleCondition{Age: pulumi.Int(uploadDays)}),
	}
	if expire > 0 {
		rules = append(rules, remove("Delete", slim.BucketLifecycleCondition{
			Age: pulumi.Int(expire), WithState: pulumi.String("LIVE"),
		}))
	}
	if old > 0 {
		rules = append(rules, remove("Delete", slim.BucketLifecycleCondition{
			DaysSinceNoncurrentTime: pulumi.Int(old), WithState: pulumi.String("ARCHIVED"),
		}))
	}
	return rules
}

// accessLogs is where buckets write down their use.
type accessLogs struct {
	name pulumi.StringOutput
	// written is that Google may write there.
	written pulumi.Resource
}

// makeAccessLogs makes the bucket that all others write down their use in, once. It is kept as other logs are, under a
// name that the generation is part of. An organization whose policy lets in nobody from outside of its domain has to
// let in the group that writes: constraints/iam.allowedPolicyMemberDomains.
func (c *Cluster) makeAccessLogs(ctx *pulumi.Context) (*accessLogs, error) {
	if c.accessLogs != nil {
		return c.accessLogs, nil
	}
	made, err := c.makeBucket(ctx, c.name+"-access-logs", bucketArgs{
		called: c.bucketName("access-logs", strconv.Itoa(c.args.Generation)), force: !c.args.Retain,
		rules: lifecycle(c.args.LogRetention, 0),
	}, nil, c.kept(pulumi.Protect(c.args.Protect))...)
	if err != nil {
		return nil, err
	}
	logs := &accessLogs{name: made.ID().ToStringOutput()}
	logs.written, err = slim.NewBucketMember(ctx, c.name+"-access-logs-written", &slim.BucketMemberArgs{
		Bucket: logs.name, Role: pulumi.String("roles/storage.objectCreator"), Member: pulumi.String(usageLogs),
	}, c.kept()...)
	if err != nil {
		return nil, fmt.Errorf("letting Google write who uses buckets: %w", err)
	}
	c.accessLogs = logs
	return logs, nil
}
