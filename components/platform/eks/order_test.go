package eks_test

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
			Grants: []binding.Grant{{Allow: binding.ReadObjects, On: pulumi.String("arn:aws:s3:::images")}},
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// all returns the resources of several types.
func all(rec *record.Recording, types ...string) []*record.Resource {
	var out []*record.Resource
	for _, typ := range types {
		out = append(out, rec.All(typ)...)
	}
	return out
}

// named returns the resources of these names.
func named(t *testing.T, rec *record.Recording, names ...string) []*record.Resource {
	t.Helper()
	out := make([]*record.Resource, len(names))
	for i, name := range names {
		out[i] = one(t, rec, name)
	}
	return out
}

const (
	nodeGroup = "aws:eks/nodeGroup:NodeGroup"
	addon     = "aws:eks/addon:Addon"
	cluster   = "aws:eks/cluster:Cluster"
)

// order is what comes before what, and what does not: r is made after all of after and goes before them, and waits for
// none of not.
type order struct {
	rule       string
	of         []*record.Resource
	after, not []*record.Resource
}

func orders(t *testing.T, rec *record.Recording) []order {
	t.Helper()
	egress := all(rec, "aws:ec2/natGateway:NatGateway", "aws:ec2/route:Route", "aws:ec2/vpcEndpoint:VpcEndpoint",
		"aws:ec2/internetGateway:InternetGateway", "aws:ec2/routeTableAssociation:RouteTableAssociation")
	egress = slices.DeleteFunc(egress, func(r *record.Resource) bool {
		return strings.Contains(r.Name, "database") // They have a table of their own, which leads nowhere.
	})
	access := all(rec, "aws:eks/accessEntry:AccessEntry", "aws:eks/accessPolicyAssociation:AccessPolicyAssociation")
	nodes, inside := rec.All(nodeGroup), all(rec, "kubernetes:core/v1:Service", "kubernetes:core/v1:PersistentVolumeClaim",
		"kubernetes:storage.k8s.io/v1:StorageClass")
	early := named(t, rec, "cluster-vpc-cni", "cluster-kube-proxy", "cluster-eks-pod-identity-agent")
	late := named(t, rec, "cluster-coredns", "cluster-aws-ebs-csi-driver", "cluster-metrics-server",
		"cluster-amazon-cloudwatch-observability")
	control := rec.All(cluster)
	made := []order{
		{rule: "a: what makes a load balancer needs nodes and the way out", of: inside, after: slices.Concat(nodes, egress)},
		{rule: "a: and what tells it names and gives it volumes", of: inside, after: late[:2]},
		{rule: "f: what is in the cluster needs access to it", of: inside, after: access},
		{rule: "the network's plugin is there before nodes and goes after them", of: nodes, after: early},
		{rule: "nodes need the way out", of: nodes, after: egress},
		{rule: "addons with pods need nodes", of: late, after: nodes},
		{
			rule: "the control plane waits for what it is made of", of: control, after: slices.Concat(
				named(t, rec, "cluster-cluster-role", "cluster-cluster-AmazonEKSClusterPolicy", "cluster-cluster-policy", "cluster-logs"),
				rec.All("aws:kms/key:Key")),
			not: slices.Concat(egress, rec.All("aws:ec2/eip:Eip"),
				rec.All("aws:ec2/flowLog:FlowLog"), nodes, access),
		},
		{rule: "early addons wait for no nodes, access or way out", of: early, not: slices.Concat(nodes, egress, access)},
		{
			rule: "databases' subnets are there as early as the network", of: subnets(rec, "database"),
			not: slices.Concat(control, egress, rec.All("aws:kms/key:Key")),
		},
		{
			rule: "NAT gateways and their addresses go before what leads out of their subnets",
			of:   all(rec, "aws:ec2/natGateway:NatGateway", "aws:ec2/eip:Eip"),
			after: named(t, rec, "cluster-internet", "cluster-public-route", "cluster-public-eu-central-1a-association",
				"cluster-public-eu-central-1b-association"),
			not: control,
		},
		{
			rule: "an addon that acts as a role has its permissions", of: early[:1],
			after: named(t, rec, "cluster-network-AmazonEKS_CNI_Policy"),
		},
		{
			rule: "and so have those after the nodes", of: late[1:2],
			after: named(t, rec, "cluster-storage-AmazonEBSCSIDriverPolicy"),
		},
		{
			rule: "the logs of containers have their groups first", of: late[3:], after: named(t, rec, "cluster-application-logs",
				"cluster-dataplane-logs", "cluster-host-logs", "cluster-performance-logs", "cluster-observability-policy"),
		},
		{
			rule: "flow logs go before what they are written by", of: rec.All("aws:ec2/flowLog:FlowLog"),
			after: named(t, rec, "cluster-flow-logs-policy", "LogGroup::cluster-flow-logs"),
		},
		{
			rule: "nodes have their role's permissions", of: nodes,
			after: named(t, rec, "cluster-nodes-AmazonEKSWorkerNodePolicy", "cluster-nodes-AmazonEC2ContainerRegistryPullOnly"),
		},
		{
			rule: "an identity is there before what uses it", of: named(t, rec, "web-association"),
			after: named(t, rec, "web-policy", "cluster-eks-pod-identity-agent"), not: nodes,
		},
	}
	for i, group := range nodes {
		others := slices.Concat(nodes[:i:i], nodes[i+1:])
		made = append(made, order{rule: "groups of nodes come up beside each other", of: []*record.Resource{group}, not: others})
	}
	for i, one := range late {
		others := slices.Concat(late[:i:i], late[i+1:])
		made = append(made, order{rule: "addons with pods come up beside each other", of: []*record.Resource{one}, not: others})
	}
	return made
}

