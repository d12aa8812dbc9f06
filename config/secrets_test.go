package config_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"plinth/config"
)

func TestSecretValuesMustBeEncryptedNamedAndFilled(t *testing.T) {
	checkRefused(t, []refused{
		{
			"in the clear", "  plinth:tier: dev\n  plinth:secretValues: {token: canary, other: canary}\n",
			[]string{
				`secretValues.other: must be encrypted; set it with: pulumi config set --secret --path ` +
					`plinth:secretValues.other`,
				`secretValues.token: must be encrypted; set it with: pulumi config set --secret --path ` +
					`plinth:secretValues.token`,
			},
		},
		{
			"one of them in the clear",
			"  plinth:tier: dev\n  plinth:secretValues: {token: {secure: x}, other: canary}\n",
			[]string{
				`secretValues.other: must be encrypted; set it with: pulumi config set --secret --path ` +
					`plinth:secretValues.other`,
			},
		},
		{
			"other types",
			"  plinth:tier: dev\n  plinth:secretValues: {number: 4711, flag: true, object: {a: canary}, none: }\n",
			[]string{
				`secretValues.flag: must be a string, got a boolean`,
				`secretValues.none: must be a string, got nothing`,
				`secretValues.number: must be a string, got a number`,
				`secretValues.object: must be a string, got an object`,
			},
		},
		{
			"names",
			"  plinth:tier: dev\n  plinth:secretValues: {a b: {secure: x}, 1a: {secure: x}, '': {secure: x}}\n",
			[]string{
				`secretValues[""]: must have a name of at most 63 letters, digits, hyphens and underscores that ` +
					`starts with ` +
					`a letter`,
				`secretValues["1a"]: must have a name of at most 63 letters, digits, hyphens and underscores that ` +
					`starts with ` +
					`a letter`,
				`secretValues["a b"]: must have a name of at most 63 letters, digits, hyphens and underscores that ` +
					`starts ` +
					`with a letter`,
			},
		},
		{
			"the whole section", "  plinth:tier: dev\n  plinth:secretValues: {secure: x}\n",
			[]string{`secretValues: must be an object, got a string`},
		},
	})
}

func TestAnEmptySecretIsRefused(t *testing.T) {
	_, err := config.Load("dev", map[string]string{"plinth:tier": "dev", "plinth:secretValues": `{"token": ""}`},
		[]string{"plinth:secretValues"})
	checkFaults(t, err, []string{`secretValues.token: must not be empty`})
}

func TestSecretsMustBeSetWhereTheyAreReferredTo(t *testing.T) {
	checkRefused(t, []refused{{
		"references", `
  plinth:tier: dev
  plinth:secretValues: {token: {secure: x}, unused: {secure: x}}
  plinth:apps: {web: {<<: *app, secrets: {A: token, B: tokn, C: password, D: "p@ss w0rd", E: ""}}}
`,
		[]string{
			`apps.web.secrets.B: refers to secretValues.tokn, which is not set; did you mean token?`,
			`apps.web.secrets.C: refers to secretValues.password, which is not set; set it with: pulumi config set ` +
				`--secret ` +
				`--path plinth:secretValues.password`,
			`apps.web.secrets.D: must be the name of a value in secretValues`,
			`apps.web.secrets.E: must be the name of a value in secretValues`,
		},
	}})
}

func TestOnlySecretValuesMayBeEncrypted(t *testing.T) {
	checkRefused(t, []refused{{
		"elsewhere", `
  plinth:tier: {secure: x}
  plinth:apps: {web: {<<: *app, env: {TOKEN: {secure: x}}, replicas: -1}}
  plinth:token: {secure: x}
`,
		[]string{
			`apps: must not be encrypted: put the secret in secretValues and refer to it by name`,
			`tier: must not be encrypted: put the secret in secretValues and refer to it by name`,
			`token: unknown key; known: admission, apps, aws, buckets, cloud, cluster, databases, edge, gcp, gitops, images, minio, monitoring, namespace, namespaces, network, operators, priorities, proxy, secretValues, secrets, tier`,
		},
	}})
}

// The canary stands at every place where a value can, encrypted as a whole, and faults are made all around it.
func TestNoMessageHoldsASecret(t *testing.T) {
	const canary = "canary-7d1f"
	texts := []string{
		canary, `"` + canary + `"`, `["` + canary + `"]`, `{"token": "` + canary + `"`, `{"token": "` + canary + `"} x`,
		`{"token": ["` + canary + `"]}`, `{"token": {"` + canary + `": 1}}`, `{"token": "` + canary + `", "empty": ""}`,
		`{"web": {"image": "` + canary + `", "env": {"A": "` + canary + `", "B": 1}, "server": "` + canary + `"}}`,
	}
	for _, section := range []string{
		"tier", "cloud", "cluster", "namespace", "apps", "images", "secretValues", "unknown",
	} {
		for _, text := range texts {
			key := "plinth:" + section
			_, err := config.Load("dev", map[string]string{"plinth:tier": "bad", key: text}, []string{key})
			if err == nil || strings.Contains(err.Error(), canary) {
				t.Errorf("%s = %s: got the error %v", key, text, err)
			}
		}
	}
	_, err := config.Load("dev", map[string]string{"plinth:tier": "bad", "plinth:secretValues": texts[7]}, nil)
	if err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("in the clear: got the error %v", err)
	}
}

func TestASecretPrintsAsAPlaceholder(t *testing.T) {
	c := config.Config{SecretValues: map[string]config.Secret{"token": "canary"}}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{
		string(text), fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%q", c.SecretValues),
	} {
		if strings.Contains(printed, "canary") || !strings.Contains(printed, "[secret]") {
			t.Errorf("got %s", printed)
		}
	}
	if string(c.SecretValues["token"]) != "canary" {
		t.Error("a secret must convert to its value")
	}
}
