package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"plinth/config"
)

// anchors stands at the start of the tests' stack files: &app is an application that nothing is wrong with.
const anchors = `
anchors:
  app: &app
    image: ghcr.io/example/todo:1.2.3
    ports: [{name: http, container: 5000}]
    resources: {limits: {cpu: "1", memory: 256Mi, ephemeralStorage: 256Mi}}
config:
`

// load reads a stack's configuration, given as what stands below config in its file.
func load(t *testing.T, stack, text string) (*config.Config, error) {
	t.Helper()
	raw, secretKeys, err := config.ReadStackFile(stackFile(t, stack, anchors+text))
	if err != nil {
		t.Fatal(err)
	}
	return config.Load(stack, raw, secretKeys)
}

// stackFile writes a stack file, with an empty project file beside it.
func stackFile(t *testing.T, stack, text string) string {
	t.Helper()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "Pulumi.yaml"), "name: plinth\nruntime: go\n")
	file := filepath.Join(folder, "Pulumi."+stack+".yaml")
	write(t, file, text)
	return file
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// mustLoad is load for what is to be accepted.
func mustLoad(t *testing.T, text string) *config.Config {
	t.Helper()
	loaded, err := load(t, "dev", text)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// refused is a configuration with the faults that it must be refused for, all of them.
type refused struct {
	name, text string
	faults     []string
}

func checkRefused(t *testing.T, cases []refused) {
	t.Helper()
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			_, err := load(t, "dev", test.text)
			checkFaults(t, err, test.faults)
		})
	}
}

