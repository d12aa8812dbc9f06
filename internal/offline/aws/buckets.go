package aws

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"plinth/internal/offline/simulation"
)

// objectType is what is in buckets, and strangerType a bucket of somebody else's: tests plant both.
const (
	objectType   = "aws:s3/bucketObjectv2:BucketObjectv2"
	strangerType = "aws:s3/bucketOfSomebodyElse:BucketOfSomebodyElse"

	accessBlockType = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"

	bucketNotEmpty = "BucketNotEmpty: The bucket you tried to delete is not empty: %s"
)

// bucketTypes are buckets and what is set on them:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html,
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.
func bucketTypes() map[string]simulation.Type {
	bucket := tagged(simulation.Type{
		Replace: []string{"bucket", "bucketPrefix", "objectLockEnabled"}, Auto: "bucket",
		Defaults: object{"forceDestroy": false},
		Texts:    []simulation.Text{{Path: "bucket", Min: 3, Max: 63, Pattern: `[a-z0-9][a-z0-9.-]*[a-z0-9]`}},
		Policies: []string{"policy"},
		Unique: []simulation.Unique{{
			By: []string{"bucket"}, Taken: "BucketAlreadyOwnedByYou: Your previous request to create the named bucket {value} " +
				"succeeded and you already own it.",
		}},
		Rules: []simulation.Rule{bucketName},
		Last:  []simulation.Rule{empty(objectType, "bucket", "forceDestroy", bucketNotEmpty)},
		ID:    "{bucket}", Name: "{bucket}",
		Outputs: object{
			"arn": "arn:{partition}:s3:::{bucket}", "bucketDomainName": "{bucket}.s3.{suffix}",
			"bucketRegionalDomainName": "{bucket}.s3.{region}.{suffix}", "region": "{region}",
		},
	})
	toBucket := func(path, absent string, then simulation.Fate) simulation.Reference {
		return simulation.Reference{Path: path, To: []string{bucketType, oldBucketType}, Then: then, Absent: absent}
	}
	// What is set on a bucket goes with it.
	setting := func(texts []simulation.Text, rules ...simulation.Rule) simulation.Type {
		return simulation.Type{
			Replace: []string{"bucket", "expectedBucketOwner"}, Texts: texts, Rules: rules,
			References: []simulation.Reference{
				toBucket("bucket", "NoSuchBucket: The specified bucket does not exist: {value}", simulation.Falls),
			},
			ID: "{bucket}", Name: "{bucket}",
		}
	}
	words := func(path string, words ...string) []simulation.Text {
		return []simulation.Text{{Path: path, Words: words}}
	}
	policy, logging := setting(nil, bucketPolicy), setting([]simulation.Text{{Path: "targetPrefix", Max: 1024}})
	policy.Policies = []string{"policy"}
	logging.References = append(logging.References, toBucket("targetBucket",
		"InvalidTargetBucketForLogging: The target bucket for logging does not exist", simulation.Stays))
	return map[string]simulation.Type{
		bucketType: bucket, oldBucketType: bucket, strangerType: {Foreign: true},
		objectType: {Foreign: true, References: []simulation.Reference{toBucket("bucket", "", simulation.Falls)}},
		"aws:s3/bucketVersioningV2:BucketVersioningV2": setting(
			words("versioningConfiguration.status", "Enabled", "Suspended", "Disabled"), versionsStay),
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": setting(
			words("rules.*.applyServerSideEncryptionByDefault.sseAlgorithm", "AES256", "aws:kms", "aws:kms:dsse"), ownKey),
		accessBlockType: setting(nil),
		"aws:s3/bucketOwnershipControls:BucketOwnershipControls": setting(
			words("rule.objectOwnership", "BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")),
		"aws:s3/bucketPolicy:BucketPolicy":       policy,
		"aws:s3/bucketLoggingV2:BucketLoggingV2": logging,
		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": setting(
			words("rules.*.status", "Enabled", "Disabled"), lifecycle),
	}
}

