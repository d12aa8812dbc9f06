package gcp

import (
	"fmt"
	"strings"

	"plinth/internal/offline/simulation"
)

// networkTypes are the VPC and its parts: https://cloud.google.com/compute/docs/reference/rest/v1/networks.
func networkTypes() map[string]simulation.Type {
	ranges := []string{"ipCidrRange", "secondaryIpRanges.*.ipCidrRange"}
	// https://cloud.google.com/vpc/docs/subnets#valid-ranges.
	valid := func(path string) simulation.Range {
		return simulation.Range{
			Path: path, Shortest: 4, Longest: 29, Among: ranges, Same: "__network",
			Malformed: "Error 400: Invalid value for field 'resource.ipCidrRange': '{value}'. Must be a CIDR range., invalid",
			Overlapping: "Error 400: Invalid IPCidrRange: {value} conflicts with existing subnetwork in the network., " +
				"badRequest",
		}
	}
	return map[string]simulation.Type{
		networkType: compute("global/networks", simulation.Type{
			Replace:  []string{"autoCreateSubnetworks", "description", "internalIpv6Range"},
			Defaults: object{"autoCreateSubnetworks": true, "deleteDefaultRoutesOnCreate": false},
			Texts:    []simulation.Text{{Path: "routingMode", Words: []string{"REGIONAL", "GLOBAL"}}},
			Outputs:  object{"numericId": "{digits:18}", "routingMode": "REGIONAL"},
		}),
		subnetworkType: compute("regions/{region}/subnetworks", simulation.Type{
			Replace:    []string{"network", "description", "purpose"},
			References: []simulation.Reference{toNetwork("network")},
			Texts:      []simulation.Text{{Path: "secondaryIpRanges.*.rangeName", Min: 1, Max: 63, Pattern: computeName}},
			Ranges:     []simulation.Range{valid(ranges[0]), valid(ranges[1])},
			Rules:      []simulation.Rule{regional, noShrinking, usedRangesStay},
			Outputs: object{
				"__network": "{network>id}", "gatewayAddress": "{ipCidrRange}", "fingerprint": "{hex:12}",
				"privateIpGoogleAccess": false, "stackType": "IPV4_ONLY", "purpose": "PRIVATE",
			},
		}),
		routerType: compute("regions/{region}/routers", simulation.Type{
			Replace: []string{"network"}, References: []simulation.Reference{toNetwork("network")},
			Rules: []simulation.Rule{regional},
		}),
		"gcp:compute/routerNat:RouterNat": {
			Replace: []string{"name", "project", "region", "router", "type"}, Auto: "name",
			Texts: []simulation.Text{
				{Path: "name", Min: 1, Max: 63, Pattern: computeName},
				{Path: "natIpAllocateOption", Words: []string{"AUTO_ONLY", "MANUAL_ONLY"}},
				{
					Path:  "sourceSubnetworkIpRangesToNat",
					Words: []string{"ALL_SUBNETWORKS_ALL_IP_RANGES", "ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES", "LIST_OF_SUBNETWORKS"},
				},
			},
			Unique: []simulation.Unique{{
				By: []string{"name", "router", "region"}, Taken: "Error 400: NAT {value} already exists in the router, invalid",
			}},
			References: []simulation.Reference{
				// A NAT is part of its router, and goes with it.
				to("router", routerType, notFound("router"), simulation.Falls, "selfLink", "name"),
				toSubnetwork("subnetworks.*.name"),
				to("natIps", addressType, notFound("address"), simulation.Holds, "selfLink", "name"),
			},
			Rules: []simulation.Rule{enabled("compute"), listed},
			ID:    "{project}/{region}/{router}/{name}", Name: "{name}",
			Outputs: object{"project": "{project}", "region": "{region}"},
		},
		firewallType: compute("global/firewalls", simulation.Type{
			Replace: []string{"network", "direction", "description"}, References: []simulation.Reference{toNetwork("network")},
			Texts: []simulation.Text{
				{Path: "direction", Words: []string{"INGRESS", "EGRESS"}},
				{Path: "priority", Pattern: `[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]`},
				{Path: "sourceRanges", Pattern: `[0-9a-fA-F.:]+(/[0-9]+)?`},
				{
					Path:    "destinationRanges",
					Pattern: `[0-9a-fA-F.:]+(/[0-9]+)?`,
				},
			},
			Defaults: object{"priority": float64(1000)}, Outputs: object{"direction": "INGRESS"},
			Rules: []simulation.Rule{allowsOrDenies},
		}),
		addressType: labelled(compute("regions/{region}/addresses", simulation.Type{
			Replace: []string{
				"address", "addressType", "ipVersion", "network", "networkTier", "prefixLength", "purpose", "subnetwork",
				"description",
			},
			Defaults:   object{"addressType": "EXTERNAL"},
			References: []simulation.Reference{toNetwork("network"), toSubnetwork("subnetwork")},
			Rules:      []simulation.Rule{regional, internal}, Outputs: object{"address": "198.51.100.{digits:2}"},
		})),
		globalType: labelled(compute("global/addresses", simulation.Type{
			Replace: []string{
				"address", "addressType", "ipVersion", "network", "prefixLength", "purpose", "description",
			},
			Defaults: object{"addressType": "EXTERNAL"}, References: []simulation.Reference{toNetwork("network")},
			Outputs: object{"address": "198.51.100.{digits:2}"},
		})),
		// https://cloud.google.com/vpc/docs/configure-private-services-access#remove-connection.
		connectionType: {
			Replace: []string{"network", "service"}, Abandons: "ABANDON",
			References: []simulation.Reference{
				toNetwork("network"), to("reservedPeeringRanges", globalType, "Error 400: Invalid allocated range name {value}, "+
					"badRequest", simulation.Stays, "name"),
			},
			Unique: []simulation.Unique{{
				By: []string{"__network", "service"},
				Taken: "Error 400: Cannot modify allocated ranges in CreateConnection. Please " +
					"use UpdateConnection.",
			}},
			Rules: []simulation.Rule{enabled("servicenetworking")},
			ID:    "{network}:{service}", Name: "{service}",
			Outputs: object{"peering": "servicenetworking-googleapis-com", "__network": "{network>id}"},
			Held: "Error 400: Unable to remove Service Networking Connection, err: Error code 9, message: Failed to delete " +
				"connection; Producer services (e.g. CloudSQL, Cloud Memstore, etc.) are still using this connection.",
		},
		// Besides those that clusters make: what leads an address to a service of somebody else's.
		// https://cloud.google.com/vpc/docs/configure-private-service-connect-services#create-endpoint.
		ruleType: labelled(compute("regions/{region}/forwardingRules", simulation.Type{
			Replace: []string{
				"ipAddress", "ipProtocol", "loadBalancingScheme", "network", "subnetwork", "target", "description",
			},
			References: []simulation.Reference{
				toNetwork("network"), toSubnetwork("subnetwork"),
				to("ipAddress", addressType, notFound("address"), simulation.Holds, "selfLink", "address"),
				to("target", databaseType, "Error 400: Invalid value for field 'resource.target': '{value}'. The URL is malformed "+
					"or there is no such service attachment., invalid", simulation.Stays, "pscServiceAttachmentLink"),
			},
			Rules:   []simulation.Rule{regional, published},
			Outputs: object{"pscConnectionId": "{digits:17}", "pscConnectionStatus": "ACCEPTED"},
		})),
		endpointsType: {Foreign: true, Name: "{name}", References: []simulation.Reference{
			toNetwork("network"),
			toSubnetwork("subnetwork"),
		}},
		diskType: {Foreign: true, Name: "{name}"},
	}
}

