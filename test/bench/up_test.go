package bench

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"plinth/config"
	"plinth/environment"
	"plinth/internal/offline"
	"plinth/internal/record"
	"plinth/internal/workspace"
)

const (
	// stackName is that of the stack that plinth brings up, bareName that of the one with the same objects that the
	// bare program brings up beside it.
	stackName, bareName = "bench", "bare"
	// objectsFile lists the objects of the bare stack.
	objectsFile = "objects.json"
	// rounds is how often an unchanged stack is brought up by each of the two, in turns. The figures are medians.
	rounds = 3
	// patience is how long an up may take until it is interrupted.
	patience = 15 * time.Minute
)

// unchanged is what an up without changes took, of plinth and of the bare program.
type unchanged struct {
	apps, objects, registered int
	plinth, bare              usage
}

// BenchmarkUnchangedUp runs `plinth up` on a stack that is up to date, with the real Pulumi CLI, stand-ins for its
// plugins and an embedded cluster, beside a bare program: the same Kubernetes objects without components. The ratios
// are plinth's figures in those of the bare program.
func BenchmarkUnchangedUp(b *testing.B) {
	var all []unchanged
	for _, apps := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(apps), func(b *testing.B) {
			u := up(b, apps)
			all = append(all, u)
			b.ReportMetric(0, "ns/op") // What go test measured is the whole function.
			b.ReportMetric(float64(u.objects), "objects")
			b.ReportMetric(perObject(u.plinth.wall, u.objects), "ms/object")
			b.ReportMetric(u.plinth.wall.Seconds()/u.bare.wall.Seconds(), "wall-ratio")
			b.ReportMetric(u.plinth.cpu.Seconds()/u.bare.cpu.Seconds(), "cpu-ratio")
			b.ReportMetric(float64(u.plinth.together)/float64(u.bare.together), "memory-ratio")
		})
	}
	if len(all) > 0 {
		fmt.Printf("\nAn up that changes nothing: medians of %d, through the Pulumi CLI, with stand-ins, on an embedded "+
			"cluster.\nThe bare program registers the same Kubernetes objects and nothing else. Peak memory: of the "+
			"program with its\nstand-ins, of the Pulumi CLI, and of all processes at one moment.\n\n", rounds)
		write(all)
	}
}

// perObject is a time divided by a number of objects, in milliseconds.
func perObject(d time.Duration, objects int) float64 {
	return float64(d.Milliseconds()) / float64(objects)
}

// write prints the table, and what each further object costs.
func write(all []unchanged) {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "apps\tobjects\tregistered\t\twall s\tms/object\tCPU s\tCPU ms/object\tprogram MiB\t"+
		"CLI MiB\tall MiB\t")
	row := func(of unchanged, name string, registered int, used usage) {
		_, _ = fmt.Fprintf(table, "%d\t%d\t%d\t%s\t%.2f\t%.1f\t%.2f\t%.1f\t%.0f\t%.0f\t%.0f\t\n", of.apps, of.objects,
			registered, name, used.wall.Seconds(), perObject(used.wall, of.objects), used.cpu.Seconds(),
			perObject(used.cpu, of.objects), mebibytes(used.own), mebibytes(used.others), mebibytes(used.together))
	}
	for _, u := range all {
		row(u, "bare", u.objects+2, u.bare) // The stack and the provider are registered too.
		row(u, "plinth", u.registered, u.plinth)
		wall, cpu := u.plinth.wall.Seconds()/u.bare.wall.Seconds(), u.plinth.cpu.Seconds()/u.bare.cpu.Seconds()
		_, _ = fmt.Fprintf(table, "\t\t\tratio\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t\n", wall, wall, cpu, cpu,
			float64(u.plinth.own)/float64(u.bare.own), float64(u.plinth.others)/float64(u.bare.others),
			float64(u.plinth.together)/float64(u.bare.together))
	}
	_ = table.Flush() // As with every other print, there is nobody to tell.
	for i := 1; i < len(all); i++ {
		less, more := all[i-1], all[i]
		further := more.objects - less.objects
		fmt.Printf("each further object, from %d to %d apps: plinth %.1f ms, %.1f ms of CPU; bare %.1f ms, %.1f ms of CPU\n",
			less.apps, more.apps,
			perObject(more.plinth.wall-less.plinth.wall, further), perObject(more.plinth.cpu-less.plinth.cpu, further),
			perObject(more.bare.wall-less.bare.wall, further), perObject(more.bare.cpu-less.bare.cpu, further))
	}
	fmt.Println()
}

