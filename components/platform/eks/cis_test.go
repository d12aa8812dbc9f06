package eks_test

import (
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/app"
	"plinth/components/platform"
	"plinth/components/workload"
	"plinth/internal/record"
)

// item is one of the CIS Amazon EKS Benchmark 1.8.0 that the platform meets, or what is put into its cluster.
type item struct {
	id, text string
	// tiers that must meet it. Nil: all.
	tiers []string
	check func(t *testing.T, rec *record.Recording, args *platform.Args)
}

func items() []item {
	return []item{
		{"2.1.1", "audit logs are on", nil, allLogs},
		{"2.1.2", "logs are kept by us", nil, keptLogs},
		{"4.1.1", "cluster-admin is given to nobody", nil, noRoles},
		{"4.1.2", "nobody may read Secrets", nil, noRoles},
		{"4.1.3", "no role has wildcards", nil, noRoles},
		{"4.1.4", "nobody may create pods", nil, noRoles},
		{"4.1.5", "default service accounts are not used", nil, ownAccounts},
		{"4.1.6", "tokens are mounted nowhere", nil, noTokens},
		{"4.1.7", "access is by the Cluster Access Manager API", nil, accessByAPI},
		{"4.1.8", "nobody may bind, impersonate or escalate", nil, noRoles},
		{"4.1.9", "nobody may create volumes", nil, noRoles},
		{"4.1.10", "nobody may reach nodes through the API server", nil, noRoles},
		{"4.1.11", "nobody may change webhooks", nil, noRoles},
		{"4.1.12", "nobody may create tokens", nil, noRoles},
		{"4.2.1", "containers are not privileged", nil, restricted},
		{"4.2.2", "processes of the host are out of sight", nil, restricted},
		{"4.2.3", "memory of the host is out of reach", nil, restricted},
		{"4.2.4", "the network of the host is out of reach", nil, restricted},
		{"4.2.5", "privileges do not grow", nil, restricted},
		{"4.3.1", "the network enforces policies", nil, enforcedPolicies},
		{"4.3.2", "namespaces deny by default", nil, deniedByDefault},
		{"4.5.1", "an environment has namespaces of its own", nil, ownNamespaces},
		{"4.5.2", "nothing is in the namespace default", nil, ownNamespaces},
		{"5.1.1", "images are scanned", nil, scannedImages},
		{"5.1.2", "few may reach the registry", nil, registryAccess},
		{"5.1.3", "nodes may only read the registry", nil, nodesPull},
		{"5.2.1", "service accounts have roles of their own", nil, ownRoles},
		{"5.3.1", "Secrets are encrypted with a key of our own", []string{"staging", "prod", "private"}, encryptedSecrets},
		{"5.4.1", "the endpoint is for named ranges", nil, namedRanges},
		{"5.4.2", "the endpoint is private", []string{"prod", "private"}, privateEndpoint},
		{"5.4.3", "nodes are private", nil, privateNodes},
		{"5.4.4", "network policies are on", nil, enforcedPolicies},
		{"5.5.1", "users are known by IAM", nil, accessByAPI},
	}
}

