package eks_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/apparentlymart/go-cidr/cidr"
	"pgregory.net/rapid"

	"plinth/components/platform"
	"plinth/components/platform/eks"
	"plinth/internal/record"
)

func TestSubnetsFitAndDoNotOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ones := rapid.IntRange(16, 20).Draw(t, "ones")
		bytes := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address")
		whole := &net.IPNet{IP: net.IP(bytes).Mask(net.CIDRMask(ones, 32)), Mask: net.CIDRMask(ones, 32)}
		zones := rapid.IntRange(2, 3).Draw(t, "zones")
		cut, err := eks.Cut(whole.String(), zones)
		if err != nil {
			t.Fatal(err)
		}
		var all []*net.IPNet
		for _, zone := range cut {
			all = append(all, zone.Public, zone.Private, zone.Database)
			// Five addresses of every subnet are AWS's own: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html.
			if free := cidr.AddressCount(zone.Private) - 5; free < 1019 {
				t.Errorf("private subnet %s has %d addresses", zone.Private, free)
			}
			// A load balancer asks for a /27 with eight free ones:
			// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html.
			if size, _ := zone.Public.Mask.Size(); size > 27 {
				t.Errorf("public subnet %s is smaller than a /27", zone.Public)
			}
		}
		if len(all) != 3*zones {
			t.Fatalf("got %d subnets for %d zones", len(all), zones)
		}
		if err := cidr.VerifyNoOverlap(all, whole); err != nil {
			t.Errorf("%s over %d zones: %v", whole, zones, err)
		}
	})
}

func TestAThirdZoneMovesNoSubnetOfTheOthers(t *testing.T) {
	two, err := eks.Cut("10.0.0.0/16", 2)
	if err != nil {
		t.Fatal(err)
	}
	three, err := eks.Cut("10.0.0.0/16", 3)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "the first two zones", fmt.Sprint(three[:2]), fmt.Sprint(two))
}

func TestANetworkThatCannotBeCutIsRefusedBeforeAnythingIsRegistered(t *testing.T) {
	for block, want := range map[string]string{
		"10.0.0.0/15":   "range 10.0.0.0/15: must be IPv4 and from /16 to /20",
		"10.0.0.0/21":   "range 10.0.0.0/21: must be IPv4 and from /16 to /20",
		"10.0.1.0/16":   "range 10.0.1.0/16: has bits set after its prefix, want 10.0.0.0/16",
		"fd00::/16":     "range fd00::/16: must be IPv4 and from /16 to /20",
		"10.0.0.0":      "invalid CIDR address: 10.0.0.0",
		"10.0.0.0/16/2": "invalid CIDR address: 10.0.0.0/16/2",
	} {
		args := dev()
		args.Network.CIDR = block
		refused(t, args, "cutting the network of shop-dev: "+want)
	}
	args := dev()
	args.Location.Zones = args.Location.Zones[:1]
	refused(t, args, "cutting the network of shop-dev: 1 zones: want 2 or 3")
}

// refused expects an error, and nothing registered but the stack.
func refused(t *testing.T, args *platform.Args, want string) {
	t.Helper()
	rec, err := attempt(t, args, nil)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got the error %v, want %q", err, want)
		return
	}
	if len(rec.Resources) > 1 {
		t.Errorf("%q: %d resources are registered already", want, len(rec.Resources)-1)
	}
}

func TestEveryZoneHasItsSubnetsAndNoneGivesOutPublicAddresses(t *testing.T) {
	rec := deploy(t, prod())
	var got []string
	for _, r := range rec.All("aws:ec2/subnet:Subnet") {
		got = append(got, fmt.Sprint(r.Name, " ", value(r, "availabilityZone"), " ", value(r, "cidrBlock")))
		expect(t, r.Name+" gives out public addresses", value(r, "mapPublicIpOnLaunch"), false)
	}
	slices.Sort(got)
	expectLines(t, "subnets", strings.Join(got, "\n"),
		"cluster-database-eu-central-1a eu-central-1a 10.0.224.0/21",
		"cluster-database-eu-central-1b eu-central-1b 10.0.232.0/21",
		"cluster-database-eu-central-1c eu-central-1c 10.0.240.0/21",
		"cluster-private-eu-central-1a eu-central-1a 10.0.0.0/18",
		"cluster-private-eu-central-1b eu-central-1b 10.0.64.0/18",
		"cluster-private-eu-central-1c eu-central-1c 10.0.128.0/18",
		"cluster-public-eu-central-1a eu-central-1a 10.0.192.0/21",
		"cluster-public-eu-central-1b eu-central-1b 10.0.200.0/21",
		"cluster-public-eu-central-1c eu-central-1c 10.0.208.0/21",
	)
}

func TestLoadBalancersFindTheirSubnetsByTags(t *testing.T) {
	rec := deploy(t, prod())
	for part, want := range map[string]string{
		"public":   "map[Name:shop-prod_2-public-eu-central-1a kubernetes.io/cluster/shop-prod_2:shared kubernetes.io/role/elb:1]",
		"private":  "map[Name:shop-prod_2-private-eu-central-1a kubernetes.io/cluster/shop-prod_2:shared kubernetes.io/role/internal-elb:1]",
		"database": "map[Name:shop-prod_2-database-eu-central-1a]",
	} {
		expect(t, part, value(one(t, rec, "cluster-"+part+"-eu-central-1a"), "tags"), want)
	}
}

