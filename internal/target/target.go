// Package target decides which cluster a command works on, and remembers which one a stack was deployed to.
package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"plinth/internal/workspace"
)

// Kind says where a cluster comes from.
type Kind string

// The kinds of cluster.
const (
	// Given is a cluster that somebody else looks after: a kubeconfig names it.
	Given Kind = "kubeconfig"
	// KinD is the cluster `plinth` of kind, with real containers.
	KinD Kind = "kind"
	// Embedded is the control plane in .plinth/cluster, with simulated pods.
	Embedded Kind = "embedded"
	// Simulated is a control plane of the same kind that stands for the cluster in a simulated cloud.
	Simulated Kind = "simulated"
	// InCloud is the cluster that a stack has made in its cloud, or is going to make. Kubeconfig is empty before.
	InCloud Kind = "cloud"
)

// reachTimeout is how long a cluster has to answer before it counts as unreachable.
const reachTimeout = 20 * time.Second

// Wish is what the caller knows about the cluster to use.
type Wish struct {
	// Kubeconfig is the flag --kubeconfig, and Context the flag --context. Empty: not given.
	Kubeconfig, Context string
	// StackKubeconfig and StackContext are what the stack's configuration says. Empty: it leaves it open.
	StackKubeconfig, StackContext string
	// Variable is what KUBECONFIG says: one path, or several. Empty: not set.
	Variable string
}

// Cluster is a cluster to work on.
type Cluster struct {
	// Kind says where it comes from.
	Kind Kind `json:"kind"`
	// Kubeconfig is what KUBECONFIG has to say: an absolute path, or several as KUBECONFIG lists them.
	Kubeconfig string `json:"kubeconfig"`
	// Context is a context of it. Empty: its current one.
	Context string `json:"context,omitempty"`
	// Server is the address of its API server.
	Server string `json:"server,omitempty"`
	// UID is that of the namespace kube-system, which is the cluster's identity.
	UID string `json:"uid,omitempty"`
}

// String names the cluster for people.
func (c *Cluster) String() string {
	switch c.Kind {
	case Embedded:
		return "the embedded cluster"
	case KinD:
		return "the kind cluster " + workspace.Name
	case Simulated:
		return "the simulated cluster"
	case InCloud:
		return "the stack's own cluster"
	case Given:
		return c.Server + c.of()
	default:
		return string(c.Kind)
	}
}

// of says which kubeconfig and context a given cluster was found by.
func (c *Cluster) of() string {
	if c.Context == "" {
		return fmt.Sprintf(" (kubeconfig %s)", c.Kubeconfig)
	}
	return fmt.Sprintf(" (context %s of kubeconfig %s)", c.Context, c.Kubeconfig)
}

// Choose picks the cluster for a stack: the one that a kubeconfig names (the flag, the stack's configuration,
// KUBECONFIG in this order), else the one plinth made for the stack before, else a kind cluster where kind and docker
// work, else the embedded one. It touches none of them. A cluster of another kind than the stack lives on is refused.
func Choose(ctx context.Context, command string, stack *workspace.Stack, wish Wish) (*Cluster, error) {
	path, clusterContext, err := wish.kubeconfig(stack.Project)
	if err != nil {
		return nil, err
	}
	if path != "" {
		return given(path, clusterContext)
	}
	tied, err := Tied(stack)
	if err != nil {
		return nil, err
	}
	cluster := &Cluster{Kind: Embedded}
	if tied == nil || tied.Kind != Embedded {
		if (tied != nil && tied.Kind == KinD) || kindWorks(ctx) {
			cluster = &Cluster{Kind: KinD, Kubeconfig: stack.Project.Path("kind.kubeconfig")}
		}
	}
	return cluster, cluster.Check(command, stack)
}