// regional demands a region of the program's or of the provider's.
func regional(o *simulation.Operation) error {
	if o.Text("region") == "" {
		return o.Refuse("Cannot determine region: set in this resource, or set provider-level 'region' or 'zone'.")
	}
	return nil
}

// internal demands a subnetwork for an address in a network, and refuses one for others.
func internal(o *simulation.Operation) error {
	if inside := o.Text("addressType") == "INTERNAL"; inside != (o.Text("subnetwork") != "") {
		return o.Refuse("Error 400: Invalid value for field 'resource.subnetwork': an address has a subnetwork if and only " +
			"if it is INTERNAL., invalid")
	}
	return nil
}

// published demands an address, and no load balancing, of what leads to a service of somebody else's; a service that
// offers nothing by Private Service Connect cannot be led to.
func published(o *simulation.Operation) error {
	switch {
	case o.Text("target") == "":
		return o.Refuse("Error 400: Invalid value for field 'resource.target': ''. The service attachment is missing., " +
			"invalid")
	case o.Text("ipAddress") == "":
		return o.Refuse("Error 400: Invalid value for field 'resource.IPAddress': ''. An endpoint needs an address., invalid")
	case o.Value("loadBalancingScheme") != "":
		return o.Refuse("Error 400: Invalid value for field 'resource.loadBalancingScheme': '%s'. It must be empty for a "+
			"Private Service Connect endpoint., invalid", o.Text("loadBalancingScheme"))
	}
	return nil
}

// listed demands subnetworks where they are to be listed, and none where not.
func listed(o *simulation.Operation) error {
	list := o.Text("sourceSubnetworkIpRangesToNat") == "LIST_OF_SUBNETWORKS"
	if some := len(o.Texts("subnetworks.*.name")) > 0; list != some {
		return o.Refuse(
			"Error 400: Invalid value for field 'resource.nats[0].subnetworks': subnetworks are set if and only if " +
				"sourceSubnetworkIpRangesToNat is LIST_OF_SUBNETWORKS, invalid")
	}
	return nil
}

// allowsOrDenies demands one of both.
func allowsOrDenies(o *simulation.Operation) error {
	allows, denies := o.Value("allows") != nil, o.Value("denies") != nil
	if allows == denies {
		return o.Refuse(
			"Error 400: Invalid value for field 'resource': exactly one of allowed and denied must be specified, " +
				"invalid")
	}
	return nil
}

// noShrinking refuses a primary range that lacks addresses of the old one:
// https://cloud.google.com/vpc/docs/create-modify-vpc-networks#expand-subnet.
func noShrinking(o *simulation.Operation) error {
	if o.Old == nil || o.Old.Text("ipCidrRange") == o.Text("ipCidrRange") {
		return nil
	}
	if !simulation.Contains(o.Text("ipCidrRange"), o.Old.Text("ipCidrRange")) {
		return o.Refuse(
			"Error 400: Invalid value for field 'ipCidrRange': '%s'. The new range must contain the old one, %s., "+
				"invalid", o.Text("ipCidrRange"), o.Old.Text("ipCidrRange"))
	}
	return nil
}

// usedRangesStay refuses to take away a secondary range that a cluster uses.
func usedRangesStay(o *simulation.Operation) error {
	for _, cluster := range o.Others(clusterType) {
		if in := cluster.Text("subnetwork"); in != o.Entry.ID && in != o.Text("selfLink") && in != o.Entry.Name {
			continue
		}
		for _, key := range []string{"clusterSecondaryRangeName", "servicesSecondaryRangeName"} {
			name := cluster.Text("ipAllocationPolicy." + key)
			if name != "" &&
				!strings.Contains(" "+strings.Join(o.Texts("secondaryIpRanges.*.rangeName"), " ")+" ", " "+name+" ") {
				return o.Refuse("Error 400: The secondary range %s is in use by cluster %s, resourceInUseByAnotherResource", name,
					cluster.Name)
			}
		}
	}
	return nil
}

// inhabitant is what a Service, an Ingress, a Gateway or a volume in a cluster has made: a forwarding rule, a rule of
// the firewall that holds the network, and endpoint groups that hold the subnetwork; or a disk.
// https://cloud.google.com/kubernetes-engine/docs/concepts/service-load-balancer.
func inhabitant(_ *simulation.Operation, cluster simulation.Entry, i simulation.Inhabitant) []simulation.Entry {
	project, location := cluster.Text("project"), cluster.Text("location")
	labels := map[string]string{"goog-k8s-cluster-name": cluster.Name, "goog-k8s-cluster-location": location}
	entry := func(token, scope, name string, properties object) simulation.Entry {
		properties["name"] = name
		return simulation.Entry{
			Type: token, ID: fmt.Sprintf("projects/%s/%s/%s", project, scope, name), Name: name, Tags: labels,
			Inputs: properties,
		}
	}
	if i.Kind == "PersistentVolume" {
		zone := location
		if zones := cluster.List("nodeLocations"); len(zones) > 0 {
			zone = fmt.Sprint(zones[0])
		}
		return []simulation.Entry{entry(diskType, "zones/"+zone+"/disks", i.Name, object{"claim": i.Claim})}
	}
	name := "a" + strings.ReplaceAll(i.UID, "-", "")
	return []simulation.Entry{
		entry(ruleType, "regions/"+location+"/forwardingRules", name, object{"ipAddress": i.Address}),
		entry(firewallType, "global/firewalls", "k8s-fw-"+name, object{"network": cluster.Text("network")}),
		entry(endpointsType, "regions/"+location+"/networkEndpointGroups", "k8s2-"+name, object{
			"network": cluster.Text("network"), "subnetwork": cluster.Text("subnetwork"),
		}),
	}
}
