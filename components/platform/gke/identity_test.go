package gke_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/platform"
)

const principal = `"principal://iam.googleapis.com/projects/` + number + `/locations/global/workloadIdentityPools/` +
	project + `.svc.id.goog/subject/ns/shop/sa/web"`

func TestEachGrantIsOneRoleOnOneResource(t *testing.T) {
	rec := everything(t)
	for name, want := range map[string][]string{
		"BucketIAMMember::web-readObjects":  {"bucket", "roles/storage.objectViewer"},
		"BucketIAMMember::web-writeObjects": {"bucket", "roles/storage.objectUser"},
		"SecretIamMember::web-readSecret":   {"secretId", "roles/secretmanager.secretAccessor"},
		"CryptoKeyIAMMember::web-decrypt":   {"cryptoKeyId", "roles/cloudkms.cryptoKeyEncrypterDecrypter"},
	} {
		holds(t, one(t, rec, name), map[string]string{
			want[0]: `"thing"`, "role": `"` + want[1] + `"`, "member": principal,
		})
	}
	expect(t, "outputs are registered", one(t, rec, "GkeIdentity::web").OutputsRegistered, true)
}

// identify makes an identity with these grants.
func identify(t *testing.T, grants ...binding.Grant) (made *platform.Identity, names []string, err error) {
	t.Helper()
	rec, err := attempt(t, dev(), func(ctx *pulumi.Context, cluster platform.Cluster) error {
		var err error
		made, err = cluster.Identity(ctx, "web", &platform.IdentityArgs{
			Namespace: "shop", ServiceAccount: "web", Grants: grants,
		})
		return err
	})
	for _, r := range rec.All("gcp:storage/bucketIAMMember:BucketIAMMember") {
		names = append(names, r.Name+" "+at(r, "bucket"))
	}
	return made, names, err
}

func TestTakingAGrantAwayLeavesTheOthersAlone(t *testing.T) {
	images := binding.Grant{Allow: binding.ReadObjects, On: pulumi.String("a"), Name: "images"}
	videos := binding.Grant{Allow: binding.ReadObjects, On: pulumi.String("b"), Name: "videos"}
	made, both, err := identify(t, images, videos)
	if err != nil {
		t.Fatal(err)
	}
	expectAll(t, "members", both, []string{`web-readObjects-images "a"`, `web-readObjects-videos "b"`})
	expect(t, "ready", len(made.Ready), 2)
	expect(t, "annotations", len(made.Annotations), 0)
	_, rest, err := identify(t, videos)
	if err != nil {
		t.Fatal(err)
	}
	expectAll(t, "members", rest, both[1:])
}

func TestGrantsThatMakeNoSenseAreRefused(t *testing.T) {
	read := binding.Grant{Allow: binding.ReadObjects, On: pulumi.String("a")}
	for want, grants := range map[string][]binding.Grant{
		"identity web: it has no grants: a workload without any needs no identity":    nil,
		"identity web: grant readObjects: there are two: give each a Name of its own": {read, read},
		"identity web: grant readSecret: it is about nothing: set On":                 {{Allow: binding.ReadSecret}},
		`identity web: permission "all": want one of readObjects, writeObjects, signURLs, readSecret, decrypt`: {
			{Allow: "all", On: pulumi.String("a")},
		},
	} {
		_, _, err := identify(t, grants...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error: got %v, want %s", err, want)
		}
	}
}
