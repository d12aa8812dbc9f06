package offline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// deathTimeout is how long a killed process may take to be gone.
	deathTimeout = 20 * time.Second
	// logTail is how many lines of a component's log an error shows.
	logTail = 12
)

// process is a component that this program has started.
type process struct {
	component component
	pid       int
	// ended is closed when it has.
	ended chan struct{}
}

// launch starts a component in a session of its own, so that it outlives this program and no terminal signal reaches
// it. The process inherits a lock on its pid file and holds it until it ends, however it ends: whether the lock is held
// tells whether it lives, and no other process that gets its number later can be taken for it.
func launch(l layout, binary string, c component, s state) (_ *process, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("starting %s: %w", c, err)
		}
	}()
	output, err := os.OpenFile(l.log(c), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = output.Close() }()
	pidFile, err := os.OpenFile(l.pid(c), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = pidFile.Close() }()
	if held, err := tryLock(pidFile); err != nil || !held {
		return nil, fmt.Errorf("its pid file %s is locked: it runs already (%w)", pidFile.Name(), err)
	}
	// From here to the end of this function the file names no process, rather than the last one.
	if err := pidFile.Truncate(0); err != nil {
		return nil, err
	}
	command := exec.Command(binary, c.arguments(l, s)...)
	command.Dir = l.dir
	// Nothing of our environment is its business, secrets least of all.
	command.Env = c.environment(l)
	command.Stdout, command.Stderr = output, output
	command.ExtraFiles = []*os.File{pidFile}
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{component: c, pid: command.Process.Pid, ended: make(chan struct{})}
	go func() {
		_ = command.Wait() // How it ended stands in its log.
		close(p.ended)
	}()
	if _, err := pidFile.WriteString(strconv.Itoa(p.pid) + "\n"); err != nil {
		return nil, errors.Join(err, end([]*process{p}))
	}
	return p, nil
}

// end kills processes that this program has started, and waits for them.
func end(started []*process) error {
	var errs []error
	for _, p := range started {
		errs = append(errs, kill(p.component, p.pid))
	}
	for _, p := range started {
		<-p.ended
	}
	return errors.Join(errs...)
}

// kill kills a process, which may be gone already.
func kill(c component, pid int) error {
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("killing %s (process %d): %w", c, pid, err)
	}
	return nil
}

// alive returns the pid of a component, and whether it runs.
func (l layout) alive(c component) (pid int, running bool) {
	file, err := os.OpenFile(l.pid(c), os.O_RDWR, 0)
	if err != nil {
		return 0, false
	}
	defer func() { _ = file.Close() }()
	if free, err := tryLock(file); err != nil || free {
		return 0, false
	}
	var text [16]byte
	n, _ := file.ReadAt(text[:], 0) // The end of a file is an error too.
	pid, err = strconv.Atoi(strings.TrimSpace(string(text[:n])))
	return pid, err == nil && pid > 1
}

// dead returns the components that do not run.
func (l layout) dead() []component {
	var dead []component
	for _, c := range components() {
		if _, running := l.alive(c); !running {
			dead = append(dead, c)
		}
	}
	return dead
}

// killAll kills every component that runs and waits until none does. Those that write go first, the store last.
func killAll(ctx context.Context, l layout) error {
	ctx, cancel := context.WithTimeoutCause(ctx, deathTimeout, fmt.Errorf("still alive after %s", deathTimeout))
	defer cancel()
	all := components()
	for i := len(all) - 1; i >= 0; i-- {
		for {
			pid, running := l.alive(all[i])
			if !running {
				break
			}
			if err := kill(all[i], pid); err != nil {
				return err
			}
			if err := pause(ctx, 10*time.Millisecond); err != nil {
				return fmt.Errorf("waiting for %s (process %d) to end: %w", all[i], pid, err)
			}
		}
	}
	return nil
}

// endedError says that a component has ended that should run.
type endedError struct {
	component component
	// ours tells whether this program had started it just now.
	ours bool
	// log is the path of its log.
	log string
}

// Error returns the message, with the end of the log.
func (e *endedError) Error() string {
	return fmt.Sprintf("%s has ended; its log, %s, ends with:\n%s", e.component, e.log, tail(e.log))
}

// checkAlive fails with an endedError when one of the wanted components does not run.
func checkAlive(l layout, wanted []component, started []*process) error {
	for _, c := range wanted {
		if _, running := l.alive(c); !running {
			ours := slices.ContainsFunc(started, func(p *process) bool { return p.component == c })
			return &endedError{component: c, ours: ours, log: l.log(c)}
		}
	}
	return nil
}

// tail returns the last lines of a log, indented.
func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "  " + err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) > logTail {
		lines = lines[len(lines)-logTail:]
	}
	return "  " + strings.Join(lines, "\n  ")
}
