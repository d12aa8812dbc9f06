package gcp

import (
	"slices"
	"strings"

	"plinth/internal/offline/simulation"
)

// clusterTypes are GKE clusters and their nodes. Names:
// https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters#Cluster.
func clusterTypes() map[string]simulation.Type {
	name := simulation.Text{Path: "name", Min: 1, Max: 40, Pattern: computeName}
	return map[string]simulation.Type{
		clusterType: {
			Replace: []string{
				"name", "project", "location", "network", "subnetwork", "description", "initialNodeCount", "nodeConfig",
				"ipAllocationPolicy", "networkingMode", "datapathProvider", "defaultMaxPodsPerNode", "enableAutopilot",
				"enableKubernetesAlpha", "enableTpu", "clusterIpv4Cidr", "confidentialNodes",
				"privateClusterConfig.enablePrivateNodes", "privateClusterConfig.masterIpv4CidrBlock",
				"privateClusterConfig.privateEndpointSubnetwork",
			},
			Auto: "name", Tags: "resourceLabels",
			Defaults: object{"deletionProtection": true},
			Texts: []simulation.Text{
				name,
				{Path: "releaseChannel.channel", Words: []string{"UNSPECIFIED", "RAPID", "REGULAR", "STABLE", "EXTENDED"}},
				{Path: "minMasterVersion", Pattern: `1\.[0-9]{2}(\..+)?|latest`},
				{Path: "datapathProvider", Words: []string{
					"LEGACY_DATAPATH", "ADVANCED_DATAPATH",
					"DATAPATH_PROVIDER_UNSPECIFIED",
				}},
				{Path: "networkingMode", Words: []string{"VPC_NATIVE", "ROUTES"}},
				{Path: "databaseEncryption.state", Words: []string{"ENCRYPTED", "DECRYPTED"}},
			},
			Unique: []simulation.Unique{{
				By: []string{"name", "location", "project"}, Taken: "Error 409: Already exists: {id}., alreadyExists",
			}},
			References: []simulation.Reference{
				toNetwork("network"), toSubnetwork("subnetwork"), toSubnetwork("privateClusterConfig.privateEndpointSubnetwork"),
				toKey("databaseEncryption.keyName"), toAccount("nodeConfig.serviceAccount"),
			},
			Ranges: []simulation.Range{
				{
					Path: "privateClusterConfig.masterIpv4CidrBlock", Shortest: 28, Longest: 28,
					Malformed: "Error 400: Invalid master_ipv4_cidr_block {value}: must be a /28., badRequest",
				},
				{
					Path: "masterAuthorizedNetworksConfig.cidrBlocks.*.cidrBlock", Longest: 32,
					Malformed: "Error 400: Invalid CIDR block {value} in master authorized networks., badRequest",
				},
			},
			Rules: []simulation.Rule{
				enabled("container"), enabled("compute"), located, initialNodes, oneDataplane, someoneReaches, secondaryRanges,
				lets("databaseEncryption.keyName", "container-engine-robot"), poolOfProject, version,
			},
			ID: "projects/{project}/locations/{location}/clusters/{name}", Name: "{name}",
			Outputs: object{
				"project": "{project}", "location": "{region}", "endpoint": "{kubernetes.host}",
				"masterAuth":       object{"clusterCaCertificate": "{kubernetes.ca}"},
				"selfLink":         "https://container.googleapis.com/v1/{id}",
				"labelFingerprint": "{hex:8}", "operation": "", "network": "default", "networkingMode": "VPC_NATIVE",
				"privateClusterConfig": object{
					"privateEndpoint": "{kubernetes.host}", "publicEndpoint": "{kubernetes.host}",
				},
				// The rule version says what it is.
				"masterVersion": "",
			},
			Fresh: []string{"masterVersion"},
			// The plugin says this, not the service.
			Guards: []simulation.Guard{{
				Path: "deletionProtection", Says: "Cannot destroy cluster because deletion_protection is set to true. Set it to " +
					"false to proceed with cluster deletion.",
			}},
		},
		"gcp:container/nodePool:NodePool": {
			Replace: []string{
				"name", "namePrefix", "cluster", "location", "project", "initialNodeCount", "maxPodsPerNode", "placementPolicy",
				"networkConfig.createPodRange", "networkConfig.podRange", "networkConfig.podIpv4CidrBlock",
				"nodeConfig.bootDiskKmsKey", "nodeConfig.confidentialNodes", "nodeConfig.ephemeralStorageLocalSsdConfig",
				"nodeConfig.localSsdCount", "nodeConfig.metadata", "nodeConfig.minCpuPlatform", "nodeConfig.oauthScopes",
				"nodeConfig.preemptible", "nodeConfig.serviceAccount", "nodeConfig.shieldedInstanceConfig", "nodeConfig.spot",
			},
			Auto: "name", Texts: []simulation.Text{name},
			Unique: []simulation.Unique{{
				By: []string{"name", "cluster"}, Taken: "Error 409: Already exists: {id}., alreadyExists",
			}},
			References: []simulation.Reference{
				to("cluster", clusterType, "Error 404: Not found: {value}., notFound", simulation.Falls, "name", "selfLink"),
				toAccount("nodeConfig.serviceAccount"), toKey("nodeConfig.bootDiskKmsKey"),
			},
			Rules: []simulation.Rule{
				enabled("container"), bounded, lets("nodeConfig.bootDiskKmsKey", "compute-system"), notNewer,
			},
			ID: "{cluster>id}/nodePools/{name}", Name: "{name}",
			Outputs: object{
				"project": "{project}", "location": "{cluster>location}", "version": "{cluster>masterVersion}",
				"operation": "",
			},
		},
	}
}

