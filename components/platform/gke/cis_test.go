package gke_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/app"
	"plinth/components/platform"
	"plinth/components/workload"
	"plinth/internal/record"
)

// recommendation is one of the CIS Google Kubernetes Engine Benchmark 1.9.0 that this platform answers.
type recommendation struct {
	id, text string
	// but are the tiers that need not meet it.
	but []string
	// broken says where a recording does not meet it.
	broken func(rec *record.Recording) []string
}

// every applies want to all resources of the types; there must be one at least.
func every(want map[string]string, types ...string) func(*record.Recording) []string {
	return func(rec *record.Recording) []string {
		var broken []string
		found := all(rec, types...)
		if len(found) == 0 {
			broken = append(broken, fmt.Sprintf("there is no %s", strings.Join(types, ", ")))
		}
		for _, r := range found {
			broken = append(broken, has(r, want)...)
		}
		return broken
	}
}

// set are properties of the cluster, nodes those of its nodes, the pool among them that it comes with.
func set(want map[string]string) func(*record.Recording) []string { return every(want, clusterType) }

func nodes(want map[string]string) func(*record.Recording) []string {
	return func(rec *record.Recording) []string {
		inside := map[string]string{}
		for path, value := range want {
			inside["nodeConfig."+path] = value
		}
		return every(inside, clusterType, poolType)(rec)
	}
}

// both joins checks.
func both(checks ...func(*record.Recording) []string) func(*record.Recording) []string {
	return func(rec *record.Recording) []string {
		var broken []string
		for _, check := range checks {
			broken = append(broken, check(rec)...)
		}
		return broken
	}
}

