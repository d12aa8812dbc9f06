package minio

import (
	"encoding/json"
	"fmt"

	"plinth/components/workload"
)

// Bucket is a bucket of the server.
type Bucket struct {
	// Name is from 3 to 63 characters: lower case letters, digits and inner hyphens.
	Name string
	// Versioning keeps what is overwritten or deleted.
	Versioning bool
	// ExpireAfter and OldVersionsAfter delete objects, and versions that are no longer the newest, so many days after
	// they were written or replaced. Zero: never.
	ExpireAfter, OldVersionsAfter int
}

// User is an application's.
type User struct {
	// Application is its name.
	Application string
	// Bucket is the one it uses, and Prefix what the names of its objects there start with.
	Bucket, Prefix string
	// ReadOnly keeps it from writing and deleting.
	ReadOnly bool
}

// accessKey is what the server knows the user by. setup.sh tells by its start that it is one of ours.
func accessKey(application string) string { return "plinth-" + application }

// secretOf names the Secret with an application's keys.
func secretOf(server, application string) string {
	return workload.Name(workload.MaxLabel, server, "user", application)
}

// statement of a policy:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html.
type statement struct {
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string `json:",omitempty"`
}

// policy lets a user do what it needs with the objects that are its own, and nothing else.
func (u User) policy() (string, error) {
	bucket := "arn:aws:s3:::" + u.Bucket
	list := statement{Effect: "Allow", Action: []string{"s3:ListBucket"}, Resource: []string{bucket}}
	if u.Prefix != "" {
		list.Condition = map[string]map[string][]string{"StringLike": {"s3:prefix": {u.Prefix + "*"}}}
	}
	objects := []string{"s3:GetObject", "s3:GetObjectVersion"}
	if !u.ReadOnly {
		objects = append(objects, "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
	}
	return written(map[string]any{"Version": "2012-10-17", "Statement": []statement{
		{Effect: "Allow", Action: []string{"s3:GetBucketLocation"}, Resource: []string{bucket}},
		list,
		{Effect: "Allow", Action: objects, Resource: []string{bucket + "/" + u.Prefix + "*"}},
	}})
}

// lifecycle is the bucket's, as mc reads it. It is never empty, so that there is one to replace the one before: what
// is left of deleted objects when their last version has gone is always removed.
func (b Bucket) lifecycle() (string, error) {
	rule := func(id string, what string, value map[string]any) map[string]any {
		return map[string]any{
			"ID": id, "Status": "Enabled", "Filter": map[string]any{"Prefix": ""}, what: value,
		}
	}
	rules := []map[string]any{rule("delete-markers", "Expiration", map[string]any{"ExpiredObjectDeleteMarker": true})}
	if b.ExpireAfter > 0 {
		rules = append(rules, rule("expire", "Expiration", map[string]any{"Days": b.ExpireAfter}))
	}
	if b.OldVersionsAfter > 0 {
		rules = append(rules,
			rule("old-versions", "NoncurrentVersionExpiration", map[string]any{"NoncurrentDays": b.OldVersionsAfter}))
	}
	return written(map[string]any{"Rules": rules})
}

func written(document any) (string, error) {
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return "", fmt.Errorf("writing JSON: %w", err)
	}
	return string(text) + "\n", nil
}