func subnets(rec *record.Recording, part string) []*record.Resource {
	return slices.DeleteFunc(rec.All("aws:ec2/subnet:Subnet"), func(r *record.Resource) bool {
		return !strings.HasPrefix(r.Name, "cluster-"+part+"-")
	})
}

func TestEverythingIsMadeAndDestroyedInOrder(t *testing.T) {
	for tier, args := range tiers() {
		t.Run(tier, func(t *testing.T) {
			rec := used(t, args)
			for _, o := range orders(t, rec) {
				if len(o.of) == 0 && o.rule[:1] != "N" { // A private cluster has no NAT gateway.
					t.Errorf("%s: there is nothing that it is about", o.rule)
				}
				for _, r := range o.of {
					if missing := rec.Missing(r, o.after...); len(missing) > 0 {
						t.Errorf("%s: %s does not wait for %v", o.rule, r.Label(), missing)
					}
					if found := rec.Unwanted(r, o.not...); len(found) > 0 {
						t.Errorf("%s: %s waits for %v", o.rule, r.Label(), found)
					}
				}
			}
		})
	}
}

// Rule b: what has to be deleted by itself, so that what it made outside of the cluster goes with it, is never given up
// together with something else. (c is for whoever makes the rest; here it holds for all.)
func TestNothingIsGivenUpTogetherWithSomethingElse(t *testing.T) {
	for tier, args := range tiers() {
		for _, r := range used(t, args).Resources {
			if r.DeletedWith != "" {
				t.Errorf("%s: %s goes with %s", tier, r.Label(), r.DeletedWith)
			}
		}
	}
}

// Rule g: no peering holds the network.
func TestNothingHoldsTheNetworkFromOutside(t *testing.T) {
	for tier, args := range tiers() {
		for _, r := range used(t, args).Resources {
			if strings.Contains(string(r.Type), "eering") || strings.Contains(string(r.Type), "vpclattice") {
				t.Errorf("%s: there is %s", tier, r.Label())
			}
		}
	}
}

// Rule e: what is kept when an environment goes is what the tier says, and what is kept can be kept.
func TestWhatIsRetainedAndProtectedIsWhatTheTierSays(t *testing.T) {
	retained := []string{
		"aws:cloudwatch/logGroup:LogGroup::cluster-application-logs",
		"aws:cloudwatch/logGroup:LogGroup::cluster-dataplane-logs",
		"aws:cloudwatch/logGroup:LogGroup::cluster-flow-logs",
		"aws:cloudwatch/logGroup:LogGroup::cluster-host-logs",
		"aws:cloudwatch/logGroup:LogGroup::cluster-logs",
		"aws:cloudwatch/logGroup:LogGroup::cluster-performance-logs",
		"aws:ecr/repository:Repository::cluster-images-api",
		"aws:ecr/repository:Repository::cluster-images-web",
		"aws:kms/key:Key::cluster-key",
	}
	protected := slices.Concat([]string{"aws:ec2/vpc:Vpc::cluster-vpc", "aws:eks/cluster:Cluster::cluster-cluster"}, retained)
	slices.Sort(protected)
	for tier, args := range tiers() {
		rec := used(t, args)
		var kept, guarded []string
		for _, r := range rec.Resources {
			if r.RetainOnDelete != nil && *r.RetainOnDelete {
				kept = append(kept, r.Label())
			}
			if r.Protect != nil && *r.Protect {
				guarded = append(guarded, r.Label())
			}
		}
		slices.Sort(kept)
		slices.Sort(guarded)
		if tier == "prod" {
			expectEach(t, "retained in prod", kept, retained)
			expectEach(t, "protected in prod", guarded, protected)
		} else {
			expectEach(t, "retained in "+tier, kept, nil)
			expectEach(t, "protected in "+tier, guarded, nil)
		}
		for _, r := range rec.All("aws:ecr/repository:Repository") {
			expect(t, tier+": "+r.Name+" goes with its images", value(r, "forceDelete"), tier != "prod")
		}
		want := "Delete"
		if tier == "prod" {
			want = "Retain"
		}
		expect(t, tier+": volumes", value(one(t, rec, "cluster-storage-class"), "reclaimPolicy"), want)
		for _, r := range rec.All(addon) {
			expect(t, tier+": "+r.Name+" leaves something behind", value(r, "preserve"), false)
		}
	}
}
