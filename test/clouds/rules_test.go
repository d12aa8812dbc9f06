package clouds_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"plinth/config"
	"plinth/internal/record"
)

// rule is one that a destroy in one command rests on: what is created after something is destroyed before it.
type rule struct {
	name string
	// broken says where a recording breaks it.
	broken func(v variant, rec *record.Recording) []string
	// breaks are ways to break it, by what they do; each must be seen, on every variant that it can be done to.
	breaks map[string]func(v variant, rec *record.Recording)
}

// The types that the rules speak of.
var (
	nodeTypes = []string{"aws:eks/nodeGroup:NodeGroup", "gcp:container/nodePool:NodePool"}
	// egressTypes are what the way out consists of.
	egressTypes = []string{
		"aws:ec2/natGateway:NatGateway", "aws:ec2/route:Route", "aws:ec2/routeTableAssociation:RouteTableAssociation",
		"aws:ec2/internetGateway:InternetGateway", "gcp:compute/routerNat:RouterNat",
	}
	clusterTypes = []string{"aws:eks/cluster:Cluster", "gcp:container/cluster:Cluster"}
	// accessTypes are what lets anybody into the API server. On GKE that is IAM's business.
	accessTypes = []string{
		"aws:eks/accessEntry:AccessEntry", "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
	}
	addonTypes   = []string{"aws:eks/addon:Addon"}
	peeringTypes = []string{
		"gcp:servicenetworking/connection:Connection", "gcp:compute/networkPeering:NetworkPeering",
		"aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
	}
	databaseTypes = []string{"aws:rds/instance:Instance", "gcp:sql/databaseInstance:DatabaseInstance"}
)

