package gcp_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/internal/offline/gcp"
	"plinth/internal/offline/simulation"
	"plinth/internal/offline/simulation/simulationtest"
)

type object = simulationtest.Object

const (
	serviceType    = "gcp:projects/service:Service"
	identityType   = "gcp:projects/serviceIdentity:ServiceIdentity"
	memberType     = "gcp:projects/iAMMember:IAMMember"
	networkType    = "gcp:compute/network:Network"
	subnetworkType = "gcp:compute/subnetwork:Subnetwork"
	routerType     = "gcp:compute/router:Router"
	natType        = "gcp:compute/routerNat:RouterNat"
	firewallType   = "gcp:compute/firewall:Firewall"
	addressType    = "gcp:compute/globalAddress:GlobalAddress"
	connectionType = "gcp:servicenetworking/connection:Connection"
	clusterType    = "gcp:container/cluster:Cluster"
	poolType       = "gcp:container/nodePool:NodePool"
	ringType       = "gcp:kms/keyRing:KeyRing"
	keyType        = "gcp:kms/cryptoKey:CryptoKey"
	keyMemberType  = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
	accountType    = "gcp:serviceaccount/account:Account"
	repositoryType = "gcp:artifactregistry/repository:Repository"
	logsType       = "gcp:logging/projectBucketConfig:ProjectBucketConfig"
	sinkType       = "gcp:logging/projectSink:ProjectSink"
	bucketType     = "gcp:storage/bucket:Bucket"

	bucketMemberType = "gcp:storage/bucketIAMMember:BucketIAMMember"

	databaseType = "gcp:sql/databaseInstance:DatabaseInstance"
	userType     = "gcp:sql/user:User"
	secretType   = "gcp:secretmanager/secret:Secret"
	versionType  = "gcp:secretmanager/secretVersion:SecretVersion"
)

// project is a small system: a network, a cluster with nodes, a key, a registry and logs.
type project struct {
	*simulationtest.Engine
	made map[string]*simulationtest.Resource
	// order is that of making.
	order []string
}

func (p *project) add(token, name string, inputs object) *simulationtest.Resource {
	resolved, _ := p.ids(inputs).(object)
	r := p.Must(token, name, resolved)
	p.made[name], p.order = r, append(p.order, name)
	return r
}

// ids puts the ids and outputs of a system into inputs: "@network" is the id of network, "@account.email" an output.
func (p *project) ids(v any) any {
	switch v := v.(type) {
	case string:
		name, ok := strings.CutPrefix(v, "@")
		if !ok {
			return v
		}
		name, output, given := strings.Cut(name, ".")
		if given {
			return p.made[name].Get(output)
		}
		return p.made[name].ID
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = p.ids(e)
		}
		return list
	case object:
		result := object{}
		for key, e := range v {
			result[key] = p.ids(e)
		}
		return result
	}
	return v
}

func open(t *testing.T, kubernetes simulation.Kubernetes) *project {
	t.Helper()
	return &project{
		simulationtest.Start(t, gcp.Cloud(kubernetes), t.TempDir(), object{
			"project": "shop-dev", "region": "europe-west4", "defaultLabels": `{"plinth-stack":"test"}`,
		}), map[string]*simulationtest.Resource{}, nil,
	}
}

// useKey is who may use a key.
func useKey(key, agent string) object {
	return object{"cryptoKeyId": key, "role": "roles/cloudkms.cryptoKeyEncrypterDecrypter", "member": agent}
}

func clusterInputs(change object) object {
	return simulationtest.With(object{
		"name": "main", "network": "@network", "subnetwork": "@subnetwork.selfLink", "deletionProtection": false,
		"removeDefaultNodePool": true, "initialNodeCount": 1, "minMasterVersion": "1.35",
		"ipAllocationPolicy":     object{"clusterSecondaryRangeName": "pods", "servicesSecondaryRangeName": "services"},
		"databaseEncryption":     object{"state": "ENCRYPTED", "keyName": "@key"},
		"workloadIdentityConfig": object{"workloadPool": "shop-dev.svc.id.goog"},
		"resourceLabels":         object{"plinth-stack": "test"},
	}, change)
}

