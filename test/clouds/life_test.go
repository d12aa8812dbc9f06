package clouds_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"plinth/config"
	"plinth/internal/offline"
	"plinth/internal/offline/simulation"
)

// The tests in this file drive `plinth` as a user does: the plain program, which builds the one with a stack's cloud and
// runs it, the real Pulumi CLI, simulated clouds and embedded clusters. What is built is kept in .plinth/bin.

// patience is how long a command may take. The first one builds a program, and the SDK of a cloud with it.
const patience = 25 * time.Minute

// The exit codes of plinth that are asked for here.
const (
	done    = 0
	failed  = 1
	usage   = 2
	refused = 3
	changes = 4
	left    = 5
)

// plinth is the plain program, built once.
var plinth = sync.OnceValues(func() (string, error) {
	program, err := filepath.Abs(filepath.Join(root, ".plinth", "bin", "plinth"))
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", program, "./cmd/plinth")
	build.Dir = root
	build.Env = append(os.Environ(), "GOFLAGS=-trimpath -buildvcs=false")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return program, nil
})

// project is a copy of this project, with a state and clouds of its own; of the sources it has links.
type project struct {
	root string
	env  []string
	// program is what is run; empty: the plain one.
	program string
}

func newProject(t *testing.T) *project {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts clusters: make test runs it, make unit does not")
	}
	repository, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	p := &project{root: t.TempDir()}
	entries, err := os.ReadDir(repository)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, "Pulumi.") {
			text, err := os.ReadFile(filepath.Join(repository, name))
			if err != nil {
				t.Fatal(err)
			}
			p.write(t, name, string(text))
		} else if !strings.HasPrefix(name, ".") && name != "bin" {
			if err := os.Symlink(filepath.Join(repository, name), filepath.Join(p.root, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	home, own := filepath.Join(p.root, "home"), filepath.Join(p.root, ".plinth")
	for _, dir := range []string{home, own, filepath.Join(repository, ".plinth", "bin")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(repository, ".plinth", "bin"), filepath.Join(own, "bin")); err != nil {
		t.Fatal(err)
	}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if name != "HOME" && name != "KUBECONFIG" && !strings.HasPrefix(name, "PULUMI_") {
			p.env = append(p.env, variable)
		}
	}
	p.env = append(p.env, "HOME="+home)
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} {
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatalf("asking go for %s: %v: put go on PATH", name, err)
		}
		p.env = append(p.env, name+"="+strings.TrimSpace(string(value)))
	}
	t.Cleanup(func() {
		left, err := filepath.Glob(filepath.Join(own, "sim", "*", "cluster"))
		if err != nil {
			t.Error(err)
		}
		for _, dir := range left {
			if err := offline.Stop(context.Background(), dir); err != nil {
				t.Errorf("stopping an embedded cluster: %v", err)
			}
		}
	})
	return p
}

