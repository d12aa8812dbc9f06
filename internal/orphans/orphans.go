// Package orphans finds what carries an environment's mark and is no part of it: what a destroy has left behind, what
// somebody made by hand, what a controller forgot. It looks in the cluster, at the labels of every kind of object and
// into the environment's namespaces (cluster.go), and in the cloud around it, through the cloud's own command line
// (aws.go, gcp.go). It says why a namespace does not go away (namespace.go), and deletes nothing.
package orphans

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// InCluster is where an [Orphan] is that is not in a cloud.
const InCluster = "cluster"

// Orphan is something that nobody looks after any more.
type Orphan struct {
	// Where it is: [InCluster], aws or gcp.
	Where string `json:"where"`
	// Kind is what it is: a kind of Kubernetes, or the cloud's own word.
	Kind string `json:"kind"`
	// Name identifies it: NAMESPACE/NAME in the cluster, the whole name in a cloud.
	Name string `json:"name"`
	// Why says by what it is known to be the environment's.
	Why string `json:"why"`
	// Bills says that it costs money, or holds what does.
	Bills bool `json:"bills"`
	// Held is what keeps it from going away; empty where nobody has tried to delete it.
	Held string `json:"held,omitempty"`
	// Next is what to do about it; empty where nothing better is known than to look at it.
	Next string `json:"next,omitempty"`

	// Leaving says that it is being deleted already, or goes away by itself.
	Leaving bool `json:"leaving,omitempty"`

	volume bool
}

// Volume says that it is one that a cloud made for a claim in the cluster.
func (o Orphan) Volume() bool { return o.volume }

// String names it for people.
func (o Orphan) String() string { return o.Kind + " " + o.Name }

// Resource is something in a cloud.
type Resource struct {
	// Kind is the cloud's own word for what it is.
	Kind string
	// ID is the name that the cloud itself tells it apart by: an ARN, or the full name of an asset.
	ID string
	// Name is what people know it by; may be empty.
	Name string
	// Tags are its tags or labels.
	Tags map[string]string
}

// Query says what to look for in a cloud.
type Query struct {
	// Environment is the name that everything of the environment starts with: PROJECT-STACK.
	Environment string
	// Stack is the value of the tag plinth-stack.
	Stack string
	// Clusters are the names of the environment's own clusters: what a cluster makes by itself carries its name, and no
	// tag of ours. None: it has none of its own.
	Clusters []string
	// Namespaces are those of the environment: volumes carry the name of theirs.
	Namespaces []string
}

// Cloud is one that can be asked what is in it.
type Cloud interface {
	// Name is aws or gcp.
	Name() string
	// Find returns what a query leads to, and perhaps more.
	Find(ctx context.Context, q Query) ([]Resource, error)
}

// The tags and labels that name the owner of a resource.
//
// Sources: environment/platform.go for the first; the others are set by the clouds' own controllers:
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/#resource-tags,
// https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/tagging.md,
// https://cloud.google.com/kubernetes-engine/docs/how-to/creating-managing-labels.
const (
	stackTag        = "plinth-stack"
	ownedTagPrefix  = "kubernetes.io/cluster/"
	balancerTag     = "elbv2.k8s.aws/cluster"
	claimNamespace  = "kubernetes.io/created-for/pvc/namespace"
	volumeTag       = "kubernetes.io/created-for/pv/name"
	serviceTag      = "kubernetes.io/service-name"
	balancerService = "service.k8s.aws/stack"
	groupTag        = "aws:autoscaling:groupName"
	nodesTag        = "eks:cluster-name"
	eksTag          = "aws:eks:cluster-name"
	clusterLabel    = "goog-k8s-cluster-name"
	nodeLabel       = "goog-gke-node"
)

// belongs says why a resource is the environment's; empty: it is not.
func (q Query) belongs(r Resource) string {
	if owner, ok := r.Tags[stackTag]; ok {
		if owner == q.Stack {
			return "tag " + stackTag + "=" + owner
		}
		return "" // It says whose it is.
	}
	for _, cluster := range q.Clusters {
		switch {
		case r.Tags[ownedTagPrefix+cluster] == "owned":
			return "tag " + ownedTagPrefix + cluster + "=owned"
		case r.Tags[balancerTag] == cluster:
			return "tag " + balancerTag + "=" + cluster
		case r.Tags[clusterLabel] == cluster:
			return "label " + clusterLabel + "=" + cluster
		}
	}
	if namespace := r.Tags[claimNamespace]; slices.Contains(q.Namespaces, namespace) {
		return "tag " + claimNamespace + "=" + namespace
	}
	if len(q.Clusters) > 0 && (r.Name == q.Environment || strings.HasPrefix(r.Name, q.Environment+"-")) {
		return "its name"
	}
	return ""
}

