package gates_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plinth/components/secrets"
)

// The program registers resources of the plugin for Vault by their tokens. The SDK of that version has the names.
func TestTheSDKForVaultHasTheNamesThatAreUsed(t *testing.T) {
	sdk := moduleDir(t, "github.com/pulumi/pulumi-vault/sdk/v6@v"+secrets.VaultPlugin)
	for file, names := range map[string][]string{
		"kv/secretV2.go": {
			`"vault:kv/secretV2:SecretV2"`, `pulumi:"mount"`, `pulumi:"name"`, `pulumi:"dataJson"`,
			`pulumi:"deleteAllVersions"`,
		},
		"provider.go": {
			`"pulumi:providers:vault"`, `pulumi:"address"`, `pulumi:"token"`, `pulumi:"skipChildToken"`,
		},
	} {
		text, err := os.ReadFile(filepath.Join(sdk, "go", "vault", filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if !strings.Contains(string(text), name) {
				t.Errorf("%s does not have %s", file, name)
			}
		}
	}
}