func system(t *testing.T, kubernetes simulation.Kubernetes) *project {
	t.Helper()
	p := open(t, kubernetes)
	for _, api := range []string{
		"compute", "container", "iam", "cloudkms", "cloudresourcemanager", "artifactregistry", "logging", "servicenetworking",
		"sqladmin", "secretmanager", "storage",
	} {
		p.add(serviceType, api, object{"project": "shop-dev", "service": api + ".googleapis.com", "disableOnDestroy": false})
	}
	p.add(identityType, "agent", object{"project": "shop-dev", "service": "artifactregistry.googleapis.com"})
	p.add(networkType, "network", object{"name": "main", "autoCreateSubnetworks": false})
	p.add(subnetworkType, "subnetwork", object{
		"name": "nodes", "network": "@network", "ipCidrRange": "10.0.0.0/20", "secondaryIpRanges": []any{
			object{"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"},
			object{"rangeName": "services", "ipCidrRange": "10.8.0.0/20"},
		},
	})
	p.add(firewallType, "firewall", object{
		"network": "@network", "denies": []any{object{"protocol": "all"}}, "sourceRanges": []any{"0.0.0.0/0"},
	})
	p.add(routerType, "router", object{"name": "router", "network": "@network"})
	p.add(natType, "nat", object{
		"name": "nat", "router": "@router.name", "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
		"subnetworks": []any{object{"name": "@subnetwork.selfLink", "sourceIpRangesToNats": []any{"ALL_IP_RANGES"}}},
	})
	p.add(accountType, "account", object{"accountId": "shop-nodes"})
	p.add(memberType, "writes-logs", object{"project": "shop-dev", "role": "roles/logging.logWriter", "member": "@account.member"})
	p.add(ringType, "ring", object{"name": "ring", "location": "europe-west4"})
	p.add(keyType, "key", object{"name": "key", "keyRing": "@ring", "rotationPeriod": "7776000s"})
	number := strings.TrimPrefix(strings.Split(p.made["agent"].Get("email").(string), "@")[0], "service-")
	p.add(keyMemberType, "gke", useKey("@key", "serviceAccount:service-"+number+"@container-engine-robot.iam.gserviceaccount.com"))
	p.add(clusterType, "cluster", clusterInputs(nil))
	p.add(poolType, "pool", object{
		"cluster": "@cluster", "initialNodeCount": 1, "nodeConfig": object{"serviceAccount": "@account.email"},
		"autoscaling": object{"totalMinNodeCount": 1, "totalMaxNodeCount": 3},
	})
	p.add(memberType, "pod", object{
		"project": "shop-dev", "role": "roles/storage.objectViewer",
		"member": "principal://iam.googleapis.com/projects/" + number +
			"/locations/global/workloadIdentityPools/shop-dev.svc.id.goog/subject/ns/shop/sa/web",
	})
	p.add(repositoryType, "repository", object{"repositoryId": "shop", "format": "DOCKER"})
	p.add(logsType, "logs", object{"project": "shop-dev", "location": "europe-west4", "bucketId": "shop", "retentionDays": 30})
	p.add(sinkType, "sink", object{"destination": "logging.googleapis.com/projects/shop-dev/locations/europe-west4/buckets/shop"})
	return p
}

// destroy deletes in the reverse order, but for what is refused.
func (p *project) destroy() (refused map[string]error) {
	refused = map[string]error{}
	for _, name := range slices.Backward(p.order) {
		if err := p.Delete(p.made[name]); err != nil {
			refused[name] = err
		}
	}
	return refused
}