// ways are the routes, as TABLE -> TARGET.
func ways(rec *record.Recording) []string {
	var out []string
	for _, r := range rec.All("aws:ec2/route:Route") {
		target := value(r, "gatewayId")
		if target == nil {
			target = value(r, "natGatewayId")
		}
		out = append(out, fmt.Sprint(value(r, "routeTableId"), " -> ", target))
	}
	slices.Sort(out)
	return out
}

func TestNATIsNoneOneOrOneForEachZone(t *testing.T) {
	const public = "id-of-cluster-public-routes -> id-of-cluster-internet"
	const table, nat = "id-of-cluster-private-eu-central-1", "-routes -> id-of-cluster-nat-eu-central-1"
	for kind, want := range map[platform.NAT][]string{
		platform.NATNone:    {public},
		platform.NATSingle:  {table + "a" + nat + "a", table + "b" + nat + "a", table + "c" + nat + "a", public},
		platform.NATPerZone: {table + "a" + nat + "a", table + "b" + nat + "b", table + "c" + nat + "c", public},
	} {
		args := staging()
		args.Network.NAT = kind
		expectEach(t, string(kind), ways(deploy(t, args)), want)
	}
	args := staging()
	args.Network.NAT = "twice"
	if _, err := attempt(t, args, nil); err == nil || !strings.Contains(err.Error(), `NAT "twice": want none, single or perZone`) {
		t.Errorf("got the error %v", err)
	}
}

func TestDatabasesReachNothingButS3(t *testing.T) {
	rec := deploy(t, prod())
	for _, way := range ways(rec) {
		if strings.Contains(way, "database") {
			t.Errorf("there is a route %s", way)
		}
	}
	expect(t, "S3's route tables", value(one(t, rec, "cluster-endpoint-s3"), "routeTableIds"),
		"[id-of-cluster-database-routes id-of-cluster-private-eu-central-1a-routes "+
			"id-of-cluster-private-eu-central-1b-routes id-of-cluster-private-eu-central-1c-routes]")
	for _, zone := range prod().Location.Zones {
		for part, table := range map[string]string{"public": "public", "database": "database", "private": "private-" + zone} {
			name := "cluster-" + part + "-" + zone + "-association"
			association := one(t, rec, name)
			expect(t, name, value(association, "routeTableId"), "id-of-cluster-"+table+"-routes")
			expect(t, name, value(association, "subnetId"), "id-of-cluster-"+part+"-"+zone)
		}
	}
}

func TestWhereNothingLeadsOutEveryServiceOfAWSHasAnEndpoint(t *testing.T) {
	for tier, args := range tiers() {
		var got []string
		for _, r := range deploy(t, args).All("aws:ec2/vpcEndpoint:VpcEndpoint") {
			got = append(got, fmt.Sprint(value(r, "vpcEndpointType"), " ", value(r, "serviceName"), " ", value(r, "privateDnsEnabled")))
		}
		slices.Sort(got)
		want := []string{"Gateway com.amazonaws.eu-central-1.s3 <nil>"}
		if tier == "private" {
			for _, name := range []string{"ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing", "logs", "sts"} {
				want = append(want, "Interface com.amazonaws.eu-central-1."+name+" true")
			}
		}
		expectEach(t, tier, got, want)
	}
	group := one(t, deploy(t, private()), "cluster-endpoints")
	expect(t, "who may come in", value(group, "ingress"),
		"[map[cidrBlocks:[10.0.0.0/16] description:HTTPS from the network fromPort:443 protocol:tcp toPort:443]]")
	expect(t, "who may go out", value(group, "egress"), nil)
}

func TestTheDefaultSecurityGroupLetsNothingThrough(t *testing.T) {
	group := one(t, deploy(t, dev()), "cluster-default-group")
	expect(t, "the network", value(group, "vpcId"), "id-of-cluster-vpc")
	expect(t, "in", value(group, "ingress"), nil)
	expect(t, "out", value(group, "egress"), nil)
}

func TestFlowLogsRecordEverythingWhereTheyAreOn(t *testing.T) {
	log := one(t, deploy(t, dev()), "cluster-flow-log")
	expect(t, "traffic", value(log, "trafficType"), "ALL")
	expect(t, "network", value(log, "vpcId"), "id-of-cluster-vpc")
	expect(t, "destination", value(log, "logDestination"), "arn:aws:cloudwatch:eu-central-1:123456789012:cluster-flow-logs")
	args := dev()
	args.Network.FlowLogs = false
	for _, r := range deploy(t, args).Resources {
		if strings.Contains(r.Name, "flow-log") {
			t.Errorf("there is %s", r.Label())
		}
	}
}

func TestSecurityGroupsSayWhatTheyAreForAndLetInNobodyFromOutside(t *testing.T) {
	seen := 0
	for tier, args := range tiers() {
		for _, group := range deploy(t, args).All("aws:ec2/securityGroup:SecurityGroup") {
			seen++
			if value(group, "description") == nil {
				t.Errorf("%s: %s has no description", tier, group.Name)
			}
			for _, direction := range []string{"ingress", "egress"} {
				rules, _ := value(group, direction).([]any)
				for i, rule := range rules {
					if said := fmt.Sprint(rule); !strings.Contains(said, "description:") || strings.Contains(said, "0.0.0.0/0") {
						t.Errorf("%s: %s %s %d: got %s, want a description and no range of the whole world",
							tier, group.Name, direction, i, said)
					}
				}
			}
		}
	}
	if seen == 0 {
		t.Error("there is no security group")
	}
}