// recommendations are those that hold for an environment of that name.
func recommendations(environment string) []recommendation {
	key := strconv.Quote("cryptokey/" + environment)
	account := environment + "-nodes@" + project + ".iam.gserviceaccount.com"
	return []recommendation{
		{id: "4.2.1", text: "pods meet the Pod Security Standard restricted", broken: podSecurity},
		{id: "4.3.1", text: "what forwards packets enforces network policies", broken: set(map[string]string{
			"datapathProvider": `"ADVANCED_DATAPATH"`, "networkPolicy.enabled": "false",
			"addonsConfig.networkPolicyConfig.disabled": "true",
		})},
		{id: "4.3.2", text: "namespaces deny by default", broken: every(map[string]string{
			"spec.podSelector": "{}", "spec.policyTypes": `["Ingress","Egress"]`, "spec.ingress": "", "spec.egress": "",
		}, "kubernetes:networking.k8s.io/v1:NetworkPolicy")},
		{id: "4.5.1", text: "images are checked against a policy", broken: set(binaryAuthorization())},
		{id: "4.6.2", text: "pods have the runtime's seccomp profile", broken: every(map[string]string{
			"spec.template.spec.securityContext.seccompProfile.type": `"RuntimeDefault"`,
		}, "kubernetes:apps/v1:Deployment")},
		{id: "5.1.1", text: "images are scanned", but: []string{"private"}, broken: scanned},
		{id: "5.1.3", text: "nodes may pull images and nothing else", but: []string{"private"}, broken: pulled(account)},
		{id: "5.1.4", text: "only trusted images run", broken: set(binaryAuthorization())},
		{id: "5.2.1", text: "nodes have an account of their own with one role", broken: nodeRights(account)},
		{id: "5.2.2", text: "workloads have identities", broken: set(map[string]string{
			"workloadIdentityConfig.workloadPool": `"` + project + `.svc.id.goog"`,
		})},
		{id: "5.3.1", text: "Secrets are encrypted with the environment's key", but: []string{"dev"}, broken: both(
			set(map[string]string{
				"databaseEncryption.state": `"ENCRYPTED"`, "databaseEncryption.keyName": key,
			}),
			every(map[string]string{"rotationPeriod": `"7776000s"`}, "gcp:kms/cryptoKey:CryptoKey"),
			usesKey("container-engine-robot", key),
		)},
		{id: "5.4.1", text: "pods do not see their node's metadata", broken: nodes(map[string]string{
			"workloadMetadataConfig.mode": `"GKE_METADATA"`, `metadata["disable-legacy-endpoints"]`: `"true"`,
		})},
		{id: "5.5.1", text: "nodes run Container-Optimized OS", broken: nodes(map[string]string{
			"imageType": `"COS_CONTAINERD"`,
		})},
		{id: "5.5.2", text: "nodes are repaired", broken: every(map[string]string{"management.autoRepair": "true"}, poolType)},
		{id: "5.5.3", text: "nodes are upgraded", broken: every(map[string]string{"management.autoUpgrade": "true"}, poolType)},
		{id: "5.5.4", text: "versions come from a release channel", broken: channel},
		{id: "5.5.5", text: "nodes are shielded", broken: set(map[string]string{"enableShieldedNodes": "true"})},
		{id: "5.5.6", text: "integrity is monitored", broken: nodes(map[string]string{
			"shieldedInstanceConfig.enableIntegrityMonitoring": "true",
		})},
		{id: "5.5.7", text: "nodes boot securely", broken: nodes(map[string]string{
			"shieldedInstanceConfig.enableSecureBoot": "true",
		})},
		{id: "5.6.1", text: "connections are recorded, those inside of a node too", but: []string{"private"}, broken: both(
			set(map[string]string{"enableIntranodeVisibility": "true"}),
			every(map[string]string{
				"logConfig.flowSampling": "0.5", "logConfig.metadata": `"INCLUDE_ALL_METADATA"`,
			}, "gcp:compute/subnetwork:Subnetwork"),
		)},
		{id: "5.6.2", text: "pods have addresses of the VPC", broken: both(
			set(map[string]string{
				"networkingMode": `"VPC_NATIVE"`, "ipAllocationPolicy.clusterSecondaryRangeName": `"pods"`,
				"ipAllocationPolicy.servicesSecondaryRangeName": `"services"`,
			}),
			every(map[string]string{
				"secondaryIpRanges[0].rangeName": `"pods"`, "secondaryIpRanges[1].rangeName": `"services"`,
			}, "gcp:compute/subnetwork:Subnetwork"),
		)},
		{id: "5.6.3", text: "only networks that are named reach the API server", broken: authorized},
		{id: "5.6.4", text: "the API server has no public address", but: []string{"dev", "staging"}, broken: set(
			map[string]string{"privateClusterConfig.enablePrivateEndpoint": "true"})},
		{id: "5.6.5", text: "nodes have no public addresses", broken: both(
			set(map[string]string{"privateClusterConfig.enablePrivateNodes": "true"}),
			every(map[string]string{"privateIpGoogleAccess": "true"}, "gcp:compute/subnetwork:Subnetwork"),
		)},
		{id: "5.6.6", text: "the firewall lets nothing in from everywhere", broken: every(map[string]string{
			"direction": `"INGRESS"`, "denies[0].protocol": `"all"`, "allows": "", "sourceRanges[0]": `"0.0.0.0/0"`,
		}, "gcp:compute/firewall:Firewall")},
		{id: "5.7.1", text: "logs and metrics are collected", broken: both(
			set(map[string]string{
				"loggingConfig.enableComponents":             `["SYSTEM_COMPONENTS","WORKLOADS","APISERVER","CONTROLLER_MANAGER","SCHEDULER"]`,
				"monitoringConfig.enableComponents[0]":       `"SYSTEM_COMPONENTS"`,
				"monitoringConfig.managedPrometheus.enabled": "true",
			}),
			every(map[string]string{"uniqueWriterIdentity": "true"}, "gcp:logging/projectSink:ProjectSink"),
		)},
		{id: "5.8.1", text: "there are no client certificates", broken: set(map[string]string{
			"masterAuth.clientCertificateConfig.issueClientCertificate": "false",
		})},
		{id: "5.8.3", text: "there is no ABAC", broken: set(map[string]string{"enableLegacyAbac": "false"})},
		{id: "5.9.1", text: "volumes are encrypted with the environment's key", but: []string{"dev"}, broken: both(
			every(map[string]string{
				"provisioner": `"pd.csi.storage.gke.io"`, `parameters["disk-encryption-kms-key"]`: key,
			}, "kubernetes:storage.k8s.io/v1:StorageClass"),
			usesKey("compute-system", key),
		)},
		{id: "5.9.2", text: "boot disks are encrypted with the environment's key", but: []string{"dev"}, broken: both(
			nodes(map[string]string{"bootDiskKmsKey": key}), usesKey("compute-system", key),
		)},
		{id: "5.10.2", text: "it is no alpha cluster", broken: set(map[string]string{"enableKubernetesAlpha": "false"})},
		{id: "5.10.4", text: "workloads are looked over", broken: set(map[string]string{
			"securityPostureConfig.mode": `"BASIC"`,
		})},
	}
}

