package offline

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// layout is where everything of a cluster is.
type layout struct {
	dir        string // Everything but the lock.
	lock       string // Held by Start and Stop.
	state      string // The state, as JSON. It marks the folder as a cluster's.
	kubeconfig string // An administrator's.
	pki        string // Certificates and keys.
	logs       string // A file for each component.
	run        string // A pid file for each component.
	etcd       string // The data.
}

// newLayout returns the layout of the cluster in a folder, which need not exist.
func newLayout(dir string) (layout, error) {
	if dir == "" {
		return layout{}, errors.New("no folder named")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return layout{}, fmt.Errorf("finding the folder: %w", err)
	}
	return layout{
		dir:        dir,
		lock:       dir + ".lock",
		state:      filepath.Join(dir, "cluster.json"),
		kubeconfig: filepath.Join(dir, "kubeconfig"),
		pki:        filepath.Join(dir, "pki"),
		logs:       filepath.Join(dir, "logs"),
		run:        filepath.Join(dir, "run"),
		etcd:       filepath.Join(dir, "etcd"),
	}, nil
}

// key returns the path of a file in the pki folder.
func (l layout) key(name string) string { return filepath.Join(l.pki, name) }

// log returns the path of a component's log.
func (l layout) log(c component) string { return filepath.Join(l.logs, string(c)+".log") }

// pid returns the path of a component's pid file.
func (l layout) pid(c component) string { return filepath.Join(l.run, string(c)+".pid") }

// state is what is chosen at a cluster's first start and kept: the ports on loopback.
type state struct {
	// API is the API server's port.
	API int `json:"api"`
	// EtcdClient is the port that the API server reaches etcd at.
	EtcdClient int `json:"etcdClient"`
	// EtcdPeer is the port that other members would reach etcd at, were there any.
	EtcdPeer int `json:"etcdPeer"`
}

// newState chooses three ports that are free.
func newState() (state, error) {
	var s state
	for _, port := range []*int{&s.API, &s.EtcdClient, &s.EtcdPeer} {
		listener, err := net.Listen("tcp", loopback(0))
		if err != nil {
			return state{}, fmt.Errorf("looking for a free port: %w", err)
		}
		// All are held until all are chosen, so that they differ.
		defer func() { _ = listener.Close() }()
		address, ok := listener.Addr().(*net.TCPAddr)
		if !ok {
			return state{}, fmt.Errorf("looking for a free port: got the address %s", listener.Addr())
		}
		*port = address.Port
	}
	return s, nil
}

// portsFree reports whether all ports can be listened on.
func (s state) portsFree() bool {
	for _, port := range []int{s.API, s.EtcdClient, s.EtcdPeer} {
		listener, err := net.Listen("tcp", loopback(port))
		if err != nil {
			return false
		}
		_ = listener.Close() // Nobody has connected.
	}
	return true
}

// loopback returns the address of a port of this machine that no other machine can reach.
func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// readState reads the state; the error is os.ErrNotExist where there is none.
func (l layout) readState() (state, error) {
	text, err := os.ReadFile(l.state)
	if err != nil {
		return state{}, fmt.Errorf("reading the state: %w", err)
	}
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return state{}, fmt.Errorf("decoding the state %s: %w; remove the folder to begin anew", l.state, err)
	}
	return s, nil
}

// writeState writes the state.
func (l layout) writeState(s state) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encoding the state: %w", err)
	}
	return writeWhole(l.state, append(text, '\n'))
}

// writeWhole writes a file that only its owner can read, whole or not at all.
func writeWhole(path string, content []byte) error {
	partial := path + ".partial"
	if err := os.WriteFile(partial, content, 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Rename(partial, path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
