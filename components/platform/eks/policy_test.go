package eks_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// documents are all policies of a recording, by resource.
func documents(t *testing.T, tier string) map[string]document {
	t.Helper()
	rec, out := used(t, tiers()[tier]), map[string]document{}
	for _, r := range rec.Resources {
		for _, property := range []string{"policy", "assumeRolePolicy"} {
			if _, ok := value(r, property).(string); ok && r.Custom {
				out[r.Name] = read(t, r, property)
			}
		}
	}
	return out
}

func TestPoliciesAllowNothingByAWildcardButWhereAWSKnowsNothingNarrower(t *testing.T) {
	for tier := range tiers() {
		var got []string
		for name, d := range documents(t, tier) {
			if len(d.Statement) == 0 {
				t.Errorf("%s: the policy of %s is empty", tier, name)
			}
			for _, s := range d.Statement {
				for _, action := range s.Action {
					if strings.Contains(action, "*") || slices.Contains(s.Resource, "*") && s.Effect == "Allow" {
						got = append(got, fmt.Sprint(name, " ", action, s.Principal["AWS"], s.Principal["Service"]))
					}
				}
			}
		}
		slices.Sort(got)
		got = slices.Compact(slices.DeleteFunc(got, func(line string) bool {
			// The resource "*" of a key's policy is the key.
			return strings.HasPrefix(line, "cluster-key ") && !strings.Contains(line, "kms:*")
		}))
		want := []string{"cluster-observability-policy ec2:DescribeTags[] []", "cluster-observability-policy ec2:DescribeVolumes[] []"}
		if tiers()[tier].EncryptWithOwnKey {
			want = append([]string{"cluster-key kms:*[arn:aws:iam::123456789012:root] []"}, want...)
		}
		expectEach(t, tier, got, want)
	}
}

func TestNobodyMayMakeLogGroupsThatWouldStayBehind(t *testing.T) {
	for tier := range tiers() {
		denied := false
		for name, d := range documents(t, tier) {
			for _, s := range d.Statement {
				if slices.Contains(s.Action, "logs:CreateLogGroup") {
					denied = denied || name == "cluster-cluster-policy" && s.Effect == "Deny"
					if s.Effect != "Deny" {
						t.Errorf("%s: %s may make log groups", tier, name)
					}
				}
			}
		}
		expect(t, tier+": the control plane may not make its log group", denied, true)
	}
}

func TestTheKeyIsForTheAccountItsLogsAndItsNodes(t *testing.T) {
	const use = "[kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey kms:GenerateDataKeyWithoutPlaintext " +
		"kms:ReEncryptFrom kms:ReEncryptTo] on [*]"
	const logs = "arn:aws:logs:eu-central-1:123456789012:log-group:"
	const scaling = "if ArnEquals aws:PrincipalArn[arn:aws:iam::123456789012:role/aws-service-role/" +
		"autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling]"
	expectLines(t, "the key's policy", documents(t, "prod")["cluster-key"].text(),
		"Allow AWS[arn:aws:iam::123456789012:root] [kms:*] on [*]",
		"Allow Service[logs.eu-central-1.amazonaws.com] "+use+" if ArnLike kms:EncryptionContext:aws:logs:arn["+
			logs+"/aws/eks/shop-prod_2/cluster "+
			logs+"/aws/containerinsights/shop-prod_2/application "+
			logs+"/aws/containerinsights/shop-prod_2/dataplane "+
			logs+"/aws/containerinsights/shop-prod_2/host "+
			logs+"/aws/containerinsights/shop-prod_2/performance "+
			logs+"cluster-flow-logs-*]",
		"Allow AWS[*] "+use+" "+scaling+" if StringEquals kms:CallerAccount[123456789012]",
		"Allow AWS[*] [kms:CreateGrant] on [*] "+scaling+" if Bool kms:GrantIsForAWSResource[true]"+
			" if StringEquals kms:CallerAccount[123456789012]",
	)
}

// Where the configuration does not name the account it is the one that the network was made in.
func TestTheAccountIsLookedUpByNobody(t *testing.T) {
	args := staging()
	args.Location.Account = ""
	rec := deploy(t, args)
	expect(t, "the key's owner", read(t, one(t, rec, "cluster-key"), "policy").Statement[0].Principal["AWS"],
		"[arn:aws:iam::123456789012:root]")
	expect(t, "accounts of the provider", value(one(t, rec, "cluster-aws"), "allowedAccountIds"), nil)
	expect(t, "accounts of the provider", value(one(t, deploy(t, staging()), "cluster-aws"), "allowedAccountIds"), "[123456789012]")
}

func TestWithoutAnOwnKeyAllIsEncryptedWithThoseOfAWS(t *testing.T) {
	rec := deploy(t, dev())
	expect(t, "keys", len(rec.All("aws:kms/key:Key")), 0)
	expect(t, "Secrets", value(one(t, rec, "cluster-cluster"), "encryptionConfig"), nil)
	expect(t, "disks of nodes", value(one(t, rec, "LaunchTemplate::cluster-nodes-main"), "blockDeviceMappings"),
		"[map[deviceName:/dev/xvda ebs:map[deleteOnTermination:true encrypted:true volumeSize:50 volumeType:gp3]]]")
	expect(t, "volumes", value(one(t, rec, "cluster-storage-class"), "parameters"), "map[encrypted:true type:gp3]")
	expect(t, "images", value(one(t, rec, "Repository::cluster-images-api"), "encryptionConfigurations"), "[map[encryptionType:KMS]]")
}

func TestTrustIsGivenToWhoeverActs(t *testing.T) {
	got := documents(t, "prod")
	const pods = "Allow Service[pods.eks.amazonaws.com] [sts:AssumeRole sts:TagSession] " +
		"if StringEquals aws:RequestTag/eks-cluster-name[shop-prod_2] if StringEquals aws:RequestTag/kubernetes-namespace["
	const account = "] if StringEquals aws:RequestTag/kubernetes-service-account["
	for name, want := range map[string]string{
		"cluster-cluster-role":       "Allow Service[eks.amazonaws.com] [sts:AssumeRole]",
		"cluster-nodes-role":         "Allow Service[ec2.amazonaws.com] [sts:AssumeRole]",
		"cluster-flow-logs-role":     "Allow Service[vpc-flow-logs.amazonaws.com] [sts:AssumeRole] if StringEquals aws:SourceAccount[123456789012]",
		"cluster-network-role":       pods + "kube-system" + account + "aws-node]",
		"cluster-storage-role":       pods + "kube-system" + account + "ebs-csi-controller-sa]",
		"cluster-observability-role": pods + "amazon-cloudwatch" + account + "cloudwatch-agent]",
		"web-role":                   pods + "shop" + account + "web]",
	} {
		expectLines(t, name, got[name].text(), want)
	}
}
