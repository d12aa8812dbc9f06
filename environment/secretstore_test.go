package environment_test

import (
	"strings"
	"testing"

	"plinth/internal/record"
)

// managedSecrets is a stack on a cloud whose secret manager holds the values of its apps.
func managedSecrets(cloud, external string) record.Options {
	const app = `{"image": "registry.example.com/app:1", "resources": {"limits": {"cpu": "1", "memory": "1Gi", ` +
		`"ephemeralStorage": "64Mi"}}, "secrets": {"TOKEN": "token"}, "secretFiles": {"/etc/jwt/key": "jwt-private"}}`
	return record.Options{
		Project: "plinth", Stack: "shop", SecretKeys: []string{"plinth:secretValues"},
		Config: map[string]string{
			"plinth:tier": "dev", "plinth:cloud": cloud,
			"plinth:gcp":          `{"project": "example-project"}`,
			"plinth:cluster":      `{"endpoint": {"cidrs": ["203.0.113.0/24"]}}`,
			"plinth:secretValues": `{"token": "canary-of-the-token"}`,
			"plinth:secrets": `{"backend": "external-secrets", "signingKeys": ["jwt"], "keys": {"token": "TOKEN"}, ` +
				`"external": {"store": "managed"` + external + `}}`,
			"plinth:operators": `{"external-secrets": {}}`,
			"plinth:apps":      `{"web": ` + app + `, "mail": ` + app + `}`,
		},
	}
}

func TestTheSecretManagerOfACloudIsReadByOneAccount(t *testing.T) {
	for _, cloud := range []string{"aws", "gcp"} {
		rec := runOn(t, managedSecrets(cloud, `, "entries": {"mail": "shared/mail"}`))
		store := settled(t, rec, "SecretStore::secrets-store")
		if want := `"provider":{"` + cloud + `":{"account":"plinth-secrets-reader"}}`; !strings.Contains(store, want) {
			t.Errorf("%s: got the store %s, want in it %s", cloud, store, want)
		}
		if account := settled(t, rec, "ServiceAccount::secrets-account"); !strings.Contains(account, `"example.com/reads":"entries"`) {
			t.Errorf("%s: got the account %s, want the annotation", cloud, account)
		}
		seen := 0
		for _, r := range rec.Resources {
			text := rendered(t, r)
			for app, entry := range map[string]string{"web": "entry-of-web", "mail": "shared/mail"} {
				if strings.HasPrefix(r.Name, app+"-secrets-") && strings.HasSuffix(string(r.Type), ":ExternalSecret") {
					seen++
					for _, want := range []string{
						`{"remoteRef":{"key":"` + entry + `","property":"TOKEN"},"secretKey":"token"}`,
						`{"remoteRef":{"key":"` + entry + `","property":"jwt-private"},"secretKey":"jwt-private"}`,
					} {
						if !strings.Contains(text, want) {
							t.Errorf("%s: got %s, want in it %s", cloud, text, want)
						}
					}
				}
			}
			if r.Type == "kubernetes:core/v1:Secret" && strings.Contains(text, "canary-of-the-token") {
				t.Errorf("%s: Pulumi writes %s", cloud, r.Label())
			}
		}
		if seen != 2 {
			t.Errorf("%s: got %d ExternalSecrets, want one for each app", cloud, seen)
		}
		// The operator reaches the cloud, and nothing that is private.
		open := false
		for _, r := range rec.All("kubernetes:networking.k8s.io/v1:NetworkPolicy") {
			text := rendered(t, r)
			open = open || strings.Contains(text, `"cidr":"0.0.0.0/0"`) && strings.Contains(text, `"external-secrets"`)
		}
		if !open {
			t.Errorf("%s: the operator cannot reach the secret manager", cloud)
		}
	}
}