func TestASystemComesUpAndGoesDown(t *testing.T) {
	p := system(t, simulation.Kubernetes{})
	for _, r := range p.made {
		before := r.Inputs
		if p.Refresh(r) || !r.Inputs.DeepEquals(before) {
			t.Errorf("%s: got other inputs after a refresh: %v, want %v", r.URN, r.Inputs, before)
		}
	}
	for path, want := range map[[2]string]any{
		{"cluster", "selfLink"}:                        "https://container.googleapis.com/v1/projects/shop-dev/locations/europe-west4/clusters/main",
		{"cluster", "masterVersion"}:                   "1.35.1-gke.1000000",
		{"account", "member"}:                          "serviceAccount:shop-nodes@shop-dev.iam.gserviceaccount.com",
		{"key", `effectiveLabels["plinth-stack"]`}:     "test",
		{"subnetwork", "region"}:                       "europe-west4",
		{"repository", "name"}:                         "shop",
		{"repository", `effectiveLabels.plinth-stack`}: "test",
		{"network", "selfLink"}:                        "https://www.googleapis.com/compute/v1/projects/shop-dev/global/networks/main",
		{"logs", "name"}:                               "projects/shop-dev/locations/europe-west4/buckets/shop",
	} {
		if got := p.made[path[0]].Get(path[1]); got != want {
			t.Errorf("%s's %s: got %v, want %v", path[0], path[1], got, want)
		}
	}
	if refused := p.destroy(); len(refused) != 0 {
		t.Errorf("got refused %v, want nothing", refused)
	}
	if left := p.Left(); len(left) != 0 {
		t.Errorf("got %q in the project after all is deleted, want nothing", left)
	}
	// The APIs are on, and the key's name is taken.
	_, err := p.Create(ringType, "ring", object{"name": "ring", "location": "europe-west4"})
	simulationtest.Expect(t, err, "Error 409: KeyRing projects/shop-dev/locations/europe-west4/keyRings/ring already exists. (key rings cannot be deleted)")
}

func TestTheClusterHandsOutTheAPIServer(t *testing.T) {
	p := system(t, simulation.Kubernetes{Server: "https://127.0.0.1:6443", CA: "PEM", Token: "x"})
	c := p.made["cluster"]
	if c.Get("endpoint") != "127.0.0.1:6443" || c.Get("masterAuth.clusterCaCertificate") != "UEVN" {
		t.Errorf("got the endpoint %v and the certificate %v", c.Get("endpoint"), c.Get("masterAuth.clusterCaCertificate"))
	}
}