func binaryAuthorization() map[string]string {
	return map[string]string{"binaryAuthorization.evaluationMode": `"PROJECT_SINGLETON_POLICY_ENFORCE"`}
}

func podSecurity(rec *record.Recording) []string {
	want := map[string]string{}
	for _, mode := range []string{"enforce", "audit", "warn"} {
		want[`metadata.labels["pod-security.kubernetes.io/`+mode+`"]`] = `"restricted"`
	}
	return every(want, "kubernetes:core/v1:Namespace")(rec)
}

func scanned(rec *record.Recording) []string {
	var on []string
	for _, api := range rec.All("gcp:projects/service:Service") {
		on = append(on, at(api, "service"))
	}
	if !slices.Contains(on, `"containerscanning.googleapis.com"`) {
		return []string{"the API that scans images is switched off"}
	}
	return every(map[string]string{"dockerConfig.immutableTags": "true"}, "gcp:artifactregistry/repository:Repository")(rec)
}

// pulled: the nodes are the only ones with a role on the repositories.
func pulled(account string) func(*record.Recording) []string {
	return func(rec *record.Recording) []string {
		broken := every(map[string]string{
			"role": `"roles/artifactregistry.reader"`, "members": `["serviceAccount:` + account + `"]`,
		}, "gcp:artifactregistry/repositoryIamBinding:RepositoryIamBinding")(rec)
		for _, r := range rec.Resources {
			other := strings.HasPrefix(string(r.Type), "gcp:artifactregistry/repositoryIam") &&
				!strings.HasSuffix(string(r.Type), "Binding")
			if other {
				broken = append(broken, r.Label()+": gives somebody else a role")
			}
		}
		return broken
	}
}

func nodeRights(account string) func(*record.Recording) []string {
	return func(rec *record.Recording) []string {
		broken := nodes(map[string]string{"serviceAccount": strconv.Quote(account)})(rec)
		var roles []string
		for _, r := range rec.All(memberType) {
			if strings.Contains(at(r, "member"), account) {
				roles = append(roles, at(r, "role"))
			}
		}
		if want := []string{`"roles/container.defaultNodeServiceAccount"`}; !slices.Equal(roles, want) {
			broken = append(broken, fmt.Sprintf("nodes have the roles %v, want %v", roles, want))
		}
		return broken
	}
}

func channel(rec *record.Recording) []string {
	r := rec.All(clusterType)[0]
	want := map[string]string{"true": `"STABLE"`, "false": `"REGULAR"`}[at(r, "deletionProtection")]
	return has(r, map[string]string{"releaseChannel.channel": want})
}

func authorized(rec *record.Recording) []string {
	r := rec.All(clusterType)[0]
	broken := has(r, map[string]string{"masterAuthorizedNetworksConfig.gcpPublicCidrsAccessEnabled": "false"})
	blocks := at(r, "masterAuthorizedNetworksConfig.cidrBlocks")
	if blocks == "" || strings.Contains(blocks, "/0\"") {
		broken = append(broken, "networks: got "+blocks)
	}
	for i := range strings.Count(blocks, "cidrBlock") {
		if at(r, fmt.Sprintf("masterAuthorizedNetworksConfig.cidrBlocks[%d].displayName", i)) == "" {
			broken = append(broken, "a network has no name: "+blocks)
		}
	}
	return broken
}

