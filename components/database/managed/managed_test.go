package managed_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/database/managed"
	"plinth/components/platform"
	"plinth/components/workload"
	"plinth/internal/record"
)

// cloud makes servers that are known at once, and remembers what it was asked for.
type cloud struct {
	asked    platform.DatabaseArgs
	nameless bool
	readers  int
}

func (c *cloud) Database(
	ctx *pulumi.Context, name string, args *platform.DatabaseArgs, opts ...pulumi.ResourceOption,
) (*platform.Database, error) {
	c.asked = *args
	var servers []pulumi.Resource
	for i := range 1 + c.readers {
		server := &pulumi.CustomResourceState{}
		if err := ctx.RegisterResource("cloud:index:Server", name+"-"+string(rune('a'+i)), pulumi.Map{
			"password": args.Password,
		}, server, opts...); err != nil {
			return nil, err
		}
		servers = append(servers, server)
	}
	made := &platform.Database{
		Host: pulumi.String("main.example.com"), Port: args.Engine.Port(), Ranges: []string{"10.0.1.0/24", "10.0.2.0/24"},
		Authority: pulumi.String("certificate"), Nameless: c.nameless, Ready: servers[:1], Replicated: servers[1:],
	}
	for i := range c.readers {
		made.Readers = append(made.Readers, pulumi.String("reader-"+string(rune('0'+i))+".example.com"))
	}
	return made, nil
}

