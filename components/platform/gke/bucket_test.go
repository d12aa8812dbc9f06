package gke_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/objectstore"
	"plinth/components/platform"
	"plinth/internal/record"
)

// keep records a cluster with a bucket.
func keep(t *testing.T, args *platform.Args, b platform.BucketArgs) (*record.Recording, *objectstore.Bucket) {
	t.Helper()
	var made *objectstore.Bucket
	b.Bucket = "images"
	rec, err := attempt(t, args, func(ctx *pulumi.Context, cluster platform.Cluster) (err error) {
		made, err = cluster.Bucket(ctx, "images", &b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec, made
}

func TestABucketIsPrivateEncryptedVersionedAndWritesDownItsUse(t *testing.T) {
	rec, made := keep(t, prod(), platform.BucketArgs{
		Versioning: true, ExpireAfter: 90, OldVersionsAfter: 30, Protect: true,
	})
	bucket := one(t, rec, "images-bucket")
	holds(t, bucket, map[string]string{
		"name": fmt.Sprintf("%q", made.Name), "location": `"europe-west4"`, "forceDestroy": "false",
		"uniformBucketLevelAccess": "true", "publicAccessPrevention": `"enforced"`, "versioning.enabled": "true",
		"encryption.defaultKmsKeyName":              `"cryptokey/shop-prod"`,
		"softDeletePolicy.retentionDurationSeconds": "604800",
		"logging.logBucket":                         at(one(t, rec, "cluster-access-logs-written"), "bucket"),
		"logging.logObjectPrefix":                   `"images"`,
		"lifecycleRules":                            `[{"action":{"type":"AbortIncompleteMultipartUpload"},"condition":{"age":7}},` + `{"action":{"type":"Delete"},"condition":{"age":90,"withState":"LIVE"}},` + `{"action":{"type":"Delete"},"condition":{"daysSinceNoncurrentTime":30,"withState":"ARCHIVED"}}]`,
	})
	expect(t, "protected", bucket.Protect != nil && *bucket.Protect, true)
	for _, name := range []string{"cluster-access-logs-bucket", "cluster-access-logs-written", "cluster-key-storage"} {
		r := one(t, rec, name)
		expect(t, name+" is kept", r.RetainOnDelete != nil && *r.RetainOnDelete, true)
	}
	holds(t, one(t, rec, "cluster-key-storage"), map[string]string{
		"member": `"serviceAccount:service-` + number + `@gs-project-accounts.iam.gserviceaccount.com"`,
	})
	if missing := rec.Missing(bucket, one(t, rec, "cluster-key-storage"), one(t, rec, "cluster-api-storage")); len(missing) > 0 {
		t.Errorf("the bucket does not wait for %v", missing)
	}
	expect(t, "provider", made.Provider+" "+made.Endpoint, "gcs https://storage.googleapis.com")
	if len(made.Name) > 63 || !strings.HasPrefix(made.Name, "shop-prod-images-") {
		t.Errorf("got the name %s", made.Name)
	}
}

func TestWhatMayGoWithTheEnvironmentLeavesNothing(t *testing.T) {
	rec, _ := keep(t, dev(), platform.BucketArgs{ForceDestroy: true})
	for _, name := range []string{"images-bucket", "cluster-access-logs-bucket"} {
		r := one(t, rec, name)
		holds(t, r, map[string]string{
			"forceDestroy": "true", "softDeletePolicy.retentionDurationSeconds": "0", "encryption": "",
		})
		expect(t, name+" is kept", r.RetainOnDelete != nil && *r.RetainOnDelete, false)
	}
}

func TestAGrantOnAPrefixIsAboutTheObjectsBelowItAlone(t *testing.T) {
	rec, err := attempt(t, dev(), func(ctx *pulumi.Context, made platform.Cluster) error {
		_, err := made.Identity(ctx, "web", &platform.IdentityArgs{
			Namespace: "shop", ServiceAccount: "web",
			Grants: []binding.Grant{{Allow: binding.WriteObjects, On: pulumi.String("it"), Prefix: "web/"}},
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	holds(t, one(t, rec, "web-writeObjects"), map[string]string{
		"condition.expression": `"resource.name.startsWith(\"projects/_/buckets/it/objects/web/\") || ` +
			`api.getAttribute(\"storage.googleapis.com/objectListPrefix\", \"\").startsWith(\"web/\")"`,
		"role": `"roles/storage.objectUser"`,
	})
}

// Only a service account signs: https://cloud.google.com/storage/docs/access-control/signed-urls.
func TestWhoSignsURLsActsAsAServiceAccountOfItsOwn(t *testing.T) {
	var made *platform.Identity
	rec, err := attempt(t, dev(), func(ctx *pulumi.Context, cluster platform.Cluster) (err error) {
		made, err = cluster.Identity(ctx, "web", &platform.IdentityArgs{
			Namespace: "shop", ServiceAccount: "web", Grants: []binding.Grant{
				{Allow: binding.ReadObjects, On: pulumi.String("it")}, {Allow: binding.SignURLs, On: pulumi.String("it")},
			},
		})
		if err == nil {
			ctx.Export("annotation", made.Annotations["iam.gke.io/gcp-service-account"])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	account := strings.Trim(at(one(t, rec, "web-account"), "accountId"), `"`)
	const domain = "@" + project + ".iam.gserviceaccount.com"
	if got := rec.Outputs["annotation"]; !got.IsString() || got.StringValue() != account+domain || len(account) > 30 {
		t.Errorf("got the annotation %v, want %s%s, of at most 30 characters", got, account, domain)
	}
	member := `"serviceAccount:` + account + domain + `"`
	holds(t, one(t, rec, "web-acts"), map[string]string{"role": `"roles/iam.workloadIdentityUser"`, "member": principal})
	holds(t, one(t, rec, "web-signs"), map[string]string{"role": `"roles/iam.serviceAccountTokenCreator"`, "member": member})
	holds(t, one(t, rec, "web-readObjects"), map[string]string{"member": member})
	expect(t, "what a workload waits for", len(made.Ready), 3)
	expect(t, "where its credentials are", made.Edges[0].To.CIDR+" "+made.Edges[1].To.CIDR,
		"169.254.169.252/32 169.254.169.254/32")
}
