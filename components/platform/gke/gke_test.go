package gke_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/gke"
	"plinth/internal/record"
)

func TestItIsThePlatformOfGoogleCloud(t *testing.T) {
	expect(t, "cloud", gke.Platform{}.Cloud(), "gcp")
}

func TestEverythingIsInTheProjectOfTheConfiguration(t *testing.T) {
	for _, on := range everyTier(t) {
		t.Run(on.name, func(t *testing.T) {
			args, rec := on.args, on.rec
			provider := one(t, rec, "cluster-gcp")
			stack := `"` + args.Tags["plinth-stack"] + `"`
			// A provider's properties travel as text.
			expect(t, "project", plain(provider.Inputs)["project"].StringValue(), project)
			expect(t, "region", plain(provider.Inputs)["region"].StringValue(), "europe-west4")
			labels := `{"plinth-project":"shop","plinth-stack":` + stack + `}`
			expect(t, "labels", strings.ReplaceAll(at(provider, "defaultLabels"), `\"`, `"`), labels)
			// These take no labels from the provider.
			holds(t, one(t, rec, "cluster-cluster"), map[string]string{
				"resourceLabels": labels, "nodeConfig.resourceLabels": labels,
			})
			for _, pool := range rec.All(poolType) {
				holds(t, pool, map[string]string{"nodeConfig.resourceLabels": labels})
			}
			holds(t, one(t, rec, "cluster-storage-class"), map[string]string{
				"parameters.labels": `"plinth-project=shop,plinth-stack=` + strings.Trim(stack, `"`) + `"`,
			})
			for _, r := range rec.Resources {
				if r.Type.Package() == "gcp" && r.ProviderURN() != provider.URN {
					t.Errorf("%s: provider %q", r.Label(), r.Provider)
				}
			}
		})
	}
}

func TestTheControlPlaneIsWhatTheConfigurationSays(t *testing.T) {
	for tier, want := range map[string]map[string]string{
		"dev": {
			"name": `"shop-dev"`, "minMasterVersion": `"1.34"`, "nodeLocations": `["europe-west4-a","europe-west4-b"]`,
			"databaseEncryption": "", "privateClusterConfig.enablePrivateEndpoint": "false",
			"masterAuthorizedNetworksConfig.cidrBlocks": `[{"cidrBlock":"10.0.0.0/20","displayName":"nodes of the environment"},` +
				`{"cidrBlock":"198.51.100.0/24","displayName":"cluster.endpoint.cidrs[0]"}]`,
		},
		"staging": {"name": `"shop-staging"`, "minMasterVersion": `"1.35"`},
		"prod": {
			"name": `"` + physical("shop-prod", 2) + `"`, "privateClusterConfig.enablePrivateEndpoint": "true",
			"masterAuthorizedNetworksConfig.cidrBlocks": `[{"cidrBlock":"10.0.0.0/16","displayName":"nodes of the environment"}]`,
		},
	} {
		holds(t, one(t, deploy(t, tiers()[tier]), "cluster-cluster"), want)
	}
	for _, on := range everyTier(t) {
		t.Run(on.name, func(t *testing.T) {
			rec := on.rec
			holds(t, one(t, rec, "cluster-cluster"), map[string]string{
				"location": `"europe-west4"`,
				"maintenancePolicy.dailyMaintenanceWindow.startTime":    `"03:00"`,
				"gatewayApiConfig.channel":                              `"CHANNEL_STANDARD"`,
				"addonsConfig.httpLoadBalancing.disabled":               "false",
				"addonsConfig.gcePersistentDiskCsiDriverConfig.enabled": "true",
				"addonsConfig.dnsCacheConfig.enabled":                   "false",
				"serviceExternalIpsConfig.enabled":                      "false",
				"privateClusterConfig.privateEndpointSubnetwork":        at(one(t, rec, "cluster-cluster"), "subnetwork"),
				"privateClusterConfig.masterGlobalAccessConfig.enabled": "false",
			})
		})
	}
}