func (p *project) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.root, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a command line, and returns what it prints.
func (p *project) run(t *testing.T, want int, args ...string) string {
	t.Helper()
	program, err := p.program, error(nil)
	if program == "" {
		program, err = plinth()
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	began := time.Now()
	command := exec.CommandContext(ctx, program, args...)
	command.Dir, command.Env = p.root, p.env
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	err = command.Run()
	code := command.ProcessState.ExitCode()
	t.Logf("$ plinth %s   # exit code %d, %s\n%s", strings.Join(args, " "), code, time.Since(began).Round(time.Second), &out)
	if code != want {
		t.Fatalf("plinth %s: exit code %d (%v), want %d", strings.Join(args, " "), code, err, want)
	}
	return out.String()
}

// set changes the configuration of a stack's file, section by section.
func (p *project) set(t *testing.T, stack string, sections map[string]any) {
	t.Helper()
	name := "Pulumi." + stack + ".yaml"
	text, err := os.ReadFile(filepath.Join(p.root, name))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Config map[string]any `json:"config"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for section, values := range sections {
		key := config.Project + ":" + section
		merged, _ := file.Config[key].(map[string]any)
		if merged == nil {
			merged = map[string]any{}
		}
		encoded, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		var decoded map[string]any
		if err := json.Unmarshal(encoded, &decoded); err != nil {
			t.Fatal(err)
		}
		for name, value := range decoded {
			merged[name] = value
		}
		file.Config[key] = merged
	}
	changed, err := yaml.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, name, string(changed))
}

// world is what is in a stack's simulated cloud.
func (p *project) world(t *testing.T, v variant) []simulation.Entry {
	t.Helper()
	dir := filepath.Join(p.root, ".plinth", "sim", string(v.tier)+"-"+string(v.cloud))
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		return nil
	}
	world, err := simulation.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return world.Contents()
}

// drift changes something in a stack's cloud by hand, and returns what kind of resource it is.
func (p *project) drift(t *testing.T, v variant) string {
	t.Helper()
	typ, key := "aws:ec2/vpc:Vpc", "enableDnsHostnames"
	if v.cloud == config.OnGCP {
		typ, key = "gcp:compute/subnetwork:Subnetwork", "privateIpGoogleAccess"
	}
	world, err := simulation.Open(filepath.Join(p.root, ".plinth", "sim", string(v.tier)+"-"+string(v.cloud)))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range world.Contents() {
		if e.Type == typ {
			if err := world.Change(typ, e.ID, func(e *simulation.Entry) { e.Inputs[key] = false }); err != nil {
				t.Fatal(err)
			}
			return typ[strings.LastIndex(typ, ":")+1:]
		}
	}
	t.Fatalf("there is no %s to change", typ)
	return ""
}

// plant puts into a stack's cloud what nobody looks after: something made by hand with the stack's tag, a load balancer
// that its controller forgot, and a volume that lost its claim. What it returns takes them out again.
func (p *project) plant(t *testing.T, v variant) (remove func()) {
	t.Helper()
	environment := config.Project + "-" + string(v.tier)
	stack := map[string]string{"plinth-stack": string(v.tier)}
	entries := []simulation.Entry{
		{Type: "aws:s3/bucketV2:BucketV2", ID: "by-hand", Tags: stack},
		{Type: "aws:lb/loadBalancer:LoadBalancer", ID: "arn:aws:elasticloadbalancing:::loadbalancer/net/forgotten/1f", Tags: map[string]string{
			"kubernetes.io/cluster/" + environment: "owned", "kubernetes.io/service-name": "shop/web",
		}},
		{Type: "aws:ebs/volume:Volume", ID: "vol-lost", Tags: map[string]string{
			"kubernetes.io/cluster/" + environment: "owned", "kubernetes.io/created-for/pv/name": "pvc-lost",
		}},
	}
	if v.cloud == config.OnGCP {
		cluster := map[string]string{"goog-k8s-cluster-name": environment}
		entries = []simulation.Entry{
			{Type: "gcp:storage/bucket:Bucket", ID: "by-hand", Tags: stack},
			{Type: "gcp:compute/forwardingRule:ForwardingRule", ID: "projects/p/regions/r/forwardingRules/forgotten", Tags: map[string]string{
				"goog-k8s-cluster-name": environment, "kubernetes.io/service-name": "shop/web",
			}},
			{Type: "gcp:compute/disk:Disk", ID: "projects/p/zones/z/disks/lost", Name: "lost", Tags: cluster},
		}
	}
	open := func() *simulation.World {
		world, err := simulation.Open(filepath.Join(p.root, ".plinth", "sim", string(v.tier)+"-"+string(v.cloud)))
		if err != nil {
			t.Fatal(err)
		}
		return world
	}
	world := open()
	for _, e := range entries {
		if err := world.Plant(e); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		world := open()
		for _, e := range entries {
			if err := world.Remove(e.Type, e.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// operation is a line that says what became of a resource.
var operation = regexp.MustCompile(`(?m)^  (created|updated|replaced|deleted|removed|create|update|replace|delete|remove) +(\w+) (\S+)`)

// touched are what an output says was done, as "updated NodeGroup".
func touched(out string) []string {
	var found []string
	for _, match := range operation.FindAllStringSubmatch(out, -1) {
		found = append(found, match[1]+" "+match[2])
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// only fails where something else was touched than may be, or nothing.
func only(t *testing.T, what, out string, may ...string) {
	t.Helper()
	got := touched(out)
	if len(got) == 0 {
		t.Errorf("%s: nothing was touched", what)
	}
	for _, one := range got {
		if !slices.Contains(may, one) {
			t.Errorf("%s: got %s, want nothing but %v", what, one, may)
		}
	}
}

func contains(t *testing.T, out string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(out, part) {
			t.Errorf("the output does not say %q", part)
		}
	}
}

// of the resources of a cloud, what may be touched by each change.
func mayTouch(cloud config.Cloud) (count, version, label []string) {
	if cloud == config.OnAWS {
		return []string{"updated NodeGroup"},
			[]string{"updated Cluster", "updated Addon", "updated NodeGroup", "updated LaunchTemplate"},
			[]string{"updated NodeGroup", "updated LaunchTemplate"}
	}
	return []string{"updated NodePool"}, []string{"updated Cluster", "updated NodePool"}, []string{"updated NodePool"}
}

func TestTheLifeOfEveryStackOnEveryCloud(t *testing.T) {
	for _, v := range variants() {
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel()
			life(t, newProject(t), v)
		})
	}
}

// fill puts an object into the stack's bucket, and returns what takes it out.
func (p *project) fill(t *testing.T, v variant) (empty func()) {
	t.Helper()
	world, err := simulation.Open(filepath.Join(p.root, ".plinth", "sim", string(v.tier)+"-"+string(v.cloud)))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range world.Contents() {
		if e.Type == bucketTypes[v.cloud] && strings.Contains(e.ID, "-assets-") {
			object := simulation.Entry{Type: objectTypes[v.cloud], ID: "picture", Inputs: map[string]any{"bucket": e.ID}}
			if err := world.Plant(object); err != nil {
				t.Fatal(err)
			}
			return func() {
				world, err := simulation.Open(filepath.Join(p.root, ".plinth", "sim", string(v.tier)+"-"+string(v.cloud)))
				if err == nil {
					err = world.Remove(object.Type, object.ID)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	t.Fatal("there is no bucket")
	return nil
}

// building is held while a program is built: two builds at once would get into each other's way.
var building sync.Mutex

func life(t *testing.T, p *project, v variant) {
	t.Helper()
	stack := string(v.tier)
	which := []string{stack, "--simulate", "--cloud", string(v.cloud)}
	call := func(want int, command string, more ...string) string {
		t.Helper()
		return p.run(t, want, slices.Concat([]string{command}, which, more)...)
	}
	count, version, label := mayTouch(v.cloud)
	bucket := map[string]any{"engine": "managed"}
	// On one variant, which keeps nothing else at a destroy, a bucket that holds something stops it.
	stops := v.tier == config.Staging && v.cloud == config.OnAWS
	if stops {
		bucket["forceDestroy"] = false
	}
	p.set(t, stack, managedSections())
	p.set(t, stack, map[string]any{
		"cluster": map[string]any{"version": "1.34"}, "aws": map[string]any{"account": "123456789012"},
		"buckets": map[string]any{"assets": bucket},
	})

	// Nothing is there yet, and the kubeconfig not known.
	building.Lock()
	out := call(done, "preview")
	building.Unlock()
	contains(t, out, "to create")
	// That has built the program with the cloud. From now on it is asked itself, which spares a look at all sources.
	p.program = filepath.Join(p.root, ".plinth", "bin", "plinth-"+string(v.cloud))
	contains(t, call(done, "up", "--yes"), "is simulated", "stack "+stack+" is up to date", " created in ", "kubeconfig: [secret]")
	contains(t, call(done, "up"), "stack "+stack+" is up to date: nothing changed (")
	contains(t, call(done, "refresh", "--expect-no-changes"), "is as its state says")
	contains(t, call(done, "preview", "--expect-no-changes"), "nothing would change")

	p.set(t, stack, map[string]any{"cluster": map[string]any{
		"version": "1.34", "nodes": map[string]any{"main": map[string]any{"max": 10}},
	}})
	only(t, "another number of nodes", call(done, "up"), count...)
	p.set(t, stack, map[string]any{"cluster": map[string]any{"version": "1.35"}})
	only(t, "another minor version", call(done, "up"), version...)
	p.set(t, stack, map[string]any{"cluster": map[string]any{
		"nodes": map[string]any{"main": map[string]any{"max": 10, "labels": map[string]string{"example.com/team": "core"}}},
	}})
	only(t, "another label", call(done, "up"), label...)
	contains(t, call(done, "refresh", "--expect-no-changes"), "is as its state says")

	if v.tier == config.Dev {
		kind := p.drift(t, v)
		contains(t, call(changes, "refresh", "--expect-no-changes"), "is not as its state says", "  update     "+kind+" ")
		// The provider is told for once to take over what others have changed.
		only(t, "what somebody else changed", call(done, "up", "--refresh"), "updated "+kind, "updated kubernetes")
		call(done, "refresh", "--expect-no-changes")
	}

	if v.tier == config.Dev {
		contains(t, call(done, "orphans"), "stack "+stack+": nothing is left or forgotten (")
		remove := p.plant(t, v)
		contains(t, call(left, "orphans"), "3 that nobody looks after, of which 3 cost money",
			"by tag plinth-stack="+stack, "made for Service shop/web, which is not there", "by-hand", "forgotten", "lost")
		remove()
	}

	if v.tier == config.Prod {
		protected := []string{
			"holds protected resources: ", "Cluster ", "Namespace ", "Instance ", "assets-bucket",
			"nothing was deleted",
		}
		contains(t, call(refused, "destroy", "--yes"), protected...)
		released := managedSections()
		for _, database := range released["databases"].(map[string]any) {
			database.(map[string]any)["managed"] = map[string]any{"protect": false}
		}
		released["cluster"], released["namespace"] = map[string]any{"protect": false}, map[string]any{"protect": false}
		released["buckets"] = map[string]any{"assets": map[string]any{"engine": "managed", "protect": false}}
		p.set(t, stack, released)
		// What the file says counts once an update has told the clouds.
		contains(t, call(refused, "destroy", "--yes"), protected...)
		call(done, "up")
	}
	// What is in a bucket goes with it, or stops the destroy until somebody has taken it out.
	empty := p.fill(t, v)
	if v.tier == config.Prod {
		empty()
	}
	if stops {
		contains(t, call(failed, "destroy", "--yes"), " assets-bucket:", "next: empty the bucket, or let it go with everything "+
			"in it (plinth:buckets.NAME.forceDestroy: true, then plinth up "+stack)
		empty()
	}
	out = call(done, "destroy", "--yes")
	contains(t, out, "stack "+stack+" is destroyed: ")
	// What is left is what the stack keeps on purpose, or the cloud itself (keys wait for their end), and is said.
	remaining := p.world(t, v)
	kept := 0
	for _, e := range remaining {
		contains(t, out, "  "+e.Type+" "+e.ID)
		if e.Left != "" {
			continue
		}
		kept++
		if v.tier != config.Prod && e.Type != "gcp:kms/keyRing:KeyRing" {
			t.Errorf("left behind: %s %s", e.Type, e.ID)
		}
	}
	managedLeft(t, v, remaining)
	if kept == 0 {
		contains(t, out, "nothing else is left in the simulated cloud")
	} else {
		contains(t, out, "kept in the cloud on purpose")
	}
	if v.tier == config.Prod && kept == 0 {
		t.Error("nothing was kept of prod")
	}
	if _, err := os.Stat(filepath.Join(p.root, ".plinth", "sim", stack+"-"+string(v.cloud), "cluster")); err == nil {
		t.Error("the embedded cluster is still there")
	}
	contains(t, call(done, "destroy", "--yes"), "nothing to destroy")
}