// Known is what has an owner.
type Known struct {
	// IDs are the identifiers of the cloud resources in the stack's state, as the state has them.
	IDs map[string]bool
	// Alive are the names that the clouds give to what a live object in the cluster has there; see [Cluster.Alive].
	Alive map[string]bool
	// Nodes says that the stack has a cluster of its own, whose machines come and go, with what the cloud adds to it.
	Nodes bool
}

// owns says whether a resource has an owner.
func (k Known) owns(r Resource) bool {
	for _, tag := range []string{groupTag, nodesTag, eksTag, nodeLabel} {
		if _, machine := r.Tags[tag]; machine && k.Nodes {
			return true
		}
	}
	for _, name := range []string{
		r.ID, r.Name, tail(r.ID), path(r.ID), r.Tags[volumeTag], r.Tags[serviceTag], r.Tags[balancerService],
	} {
		if name != "" && (k.IDs[name] || k.Alive[name]) {
			return true
		}
	}
	return false
}

// tail is the last part of an ARN or a path.
func tail(id string) string { return id[strings.LastIndexAny(id, ":/")+1:] }

// path is the part of an asset's name or a link that a state holds as the identifier.
func path(id string) string {
	if i := strings.Index(id, "projects/"); i >= 0 {
		return id[i:]
	}
	return ""
}

// InCloud asks a cloud, and leaves out what has an owner.
func InCloud(ctx context.Context, cloud Cloud, q Query, known Known) ([]Orphan, error) {
	resources, err := cloud.Find(ctx, q)
	if err != nil {
		return nil, err
	}
	var found []Orphan
	for _, r := range resources {
		why := q.belongs(r)
		if why == "" || known.owns(r) {
			continue
		}
		name := r.ID
		if r.Name != "" && !strings.Contains(name, r.Name) {
			name += " (" + r.Name + ")"
		}
		o := Orphan{Where: cloud.Name(), Kind: r.Kind, Name: name, Why: why, Bills: !free[bare(r.Kind)]}
		if service := cmp.Or(r.Tags[serviceTag], r.Tags[balancerService]); service != "" {
			o.Why += ", made for Service " + service + ", which is not there"
		}
		if volume := r.Tags[volumeTag]; volume != "" {
			o.Why, o.volume = o.Why+", made for volume "+volume+", which is not there", true
		}
		o.volume = o.volume || bare(r.Kind) == "disk" && r.Tags[clusterLabel] != ""
		found = append(found, o)
	}
	return sorted(found), nil
}

// free are the kinds of resource that cost nothing by being there, as [bare] writes them. Whatever is not in it counts
// as costing money.
//
// Sources: https://aws.amazon.com/vpc/pricing/, https://aws.amazon.com/iam/, https://aws.amazon.com/eks/pricing/,
// https://cloud.google.com/vpc/network-pricing.
var free = map[string]bool{
	"vpc": true, "subnet": true, "subnetwork": true, "network": true, "routetable": true, "route": true,
	"routetableassociation": true, "internetgateway": true, "egressonlyinternetgateway": true, "networkacl": true,
	"securitygroup": true, "securitygrouprule": true, "securitygroupingressrule": true, "securitygroupegressrule": true,
	"defaultsecuritygroup": true, "networkinterface": true, "launchtemplate": true, "flowlog": true, "vpcflowlog": true,
	"dhcpoptions": true, "role": true, "policy": true, "rolepolicy": true, "rolepolicyattachment": true,
	"openidconnectprovider": true, "oidcprovider": true, "instanceprofile": true,
	"accessentry": true, "accesspolicyassociation": true, "podidentityassociation": true, "addon": true,
	"serviceaccount": true, "iammember": true, "firewall": true, "healthcheck": true, "networkendpointgroup": true,
	"workloadidentitypool": true, "service": true, "api": true, "keyring": true, "dbsubnetgroup": true,
	"subnetgroup": true, "parametergroup": true, "subgrp": true, "pg": true,
}

// bare makes one word of a kind: ec2:route-table, aws:ec2/routeTable:RouteTable and compute.googleapis.com/RouteTable
// are the same.
func bare(kind string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(tail(kind)))
}

// sorted puts what costs money first.
func sorted(found []Orphan) []Orphan {
	slices.SortFunc(found, func(a, b Orphan) int {
		if a.Bills != b.Bills {
			if a.Bills {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return found
}

// Billing returns those that cost money.
func Billing(found []Orphan) []Orphan {
	return slices.DeleteFunc(slices.Clone(found), func(o Orphan) bool { return !o.Bills })
}
