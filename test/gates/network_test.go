package gates_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"plinth/config"
)

// end is one end of a connection: a pod, or an address outside of the cluster where Namespace is empty. The fields with
// tags are what the matcher is told.
type end struct {
	name string
	// home says that the pod is in the stack's namespace.
	home bool
	// ports are the names of the ports that the pod listens on.
	ports map[int]string

	IP              string            `json:"ip"`
	Namespace       string            `json:"namespace"`
	NamespaceLabels map[string]string `json:"namespaceLabels"`
	Labels          map[string]string `json:"labels"`
}

// connection is one line of the truth table.
type connection struct {
	From     end    `json:"from"`
	To       end    `json:"to"`
	Port     int    `json:"port"`
	PortName string `json:"portName"`
	Protocol string `json:"protocol"`
}

func (c connection) String() string {
	return fmt.Sprintf("%s -> %s %d/%s", c.From.name, c.To.name, c.Port, c.Protocol)
}

// nameLabel is how a pod says which workload it belongs to.
const nameLabel = "app.kubernetes.io/name"

// network is what a configuration declares of connections, between workloads by name.
type network struct {
	// calls are the ports that one workload may reach on another.
	calls map[string]map[string][]int
	// egress is what a workload may reach outside.
	egress map[string][]config.Egress
	// public is the port that a workload opens to everybody.
	public map[string]int
	// monitors are those who may reach a workload's port from another namespace.
	monitors map[string]monitor
	// entrances are what the edge opens, by workload.
	entrances map[string]entrance
}

// entrance is who passes requests on to a workload: pods of a namespace with these labels, and addresses.
type entrance struct {
	namespace string
	labels    map[string]string
	cidrs     []string
	ports     []int
}

// lets says whether somebody passes through an entrance.
func (e entrance) lets(c connection) bool {
	if !slices.Contains(e.ports, c.Port) {
		return false
	}
	labelled := c.From.Namespace == e.namespace && e.namespace != ""
	for key, value := range e.labels {
		labelled = labelled && c.From.Labels[key] == value
	}
	return labelled || slices.ContainsFunc(e.cidrs, func(cidr string) bool {
		return netip.MustParsePrefix(cidr).Contains(netip.MustParseAddr(c.From.IP))
	})
}

// edge: the workloads that its routes lead to are open to those who pass requests on, on their main port, and on that
// of their health where a cloud looks at it. To a load balancer everybody connects who may, with an address of his own.
func (n network) edge(cfg *config.Config) {
	const proxy, proxyHealth = 8080, 8081
	e := cfg.Edge
	if e.Kind == config.EdgeNone {
		return
	}
	cidrs := slices.Clone(e.Controller.CIDRs)
	looks := len(cidrs) > 0
	if e.Kind == config.EdgeLoadBalancer {
		clients := e.SourceRanges
		if len(clients) == 0 {
			clients = []string{"0.0.0.0/0", "::/0"}
		}
		cidrs = append(cidrs, clients...)
	}
	for _, route := range e.Routes {
		ports, health := []int{proxy}, proxyHealth
		if app, found := cfg.Apps[route.App]; found {
			ports, health = []int{app.Ports[0].Container}, 0
			for _, port := range app.Ports {
				if probe := app.Probes.Readiness; probe != nil && probe.Port == port.Name {
					health = port.Container
				}
			}
		}
		if looks {
			ports = append(ports, health)
		}
		n.entrances[route.App] = entrance{e.Controller.Namespace, e.Controller.Labels, cidrs, ports}
	}
}