// attempt records the database main of two applications.
func attempt(
	t *testing.T, c *cloud, change func(*managed.Args), use func(*managed.Database),
) *record.Recording {
	t.Helper()
	args := &managed.Args{
		Namespace: &workload.Namespace{Name: "shop"}, PartOf: "shop-test", Cloud: c, Image: "docker.io/library/postgres:17.6",
		User: 999, Server: platform.DatabaseArgs{Called: "main", Engine: platform.DatabasePostgres},
		Applications: []string{"api", "web"}, Timeout: 600,
	}
	change(args)
	rec, err := record.Run(t.Context(), record.Options{
		Project: "shop", Stack: "test",
		Outputs: func(r *record.Resource) resource.PropertyMap {
			if r.Type == "random:index/randomPassword:RandomPassword" {
				return resource.PropertyMap{"result": resource.MakeSecret(resource.NewProperty("word-" + r.Name))}
			}
			return r.Inputs
		},
	}, func(ctx *pulumi.Context) error {
		made, err := managed.New(ctx, "main", args)
		if err == nil {
			use(made)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func nothing(*managed.Args)    {}
func unused(*managed.Database) {}

func inMySQL(a *managed.Args) { a.Server.Engine = platform.DatabaseMySQL }

// env is what a binding sets, and from where.
func env(b binding.Binding) (lines []string) {
	for _, v := range b.Env {
		if v.Secret != nil {
			lines = append(lines, v.Name+"=$(secret "+string(v.Secret.Secret.(pulumi.String))+"/"+v.Secret.Key+")")
		} else {
			lines = append(lines, v.Name+"="+string(v.Value.(pulumi.String)))
		}
	}
	return lines
}

func TestBindingsLeadToTheServerAndReadersToOneReplica(t *testing.T) {
	shape := database.Shape{URL: "URL", Mode: "MODE"}
	for _, c := range []struct {
		name     string
		cloud    cloud
		change   func(*managed.Args)
		mode     database.Mode
		readOnly bool
		want     []string
	}{
		{"PostgreSQL", cloud{}, nothing, database.Require, false, []string{
			"URL_PASSWORD=$(secret main-role-web/password)", "MODE=require",
			"URL=postgresql://web:$(URL_PASSWORD)@main.example.com:5432/web?sslmode=require",
		}},
		{"PostgreSQL that is verified", cloud{}, nothing, database.VerifyFull, false, []string{
			"URL_PASSWORD=$(secret main-role-web/password)", "MODE=verify-full",
			"URL=postgresql://web:$(URL_PASSWORD)@main.example.com:5432/web?sslmode=verify-full&sslrootcert=" +
				"/etc/plinth/databases/main/ca.crt",
		}},
		{"PostgreSQL without a name in its certificate", cloud{nameless: true}, nothing, database.VerifyFull, false, []string{
			"URL_PASSWORD=$(secret main-role-web/password)", "MODE=verify-ca",
			"URL=postgresql://web:$(URL_PASSWORD)@main.example.com:5432/web?sslmode=verify-ca&sslrootcert=" +
				"/etc/plinth/databases/main/ca.crt",
		}},
		{"readers without replicas", cloud{}, nothing, database.ClientDecides, true, []string{
			"URL_PASSWORD=$(secret main-role-web/read-password)",
			"URL=postgresql://web_read:$(URL_PASSWORD)@main.example.com:5432/web",
		}},
		{
			"readers with replicas, after a rotation",
			cloud{readers: 2},
			func(a *managed.Args) { a.Rotation = 1 },
			database.Require, true,
			[]string{
				"URL_PASSWORD=$(secret main-role-web/alternate-read-password)", "MODE=require",
				"URL=postgresql://web_read_alt:$(URL_PASSWORD)@reader-1.example.com:5432/web?sslmode=require",
			},
		},
		{"MySQL", cloud{}, inMySQL, database.VerifyFull, false, []string{
			"URL_PASSWORD=$(secret main-role-web/password)", "MODE=VERIFY_IDENTITY",
			"URL=mysql://web:$(URL_PASSWORD)@main.example.com:3306/web?ssl_ca=/etc/plinth/databases/main/ca.crt",
		}},
		{"MySQL without a name in its certificate", cloud{nameless: true}, inMySQL, database.VerifyFull, false, []string{
			"URL_PASSWORD=$(secret main-role-web/password)", "MODE=VERIFY_CA",
			"URL=mysql://web:$(URL_PASSWORD)@main.example.com:3306/web?ssl_ca=/etc/plinth/databases/main/ca.crt" +
				"&ssl_check_hostname=false",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			attempt(t, &c.cloud, c.change, func(d *managed.Database) {
				bind := d.Binding
				if c.readOnly {
					bind = d.ReadOnly
				}
				b := bind("web", shape, c.mode)
				if got := env(b); !slices.Equal(got, c.want) {
					t.Errorf("got %q, want %q", got, c.want)
				}
				var ranges []string
				for _, edge := range b.Edges {
					ranges = append(ranges, edge.To.CIDR)
				}
				if !slices.Equal(ranges, []string{"10.0.1.0/24", "10.0.2.0/24"}) {
					t.Errorf("it opens %v", ranges)
				}
				if waits := len(b.Ready); c.readOnly && waits != 1+c.cloud.readers || !c.readOnly && waits != 1 {
					t.Errorf("it waits for %d resources", waits)
				}
			})
		})
	}
}

// What an application reads from is always the same, and not the same for all.
func TestApplicationsAreSpreadOverReplicas(t *testing.T) {
	seen := map[string]bool{}
	attempt(t, &cloud{readers: 3}, nothing, func(d *managed.Database) {
		for _, app := range []string{"api", "web", "shop", "books", "mail", "jobs"} {
			first := env(d.ReadOnly(app, database.Shape{Host: "HOST"}, database.Require))
			if again := env(d.ReadOnly(app, database.Shape{Host: "HOST"}, database.Require)); !slices.Equal(first, again) {
				t.Errorf("%s reads from %v, and then from %v", app, first, again)
			}
			seen[first[0]] = true
		}
	})
	if len(seen) < 2 {
		t.Errorf("all read from %v", seen)
	}
}

func TestTheServerWaitsForNothingInTheCluster(t *testing.T) {
	rec := attempt(t, &cloud{readers: 1}, nothing, unused)
	for _, server := range rec.All("cloud:index:Server") {
		for urn := range rec.Before(server) {
			if urn.Type().Package() == "kubernetes" {
				t.Errorf("%s waits for %s", server.Label(), urn)
			}
		}
		if !server.Inputs["password"].ContainsSecrets() {
			t.Errorf("%s: its password is plain", server.Label())
		}
	}
	job, err := rec.One("::main-setup-job")
	if err != nil {
		t.Fatal(err)
	}
	for _, missing := range rec.Missing(job, rec.All("cloud:index:Server")[0]) {
		t.Errorf("the setup does not wait for %s", missing)
	}
}

func TestARotationGivesTheServerAndItsRolesOtherPasswords(t *testing.T) {
	password := func(rotation int) string {
		rec := attempt(t, &cloud{}, func(a *managed.Args) { a.Rotation = rotation }, unused)
		v := rec.All("cloud:index:Server")[0].Inputs["password"]
		for v.IsSecret() || v.IsOutput() {
			if v.IsSecret() {
				v = v.SecretValue().Element
			} else {
				v = v.OutputValue().Element
			}
		}
		return v.StringValue()
	}
	for rotation, want := range []string{"word-main-administrator", "word-main-administrator-alternate", "word-main-administrator"} {
		if got := password(rotation); got != want {
			t.Errorf("rotation %d: got %s, want %s", rotation, got, want)
		}
	}
}

func TestAnEngineThatNobodyRunsIsRefused(t *testing.T) {
	_, err := record.Run(t.Context(), record.Options{Project: "shop", Stack: "test"}, func(ctx *pulumi.Context) error {
		_, err := managed.New(ctx, "main", &managed.Args{
			Namespace: &workload.Namespace{Name: "shop"}, Server: platform.DatabaseArgs{Engine: "oracle"},
		})
		return err
	})
	if err == nil || !strings.Contains(err.Error(), `database main: engine "oracle": want postgres or mysql`) {
		t.Errorf("got %v", err)
	}
}