func TestCISBenchmark(t *testing.T) {
	recordings := map[string]*record.Recording{}
	for tier, args := range tiers() {
		rec, err := attempt(t, args, func(ctx *pulumi.Context, made platform.Cluster) error {
			if err := identify(ctx, made); err != nil {
				return err
			}
			return populate(ctx, made)
		})
		if err != nil {
			t.Fatal(err)
		}
		recordings[tier] = rec
	}
	for _, i := range items() {
		t.Run("CIS EKS "+i.id+" "+i.text, func(t *testing.T) {
			for tier, args := range tiers() {
				if i.tiers == nil || slices.Contains(i.tiers, tier) {
					t.Run(tier, func(t *testing.T) { i.check(t, recordings[tier], args) })
				}
			}
		})
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
	_, err = app.New(ctx, "shop", &app.Args{
		Namespace: namespace, PartOf: "shop-test", Image: "registry.example.com/shop:1.2.3", Replicas: &one,
		Disruption: app.Disruption{MaxUnavailable: &one}, Resources: workload.Resources{Requests: amounts, Limits: amounts},
		Grace: 40, RolloutTimeout: 120,
	}, inside)
	return err
}

// row is a line of the table in the documentation: | id | text | whose | ... |.
var row = regexp.MustCompile(`(?m)^\| (\d+(?:\.\d+)+) \|[^|]*\| ([^|]*?) \|`)

// benchmark are the items that the table answers.
func benchmark() []string {
	return strings.Fields(`2.1.1 2.1.2 3.1.1 3.1.2 3.1.3 3.1.4 3.2.1 3.2.2 3.2.3 3.2.4 3.2.5 3.2.6 3.2.7 3.2.8 3.2.9
		4.1.1 4.1.2 4.1.3 4.1.4 4.1.5 4.1.6 4.1.7 4.1.8 4.1.9 4.1.10 4.1.11 4.1.12 4.2.1 4.2.2 4.2.3 4.2.4 4.2.5
		4.3.1 4.3.2 4.4.1 4.4.2 4.5.1 4.5.2 5.1.1 5.1.2 5.1.3 5.1.4 5.2.1 5.3.1 5.4.1 5.4.2 5.4.3 5.4.4 5.4.5 5.5.1`)
}

func TestTheTableOfTheBenchmarkNamesEveryTest(t *testing.T) {
	text, err := os.ReadFile("../../../docs/cis-eks.md")
	if err != nil {
		t.Fatal(err)
	}
	var ids, ours, tested []string
	for _, found := range row.FindAllStringSubmatch(string(text), -1) {
		ids = append(ids, found[1])
		switch found[2] {
		case "platform", "workloads":
			ours = append(ours, found[1])
		case "image", "not here", "stack", "waived":
		default:
			t.Errorf("%s: %q is no answer", found[1], found[2])
		}
	}
	for _, i := range items() {
		tested = append(tested, i.id)
	}
	expectEach(t, "ids of the table", ids, benchmark())
	expectEach(t, "ids that the table says are ours", ours, tested)
}

func allLogs(t *testing.T, rec *record.Recording, _ *platform.Args) {
	t.Helper()
	expect(t, "types", value(one(t, rec, "cluster-cluster"), "enabledClusterLogTypes"),
		"[api audit authenticator controllerManager scheduler]")
}

func keptLogs(t *testing.T, rec *record.Recording, args *platform.Args) {
	t.Helper()
	group := one(t, rec, "cluster-logs")
	expect(t, "name", value(group, "name"), fmt.Sprintf("/aws/eks/%v/cluster", value(one(t, rec, "cluster-cluster"), "name")))
	if missing := rec.Missing(one(t, rec, "cluster-cluster"), group); len(missing) > 0 {
		t.Errorf("the cluster is not made after %v", missing)
	}
	for _, group := range rec.All("aws:cloudwatch/logGroup:LogGroup") {
		expect(t, group.Name+" is kept for days", value(group, "retentionInDays"), args.LogRetention)
		expect(t, group.Name+" has our key", value(group, "kmsKeyId") != nil, args.EncryptWithOwnKey)
	}
}

func accessByAPI(t *testing.T, rec *record.Recording, args *platform.Args) {
	t.Helper()
	control := one(t, rec, "cluster-cluster")
	expect(t, "mode", value(control, "accessConfig", "authenticationMode"), "API")
	expect(t, "the creator's own entry", value(control, "accessConfig", "bootstrapClusterCreatorAdminPermissions"),
		len(args.Admins) == 0)
	var principals, policies []string
	for _, r := range rec.All("aws:eks/accessEntry:AccessEntry") {
		principals = append(principals, value(r, "principalArn").(string))
	}
	for _, r := range rec.All("aws:eks/accessPolicyAssociation:AccessPolicyAssociation") {
		policies = append(policies, value(r, "principalArn").(string))
		expect(t, "policy", value(r, "policyArn"), "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy")
		expect(t, "scope", value(r, "accessScope", "type"), "cluster")
	}
	slices.Sort(principals)
	slices.Sort(policies)
	expectEach(t, "who has access", principals, args.Admins)
	expectEach(t, "who administers", policies, args.Admins)
}

func enforcedPolicies(t *testing.T, rec *record.Recording, _ *platform.Args) {
	t.Helper()
	expect(t, "settings", value(one(t, rec, "cluster-vpc-cni"), "configurationValues"), `{"enableNetworkPolicy":"true"}`)
}

func scannedImages(t *testing.T, rec *record.Recording, args *platform.Args) {
	t.Helper()
	repositories := rec.All("aws:ecr/repository:Repository")
	expect(t, "repositories", len(repositories), len(args.Repositories))
	for _, r := range repositories {
		expect(t, "scanned", value(r, "imageScanningConfiguration", "scanOnPush"), true)
		expect(t, "tags", value(r, "imageTagMutability"), "IMMUTABLE")
		expect(t, "encryption", value(r, "encryptionConfigurations", "0", "encryptionType"), "KMS")
		expect(t, "our key", value(r, "encryptionConfigurations", "0", "kmsKey") != nil, args.EncryptWithOwnKey)
	}
}

func registryAccess(t *testing.T, rec *record.Recording, args *platform.Args) {
	t.Helper()
	policies := rec.All("aws:ecr/repositoryPolicy:RepositoryPolicy")
	expect(t, "policies", len(policies), len(args.Repositories))
	for _, r := range policies {
		expectLines(t, r.Name, read(t, r, "policy").text(),
			"Allow AWS[arn:aws:iam:eu-central-1:123456789012:cluster-nodes-role] "+
				"[ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer]")
	}
}

func nodesPull(t *testing.T, rec *record.Recording, _ *platform.Args) {
	t.Helper()
	var got []string
	for _, r := range rec.All("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
		if value(r, "role") == value(one(t, rec, "cluster-nodes-role"), "name") {
			got = append(got, value(r, "policyArn").(string))
		}
	}
	slices.Sort(got)
	expectEach(t, "what nodes may", got, []string{
		"arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly", "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
	})
	for _, r := range rec.All("aws:iam/rolePolicy:RolePolicy") {
		if value(r, "role") == value(one(t, rec, "cluster-nodes-role"), "name") {
			t.Errorf("nodes may besides: %s", read(t, r, "policy").text())
		}
	}
}

// ownRoles: every role that pods act as is for one service account, and no two share one.
func ownRoles(t *testing.T, rec *record.Recording, _ *platform.Args) {
	t.Helper()
	seen := map[string]string{}
	assigned := func(r *record.Resource, arn any) {
		text, _ := arn.(string)
		if other, found := seen[text]; found || text == "" {
			t.Errorf("%s acts as %q, and so does %q", r.Label(), text, other)
		}
		seen[text] = r.Label()
	}
	for _, r := range rec.All("aws:eks/podIdentityAssociation:PodIdentityAssociation") {
		assigned(r, value(r, "roleArn"))
	}
	for _, r := range rec.All(addon) {
		if value(r, "podIdentityAssociations") != nil {
			assigned(r, value(r, "podIdentityAssociations", "0", "roleArn"))
		}
	}
	expect(t, "identities", len(seen), 4)
	for _, r := range rec.All("aws:iam/role:Role") {
		for _, s := range read(t, r, "assumeRolePolicy").Statement {
			if !slices.Contains(s.Principal["Service"], "pods.eks.amazonaws.com") {
				continue
			}
			for _, key := range []string{"eks-cluster-name", "kubernetes-namespace", "kubernetes-service-account"} {
				if values := s.Condition["StringEquals"]["aws:RequestTag/"+key]; len(values) != 1 || values[0] == "" {
					t.Errorf("%s: whose pods act as it is not said by %s: %v", r.Name, key, values)
				}
			}
		}
	}
}

func encryptedSecrets(t *testing.T, rec *record.Recording, _ *platform.Args) {
	t.Helper()
	control, key := one(t, rec, "cluster-cluster"), one(t, rec, "cluster-key")
	expect(t, "what", value(control, "encryptionConfig", "resources"), "[secrets]")
	expect(t, "with", value(control, "encryptionConfig", "provider", "keyArn"), "arn:aws:kms:eu-central-1:123456789012:cluster-key")
	expect(t, "rotated", value(key, "enableKeyRotation"), true)
}

func namedRanges(t *testing.T, rec *record.Recording, args *platform.Args) {
	t.Helper()
	control := one(t, rec, "cluster-cluster")
	ranges, _ := value(control, "vpcConfig", "publicAccessCidrs").([]any)
	expect(t, "ranges", len(ranges), len(args.Endpoint.CIDRs))
	if value(control, "vpcConfig", "endpointPublicAccess") == true && len(ranges) == 0 {
		t.Error("the whole world reaches the endpoint")
	}
	for _, r := range ranges {
		if prefix, err := netip.ParsePrefix(r.(string)); err != nil || prefix.Bits() == 0 {
			t.Errorf("%v reaches the endpoint: %v", r, err)
		}
	}
	expect(t, "from inside", value(control, "vpcConfig", "endpointPrivateAccess"), true)
}

func privateEndpoint(t *testing.T, rec *record.Recording, _ *platform.Args) {
	t.Helper()
	control := one(t, rec, "cluster-cluster")
	expect(t, "public", value(control, "vpcConfig", "endpointPublicAccess"), false)
	expect(t, "private", value(control, "vpcConfig", "endpointPrivateAccess"), true)
}

func privateNodes(t *testing.T, rec *record.Recording, args *platform.Args) {
	t.Helper()
	var want []any
	for _, zone := range args.Location.Zones {
		want = append(want, "id-of-cluster-private-"+zone)
	}
	groups := rec.All(nodeGroup)
	expect(t, "groups", len(groups), len(args.Nodes))
	for _, r := range groups {
		expect(t, r.Name+" is in", value(r, "subnetIds"), fmt.Sprint(want))
	}
	expect(t, "the control plane's interfaces are in", value(one(t, rec, "cluster-cluster"), "vpcConfig", "subnetIds"), fmt.Sprint(want))
	for _, way := range ways(rec) {
		if strings.HasPrefix(way, "id-of-cluster-private") && strings.HasSuffix(way, "cluster-internet") {
			t.Errorf("the internet leads to nodes by %s", way)
		}
	}
}

// objects are the resources of Kubernetes.
func objects(rec *record.Recording) []*record.Resource {
	return slices.DeleteFunc(rec.Ordered(), func(r *record.Resource) bool { return r.Type.Package() != "kubernetes" })
}

// noRoles: whoever makes no roles gives no permission that the benchmark warns of.
func noRoles(t *testing.T, rec *record.Recording, _ *platform.Args) {
	t.Helper()
	expect(t, "there are objects", len(objects(rec)) > 5, true)
	for _, r := range objects(rec) {
		if strings.HasPrefix(string(r.Type), "kubernetes:rbac") {
			t.Errorf("there is %s", r.Label())
		}
	}
}

func ownAccounts(t *testing.T, rec *record.Recording, _ *platform.Args) {
	t.Helper()
	patches := rec.All("kubernetes:core/v1:ServiceAccountPatch")
	expect(t, "default accounts that are looked after", len(patches), 1)
	for _, r := range patches {
		expect(t, "whose", value(r, "metadata", "name"), "default")
		expect(t, "their token", value(r, "automountServiceAccountToken"), false)
	}
	for _, r := range rec.All("kubernetes:apps/v1:Deployment") {
		expect(t, "account", value(r, "spec", "template", "spec", "serviceAccountName"), "shop")
	}
}

func noTokens(t *testing.T, rec *record.Recording, _ *platform.Args) {
	t.Helper()
	accounts, deployments := rec.All("kubernetes:core/v1:ServiceAccount"), rec.All("kubernetes:apps/v1:Deployment")
	expect(t, "accounts and deployments", fmt.Sprint(len(accounts), len(deployments)), "1 1")
	for _, r := range accounts {
		expect(t, r.Name, value(r, "automountServiceAccountToken"), false)
	}
	for _, r := range deployments {
		expect(t, r.Name, value(r, "spec", "template", "spec", "automountServiceAccountToken"), false)
	}
}

func restricted(t *testing.T, rec *record.Recording, _ *platform.Args) {
	t.Helper()
	for _, r := range rec.All("kubernetes:core/v1:Namespace") {
		expect(t, "enforced", value(r, "metadata", "labels", "pod-security.kubernetes.io/enforce"), "restricted")
	}
	deployments := rec.All("kubernetes:apps/v1:Deployment")
	expect(t, "deployments", len(deployments), 1)
	for _, r := range deployments {
		pod := []string{"spec", "template", "spec"}
		for _, host := range []string{"hostPID", "hostIPC", "hostNetwork"} {
			expect(t, host, value(r, append(pod, host)...) == true, false)
		}
		context := slices.Concat(pod, []string{"containers", "0", "securityContext"})
		expect(t, "privileged", value(r, append(context, "privileged")...) == true, false)
		expect(t, "growing privileges", value(r, append(context, "allowPrivilegeEscalation")...), false)
	}
}

func deniedByDefault(t *testing.T, rec *record.Recording, _ *platform.Args) {
	t.Helper()
	var denied []any
	for _, r := range rec.All("kubernetes:networking.k8s.io/v1:NetworkPolicy") {
		if value(r, "spec", "ingress") == nil && value(r, "spec", "egress") == nil {
			expect(t, "pods", value(r, "spec", "podSelector"), "map[]")
			expect(t, "ways", value(r, "spec", "policyTypes"), "[Ingress Egress]")
			denied = append(denied, value(r, "metadata", "namespace"))
		}
	}
	expect(t, "namespaces that deny", denied, "[shop]")
}

func ownNamespaces(t *testing.T, rec *record.Recording, _ *platform.Args) {
	t.Helper()
	expect(t, "namespaces", len(rec.All("kubernetes:core/v1:Namespace")), 1)
	for _, r := range objects(rec) {
		class := r.Type == "kubernetes:storage.k8s.io/v1:StorageClass" || r.Type == "kubernetes:core/v1:Namespace"
		if in := value(r, "metadata", "namespace"); !class && in != "shop" {
			t.Errorf("%s is in the namespace %v", r.Label(), in)
		}
	}
}