// bucketName refuses names that S3 keeps for itself, and those that somebody else in the world has.
func bucketName(o *simulation.Operation) error {
	name := o.Text("bucket")
	_, noAddress := netip.ParseAddr(name)
	reserved := noAddress == nil || strings.Contains(name, "..") ||
		slices.ContainsFunc([]string{"xn--", "sthree-", "amzn-s3-demo-"}, func(start string) bool {
			return strings.HasPrefix(name, start)
		}) ||
		slices.ContainsFunc([]string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}, func(end string) bool {
			return strings.HasSuffix(name, end)
		})
	if reserved {
		return o.Refuse("InvalidBucketName: The specified bucket is not valid: %s", name)
	}
	if _, taken := o.Find(strangerType, name); taken {
		return o.Refuse("BucketAlreadyExists: The requested bucket name is not available. The bucket namespace is shared " +
			"by all users of the system. Please select a different name and try again.")
	}
	return nil
}

// versionsStay refuses to make a bucket with versions one without: they can be suspended.
func versionsStay(o *simulation.Operation) error {
	const path = "versioningConfiguration.status"
	if o.Old != nil && o.Text(path) == "Disabled" && o.Old.Text(path) != "Disabled" {
		return o.Refuse("versioning_configuration.status cannot be updated from '%s' to 'Disabled'", o.Old.Text(path))
	}
	return nil
}

// ownKey refuses a key with an algorithm that takes none.
func ownKey(o *simulation.Operation) error {
	const rule = "rules.*.applyServerSideEncryptionByDefault."
	if slices.Contains(o.Texts(rule+"sseAlgorithm"), "AES256") && len(o.Texts(rule+"kmsMasterKeyId")) > 0 {
		return o.Refuse("InvalidArgument: a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms")
	}
	return nil
}

// bucketPolicy refuses a policy that is about another bucket, and one that lets in everybody where that is blocked.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html.
func bucketPolicy(o *simulation.Operation) error {
	bucket := o.Text("bucket")
	block, blocked := o.Find(accessBlockType, bucket)
	for _, s := range statements(o.Text("policy")) {
		if s.Principal == nil {
			return o.Refuse("MalformedPolicy: Missing required field Principal")
		}
		if s.Resource == nil {
			return o.Refuse("MalformedPolicy: Missing required field Resource")
		}
		for _, arn := range all(s.Resource) {
			of, _, _ := strings.Cut(arn[strings.LastIndex(arn, ":")+1:], "/")
			if of != bucket {
				return o.Refuse("MalformedPolicy: Policy has invalid resource: %s", arn)
			}
		}
		if public := s.Effect == "Allow" && s.Condition == nil && mentions(s.Principal, "*"); public && blocked &&
			block.Inputs["blockPublicPolicy"] == true {
			return o.Refuse("AccessDenied: User is not authorized to perform: s3:PutBucketPolicy on resource: "+
				"\"arn:aws:s3:::%s\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public "+
				"Access.", bucket)
		}
	}
	return nil
}

// all are the strings of a value that is one, or a list of them.
func all(v any) []string {
	list, many := v.([]any)
	if !many {
		list = []any{v}
	}
	var found []string
	for _, e := range list {
		found = append(found, fmt.Sprint(e))
	}
	return found
}

// lifecycle refuses rules that do nothing, or cannot be told apart:
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html.
func lifecycle(o *simulation.Operation) error {
	rules, _ := o.Value("rules").([]any)
	seen := map[string]bool{}
	for _, r := range rules {
		rule, _ := r.(object)
		id := fmt.Sprint(rule["id"])
		if seen[id] {
			return o.Refuse("InvalidArgument: Rule ID must be unique. Found same ID for more than one rule")
		}
		seen[id] = true
		does := false
		for _, action := range []string{
			"expiration", "noncurrentVersionExpiration", "abortIncompleteMultipartUpload", "transitions",
			"noncurrentVersionTransitions",
		} {
			does = does || rule[action] != nil
		}
		if !does {
			return o.Refuse("InvalidRequest: At least one action needs to be specified in a rule")
		}
		expiration, _ := rule["expiration"].(object)
		if expiration["days"] != nil && expiration["expiredObjectDeleteMarker"] != nil {
			return o.Refuse("MalformedXML: The XML you provided was not well-formed or did not validate against our published " +
				"schema")
		}
		uploads, _ := rule["abortIncompleteMultipartUpload"].(object)
		old, _ := rule["noncurrentVersionExpiration"].(object)
		for _, days := range []any{expiration["days"], uploads["daysAfterInitiation"], old["noncurrentDays"]} {
			if number, given := days.(float64); given && number < 1 {
				return o.Refuse("InvalidArgument: a number of days must be a positive integer, got %v", number)
			}
		}
	}
	return nil
}
