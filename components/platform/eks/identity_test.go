package eks_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/platform"
)

// identify makes an identity with one grant.
func identify(ctx *pulumi.Context, made platform.Cluster) error {
	_, err := made.Identity(ctx, "web", &platform.IdentityArgs{
		Namespace: "shop", ServiceAccount: "web",
		Grants: []binding.Grant{{Allow: binding.ReadObjects, On: pulumi.String("arn:aws:s3:::images")}},
	})
	return err
}

func TestAnIdentityMayWhatItsGrantsSayAndNoMore(t *testing.T) {
	const on = "arn:aws:it"
	// The environment's key, for what is encrypted with it and by way of its keeper alone.
	decrypts := func(actions, service, context string) string {
		return "Allow [" + actions + "] on [arn:aws:kms:eu-central-1:123456789012:cluster-key] " +
			"if StringEquals kms:ViaService[" + service + ".eu-central-1.amazonaws.com] " +
			"if StringLike kms:EncryptionContext:" + context + "[arn:aws:it]"
	}
	for allow, want := range map[binding.Permission][]string{
		binding.ReadObjects: {
			"Allow [s3:GetBucketLocation s3:ListBucket] on [arn:aws:it]", "Allow [s3:GetObject] on [arn:aws:it/*]",
			decrypts("kms:Decrypt", "s3", "aws:s3:arn"),
		},
		binding.WriteObjects: {
			"Allow [s3:GetBucketLocation s3:ListBucket s3:ListBucketMultipartUploads] on [arn:aws:it]",
			"Allow [s3:AbortMultipartUpload s3:DeleteObject s3:GetObject s3:ListMultipartUploadParts s3:PutObject] on [arn:aws:it/*]",
			decrypts("kms:Decrypt kms:GenerateDataKey", "s3", "aws:s3:arn"),
		},
		binding.ReadSecret: {
			"Allow [secretsmanager:DescribeSecret] on [arn:aws:it]",
			"Allow [secretsmanager:GetSecretValue] on [arn:aws:it] if Null secretsmanager:VersionId[true] " +
				"if StringEqualsIfExists secretsmanager:VersionStage[AWSCURRENT]",
			decrypts("kms:Decrypt", "secretsmanager", "SecretARN"),
		},
		binding.Decrypt: {"Allow [kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey] on [arn:aws:it]"},
	} {
		rec, err := attempt(t, prod(), func(ctx *pulumi.Context, made platform.Cluster) error {
			identity, err := made.Identity(ctx, "web", &platform.IdentityArgs{
				Namespace: "shop", ServiceAccount: "web", Grants: []binding.Grant{{Allow: allow, On: pulumi.String(on)}},
			})
			if err == nil {
				expect(t, "annotations", len(identity.Annotations), 0)
				expect(t, "what a workload waits for", len(identity.Ready), 3)
				expect(t, "where its credentials are", fmt.Sprint(identity.Edges[0].To.CIDR, identity.Edges[0].Ports),
					"169.254.170.23/32[{80 }]")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		expectLines(t, string(allow), read(t, one(t, rec, "web-policy"), "policy").text(), want...)
		association := one(t, rec, "web-association")
		expect(t, "namespace", value(association, "namespace"), "shop")
		expect(t, "service account", value(association, "serviceAccount"), "web")
		expect(t, "cluster", value(association, "clusterName"), "shop-prod_2")
		expect(t, "role", value(association, "roleArn"), "arn:aws:iam:eu-central-1:123456789012:web-role")
		expect(t, "role's name", value(one(t, rec, "web-role"), "name"), "shop-prod_2_pod_shop_web")
		component := one(t, rec, "plinth:platform:EksIdentity::web")
		for _, name := range []string{"web-role", "web-policy", "web-association"} {
			expect(t, name+" belongs to", one(t, rec, name).Parent, component.URN)
		}
	}
}

func TestAGrantOnAPrefixIsAboutTheObjectsBelowItAlone(t *testing.T) {
	for allow, actions := range map[binding.Permission]string{
		binding.ReadObjects:  "s3:GetObject",
		binding.WriteObjects: "s3:AbortMultipartUpload s3:DeleteObject s3:GetObject s3:ListMultipartUploadParts s3:PutObject",
	} {
		rec, err := attempt(t, dev(), func(ctx *pulumi.Context, made platform.Cluster) error {
			_, err := made.Identity(ctx, "web", &platform.IdentityArgs{
				Namespace: "shop", ServiceAccount: "web", Grants: []binding.Grant{
					{Allow: allow, On: pulumi.String("arn:aws:s3:::it"), Prefix: "web/"},
					{Allow: binding.SignURLs, On: pulumi.String("arn:aws:s3:::it")},
				},
			})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		expectLines(t, string(allow), read(t, one(t, rec, "web-policy"), "policy").text(),
			"Allow [s3:GetBucketLocation] on [arn:aws:s3:::it]",
			"Allow [s3:ListBucket] on [arn:aws:s3:::it] if StringLike s3:prefix[web/*]",
			"Allow ["+actions+"] on [arn:aws:s3:::it/web/*]")
	}
}

func TestGrantsThatSayNothingAreRefused(t *testing.T) {
	for want, grants := range map[string][]binding.Grant{
		"identity of shop/web: no grants: a workload without any needs no identity": nil,
		`identity of shop/web: grant "fly": want readObjects, writeObjects, signURLs, readSecret or decrypt`: {
			{Allow: "fly", On: pulumi.String("arn:aws:it")},
		},
		`identity of shop/web: grant "decrypt": it is about nothing: the ARN is missing`: {{Allow: binding.Decrypt}},
	} {
		rec, err := attempt(t, dev(), func(ctx *pulumi.Context, made platform.Cluster) error {
			_, err := made.Identity(ctx, "web", &platform.IdentityArgs{Namespace: "shop", ServiceAccount: "web", Grants: grants})
			return err
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got the error %v, want %q", err, want)
		}
		if _, err := rec.One("::web"); err == nil {
			t.Errorf("%q: the identity is registered already", want)
		}
	}
}
