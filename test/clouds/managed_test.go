package clouds_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/config"
	"plinth/internal/offline/simulation"
	"plinth/internal/record"
)

// managedSections are databases that the cloud runs, of each engine, with an app on each of them. All else about them is
// the tier's.
func managedSections() map[string]any {
	// No image is pulled here; prod wants a digest.
	digest := "@sha256:" + strings.Repeat("0", 64)
	amounts := map[string]any{"cpu": "100m", "memory": "64Mi", "ephemeralStorage": "32Mi"}
	app := func(database string) map[string]any {
		return map[string]any{
			"image": "docker.io/example/app:1.0" + digest, "replicas": 2, "resources": map[string]any{"limits": amounts},
			"database": map[string]any{"name": database, "readOnly": map[string]any{"url": "REPLICA_URL"}},
		}
	}
	server := func(engine, image string) map[string]any {
		return map[string]any{"engine": engine, "image": image + digest, "resources": map[string]any{
			"limits": map[string]any{"cpu": "2", "memory": "8Gi", "ephemeralStorage": "64Mi"},
		}}
	}
	return map[string]any{
		"databases": map[string]any{
			"orders": server("managed-postgres", "docker.io/library/postgres:17.6"),
			"ledger": server("managed-mysql", "docker.io/library/mysql:8.4.6"),
		},
		"apps": map[string]any{"shop": app("orders"), "books": app("ledger")},
	}
}

// managedVariants are the tiers on every cloud, with databases that the cloud runs besides.
func managedVariants() []variant {
	all := variants()
	for i := range all {
		all[i].managed = true
	}
	return all
}

// addManaged adds them to what a stack's file says.
func addManaged(t *testing.T, raw map[string]string) {
	t.Helper()
	for section, more := range managedSections() {
		key, merged := config.Project+":"+section, map[string]any{}
		if err := json.Unmarshal([]byte(raw[key]), &merged); err != nil {
			t.Fatal(err)
		}
		maps.Copy(merged, more.(map[string]any))
		text, err := json.Marshal(merged)
		if err != nil {
			t.Fatal(err)
		}
		raw[key] = string(text)
	}
}

// replica says whether a server follows another.
func replica(r *record.Resource) bool {
	return r.Inputs.HasValue("replicateSourceDb") || r.Inputs.HasValue("masterInstanceName")
}

func TestManagedDatabasesKeepEveryRule(t *testing.T) {
	replicas := map[config.Tier]int{config.Dev: 0, config.Staging: 1, config.Prod: 2}
	for _, v := range managedVariants() {
		t.Run(v.String(), func(t *testing.T) {
			rec := v.record(t)
			if got, want := len(of(rec, databaseTypes...)), 2*(1+replicas[v.tier]); got != want {
				t.Fatalf("got %d servers, want %d", got, want)
			}
			for _, r := range rules() {
				for _, complaint := range r.broken(v, rec) {
					t.Errorf("%s: %s", r.name, complaint)
				}
			}
			// They come up beside the cluster: neither waits for the other, nor servers for nodes or the way out.
			inside := of(rec, slices.Concat(clusterTypes, nodeTypes, egressTypes)...)
			for _, server := range of(rec, databaseTypes...) {
				for _, other := range rec.Unwanted(server, slices.DeleteFunc(slices.Clone(inside), beside)...) {
					t.Errorf("%s waits for %s", server.Label(), other)
				}
			}
		})
	}
}

// An app waits for the replicas where it reads from them, and for the primary alone where not.
func TestOnlyWhoReadsFromReplicasWaitsForThem(t *testing.T) {
	for _, reads := range []bool{false, true} {
		v := variant{tier: config.Staging, cloud: config.OnAWS, managed: true}
		o := v.options(t)
		if !reads {
			o.Config["plinth:apps"] = strings.ReplaceAll(o.Config["plinth:apps"], `"readOnly":{"url":"REPLICA_URL"}`,
				`"readOnly":{}`)
		}
		rec := run(t, o)
		for _, r := range of(rec, databaseTypes...) {
			if !replica(r) {
				continue
			}
			waits := false
			for _, app := range of(rec, "kubernetes:apps/v1:Deployment") {
				waits = waits || rec.Before(app)[r.URN]
			}
			if waits != reads {
				t.Errorf("somebody waits for %s: %t, want %t", r.Label(), waits, reads)
			}
		}
	}
}

// What keeps data can be taken away, and is missed by the rules.
func TestARuleOnManagedDatabasesSeesWhatBreaksIt(t *testing.T) {
	for what, c := range map[string]struct {
		types  []string
		spoils func(keep bool, r *record.Resource)
	}{
		"a primary without a last snapshot, or with": {databaseTypes[:1], func(keep bool, r *record.Resource) {
			r.Inputs["skipFinalSnapshot"] = resource.NewProperty(keep)
		}},
		"a primary that Pulumi protects, or not": {databaseTypes, func(keep bool, r *record.Resource) {
			turned := !keep
			r.Protect = &turned
		}},
		"a server that is kept, or not": {databaseTypes[1:], func(keep bool, r *record.Resource) {
			turned := !keep
			r.RetainOnDelete = &turned
		}},
		"Google's own protection turned": {databaseTypes[1:], func(keep bool, r *record.Resource) {
			settings := r.Inputs["settings"].ObjectValue().Copy()
			settings["deletionProtectionEnabled"] = resource.NewProperty(!keep)
			r.Inputs["settings"] = resource.NewProperty(settings)
		}},
	} {
		for _, v := range managedVariants() {
			rec := v.record(t)
			servers := slices.DeleteFunc(of(rec, c.types...), replica)
			if len(servers) == 0 {
				continue
			}
			c.spoils(v.tier == config.Prod, servers[0])
			if len(unsafe(v, rec)) == 0 {
				t.Errorf("%s: %s is not seen", v, what)
			}
		}
	}
}

// managedLeft checks what a destroy has left of the databases: nothing, but of prod what the data can be had back from.
func managedLeft(t *testing.T, v variant, left []simulation.Entry) {
	t.Helper()
	var kept []string
	for _, e := range left {
		// Google remembers the names of servers that are gone.
		if e.Left != "" || !strings.HasPrefix(e.Type, "aws:rds/") && !strings.HasPrefix(e.Type, "gcp:sql/") {
			continue
		}
		kept = append(kept, e.Type+" "+e.Name)
	}
	slices.Sort(kept)
	var want []string
	switch {
	case v.tier != config.Prod:
	case v.cloud == config.OnAWS:
		want = []string{"aws:rds/snapshot:Snapshot plinth-prod-ledger-*-final", "aws:rds/snapshot:Snapshot plinth-prod-orders-*-final"}
	default:
		want = []string{
			"gcp:sql/databaseInstance:DatabaseInstance plinth-prod-ledger-*",
			"gcp:sql/databaseInstance:DatabaseInstance plinth-prod-orders-*",
			"gcp:sql/user:User plinth", "gcp:sql/user:User plinth",
		}
	}
	if len(kept) != len(want) {
		t.Fatalf("left of the databases: %v, want %v", kept, want)
	}
	for i, pattern := range want {
		before, after, _ := strings.Cut(pattern, "*")
		if !strings.HasPrefix(kept[i], before) || !strings.HasSuffix(kept[i], after) {
			t.Errorf("left of the databases: %s, want %s", kept[i], pattern)
		}
	}
}