func checkFaults(t *testing.T, err error, want []string) {
	t.Helper()
	var invalid *config.Error
	if !errors.As(err, &invalid) {
		t.Fatalf("want an error of type *config.Error, got %v", err)
	}
	var got []string
	for _, fault := range invalid.Faults {
		got = append(got, fault.Path+": "+fault.Message)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAllFaultsComeInOneErrorSortedByPath(t *testing.T) {
	const text = `
  plinth:tier: dev
  plinth:zone: eu-west-1
  plinth:secretValues: {token: ""}
  plinth:namespace: {quota: {memory: 3Gb}}
  plinth:apps:
    web:
      <<: *app
      replicsa: 2
      probes: {readiness: {path: /readyz, port: htpp}}
      env: {DEBUG: false}
      secrets: {API_TOKEN: token, DB_PASSWORD: password}
      autoscaling: {min: 5, max: 3}
    worker:
      resources: {requests: {memory: 1Gi}, limits: {cpu: 500m, memory: 512Mi, ephemeralStorage: 1Gi}}
      replicas: -1
`
	want := strings.Join([]string{
		`invalid configuration for stack dev:`,
		`apps.web.autoscaling.min: must be at most autoscaling.max (3), got 5`,
		`apps.web.env.DEBUG: must be a string, got the boolean false (YAML reads true and false, and in its older ` +
			`version yes, no, on and off, as booleans: put quotes around it)`,
		`apps.web.probes.readiness.port: must be the name of a port, got "htpp"; did you mean http?`,
		`apps.web.replicsa: unknown key; did you mean replicas?`,
		`apps.web.secrets.DB_PASSWORD: refers to secretValues.password, which is not set; set it with: ` +
			`pulumi config set --secret --path plinth:secretValues.password`,
		`apps.worker.image: is required`,
		`apps.worker.replicas: must be between 0 and 1000, got -1`,
		`apps.worker.resources.requests.memory: must be at most limits.memory (512Mi), got 1Gi`,
		`namespace.quota.memory: must be a quantity such as 500m, 2 or 256Mi, got "3Gb"`,
		`secretValues.token: must not be empty`,
		`zone: unknown key; known: admission, apps, aws, buckets, cloud, cluster, databases, edge, gcp, gitops, images, minio, monitoring, namespace, namespaces, network, operators, priorities, proxy, secretValues, secrets, tier`,
	}, "\n  ")
	for range 50 {
		_, err := load(t, "dev", text)
		if err == nil || err.Error() != want {
			t.Fatalf("got:\n%v\nwant:\n%s", err, want)
		}
	}
}

func TestKeysOfOtherNamespacesAreLeftAlone(t *testing.T) {
	_, err := config.Load("dev", map[string]string{
		"plinth:tier": "dev", "pulumi:disable-default-providers": `["*"]`, "kubernetes:context": "x", "tier": "y",
	}, []string{"kubernetes:context"})
	if err != nil {
		t.Error(err)
	}
}

func TestATierIsAllThatIsRequired(t *testing.T) {
	want := &config.Config{
		Stack: "dev", Tier: config.Dev, Cloud: config.Existing,
		AWS: config.AWS{
			Region: "eu-central-1", Zones: []string{"eu-central-1a", "eu-central-1b", "eu-central-1c"},
		},
		GCP: config.GCP{
			Region: "europe-west4", Zones: []string{"europe-west4-a", "europe-west4-b", "europe-west4-c"},
		},
		Network: config.Network{
			CIDR: "10.0.0.0/16", Pods: "10.4.0.0/14", Services: "10.8.0.0/20", Endpoints: "10.8.16.0/24", NAT: config.NATSingle, FlowLogs: true,
		},
		Cluster: config.Cluster{
			Identifier: "plinth/dev", Version: "1.35", Generation: 1, Endpoint: config.Endpoint{Public: true},
			Nodes: map[string]config.Nodes{
				"main": {Size: config.Small, Min: 1, Max: 3, Spot: true, Disk: 50},
			},
			LogRetention: 7, MaintenanceStart: 3,
		},
		Namespace: config.Namespace{
			Name: "plinth-dev", Quota: config.Quota{Pods: 50, CPU: "20", Memory: "40Gi", Storage: "100Gi"},
		},
		MinIO: config.MinIO{
			Image: "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z@" +
				"sha256:14cea493d9a34af32f524e538b8346cf79f3321eff8e708c1e2960462bd8936e",
			ClientImage: "quay.io/minio/mc:RELEASE.2025-08-13T08-35-41Z@" +
				"sha256:a7fe349ef4bd8521fb8497f55c6042871b2ae640607cf99d9bede5e9bdf11727",
			User: 1000, Drives: 1, Storage: "1Gi", Region: "us-east-1", Timeout: 600,
			Requests: config.MinIORequests{CPU: "100m", Memory: "256Mi", EphemeralStorage: "64Mi"},
			Limits:   config.MinIOLimits{CPU: "1", Memory: "1Gi", EphemeralStorage: "256Mi"},
		},
		GitOps: config.GitOps{
			Revision: "HEAD", Namespace: "argocd", Project: "default", Server: "https://kubernetes.default.svc", Prune: true,
			SelfHeal: true, Await: true, Timeout: 600,
		},
		Monitoring: config.Monitoring{Namespace: "monitoring", Dashboards: "grafana_dashboard"},
		Secrets: config.Secrets{
			Backend: config.KubernetesSecrets, Refresh: "1m", Generated: config.GeneratedInBackend,
			External: config.ExternalSecrets{Store: config.ClusterStore},
			Vault: config.Vault{
				Mount: "secret", Auth: "kubernetes", Role: "plinth-dev", Audience: "vault",
			},
		},
		Proxy: config.Proxy{
			Image: "docker.io/nginxinc/nginx-unprivileged:1.28.0", Replicas: 1, Drain: 5, Public: true, BodySize: "10m",
			Timeouts: config.ProxyTimeouts{Connect: 3, Send: 60, Read: 60},
			Requests: config.ProxyRequests{CPU: "50m", Memory: "64Mi", EphemeralStorage: "64Mi"},
			Limits:   config.ProxyLimits{CPU: "1", Memory: "128Mi", EphemeralStorage: "512Mi"},
		},
		Edge: config.Edge{
			Kind: config.EdgeNone, TLS: config.EdgeTLS{IssuerKind: config.ClusterIssuer}, Redirect: true,
			Controller:   config.EdgeController{Kind: config.OtherController},
			LoadBalancer: config.EdgeBalancer{On: config.Existing, Targets: config.TargetNodes},
			Ports:        config.EdgePorts{HTTP: 80, HTTPS: 443},
			DNS:          config.EdgeDNS{Records: config.ManualRecords, TTL: 300}, Await: true, Timeout: 1200,
		},
	}
	if got := mustLoad(t, "  plinth:tier: dev\n"); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestAnAppGetsItsDefaults(t *testing.T) {
	one := 1
	amounts := config.Limits{CPU: "1", Memory: "256Mi", EphemeralStorage: "256Mi"}
	want := config.App{
		Image: "ghcr.io/example/todo:1.2.3", Replicas: &one,
		Ports:     []config.Port{{Name: "http", Container: 5000, Service: 5000}},
		Probes:    config.Probes{Liveness: &config.Probe{Path: "/", Port: "http", Period: 10, Timeout: 5, Failures: 3}},
		Resources: config.Resources{Preset: config.SmallPod, Requests: config.Requests(amounts), Limits: amounts},
		Strategy:  config.RollingUpdate, Placement: config.Placement{Spread: config.SpreadPreferred},
		Writable: []string{"/tmp"}, Disruption: config.Disruption{MaxUnavailable: &one},
		Grace: 30, Drain: 5, RolloutTimeout: 300,
	}
	c := mustLoad(t, "  plinth:tier: dev\n  plinth:apps: {web: {<<: *app, probes: {liveness: {path: /}}}}\n")
	got := c.Apps["web"]
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestTheTierSetsDefaults(t *testing.T) {
	type defaults struct {
		Replicas, Min int
		Protect       bool
		Quota         config.Quota
	}
	for tier, want := range map[string]defaults{
		"dev":     {1, 1, false, config.Quota{Pods: 50, CPU: "20", Memory: "40Gi", Storage: "100Gi"}},
		"staging": {2, 2, false, config.Quota{Pods: 100, CPU: "40", Memory: "80Gi", Storage: "250Gi"}},
		"prod":    {3, 3, true, config.Quota{Pods: 200, CPU: "100", Memory: "200Gi", Storage: "1Ti"}},
	} {
		t.Run(tier, func(t *testing.T) {
			image := "image: 'nginx:1.29@sha256:" + strings.Repeat("0a", 32) + "'"
			c := mustLoad(t, "  plinth:tier: "+tier+"\n  plinth:apps: {fixed: {<<: *app, "+image+
				"}, scaled: {<<: *app, "+image+", autoscaling: {max: 9}}}\n")
			fixed, scaled := c.Apps["fixed"], c.Apps["scaled"]
			got := defaults{*fixed.Replicas, scaled.Autoscaling.Min, c.Namespace.Protect, c.Namespace.Quota}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestWhatTheTierSetsCanBeOverridden(t *testing.T) {
	c := mustLoad(t, `
  plinth:tier: dev
  plinth:namespace: {protect: true, quota: {pods: 7, cpu: "3"}}
  plinth:apps: {web: {<<: *app, replicas: 0}}
`)
	got, want := c.Namespace, config.Namespace{
		Name: "plinth-dev", Protect: true, Quota: config.Quota{Pods: 7, CPU: "3", Memory: "40Gi", Storage: "100Gi"},
	}
	if got != want || *c.Apps["web"].Replicas != 0 {
		t.Errorf("got %+v with %d replicas, want %+v with 0", got, *c.Apps["web"].Replicas, want)
	}
}

func TestAnAutoscaledAppHasNoReplicas(t *testing.T) {
	app := mustLoad(t, "  plinth:tier: staging\n  plinth:apps: {web: {<<: *app, autoscaling: {max: 6}}}\n").Apps["web"]
	if app.Replicas != nil || *app.Autoscaling != (config.Autoscaling{Min: 2, Max: 6, CPU: 70}) {
		t.Errorf("got %v replicas and %+v", app.Replicas, app.Autoscaling)
	}
}

func TestMinAvailableTakesThePlaceOfMaxUnavailable(t *testing.T) {
	app := mustLoad(t,
		"  plinth:tier: staging\n  plinth:apps: {web: {<<: *app, disruption: {minAvailable: 1}}}\n").Apps["web"]
	if app.Disruption.MaxUnavailable != nil || *app.Disruption.MinAvailable != 1 {
		t.Errorf("got %+v", app.Disruption)
	}
}

func TestAnEmptyNameMeansTheDefault(t *testing.T) {
	c := mustLoad(t, "  plinth:tier: dev\n  plinth:namespace: {name: ''}\n  plinth:cluster: {identifier: ''}\n")
	if c.Namespace.Name != "plinth-dev" || c.Cluster.Identifier != "plinth/dev" {
		t.Errorf("got the namespace %q and the cluster %q", c.Namespace.Name, c.Cluster.Identifier)
	}
}
