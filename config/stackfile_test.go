package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"plinth/config"
)

// The expected texts are what Pulumi itself hands to a program for this file.
func TestAStackFileReadsAsPulumiReadsIt(t *testing.T) {
	raw, secretKeys, err := config.ReadStackFile(stackFile(t, "dev", `
encryptionsalt: v1:x
config:
  plinth:tier: no
  cloud: existing
  plinth:count: 5
  plinth:flag: true
  plinth:namespace:
  plinth:apps:
    web:
      env: {A: no, C: false, D: 1.10, E: 2024-01-01, F: 012, G: 0x10, H: ~, I: 1e3}
      list: [1, {b: 2}]
  plinth:secretValues: {token: {secure: v1:abc}}
  other:key: {secure: v1:def}
`))
	if err != nil {
		t.Fatal(err)
	}
	wantRaw := map[string]string{
		"plinth:tier": "no", "plinth:cloud": "existing", "plinth:count": "5", "plinth:flag": "true",
		"plinth:namespace": "",
		"plinth:apps": `{"web":{"env":{"A":"no","C":false,"D":1.1,"E":"2024-01-01 00:00:00 +0000 UTC","F":10,"G":16,` +
			`"H":null,"I":1000},"list":[1,{"b":2}]}}`,
		"plinth:secretValues": `{"token":"[secret]"}`, "other:key": "[secret]",
	}
	if !reflect.DeepEqual(raw, wantRaw) {
		t.Errorf("got  %v\nwant %v", raw, wantRaw)
	}
	if want := []string{"other:key", "plinth:secretValues"}; !reflect.DeepEqual(secretKeys, want) {
		t.Errorf("got the secret keys %v, want %v", secretKeys, want)
	}
}

func TestAStackFileIsCompletedFromTheProjectFile(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "Pulumi.yaml"), `
name: plinth
config:
  plinth:tier: {type: string, default: dev}
  plinth:cloud: {type: string, default: existing}
  apps: {type: object, default: {}}
  aws:region: {value: eu-west-1}
  pulumi:disable-default-providers: {value: ["*"]}
  plinth:short: 5
`)
	below := filepath.Join(folder, "examples", "shop")
	if err := os.MkdirAll(below, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(below, "Pulumi.shop.yaml"), "config: {plinth:tier: prod}\n")
	raw, secretKeys, err := config.ReadStackFile(filepath.Join(below, "Pulumi.shop.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"plinth:tier": "prod", "plinth:cloud": "existing", "plinth:apps": "{}", "aws:region": "eu-west-1",
		"pulumi:disable-default-providers": `["*"]`, "plinth:short": "5",
	}
	if !reflect.DeepEqual(raw, want) || secretKeys != nil {
		t.Errorf("got  %v and the secret keys %v\nwant %v and none", raw, secretKeys, want)
	}
}

func TestEveryStackFileOfTheProjectLoads(t *testing.T) {
	files, err := filepath.Glob("../Pulumi.*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %v and %v, want stack files", files, err)
	}
	for _, file := range files {
		stack := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml")
		raw, secretKeys, err := config.ReadStackFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(stack, raw, secretKeys); err != nil {
			t.Error(err)
		}
	}
}

func TestAStackFileWithoutConfigurationHasTheDefaultsAlone(t *testing.T) {
	raw, _, err := config.ReadStackFile(stackFile(t, "dev", ""))
	if err != nil || len(raw) != 0 {
		t.Errorf("got %v and %v", raw, err)
	}
}

func TestWhatCannotBeReadIsAnErrorThatNamesTheFile(t *testing.T) {
	file := stackFile(t, "dev", "config: [1")
	missing := filepath.Join(filepath.Dir(file), "Pulumi.none.yaml")
	for path, want := range map[string]string{
		file:    "reading configuration from " + file + ": yaml: line 1: did not find",
		missing: "reading configuration: open " + missing + ": no such file or directory",
		stackFile(t, "keys", "config: {a: {1: x}}"): "reading plinth:a of stack file ",
		stackFile(t, "inf", "config: {a: [.inf]}"):  "reading plinth:a of stack file ",
		filepath.Join(t.TempDir(), "Pulumi.x.yaml"): "no Pulumi.yaml beside it or above",
	} {
		if _, _, err := config.ReadStackFile(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to contain %q", err, want)
		}
	}
}