// physical is the name of a cluster of a later generation.
func physical(environment string, generation int) string {
	args := prod()
	args.Environment, args.Generation = environment, generation
	return gke.Physical(args)
}

func TestTheDefaultPoolGoesWithoutATrace(t *testing.T) {
	for _, on := range everyTier(t) {
		t.Run(on.name, func(t *testing.T) {
			args, rec := on.args, on.rec
			r := one(t, rec, "cluster-cluster")
			holds(t, r, map[string]string{
				"removeDefaultNodePool": "true", "initialNodeCount": "1", "nodePools": "", "nodeVersion": "",
				"nodeConfig.diskType": `"pd-standard"`, "nodeConfig.diskSizeGb": "20",
				"nodeConfig.serviceAccount": `"` + args.Environment + "-nodes@" + project + `.iam.gserviceaccount.com"`,
			})
			expectAll(t, "ignored", r.IgnoreChanges, []string{"initialNodeCount", "nodeConfig", "nodeVersion"})
			expect(t, "deleted before it is replaced", *r.DeleteBeforeReplace, true)
		})
	}
}

func TestNodesAreWhatTheConfigurationSays(t *testing.T) {
	holds(t, one(t, deploy(t, dev()), "NodePool::cluster-main"), map[string]string{
		"autoscaling": `{"locationPolicy":"ANY","totalMaxNodeCount":3,"totalMinNodeCount":1}`, "initialNodeCount": "1",
		"nodeConfig.machineType": `"e2-standard-2"`, "nodeConfig.spot": "true", "nodeConfig.diskSizeGb": "50",
		"nodeConfig.diskType": `"pd-balanced"`, "nodeConfig.labels": "", "nodeConfig.taints": "",
		"nodeConfig.bootDiskKmsKey": "", "nodeLocations": `["europe-west4-a","europe-west4-b"]`,
	})
	rec := deploy(t, prod())
	holds(t, one(t, rec, "NodePool::cluster-main"), map[string]string{
		"autoscaling": `{"locationPolicy":"BALANCED","totalMaxNodeCount":9,"totalMinNodeCount":3}`, "initialNodeCount": "1",
		"nodeConfig.machineType": `"e2-standard-8"`, "nodeConfig.spot": "false",
		"upgradeSettings": `{"maxSurge":1,"maxUnavailable":0}`,
	})
	holds(t, one(t, rec, "NodePool::cluster-batch"), map[string]string{
		"autoscaling": `{"locationPolicy":"ANY","totalMaxNodeCount":2,"totalMinNodeCount":0}`, "initialNodeCount": "0",
		"nodeConfig.machineType": `"n2-standard-4"`, "nodeConfig.labels": `{"for":"batch"}`,
		// There are never nodes in the third zone.
		"nodeLocations": `["europe-west4-a","europe-west4-b"]`,
		"nodeConfig.taints": `[{"effect":"NO_SCHEDULE","key":"batch","value":"only"},` +
			`{"effect":"PREFER_NO_SCHEDULE","key":"spare","value":""}]`,
	})
	for _, pool := range rec.All(poolType) {
		expectAll(t, "ignored", pool.IgnoreChanges, []string{"initialNodeCount", "nodeCount"})
		// Pulumi names it, so that another can be there before it goes.
		holds(t, pool, map[string]string{"name": "", "version": ""})
		expect(t, "deleted before it is replaced", pool.DeleteBeforeReplace == nil, true)
	}
}

func TestGroupsBeginWithAtLeastTheirLeastAndAtMostTheirGreatestNumber(t *testing.T) {
	for _, c := range []struct{ least, most, zones, want int }{
		{0, 3, 3, 0},
		{1, 3, 3, 1},
		{3, 9, 3, 1},
		{4, 9, 3, 2},
		{4, 4, 3, 1},
		{2, 2, 2, 1},
		{1, 1, 1, 1},
	} {
		got := gke.PerZone(platform.Nodes{Min: c.least, Max: c.most}, c.zones)
		expect(t, fmt.Sprintf("%d to %d in %d zones", c.least, c.most, c.zones), got, c.want)
	}
}