// declare reads a configuration as its keys are explained, and knows nothing of policies.
func declare(cfg *config.Config) network {
	const proxy = 8080
	port := func(database string) int {
		switch cfg.Databases[database].Engine {
		case config.MariaDB, config.MySQL, config.ManagedMySQL:
			return 3306
		case config.Postgres, config.CloudNativePG, config.ManagedPostgres:
		}
		return postgres
	}
	n := network{
		calls: map[string]map[string][]int{}, egress: map[string][]config.Egress{}, public: map[string]int{},
		monitors: map[string]monitor{}, entrances: map[string]entrance{},
	}
	n.edge(cfg)
	for name, database := range cfg.Databases {
		n.calls[name] = nil
		n.call(name+"-setup", name, port(name))
		if database.Replicas > 0 {
			n.call(name+"-replica", name, port(name))
			// A primary that has lost its volume asks whether there are replicas.
			n.call(name, name+"-replica", port(name))
		}
	}
	n.minio(cfg)
	n.besides(cfg)
	for name, app := range cfg.Apps {
		if app.AfterMigration != nil || app.Bucket != nil && app.Bucket.Settings == config.SettingsInDatabase {
			n.call(name+"-sql", app.Database.Name, port(app.Database.Name))
		}
		for _, of := range selves(name, app) {
			n.egress[of] = slices.Clone(app.Egress)
			if app.API != nil {
				n.egress[of] = append(n.egress[of], cfg.Cluster.APIServers...)
			}
			n.call(of, "")
			n.bucket(cfg, of, app.Bucket)
			if app.Database == nil {
				continue
			}
			n.call(of, app.Database.Name, port(app.Database.Name))
			if app.Database.ReadOnly != (config.Variables{}) && cfg.Databases[app.Database.Name].Replicas > 0 {
				n.call(of, app.Database.Name+"-replica", port(app.Database.Name))
			}
		}
		for _, caller := range app.From {
			for _, of := range selves(caller, cfg.Apps[caller]) {
				for _, port := range app.Ports {
					n.call(of, name, port.Container)
				}
			}
		}
		n.scrape(cfg, name, app)
		if app.Public {
			n.public[name] = app.Ports[0].Container
		}
	}
	for _, route := range cfg.Proxy.Routes {
		n.call("proxy", route.App, cfg.Apps[route.App].Ports[0].Container)
		if cfg.Apps[route.App].Canary != nil {
			n.call("proxy", route.App+"-canary", cfg.Apps[route.App].Ports[0].Container)
		}
		if cfg.Proxy.Public {
			n.public["proxy"] = proxy
		}
	}
	return n
}

// besides are the workloads around databases: backups, restores, and what offers metrics.
func (n network) besides(cfg *config.Config) {
	const exporter = 9187
	for name, database := range cfg.Databases {
		if database.Metrics != nil {
			n.call(name+"-metrics", name, postgres)
			n.monitors[name+"-metrics"] = monitor{database.Metrics.Namespace, exporter}
		}
		if database.Backup != nil {
			n.call(name+"-backup", name, postgres)
			n.bucket(cfg, name+"-backup", &config.BucketUse{Name: database.Backup.Bucket})
		}
		if database.Restore != nil {
			n.call(name+"-restore", name, postgres)
			n.bucket(cfg, name+"-restore", &config.BucketUse{Name: database.Restore.Bucket})
		}
	}
}

// scrape: who gathers metrics may reach their port, on the canary too.
func (n network) scrape(cfg *config.Config, name string, app config.App) {
	if app.Metrics == nil {
		return
	}
	for _, port := range app.Ports {
		if port.Name != app.Metrics.Port {
			continue
		}
		n.monitors[name] = monitor{cfg.Monitoring.Namespace, port.Container}
		if app.Canary != nil {
			n.monitors[name+"-canary"] = n.monitors[name]
		}
	}
}

// monitor is a namespace whose pods may reach a port.
type monitor struct {
	namespace string
	port      int
}

// s3 is the port of the server in the cluster, postgres that of the database.
const (
	s3       = 9000
	postgres = 5432
)

// minio: the setup reaches the server, and the server's pods each other.
func (n network) minio(cfg *config.Config) {
	for _, bucket := range cfg.Buckets {
		if bucket.Engine != config.MinIOBucket {
			continue
		}
		n.calls["minio"], n.calls["minio-setup"] = nil, nil
		n.call("minio-setup", "minio", s3)
		if cfg.MinIO.Drives > 1 {
			n.call("minio", "minio", s3)
		}
		if namespace := cfg.MinIO.MetricsNamespace; namespace != "" {
			n.monitors["minio"] = monitor{namespace, s3}
		}
	}
}

