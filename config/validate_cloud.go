package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// maxCloudStack is how long the name of a stack with a cloud of its own may be: PROJECT-STACK names everything there,
// and is the value of a label, of which Google Cloud allows 63 characters
// (https://cloud.google.com/compute/docs/labeling-resources#requirements), as Kubernetes does. Pulumi itself allows a
// hundred (github.com/pulumi/pulumi/sdk/v3/go/common/tokens, ValidateStackName).
const maxCloudStack = validation.DNS1123LabelMaxLength - len(Project) - len("-")

// Patterns of names in clouds.
var (
	// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html.
	awsAccount = regexp.MustCompile(`^\d{12}$`)
	awsRegion  = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns.
	awsAdmin = regexp.MustCompile(`^arn:aws(-[a-z]+)*:iam::\d{12}:(role|user)/[\w+=,.@/-]+$`)
	// https://cloud.google.com/resource-manager/docs/creating-managing-projects.
	gcpProject = regexp.MustCompile(`^[a-z][a-z0-9-]{4,28}[a-z0-9]$`)
	gcpRegion  = regexp.MustCompile(`^[a-z]+-[a-z]+\d{1,2}$`)
	// https://cloud.google.com/iam/docs/principal-identifiers.
	gcpAdmin = regexp.MustCompile(`^(group|user|serviceAccount):[^@\s:]+@[a-z0-9.-]+\.[a-z]+$`)
	// otherStack is the full name of a stack.
	otherStack = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`)
	// repository is what both registries take, with the environment's name before it: ECR
	// (https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html) more than Artifact Registry.
	repository = regexp.MustCompile(`^[a-z][a-z0-9-]{0,28}[a-z0-9]$`)
)

// retentions are the numbers of days that CloudWatch can keep logs for; Cloud Logging takes any up to 3650:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html,
// https://cloud.google.com/logging/docs/buckets#custom-retention.
var retentions = []int{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
}

// stackName: what everything in a cloud can be named after. It says whether it is.
func (c *checker) stackName() bool {
	if c.Cloud == Existing || !c.sound("cloud") {
		return true
	}
	ok := isLabel(c.Stack) && len(c.Stack) <= maxCloudStack
	c.check("stack", ok, "must have a name of at most %d lower case letters, digits and inner hyphens with cloud %s, "+
		"where everything is named after it, got %s, which has %d", maxCloudStack, c.Cloud, quoted(c.Stack), len(c.Stack))
	return ok
}

func (c *checker) aws() {
	if !c.sound("aws") {
		return
	}
	a := c.AWS
	c.check("aws.account", a.Account == "" || awsAccount.MatchString(a.Account),
		"must be the id of an account, 12 digits, got %s", quoted(a.Account))
	c.region("aws", a.Region, awsRegion, "eu-central-1")
	c.zones("aws", a.Region, "", a.Zones, c.Cloud == OnAWS)
	for i, admin := range a.Admins {
		c.check(index("aws.admins", i), awsAdmin.MatchString(admin),
			"must be the ARN of an IAM role or user, such as arn:aws:iam::123456789012:role/ops, got %s", quoted(admin))
	}
	c.once("aws.admins", a.Admins)
}

func (c *checker) gcp() {
	if !c.sound("gcp") {
		return
	}
	g := c.GCP
	if c.absent["gcp.project"] || g.Project == "" {
		c.check("gcp.project", c.Cloud != OnGCP, "is required with cloud gcp")
	} else {
		c.check("gcp.project", gcpProject.MatchString(g.Project), "must be the id of a project: 6 to 30 lower case letters, "+
			"digits and inner hyphens, a letter first, got %s", quoted(g.Project))
	}
	c.region("gcp", g.Region, gcpRegion, "europe-west4")
	c.zones("gcp", g.Region, "-", g.Zones, c.Cloud == OnGCP)
	for i, admin := range g.Admins {
		c.check(index("gcp.admins", i), gcpAdmin.MatchString(admin),
			"must be a member such as group:ops@example.com (or user: or serviceAccount:), got %s", quoted(admin))
	}
	c.once("gcp.admins", g.Admins)
}

func (c *checker) region(section, region string, pattern *regexp.Regexp, such string) {
	c.check(at(section, "region"), pattern.MatchString(region), "must be a region such as %s, got %s", such,
		quoted(region))
}

// zones: two or three of the region. used says that they are needed.
func (c *checker) zones(section, region, separator string, zones []string, used bool) {
	path := at(section, "zones")
	if !c.sound(path) || !c.sound(at(section, "region")) {
		return
	}
	if c.absent[path] && len(zones) == 0 {
		c.check(path, !used, "is required in region %s, whose zones differ from account to account", region)
		return
	}
	c.check(path, len(zones) == 2 || len(zones) == 3, "must be two or three, got %d", len(zones))
	for i, zone := range zones {
		letter, found := strings.CutPrefix(zone, region+separator)
		c.check(index(path, i), found && len(letter) == 1 && letter >= "a" && letter <= "z",
			"must be a zone of region %s, such as %s, got %s", region, region+separator+"a", quoted(zone))
	}
	c.once(path, zones)
}

// once: no value twice.
func (c *checker) once(path string, values []string) {
	for i, value := range values {
		first := slices.Index(values, value)
		c.check(index(path, i), first == i, "must be there once only, it is %s already", index(lastKey(path), first))
	}
}

// lastKey is the end of a path without quoted keys.
func lastKey(path string) string { return path[strings.LastIndex(path, ".")+1:] }

// cluster: rules on the cluster itself.
func (c *checker) cluster() {
	if !c.sound("cluster") {
		return
	}
	k := c.Cluster
	c.check("cluster.stack", k.Stack == "" || otherStack.MatchString(k.Stack),
		"must be the full name of a stack, ORGANIZATION/PROJECT/STACK, got %s", quoted(k.Stack))
	c.check("cluster.stack", k.Stack == "" || k.Kubeconfig == "" && k.Context == "",
		"must not be set together with kubeconfig or context: the stack's outputs say how to reach its cluster")
	c.between("cluster.generation", k.Generation, 1, 99)
	if generation := fmt.Sprintf("-%d", k.Generation); c.Cloud != Existing && c.sound("cluster.generation") {
		c.check("cluster.identifier", strings.HasSuffix(k.Identifier, generation),
			"must end in %s, the generation, so that another generation is another cluster, got %s", generation,
			quoted(k.Identifier))
	}
	c.between("cluster.maintenanceStart", k.MaintenanceStart, 0, 23)
	if c.sound("cluster.logRetention") {
		c.check("cluster.logRetention", slices.Contains(retentions, k.LogRetention),
			"must be a number of days that CloudWatch offers: %s; got %d", numbers(retentions), k.LogRetention)
	}
	for i, name := range k.Repositories {
		c.check(index("cluster.repositories", i), repository.MatchString(name),
			"must be 2 to 30 lower case letters, digits and inner hyphens, a letter first, got %s", quoted(name))
	}
	c.once("cluster.repositories", k.Repositories)
	c.endpoint()
	c.nodes()
}

// numbers lists numbers for a reader.
func numbers(list []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", ", "), "[]")
}

// maxEndpointRanges is how many ranges EKS takes; GKE takes more:
// https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html.
const maxEndpointRanges = 40

// endpoint: a public address is for some, never for everybody.
func (c *checker) endpoint() {
	const path = "cluster.endpoint.cidrs"
	if !c.sound("cluster.endpoint") || !c.sound(path) {
		return
	}
	ranges := c.Cluster.Endpoint.CIDRs
	for i, text := range ranges {
		here := index(path, i)
		if prefix, ok := c.range4(here, text); ok {
			c.check(here, prefix.Bits() >= 8, "must not be wider than /8: the API server is for those who work with it, got %s",
				quoted(text))
		}
	}
	c.check(path, len(ranges) <= maxEndpointRanges, "must be at most %d, got %d", maxEndpointRanges, len(ranges))
	c.once(path, ranges)
	if c.Cloud != Existing && c.sound("cloud") && c.sound("cluster.endpoint.public") {
		c.check(path, !c.Cluster.Endpoint.Public || len(ranges) > 0, "is required where endpoint.public is true: the ranges "+
			"that may reach the API server, such as [203.0.113.0/24]")
	}
}

// maxGroupName leaves room for the environment's name in those of pools and templates.
const maxGroupName = 20

// nodes: groups that something can run on.
func (c *checker) nodes() {
	const path = "cluster.nodes"
	if !c.sound(path) {
		return
	}
	c.check(path, len(c.Cluster.Nodes) > 0, "must have a group, got none")
	runs := false
	for _, name := range slices.Sorted(maps.Keys(c.Cluster.Nodes)) {
		here := at(path, name)
		if !c.sound(here) {
			return
		}
		group := c.Cluster.Nodes[name]
		c.check(here, len(name) <= maxGroupName && len(validation.IsDNS1035Label(name)) == 0,
			"must have a name of at most %d lower case letters, digits and inner hyphens that starts with a letter, got %s",
			maxGroupName, quoted(name))
		c.group(here, &group)
		runs = runs || group.Min > 0 && len(group.Taints) == 0 || !c.sound(at(here, "min"))
	}
	c.check(path, runs, "must have a group without taints whose min is at least 1: what every cluster needs runs there")
}

func (c *checker) group(path string, n *Nodes) {
	lowest, highest := at(path, "min"), at(path, "max")
	if c.sound(lowest) {
		c.between(lowest, n.Min, 0, maxPods)
	}
	if c.sound(highest) {
		c.between(highest, n.Max, 1, maxPods)
	}
	if c.sound(lowest) && c.sound(highest) {
		c.check(highest, n.Min <= n.Max, "must be at least min (%d), got %d", n.Min, n.Max)
	}
	c.between(at(path, "disk"), n.Disk, 20, 16384)
	c.check(at(path, "machine"), machine.MatchString(n.Machine),
		"must be the cloud's name of a type of machine, such as m7i.large or e2-standard-2, got %s", quoted(n.Machine))
	for _, key := range slices.Sorted(maps.Keys(n.Labels)) {
		c.nodeLabel(at(path, "labels", key), key, n.Labels[key])
	}
	for i, taint := range n.Taints {
		here := index(at(path, "taints"), i)
		c.nodeLabel(at(here, "key"), taint.Key, "")
		c.check(at(here, "value"), len(validation.IsValidLabelValue(taint.Value)) == 0, labelValueRule, quoted(taint.Value))
	}
}

// machine is a type of machine of either cloud, or none.
var machine = regexp.MustCompile(`^([a-z][a-z0-9-]*(\.[a-z0-9-]+)?)?$`)

// labelValueRule says what the value of a label is.
const labelValueRule = "must be at most 63 letters, digits, and inner hyphens, dots and underscores, got %s"

// nodeLabel: a label that a node may be given. Those of Kubernetes' own domains are not for its nodes to set:
// https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction.
func (c *checker) nodeLabel(path, key, value string) {
	c.check(path, len(validation.IsQualifiedName(key)) == 0,
		"must be the name of a label, such as example.com/pool, got %s", quoted(key))
	domain, _, prefixed := strings.Cut(key, "/")
	for _, reserved := range []string{"kubernetes.io", "k8s.io"} {
		c.check(path, !prefixed || domain != reserved && !strings.HasSuffix(domain, "."+reserved),
			"must not be of %s, which is Kubernetes' own, got %s", reserved, quoted(key))
	}
	c.check(path, len(validation.IsValidLabelValue(value)) == 0, labelValueRule, quoted(value))
}