// toAccount is a reference to a service account by its address.
func toAccount(path string) simulation.Reference {
	r := to(path, accountType, "Error 400: Service account \"{value}\" does not exist., badRequest", simulation.Stays,
		"email")
	r.Provided = `default|[0-9]+-compute@developer\.gserviceaccount\.com`
	return r
}

// located demands a location.
func located(o *simulation.Operation) error {
	if o.Text("location") == "" {
		return o.Refuse("Cannot determine location: set in this resource, or set provider-level 'region' or 'zone'.")
	}
	for _, zone := range o.Texts("nodeLocations") {
		if !strings.HasPrefix(zone, o.Text("location")) {
			return o.Refuse("Error 400: Location \"%s\" is not in the region of the cluster, \"%s\"., badRequest", zone,
				o.Text("location"))
		}
	}
	return nil
}

// initialNodes demands a size of the first pool, even where it is removed at once.
func initialNodes(o *simulation.Operation) error {
	count, _ := o.Value("initialNodeCount").(float64)
	if count < 1 && o.Value("nodePools") == nil && o.Value("enableAutopilot") != true {
		return o.Refuse("Error 400: Cluster.initial_node_count must be greater than zero., badRequest")
	}
	return nil
}

// oneDataplane refuses Calico's policies beside Dataplane V2, which enforces them itself.
func oneDataplane(o *simulation.Operation) error {
	if o.Value("networkPolicy.enabled") == true && o.Text("datapathProvider") == "ADVANCED_DATAPATH" {
		return o.Refuse("Error 400: Enabling NetworkPolicy for clusters with DatapathProvider=ADVANCED_DATAPATH is not " +
			"allowed., badRequest")
	}
	return nil
}

// someoneReaches demands authorized networks where there is a private endpoint alone.
func someoneReaches(o *simulation.Operation) error {
	if o.Value("privateClusterConfig.enablePrivateEndpoint") == true && o.Value("masterAuthorizedNetworksConfig") == nil {
		return o.Refuse("Error 400: Cannot specify private_endpoint without master authorized networks., badRequest")
	}
	return nil
}

