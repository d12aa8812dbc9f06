package offline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// startTimeout limits Start. A start takes seconds; a machine that needs longer than this has another problem.
const startTimeout = 3 * time.Minute

// Cluster is an embedded control plane whose data and processes belong to one folder.
type Cluster struct {
	layout layout
}

// ClusterOptions says which cluster to start, and of what.
type ClusterOptions struct {
	// Dir is the folder of the cluster: data, keys, logs. It is created when missing. A file DIR.lock stands beside it
	// while a Start or Stop is at work.
	Dir string
	// Binary is the path of the control plane program; see BuildControlPlane.
	Binary string
	// Log is told what is being done, in a few short lines. Nil: nobody is told.
	Log func(format string, args ...any)
}

// Start starts the cluster of a folder, or returns the one that is running there. Where only some of its processes are
// alive it starts the others; the data of earlier runs stays. It returns once the cluster can be used: the API server
// is ready, and so are the nodes, the StorageClass and the default service account. When it fails, no process that it
// started is left; the data and the logs are. Calls for the same folder, from any number of processes, take turns.
func Start(ctx context.Context, o ClusterOptions) (*Cluster, error) {
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	l, err := newLayout(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("starting the embedded cluster in %q: %w", o.Dir, err)
	}
	// The processes do not run in the folder that a relative path is relative to.
	if o.Binary, err = filepath.Abs(o.Binary); err != nil {
		return nil, fmt.Errorf("finding the control plane program %q: %w", o.Binary, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("not ready after %s", startTimeout))
	defer cancel()
	unlock, err := lockFile(ctx, l.lock)
	if err != nil {
		return nil, fmt.Errorf("starting the embedded cluster in %s: %w", l.dir, err)
	}
	defer unlock()
	if err := start(ctx, l, o); err != nil {
		return nil, fmt.Errorf("starting the embedded cluster in %s: %w", l.dir, err)
	}
	return &Cluster{layout: l}, nil
}

// start does what Start promises, under the folder's lock. A process that seemed alive may have been dying: then it
// begins again.
func start(ctx context.Context, l layout, o ClusterOptions) error {
	for {
		err := startMissing(ctx, l, o)
		var ended *endedError
		if !errors.As(err, &ended) || ended.ours {
			return err
		}
	}
}

// startMissing starts the components that do not run, and waits until the cluster is ready.
func startMissing(ctx context.Context, l layout, o ClusterOptions) (err error) {
	missing := l.dead()
	state, err := prepare(l, len(missing) == len(components()))
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		o.Log("starting %s", names(missing))
	}
	api, err := newAPI(l, state)
	if err != nil {
		return err
	}
	var started []*process
	defer func() {
		if err != nil {
			err = errors.Join(err, end(started))
		}
	}()
	alive := func(wanted []component) error { return checkAlive(l, wanted, started) }
	// Whatever talks to the API server gives up when it is not there, so it comes after it.
	for _, stage := range [][]component{before(missing), after(missing)} {
		for _, c := range stage {
			p, err := launch(l, o.Binary, c, state)
			if err != nil {
				return err
			}
			started = append(started, p)
		}
		if err := api.waitServing(ctx, func() error { return alive(before(components())) }); err != nil {
			return err
		}
	}
	return api.waitReady(ctx, func() error { return alive(components()) }, o.Log)
}

// prepare makes what the processes need before they start: folders, keys, ports, the kubeconfig. What is there is kept,
// but ports that somebody else has taken meanwhile are chosen anew, provided that nothing of the cluster is alive.
func prepare(l layout, allDead bool) (state, error) {
	for _, dir := range []string{l.dir, l.pki, l.logs, l.run} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return state{}, fmt.Errorf("creating its folder: %w", err)
		}
	}
	s, err := l.readState()
	if errors.Is(err, os.ErrNotExist) || err == nil && allDead && !s.portsFree() {
		if s, err = newState(); err == nil {
			err = l.writeState(s)
		}
	}
	if err != nil {
		return state{}, err
	}
	if err := ensureKeys(l); err != nil {
		return state{}, err
	}
	return s, writeKubeconfig(l, s)
}

// Kubeconfig returns the path of an administrator's kubeconfig. It holds a key, and only its owner can read it.
func (c *Cluster) Kubeconfig() string {
	return c.layout.kubeconfig
}

// Running reports whether every process of the cluster in the folder is alive. It does not ask whether they are ready.
func Running(dir string) bool {
	l, err := newLayout(dir)
	return err == nil && len(l.dead()) == 0
}

// Stop ends every process of the cluster in the folder and removes the folder with all data. It does nothing where
// there is no cluster, and refuses to remove a folder that is not a cluster's.
func Stop(ctx context.Context, dir string) error {
	l, err := newLayout(dir)
	if err != nil {
		return fmt.Errorf("stopping the embedded cluster in %q: %w", dir, err)
	}
	if _, err := os.Stat(l.dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	unlock, err := lockFile(ctx, l.lock)
	if err != nil {
		return fmt.Errorf("stopping the embedded cluster in %s: %w", l.dir, err)
	}
	defer unlock()
	if err := stop(ctx, l); err != nil {
		return fmt.Errorf("stopping the embedded cluster in %s: %w", l.dir, err)
	}
	return nil
}

// stop does what Stop promises, under the folder's lock.
func stop(ctx context.Context, l layout) error {
	entries, err := os.ReadDir(l.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading it: %w", err)
	}
	if _, err := os.Stat(l.state); errors.Is(err, os.ErrNotExist) && len(entries) > 0 {
		return fmt.Errorf("%s is missing, so this is not the folder of a cluster: remove it yourself if you are sure",
			filepath.Base(l.state))
	}
	if err := killAll(ctx, l); err != nil {
		return err
	}
	if err := os.RemoveAll(l.dir); err != nil {
		return fmt.Errorf("removing it: %w", err)
	}
	return nil
}
