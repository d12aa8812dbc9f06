package eks_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"plinth/components/platform/eks"
)

// What AWS takes for names: the pages are named beside the limits in names.go.
var (
	clusterName    = regexp.MustCompile(`^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$`)
	roleName       = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	repositoryName = regexp.MustCompile(`^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$`)
	logGroupName   = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)
	nodeGroupName  = regexp.MustCompile(`^[0-9A-Za-z][A-Za-z0-9_-]{0,62}$`)
	templateName   = regexp.MustCompile(`^[a-zA-Z0-9().\-/_]{3,128}$`)
)

// environment draws what an environment may be called: PROJECT-STACK, each up to its own limit. Half of them are long.
var environment = rapid.OneOf(
	rapid.StringMatching(`[a-z]([a-z0-9-]{0,40}[a-z0-9])?`), rapid.StringMatching(`[a-z][a-z0-9-]{90,160}[a-z0-9]`),
)

func TestNamesAreLegalAndUniqueHoweverLongTheirPartsAre(t *testing.T) {
	label := rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`)
	rapid.Check(t, func(t *rapid.T) {
		one, other := environment.Draw(t, "one"), environment.Draw(t, "other")
		generation, next := rapid.IntRange(1, 200).Draw(t, "generation"), rapid.IntRange(1, 200).Draw(t, "next")
		namespace, account := label.Draw(t, "namespace"), label.Draw(t, "account")
		image, second := rapid.StringMatching(`[a-z][a-z0-9-]{0,28}[a-z0-9]`).Draw(t, "image"),
			rapid.StringMatching(`[a-z][a-z0-9-]{0,28}[a-z0-9]`).Draw(t, "second")

		a, b := eks.Physical(one, generation), eks.Physical(other, next)
		if !clusterName.MatchString(a) {
			t.Errorf("cluster %q", a)
		}
		if a == b && (one != other || generation != next) {
			t.Errorf("%s %d and %s %d are both called %q", one, generation, other, next, a)
		}
		if role := eks.RoleName(one, generation, "pod", namespace, account); !roleName.MatchString(role) {
			t.Errorf("role %q", role)
		}
		x, y := eks.RepositoryName(one, image), eks.RepositoryName(other, second)
		if !repositoryName.MatchString(x) || len(x) > 256 {
			t.Errorf("repository %q", x)
		}
		if x == y && (one != other || image != second) {
			t.Errorf("%s/%s and %s/%s are both called %q", one, image, other, second, x)
		}
	})
}

func TestTheGenerationIsPartOfTheClustersName(t *testing.T) {
	expect(t, "the first", eks.Physical("shop-prod", 1), "shop-prod")
	expect(t, "the second", eks.Physical("shop-prod", 2), "shop-prod_2")
	expect(t, "a role of the second", eks.RoleName("shop-prod", 2, "nodes"), "shop-prod_2_nodes")
}

func TestTwoServiceAccountsNeverShareARole(t *testing.T) {
	if eks.RoleName("shop", 1, "pod", "a", "b-c") == eks.RoleName("shop", 1, "pod", "a-b", "c") {
		t.Error("a/b-c and a-b/c act as the same role")
	}
}

func TestARepositoryOfSeveralDashesIsToldFromThatOfOne(t *testing.T) {
	expect(t, "one dash", eks.RepositoryName("shop-dev", "api"), "shop-dev/api")
	several := eks.RepositoryName("shop--dev", "api")
	if !repositoryName.MatchString(several) || !strings.HasPrefix(several, "shop-dev/api-") {
		t.Errorf("got %q", several)
	}
}

func TestTheLongestEnvironmentHasLegalNamesEverywhere(t *testing.T) {
	args := prod()
	args.Environment, args.Generation = strings.Repeat("e", 160), 12
	group := strings.Repeat("n", 20)
	args.Nodes[group] = args.Nodes["main"]
	args.Repositories = []string{strings.Repeat("r", 30)}
	rec := used(t, args)
	limits := map[string]*regexp.Regexp{
		"aws:eks/cluster:Cluster": clusterName, "aws:iam/role:Role": roleName,
		"aws:ecr/repository:Repository": repositoryName, "aws:cloudwatch/logGroup:LogGroup": logGroupName,
		"aws:eks/nodeGroup:NodeGroup": nodeGroupName, "aws:ec2/launchTemplate:LaunchTemplate": templateName,
		// https://docs.aws.amazon.com/vpc/latest/userguide/creating-security-groups.html.
		"aws:ec2/securityGroup:SecurityGroup": regexp.MustCompile(`^.{1,255}$`),
		"aws:iam/rolePolicy:RolePolicy":       regexp.MustCompile(`^[\w+=,.@-]{1,128}$`),
	}
	for _, r := range rec.Resources {
		if tags, ok := value(r, "tags").(map[string]any); ok {
			for key, tag := range tags {
				if len(key) > 128 || len(tag.(string)) > 256 {
					t.Errorf("%s: tag %s=%s is longer than 128 and 256", r.Label(), key, tag)
				}
			}
		}
		limit := limits[string(r.Type)]
		if limit == nil {
			continue
		}
		name, given := value(r, "name").(string)
		if !given {
			name = r.Name + "-1a2b3c4" // As Pulumi makes it up.
		}
		if !limit.MatchString(name) {
			t.Errorf("%s: %q is not %s", r.Label(), name, limit)
		}
	}
}
