package gke_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/platform"
	"plinth/internal/record"
)

// used is a recording of a cluster with something in it: a Service that makes a load balancer, a claim and an identity.
func used(t *testing.T, args *platform.Args) *record.Recording {
	t.Helper()
	rec, err := attempt(t, args, func(ctx *pulumi.Context, made platform.Cluster) error {
		for _, kind := range []string{"Service", "PersistentVolumeClaim"} {
			object := &pulumi.CustomResourceState{}
			err := ctx.RegisterResource("kubernetes:core/v1:"+kind, "web-"+strings.ToLower(kind), pulumi.Map{},
				object, pulumi.Provider(made.Kubernetes()))
			if err != nil {
				return err
			}
		}
		_, err := made.Identity(ctx, "web", &platform.IdentityArgs{
			Namespace: "shop", ServiceAccount: "web",
			Grants: []binding.Grant{{Allow: binding.ReadObjects, On: pulumi.String("images")}},
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// order is what comes before what, and what does not: of is made after all of after and goes before them, and waits for
// none of not.
type order struct {
	rule           string
	of, after, not []*record.Resource
}

func orders(rec *record.Recording) []order {
	inside := all(rec, "kubernetes:core/v1:Service", "kubernetes:core/v1:PersistentVolumeClaim",
		"kubernetes:storage.k8s.io/v1:StorageClass")
	egress := all(rec, "gcp:compute/router:Router", "gcp:compute/routerNat:RouterNat")
	roles, admins := split(rec.All(memberType), "cluster-nodes-role")
	pools, control := rec.All(poolType), rec.All(clusterType)
	ofCluster, ofOthers := split(rec.All(useKeyType), "cluster-key-cluster", "cluster-key-disks")
	logs := all(rec, "gcp:logging/projectBucketConfig:ProjectBucketConfig", "gcp:logging/projectSink:ProjectSink")
	images := all(rec, "gcp:artifactregistry/repository:Repository",
		"gcp:artifactregistry/repositoryIamBinding:RepositoryIamBinding")
	network := all(rec, "gcp:compute/network:Network", "gcp:compute/subnetwork:Subnetwork")
	made := []order{
		{
			rule: "a: what makes a load balancer needs what makes it, nodes and the way out", of: inside,
			after: slices.Concat(control, pools, egress, network),
		},
		{
			rule: "what is in the cluster needs what nodes may do, images and logs", of: inside,
			after: slices.Concat(roles, images, logs),
		},
		{rule: "f: what is in the cluster needs access to it", of: inside, after: admins},
		{
			rule: "the control plane waits for what it is made of", of: control,
			after: slices.Concat(network, ofCluster, rec.All("gcp:serviceaccount/account:Account")),
			not:   slices.Concat(egress, pools, roles, admins, logs, images, ofOthers, rec.All("gcp:compute/firewall:Firewall")),
		},
		{rule: "nodes have their role", of: pools, after: slices.Concat(control, roles), not: slices.Concat(egress, images)},
		{
			rule: "identities need the pool that the cluster brings",
			of:   rec.All("gcp:storage/bucketIAMMember:BucketIAMMember"), after: control,
		},
	}
	for _, pool := range pools {
		others := slices.DeleteFunc(slices.Clone(pools), func(other *record.Resource) bool { return other == pool })
		made = append(made, order{rule: "groups of nodes come up beside each other", of: []*record.Resource{pool}, not: others})
	}
	return made
}

// split parts resources by their names.
func split(resources []*record.Resource, names ...string) (named, others []*record.Resource) {
	for _, r := range resources {
		if slices.Contains(names, r.Name) {
			named = append(named, r)
		} else {
			others = append(others, r)
		}
	}
	return named, others
}

func TestWhatIsNeededIsThereBeforeAndGoesAfterwards(t *testing.T) {
	for name, args := range tiers() {
		t.Run(name, func(t *testing.T) {
			rec := used(t, args)
			for _, o := range orders(rec) {
				if len(o.of) == 0 {
					t.Errorf("%s: there is nothing that it is about", o.rule)
				}
				for _, r := range o.of {
					if missing := rec.Missing(r, o.after...); len(missing) > 0 {
						t.Errorf("%s: %s is not after %s", o.rule, r.Label(), strings.Join(missing, ", "))
					}
					if unwanted := rec.Unwanted(r, o.not...); len(unwanted) > 0 {
						t.Errorf("%s: %s waits for %s", o.rule, r.Label(), strings.Join(unwanted, ", "))
					}
				}
			}
		})
	}
}

// The control plane is the longest wait of all, so what it waits for is a closed list.
func TestTheControlPlaneWaitsForNothingElse(t *testing.T) {
	for _, on := range everyTier(t) {
		t.Run(on.name, func(t *testing.T) {
			args, rec := on.args, on.rec
			want := []string{
				"gcp:compute/network:Network", "gcp:compute/subnetwork:Subnetwork", "gcp:projects/service:Service",
				"gcp:serviceaccount/account:Account", "plinth:platform:Gke", "pulumi:providers:gcp", "pulumi:pulumi:Stack",
			}
			if args.EncryptWithOwnKey {
				want = append(want, "gcp:kms/cryptoKey:CryptoKey", useKeyType, "gcp:kms/keyRing:KeyRing",
					"gcp:projects/serviceIdentity:ServiceIdentity")
			}
			slices.Sort(want)
			var got []string
			for urn := range rec.Before(one(t, rec, "cluster-cluster")) {
				got = append(got, string(urn.Type()))
			}
			slices.Sort(got)
			expectAll(t, "waits for", slices.Compact(got), want)
		})
	}
}

func TestNothingGoesTogetherWithSomethingElse(t *testing.T) {
	for name, args := range tiers() {
		for _, r := range used(t, args).Resources {
			if r.DeletedWith != "" {
				t.Errorf("%s: b: %s is deleted with %s", name, r.Label(), r.DeletedWith)
			}
		}
	}
}

// e: what protects data says the same everywhere, in both directions.
func TestProtectionFollowsTheEnvironment(t *testing.T) {
	for _, on := range everyTier(t) {
		t.Run(on.name, func(t *testing.T) {
			args, rec := on.args, on.rec
			protected, kept := []string{}, []string{}
			for _, r := range rec.Ordered() {
				if r.Protect != nil && *r.Protect {
					protected = append(protected, r.Name)
				}
				if r.RetainOnDelete != nil && *r.RetainOnDelete {
					kept = append(kept, r.Name)
				}
			}
			slices.Sort(protected)
			slices.Sort(kept)
			wantProtected, wantKept := []string{}, []string{}
			if args.EncryptWithOwnKey {
				wantKept = []string{"cluster-key-ring"}
			}
			if args.Protect {
				wantProtected = []string{
					"cluster-cluster", "cluster-key", "cluster-logs", "cluster-network", "cluster-repository", "cluster-subnetwork",
				}
			}
			if args.Retain {
				wantKept = []string{
					"cluster-key", "cluster-key-disks", "cluster-key-logs", "cluster-key-ring", "cluster-logs",
				}
			}
			expectAll(t, "protected", protected, wantProtected)
			expectAll(t, "kept", kept, wantKept)
			reclaim := map[bool]string{true: `"Retain"`, false: `"Delete"`}[args.Retain]
			holds(t, one(t, rec, "cluster-storage-class"), map[string]string{"reclaimPolicy": reclaim})
			protect := map[bool]string{true: "true", false: "false"}[args.Protect]
			holds(t, one(t, rec, "cluster-cluster"), map[string]string{"deletionProtection": protect})
		})
	}
}

// g: a connection of private services keeps its peering, and so the network, after everything else is gone.
func TestNothingIsConnectedByPeering(t *testing.T) {
	for _, on := range everyTier(t) {
		t.Run(on.name, func(t *testing.T) {
			rec := on.rec
			for _, r := range rec.Resources {
				if strings.HasPrefix(string(r.Type), "gcp:servicenetworking/") || strings.Contains(string(r.Type), "Peering") {
					t.Errorf("there is %s", r.Label())
				}
			}
			// With a range of its own the control plane was in a network of Google's, and peered with it.
			holds(t, one(t, rec, "cluster-cluster"), map[string]string{"privateClusterConfig.masterIpv4CidrBlock": ""})
		})
	}
}

func TestAPIsStayOnAndAreThereBeforeTheyAreUsed(t *testing.T) {
	for _, on := range everyTier(t) {
		t.Run(on.name, func(t *testing.T) {
			args, rec := on.args, on.rec
			needs := map[string]string{
				"gcp:artifactregistry/repository:Repository":          "artifactregistry containerscanning",
				"gcp:compute/network:Network":                         "compute",
				clusterType:                                           "binaryauthorization compute container containersecurity logging monitoring",
				"gcp:kms/keyRing:KeyRing":                             "cloudkms",
				"gcp:logging/projectBucketConfig:ProjectBucketConfig": "logging",
				memberType: "cloudresourcemanager",
				"gcp:projects/serviceIdentity:ServiceIdentity": "artifactregistry",
				"gcp:serviceaccount/account:Account":           "iam",
			}
			apis := rec.All("gcp:projects/service:Service")
			for _, api := range apis {
				holds(t, api, map[string]string{
					"disableOnDestroy": "false", "disableDependentServices": "false", "project": `"` + project + `"`,
					"service": `"` + strings.TrimPrefix(api.Name, "cluster-api-") + `.googleapis.com"`,
				})
			}
			expect(t, "the key's API is switched on", slices.Contains(names(apis), "cluster-api-cloudkms"), args.EncryptWithOwnKey)
			for typ, want := range needs {
				for _, r := range rec.All(typ) {
					for _, api := range strings.Fields(want) {
						if missing := rec.Missing(r, one(t, rec, "cluster-api-"+api)); len(missing) > 0 {
							t.Errorf("%s does not wait for %v", r.Label(), missing)
						}
					}
				}
			}
		})
	}
}