// secondaryRanges demands that the ranges which a cluster names are there, and that no other has its Services in it.
func secondaryRanges(o *simulation.Operation) error {
	subnetwork, ok := o.Find(subnetworkType, o.Text("subnetwork"), "id", "selfLink", "name")
	if !ok {
		return nil
	}
	for kind, key := range map[string]string{
		"Pod": "clusterSecondaryRangeName", "Services": "servicesSecondaryRangeName",
	} {
		name := o.Text("ipAllocationPolicy." + key)
		has := slices.ContainsFunc(subnetwork.List("secondaryIpRanges.*.rangeName"), func(v any) bool { return v == name })
		if name != "" && !has {
			return o.Refuse("Error 400: %s secondary range \"%s\" not found in subnet \"%s\"., badRequest", kind, name,
				subnetwork.Name)
		}
	}
	const services = "ipAllocationPolicy.servicesSecondaryRangeName"
	for _, other := range o.Others(clusterType) {
		if name := o.Text(services); name != "" && other.Text(services) == name &&
			other.Text("subnetwork") == o.Text("subnetwork") {
			return o.Refuse("Error 400: Services secondary range \"%s\" is in use by cluster \"%s\"., badRequest", name,
				other.Name)
		}
	}
	return nil
}

// lets demands that one of Google's services may use the key which a path names.
func lets(path, service string) simulation.Rule {
	return func(o *simulation.Operation) error {
		key := o.Text(path)
		if key == "" {
			return nil
		}
		agent := "serviceAccount:service-" + number(o.Text("project")) + "@" + service + ".iam.gserviceaccount.com"
		for _, m := range o.Others(keyMemberType) {
			if m.Text("cryptoKeyId") == key && m.Text("member") == agent {
				return nil
			}
		}
		return o.Refuse("Error 400: Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied on resource '%s' for %s, "+
			"badRequest", key, agent)
	}
}

// poolOfProject demands the project's own pool of identities, and remembers that there is one from now on.
func poolOfProject(o *simulation.Operation) error {
	pool := o.Text("workloadIdentityConfig.workloadPool")
	if pool == "" {
		return nil
	}
	if want := o.Text("project") + ".svc.id.goog"; pool != want {
		return o.Refuse("Error 400: Currently, the only supported identity namespace is the cluster's project's default "+
			"\"%s\"., badRequest", want)
	}
	o.Put(simulation.Entry{Type: poolType, ID: pool, Name: pool, Left: "the project has it from its first cluster on"})
	return nil
}

// version is what the control plane runs: what is asked for, and one minor version further at a time.
func version(o *simulation.Operation) error {
	wanted := o.Text("minMasterVersion")
	if wanted == "" || wanted == "latest" {
		wanted = "1.35"
	}
	if strings.Count(wanted, ".") == 1 {
		wanted += ".1-gke.1000000"
	}
	if o.Old != nil {
		before := o.Old.Text("masterVersion")
		switch step := simulation.Minor(wanted) - simulation.Minor(before); {
		case step < 0 || step == 0: // It is a minimum.
			wanted = before
		case step > 1:
			return o.Refuse(
				"Error 400: Master cannot be upgraded to \"%s\": cannot upgrade the master more than a minor version "+
					"at a time., badRequest", wanted)
		}
	}
	o.Entry.Outputs["masterVersion"] = wanted
	return nil
}

// notNewer refuses nodes that are newer than the control plane.
func notNewer(o *simulation.Operation) error {
	cluster, _ := o.Find(clusterType, o.Text("cluster"), "id", "name", "selfLink")
	if version := o.Text("version"); simulation.Minor(version) > simulation.Minor(cluster.Text("masterVersion")) {
		return o.Refuse("Error 400: Node version \"%s\" must not be greater than master version \"%s\"., badRequest", version,
			cluster.Text("masterVersion"))
	}
	return nil
}

// bounded refuses a pool whose bounds are no bounds.
func bounded(o *simulation.Operation) error {
	for _, keys := range [][2]string{{"totalMinNodeCount", "totalMaxNodeCount"}, {"minNodeCount", "maxNodeCount"}} {
		least, _ := o.Value("autoscaling." + keys[0]).(float64)
		most, given := o.Value("autoscaling." + keys[1]).(float64)
		if given && least > most {
			return o.Refuse("Error 400: Autoscaling %s (%v) must not be greater than %s (%v)., badRequest", keys[0], least,
				keys[1], most)
		}
	}
	return nil
}
