package gcp

import (
	_ "embed"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"strings"

	"plinth/internal/offline/simulation"
)

// Version is that of the SDK which programs are built with.
const Version = "7.38.0"

//go:embed inputs.txt
var inputs string

// object is a set of properties.
type object = simulation.Object

// Cloud is the simulated Google Cloud. Its clusters hand out the given API server.
func Cloud(kubernetes simulation.Kubernetes) simulation.Cloud {
	types := map[string]simulation.Type{}
	for _, table := range []map[string]simulation.Type{
		projectTypes(), networkTypes(), clusterTypes(), keyTypes(), identityTypes(), registryTypes(), logTypes(),
		bucketTypes(), databaseTypes(), secretTypes(),
	} {
		maps.Copy(types, table)
	}
	return simulation.Cloud{
		Name: "gcp", Version: Version, Inputs: inputs, Types: types, Functions: functions(), Settings: settings,
		Labels: "defaultLabels", Kubernetes: kubernetes, Cluster: clusterType, Inhabitant: inhabitant,
	}
}

// settings are what templates may use: project, its number, and region, which is the location of what
// has none.
func settings(arguments object) (object, error) {
	project, _ := arguments["project"].(string)
	if project == "" {
		return nil, errors.New("project: required field is not set: set the gcp provider's project")
	}
	region, _ := arguments["region"].(string)
	return object{"project": project, "number": number(project), "region": region, "location": region}, nil
}

// number is a project's number: always the same for one name.
func number(project string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(project))
	const smallest, span = 100_000_000_000, 900_000_000_000 // Twelve digits.
	return fmt.Sprint(smallest + h.Sum64()%span)
}

// functions are the invokes.
func functions() map[string]simulation.Function {
	projectOf := func(s, arguments object) string {
		if p, ok := arguments["project"].(string); ok && p != "" {
			return p
		}
		return fmt.Sprint(s["project"])
	}
	return map[string]simulation.Function{
		"gcp:logging/getProjectCmekSettings:getProjectCmekSettings": func(s, arguments object) (object, error) {
			project := projectOf(s, arguments)
			name := "projects/" + project + "/cmekSettings"
			return object{
				"id": name, "name": name, "project": project, "kmsKeyVersionName": "",
				"serviceAccountId": "cmek-p" + number(project) + "@gcp-sa-logging.iam.gserviceaccount.com",
			}, nil
		},
		"gcp:storage/getProjectServiceAccount:getProjectServiceAccount": func(s, arguments object) (object, error) {
			project := projectOf(s, arguments)
			email := "service-" + number(project) + "@gs-project-accounts.iam.gserviceaccount.com"
			return object{
				"id": email, "project": project, "emailAddress": email, "member": "serviceAccount:" + email,
			}, nil
		},
		"gcp:organizations/getProject:getProject": func(s, arguments object) (object, error) {
			project, _ := arguments["projectId"].(string)
			if project == "" {
				project = fmt.Sprint(s["project"])
			}
			return object{"id": "projects/" + project, "projectId": project, "name": project, "number": number(project)}, nil
		},
		"gcp:organizations/getClientConfig:getClientConfig": func(s, _ object) (object, error) {
			return object{
				"id": "simulated", "project": s["project"], "region": s["region"], "zone": "", "accessToken": "simulated",
				"defaultLabels": object{},
			}, nil
		},
	}
}

// The types that others refer to.
const (
	apiType        = "gcp:serviceusage/api:API"
	poolType       = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool"
	networkType    = "gcp:compute/network:Network"
	subnetworkType = "gcp:compute/subnetwork:Subnetwork"
	routerType     = "gcp:compute/router:Router"
	firewallType   = "gcp:compute/firewall:Firewall"
	ruleType       = "gcp:compute/forwardingRule:ForwardingRule"
	addressType    = "gcp:compute/address:Address"
	endpointsType  = "gcp:compute/networkEndpointGroup:NetworkEndpointGroup"
	diskType       = "gcp:compute/disk:Disk"
	globalType     = "gcp:compute/globalAddress:GlobalAddress"
	connectionType = "gcp:servicenetworking/connection:Connection"
	clusterType    = "gcp:container/cluster:Cluster"
	keyRingType    = "gcp:kms/keyRing:KeyRing"
	keyType        = "gcp:kms/cryptoKey:CryptoKey"
	keyMemberType  = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
	accountType    = "gcp:serviceaccount/account:Account"
	repositoryType = "gcp:artifactregistry/repository:Repository"
	logBucketType  = "gcp:logging/projectBucketConfig:ProjectBucketConfig"
	bucketType     = "gcp:storage/bucket:Bucket"
	objectType     = "gcp:storage/bucketObject:BucketObject"
	databaseType   = "gcp:sql/databaseInstance:DatabaseInstance"
	secretType     = "gcp:secretmanager/secret:Secret"
)

