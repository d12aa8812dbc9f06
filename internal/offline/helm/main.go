// Helm installs one release of one chart in a cluster, changes it, looks at it or takes it out again: what the resource
// kubernetes:helm.sh/v3:Release means, for Plinth's stand-in of the plugin. It is a program of its own since Helm's
// packages are as many as all of Plinth's, and only stacks with operators need them.
//
// It reads a request as JSON from standard input, tells of its progress on standard error, and writes the answer as
// JSON to standard output. Charts come from the operators' own Go modules: see charts.go.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// request is what to do.
type request struct {
	// Action is install (or change what is there), uninstall or read.
	Action string `json:"action"`
	// Kubeconfig is the content of one; its current context is used.
	Kubeconfig string  `json:"kubeconfig"`
	Release    release `json:"release"`
}

// release is a release, in the words of Pulumi's resource. What is not here the stand-in refuses.
type release struct {
	Name           string         `json:"name"`
	Namespace      string         `json:"namespace"`
	Chart          string         `json:"chart"`
	Version        string         `json:"version"`
	RepositoryOpts repository     `json:"repositoryOpts"`
	Values         map[string]any `json:"values"`
	Timeout        int            `json:"timeout"`
	Atomic         bool           `json:"atomic"`
	CleanupOnFail  bool           `json:"cleanupOnFail"`
	SkipAwait      bool           `json:"skipAwait"`
	SkipCrds       bool           `json:"skipCrds"`
	WaitForJobs    bool           `json:"waitForJobs"`
	MaxHistory     int            `json:"maxHistory"`
}

type repository struct {
	Repo string `json:"repo"`
}

// answer is what became of it. Found is false where there is no such release.
type answer struct {
	Found      bool                `json:"found"`
	Status     string              `json:"status,omitempty"`
	Revision   int                 `json:"revision,omitempty"`
	Version    string              `json:"version,omitempty"`
	AppVersion string              `json:"appVersion,omitempty"`
	Resources  map[string][]string `json:"resources,omitempty"`
	// Error says why it failed, and Left whether something of the release is there all the same.
	Error string `json:"error,omitempty"`
	Left  bool   `json:"left,omitempty"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var r request
	a := &answer{}
	err := json.NewDecoder(os.Stdin).Decode(&r)
	if err == nil {
		a, err = do(ctx, &r)
	}
	if err != nil {
		if a == nil {
			a = &answer{}
		}
		a.Error = err.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(a); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func do(ctx context.Context, r *request) (*answer, error) {
	h, done, err := connect(r)
	if err != nil {
		return nil, err
	}
	defer done()
	switch r.Action {
	case "install":
		return h.install(ctx, &r.Release)
	case "uninstall":
		return h.uninstall(&r.Release)
	case "read":
		return h.read(&r.Release)
	default:
		return nil, errors.New("action " + r.Action + ": want install, uninstall or read")
	}
}