// up brings up both stacks with a number of applications, and measures what bringing them up again takes.
func up(b *testing.B, apps int) unchanged {
	b.Helper()
	p := newProject(b, apps)
	result := unchanged{apps: apps}
	var objects []object
	objects, result.registered = p.record(b)
	result.objects = len(objects)
	plinth := func(want string) usage {
		output, used := measure(b, p.command(b, p.plinth, "up", stackName), true)
		if !strings.Contains(output, want) {
			b.Fatalf("plinth up does not say %q:\n%s", want, output)
		}
		return used
	}
	created := plinth(fmt.Sprintf(": %d created in ", result.objects))
	b.Logf("plinth's first up, the start of the cluster included: %s", created.wall.Round(time.Second/10))

	cluster, err := offline.Start(b.Context(), offline.ClusterOptions{Dir: p.cluster})
	if err != nil {
		b.Fatal(err)
	}
	dir := p.writeObjects(b, objects)
	test, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	bare := func(want string) usage {
		cmd := p.command(b, test)
		cmd.Env = append(cmd.Env, bareVariable+"="+dir, "KUBECONFIG="+cluster.Kubeconfig())
		output, used := measure(b, cmd, true)
		if !strings.HasSuffix(strings.TrimSpace(output), want) { // Kubernetes' client may have complained before.
			b.Fatalf("the bare program ended with %s, want %s", output, want)
		}
		return used
	}
	created = bare(fmt.Sprintf(`{"create":%d}`, len(objects)+2)) // The stack and the provider are counted too.
	b.Logf("the bare program's first up: %s", created.wall.Round(time.Second/10))

	var byPlinth, byBare []usage
	for range rounds {
		byPlinth = append(byPlinth, plinth("nothing changed"))
		byBare = append(byBare, bare(fmt.Sprintf(`{"same":%d}`, len(objects)+2)))
	}
	result.plinth, result.bare = median(byPlinth), median(byBare)
	return result
}

// median takes the median of each figure.
func median(of []usage) usage {
	middle := func(figure func(usage) int64) int64 {
		figures := make([]int64, 0, len(of))
		for _, u := range of {
			figures = append(figures, figure(u))
		}
		slices.Sort(figures)
		return figures[len(figures)/2]
	}
	return usage{
		wall:     time.Duration(middle(func(u usage) int64 { return int64(u.wall) })),
		cpu:      time.Duration(middle(func(u usage) int64 { return int64(u.cpu) })),
		largest:  middle(func(u usage) int64 { return u.largest }),
		own:      middle(func(u usage) int64 { return u.own }),
		others:   middle(func(u usage) int64 { return u.others }),
		together: middle(func(u usage) int64 { return u.together }),
	}
}

// project is a copy of the project's folder with two stacks of the same applications, and a state and a cluster of its
// own. It shares the tools that are built.
type project struct{ dir, plinth, cluster string }

// newProject lays out the copy and builds plinth. The cluster is stopped when the benchmark ends.
func newProject(b *testing.B, apps int) *project {
	b.Helper()
	dir := b.TempDir()
	p := &project{dir, filepath.Join(dir, "plinth-bench"), filepath.Join(dir, ".plinth", "cluster")}
	from, err := filepath.Abs(root)
	if err != nil {
		b.Fatal(err)
	}
	bin := filepath.Join(".plinth", "bin")
	for _, made := range []string{filepath.Join(from, bin), filepath.Join(dir, "home"), filepath.Join(dir, ".plinth")} {
		if err := os.MkdirAll(made, 0o700); err != nil {
			b.Fatal(err)
		}
	}
	for _, shared := range []string{"Pulumi.yaml", "tools", "internal", bin} {
		if err := os.Symlink(filepath.Join(from, shared), filepath.Join(dir, shared)); err != nil {
			b.Fatal(err)
		}
	}
	for _, name := range []string{stackName, bareName} {
		if err := os.WriteFile(p.stackFile(name), stackFile(apps), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	build := exec.CommandContext(b.Context(), "go", "build", "-o", p.plinth, "./cmd/plinth")
	build.Dir, build.Env = root, append(os.Environ(), buildFlags)
	if output, err := build.CombinedOutput(); err != nil {
		b.Fatalf("building plinth: %v\n%s", err, output)
	}
	b.Cleanup(func() {
		if err := offline.Stop(context.Background(), p.cluster); err != nil {
			b.Errorf("stopping the cluster: %v", err)
		}
	})
	return p
}

// stackFile is the text of a stack file with applications in a chain: each but the first is called by the one before.
func stackFile(apps int) []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, `config:
  plinth:tier: dev
  plinth:namespace:
    quota: {pods: %d, cpu: "%d", memory: %dMi}
  plinth:apps:
`, 4*apps, 4*apps, 4*128*apps)
	for i := range apps {
		fmt.Fprintf(&text, `    app-%03d:
      image: ghcr.io/stefanprodan/podinfo:6.7.1
      replicas: 2
      user: 10001
      ports:
        - {name: http, container: 9898, service: 80}
      probes:
        readiness: {path: /readyz}
        liveness: {path: /healthz}
      resources:
        requests: {cpu: 10m, memory: 64Mi}
        limits: {cpu: 500m, memory: 128Mi, ephemeralStorage: 128Mi}
      env: {LOG_LEVEL: info}
`, i)
		if i > 0 {
			fmt.Fprintf(&text, "      from: [app-%03d]\n", i-1)
		}
	}
	return text.Bytes()
}

