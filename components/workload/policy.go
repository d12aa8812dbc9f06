package workload

import (
	"fmt"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
)

// Edges opens what edges declare from the workload to its peers, and nothing else: since a namespace denies everything
// both ways, each edge becomes exactly the two rules it needs, one at each end. A peer outside of the cluster has no
// end here. The returned resources must be there before the workload's pods, and go after them.
//
// The policies' logical names start with name; opts go to each of them.
func Edges(
	ctx *pulumi.Context, name string, from ID, edges []binding.Edge, opts ...pulumi.ResourceOption,
) ([]pulumi.Resource, error) {
	var made []pulumi.Resource
	seen := map[string]bool{}
	for _, edge := range edges {
		key := edge.To.Name
		if edge.To.CIDR != "" {
			key = "cidr-" + hash(append([]string{fmt.Sprint(edge.To.CIDR, edge.Ports)}, edge.To.Except...)...)
		}
		if seen[key] {
			return nil, fmt.Errorf("network edges of %s: two edges lead to %s; give its ports in one", from.Name, key)
		}
		seen[key] = true
		egress, err := networkingv1.NewNetworkPolicy(ctx, name+"-to-"+key, &networkingv1.NetworkPolicyArgs{
			Metadata: from.Meta(Name(MaxLabel, from.Name, "to", key)),
			Spec: networkingv1.NetworkPolicySpecArgs{
				PodSelector: metav1.LabelSelectorArgs{MatchLabels: StringMap(from.Selector())},
				PolicyTypes: pulumi.StringArray{pulumi.String("Egress")},
				Egress: networkingv1.NetworkPolicyEgressRuleArray{networkingv1.NetworkPolicyEgressRuleArgs{
					To: networkingv1.NetworkPolicyPeerArray{peer(edge.To)}, Ports: policyPorts(edge.Ports),
				}},
			},
		}, opts...)
		if err != nil {
			return nil, fmt.Errorf("opening %s to %s: %w", from.Name, key, err)
		}
		made = append(made, egress)
		if edge.To.CIDR != "" {
			continue
		}
		ingress, err := networkingv1.NewNetworkPolicy(ctx, name+"-at-"+key, &networkingv1.NetworkPolicyArgs{
			Metadata: metav1.ObjectMetaArgs{
				Name:      pulumi.String(Name(MaxLabel, key, "from", from.Name)),
				Namespace: pulumi.String(edge.To.Namespace), Labels: StringMap(from.Labels()),
			},
			Spec: networkingv1.NetworkPolicySpecArgs{
				PodSelector: metav1.LabelSelectorArgs{MatchLabels: StringMap(edge.To.Selector)},
				PolicyTypes: pulumi.StringArray{pulumi.String("Ingress")},
				Ingress: networkingv1.NetworkPolicyIngressRuleArray{networkingv1.NetworkPolicyIngressRuleArgs{
					From: networkingv1.NetworkPolicyPeerArray{peer(from.Peer())}, Ports: policyPorts(edge.Ports),
				}},
			},
		}, opts...)
		if err != nil {
			return nil, fmt.Errorf("opening %s for %s: %w", key, from.Name, err)
		}
		made = append(made, ingress)
	}
	return made, nil
}

// Public opens a port of the workload to every client, in the cluster and outside of it.
// The policy's logical name starts with name; opts go to it.
func Public(
	ctx *pulumi.Context, name string, id ID, ports []binding.Port, opts ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	return open(ctx, name, "public", id, networkingv1.NetworkPolicyIngressRuleArgs{Ports: policyPorts(ports)}, opts...)
}

// Monitored opens ports of the workload to every pod of another namespace, one that gathers metrics.
// The policy's logical name starts with name; opts go to it.
func Monitored(
	ctx *pulumi.Context, name string, id ID, from string, ports []binding.Port, opts ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	return Watched(ctx, name, "monitored", id, from, ports, opts...)
}

// Watched is [Monitored] for whom a workload has several such: kind tells them apart, and ends their names.
func Watched(
	ctx *pulumi.Context, name, kind string, id ID, from string, ports []binding.Port, opts ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	return open(ctx, name, kind, id, networkingv1.NetworkPolicyIngressRuleArgs{
		Ports: policyPorts(ports),
		From: networkingv1.NetworkPolicyPeerArray{networkingv1.NetworkPolicyPeerArgs{
			NamespaceSelector: metav1.LabelSelectorArgs{
				MatchLabels: pulumi.StringMap{namespaceLabel: pulumi.String(from)},
			},
		}},
	}, opts...)
}

