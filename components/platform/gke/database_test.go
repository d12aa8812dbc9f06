package gke_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/gke"
	"plinth/internal/record"
)

const serverType = "gcp:sql/databaseInstance:DatabaseInstance"

// served records a cluster with the database orders, and returns what that offers.
func served(
	t *testing.T, args *platform.Args, change func(*platform.DatabaseArgs),
) (*record.Recording, *platform.Database) {
	t.Helper()
	args.Databases, args.Network.Endpoints = true, "10.8.16.0/24"
	asked := &platform.DatabaseArgs{
		Called: "orders", Engine: platform.DatabasePostgres, Version: "17", Size: platform.Medium, Storage: 50, Backups: 30,
		Password: pulumi.ToSecret(pulumi.String("a word")).(pulumi.StringOutput),
	}
	change(asked)
	var made *platform.Database
	rec, err := attempt(t, args, func(ctx *pulumi.Context, c platform.Cluster) (err error) {
		made, err = c.Database(ctx, "orders-server", asked)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec, made
}

func nothing(*platform.DatabaseArgs) {}

// safe is what a database of prod is asked for.
func safe(d *platform.DatabaseArgs) {
	d.Protect, d.Retain, d.MultiZone, d.Replicas = true, true, true, 2
}

// flagLines are NAME=VALUE of a server.
func flagLines(r *record.Resource) (lines []string) {
	for _, one := range plain(r.Inputs)["settings"].ObjectValue()["databaseFlags"].ArrayValue() {
		flag := one.ObjectValue()
		lines = append(lines, flag["name"].StringValue()+"="+flag["value"].StringValue())
	}
	return lines
}

func TestADatabaseHasNoPublicAddressAndWantsEncryptedConnections(t *testing.T) {
	for tier, args := range tiers() {
		t.Run(tier, func(t *testing.T) {
			rec, made := served(t, args, func(d *platform.DatabaseArgs) { d.Replicas = 1 })
			for _, r := range rec.All(serverType) {
				holds(t, r, map[string]string{
					"settings.ipConfiguration": `{"ipv4Enabled":false,"pscConfigs":[{"allowedConsumerProjects":["shop-project"],` +
						`"pscEnabled":true}],"serverCaMode":"GOOGLE_MANAGED_INTERNAL_CA","sslMode":"ENCRYPTED_ONLY"}`,
					"settings.tier": `"db-custom-4-16384"`, "settings.diskAutoresize": "true", "settings.diskAutoresizeLimit": "200",
					"settings.userLabels": at(rec.All(clusterType)[0], "resourceLabels"), "region": `"europe-west4"`,
				})
				if !slices.Contains(r.IgnoreChanges, "settings.diskSize") {
					t.Errorf("%s: a disk that has grown would be made anew", r.Label())
				}
			}
			primary := one(t, rec, "orders-server-primary")
			expect(t, "own key", at(primary, "encryptionKeyName") != "", args.EncryptWithOwnKey)
			if args.EncryptWithOwnKey {
				for _, missing := range rec.Missing(primary, one(t, rec, "cluster-key-databases")) {
					t.Errorf("it does not wait for %s", missing)
				}
			}
			expect(t, "certificates without names", made.Nameless, true)
			expectAll(t, "ranges", made.Ranges, []string{"10.8.16.0/24"})
			for _, peering := range []string{"gcp:servicenetworking/connection:Connection", "gcp:compute/globalAddress:GlobalAddress"} {
				expect(t, peering, len(rec.All(peering)), 0)
			}
		})
	}
}

func TestWhatGuardsADatabaseIsSaidInBothDirections(t *testing.T) {
	guards := func(rec *record.Recording, name string) string {
		r := one(t, rec, name)
		on := func(b *bool) bool { return b != nil && *b }
		return fmt.Sprint("protection ", at(r, "deletionProtection"), " ", at(r, "settings.deletionProtectionEnabled"),
			", protect ", on(r.Protect), ", kept ", on(r.RetainOnDelete), ", ", at(r, "settings.availabilityType"))
	}
	rec, _ := served(t, dev(), nothing)
	expect(t, "dev", guards(rec, "orders-server-primary"), `protection false false, protect false, kept false, "ZONAL"`)
	rec, _ = served(t, prod(), safe)
	expect(t, "prod", guards(rec, "orders-server-primary"), `protection true true, protect true, kept true, "REGIONAL"`)
	for _, replica := range []string{"orders-server-reader-0", "orders-server-reader-1"} {
		expect(t, replica, guards(rec, replica), `protection false false, protect false, kept false, "ZONAL"`)
	}
	// Its login owns nothing, and cannot be dropped while it does.
	holds(t, one(t, rec, "orders-server-administrator"), map[string]string{"deletionPolicy": `"ABANDON"`, "host": ""})
}

func TestBackupsAndFlagsAreThoseOfTheEngine(t *testing.T) {
	const common = `"enabled":true,"location":"europe-west4",`
	rec, _ := served(t, dev(), nothing)
	primary := one(t, rec, "orders-server-primary")
	holds(t, primary, map[string]string{
		"databaseVersion": `"POSTGRES_17"`,
		"settings.backupConfiguration": `{"backupRetentionSettings":{"retainedBackups":30,"retentionUnit":"COUNT"},` + common +
			`"pointInTimeRecoveryEnabled":true,"startTime":"03:00","transactionLogRetentionDays":7}`,
	})
	expectAll(t, "flags of PostgreSQL", flagLines(primary), []string{
		"cloudsql.enable_pgaudit=on", "log_checkpoints=on", "log_connections=on", "log_disconnections=on", "log_hostname=on",
		"log_lock_waits=on", "log_min_duration_statement=-1", "log_min_error_statement=error", "log_min_messages=warning",
		"log_statement=ddl", "log_temp_files=0",
	})
	rec, _ = served(t, dev(), func(d *platform.DatabaseArgs) {
		d.Engine, d.Version, d.Backups = platform.DatabaseMySQL, "8.4", 3
		d.Settings = map[string]string{"max_connections": "200"}
	})
	primary = one(t, rec, "orders-server-primary")
	holds(t, primary, map[string]string{
		"databaseVersion": `"MYSQL_8_4"`,
		"settings.backupConfiguration": `{"backupRetentionSettings":{"retainedBackups":3,"retentionUnit":"COUNT"},` +
			`"binaryLogEnabled":true,` + common + `"startTime":"03:00","transactionLogRetentionDays":3}`,
	})
	expectAll(t, "flags of MySQL", flagLines(primary), []string{
		"general_log=off", "local_infile=off", "max_connections=200", "slow_query_log=on",
	})
	holds(t, one(t, rec, "orders-server-administrator"), map[string]string{"host": `"%"`})
}

// It takes longer than a cluster: it waits for neither that nor nodes nor the way out.
func TestADatabaseComesUpBesideTheCluster(t *testing.T) {
	rec, made := served(t, prod(), safe)
	for _, server := range rec.All(serverType) {
		not := all(rec, clusterType, poolType, "gcp:compute/routerNat:RouterNat", "gcp:compute/router:Router")
		for _, other := range rec.Unwanted(server, not...) {
			t.Errorf("%s waits for %s", server.Label(), other)
		}
	}
	expect(t, "readers", len(made.Readers), 2)
	for _, part := range []string{"", "-reader-0", "-reader-1"} {
		endpoint := one(t, rec, "orders-server"+part+"-endpoint")
		holds(t, endpoint, map[string]string{"loadBalancingScheme": `""`})
		server := "orders-server" + part
		if part == "" {
			server += "-primary"
		}
		for _, missing := range rec.Missing(endpoint, one(t, rec, server), one(t, rec, "cluster-endpoints")) {
			t.Errorf("%s does not wait for %s", endpoint.Label(), missing)
		}
	}
}

func TestTheAuthoritiesOfAllServersAreHandedOn(t *testing.T) {
	args := prod()
	args.Databases, args.Network.Endpoints = true, "10.8.16.0/24"
	var text string
	_, err := record.Run(t.Context(), record.Options{
		Project: "shop", Stack: "test", Invoke: invoke,
		Outputs: func(r *record.Resource) resource.PropertyMap {
			out := outputs(r)
			if r.Type == serverType {
				out["serverCaCerts"] = resource.NewProperty([]resource.PropertyValue{resource.NewProperty(resource.PropertyMap{
					"cert": resource.NewProperty("authority of " + r.Name),
				})})
			}
			return out
		},
	}, func(ctx *pulumi.Context) error {
		c, err := gke.Platform{}.New(ctx, "cluster", args)
		if err != nil {
			return err
		}
		made, err := c.Database(ctx, "orders-server", &platform.DatabaseArgs{
			Called: "orders", Engine: platform.DatabasePostgres, Version: "17", Size: platform.Small, Storage: 20, Backups: 1,
			Replicas: 1, Password: pulumi.String("a word"),
		})
		if err == nil {
			made.Authority.ToStringOutput().ApplyT(func(all string) string { text = all; return all })
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "authorities", text, "authority of orders-server-primary\nauthority of orders-server-reader-0\n")
}

func TestThePasswordOfADatabaseIsSecret(t *testing.T) {
	rec, _ := served(t, dev(), nothing)
	if password := one(t, rec, "orders-server-administrator").Inputs["password"]; !password.ContainsSecrets() {
		t.Errorf("got %v", password)
	}
}

func TestADatabaseWithoutWhatDatabasesShareIsRefused(t *testing.T) {
	_, err := attempt(t, dev(), func(ctx *pulumi.Context, c platform.Cluster) error {
		_, err := c.Database(ctx, "orders-server", &platform.DatabaseArgs{Called: "orders"})
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "nothing of what databases share was made") {
		t.Errorf("got %v", err)
	}
}
