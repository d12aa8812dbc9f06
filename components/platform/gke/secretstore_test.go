package gke_test

import (
	"fmt"
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
		made, err = cluster.SecretStore(ctx, "secrets", secretStoreArgs(args.Protect, recovery))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec, made
}

func secretStoreArgs(protect bool, recovery int) *platform.SecretStoreArgs {
	hidden := pulumi.ToSecret(pulumi.String("canary-7d")).(pulumi.StringOutput)
	return &platform.SecretStoreArgs{
		Namespace: "shop", ServiceAccount: "reader", Recovery: recovery, Protect: protect,
		Entries: map[string]platform.SecretEntry{
			"web": {Values: map[string]pulumi.StringInput{"token": hidden}}, "mail": {Existing: "shared-mail"},
		},
	}
}

func TestSecretsAreReadByOneServiceAccount(t *testing.T) {
	rec, made := keepSecrets(t, prod(), 30)
	const reader = `"principal://iam.googleapis.com/projects/` + number + `/locations/global/workloadIdentityPools/` +
		project + `.svc.id.goog/subject/ns/shop/sa/reader"`
	for name, secret := range map[string]string{"secrets-web-read": `"shop-prod-web"`, "secrets-mail-read": `"shared-mail"`} {
		holds(t, one(t, rec, name), map[string]string{
			"secretId": secret, "member": reader, "role": `"roles/secretmanager.secretAccessor"`,
		})
	}
	entry := one(t, rec, "secrets-web-entry")
	holds(t, entry, map[string]string{
		"secretId": `"shop-prod-web"`, "versionDestroyTtl": `"2592000s"`,
		"replication.userManaged.replicas": `[{"customerManagedEncryption":{"kmsKeyName":"cryptokey/shop-prod"},` +
			`"location":"europe-west4"}]`,
	})
	expect(t, "protected", entry.Protect != nil && *entry.Protect, true)
	if missing := rec.Missing(entry, one(t, rec, "cluster-key-secrets"), one(t, rec, "cluster-api-secretmanager")); len(missing) > 0 {
		t.Errorf("the entry does not wait for %v", missing)
	}
	value := one(t, rec, "secrets-web-values").Inputs["secretData"]
	if !value.ContainsSecrets() && (!value.IsOutput() || !value.OutputValue().Secret) {
		t.Errorf("got the value %v, want a secret", value)
	}
	holds(t, one(t, rec, "secrets-web-values"), map[string]string{"secretData": `"{\"token\":\"canary-7d\"}"`})
	expect(t, "names", fmt.Sprint(made.Names), "map[mail:shared-mail web:shop-prod-web]")
	expect(t, "annotations", len(made.Annotations), 0)
	rec, _ = keepSecrets(t, dev(), 0)
	holds(t, one(t, rec, "secrets-web-entry"), map[string]string{"versionDestroyTtl": ""})
}