// usesKey: one of Google's services may use the environment's key.
func usesKey(service, key string) func(*record.Recording) []string {
	return func(rec *record.Recording) []string {
		want := `"serviceAccount:service-` + number + "@" + service + `.iam.gserviceaccount.com"`
		for _, r := range rec.All(useKeyType) {
			if at(r, "member") == want {
				return has(r, map[string]string{
					"cryptoKeyId": key, "role": `"roles/cloudkms.cryptoKeyEncrypterDecrypter"`,
				})
			}
		}
		return []string{want + " may not use the key"}
	}
}

func TestCIS(t *testing.T) {
	for name, args := range tiers() {
		rec, err := attempt(t, args, populate)
		if err != nil {
			t.Fatal(err)
		}
		rec.Resources = slices.DeleteFunc(rec.Resources, func(r *record.Resource) bool {
			return r.Name == "namespace-dns" // It opens the one way that everything needs.
		})
		for _, r := range recommendations(args.Environment) {
			if slices.Contains(r.but, name) {
				continue
			}
			t.Run("CIS GKE "+r.id+" "+r.text+" on "+name, func(t *testing.T) {
				for _, line := range r.broken(rec) {
					t.Error(line)
				}
			})
		}
	}
}

// populate puts an application into a cluster.
func populate(ctx *pulumi.Context, made platform.Cluster) error {
	inside := pulumi.Providers(made.Kubernetes())
	namespace, err := workload.NewNamespace(ctx, "namespace", &workload.NamespaceArgs{
		Name: "shop", PartOf: "shop-test", Quota: workload.Quota{Pods: 9, CPU: "9", Memory: "9Gi", Storage: "9Gi"},
	}, inside)
	if err != nil {
		return err
	}
	one := 1
	amounts := workload.Amounts{CPU: "1", Memory: "1Gi", EphemeralStorage: "1Gi"}
	_, err = app.New(ctx, "web", &app.Args{
		Namespace: namespace, PartOf: "shop-test", Image: "registry.example.com/web:1.2.3", Replicas: &one,
		Disruption: app.Disruption{MaxUnavailable: &one}, Resources: workload.Resources{Requests: amounts, Limits: amounts},
		Grace: 40, RolloutTimeout: 120,
	}, inside)
	return err
}

// benchmark are the recommendations that the platform has an answer to, whatever it is.
func benchmark() []string {
	return strings.Fields(`4.1.8 4.1.9 4.1.10 4.2.1 4.3.1 4.3.2 4.5.1 4.6.2
		5.1.1 5.1.3 5.1.4 5.2.1 5.2.2 5.3.1 5.4.1 5.5.1 5.5.2 5.5.3 5.5.4 5.5.5 5.5.6 5.5.7
		5.6.1 5.6.2 5.6.3 5.6.4 5.6.5 5.6.6 5.6.7 5.7.1 5.8.1 5.8.2 5.8.3 5.9.1 5.9.2 5.10.1 5.10.2 5.10.3 5.10.4`)
}

// row is a line of the table, with whose it is.
var row = regexp.MustCompile(`(?m)^\| (\d+\.\d+\.\d+) \| [^|]+ \| ([^|]+) \|`)

func TestTheTableIsThatOfTheTests(t *testing.T) {
	text, err := os.ReadFile("../../../docs/cis-gke.md")
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{}
	for _, found := range row.FindAllStringSubmatch(string(text), -1) {
		if answers[found[1]] != "" {
			t.Errorf("%s is there twice", found[1])
		}
		answers[found[1]] = strings.TrimSpace(found[2])
	}
	expectAll(t, "ids", slices.Sorted(maps.Keys(answers)), slices.Sorted(slices.Values(benchmark())))
	var tested, ours []string
	for _, r := range recommendations("shop") {
		tested = append(tested, r.id)
	}
	for id, answer := range answers {
		switch {
		case answer == "platform" || answer == "workloads":
			ours = append(ours, id)
		case !slices.Contains([]string{"Google", "not in this SDK", "not here", "stack"}, answer):
			t.Errorf("%s: %q is no answer", id, answer)
		}
	}
	slices.Sort(tested)
	slices.Sort(ours)
	expectAll(t, "ours", ours, tested)
}