// kubeconfig returns the kubeconfig that was asked for and the context, or nothing where none was.
func (w Wish) kubeconfig(project *workspace.Project) (path, clusterContext string, err error) {
	if w.Kubeconfig != "" && w.StackKubeconfig != "" &&
		absolute(w.Kubeconfig, "") != absolute(w.StackKubeconfig, project.Root) {
		return "", "", &workspace.UsageError{Reason: fmt.Sprintf(
			"--kubeconfig %s: the stack's own configuration says %s (plinth:cluster.kubeconfig): remove one of the two",
			w.Kubeconfig, w.StackKubeconfig)}
	}
	if w.Context != "" && w.StackKubeconfig != "" && w.StackContext == "" {
		return "", "", &workspace.UsageError{Reason: fmt.Sprintf(
			"--context %s: the stack's own configuration names the kubeconfig: set plinth:cluster.context beside it",
			w.Context)}
	}
	if w.Context != "" && w.StackContext != "" && w.Context != w.StackContext {
		return "", "", &workspace.UsageError{Reason: fmt.Sprintf(
			"--context %s: the stack's own configuration says %s (plinth:cluster.context): remove one of the two",
			w.Context, w.StackContext)}
	}
	clusterContext = w.Context
	if clusterContext == "" {
		clusterContext = w.StackContext
	}
	switch {
	case w.Kubeconfig != "":
		return absolute(w.Kubeconfig, ""), clusterContext, nil
	case w.StackKubeconfig != "":
		return absolute(w.StackKubeconfig, project.Root), clusterContext, nil
	case w.Variable != "":
		var paths []string
		for _, path := range filepath.SplitList(w.Variable) {
			if path != "" {
				paths = append(paths, absolute(path, ""))
			}
		}
		return strings.Join(paths, string(filepath.ListSeparator)), clusterContext, nil
	case clusterContext != "":
		return absolute("~/.kube/config", ""), clusterContext, nil
	default:
		return "", "", nil
	}
}

// absolute makes a path absolute, because the Pulumi CLI runs in another folder. base is where a relative one starts;
// empty: the working directory.
func absolute(path, base string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	if base != "" {
		return filepath.Join(base, path)
	}
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

// given describes the cluster of a kubeconfig, without a connection.
func given(path, clusterContext string) (*Cluster, error) {
	cluster := &Cluster{Kind: Given, Kubeconfig: path, Context: clusterContext}
	for _, file := range filepath.SplitList(path) {
		if _, err := os.Stat(file); err != nil {
			return nil, &workspace.UsageError{Reason: fmt.Sprintf("kubeconfig %s: %v", file, errors.Unwrap(err))}
		}
	}
	raw, err := cluster.client().RawConfig()
	if err != nil {
		return nil, &workspace.UsageError{Reason: fmt.Sprintf("kubeconfig %s: %v", path, err)}
	}
	name := clusterContext
	if name == "" {
		name = raw.CurrentContext
	}
	found, ok := raw.Contexts[name]
	if !ok {
		known := make([]string, 0, len(raw.Contexts))
		for context := range raw.Contexts {
			known = append(known, context)
		}
		return nil, &workspace.UsageError{Reason: fmt.Sprintf("kubeconfig %s: no context %q; it has %s",
			path, name, strings.Join(sorted(known), ", "))}
	}
	if entry, ok := raw.Clusters[found.Cluster]; ok {
		cluster.Server = entry.Server
	}
	return cluster, nil
}

// client reads the cluster's kubeconfig.
func (c *Cluster) client() clientcmd.ClientConfig {
	rules := &clientcmd.ClientConfigLoadingRules{Precedence: filepath.SplitList(c.Kubeconfig)}
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules,
		&clientcmd.ConfigOverrides{CurrentContext: c.Context})
}

// Identify asks the cluster who it is, and fills in UID and Server.
func (c *Cluster) Identify(ctx context.Context) error {
	config, err := c.client().ClientConfig()
	if err != nil {
		return &workspace.UsageError{Reason: fmt.Sprintf("kubeconfig %s: %v", c.Kubeconfig, err)}
	}
	c.Server = config.Host
	config.Timeout = reachTimeout
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("reaching %s: %w", c, err)
	}
	namespace, err := client.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reaching %s: %w\nnext: kubectl%s get namespaces", c, err, c.flags())
	}
	c.UID = string(namespace.UID)
	return nil
}

// flags returns what kubectl and plinth have to be told to work on the cluster.
func (c *Cluster) flags() string {
	flags := " --kubeconfig " + c.Kubeconfig
	if c.Context != "" {
		flags += " --context " + c.Context
	}
	return flags
}

// Export returns what KUBECONFIG has to say for programs that cannot be told a context: the kubeconfig itself where
// none was chosen, else a file, written now, that holds nothing but that context. remove removes it.
func (c *Cluster) Export(file string) (kubeconfig string, remove func(), err error) {
	if c.Context == "" {
		return c.Kubeconfig, func() {}, nil
	}
	raw, err := c.client().RawConfig()
	if err != nil {
		return "", nil, fmt.Errorf("reading kubeconfig %s: %w", c.Kubeconfig, err)
	}
	raw.CurrentContext = c.Context
	err = clientcmdapi.MinifyConfig(&raw)
	if err == nil {
		err = clientcmdapi.FlattenConfig(&raw)
	}
	if err == nil {
		err = clientcmd.WriteToFile(raw, file)
	}
	if err != nil {
		return "", nil, fmt.Errorf("choosing context %s of kubeconfig %s: %w", c.Context, c.Kubeconfig, err)
	}
	return file, func() { _ = os.Remove(file) }, nil
}