func TestRangesAreThoseOfTheConfigurationAndDoNotOverlap(t *testing.T) {
	for _, on := range everyTier(t) {
		t.Run(on.name, func(t *testing.T) {
			args, rec := on.args, on.rec
			r := one(t, rec, "cluster-subnetwork")
			texts := []string{
				at(r, "ipCidrRange"), at(r, "secondaryIpRanges[0].ipCidrRange"), at(r, "secondaryIpRanges[1].ipCidrRange"),
			}
			expectAll(t, "ranges", texts, []string{
				`"` + args.Network.CIDR + `"`, `"` + args.Network.Pods + `"`, `"` + args.Network.Services + `"`,
			})
			for i, one := range texts {
				for _, other := range texts[:i] {
					a, b := netip.MustParsePrefix(strings.Trim(one, `"`)), netip.MustParsePrefix(strings.Trim(other, `"`))
					expect(t, one+" overlaps "+other, a.Overlaps(b), false)
				}
			}
			logs := map[bool]string{true: `"INTERVAL_5_SEC"`, false: ""}[args.Network.FlowLogs]
			holds(t, r, map[string]string{"logConfig.aggregationInterval": logs, "network": `"network/` + args.Environment + `"`})
			holds(t, one(t, rec, "cluster-network"), map[string]string{"autoCreateSubnetworks": "false"})
			refused := map[bool]string{true: `"INCLUDE_ALL_METADATA"`, false: ""}[args.Network.FlowLogs]
			holds(t, one(t, rec, "cluster-deny-ingress"), map[string]string{"logConfig.metadata": refused, "priority": "65534"})
		})
	}
}

func TestThereIsOneWayOutOrNone(t *testing.T) {
	for nat, want := range map[platform.NAT]int{platform.NATNone: 0, platform.NATSingle: 1, platform.NATPerZone: 1} {
		args := staging()
		args.Network.NAT = nat
		rec := deploy(t, args)
		expect(t, "routers with NAT "+string(nat), len(rec.All("gcp:compute/router:Router")), want)
		nats := rec.All("gcp:compute/routerNat:RouterNat")
		expect(t, "NATs with NAT "+string(nat), len(nats), want)
		for _, r := range nats {
			holds(t, r, map[string]string{
				"natIpAllocateOption": `"AUTO_ONLY"`, "sourceSubnetworkIpRangesToNat": `"LIST_OF_SUBNETWORKS"`,
				"subnetworks": `[{"name":"https://www.googleapis.com/compute/v1/subnetwork/shop-staging-nodes",` +
					`"sourceIpRangesToNats":["ALL_IP_RANGES"]}]`,
				"enableDynamicPortAllocation": "true", "router": `"shop-staging-router"`,
			})
		}
	}
}