func rules() []rule {
	return []rule{
		{
			"a: what may make a load balancer, or waits for anything, is there while its controllers, nodes and way out are",
			func(_ variant, rec *record.Recording) []string {
				wanted := slices.DeleteFunc(of(rec, slices.Concat(nodeTypes, egressTypes, addonTypes, clusterTypes)...), beside)
				return after(rec, inCluster(rec), wanted)
			},
			map[string]func(variant, *record.Recording){
				"without the nodes":       func(_ variant, rec *record.Recording) { loosen(rec, nodeTypes) },
				"without the way out":     func(_ variant, rec *record.Recording) { loosen(rec, egressTypes) },
				"without the controllers": func(_ variant, rec *record.Recording) { loosen(rec, addonTypes) },
			},
		},
		{
			"b: nothing that has something in the cloud is deleted with something else",
			func(_ variant, rec *record.Recording) []string {
				var broken []string
				for _, r := range inCluster(rec) {
					if r.DeletedWith != "" && holdsCloud(r) {
						broken = append(broken, r.Label()+" is deleted with "+string(r.DeletedWith))
					}
				}
				return broken
			},
			map[string]func(variant, *record.Recording){
				"a load balancer": func(_ variant, rec *record.Recording) {
					r := plant(rec, "kubernetes:core/v1:Service", resource.PropertyMap{
						"spec": resource.NewProperty(resource.PropertyMap{"type": resource.NewProperty("LoadBalancer")}),
					})
					r.DeletedWith = of(rec, clusterTypes...)[0].URN
				},
				"a database's volumes": func(_ variant, rec *record.Recording) {
					of(rec, "kubernetes:apps/v1:StatefulSet")[0].DeletedWith = of(rec, clusterTypes...)[0].URN
				},
			},
		},
		{
			"c: what is deleted with something else is deleted with the cluster, where that is deleted, or is set on a bucket",
			func(v variant, rec *record.Recording) []string {
				var broken []string
				for _, r := range rec.Ordered() {
					if r.DeletedWith == "" || setOn(r, r.DeletedWith) {
						continue
					}
					if !slices.Contains(clusterTypes, string(r.DeletedWith.Type())) || v.tier == config.Prod {
						broken = append(broken, r.Label()+" is deleted with "+string(r.DeletedWith))
					}
				}
				return broken
			},
			map[string]func(variant, *record.Recording){
				"with the namespace": func(_ variant, rec *record.Recording) {
					of(rec, "kubernetes:apps/v1:Deployment")[0].DeletedWith = of(rec, "kubernetes:core/v1:Namespace")[0].URN
				},
			},
		},
		{
			"d: an object of an operator is there only while the operator is, and its type",
			func(_ variant, rec *record.Recording) []string {
				operators := of(rec, "kubernetes:helm.sh/v3:Release", "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition")
				var broken []string
				for _, r := range inCluster(rec) {
					before := rec.Before(r)
					if isCustom(r) && !slices.ContainsFunc(operators, func(o *record.Resource) bool { return before[o.URN] }) {
						broken = append(broken, r.Label()+" waits for no operator")
					}
				}
				return broken
			},
			map[string]func(variant, *record.Recording){
				"no operator": func(_ variant, rec *record.Recording) {
					plant(rec, "kubernetes:external-secrets.io/v1:ExternalSecret", nil).Provider = ""
				},
			},
		},
		{
			"e: what protects data is as the tier wants it",
			func(v variant, rec *record.Recording) []string { return unsafe(v, rec) },
			map[string]func(variant, *record.Recording){
				"the cluster's protection turned": func(_ variant, rec *record.Recording) {
					r := of(rec, clusterTypes...)[0]
					turned := r.Protect == nil || !*r.Protect
					r.Protect = &turned
				},
				"the volumes' fate turned": func(v variant, rec *record.Recording) {
					policy := "Retain"
					if v.tier == config.Prod {
						policy = "Delete"
					}
					r := of(rec, "kubernetes:apps/v1:StatefulSet")[0]
					spec := maps.Clone(r.Inputs["spec"].ObjectValue())
					spec["persistentVolumeClaimRetentionPolicy"] = resource.NewProperty(resource.PropertyMap{
						"whenDeleted": resource.NewProperty(policy), "whenScaled": resource.NewProperty(policy),
					})
					r.Inputs["spec"] = resource.NewProperty(spec)
				},
				"a storage class that forgets to say": func(_ variant, rec *record.Recording) {
					delete(of(rec, "kubernetes:storage.k8s.io/v1:StorageClass")[0].Inputs, "reclaimPolicy")
				},
				"a database without a last snapshot, or with": func(v variant, rec *record.Recording) {
					plant(rec, "aws:rds/instance:Instance", resource.PropertyMap{
						"skipFinalSnapshot":  resource.NewProperty(v.tier == config.Prod),
						"deletionProtection": resource.NewProperty(v.tier == config.Prod),
					})
				},
			},
		},
		{
			"f: whoever works in the cluster may, from the first object to the last",
			func(_ variant, rec *record.Recording) []string {
				return after(rec, of(rec, "pulumi:providers:kubernetes"),
					of(rec, slices.Concat(accessTypes, clusterTypes, nodeTypes)...))
			},
			map[string]func(variant, *record.Recording){
				"a provider that waits for nothing": func(_ variant, rec *record.Recording) {
					for _, provider := range of(rec, "pulumi:providers:kubernetes") {
						provider.Dependencies, provider.PropertyDependencies = nil, nil
					}
				},
			},
		},
		{
			"g: nothing in an environment holds its network from outside",
			func(_ variant, rec *record.Recording) []string {
				var broken []string
				for _, r := range of(rec, peeringTypes...) {
					broken = append(broken, r.Label()+" keeps the network from being deleted")
				}
				return broken
			},
			map[string]func(variant, *record.Recording){
				"a peering": func(_ variant, rec *record.Recording) {
					plant(rec, "gcp:servicenetworking/connection:Connection", nil)
				},
			},
		},
		{
			"the control plane waits neither for the way out nor for nodes, and no group of nodes for another",
			func(_ variant, rec *record.Recording) []string {
				var broken []string
				for _, r := range of(rec, clusterTypes...) {
					for _, other := range rec.Unwanted(r, of(rec, slices.Concat(
						[]string{"aws:ec2/natGateway:NatGateway", "gcp:compute/routerNat:RouterNat"}, nodeTypes)...)...) {
						broken = append(broken, r.Label()+" waits for "+other)
					}
				}
				groups := of(rec, nodeTypes...)
				for _, r := range groups {
					for _, other := range rec.Unwanted(r, groups...) {
						broken = append(broken, r.Label()+" waits for "+other)
					}
				}
				for _, r := range of(rec, databaseTypes...) {
					for _, other := range rec.Unwanted(r, of(rec, clusterTypes...)...) {
						broken = append(broken, r.Label()+" waits for "+other)
					}
				}
				return broken
			},
			map[string]func(variant, *record.Recording){
				"a control plane that waits for the way out": func(_ variant, rec *record.Recording) {
					r := of(rec, clusterTypes...)[0]
					r.Dependencies = append(r.Dependencies,
						of(rec, "aws:ec2/natGateway:NatGateway", "gcp:compute/routerNat:RouterNat")[0].URN)
				},
				"a database that waits for the cluster": func(_ variant, rec *record.Recording) {
					r := plant(rec, "aws:rds/instance:Instance", nil)
					r.Dependencies = append(r.Dependencies, of(rec, clusterTypes...)[0].URN)
				},
			},
		},
	}
}