// Enter opens ports of a workload to those in front of the environment who pass requests on to it: pods of another
// namespace, all of them where a peer selects none, or addresses. from is whom the policy belongs to.
// The policy's logical name is name; opts go to it.
func Enter(
	ctx *pulumi.Context, name string, from ID, to binding.Peer, callers []binding.Peer, ports []binding.Port,
	opts ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	peers := networkingv1.NetworkPolicyPeerArray{}
	for _, caller := range callers {
		peers = append(peers, peer(caller))
	}
	if len(peers) == 0 {
		return nil, fmt.Errorf("opening %s for %s: nobody is named who may enter", to.Name, from.Name)
	}
	meta := from.Meta(Name(MaxLabel, to.Name, "from", from.Name))
	meta.Namespace = pulumi.String(to.Namespace)
	policy, err := networkingv1.NewNetworkPolicy(ctx, name, &networkingv1.NetworkPolicyArgs{
		Metadata: meta,
		Spec: networkingv1.NetworkPolicySpecArgs{
			PodSelector: metav1.LabelSelectorArgs{MatchLabels: StringMap(to.Selector)},
			PolicyTypes: pulumi.StringArray{pulumi.String("Ingress")},
			Ingress: networkingv1.NetworkPolicyIngressRuleArray{networkingv1.NetworkPolicyIngressRuleArgs{
				From: peers, Ports: policyPorts(ports),
			}},
		},
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("opening %s for %s: %w", to.Name, from.Name, err)
	}
	return policy, nil
}

func open(
	ctx *pulumi.Context, name, kind string, id ID, rule networkingv1.NetworkPolicyIngressRuleArgs,
	opts ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	policy, err := networkingv1.NewNetworkPolicy(ctx, name+"-"+kind, &networkingv1.NetworkPolicyArgs{
		Metadata: id.Meta(Name(MaxLabel, id.Name, kind)),
		Spec: networkingv1.NetworkPolicySpecArgs{
			PodSelector: metav1.LabelSelectorArgs{MatchLabels: StringMap(id.Selector())},
			PolicyTypes: pulumi.StringArray{pulumi.String("Ingress")},
			Ingress:     networkingv1.NetworkPolicyIngressRuleArray{rule},
		},
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("opening %s (%s): %w", id.Name, kind, err)
	}
	return policy, nil
}

// Peer is the workload as the other end of an edge.
func (id ID) Peer() binding.Peer {
	return binding.Peer{Name: id.Name, Namespace: id.Namespace, Selector: id.Selector()}
}

// Meta is the metadata of an object of the workload.
func (id ID) Meta(name string) metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{
		Name: pulumi.String(name), Namespace: pulumi.String(id.Namespace), Labels: StringMap(id.Labels()),
	}
}

// namespaceLabel is set by the API server on every namespace, to its name:
// https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name.
const namespaceLabel = "kubernetes.io/metadata.name"

func peer(p binding.Peer) networkingv1.NetworkPolicyPeerArgs {
	if p.CIDR != "" {
		block := networkingv1.IPBlockArgs{Cidr: pulumi.String(p.CIDR)}
		if len(p.Except) > 0 {
			block.Except = stringArray(p.Except)
		}
		return networkingv1.NetworkPolicyPeerArgs{IpBlock: block}
	}
	return networkingv1.NetworkPolicyPeerArgs{
		NamespaceSelector: metav1.LabelSelectorArgs{
			MatchLabels: pulumi.StringMap{namespaceLabel: pulumi.String(p.Namespace)},
		},
		PodSelector: metav1.LabelSelectorArgs{MatchLabels: StringMap(p.Selector)},
	}
}

func policyPorts(ports []binding.Port) networkingv1.NetworkPolicyPortArray {
	out := networkingv1.NetworkPolicyPortArray{}
	for _, p := range ports {
		out = append(out, networkingv1.NetworkPolicyPortArgs{
			Port: pulumi.Int(p.Number), Protocol: pulumi.String(protocol(p.Protocol)),
		})
	}
	return out
}
