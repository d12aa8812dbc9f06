package bench

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// usage is what a process and all its descendants took.
type usage struct {
	wall time.Duration
	// cpu is user and system time of the process and of every descendant that was waited for.
	cpu time.Duration
	// largest is the peak resident memory, in bytes, of the largest of them.
	largest int64
	// own is the peak resident memory of the process itself, and others that of the largest descendant; together the
	// greatest sum at one moment. All in bytes and sampled: what happens between two samples is missed. Zero where
	// nothing was sampled.
	own, others, together int64
}

// sampling is the time between two looks at a tree of processes.
const sampling = 100 * time.Millisecond

// measure runs a command to its end. sample says whether memory is told apart by process.
func measure(b *testing.B, cmd *exec.Cmd, sample bool) (output string, used usage) {
	b.Helper()
	if runtime.GOOS != "linux" {
		b.Fatalf("measuring processes on %s: it reads /proc, so run the benchmarks on Linux", runtime.GOOS)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatalf("starting %s: %v", cmd.Path, err)
	}
	ended, sampled := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(sampled)
		for tick := time.NewTicker(sampling); sample; {
			select {
			case <-ended:
				tick.Stop()
				return
			case <-tick.C:
				used.look(cmd.Process.Pid)
			}
		}
	}()
	err := cmd.Wait()
	used.wall = time.Since(start)
	close(ended)
	<-sampled
	if err != nil {
		b.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out.String())
	}
	used.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if resources, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		used.largest = resources.Maxrss << 10 // Linux counts kilobytes: getrusage(2).
	}
	return out.String(), used
}

// look adds one look at the tree of processes under root.
func (u *usage) look(root int) {
	var sum int64
	for _, pid := range tree(root) {
		now, peak := memory(pid)
		sum += now
		if pid == root {
			u.own = max(u.own, peak)
		} else {
			u.others = max(u.others, peak)
		}
	}
	u.together = max(u.together, sum)
}

// tree returns a process and its descendants: proc_pid_task_children(5).
func tree(root int) []int {
	found := []int{root}
	for i := 0; i < len(found); i++ {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", found[i])) // The pattern is well formed.
		for _, thread := range threads {
			text, _ := os.ReadFile(thread) // It may have ended meanwhile.
			for _, child := range strings.Fields(string(text)) {
				pid, _ := strconv.Atoi(child)
				found = append(found, pid)
			}
		}
	}
	return found
}

// memory returns the resident memory of a process in bytes, now and at its peak: proc_pid_status(5). Zero where it has
// ended.
func memory(pid int) (now, peak int64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		kilobytes, _ := strconv.ParseInt(fields[1], 10, 64)
		switch fields[0] {
		case "VmRSS:":
			now = kilobytes << 10
		case "VmHWM:":
			peak = kilobytes << 10
		}
	}
	return now, peak
}

// mebibytes of a number of bytes.
func mebibytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }
