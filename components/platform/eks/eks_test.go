package eks_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/eks"
	"plinth/internal/record"
)

func TestThePlatformIsAWS(t *testing.T) {
	expect(t, "cloud", eks.Platform{}.Cloud(), "aws")
}

func TestEveryResourceIsTheClustersWithAProviderOfItsOwn(t *testing.T) {
	for tier, args := range tiers() {
		rec := deploy(t, args)
		component := one(t, rec, "plinth:platform:Eks::cluster")
		expect(t, "the component is complete", component.OutputsRegistered, true)
		for _, r := range rec.Resources {
			if !r.Custom {
				continue
			}
			provider := strings.HasPrefix(string(r.Type), "pulumi:providers:")
			if r.Parent != component.URN || !strings.HasPrefix(r.Name, "cluster-") || (r.Provider == "" && !provider) {
				t.Errorf("%s: %s: parent %s, provider %q", tier, r.Label(), r.Parent, r.Provider)
			}
		}
	}
}

func TestNothingIsLookedUp(t *testing.T) {
	// A recording refuses whatever asks a provider (no function answers it), and resources that are read show up.
	for tier, args := range tiers() {
		for _, r := range used(t, args).Resources {
			if r.Read {
				t.Errorf("%s: %s is read", tier, r.Label())
			}
		}
	}
}

func TestEverythingCarriesTheTagsOfTheStack(t *testing.T) {
	rec := deploy(t, prod())
	expect(t, "the provider's", value(one(t, rec, "cluster-aws"), "defaultTags", "tags"), prod().Tags)
	specifications := value(one(t, rec, "LaunchTemplate::cluster-nodes-main"), "tagSpecifications").([]any)
	var kinds []string
	for _, one := range specifications {
		specification := one.(map[string]any)
		kinds = append(kinds, specification["resourceType"].(string))
		expect(t, "machines' tags", specification["tags"],
			"map[Name:shop-prod_2-nodes-main plinth-project:shop plinth-stack:prod]")
	}
	expectEach(t, "kinds", kinds, []string{"instance", "network-interface", "volume"})
	expect(t, "volumes' tags", value(one(t, rec, "cluster-aws-ebs-csi-driver"), "configurationValues"),
		`{"controller":{"extraVolumeTags":{"plinth-project":"shop","plinth-stack":"prod"}},"defaultStorageClass":{"enabled":false}}`)
}

func TestAddonsAreOfTheVersionsThatArePinned(t *testing.T) {
	for minor, want := range map[string][]string{
		"1.34": {"coredns v1.12.4-eksbuild.29", "kube-proxy v1.34.6-eksbuild.21"},
		"1.35": {"coredns v1.13.2-eksbuild.21", "kube-proxy v1.35.3-eksbuild.21"},
	} {
		args := staging()
		args.Version = minor
		rec := deploy(t, args)
		got := map[string]bool{}
		for _, r := range rec.All(addon) {
			got[fmt.Sprint(value(r, "addonName"), " ", value(r, "addonVersion"))] = true
			expect(t, r.Name, value(r, "resolveConflictsOnCreate"), "OVERWRITE")
			expect(t, r.Name, value(r, "resolveConflictsOnUpdate"), "OVERWRITE")
			expect(t, r.Name+" is of", value(r, "clusterName"), "shop-staging")
		}
		want = append(want, "amazon-cloudwatch-observability v5.3.0-eksbuild.1", "aws-ebs-csi-driver v1.63.1-eksbuild.1",
			"eks-pod-identity-agent v1.3.10-eksbuild.3", "metrics-server v0.9.0-eksbuild.5", "vpc-cni v1.22.4-eksbuild.3")
		slices.Sort(want)
		expectEach(t, minor, slices.Sorted(maps.Keys(got)), want)
		expect(t, "the control plane's version", value(one(t, rec, "cluster-cluster"), "version"), minor)
		group := one(t, rec, "NodeGroup::cluster-nodes-main")
		expect(t, "the nodes' version", value(group, "version"), minor)
		if release := value(group, "releaseVersion").(string); !strings.HasPrefix(release, minor+".") {
			t.Errorf("nodes of %s have the image %s", minor, release)
		}
	}
	args := dev()
	args.Version = "1.29"
	refused(t, args, `cluster.version: no versions of addons are pinned for Kubernetes "1.29", want 1.34 or 1.35`)
}