func TestWhatGoogleRefusesToMake(t *testing.T) {
	p := system(t, simulation.Kubernetes{})
	p.add(bucketType, "bucket", object{"name": "taken-bucket", "location": "EU", "publicAccessPrevention": "enforced"})
	if err := p.World.Plant(simulation.Entry{Type: "gcp:storage/bucketOfSomebodyElse:BucketOfSomebodyElse", ID: "their-bucket"}); err != nil {
		t.Fatal(err)
	}
	p.add(secretType, "secret", object{"secretId": "taken", "replication": object{"auto": object{}}})
	p.add(keyType, "bare", object{"name": "bare", "keyRing": "@ring"})
	tests := []struct {
		name, token string
		inputs      object
		want        string
	}{
		{"network in capitals", networkType, object{"name": "Main"}, "name: must match"},
		{"network name too long", networkType, object{"name": strings.Repeat("x", 64)}, "name: must be at most 63 characters long, got 64"},
		{"network taken", networkType, object{"name": "main"}, "Error 409: The resource 'projects/shop-dev/global/networks/main' already exists, alreadyExists"},
		{"subnetwork of nobody", subnetworkType, object{"network": "none", "ipCidrRange": "10.1.0.0/20"}, "Error 404: The resource 'none' was not found"},
		{"subnetwork overlapping another's pods", subnetworkType, object{"network": "@network.selfLink", "ipCidrRange": "10.4.0.0/20"}, "Invalid IPCidrRange: 10.4.0.0/20 conflicts with existing subnetwork"},
		{"subnetwork overlapping itself", subnetworkType, object{"network": "@network", "ipCidrRange": "10.1.0.0/20", "secondaryIpRanges": []any{object{"rangeName": "pods", "ipCidrRange": "10.1.8.0/21"}}}, "Invalid IPCidrRange: 10.1.0.0/20 conflicts"},
		{"subnetwork with host bits", subnetworkType, object{"network": "@network", "ipCidrRange": "10.1.0.1/20"}, "Invalid value for field 'resource.ipCidrRange': '10.1.0.1/20'"},
		{"firewall that says nothing", firewallType, object{"network": "@network"}, "exactly one of allowed and denied must be specified"},
		{"NAT without list", natType, object{"router": "router", "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS"}, "subnetworks are set if and only if"},
		{"NAT of nobody", natType, object{"router": "none", "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES"}, "The resource 'none' was not found: router"},
		{"account id too long", accountType, object{"accountId": strings.Repeat("x", 31)}, "accountId: must be at most 30 characters long, got 31"},
		{"account id too short", accountType, object{"accountId": "shop"}, "accountId: must be at least 6 characters long, got 4"},
		{"account taken", accountType, object{"accountId": "shop-nodes"}, "Error 409: Service account shop-nodes already exists within project"},
		{"member of nobody", memberType, object{"project": "shop-dev", "role": "roles/viewer", "member": "serviceAccount:none@shop-dev.iam.gserviceaccount.com"}, "Service account none@shop-dev.iam.gserviceaccount.com does not exist."},
		{"member without kind", memberType, object{"project": "shop-dev", "role": "roles/viewer", "member": "ops@example.com"}, "member: must match"},
		{"role that is none", memberType, object{"project": "shop-dev", "role": "viewer", "member": "group:ops@example.com"}, "role: must match"},
		{"agent of another project", memberType, object{"project": "shop-dev", "role": "roles/viewer", "member": "serviceAccount:service-1@compute-system.iam.gserviceaccount.com"}, "Service account service-1@compute-system.iam.gserviceaccount.com does not exist."},
		{"pods of a pool that is not there", memberType, object{"project": "shop-dev", "role": "roles/viewer", "member": "serviceAccount:other.svc.id.goog[shop/web]"}, "Identity Pool does not exist (other.svc.id.goog)"},
		{"ring taken", ringType, object{"name": "ring", "location": "europe-west4"}, "Error 409: KeyRing projects/shop-dev/locations/europe-west4/keyRings/ring already exists."},
		{"key of nobody", keyType, object{"name": "x", "keyRing": "none"}, "Error 404: KeyRing none not found."},
		{"key that turns too fast", keyType, object{"name": "x", "keyRing": "@ring", "rotationPeriod": "3600s"}, "rotationPeriod: must match"},
		{"cluster name too long", clusterType, clusterInputs(object{"name": strings.Repeat("x", 41)}), "name: must be at most 40 characters long, got 41"},
		{"cluster taken", clusterType, clusterInputs(nil), "Error 409: Already exists: projects/shop-dev/locations/europe-west4/clusters/main."},
		{"cluster without pods' range", clusterType, clusterInputs(object{"name": "other", "ipAllocationPolicy": object{"clusterSecondaryRangeName": "none"}}), "Pod secondary range \"none\" not found in subnet \"nodes\""},
		{"cluster that shares its Services' range", clusterType, clusterInputs(object{"name": "other"}), "Services secondary range \"services\" is in use by cluster \"main\""},
		{"cluster without nodes", clusterType, clusterInputs(object{"name": "other", "initialNodeCount": nil, "ipAllocationPolicy": nil}), "Cluster.initial_node_count must be greater than zero."},
		{"cluster with two dataplanes", clusterType, clusterInputs(object{"name": "other", "ipAllocationPolicy": nil, "networkPolicy": object{"enabled": true}, "datapathProvider": "ADVANCED_DATAPATH"}), "DatapathProvider=ADVANCED_DATAPATH is not allowed"},
		{"cluster that nobody reaches", clusterType, clusterInputs(object{"name": "other", "ipAllocationPolicy": nil, "privateClusterConfig": object{"enablePrivateEndpoint": true}}), "Cannot specify private_endpoint without master authorized networks."},
		{"cluster with a key that it may not use", clusterType, clusterInputs(object{"name": "other", "ipAllocationPolicy": nil, "databaseEncryption": object{"state": "ENCRYPTED", "keyName": "@bare"}}), "Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied"},
		{"cluster with another's pool", clusterType, clusterInputs(object{"name": "other", "ipAllocationPolicy": nil, "workloadIdentityConfig": object{"workloadPool": "x.svc.id.goog"}}), "the only supported identity namespace is the cluster's project's default \"shop-dev.svc.id.goog\""},
		{"pool of nobody", poolType, object{"cluster": "none"}, "Error 404: Not found: none."},
		{"pool with a key that it may not use", poolType, object{"cluster": "@cluster", "nodeConfig": object{"bootDiskKmsKey": "@key"}}, "@compute-system.iam.gserviceaccount.com"},
		{"pool with crossed bounds", poolType, object{"cluster": "@cluster", "autoscaling": object{"totalMinNodeCount": 4, "totalMaxNodeCount": 3}}, "Autoscaling totalMinNodeCount (4) must not be greater"},
		{"pool that acts as nobody", poolType, object{"cluster": "@cluster", "nodeConfig": object{"serviceAccount": "none@shop-dev.iam.gserviceaccount.com"}}, "Service account \"none@shop-dev.iam.gserviceaccount.com\" does not exist."},
		{"repository taken", repositoryType, object{"repositoryId": "shop", "format": "DOCKER"}, "Error 409: the repository already exists"},
		{"repository of odd format", repositoryType, object{"repositoryId": "x2", "format": "OCI"}, "format: must be one of APT"},
		{"sink to nobody", sinkType, object{"destination": "logging.googleapis.com/projects/p/locations/l/buckets/none"}, "Bucket projects/p/locations/l/buckets/none does not exist"},
		{"bucket of somebody else's", bucketType, object{"name": "their-bucket", "location": "EU"}, "Error 409: The requested bucket name is not available"},
		{"bucket with Google's name", bucketType, object{"name": "my-g00gle-bucket", "location": "EU"}, "Error 400: Invalid bucket name"},
		{"bucket that is an address", bucketType, object{"name": "192.0.2.1", "location": "EU"}, "Error 400: Invalid bucket name"},
		{"bucket whose key nobody lets it use", bucketType, object{"name": "encrypted", "location": "EU", "encryption": object{"defaultKmsKeyName": "@key"}}, "Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied"},
		{"bucket that regrets for a day", bucketType, object{"name": "regrets", "location": "EU", "softDeletePolicy": object{"retentionDurationSeconds": 86400}}, "must be 0 or between 7 and 90 days, got 86400 s"},
		{"bucket that prevents a little", bucketType, object{"name": "prevents", "location": "EU", "publicAccessPrevention": "some"}, "must be one of inherited, enforced"},
		{"lifecycle without a condition", bucketType, object{"name": "lives", "location": "EU", "lifecycleRules": []any{object{"action": object{"type": "Delete"}, "condition": object{}}}}, "at least one condition"},
		{"lifecycle that does nothing known", bucketType, object{"name": "lives", "location": "EU", "lifecycleRules": []any{object{"action": object{"type": "Burn"}, "condition": object{"age": 1}}}}, "must be one of Delete"},
		{"lifecycle of old uploads", bucketType, object{"name": "lives", "location": "EU", "lifecycleRules": []any{object{"action": object{"type": "AbortIncompleteMultipartUpload"}, "condition": object{"daysSinceNoncurrentTime": 1}}}}, "does not support the condition daysSinceNoncurrentTime"},
		{"everybody in a closed bucket", bucketMemberType, object{"bucket": "taken-bucket", "role": "roles/storage.objectViewer", "member": "allUsers"}, "public access prevention is enforced"},
		{"a condition beside ACLs", bucketMemberType, object{"bucket": "taken-bucket", "role": "roles/storage.objectViewer", "member": "user:eve@example.com", "condition": object{"title": "t", "expression": "true"}}, "only supported on buckets with uniform bucket-level access"},
		{"bucket taken", bucketType, object{"name": "taken-bucket", "location": "EU"}, "Error 409: Your previous request to create the named bucket succeeded"},
		{"database in a network of its own", databaseType, object{"databaseVersion": "POSTGRES_17", "settings": object{"ipConfiguration": object{"privateNetwork": "@network"}}}, "Please create Service Networking connection with service 'servicenetworking.googleapis.com' from consumer network 'projects/shop-dev/global/networks/main'"},
		{"user of nobody", userType, object{"instance": "none"}, "Error 404: The Cloud SQL instance does not exist."},
		{"secret taken", secretType, object{"secretId": "taken", "replication": object{"auto": object{}}}, "Error 409: Secret [projects/shop-dev/secrets/taken] already exists."},
		{"version of nobody", versionType, object{"secret": "none", "secretData": resource.MakeSecret(resource.NewStringProperty("x"))}, "Error 404: Secret [none] not found."},
		{"unknown input", networkType, object{"cidr": "10.0.0.0/16"}, "cidr: gcp:compute/network:Network has no property cidr"},
		{"unknown type", "gcp:pubsub/topic:Topic", object{}, "resource type gcp:pubsub/topic:Topic: the simulated cloud gcp does not know it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inputs, _ := p.ids(test.inputs).(object)
			_, err := p.Create(test.token, "it", inputs)
			simulationtest.Expect(t, err, test.want)
		})
	}
}

