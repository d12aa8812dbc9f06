package cloudnativepg_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	networkingv1 "k8s.io/api/networking/v1"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/database/cloudnativepg"
	"plinth/components/database/replicated"
	"plinth/components/workload"
	"plinth/internal/record"
	"plinth/internal/recorded"
)

// attempt records the database main of one application.
func attempt(
	t *testing.T, change func(*cloudnativepg.Args), use func(*cloudnativepg.Cluster),
) *record.Recording {
	t.Helper()
	amounts := workload.Amounts{CPU: "1", Memory: "1Gi", EphemeralStorage: "256Mi"}
	args := &cloudnativepg.Args{
		Namespace: &workload.Namespace{Name: "shop"}, PartOf: "shop-test", Image: "ghcr.io/cloudnative-pg/postgresql:17.6",
		Replicas: 2, Storage: "2Gi", Resources: workload.Resources{Requests: amounts, Limits: amounts}, Commit: true,
		Applications: []string{"web"}, APIServers: []string{"10.0.0.1/32"}, Operator: "cnpg-system", Timeout: 300,
	}
	change(args)
	rec, err := record.Run(t.Context(), record.Options{Project: "shop", Stack: "test", Outputs: generated},
		func(ctx *pulumi.Context) error {
			made, err := cloudnativepg.New(ctx, "main", args)
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

func generated(r *record.Resource) resource.PropertyMap {
	if r.Type == "random:index/randomPassword:RandomPassword" {
		return resource.PropertyMap{"result": resource.MakeSecret(resource.NewProperty("word-" + r.Name))}
	}
	return r.Inputs
}

// spec is what the operator is told, as JSON.
func spec(t *testing.T, change func(*cloudnativepg.Args)) (text string, cluster *record.Resource) {
	t.Helper()
	cluster, err := attempt(t, change, func(*cloudnativepg.Cluster) {}).One("::main-cluster")
	if err != nil {
		t.Fatal(err)
	}
	written, err := json.Marshal(cluster.Inputs["spec"].Mappable())
	if err != nil {
		t.Fatal(err)
	}
	return string(written), cluster
}

func TestTheOperatorIsToldWhatIsDeclared(t *testing.T) {
	ordinary, made := spec(t, func(*cloudnativepg.Args) {})
	for _, want := range []string{
		`"instances":3`, `"pg_hba":["hostnossl all all all reject"]`, `"enableSuperuserAccess":false`,
		`"passwordSecret":{"name":"main-role-web"}`, `"passwordSecret":{"name":"main-reader-web"}`,
		`"inheritedMetadata":{"labels":{"app.kubernetes.io/component":"database"`,
	} {
		if !strings.Contains(ordinary, want) {
			t.Errorf("got %s, want %s", ordinary, want)
		}
	}
	for _, unwanted := range []string{"synchronous", "storageClass"} {
		if strings.Contains(ordinary, unwanted) {
			t.Errorf("got %s with %s", ordinary, unwanted)
		}
	}
	if made.RetainOnDelete != nil {
		t.Error("it is retained")
	}
	other, made := spec(t, func(a *cloudnativepg.Args) {
		a.Quorum, a.Commit, a.Plaintext, a.Retain, a.StorageClass = true, false, true, true, "fast"
	})
	for _, want := range []string{
		`"synchronous":{"method":"any","number":1}`, `"synchronous_commit":"off"`, `"storageClass":"fast"`,
	} {
		if !strings.Contains(other, want) {
			t.Errorf("got %s, want %s", other, want)
		}
	}
	if strings.Contains(other, "pg_hba") || made.RetainOnDelete == nil {
		t.Errorf("got %s, retained: %t", other, made.RetainOnDelete != nil)
	}
}

func TestABackupGoesToTheArchiveAndMetricsAreReadByOneNamespace(t *testing.T) {
	key := func(name, entry string) binding.Variable {
		return binding.Variable{Name: name, Secret: &binding.SecretRef{Secret: pulumi.String("keys"), Key: entry}}
	}
	rec := attempt(t, func(a *cloudnativepg.Args) {
		a.Backup = &cloudnativepg.Backup{Schedule: "30 2 * * *", Days: 14, Archive: replicated.Archive{
			Endpoint: "https://minio:9000", Bucket: "archive", Prefix: "databases/",
			Access: binding.Binding{
				Env:   []binding.Variable{key("ACCESS_KEY_ID", "id"), key("SECRET_ACCESS_KEY", "key")},
				Files: []binding.File{{Path: "/ca/ca.crt", Secret: binding.SecretRef{Secret: pulumi.String("store-ca"), Key: "ca.crt"}}},
				Edges: []binding.Edge{{To: binding.Peer{Name: "minio", Namespace: "shop"}, Ports: []binding.Port{{Number: 9000}}}},
			},
		}}
		a.Metrics = &cloudnativepg.Metrics{Namespace: "ops", Monitoring: &replicated.Monitoring{Labels: map[string]string{"release": "p"}}}
	}, func(*cloudnativepg.Cluster) {})
	text, err := json.Marshal(recorded.One(t, rec, "main-cluster").Inputs["spec"].ObjectValue()["backup"].Mappable())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"barmanObjectStore":{"data":{"compression":"gzip"},"destinationPath":"s3://archive/databases/",` +
		`"endpointCA":{"key":"ca.crt","name":"store-ca"},"endpointURL":"https://minio:9000",` +
		`"s3Credentials":{"accessKeyId":{"key":"id","name":"keys"},"secretAccessKey":{"key":"key","name":"keys"}},` +
		`"wal":{"compression":"gzip"}},"retentionPolicy":"14d"}`
	recorded.Equal(t, "the backup", string(text), want)
	schedule := recorded.One(t, rec, "main-backup").Inputs["spec"].ObjectValue()["schedule"].StringValue()
	recorded.Equal(t, "when", schedule, "0 30 2 * * *")
	recorded.Waits(t, rec, "main-cluster", "main-to-minio")
	for name, want := range map[string]struct {
		from string
		port int
	}{"main-monitored": {"cnpg-system", 5432}, "main-measured": {"ops", 9187}} {
		policy := recorded.Read[networkingv1.NetworkPolicy](t, rec, name)
		recorded.Equal(t, name, policy.Name, name)
		from := policy.Spec.Ingress[0].From[0].NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"]
		recorded.Equal(t, name+" is for", from, want.from)
		recorded.Equal(t, name+"'s port", policy.Spec.Ingress[0].Ports[0].Port.IntValue(), want.port)
	}
	labels := recorded.One(t, rec, "main-monitor").Inputs["metadata"].ObjectValue()["labels"].ObjectValue()
	recorded.Equal(t, "what selects the monitor", labels["release"].StringValue(), "p")
}

func TestABindingLeadsToThePrimaryAndReadersToReplicas(t *testing.T) {
	of := func(replicas int, bind func(*cloudnativepg.Cluster) binding.Binding) (out []string) {
		attempt(t, func(a *cloudnativepg.Args) { a.Replicas = replicas }, func(c *cloudnativepg.Cluster) {
			for _, v := range bind(c).Env {
				if v.Secret != nil {
					out = append(out, v.Name+"=$(secret "+string(v.Secret.Secret.(pulumi.String))+"/"+v.Secret.Key+")")
				} else {
					out = append(out, v.Name+"="+string(v.Value.(pulumi.String)))
				}
			}
		})
		return out
	}
	url := database.Shape{URL: "URL"}
	const host = ".shop.svc.cluster.local:5432/web?sslmode="
	for _, c := range []struct {
		got, want []string
	}{
		{
			of(2, func(c *cloudnativepg.Cluster) binding.Binding { return c.Binding("web", url, database.Require) }),
			[]string{"URL_PASSWORD=$(secret main-role-web/password)", "URL=postgresql://web:$(URL_PASSWORD)@main-rw" + host + "require"},
		},
		{
			of(2, func(c *cloudnativepg.Cluster) binding.Binding { return c.ReadOnly("web", url, database.VerifyFull) }),
			[]string{
				"URL_PASSWORD=$(secret main-reader-web/password)", "URL=postgresql://web_read:$(URL_PASSWORD)@main-ro" + host +
					"verify-full&sslrootcert=/etc/plinth/databases/main-ro/ca.crt",
			},
		},
		{
			of(0, func(c *cloudnativepg.Cluster) binding.Binding { return c.ReadOnly("web", url, database.Require) }),
			[]string{
				"URL_PASSWORD=$(secret main-reader-web/password)",
				"URL=postgresql://web_read:$(URL_PASSWORD)@main-rw" + host + "require",
			},
		},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
}