func TestTheClusterBringsNoAddonsOfItsOwnAndStaysInStandardSupport(t *testing.T) {
	control := one(t, deploy(t, prod()), "cluster-cluster")
	expect(t, "addons of its own", value(control, "bootstrapSelfManagedAddons"), false)
	expect(t, "support", value(control, "upgradePolicy", "supportType"), "STANDARD")
	expect(t, "zonal shift", value(control, "zonalShiftConfig", "enabled"), true)
	expect(t, "Services", value(control, "kubernetesNetworkConfig"), "map[ipFamily:ipv4 serviceIpv4Cidr:10.8.0.0/20]")
	expectEach(t, "what is never compared", control.IgnoreChanges,
		[]string{"accessConfig.bootstrapClusterCreatorAdminPermissions"})
	args := prod()
	args.Network.Services = ""
	expect(t, "Services left to EKS", value(one(t, deploy(t, args), "cluster-cluster"), "kubernetesNetworkConfig"), nil)
}

func TestMachinesNeedTokensForTheirMetadataAndHaveEncryptedDisks(t *testing.T) {
	template := one(t, deploy(t, prod()), "LaunchTemplate::cluster-nodes-batch")
	expect(t, "metadata", value(template, "metadataOptions"), "map[httpEndpoint:enabled httpPutResponseHopLimit:1 httpTokens:required]")
	expect(t, "disks", value(template, "blockDeviceMappings"), "[map[deviceName:/dev/xvda ebs:map[deleteOnTermination:true "+
		"encrypted:true kmsKeyId:arn:aws:kms:eu-central-1:123456789012:cluster-key volumeSize:80 volumeType:gp3]]]")
	expect(t, "user data", value(template, "userData"), nil)
	expect(t, "SSH keys", value(template, "keyName"), nil)
}

func TestGroupsOfNodesAreAsDeclared(t *testing.T) {
	rec := deploy(t, prod())
	main, batch := one(t, rec, "NodeGroup::cluster-nodes-main"), one(t, rec, "NodeGroup::cluster-nodes-batch")
	expect(t, "machines", value(main, "instanceTypes"), "[m6i.2xlarge]")
	expect(t, "capacity", value(main, "capacityType"), "ON_DEMAND")
	expect(t, "image", value(main, "amiType"), "AL2023_x86_64_STANDARD")
	expect(t, "size", value(main, "scalingConfig"), "map[desiredSize:3 maxSize:9 minSize:3]")
	expect(t, "taints", value(main, "taints"), nil)
	expect(t, "a name of its own", value(main, "nodeGroupName"), nil)
	expect(t, "repair", value(main, "nodeRepairConfig", "enabled"), true)
	expect(t, "template", value(main, "launchTemplate"), "map[id:id-of-cluster-nodes-main version:7]")
	expect(t, "machines", value(batch, "instanceTypes"), "[m7g.xlarge]")
	expect(t, "capacity", value(batch, "capacityType"), "SPOT")
	expect(t, "image", value(batch, "amiType"), "AL2023_ARM_64_STANDARD")
	expect(t, "labels", value(batch, "labels"), "map[for:batch]")
	expect(t, "taints", value(batch, "taints"),
		"[map[effect:NO_SCHEDULE key:batch value:only] map[effect:PREFER_NO_SCHEDULE key:spare]]")
	expect(t, "spare machines of a size", value(one(t, deploy(t, dev()), "NodeGroup::cluster-nodes-main"), "instanceTypes"),
		"[m6i.large m6a.large m5.large m5a.large]")
}