func TestEveryStackOnEveryCloudKeepsEveryRule(t *testing.T) {
	for _, v := range variants() {
		t.Run(v.String(), func(t *testing.T) {
			rec := v.record(t)
			if len(inCluster(rec)) < 10 || len(of(rec, nodeTypes...)) == 0 || len(of(rec, clusterTypes...)) != 1 {
				t.Fatalf("got %d objects in the cluster, want a whole stack", len(inCluster(rec)))
			}
			for _, r := range rules() {
				for _, complaint := range r.broken(v, rec) {
					t.Errorf("%s: %s", r.name, complaint)
				}
			}
		})
	}
}

// A rule that cannot be broken is none.
func TestEveryRuleSeesWhatBreaksIt(t *testing.T) {
	for _, v := range variants() {
		for _, r := range rules() {
			for what, breaks := range r.breaks {
				rec := v.record(t)
				breaks(v, rec)
				if what == "without the controllers" && v.cloud == config.OnGCP {
					continue // They are part of GKE's control plane.
				}
				if len(r.broken(v, rec)) == 0 {
					t.Errorf("%s: %s: %s is not seen", v, r.name, what)
				}
			}
		}
	}
}

// inCluster are the objects that are made in the cluster.
func inCluster(rec *record.Recording) []*record.Resource {
	var found []*record.Resource
	for _, r := range rec.Ordered() {
		if r.Custom && strings.HasPrefix(string(r.Type), "kubernetes:") {
			found = append(found, r)
		}
	}
	return found
}

// setOn says whether a resource is no thing of its own, but what is set on a bucket.
func setOn(r *record.Resource, bucket resource.URN) bool {
	return bucket.Type() == "aws:s3/bucketV2:BucketV2" && strings.HasPrefix(string(r.Type), "aws:s3/bucket")
}

// beside says whether a part of the network or of the cluster is on nobody's way out, and controls nothing that is in
// the cloud: the subnets of databases, and what watches.
func beside(r *record.Resource) bool {
	return slices.ContainsFunc([]string{"-database-", "-cloudwatch-observability", "-metrics-server"},
		func(part string) bool { return strings.Contains(r.Name, part) })
}

// after says which of these resources could be there without one of those that are wanted: what is not made after it.
func after(rec *record.Recording, resources, wanted []*record.Resource) []string {
	var broken []string
	for _, r := range resources {
		for _, missing := range rec.Missing(r, slices.DeleteFunc(slices.Clone(wanted), func(w *record.Resource) bool {
			return w.URN == r.URN
		})...) {
			broken = append(broken, r.Label()+" does not wait for "+missing)
		}
	}
	return broken
}

// loosen takes every dependency on resources of these types away.
func loosen(rec *record.Recording, types []string) {
	gone := func(urn resource.URN) bool { return slices.Contains(types, string(urn.Type())) }
	for _, r := range rec.Resources {
		r.Dependencies = slices.DeleteFunc(r.Dependencies, gone)
		for property, urns := range r.PropertyDependencies {
			r.PropertyDependencies[property] = slices.DeleteFunc(urns, gone)
		}
	}
}

// plant adds a resource that is provided as the namespace is.
func plant(rec *record.Recording, typ string, inputs resource.PropertyMap) *record.Resource {
	like := of(rec, "kubernetes:core/v1:Namespace")[0]
	r := &record.Resource{
		Type: tokens.Type(typ), Name: "planted", Custom: true, Parent: like.Parent, Provider: like.Provider, Inputs: inputs,
		URN: resource.NewURN("stack", "plinth", "", tokens.Type(typ), "planted"),
	}
	rec.Resources = append(rec.Resources, r)
	return r
}

// holdsCloud says whether an object has something in the cloud: a load balancer, a volume, or whatever an operator makes.
func holdsCloud(r *record.Resource) bool {
	switch string(r.Type) {
	case "kubernetes:core/v1:Service":
		spec := r.Inputs["spec"]
		return spec.IsObject() && spec.ObjectValue()["type"].IsString() &&
			spec.ObjectValue()["type"].StringValue() == "LoadBalancer"
	case "kubernetes:networking.k8s.io/v1:Ingress", "kubernetes:core/v1:PersistentVolumeClaim",
		"kubernetes:apps/v1:StatefulSet":
		return true
	default:
		return isCustom(r)
	}
}

