package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// root is the project's folder.
const root = "../.."

// buildFlags are those of every build of the project.
const buildFlags = "GOFLAGS=-trimpath -buildvcs=false"

// compiled is what it took to compile a program from nothing, and what came of it.
type compiled struct {
	usage
	size          int64 // Of the program, in bytes.
	packages, sdk int   // All that are linked, and those of the Kubernetes SDK among them.
}

// BenchmarkColdCompile compiles the command line with an empty build cache, and a program that uses Kubernetes as most
// Pulumi programs in Go do: with the SDK's helm/v3. Modules are downloaded before. The ratios are the command line's
// figures in those of the reference.
func BenchmarkColdCompile(b *testing.B) {
	var reference, plinth compiled
	b.Run("reference", func(b *testing.B) {
		reference = compile(b, "./test/bench/testdata/reference")
		reference.report(b)
	})
	b.Run("plinth", func(b *testing.B) {
		plinth = compile(b, "./cmd/plinth")
		plinth.report(b)
		if reference.packages > 0 {
			b.ReportMetric(plinth.cpu.Seconds()/reference.cpu.Seconds(), "cpu-ratio")
			b.ReportMetric(float64(plinth.largest)/float64(reference.largest), "memory-ratio")
			b.ReportMetric(float64(plinth.size)/float64(reference.size), "size-ratio")
		}
	})

	fmt.Print("\nCompiling from nothing: CPU time of all processes, peak memory of the largest one\n\n")
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "\tCPU s\twall s\tpeak MiB\tprogram MiB\tpackages\tof the Kubernetes SDK\t")
	for _, row := range []struct {
		name string
		compiled
	}{{"reference with helm/v3", reference}, {"cmd/plinth", plinth}} {
		if row.packages > 0 {
			_, _ = fmt.Fprintf(table, "%s\t%.0f\t%.0f\t%.0f\t%.1f\t%d\t%d\t\n", row.name, row.cpu.Seconds(),
				row.wall.Seconds(), mebibytes(row.largest), mebibytes(row.size), row.packages, row.sdk)
		}
	}
	if reference.packages > 0 && plinth.packages > 0 {
		_, _ = fmt.Fprintf(table, "ratio\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t\n",
			plinth.cpu.Seconds()/reference.cpu.Seconds(), plinth.wall.Seconds()/reference.wall.Seconds(),
			float64(plinth.largest)/float64(reference.largest), float64(plinth.size)/float64(reference.size),
			float64(plinth.packages)/float64(reference.packages), float64(plinth.sdk)/float64(reference.sdk))
	}
	_ = table.Flush() // As with every other print, there is nobody to tell.
	fmt.Println()
}

// report tells go test about it.
func (c compiled) report(b *testing.B) {
	b.Helper()
	b.ReportMetric(0, "ns/op") // What go test measured is the whole function.
	b.ReportMetric(c.cpu.Seconds(), "cpu-s")
	b.ReportMetric(c.wall.Seconds(), "wall-s")
	b.ReportMetric(mebibytes(c.largest), "peak-MiB")
	b.ReportMetric(mebibytes(c.size), "program-MiB")
	b.ReportMetric(float64(c.sdk), "sdk-packages")
}

// compile builds a package of the project with a build cache of its own, which is gone afterwards.
func compile(b *testing.B, pkg string) (c compiled) {
	b.Helper()
	// This downloads what is missing, so that the build does not.
	list := exec.CommandContext(b.Context(), "go", "list", "-deps", pkg)
	list.Dir = root
	list.Stderr = os.Stderr
	output, err := list.Output()
	if err != nil {
		b.Fatalf("listing what %s is compiled from: %v", pkg, err)
	}
	for _, path := range strings.Fields(string(output)) {
		c.packages++
		if strings.HasPrefix(path, "github.com/pulumi/pulumi-kubernetes/") {
			c.sdk++
		}
	}
	dir, err := os.MkdirTemp("", "plinth-bench-*")
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			b.Errorf("removing the build cache: %v", err)
		}
	}()
	program := filepath.Join(dir, "program")
	build := exec.CommandContext(b.Context(), "go", "build", "-o", program, pkg)
	build.Dir = root
	build.Env = append(os.Environ(), "GOCACHE="+filepath.Join(dir, "cache"), buildFlags)
	_, c.usage = measure(b, build, false)
	info, err := os.Stat(program)
	if err != nil {
		b.Fatal(err)
	}
	c.size = info.Size()
	b.Logf("%s: %s", pkg, c.wall.Round(time.Second))
	return c
}
