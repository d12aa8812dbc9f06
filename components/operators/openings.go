package operators

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/workload"
)

// metadataServer hands out the node's own credentials on every cloud; no operator has any business there.
const metadataServer = "169.254.169.254/32"

// openings are the connections of an operator's namespace, for all of its pods: a chart names them, not we. Nobody can
// say where the API server is on a cluster of somebody else's, so what leads there is open by its ports, HTTPS and
// 6443; and its calls of webhooks come from wherever it is.
func openings(
	ctx *pulumi.Context, name string, id workload.ID, webhooks []int, edges []binding.Edge,
	opts ...pulumi.ResourceOption,
) ([]pulumi.Resource, error) {
	var made []pulumi.Resource
	add := func(suffix string, spec pulumi.Map) error {
		spec["podSelector"] = pulumi.Map{}
		policy, err := workload.Object(ctx, name+"-"+suffix, "networking.k8s.io/v1", "NetworkPolicy",
			id.Meta(suffix), pulumi.Map{"spec": spec}, opts...)
		made = append(made, policy)
		return err
	}
	err := add("api-server", pulumi.Map{
		"policyTypes": pulumi.ToStringArray([]string{"Egress"}),
		"egress": pulumi.Array{pulumi.Map{
			"to": pulumi.Array{
				pulumi.Map{"ipBlock": pulumi.Map{
					"cidr": pulumi.String("0.0.0.0/0"), "except": pulumi.ToStringArray([]string{metadataServer}),
				}},
				pulumi.Map{"ipBlock": pulumi.Map{"cidr": pulumi.String("::/0")}},
			},
			"ports": numbers([]int{443, 6443}),
		}},
	})
	if err == nil && len(webhooks) > 0 {
		err = add("webhook", pulumi.Map{
			"policyTypes": pulumi.ToStringArray([]string{"Ingress"}),
			"ingress":     pulumi.Array{pulumi.Map{"ports": numbers(webhooks)}},
		})
	}
	for i, edge := range edges {
		if err != nil {
			break
		}
		var ports []int
		for _, port := range edge.Ports {
			ports = append(ports, port.Number)
		}
		err = add(fmt.Sprintf("egress-%d", i), pulumi.Map{
			"policyTypes": pulumi.ToStringArray([]string{"Egress"}),
			"egress":      pulumi.Array{pulumi.Map{"to": pulumi.Array{peer(edge.To)}, "ports": numbers(ports)}},
		})
	}
	return made, err
}

func peer(p binding.Peer) pulumi.Map {
	if p.CIDR != "" {
		return pulumi.Map{"ipBlock": pulumi.Map{"cidr": pulumi.String(p.CIDR)}}
	}
	return pulumi.Map{"namespaceSelector": pulumi.Map{"matchLabels": pulumi.Map{
		// Set by the API server on every namespace, to its name.
		"kubernetes.io/metadata.name": pulumi.String(p.Namespace),
	}}}
}

func numbers(ports []int) pulumi.Array {
	list := pulumi.Array{}
	for _, port := range ports {
		list = append(list, pulumi.Map{"port": pulumi.Int(port), "protocol": pulumi.String("TCP")})
	}
	return list
}
