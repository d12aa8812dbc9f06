package ephemeral_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/internal/ephemeral"
)

const source = `# The team's own words about staging.
config:
  plinth:tier: staging
  plinth:cloud: aws
  plinth:cluster: {endpoint: {cidrs: [203.0.113.0/24]}, protect: true, identifier: x}
  plinth:namespace: {name: shop, protect: true, quota: {pods: 20}}
  plinth:operators: {cert-manager: {}}
  plinth:apps:
    web:
      image: registry.example.com/web:1 # the one that everybody tests
      database: {name: main}
      afterMigration: {sql: "SELECT 1;"}
      bucket: {name: assets}
  plinth:databases:
    main: {engine: managed-postgres, managed: {size: small}, retain: true, backup: {bucket: archive}}
    other: {backup: {bucket: assets}}
  plinth:buckets:
    assets: {engine: managed, retain: true}
    archive: {engine: external, external: {endpoint: "https://s3.example.com"}}
    unused: {engine: minio}
  plinth:edge: {hosts: [shop.example.com, "*.shop.example.com"], routes: [{host: api.example.com}]}
encryptionsalt: v1:abc
`

func TestAnEnvironmentIsSmallUnprotectedAndHasItsOwnData(t *testing.T) {
	text, notes, err := ephemeral.Derive([]byte(source), ephemeral.Options{
		Name: "pr-7", From: "staging", Shared: "organization/plinth/staging",
		Seed: map[string]string{"web": "INSERT INTO t VALUES (1);"}, Restore: map[string]string{"main": "latest"},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `# Ephemeral environment pr-7, made from staging by ` + "`plinth env create`" + `, which makes this file anew.
config:
  plinth:namespace: {quota: {pods: 20}}
  plinth:apps:
    web:
      image: registry.example.com/web:1 # the one that everybody tests
      database: {name: main}
      afterMigration: {sql: "SELECT 1;\nINSERT INTO t VALUES (1);"}
      bucket: {name: assets}
  plinth:databases:
    main: {engine: postgres, restore: {bucket: archive, from: main, backup: latest}}
    other: {}
  plinth:buckets:
    assets: {engine: minio}
    archive: {engine: external, external: {endpoint: "https://s3.example.com"}}
  plinth:edge: {hosts: [pr-7.shop.example.com, "*.pr-7.shop.example.com"], routes: [{host: pr-7.api.example.com}]}
  plinth:tier: dev
  plinth:cloud: existing
  plinth:cluster:
    stack: organization/plinth/staging
encryptionsalt: v1:abc
`
	if string(text) != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	wanted := []string{
		"the operators are those of stack staging", "it uses the cluster of stack organization/plinth/staging",
		"database main is in the cluster, with the engine postgres",
		"bucket assets is in the cluster, with the engine minio, and starts empty",
	}
	if !slices.Equal(notes, wanted) {
		t.Errorf("got the notes %q, want %q", notes, wanted)
	}
}

func TestAnEnvironmentOfItsOwnKeepsTheCloud(t *testing.T) {
	text, _, err := ephemeral.Derive([]byte(source), ephemeral.Options{Name: "pr-7", From: "staging"})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"plinth:cloud: aws\n", "plinth:cluster: {endpoint: {cidrs: [203.0.113.0/24]}}\n", "plinth:operators: {cert-manager: {}}\n",
		"engine: managed-postgres, managed: {size: small}}", "plinth:tier: dev\n",
	} {
		if !strings.Contains(string(text), part) {
			t.Errorf("the file does not say %q:\n%s", part, text)
		}
	}
}

func TestWhatCannotBeIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		options ephemeral.Options
		want    string
	}{
		"a database that is not there": {ephemeral.Options{Restore: map[string]string{"none": "latest"}}, "restoring database none: there is none of that name"},
		"backups that nobody else can reach": {
			ephemeral.Options{Restore: map[string]string{"other": "latest"}},
			"restoring database other: its backups are in bucket assets, which only stack staging itself can reach: a bucket with the engine external can be read from elsewhere",
		},
		"an app that is not there": {ephemeral.Options{Seed: map[string]string{"none": ""}}, "filling the database of app none: there is no app of that name"},
	} {
		c.options.Name, c.options.From = "pr-7", "staging"
		_, _, err := ephemeral.Derive([]byte(source), c.options)
		if want := "making environment pr-7 from stack staging: " + c.want; err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}

func TestALeaseIsRenewedAndNeverShortened(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	lease := ephemeral.Lease{From: "dev", Owner: "ada@example.com", Created: now}.Renew(now.Add(time.Hour))
	if got := lease.Renew(now.Add(time.Minute)); got != lease {
		t.Errorf("got %v, want it unchanged", got)
	}
	if lease.Expired(now.Add(59*time.Minute)) || !lease.Expired(now.Add(time.Hour)) {
		t.Error("it does not end when it says")
	}
	text, err := lease.Text()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ephemeral.ParseLease(text); err != nil || got != lease {
		t.Errorf("got %v, %v; want what was written", got, err)
	}
	if _, err := ephemeral.ParseLease("{}"); err == nil {
		t.Error("a lease without an end was read")
	}
}

func TestWhatAnEnvironmentUsesIsAddedUpFromItsState(t *testing.T) {
	deployment := &apitype.DeploymentV3{Resources: []apitype.ResourceV3{
		{Custom: true, Type: "kubernetes:apps/v1:Deployment", Inputs: map[string]any{"kind": "Deployment", "spec": map[string]any{
			"replicas": 3.0, "template": map[string]any{"spec": map[string]any{"containers": []any{
				map[string]any{"resources": map[string]any{"requests": map[string]any{"cpu": "50m", "memory": "64Mi"}}},
			}}},
		}}},
		{Custom: true, Type: "kubernetes:apps/v1:StatefulSet", Inputs: map[string]any{"kind": "StatefulSet", "spec": map[string]any{
			"replicas": 2.0, "volumeClaimTemplates": []any{map[string]any{"spec": map[string]any{
				"resources": map[string]any{"requests": map[string]any{"storage": "1Gi"}},
			}}},
		}}},
		{Custom: true, Type: "kubernetes:core/v1:Service", Inputs: map[string]any{"kind": "Service", "spec": map[string]any{"type": "LoadBalancer"}}},
		{Custom: true, Type: "aws:s3/bucketV2:BucketV2", ID: resource.ID("b")},
		{Custom: true, Type: "kubernetes:core/v1:Service", Delete: true, Inputs: map[string]any{"kind": "Service", "spec": map[string]any{"type": "LoadBalancer"}}},
	}}
	got, err := ephemeral.CostOf(deployment)
	if err != nil {
		t.Fatal(err)
	}
	if got.Pods != 5 || got.CPU.String() != "150m" || got.Memory.String() != "192Mi" || got.Storage.String() != "2Gi" ||
		got.Balancers != 1 || got.Cloud != 1 {
		t.Errorf("got %+v", got)
	}
}