func TestOnlyGooglesServicesMayUseTheKey(t *testing.T) {
	for _, on := range everyTier(t) {
		t.Run(on.name, func(t *testing.T) {
			args, rec := on.args, on.rec
			var got, want []string
			for _, r := range rec.All(useKeyType) {
				got = append(got, at(r, "member"))
			}
			if args.EncryptWithOwnKey {
				want = []string{
					`"serviceAccount:cmek-p` + number + `@gcp-sa-logging.iam.gserviceaccount.com"`,
					`"serviceAccount:service-` + number + `@compute-system.iam.gserviceaccount.com"`,
					`"serviceAccount:service-` + number + `@container-engine-robot.iam.gserviceaccount.com"`,
				}
				if len(args.Repositories) > 0 {
					want = append(want, `"serviceAccount:service-`+number+`@gcp-sa-artifactregistry.iam.gserviceaccount.com"`)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			expectAll(t, "members", got, want)
		})
	}
}

// Names that Google keeps after they are deleted end in what is never there twice, and do not change with it.
func TestNamesThatStayTakenAreNotUsedAgain(t *testing.T) {
	rec := deploy(t, prod())
	for name, property := range map[string]string{"cluster-key-ring": "name", "cluster-logs": "bucketId"} {
		r := one(t, rec, name)
		holds(t, r, map[string]string{property: `"shop-prod-103456789012345678901"`})
		expectAll(t, name+" ignores", r.IgnoreChanges, []string{property})
	}
}

func TestLogsAreKeptAsLongAsTheConfigurationSays(t *testing.T) {
	for _, on := range everyTier(t) {
		t.Run(on.name, func(t *testing.T) {
			args, rec := on.args, on.rec
			key := ""
			if args.EncryptWithOwnKey {
				key = `"cryptokey/` + args.Environment + `"`
			}
			holds(t, one(t, rec, "cluster-logs"), map[string]string{
				"retentionDays": fmt.Sprint(args.LogRetention), "location": `"europe-west4"`, "cmekSettings.kmsKeyName": key,
			})
			filter := `"(resource.labels.cluster_name=\"` + gke.Physical(args) + `\" AND resource.labels.location=\"europe-west4\") OR ` +
				`(resource.type=\"gce_subnetwork\" AND resource.labels.subnetwork_name=\"` + args.Environment + `-nodes\")"`
			holds(t, one(t, rec, "cluster-logs-sink"), map[string]string{
				"destination": `"logging.googleapis.com/projectbucketconfig/` + args.Environment + `-103456789012345678901"`,
				"filter":      filter,
			})
		})
	}
}

func TestRepositoriesHaveAddresses(t *testing.T) {
	var address, secret string
	var missing error
	rec, err := attempt(t, prod(), func(ctx *pulumi.Context, made platform.Cluster) error {
		for name, exported := range map[string]string{"api": "first", "web": "second"} {
			of, err := made.Repository(name)
			if err != nil {
				return err
			}
			ctx.Export(exported, of)
		}
		_, missing = made.Repository("other")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	address, secret = rec.Outputs["first"].StringValue(), rec.Outputs["second"].StringValue()
	expect(t, "address", address, "europe-west4-docker.pkg.dev/"+project+"/shop-prod/api")
	expect(t, "address", secret, "europe-west4-docker.pkg.dev/"+project+"/shop-prod/web")
	if missing == nil || !strings.Contains(missing.Error(), `"other"`) {
		t.Errorf("error: got %v, want one that names it", missing)
	}
	holds(t, one(t, rec, "cluster-repository"), map[string]string{
		"repositoryId": `"shop-prod"`, "format": `"DOCKER"`, "kmsKeyName": `"cryptokey/shop-prod"`,
	})
	expect(t, "repositories of a cluster without", len(deploy(t, private()).All(
		"gcp:artifactregistry/repository:Repository")), 0)
}

func TestAdministratorsAdministerThisClusterAlone(t *testing.T) {
	rec := deploy(t, prod())
	_, admins := split(rec.All(memberType), "cluster-nodes-role")
	var members []string
	for _, r := range admins {
		members = append(members, at(r, "member"))
		cluster := "projects/" + project + "/locations/europe-west4/clusters/" + gke.Physical(prod())
		holds(t, r, map[string]string{
			"role": `"roles/container.admin"`, "project": `"` + project + `"`,
			"condition.expression": `"resource.name == \"` + cluster + `\" || resource.name.startsWith(\"` + cluster + `/\")"`,
		})
	}
	slices.Sort(members)
	expectAll(t, "members", members, []string{`"group:ops@example.com"`, `"user:eve@example.com"`})
}

func TestTheKubeconfigIsSecretAndHoldsNoCredentials(t *testing.T) {
	for _, on := range everyTier(t) {
		t.Run(on.name, func(t *testing.T) {
			args := on.args
			rec, err := attempt(t, args, func(ctx *pulumi.Context, made platform.Cluster) error {
				ctx.Export("kubeconfig", made.Kubeconfig())
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if !rec.Outputs["kubeconfig"].IsSecret() {
				t.Fatal("the kubeconfig is not secret")
			}
			text := rec.Outputs["kubeconfig"].SecretValue().Element.StringValue()
			for _, want := range []string{
				`"server":"https://10.0.0.2"`, `"certificate-authority-data":"Y2VydGlmaWNhdGU="`,
				`"command":"gke-gcloud-auth-plugin"`, `"apiVersion":"client.authentication.k8s.io/v1beta1"`,
				`"provideClusterInfo":true`,
			} {
				if !strings.Contains(text, want) {
					t.Errorf("got %s, want %s in it", text, want)
				}
			}
			if strings.Contains(text, "token") {
				t.Errorf("there is a token in %s", text)
			}
		})
	}
}

// The identifier is plain text that a preview knows, else every object in the cluster would be replaced.
func TestTheKubernetesProviderGoesByItsIdentifier(t *testing.T) {
	args := dev()
	opts := record.Options{Project: "shop", Stack: "test"}
	rec, err := record.Run(t.Context(), opts, func(ctx *pulumi.Context) error {
		_, err := gke.New(ctx, "cluster", args)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r := one(t, rec, "cluster-kubernetes")
	expect(t, "identifier", r.Inputs["clusterIdentifier"].StringValue(), args.Identifier)
	if !r.Inputs["kubeconfig"].ContainsUnknowns() || !r.Inputs["kubeconfig"].ContainsSecrets() {
		t.Errorf("kubeconfig: got %v, want a secret that is not known yet", r.Inputs["kubeconfig"])
	}
	holds(t, r, map[string]string{"enableServerSideApply": "true", "enableSecretMutable": "true"})
}

func TestTheStorageClassIsOurOwn(t *testing.T) {
	for _, on := range everyTier(t) {
		t.Run(on.name, func(t *testing.T) {
			args, rec := on.args, on.rec
			r := one(t, rec, "cluster-storage-class")
			key := ""
			if args.EncryptWithOwnKey {
				key = `"cryptokey/` + args.Environment + `"`
			}
			holds(t, r, map[string]string{
				"metadata.name": `"plinth"`, "volumeBindingMode": `"WaitForFirstConsumer"`, "allowVolumeExpansion": "true",
				`metadata.annotations["storageclass.kubernetes.io/is-default-class"]`: `"true"`,
				"parameters.type": `"pd-balanced"`, `parameters["disk-encryption-kms-key"]`: key,
			})
			expect(t, "deleted before it is replaced", *r.DeleteBeforeReplace, true)
		})
	}
}

func TestWhatFailsSaysWhatWasMade(t *testing.T) {
	seen := map[string]bool{}
	rec := deploy(t, prod())
	for _, r := range rec.Ordered() {
		if seen[string(r.Type)] || !r.Custom {
			continue
		}
		seen[string(r.Type)] = true
		opts := record.Options{Project: "shop", Stack: "test", Outputs: outputs, Invoke: invoke}
		opts.Fail = func(of *record.Resource) error {
			if of.Type == r.Type {
				return errors.New("refused")
			}
			return nil
		}
		_, err := record.Run(t.Context(), opts, func(ctx *pulumi.Context) error {
			_, err := gke.New(ctx, "cluster", prod())
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%s: got %v, want the refusal", r.Type, err)
		}
	}
	if len(seen) < 15 {
		t.Errorf("there are %d types only", len(seen))
	}
}

func TestEverythingIsDoneWhenTheComponentSaysSo(t *testing.T) {
	r := one(t, deploy(t, dev()), "plinth:platform:Gke::cluster")
	expect(t, "outputs are registered", r.OutputsRegistered, true)
	expect(t, "identifier", r.Outputs["identifier"], resource.NewProperty("shop/dev/gcp-1"))
}