// bucket: the way to one, here or elsewhere.
func (n network) bucket(cfg *config.Config, of string, use *config.BucketUse) {
	if use == nil {
		return
	}
	external := cfg.Buckets[use.Name].External
	if external == nil {
		n.call(of, "minio", s3)
		return
	}
	port := 443
	if _, text, found := strings.Cut(strings.TrimPrefix(external.Endpoint, "https://"), ":"); found {
		port, _ = strconv.Atoi(text)
	}
	for _, cidr := range external.CIDRs {
		n.egress[of] = append(n.egress[of], config.Egress{CIDR: cidr, Port: port})
	}
}

// selves are an app and what else is run of it, which has the same connections: its migration, where that is a Job of
// its own, its canary, and its jobs.
func selves(name string, app config.App) []string {
	all := []string{name}
	if app.Canary != nil {
		all = append(all, name+"-canary")
	}
	if app.Migration != nil && app.Migration.As == config.MigrationJob {
		for _, of := range slices.Clone(all) {
			all = append(all, of+"-migrate")
		}
	}
	for job := range app.Jobs {
		all = append(all, name+"-"+job)
	}
	return all
}

func (n network) call(from, to string, ports ...int) {
	if n.calls[from] == nil {
		n.calls[from] = map[string][]int{}
	}
	n.calls[from][to] = append(n.calls[from][to], ports...)
}

// lets tells whether a connection is declared: both ends must let it through.
func (n network) lets(c connection) bool { return n.out(c) && n.in(c) }

// out: from home, everybody may ask DNS, and a workload may make its own calls.
func (n network) out(c connection) bool {
	switch {
	case !c.From.home:
		return true
	case c.To.name == "DNS" && c.Port == 53:
		return true
	case c.Protocol != "TCP":
		return false
	case c.To.home:
		return slices.Contains(n.calls[c.From.name][c.To.name], c.Port)
	case c.To.Namespace != "":
		return false
	}
	return slices.ContainsFunc(n.egress[c.From.name], func(out config.Egress) bool {
		return out.Port == c.Port && netip.MustParsePrefix(out.CIDR).Contains(netip.MustParseAddr(c.To.IP))
	})
}

// in: at home, a workload is open to those who may call it, and to everybody on the port that is public.
func (n network) in(c connection) bool {
	switch {
	case !c.To.home:
		return true
	case c.Protocol != "TCP":
		return false
	case c.Port == n.public[c.To.name]:
		return true
	case n.entrances[c.To.name].lets(c):
		return true
	case n.monitors[c.To.name].port != 0 && c.From.Namespace == n.monitors[c.To.name].namespace:
		return c.Port == n.monitors[c.To.name].port
	}
	return c.From.home && slices.Contains(n.calls[c.From.name][c.To.name], c.Port)
}

// table is a stack's network: its policies, what is declared, and every connection there could be.
type table struct {
	network     network
	policies    []*unstructured.Unstructured
	connections []connection
}

func (s stack) table(t *testing.T) table {
	t.Helper()
	cfg := s.config(t)
	made := table{network: declare(cfg)}
	var ends []end
	seen, namespaces := map[string]bool{}, map[string]map[string]string{}
	for _, m := range s.render(t).manifests {
		switch m.GetKind() {
		case "NetworkPolicy":
			made.policies = append(made.policies, &m.Unstructured)
		case "Namespace":
			namespaces[m.GetName()] = m.GetLabels()
			// The API server adds it.
			namespaces[m.GetName()]["kubernetes.io/metadata.name"] = m.GetName()
		}
		pod := podTemplate(t, m)
		if pod == nil {
			continue
		}
		e := end{name: pod.Labels[nameLabel], home: true, Namespace: m.GetNamespace(), Labels: pod.Labels}
		if _, known := made.network.calls[e.name]; !known {
			t.Fatalf("stack %s: the pods of %s %s are called %q, of which nothing is declared: say it in declare",
				s.name, m.GetKind(), m.GetName(), e.name)
		}
		if seen[e.name] {
			continue
		}
		seen[e.name], e.ports = true, map[int]string{}
		for _, container := range pod.Spec.Containers {
			for _, port := range container.Ports {
				e.ports[int(port.ContainerPort)] = port.Name
			}
		}
		ends = append(ends, e)
	}
	if len(seen) != len(made.network.calls) {
		t.Fatalf("stack %s: got the pods of %v, want those of %v", s.name, seen, made.network.calls)
	}
	ends = append(ends, outsiders(cfg, made.network, ends)...)
	for i := range ends {
		e := &ends[i]
		if e.Namespace == "" {
			continue
		}
		if e.NamespaceLabels = namespaces[e.Namespace]; e.NamespaceLabels == nil {
			e.NamespaceLabels = map[string]string{"kubernetes.io/metadata.name": e.Namespace}
		}
		e.IP = fmt.Sprintf("10.1.0.%d", i+1)
	}
	for _, from := range ends {
		for _, to := range ends {
			// A workload that calls itself has several pods.
			itself := from.name == to.name && made.network.calls[from.name][to.name] == nil
			if itself || from.Namespace == "" && to.Namespace == "" {
				continue
			}
			for _, port := range portNumbers(cfg, made.network, ends) {
				for _, protocol := range []string{"TCP", "UDP"} {
					made.connections = append(made.connections, connection{
						From: from, To: to, Port: port, PortName: to.ports[port], Protocol: protocol,
					})
				}
			}
		}
	}
	return made
}