// record is the file that ties a stack to a cluster.
func record(stack *workspace.Stack) string { return filepath.Join(stack.Dir(), "cluster") }

// Tied returns the cluster that a stack was deployed to, or nil.
func Tied(stack *workspace.Stack) (*Cluster, error) {
	text, err := os.ReadFile(record(stack))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // No cluster is an ordinary answer.
	}
	if err != nil {
		return nil, fmt.Errorf("reading which cluster stack %s lives on: %w", stack.Name, err)
	}
	var tied Cluster
	if err := json.Unmarshal(text, &tied); err != nil {
		return nil, fmt.Errorf("reading %s: %w", record(stack), err)
	}
	return &tied, nil
}

// Tie notes that a stack is deployed to the cluster.
func (c *Cluster) Tie(stack *workspace.Stack) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err == nil {
		err = os.WriteFile(record(stack), append(text, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("noting which cluster stack %s lives on: %w", stack.Name, err)
	}
	return nil
}

// Untie forgets where a stack was deployed to.
func Untie(stack *workspace.Stack) error {
	if err := os.Remove(record(stack)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forgetting which cluster stack %s lived on: %w", stack.Name, err)
	}
	return nil
}

// Check refuses a cluster other than the one that the stack is tied to. Before [Cluster.Identify] it can only tell
// a cluster of plinth's own from one that somebody else looks after.
func (c *Cluster) Check(command string, stack *workspace.Stack) error {
	tied, err := Tied(stack)
	if err != nil || tied == nil {
		return err
	}
	again := fmt.Sprintf("plinth %s %s", command, stack.Name)
	switch {
	case c.Kind != tied.Kind && tied.Kind == Given && c.UID != tied.UID:
		return &workspace.Refusal{
			Reason: fmt.Sprintf("stack %s is deployed to %s, and this command would use %s", stack.Name, tied, c),
			Next:   again + tied.flags(),
		}
	case c.Kind != tied.Kind && c.UID != tied.UID:
		return &workspace.Refusal{
			Reason: fmt.Sprintf("stack %s is deployed to %s, and this command would use %s", stack.Name, tied, c),
			Next: fmt.Sprintf("env -u KUBECONFIG %s, without --kubeconfig; to move it, destroy it there first",
				again),
		}
	case c.UID != "" && c.UID != tied.UID && c.Kind != Given:
		return gone(stack, tied)
	case c.UID != "" && c.UID != tied.UID:
		return &workspace.Refusal{
			Reason: fmt.Sprintf("stack %s is deployed to %s, cluster %s, and %s is cluster %s",
				stack.Name, tied, tied.UID, c, c.UID),
			Next: fmt.Sprintf("%s%s; if that cluster no longer exists: plinth destroy %s --forget",
				again, tied.flags(), stack.Name),
		}
	default:
		return nil
	}
}

// CheckData refuses to start the embedded cluster for a stack that lives on it when its data, in dir, are gone.
func CheckData(stack *workspace.Stack, dir string) error {
	tied, err := Tied(stack)
	if err != nil || tied == nil || tied.Kind != Embedded {
		return err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return gone(stack, tied)
	}
	return nil
}

// gone is the refusal to work on a stack whose cluster has been removed.
func gone(stack *workspace.Stack, tied *Cluster) error {
	return &workspace.Refusal{
		Reason: fmt.Sprintf("stack %s was deployed to %s, and that has been removed (it was %s)",
			stack.Name, tied, tied.UID),
		Next: fmt.Sprintf("plinth destroy %s --forget, which drops what is known of the stack; then plinth up %s",
			stack.Name, stack.Name),
	}
}

// Used returns the stacks that are deployed to clusters of a kind.
func Used(project *workspace.Project, kind Kind) ([]string, error) {
	files, err := filepath.Glob(project.Path("stacks", "*", "cluster"))
	if err != nil {
		return nil, fmt.Errorf("listing what is deployed: %w", err)
	}
	var names []string
	for _, file := range files {
		name := filepath.Base(filepath.Dir(file))
		tied, err := Tied(&workspace.Stack{Project: project, Name: name})
		if err != nil {
			return nil, err
		}
		if tied != nil && tied.Kind == kind {
			names = append(names, name)
		}
	}
	return names, nil
}
