package gcp

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"plinth/internal/offline/simulation"
)

// strangerType is a bucket of somebody else's: tests plant it, as they do objects.
const strangerType = "gcp:storage/bucketOfSomebodyElse:BucketOfSomebodyElse"

// bucketTypes are buckets: https://cloud.google.com/storage/docs/buckets#naming,
// https://cloud.google.com/storage/docs/json_api/v1/buckets#resource.
func bucketTypes() map[string]simulation.Type {
	inBucket := to("bucket", bucketType, "Error 404: The specified bucket does not exist., notFound", simulation.Falls,
		"name")
	return map[string]simulation.Type{
		bucketType: labelled(simulation.Type{
			Replace:  []string{"name", "project", "location", "enableObjectRetention", "customPlacementConfig"},
			Auto:     "name",
			Defaults: object{"forceDestroy": false, "storageClass": "STANDARD"},
			Texts: []simulation.Text{
				{Path: "name", Min: 3, Max: 63, Pattern: `[a-z0-9][a-z0-9._-]*[a-z0-9]`},
				{Path: "publicAccessPrevention", Words: []string{"inherited", "enforced"}},
				{Path: "storageClass", Words: []string{
					"STANDARD", "MULTI_REGIONAL", "REGIONAL", "NEARLINE", "COLDLINE", "ARCHIVE",
				}},
				{Path: "lifecycleRules.*.action.type", Words: []string{
					"Delete", "SetStorageClass", "AbortIncompleteMultipartUpload",
				}},
				{Path: "lifecycleRules.*.condition.withState", Words: []string{"LIVE", "ARCHIVED", "ANY"}},
			},
			Unique: []simulation.Unique{{
				By: []string{"name"},
				Taken: "Error 409: Your previous request to create the named bucket succeeded and you already " +
					"own it., conflict",
			}},
			References: []simulation.Reference{toKey("encryption.defaultKmsKeyName")},
			Rules: []simulation.Rule{
				enabled("storage"), bucketName, softDelete, conditions,
				lets("encryption.defaultKmsKeyName", "gs-project-accounts"),
			},
			Last: []simulation.Rule{empty},
			ID:   "{name}", Name: "{name}",
			Outputs: object{
				"project": "{project}", "projectNumber": "{number}", "url": "gs://{name}",
				"selfLink": "https://www.googleapis.com/storage/v1/b/{name}", "publicAccessPrevention": "inherited",
			},
		}),
		objectType: {Foreign: true, References: []simulation.Reference{inBucket}}, strangerType: {Foreign: true},
		"gcp:storage/bucketIAMMember:BucketIAMMember": member("b/{bucket}", "storage", simulation.Type{
			Replace: []string{"bucket"}, References: []simulation.Reference{inBucket}, Rules: []simulation.Rule{bucketMember},
		}),
	}
}

// googles are names that Google keeps for itself.
var googles = regexp.MustCompile(`^goog|g[o0][o0]g[l1]e`)

// bucketName refuses names that Google keeps for itself, and those that somebody else in the world has.
func bucketName(o *simulation.Operation) error {
	name := o.Text("name")
	_, noAddress := netip.ParseAddr(name)
	if noAddress == nil || googles.MatchString(name) || strings.Contains(name, "..") {
		return o.Refuse("Error 400: Invalid bucket name: '%s', invalid", name)
	}
	if _, taken := o.Find(strangerType, name); taken {
		return o.Refuse("Error 409: The requested bucket name is not available. The bucket namespace is shared by all " +
			"users of the system. Please select a different name and try again., conflict")
	}
	return nil
}

// softDelete: not at all, or from 7 to 90 days: https://cloud.google.com/storage/docs/soft-delete.
func softDelete(o *simulation.Operation) error {
	const day = 24 * 3600
	seconds, given := o.Value("softDeletePolicy.retentionDurationSeconds").(float64)
	if given && seconds != 0 && (seconds < 7*day || seconds > 90*day) {
		return o.Refuse("Error 400: Soft delete policy retention duration must be 0 or between 7 and 90 days, got %v s., "+
			"invalid", seconds)
	}
	return nil
}

// conditions refuses rules of a lifecycle that are about everything: one has a condition at least, and a rule about
// uploads no other than their age and names. https://cloud.google.com/storage/docs/lifecycle.
func conditions(o *simulation.Operation) error {
	rules, _ := o.Value("lifecycleRules").([]any)
	for _, r := range rules {
		rule, _ := r.(object)
		condition, _ := rule["condition"].(object)
		action, _ := rule["action"].(object)
		if len(condition) == 0 {
			return o.Refuse("Error 400: A lifecycle rule must have at least one condition., invalid")
		}
		for key := range condition {
			known := key == "age" || strings.HasPrefix(key, "matches")
			if !known && fmt.Sprint(action["type"]) == "AbortIncompleteMultipartUpload" {
				return o.Refuse("Error 400: AbortIncompleteMultipartUpload does not support the condition %s., invalid", key)
			}
		}
	}
	return nil
}

// bucketMember refuses the public where the bucket does, and conditions where ACLs are in use.
// https://cloud.google.com/storage/docs/access-control/iam#conditions.
func bucketMember(o *simulation.Operation) error {
	bucket, _ := o.Find(bucketType, o.Text("bucket"))
	who := o.Text("member")
	if (who == "allUsers" || who == "allAuthenticatedUsers") && bucket.Text("publicAccessPrevention") == "enforced" {
		return o.Refuse("Error 412: The member bindings allUsers and allAuthenticatedUsers are not allowed since public " +
			"access prevention is enforced., conditionNotMet")
	}
	if o.Value("condition") != nil && bucket.Inputs["uniformBucketLevelAccess"] != true {
		return o.Refuse("Error 400: Policies with conditions are only supported on buckets with uniform bucket-level " +
			"access enabled., invalid")
	}
	return nil
}

// empty refuses to delete a bucket with something in it, unless the program says that this does not matter. The plugin
// says this, not the service.
func empty(o *simulation.Operation) error {
	if o.Value("forceDestroy") == true {
		return nil
	}
	for _, e := range o.Others(objectType) {
		if e.Text("bucket") == o.Entry.Name {
			return o.Refuse("Error trying to delete bucket %s containing objects without `force_destroy` set to true",
				o.Entry.Name)
		}
	}
	return nil
}