// outsiders are ends that the configuration does not know: pods that might pass for one of ours, and addresses in and
// beside the ranges that apps may reach.
func outsiders(cfg *config.Config, n network, ours []end) []end {
	dns := map[string]string{"k8s-app": "kube-dns"}
	home := cfg.Namespace.Name
	ends := []end{
		{name: "DNS", Namespace: "kube-system", Labels: dns},
		{name: "another pod of the system", Namespace: "kube-system", Labels: map[string]string{"k8s-app": "metrics"}},
		{name: "a false DNS at home", home: true, Namespace: home, Labels: dns},
		{name: "a false DNS elsewhere", Namespace: "elsewhere", Labels: dns},
		{name: "cloud metadata", IP: "169.254.169.254"},
		{name: "an address outside", IP: "192.0.2.1"},
	}
	for _, space := range append(slices.Sorted(maps.Keys(cfg.Namespaces)), home) {
		ends = append(ends, end{
			name: "a stranger at home in " + space, home: true, Namespace: space, Labels: map[string]string{"app": "stranger"},
		})
	}
	for _, pod := range ours {
		ends = append(ends, end{name: pod.name + " of another stack", Namespace: "elsewhere", Labels: pod.Labels})
	}
	for _, by := range n.monitors {
		ends = append(ends, end{name: "a monitor", Namespace: by.namespace, Labels: map[string]string{"app": "monitor"}})
	}
	ranges := []string{}
	for _, egress := range n.egress {
		for _, out := range egress {
			ranges = append(ranges, out.CIDR)
		}
	}
	for _, by := range n.entrances {
		ranges = append(ranges, by.cidrs...)
		if by.namespace != "" {
			ends = append(ends, end{name: "a controller", Namespace: by.namespace, Labels: by.labels},
				end{name: "a neighbour of the controller", Namespace: by.namespace, Labels: map[string]string{"app": "x"}},
				end{name: "a false controller", Namespace: "elsewhere", Labels: by.labels})
		}
	}
	seen := map[string]bool{}
	for _, cidr := range ranges {
		if !strings.HasSuffix(cidr, "/0") {
			prefix := netip.MustParsePrefix(cidr).Masked()
			for _, address := range []netip.Addr{prefix.Addr(), prefix.Addr().Prev()} {
				if name := address.String(); !seen[name] {
					seen[name] = true
					ends = append(ends, end{name: name, IP: name})
				}
			}
		}
	}
	return ends
}