func TestAnAPIMustBeOn(t *testing.T) {
	p := open(t, simulation.Kubernetes{})
	_, err := p.Create(networkType, "n", object{})
	simulationtest.Expect(t, err, "Error 403: compute.googleapis.com has not been used in project shop-dev before or it is disabled.")
	p.add(serviceType, "compute", object{"service": "compute.googleapis.com"})
	network := p.add(networkType, "network", object{})
	simulationtest.Expect(t, p.Delete(network), "")
	simulationtest.Expect(t, p.Delete(p.made["compute"]), "")
	_, err = p.Create(networkType, "n", object{})
	simulationtest.Expect(t, err, "SERVICE_DISABLED")
}

func TestWhatGoogleRefusesToDelete(t *testing.T) {
	p := system(t, simulation.Kubernetes{})
	p.add(addressType, "range", object{"network": "@network", "purpose": "VPC_PEERING", "addressType": "INTERNAL", "prefixLength": 20})
	p.add(connectionType, "connection", object{
		"network": "@network", "service": "servicenetworking.googleapis.com", "reservedPeeringRanges": []any{"@range.name"},
	})
	p.add(databaseType, "primary", object{
		"name": "primary", "databaseVersion": "POSTGRES_17", "deletionProtection": false,
		"settings": object{"ipConfiguration": object{"privateNetwork": "@network.selfLink"}},
	})
	p.add(databaseType, "replica", object{"name": "replica", "databaseVersion": "POSTGRES_17", "masterInstanceName": "primary"})
	p.add(bucketType, "bucket", object{"name": "full-bucket", "location": "EU"})
	p.add(clusterType, "guarded", clusterInputs(object{"name": "guarded", "deletionProtection": nil, "ipAllocationPolicy": nil}))
	if err := p.World.Plant(simulation.Entry{Type: "gcp:storage/bucketObject:BucketObject", ID: "k", Inputs: object{"bucket": "full-bucket"}}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"network":    "Error 400: The network resource 'projects/shop-dev/global/networks/main' is already being used by",
		"subnetwork": "Error 400: The subnetwork resource 'projects/shop-dev/regions/europe-west4/subnetworks/nodes' is already being used by",
		"connection": "Failed to delete connection; Producer services (e.g. CloudSQL, Cloud Memstore, etc.) are still using this connection.",
		"primary":    "The instance primary has replicas: delete them first.",
		"replica":    "failed to delete instance because deletion_protection is set to true",
		"guarded":    "Cannot destroy cluster because deletion_protection is set to true. Set it to false to proceed with cluster deletion.",
		"bucket":     "Error trying to delete bucket full-bucket containing objects without `force_destroy` set to true",
	} {
		t.Run(name, func(t *testing.T) {
			simulationtest.Expect(t, p.Delete(p.made[name]), want)
			if p.Refresh(p.made[name]) {
				t.Error("what was refused to be deleted is gone")
			}
		})
	}
}

