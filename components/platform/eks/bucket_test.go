package eks_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

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
	expect(t, "name", value(bucket, "bucket"), any(made.Name))
	expect(t, "goes with everything in it", value(bucket, "forceDestroy"), any(false))
	expect(t, "protected", bucket.Protect != nil && *bucket.Protect, true)
	block := one(t, rec, "images-private")
	for _, key := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
		expect(t, key, value(block, key), any(true))
	}
	expect(t, "ownership", value(one(t, rec, "images-ownership"), "rule", "objectOwnership"), any("BucketOwnerEnforced"))
	encryption := one(t, rec, "images-encryption")
	expect(t, "algorithm", value(encryption, "rules", "0", "applyServerSideEncryptionByDefault", "sseAlgorithm"), any("aws:kms"))
	expect(t, "key", value(encryption, "rules", "0", "applyServerSideEncryptionByDefault", "kmsMasterKeyId"),
		any("arn:aws:kms:eu-central-1:123456789012:cluster-key"))
	expect(t, "versions", value(one(t, rec, "images-versioning"), "versioningConfiguration", "status"), any("Enabled"))
	lifecycle := one(t, rec, "images-lifecycle")
	expect(t, "uploads", value(lifecycle, "rules", "0", "abortIncompleteMultipartUpload", "daysAfterInitiation"), any(7.0))
	expect(t, "objects", value(lifecycle, "rules", "1", "expiration", "days"), any(90.0))
	expect(t, "versions", value(lifecycle, "rules", "2", "noncurrentVersionExpiration", "noncurrentDays"), any(30.0))
	expectLines(t, "policy", read(t, one(t, rec, "images-policy"), "policy").text(),
		"Deny AWS[*] [s3:*] on [arn:aws:s3:eu-central-1:123456789012:images-bucket "+
			"arn:aws:s3:eu-central-1:123456789012:images-bucket/*] if Bool aws:SecureTransport[false]",
		"Deny AWS[*] [s3:*] on [arn:aws:s3:eu-central-1:123456789012:images-bucket "+
			"arn:aws:s3:eu-central-1:123456789012:images-bucket/*] if NumericLessThan s3:TlsVersion[1.2]")
	expect(t, "where logs go", value(one(t, rec, "images-logging"), "targetBucket"),
		value(one(t, rec, "cluster-access-logs-bucket"), "bucket"))
	for _, r := range rec.Resources {
		if strings.HasPrefix(r.Name, "images-") && r.Custom && r != bucket && r.DeletedWith != bucket.URN {
			t.Errorf("%s goes before its bucket, which may have to stay", r.Label())
		}
		if strings.HasPrefix(r.Name, "cluster-access-logs") && (r.RetainOnDelete == nil || !*r.RetainOnDelete) {
			t.Errorf("%s is not kept, as other logs of prod are", r.Label())
		}
	}
	expect(t, "what users wait for", len(made.Ready), 7)
	expect(t, "provider", made.Provider+" "+made.Endpoint+" "+made.Region, "aws https://s3.eu-central-1.amazonaws.com eu-central-1")
}

func TestAnybodyElseMayWriteLogsOfOurBucketsAlone(t *testing.T) {
	rec, _ := keep(t, staging(), platform.BucketArgs{ForceDestroy: true})
	text := read(t, one(t, rec, "cluster-access-logs-policy"), "policy").text()
	want := "Allow Service[logging.s3.amazonaws.com] [s3:PutObject] on " +
		"[arn:aws:s3:eu-central-1:123456789012:cluster-access-logs-bucket/*] " +
		"if ArnLike aws:SourceArn[arn:aws:s3:::shop-staging-*] if StringEquals aws:SourceAccount[123456789012]"
	if !strings.HasSuffix(strings.TrimSpace(fmt.Sprint(text)), want) {
		t.Errorf("got %v, want at its end %s", text, want)
	}
	logs := one(t, rec, "cluster-access-logs-encryption")
	expect(t, "algorithm that logs can be delivered with",
		value(logs, "rules", "0", "applyServerSideEncryptionByDefault", "sseAlgorithm"), any("AES256"))
	expect(t, "how long logs stay", value(one(t, rec, "cluster-access-logs-lifecycle"), "rules", "1", "expiration", "days"),
		any(30.0))
	expect(t, "logs go", value(one(t, rec, "cluster-access-logs-bucket"), "forceDestroy"), any(true))
	expect(t, "versions", value(one(t, rec, "images-versioning"), "versioningConfiguration", "status"), any("Suspended"))
}

func TestTheNameOfABucketIsOneForAllTheWorldAndNeverTooLong(t *testing.T) {
	names := map[string]bool{}
	for _, change := range []func(*platform.Args){
		func(*platform.Args) {},
		func(a *platform.Args) { a.Location.Account = "210987654321" },
		func(a *platform.Args) { a.Environment = strings.Repeat("a-very-long-name-", 4) + "one" },
		func(a *platform.Args) { a.Environment = strings.Repeat("a-very-long-name-", 4) + "two" },
	} {
		args := prod()
		change(args)
		_, made := keep(t, args, platform.BucketArgs{})
		if names[made.Name] || len(made.Name) > 63 {
			t.Errorf("got the name %s (%d characters) after %v", made.Name, len(made.Name), names)
		}
		names[made.Name] = true
	}
	again := prod()
	again.Generation = 9
	if _, made := keep(t, again, platform.BucketArgs{}); !names[made.Name] {
		t.Errorf("another generation of the cluster has another bucket, %s", made.Name)
	}
}

func TestABucketInNoAccountIsAnError(t *testing.T) {
	_, err := attempt(t, dev(), func(ctx *pulumi.Context, made platform.Cluster) error {
		_, err := made.Bucket(ctx, "images", &platform.BucketArgs{Bucket: "images"})
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "bucket images: its name is made of the account's id") {
		t.Errorf("got the error %v", err)
	}
}

func TestABucketOfAnEnvironmentWithoutAKeyIsEncryptedWithOneOfS3s(t *testing.T) {
	args := dev()
	args.Location.Account = account
	rec, _ := keep(t, args, platform.BucketArgs{ForceDestroy: true})
	rule := value(one(t, rec, "images-encryption"), "rules", "0")
	if got, ok := rule.(map[string]any); !ok || len(got) != 1 {
		t.Errorf("got the rule %v, want the algorithm alone", rule)
	}
}