func TestTheNumberOfNodesIsTheAutoscalersWhereThereIsARange(t *testing.T) {
	rec := deploy(t, prod())
	expectEach(t, "from 3 to 9", one(t, rec, "NodeGroup::cluster-nodes-main").IgnoreChanges, []string{"scalingConfig.desiredSize"})
	expectEach(t, "2 and no other", one(t, rec, "NodeGroup::cluster-nodes-batch").IgnoreChanges, nil)
}

func TestNodesThatCannotBeAreRefusedTogether(t *testing.T) {
	args := dev()
	args.Nodes["a"] = platform.Nodes{Size: "huge", Taints: []platform.Taint{{Key: "x", Effect: "Never"}}}
	args.Nodes["b"] = platform.Nodes{Size: platform.Small, Taints: []platform.Taint{{Key: "y"}}}
	refused(t, args, "building the nodes of shop-dev: "+
		"nodes a: size \"huge\": want small, medium or large\n"+
		"nodes a: taint x: effect \"Never\": want NoSchedule, PreferNoSchedule or NoExecute\n"+
		"nodes b: taint y: effect \"\": want NoSchedule, PreferNoSchedule or NoExecute")
}

func TestAWSsOwnProcessorsGetTheirImage(t *testing.T) {
	for machine, want := range map[string]bool{
		"m7g.large": true, "t4g.medium": true, "c7gn.xlarge": true, "r6gd.large": true, "a1.large": true, "im4gn.large": true,
		"x2gd.large": true, "g5g.xlarge": true, "m8gb.large": true,
		"m6i.large": false, "g5.xlarge": false, "g6e.xlarge": false, "m5.large": false, "p4d.24xlarge": false, "gr6.4xlarge": false,
		"c5a.large": false, "i3en.large": false,
	} {
		expect(t, machine, eks.Image(machine) == "AL2023_ARM_64_STANDARD", want)
	}
}

