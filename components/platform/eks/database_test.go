package eks_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/eks"
	"plinth/internal/record"
)

// ordersOf is a database of an environment.
func ordersOf(change func(*platform.DatabaseArgs)) *platform.DatabaseArgs {
	args := &platform.DatabaseArgs{
		Called: "orders", Engine: platform.DatabasePostgres, Version: "17", Size: platform.Medium, Storage: 50, Backups: 7,
		Password: pulumi.ToSecret(pulumi.String("a word")).(pulumi.StringOutput),
	}
	change(args)
	return args
}

// served records a cluster with a database, and returns what it offers.
func served(
	t *testing.T, args *platform.Args, change func(*platform.DatabaseArgs),
) (*record.Recording, *platform.Database) {
	t.Helper()
	args.Databases = true
	var made *platform.Database
	rec, err := attempt(t, args, func(ctx *pulumi.Context, c platform.Cluster) (err error) {
		made, err = c.Database(ctx, "orders-server", ordersOf(change))
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

const (
	server    = "orders-server-primary"
	databases = "aws:rds/instance:Instance"
)

// expectProperties compares properties of a resource as text, by their paths.
func expectProperties(t *testing.T, r *record.Resource, want map[string]any) {
	t.Helper()
	for path, wanted := range want {
		expect(t, r.Name+" "+path, value(r, strings.Split(path, ".")...), wanted)
	}
}

func TestADatabaseIsPrivateEncryptedAndWatchedOnEveryTier(t *testing.T) {
	for tier, args := range tiers() {
		t.Run(tier, func(t *testing.T) {
			rec, _ := served(t, args, func(d *platform.DatabaseArgs) { d.Replicas = 1 })
			for _, r := range rec.All(databases) {
				expectProperties(t, r, map[string]any{
					"storageEncrypted": true, "publiclyAccessible": false, "iamDatabaseAuthenticationEnabled": true,
					"caCertIdentifier": "rds-ca-rsa2048-g1", "autoMinorVersionUpgrade": true, "copyTagsToSnapshot": true,
					"monitoringInterval": 60, "performanceInsightsEnabled": true,
					"enabledCloudwatchLogsExports": "[postgresql upgrade]", "storageType": "gp3", "maxAllocatedStorage": 200,
					"instanceClass": "db.m6g.xlarge",
				})
				if args.EncryptWithOwnKey != (value(r, "performanceInsightsKmsKeyId") != nil) {
					t.Errorf("%s: insights are encrypted with %v", r.Name, value(r, "performanceInsightsKmsKeyId"))
				}
			}
			primary := one(t, rec, server)
			if args.EncryptWithOwnKey != (value(primary, "kmsKeyId") != nil) {
				t.Errorf("it is encrypted with %v", value(primary, "kmsKeyId"))
			}
			for _, group := range rec.All("aws:cloudwatch/logGroup:LogGroup") {
				if strings.HasPrefix(group.Name, "orders-") {
					expectProperties(t, group, map[string]any{"retentionInDays": args.LogRetention})
					expect(t, group.Name+" is kept", group.RetainOnDelete != nil && *group.RetainOnDelete, args.Retain)
				}
			}
			group := one(t, rec, "orders-server-group")
			var private []string
			for _, subnet := range subnets(rec, "private") {
				private = append(private, fmt.Sprint(value(subnet, "cidrBlock")))
			}
			expect(t, "who may connect", value(group, "ingress"), []map[string]any{{
				"description": "Pods and nodes", "protocol": "tcp", "fromPort": 5432, "toPort": 5432, "cidrBlocks": private,
			}})
		})
	}
}

func TestWhatGuardsADatabaseIsSaidInBothDirections(t *testing.T) {
	guards := func(rec *record.Recording, name string) string {
		r := one(t, rec, name)
		protect := r.Protect != nil && *r.Protect
		return fmt.Sprint("skip ", value(r, "skipFinalSnapshot"), ", snapshot ", value(r, "finalSnapshotIdentifier") != nil,
			", protection ", value(r, "deletionProtection"), ", protect ", protect, ", zones ", value(r, "multiAz"),
			", days ", value(r, "backupRetentionPeriod"), ", backups go ", value(r, "deleteAutomatedBackups"))
	}
	rec, _ := served(t, dev(), nothing)
	expect(t, "dev", guards(rec, server),
		"skip true, snapshot false, protection false, protect false, zones false, days 7, backups go true")
	rec, _ = served(t, prod(), safe)
	expect(t, "prod", guards(rec, server),
		"skip false, snapshot true, protection true, protect true, zones true, days 7, backups go true")
	for _, replica := range []string{"orders-server-reader-0", "orders-server-reader-1"} {
		expect(t, replica, guards(rec, replica),
			"skip true, snapshot false, protection false, protect false, zones false, days 0, backups go true")
	}
}

// The name of the last snapshot is the server's, which no server after it has.
func TestTheLastSnapshotIsNamedAfterTheServer(t *testing.T) {
	args := prod()
	args.Databases = true
	args.Environment = "shop--prod"
	rec, err := record.Run(t.Context(), record.Options{
		Project: "shop", Stack: "test",
		Outputs: func(r *record.Resource) resource.PropertyMap {
			out := outputs(r)
			if r.Type == "random:index/randomId:RandomId" {
				out["hex"] = resource.NewProperty("0a1b2c3d")
			}
			return out
		},
	}, func(ctx *pulumi.Context) error {
		c, err := eks.Platform{}.New(ctx, "cluster", args)
		if err != nil {
			return err
		}
		_, err = c.Database(ctx, "orders-server", ordersOf(safe))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	expectProperties(t, one(t, rec, server), map[string]any{
		"identifier": "shop-prod-orders-0a1b2c3d", "finalSnapshotIdentifier": "shop-prod-orders-0a1b2c3d-final",
	})
	expectProperties(t, one(t, rec, "orders-server-reader-1"), map[string]any{
		"identifier": "shop-prod-orders-0a1b2c3d-reader-1",
	})
	expectProperties(t, one(t, rec, "orders-server-logs-upgrade"), map[string]any{
		"name": "/aws/rds/instance/shop-prod-orders-0a1b2c3d/upgrade",
	})
	if key := one(t, rec, "cluster-key"); !strings.Contains(read(t, key, "policy").text(),
		"log-group:/aws/rds/instance/shop-prod*") {
		t.Error("the key is not for the logs of databases")
	}
}

func TestParametersOfEachEngineAreThoseThatAreAskedFor(t *testing.T) {
	list := func(change func(*platform.DatabaseArgs)) (family any, all []string) {
		rec, _ := served(t, dev(), change)
		group := one(t, rec, "orders-server-parameters")
		for _, p := range value(group, "parameters").([]any) {
			one := p.(map[string]any)
			line := fmt.Sprint(one["name"], "=", one["value"])
			if one["applyMethod"] != nil {
				line += fmt.Sprint(" ", one["applyMethod"])
			}
			all = append(all, line)
		}
		return value(group, "family"), all
	}
	family, all := list(func(d *platform.DatabaseArgs) { d.Settings = map[string]string{"work_mem": "8192"} })
	expect(t, "family", family, "postgres17")
	expectEach(t, "PostgreSQL", all, []string{
		"log_checkpoints=1", "log_connections=1", "log_disconnections=1", "log_lock_waits=1", "log_min_duration_statement=-1",
		"log_statement=ddl", "log_temp_files=0", "password_encryption=scram-sha-256",
		"rds.accepted_password_auth_method=scram", "rds.force_ssl=1", "work_mem=8192 pending-reboot",
	})
	family, all = list(func(d *platform.DatabaseArgs) { d.Engine, d.Version = platform.DatabaseMySQL, "8.4" })
	expect(t, "family", family, "mysql8.4")
	expectEach(t, "MySQL", all, []string{
		"general_log=0", "local_infile=0", "log_output=FILE", "require_secure_transport=1", "slow_query_log=1",
	})
}

// It takes as long as a cluster: it waits for its subnets, its key and what it writes to, and for nothing else.
func TestADatabaseComesUpBesideTheCluster(t *testing.T) {
	rec, made := served(t, prod(), safe)
	primary := one(t, rec, server)
	after := slices.Concat(subnets(rec, "database"), rec.All("aws:kms/key:Key"), named(t, rec, "orders-server-logs-upgrade",
		"cluster-databases-AmazonRDSEnhancedMonitoringRole", "orders-server-parameters", "orders-server-group"))
	for _, missing := range rec.Missing(primary, after...) {
		t.Errorf("it does not wait for %s", missing)
	}
	not := all(rec, cluster, nodeGroup, addon, "aws:ec2/natGateway:NatGateway", "aws:ec2/route:Route")
	for _, other := range rec.Unwanted(primary, not...) {
		t.Errorf("it waits for %s", other)
	}
	expect(t, "port", made.Port, 5432)
	expectEach(t, "ranges", made.Ranges, []string{"10.0.224.0/21", "10.0.232.0/21", "10.0.240.0/21"})
	expect(t, "readers", len(made.Readers), 2)
	expect(t, "the certificate names the server", made.Nameless, false)
}

func TestThePasswordOfADatabaseIsSecret(t *testing.T) {
	rec, _ := served(t, dev(), nothing)
	if password := one(t, rec, server).Inputs["password"]; !password.ContainsSecrets() {
		t.Errorf("got %v", password)
	}
}

func TestTheAuthorityOfEveryKnownRegionVouchesForYears(t *testing.T) {
	_, made := served(t, dev(), nothing)
	text, plain := made.Authority.(pulumi.String)
	block, rest := pem.Decode([]byte(text))
	if !plain || block == nil || len(strings.TrimSpace(string(rest))) > 0 {
		t.Fatalf("got %v, want one certificate", made.Authority)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "subject", certificate.Subject.CommonName, "Amazon RDS eu-central-1 Root CA RSA2048 G1")
	if err := certificate.CheckSignatureFrom(certificate); err != nil || time.Until(certificate.NotAfter) < 10*365*24*time.Hour {
		t.Errorf("it is valid until %s, signed: %v", certificate.NotAfter, err)
	}
}

func TestADatabaseThatCannotBeMadeIsRefusedBeforeAnythingIs(t *testing.T) {
	for want, change := range map[string]func(*platform.Args, *platform.DatabaseArgs){
		"nothing of what databases share was made":              func(a *platform.Args, _ *platform.DatabaseArgs) { a.Databases = false },
		"the authority that vouches for databases there is not": func(a *platform.Args, _ *platform.DatabaseArgs) { a.Location.Region = "mars-north-1" },
		`size "": want small, medium or large`:                  func(_ *platform.Args, d *platform.DatabaseArgs) { d.Size = "" },
	} {
		args, asked := dev(), ordersOf(nothing)
		args.Databases = true
		change(args, asked)
		rec, err := attempt(t, args, func(ctx *pulumi.Context, c platform.Cluster) error {
			_, err := c.Database(ctx, "orders-server", asked)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if rec != nil && len(rec.All(databases)) > 0 {
			t.Errorf("%s: there is a server", want)
		}
	}
}
