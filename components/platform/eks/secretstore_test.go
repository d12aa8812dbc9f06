package eks_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/internal/record"
)

// keepSecrets records a cluster with a secret store: an entry that is made, and one that is there.
func keepSecrets(t *testing.T, args *platform.Args, recovery int) (*record.Recording, *platform.SecretStore) {
	t.Helper()
	var made *platform.SecretStore
	rec, err := attempt(t, args, func(ctx *pulumi.Context, cluster platform.Cluster) (err error) {
		hidden := pulumi.ToSecret(pulumi.String("canary-7d")).(pulumi.StringOutput)
		made, err = cluster.SecretStore(ctx, "secrets", &platform.SecretStoreArgs{
			Namespace: "shop", ServiceAccount: "reader", Recovery: recovery, Protect: args.Protect,
			Entries: map[string]platform.SecretEntry{
				"web": {Values: map[string]pulumi.StringInput{"token": hidden}}, "mail": {Existing: "shared/mail"},
			},
		})
		if err == nil {
			ctx.Export("annotation", made.Annotations["eks.amazonaws.com/role-arn"])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec, made
}

func TestSecretsAreReadByTheTokensOfOneServiceAccount(t *testing.T) {
	rec, made := keepSecrets(t, prod(), 30)
	provider := one(t, rec, "cluster-tokens")
	expect(t, "issuer", value(provider, "url"), any("https://oidc.eks.example.com/id/A1"))
	trust := fmt.Sprint(value(one(t, rec, "secrets-role"), "assumeRolePolicy"))
	for _, want := range []string{
		`"Action":["sts:AssumeRoleWithWebIdentity"]`,
		`"oidc.eks.example.com/id/A1:sub":"system:serviceaccount:shop:reader"`,
		`"oidc.eks.example.com/id/A1:aud":"sts.amazonaws.com"`,
		`"Principal":{"Federated":"arn:aws:iam:eu-central-1:123456789012:cluster-tokens"}`,
	} {
		if !strings.Contains(trust, want) {
			t.Errorf("got the trust %s, want in it %s", trust, want)
		}
	}
	const current = "if Null secretsmanager:VersionId[true] if StringEqualsIfExists secretsmanager:VersionStage[AWSCURRENT]"
	const key = "Allow [kms:Decrypt] on [arn:aws:kms:eu-central-1:123456789012:cluster-key] " +
		"if StringEquals kms:ViaService[secretsmanager.eu-central-1.amazonaws.com] if StringLike kms:EncryptionContext:SecretARN["
	const mail = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shared/mail-??????"
	const web = "arn:aws:secretsmanager:eu-central-1:123456789012:secrets-web-entry"
	expectLines(t, "policy", read(t, one(t, rec, "secrets-policy"), "policy").text(),
		"Allow [secretsmanager:DescribeSecret] on ["+mail+"]",
		"Allow [secretsmanager:GetSecretValue] on ["+mail+"] "+current, key+mail+"]",
		"Allow [secretsmanager:DescribeSecret] on ["+web+"]",
		"Allow [secretsmanager:GetSecretValue] on ["+web+"] "+current, key+web+"]")
	entry := one(t, rec, "secrets-web-entry")
	expect(t, "name", value(entry, "name"), any("shop-prod/web"))
	expect(t, "recovery", value(entry, "recoveryWindowInDays"), any(30.0))
	expect(t, "key", value(entry, "kmsKeyId"), any("arn:aws:kms:eu-central-1:123456789012:cluster-key"))
	expect(t, "protected", entry.Protect != nil && *entry.Protect, true)
	text := one(t, rec, "secrets-web-values").Inputs["secretString"]
	if !text.ContainsSecrets() && (!text.IsOutput() || !text.OutputValue().Secret) {
		t.Errorf("got the value %v, want a secret", text)
	}
	expect(t, "value", fmt.Sprint(value(one(t, rec, "secrets-web-values"), "secretString")), `{"token":"canary-7d"}`)
	expect(t, "names", fmt.Sprint(made.Names), "map[mail:shared/mail web:shop-prod/web]")
	if got := rec.Outputs["annotation"]; !got.IsString() || got.StringValue() != "arn:aws:iam:eu-central-1:123456789012:secrets-role" {
		t.Errorf("got the annotation %v, want the role", got)
	}
}