func (p *project) stackFile(stack string) string {
	return filepath.Join(p.dir, "Pulumi."+stack+".yaml")
}

// command runs a program in the project's folder, where it finds neither a cluster nor plugins nor the user's settings.
func (p *project) command(b *testing.B, program string, args ...string) *exec.Cmd {
	b.Helper()
	env := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "PULUMI_") || strings.HasPrefix(variable, "KUBECONFIG=")
	})
	env = append(env, "HOME="+filepath.Join(p.dir, "home"), "PATH="+withoutKind())
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} { // They follow from HOME.
		value, err := exec.CommandContext(b.Context(), "go", "env", name).Output()
		if err != nil {
			b.Fatalf("asking go for %s: %v", name, err)
		}
		env = append(env, name+"="+strings.TrimSpace(string(value)))
	}
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	b.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Dir, cmd.Env = p.dir, env
	return cmd
}

// withoutKind is PATH without the folders that hold a kind, which plinth would prefer to the embedded cluster.
func withoutKind() string {
	return strings.Join(slices.DeleteFunc(filepath.SplitList(os.Getenv("PATH")), func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "kind"))
		return err == nil
	}), string(filepath.ListSeparator))
}

// stage says when an object of a type can be made: after all of the namespace, and after those of its own name in an
// earlier stage. Pods are refused without their service account. Pulumi waits for the pods of a Service, and that
// could otherwise take every place that there is for operations at once, also that of the pods.
func stage(resourceType string) int {
	switch resourceType[strings.LastIndexByte(resourceType, ':')+1:] {
	case "Namespace":
		return 0
	case "Deployment":
		return 2
	case "Service":
		return 3
	default:
		return 1
	}
}

// record returns the Kubernetes objects of the bare stack in an order that they can be made in, and the number of all
// resources that the program registers.
func (p *project) record(b *testing.B) (objects []object, registered int) {
	b.Helper()
	raw, _, err := config.ReadStackFile(p.stackFile(bareName))
	if err != nil {
		b.Fatal(err)
	}
	keys := make([]string, 0, len(raw))
	for key := range raw {
		keys = append(keys, key)
	}
	recording, err := record.Run(b.Context(), record.Options{Project: workspace.Name, Stack: bareName, Config: raw},
		environment.Program(func() []string { return keys }))
	if err != nil {
		b.Fatal(err)
	}
	for _, r := range recording.Resources {
		if !strings.HasPrefix(string(r.Type), "kubernetes:") {
			continue
		}
		if r.Inputs.ContainsUnknowns() || r.Inputs.ContainsSecrets() {
			b.Fatalf("%s: the bare program can register plain values only, got %v", r.URN, r.Inputs)
		}
		objects = append(objects, object{Type: string(r.Type), Name: r.Name, Inputs: r.Inputs.Mappable()})
	}
	slices.SortStableFunc(objects, func(x, y object) int { return cmp.Compare(stage(x.Type), stage(y.Type)) })
	for i := range objects {
		o := &objects[i]
		for _, earlier := range objects[:i] {
			before := stage(earlier.Type)
			if before < stage(o.Type) && (before == 0 || earlier.called() == o.called()) {
				o.After = append(o.After, earlier.Name)
			}
		}
	}
	return objects, len(recording.Resources)
}

// writeObjects makes the folder of the bare stack and lists its objects there.
func (p *project) writeObjects(b *testing.B, objects []object) string {
	b.Helper()
	text, err := json.Marshal(objects)
	if err != nil {
		b.Fatal(err)
	}
	dir := filepath.Join(p.dir, bareName)
	if err := os.Mkdir(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, objectsFile), text, 0o600); err != nil {
		b.Fatal(err)
	}
	return dir
}
