package clouds_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/components/platform"
	"plinth/components/platform/eks"
	"plinth/components/platform/gke"
	"plinth/config"
	"plinth/environment"
	"plinth/internal/record"
)

// root is the project's folder.
const root = "../.."

// variant is a tier on a cloud: the stack of the tier's name, with the one word changed.
type variant struct {
	tier  config.Tier
	cloud config.Cloud
	// managed adds databases that the cloud runs.
	managed bool
}

func (v variant) String() string {
	if v.managed {
		return fmt.Sprintf("%s on %s with managed databases", v.tier, v.cloud)
	}
	return fmt.Sprintf("%s on %s", v.tier, v.cloud)
}

func variants() []variant {
	var all []variant
	for _, cloud := range []config.Cloud{config.OnAWS, config.OnGCP} {
		for _, tier := range []config.Tier{config.Dev, config.Staging, config.Prod} {
			all = append(all, variant{tier: tier, cloud: cloud})
		}
	}
	return all
}

// options are what the stack's file says, with the cloud changed.
func (v variant) options(t *testing.T) record.Options {
	t.Helper()
	raw, secret, err := config.ReadStackFile(filepath.Join(root, "Pulumi."+string(v.tier)+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	raw["plinth:cloud"] = string(v.cloud)
	if v.managed {
		addManaged(t, raw)
	}
	return record.Options{Project: config.Project, Stack: string(v.tier), Config: raw, SecretKeys: secret}
}

// clouds are the platforms there are.
func clouds() []platform.Platform { return []platform.Platform{eks.Platform{}, gke.Platform{}} }

// run records the program.
func run(t *testing.T, o record.Options) *record.Recording {
	t.Helper()
	rec, err := record.Run(t.Context(), o, environment.Program(func() []string {
		return slices.Collect(maps.Keys(o.Config))
	}, clouds()...))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// recordings are those of every variant, made once.
var recordings = struct {
	sync.Mutex
	by map[variant]*record.Recording
}{by: map[variant]*record.Recording{}}

// record records the stack. What comes back is the caller's own to change.
func (v variant) record(t *testing.T) *record.Recording {
	t.Helper()
	recordings.Lock()
	defer recordings.Unlock()
	if recordings.by[v] == nil {
		recordings.by[v] = run(t, v.options(t))
	}
	return clone(recordings.by[v])
}

// clone copies a recording so far as rules and mutations look into it.
func clone(rec *record.Recording) *record.Recording {
	copied := &record.Recording{Outputs: rec.Outputs, Log: rec.Log}
	for _, r := range rec.Resources {
		one := *r
		one.Dependencies = slices.Clone(r.Dependencies)
		one.PropertyDependencies = map[string][]resource.URN{}
		for property, urns := range r.PropertyDependencies {
			one.PropertyDependencies[property] = slices.Clone(urns)
		}
		one.Inputs = r.Inputs.Copy()
		copied.Resources = append(copied.Resources, &one)
	}
	return copied
}

// of returns the resources of these types.
func of(rec *record.Recording, types ...string) []*record.Resource {
	var found []*record.Resource
	for _, r := range rec.Ordered() {
		if slices.Contains(types, string(r.Type)) {
			found = append(found, r)
		}
	}
	return found
}
