package workspace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Lock is held by the one command that works on a stack. The kernel lets go of it when the process ends, however it
// ends.
type Lock struct {
	file *os.File
	// Unfinished says that the last command that held the lock did not come to a good end: see [Lock.Done].
	Unfinished bool
	// left is the Pulumi CLI that such a command was running; 0: none.
	left int
	held holder
	done bool
}

// holder is what the lock's file says about who holds it.
type holder struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
	// CLI is the Pulumi CLI that it runs now or ran last.
	CLI int `json:"cli,omitempty"`
}

// Lock takes the lock of the stack for a command such as "up". A *[Refusal] names the process that holds it.
func (s *Stack) Lock(command string) (*Lock, error) {
	if err := os.MkdirAll(s.Dir(), 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of stack %s: %w", s.Name, err)
	}
	file, err := os.OpenFile(filepath.Join(s.Dir(), "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking stack %s: %w", s.Name, err)
	}
	var last holder
	lockErr := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	known := json.NewDecoder(file).Decode(&last) == nil
	if errors.Is(lockErr, syscall.EWOULDBLOCK) {
		_ = file.Close()
		who := "another process"
		if known {
			who = fmt.Sprintf("`plinth %s %s` (process %d, since %s)",
				last.Command, s.Name, last.PID, last.Since.Format(time.TimeOnly))
		}
		return nil, &Refusal{
			Reason: fmt.Sprintf("stack %s is being worked on by %s", s.Name, who),
			Next:   "wait until it has ended, then run this again",
		}
	}
	if lockErr != nil {
		_ = file.Close()
		return nil, fmt.Errorf("locking stack %s: %w", s.Name, lockErr)
	}
	lock := &Lock{
		file: file, Unfinished: known, left: last.CLI, held: holder{PID: os.Getpid(), Command: command, Since: time.Now()},
	}
	if err := lock.Runs(0); err != nil {
		lock.Release()
		return nil, fmt.Errorf("locking stack %s: %w", s.Name, err)
	}
	return lock, nil
}

// Runs notes that the command runs the Pulumi CLI with that process number: should the command be killed, the next one
// knows what may still be at work.
func (l *Lock) Runs(pid int) error {
	if l.done {
		return nil // What comes after the good end changes nothing.
	}
	l.held.CLI = pid
	text, err := json.Marshal(l.held)
	if err != nil {
		return fmt.Errorf("writing the lock: %w", err)
	}
	return l.write(text)
}

// StillRuns returns the Pulumi CLI of a command that was killed, while that goes on without it; else 0. It ends by
// itself when the operations that are under way have ended.
func (l *Lock) StillRuns() int {
	if !l.Unfinished || !alive(l.left) {
		return 0
	}
	return l.left
}

// Done notes that the command came to a good end, so that the next one need not look for what it left half done.
func (l *Lock) Done() error {
	l.done = true
	return l.write(nil)
}

// Release lets go of the lock.
func (l *Lock) Release() { _ = l.file.Close() }

// write replaces the text of the lock's file.
func (l *Lock) write(text []byte) error {
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("writing the lock: %w", err)
	}
	if _, err := l.file.WriteAt(text, 0); err != nil {
		return fmt.Errorf("writing the lock: %w", err)
	}
	return nil
}

// Share notes that a command uses the clusters of plinth's own, until release: they are not stopped meanwhile. It waits
// while one is being stopped.
func (p *Project) Share() (release func(), err error) {
	file, err := p.clusters(syscall.LOCK_SH)
	if err != nil {
		return nil, fmt.Errorf("waiting for the clusters of this project: %w", err)
	}
	return func() { _ = file.Close() }, nil
}

// Alone does the work if no command uses the clusters of plinth's own, and keeps others from it meanwhile.
func (p *Project) Alone(work func() error) error {
	file, err := p.clusters(syscall.LOCK_EX | syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking who uses the clusters of this project: %w", err)
	}
	defer func() { _ = file.Close() }()
	return work()
}

// clusters takes the lock on the clusters of plinth's own.
func (p *Project) clusters(how int) (*os.File, error) {
	if err := os.MkdirAll(p.Path(), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(p.Path("clusters.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), how); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// RemoveStaleLocks removes the locks that the Pulumi CLI left on the stack in a file backend when it was killed: those
// made on this host by a process that is gone. It returns a line for each. The caller holds the stack's [Lock].
func (s *Stack) RemoveStaleLocks(backend string) ([]string, error) {
	dir, local := strings.CutPrefix(backend, "file://")
	if !local {
		return nil, nil
	}
	dir, _, _ = strings.Cut(dir, "?")
	// The layout is that of pulumi's backend/diy: locks/ORGANIZATION/PROJECT/STACK, the organization being a constant.
	files, err := filepath.Glob(filepath.Join(dir, ".pulumi", "locks", "organization", Name, s.Name, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("looking for locks of stack %s: %w", s.Name, err)
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("looking for locks of stack %s: %w", s.Name, err)
	}
	var removed []string
	for _, file := range files {
		var lock struct {
			PID       int       `json:"pid"`
			Hostname  string    `json:"hostname"`
			Timestamp time.Time `json:"timestamp"`
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return removed, fmt.Errorf("reading a lock of stack %s: %w", s.Name, err)
		}
		if json.Unmarshal(text, &lock) != nil || lock.Hostname != host || alive(lock.PID) {
			continue
		}
		if err := os.Remove(file); err != nil {
			return removed, fmt.Errorf("removing a lock of stack %s: %w", s.Name, err)
		}
		removed = append(removed, fmt.Sprintf("removed the lock of a Pulumi CLI that died (process %d, %s)",
			lock.PID, lock.Timestamp.Format(time.DateTime)))
	}
	return removed, nil
}

// alive reports whether a process of that number runs on this host. One that has ended and that nobody has asked about
// does not: where there is no init, it stays in the table for good.
func alive(pid int) bool {
	if pid <= 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; other systems have no such file.
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	name := bytes.LastIndexByte(stat, ')')
	return err != nil || name < 0 || !bytes.HasPrefix(stat[name+1:], []byte(" Z"))
}