// portNumbers are all that pods listen on and that the configuration speaks of, and some that nobody does.
func portNumbers(cfg *config.Config, n network, ends []end) []int {
	numbers := []int{22, 53, 80, 443, 65535}
	for _, e := range ends {
		numbers = slices.AppendSeq(numbers, maps.Keys(e.ports))
	}
	for _, app := range cfg.Apps {
		for _, port := range app.Ports {
			numbers = append(numbers, port.Service)
		}
	}
	for _, egress := range n.egress {
		for _, out := range egress {
			numbers = append(numbers, out.Port)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// differences are the connections that the policies and the configuration do not agree on.
func (made table) differences(t *testing.T, matcher string) []string {
	t.Helper()
	question, err := json.Marshal(map[string]any{"policies": made.policies, "questions": made.connections})
	if err != nil {
		t.Fatal(err)
	}
	ask := exec.CommandContext(t.Context(), matcher)
	var complaints bytes.Buffer
	ask.Stdin, ask.Stderr = bytes.NewReader(question), &complaints
	out, err := ask.Output()
	if err != nil {
		t.Fatalf("asking the matcher: %v\n%s", err, complaints.String())
	}
	var allowed []bool
	if err := json.Unmarshal(out, &allowed); err != nil || len(allowed) != len(made.connections) {
		t.Fatalf("got %d answers to %d questions, %v", len(allowed), len(made.connections), err)
	}
	var found []string
	for i, c := range made.connections {
		switch want := made.network.lets(c); {
		case allowed[i] && !want:
			found = append(found, c.String()+" flows undeclared")
		case !allowed[i] && want:
			found = append(found, c.String()+" is declared and does not flow")
		}
	}
	return found
}

func truthTable(t *testing.T) string {
	t.Helper()
	return program(t, "test/truthtable", "truthtable", ".")
}

func TestThePoliciesLetThroughExactlyWhatIsDeclared(t *testing.T) {
	matcher := truthTable(t)
	for _, s := range stacks(t) {
		made := s.table(t)
		flows := 0
		for _, c := range made.connections {
			if made.network.lets(c) && (c.From.home || c.To.home) {
				flows++
			}
		}
		if flows == 0 || flows == len(made.connections) {
			t.Errorf("stack %s: %d of %d connections are declared, so that nothing is shown", s.name, flows,
				len(made.connections))
		}
		for _, difference := range made.differences(t, matcher) {
			t.Errorf("stack %s: %s", s.name, difference)
		}
	}
}

func TestEachPolicyIsMissedWhereItIsTakenAway(t *testing.T) {
	matcher := truthTable(t)
	for _, s := range stacks(t) {
		made := s.table(t)
		declared := slices.DeleteFunc(slices.Clone(made.connections), func(c connection) bool {
			return !made.network.lets(c)
		})
		for i, policy := range made.policies {
			if !slices.ContainsFunc(made.connections, func(c connection) bool {
				return c.From.home && c.From.Namespace == policy.GetNamespace()
			}) {
				continue // It is an operator's, whose pods are its chart's and are not rendered.
			}
			less := made
			less.policies = slices.Delete(slices.Clone(made.policies), i, i+1)
			if allows(policy) {
				// Without it less flows: there is no need to ask for what does not.
				less.connections = declared
			}
			if len(less.differences(t, matcher)) == 0 {
				t.Errorf("stack %s: nothing changes without the policy %s: it is not needed", s.name, policy.GetName())
			}
		}
	}
}

// allows tells whether a policy allows anything, rather than denying what no other one allows.
func allows(policy *unstructured.Unstructured) bool {
	spec, _ := policy.Object["spec"].(map[string]any)
	return spec["ingress"] != nil || spec["egress"] != nil
}

func TestAPolicyTooManyIsSeen(t *testing.T) {
	matcher := truthTable(t)
	for _, s := range stacks(t) {
		made := s.table(t)
		if s.name != "everything" {
			continue
		}
		made.policies = append(made.policies, &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
			"metadata": map[string]any{"name": "too-many", "namespace": s.config(t).Namespace.Name},
			"spec": map[string]any{
				"podSelector": map[string]any{"matchLabels": map[string]any{nameLabel: "api"}},
				"policyTypes": []any{"Ingress"},
				"ingress": []any{map[string]any{
					"from":  []any{map[string]any{"namespaceSelector": map[string]any{}}},
					"ports": []any{map[string]any{"port": 9090, "protocol": "TCP"}},
				}},
			},
		}})
		got := made.differences(t, matcher)
		if len(got) == 0 {
			t.Fatalf("stack %s: got nothing, want what flows undeclared", s.name)
		}
		for _, difference := range got {
			if !strings.HasSuffix(difference, " -> api 9090/TCP flows undeclared") {
				t.Errorf("stack %s: got %s, want connections to port 9090 of api alone", s.name, difference)
			}
		}
		return
	}
	t.Error("no stack is called everything")
}