func TestTheKubeconfigAsksTheAWSCommandLineAndIsSecret(t *testing.T) {
	rec, err := attempt(t, prod(), func(ctx *pulumi.Context, made platform.Cluster) error {
		ctx.Export("kubeconfig", made.Kubeconfig())
		expect(t, "storage class", made.StorageClass(), "gp3")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	output := rec.Outputs["kubeconfig"]
	expect(t, "secret", output.IsSecret() || output.IsOutput() && output.OutputValue().Secret, true)
	provider := one(t, rec, "cluster-kubernetes")
	expect(t, "the provider's", value(provider, "kubeconfig"), bare(output).StringValue())
	expect(t, "identifier", value(provider, "clusterIdentifier"), "shop/prod/aws-2")
	expect(t, "applied by the server", value(provider, "enableServerSideApply"), true)
	expect(t, "Secrets that change", value(provider, "enableSecretMutable"), true)

	var config struct {
		Current  string `json:"current-context"`
		Clusters []struct{ Cluster map[string]string }
		Users    []struct {
			User struct {
				Exec struct {
					Command string
					Args    []string
					Env     []any
				}
				Token string
			}
		}
	}
	if err := json.Unmarshal([]byte(bare(output).StringValue()), &config); err != nil {
		t.Fatal(err)
	}
	expect(t, "context", config.Current, "shop-prod_2")
	expect(t, "cluster", config.Clusters[0].Cluster, "map[certificate-authority-data:QQ== server:https://cluster.example.com]")
	user := config.Users[0].User
	expect(t, "token", user.Token, "")
	expect(t, "command", user.Exec.Command, "aws")
	expect(t, "arguments", user.Exec.Args, "[eks get-token --cluster-name shop-prod_2 --region eu-central-1 --output json]")
	expect(t, "environment", len(user.Exec.Env), 0)
}

// The identifier is what keeps everything in the cluster from being replaced when the kubeconfig becomes known.
func TestTheIdentifierIsKnownBeforeThereIsACluster(t *testing.T) {
	rec, err := record.Run(t.Context(), record.Options{Project: "shop", Stack: "test"}, func(ctx *pulumi.Context) error {
		_, err := eks.Platform{}.New(ctx, "cluster", prod())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	provider := one(t, rec, "cluster-kubernetes")
	identifier := provider.Inputs["clusterIdentifier"]
	expect(t, "identifier", identifier, resource.NewProperty("shop/prod/aws-2"))
	if !provider.Inputs["kubeconfig"].ContainsUnknowns() {
		t.Error("the kubeconfig is known before there is a cluster: this shows nothing")
	}
}

func TestTheStorageClassIsEncryptedGrowsAndIsTheDefault(t *testing.T) {
	class := one(t, deploy(t, prod()), "cluster-storage-class")
	expect(t, "name", value(class, "metadata", "name"), "gp3")
	expect(t, "default", value(class, "metadata", "annotations"), "map[storageclass.kubernetes.io/is-default-class:true]")
	expect(t, "driver", value(class, "provisioner"), "ebs.csi.aws.com")
	expect(t, "parameters", value(class, "parameters"),
		"map[encrypted:true kmsKeyId:arn:aws:kms:eu-central-1:123456789012:cluster-key type:gp3]")
	expect(t, "grows", value(class, "allowVolumeExpansion"), true)
	expect(t, "binding", value(class, "volumeBindingMode"), "WaitForFirstConsumer")
	expect(t, "replaced by deleting first", class.DeleteBeforeReplace != nil && *class.DeleteBeforeReplace, true)
}

func TestARepositoryIsFoundByItsName(t *testing.T) {
	rec, err := attempt(t, prod(), func(ctx *pulumi.Context, made platform.Cluster) error {
		address, err := made.Repository("api")
		ctx.Export("api", address)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "address", bare(rec.Outputs["api"]).StringValue(), "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop-prod/api")
	_, err = attempt(t, prod(), func(_ *pulumi.Context, made platform.Cluster) error {
		_, err := made.Repository("shop")
		return err
	})
	if err == nil || !strings.Contains(err.Error(),
		`image repository "shop": the platform made none of that name: list it in cluster.repositories`) {
		t.Errorf("got the error %v", err)
	}
}

func TestContainerLogsGoToGroupsOfOurs(t *testing.T) {
	rec := deploy(t, prod())
	for _, kind := range []string{"application", "dataplane", "host", "performance"} {
		expect(t, kind, value(one(t, rec, "cluster-"+kind+"-logs"), "name"), "/aws/containerinsights/shop-prod_2/"+kind)
	}
	expect(t, "settings", value(one(t, rec, "cluster-amazon-cloudwatch-observability"), "configurationValues"),
		`{"containerLogs":{"enabled":true},"manager":{"applicationSignals":{"autoMonitor":{"monitorAllServices":false}}}}`)
	expect(t, "flow logs' name", value(one(t, rec, "LogGroup::cluster-flow-logs"), "name"), nil)
}

// Each registration that fails ends the program with an error that says what was being made.
func TestARegistrationThatFailsIsReported(t *testing.T) {
	var types []string
	for _, r := range used(t, private()).Resources {
		if r.Custom && !slices.Contains(types, string(r.Type)) && r.Type.Package() != "kubernetes" {
			types = append(types, string(r.Type))
		}
	}
	for _, r := range used(t, prod()).Resources {
		if r.Custom && !slices.Contains(types, string(r.Type)) && r.Type.Package() != "kubernetes" {
			types = append(types, string(r.Type))
		}
	}
	expect(t, "types", len(types) >= 24, true)
	for _, typ := range types {
		args := prod()
		if strings.HasSuffix(typ, ":SecurityGroup") {
			args = private()
		}
		opts := record.Options{Project: "shop", Stack: "test", Outputs: outputs, Fail: func(r *record.Resource) error {
			if string(r.Type) == typ {
				return fmt.Errorf("no %s today", typ)
			}
			return nil
		}}
		_, err := record.Run(t.Context(), opts, func(ctx *pulumi.Context) error {
			made, err := eks.Platform{}.New(ctx, "cluster", args)
			if err != nil {
				return err
			}
			return identify(ctx, made)
		})
		if err == nil || !strings.Contains(err.Error(), "no "+typ+" today") {
			t.Errorf("%s: got the error %v", typ, err)
		}
	}
}