func TestAnAbandonedPeeringHoldsTheNetwork(t *testing.T) {
	p := open(t, simulation.Kubernetes{})
	for _, api := range []string{"compute", "servicenetworking"} {
		p.add(serviceType, api, object{"service": api + ".googleapis.com"})
	}
	p.add(networkType, "network", object{})
	p.add(connectionType, "connection", object{
		"network": "@network", "service": "servicenetworking.googleapis.com", "reservedPeeringRanges": []any{},
		"deletionPolicy": "ABANDON",
	})
	simulationtest.Expect(t, p.Delete(p.made["connection"]), "")
	simulationtest.Expect(t, p.Delete(p.made["network"]), "(used by Connection servicenetworking.googleapis.com, made by the program, which abandoned it)")
}

func TestANameOfCloudSQLIsTakenForAWeek(t *testing.T) {
	p := open(t, simulation.Kubernetes{})
	p.add(serviceType, "sqladmin", object{"service": "sqladmin.googleapis.com"})
	inputs := object{"name": "db", "databaseVersion": "POSTGRES_17", "deletionProtection": false}
	simulationtest.Expect(t, p.Delete(p.Must(databaseType, "db", inputs)), "")
	_, err := p.Create(databaseType, "db", inputs)
	simulationtest.Expect(t, err, "you can't reuse the name of the deleted instance until one week from the deletion date.")
}