// computeName is what names in Compute Engine look like: https://cloud.google.com/compute/docs/naming-resources.
const computeName = `[a-z]([-a-z0-9]*[a-z0-9])?`

// compute is what everything in Compute Engine has in common. scope is where it is: "global/networks", for instance.
func compute(scope string, t simulation.Type) simulation.Type {
	t.Auto, t.Name, t.ID = "name", "{name}", "projects/{project}/"+scope+"/{name}"
	t.Replace = append(t.Replace, "name", "project")
	t.Texts = append(t.Texts, simulation.Text{Path: "name", Min: 1, Max: 63, Pattern: computeName})
	outputs := object{
		"project": "{project}", "selfLink": "https://www.googleapis.com/compute/v1/{id}",
		"creationTimestamp": "{now}",
	}
	if strings.Contains(scope, "{region}") {
		outputs["region"] = "{region}"
		t.Replace = append(t.Replace, "region")
	}
	maps.Copy(outputs, t.Outputs)
	t.Outputs = outputs
	kind := strings.TrimSuffix(scope[strings.LastIndex(scope, "/")+1:], "s")
	t.Held = "Error 400: The " + kind + " resource '{id}' is already being used by '{user}', " +
		"resourceInUseByAnotherResource"
	t.Unique = append(t.Unique, simulation.Unique{
		By: []string{"name", "project", "region"}, Taken: "Error 409: The resource '{id}' already exists, alreadyExists",
	})
	t.Rules = append([]simulation.Rule{enabled("compute")}, t.Rules...)
	return t
}

// labelled are the properties that hold labels, where the provider's are added.
func labelled(t simulation.Type) simulation.Type {
	t.Tags, t.AllTags = "labels", []string{"effectiveLabels", "pulumiLabels"}
	// https://cloud.google.com/resource-manager/docs/labels-overview.
	t.Texts = append(t.Texts, simulation.Text{
		Path: "labels.*", Max: 63, Pattern: `[\p{Ll}\p{Lo}\p{N}_-]*`, Fault: "Error 400: Invalid value for field 'labels'",
	})
	return t
}

// to is a reference by id, or one of other properties.
func to(path, token, absent string, then simulation.Fate, properties ...string) simulation.Reference {
	return simulation.Reference{
		Path: path, To: []string{token}, By: append([]string{"id"}, properties...), Absent: absent, Then: then,
	}
}

func notFound(kind string) string {
	return "Error 404: The resource '{value}' was not found: " + kind + ", notFound"
}

func toNetwork(path string) simulation.Reference {
	return to(path, networkType, notFound("network"), simulation.Holds, "selfLink", "name")
}

func toSubnetwork(path string) simulation.Reference {
	return to(path, subnetworkType, notFound("subnetwork"), simulation.Holds, "selfLink", "name")
}

// toKey is a reference to a key. Whoever uses it keeps no key from being destroyed.
func toKey(path string) simulation.Reference {
	return to(path, keyType, "Error 400: Cloud KMS key {value} does not exist or is not enabled", simulation.Stays)
}

// enabled demands that an API is switched on.
func enabled(api string) simulation.Rule {
	return func(o *simulation.Operation) error {
		project := o.Text("project")
		if !o.Known(apiType, project+"/"+api+".googleapis.com") {
			return o.Refuse("Error 403: %s.googleapis.com has not been used in project %s before or it is disabled. Enable it "+
				"and retry., SERVICE_DISABLED", api, project)
		}
		return nil
	}
}