// isCustom says whether an object is of an operator's own type: its group is neither the core one nor Kubernetes' own.
func isCustom(r *record.Resource) bool {
	_, rest, _ := strings.Cut(string(r.Type), ":")
	group, _, _ := strings.Cut(rest, "/")
	own := []string{"core", "apps", "batch", "autoscaling", "policy", "helm.sh"}
	return !slices.Contains(own, group) && (!strings.HasSuffix(group, ".k8s.io") || group == "gateway.networking.k8s.io")
}

// unsafe says where what protects data is not as the tier wants it. Every switch is said in both directions: a default
// of the cloud's own would keep an environment from being destroyed, or let it go.
func unsafe(v variant, rec *record.Recording) []string {
	keep := v.tier == config.Prod
	var broken []string
	complain := func(r *record.Resource, format string, args ...any) {
		broken = append(broken, r.Label()+" "+fmt.Sprintf(format, args...))
	}
	flag := func(r *record.Resource, key resource.PropertyKey, want bool) {
		if value := r.Inputs[key]; !value.IsBool() || value.BoolValue() != want {
			complain(r, "has %s %v, want %t", key, value.V, want)
		}
	}
	for _, r := range of(rec, clusterTypes...) {
		if protects := r.Protect != nil && *r.Protect; protects != keep {
			complain(r, "is protected: %t, want %t", protects, keep)
		}
		if r.Type == "gcp:container/cluster:Cluster" {
			flag(r, "deletionProtection", keep)
		}
	}
	for _, r := range of(rec, "aws:ecr/repository:Repository") {
		flag(r, "forceDelete", !keep)
	}
	// A replica holds nothing of its own.
	for _, r := range of(rec, databaseTypes...) {
		keeps := keep && !replica(r)
		flag(r, "deletionProtection", keeps)
		if protects := r.Protect != nil && *r.Protect; r.Name != "planted" && protects != keeps {
			complain(r, "is protected: %t, want %t", protects, keeps)
		}
		retains := r.RetainOnDelete != nil && *r.RetainOnDelete
		if string(r.Type) == databaseTypes[0] {
			flag(r, "skipFinalSnapshot", !keeps)
			if retains {
				complain(r, "is kept, and not its snapshot")
			}
			continue
		}
		if retains != keeps {
			complain(r, "is kept: %t, want %t", retains, keeps)
		}
		settings := r.Inputs["settings"]
		if !settings.IsObject() || !settings.ObjectValue()["deletionProtectionEnabled"].DeepEquals(resource.NewProperty(keeps)) {
			complain(r, "has no settings.deletionProtectionEnabled, want %t", keeps)
		}
	}
	for _, r := range of(rec, "aws:s3/bucketV2:BucketV2", "aws:s3/bucket:Bucket", "gcp:storage/bucket:Bucket") {
		flag(r, "forceDestroy", !keep)
	}
	for _, r := range of(rec, "aws:kms/key:Key", "aws:cloudwatch/logGroup:LogGroup", "gcp:logging/projectBucketConfig:ProjectBucketConfig") {
		if retains := r.RetainOnDelete != nil && *r.RetainOnDelete; retains != keep {
			complain(r, "is kept: %t, want %t", retains, keep)
		}
	}
	want := map[bool]string{true: "Retain", false: "Delete"}[keep]
	for _, r := range of(rec, "kubernetes:apps/v1:StatefulSet") {
		if got := path(r.Inputs, "spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"); got != want {
			complain(r, "does %q with its claims, want %s", got, want)
		}
	}
	for _, r := range of(rec, "kubernetes:storage.k8s.io/v1:StorageClass") {
		if got := path(r.Inputs, "reclaimPolicy"); got != want {
			complain(r, "does %q with volumes, want %s", got, want)
		}
	}
	return broken
}

// path is a text inside of a resource's inputs, empty where there is none.
func path(inputs resource.PropertyMap, keys ...resource.PropertyKey) string {
	value := resource.NewProperty(inputs)
	for _, key := range keys {
		if !value.IsObject() {
			return ""
		}
		value = value.ObjectValue()[key]
	}
	if !value.IsString() {
		return ""
	}
	return value.StringValue()
}