func TestALogBucketIsTakenOver(t *testing.T) {
	p := open(t, simulation.Kubernetes{})
	p.add(serviceType, "logging", object{"service": "logging.googleapis.com"})
	inputs := object{"project": "shop-dev", "location": "global", "bucketId": "b"}
	p.Must(logsType, "a", inputs)
	again, err := p.Create(logsType, "b", inputs)
	simulationtest.Expect(t, err, "")
	simulationtest.Expect(t, p.Delete(again), "")
	_, err = p.Create(logsType, "c", inputs)
	simulationtest.Expect(t, err, "Error 400: Buckets must be in an ACTIVE state to be modified")
}

func TestASubnetworkGrowsOnly(t *testing.T) {
	p := system(t, simulation.Kubernetes{})
	inputs := func(primary string, ranges ...any) object {
		o, _ := p.ids(object{"name": "nodes", "network": "@network", "ipCidrRange": primary, "secondaryIpRanges": ranges}).(object)
		return o
	}
	pods := object{"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"}
	services := object{"rangeName": "services", "ipCidrRange": "10.8.0.0/20"}
	s := p.made["subnetwork"]
	simulationtest.Expect(t, p.Update(s, inputs("10.0.0.0/21", pods, services)), "The new range must contain the old one, 10.0.0.0/20.")
	simulationtest.Expect(t, p.Update(s, inputs("10.0.0.0/20", pods)), "The secondary range services is in use by cluster main")
	simulationtest.Expect(t, p.Update(s, inputs("10.0.0.0/16", pods, services)), "")
	diff, err := p.Diff(s, inputs("10.0.0.0/15", pods, services))
	if err != nil || len(diff.GetReplaces()) != 0 {
		t.Errorf("got the replacing properties %q and the error %v of a wider range, want none", diff.GetReplaces(), err)
	}
}

func TestALoadBalancerHoldsTheNetwork(t *testing.T) {
	api := simulationtest.StartCluster(t)
	p := system(t, api.Kubernetes)
	refused := p.destroy()
	simulationtest.Expect(t, refused["network"], "is already being used by 'projects/shop-dev/global/firewalls/k8s-fw-a0123456789abcdef0123', resourceInUseByAnotherResource")
	simulationtest.Expect(t, refused["network"], "made by Service shop/web of the deleted Cluster main")
	simulationtest.Expect(t, refused["subnetwork"], "NetworkEndpointGroup k8s2-a0123456789abcdef0123")
	if len(refused) != 2 {
		t.Errorf("got refused %v, want the network and the subnetwork", refused)
	}
	if left := strings.Join(p.Left(), "\n"); !strings.Contains(left, "gcp:compute/disk:Disk projects/shop-dev/zones/europe-west4/disks/pvc-1") {
		t.Errorf("got\n%s\nleft after the cluster, want the disk among it", left)
	}
	p = system(t, api.Kubernetes)
	api.Empty()
	if refused := p.destroy(); len(refused) != 0 {
		t.Errorf("got refused %v of an empty cluster, want nothing", refused)
	}
}

func TestFunctionsTellWhereTheProviderWorks(t *testing.T) {
	p := open(t, simulation.Kubernetes{})
	got, err := p.Invoke("gcp:logging/getProjectCmekSettings:getProjectCmekSettings", object{"project": "shop-dev"})
	if err != nil || !strings.HasSuffix(got["serviceAccountId"].StringValue(), "@gcp-sa-logging.iam.gserviceaccount.com") {
		t.Errorf("got %v and the error %v", got, err)
	}
}
