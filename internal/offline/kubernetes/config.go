package kubernetes

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// settings is a provider's configuration: the arguments of kubernetes.Provider in pulumi-kubernetes, sdk/go. The zero
// value is the cluster of KUBECONFIG or ~/.kube/config, with the plugin's defaults.
type settings struct {
	kubeconfig            string // Content or path; empty: client-go's rules.
	context               string
	cluster               string
	namespace             string
	deleteUnreachable     bool
	skipUpdateUnreachable bool
	configMapMutable      bool
	secretMutable         bool
	patchForce            bool
	upsert                bool
	client                clientSettings
}

// clientSettings is the provider's kubeClientSettings. The zero value does not limit the rate of requests.
type clientSettings struct {
	Burst   int     `json:"burst"`
	QPS     float32 `json:"qps"`
	Timeout int     `json:"timeout"` // Seconds; 0: none.
}

// identifierKey is the provider argument that says which cluster this is.
const identifierKey = "clusterIdentifier"

// argument reads one argument of a provider; what is not a string arrives as its JSON text.
func argument(inputs resource.PropertyMap, key resource.PropertyKey) string {
	switch v := plain(inputs[key]).(type) {
	case string:
		return v
	case bool:
		return fmt.Sprint(v)
	case map[string]any:
		encoded, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(encoded)
	}
	return ""
}

// refused names the arguments that this stand-in does not honour, and what to do instead.
func refused(inputs resource.PropertyMap) map[string]string {
	faults := map[string]string{}
	if argument(inputs, "renderYamlToDirectory") != "" {
		faults["renderYamlToDirectory"] = "not supported by this stand-in of the kubernetes plugin: use plinth render"
	}
	if argument(inputs, "alwaysRender") == "true" {
		faults["alwaysRender"] = "not supported by this stand-in of the kubernetes plugin: use plinth render"
	}
	if argument(inputs, "enableServerSideApply") == "false" {
		faults["enableServerSideApply"] = "must not be false: this stand-in of the kubernetes plugin knows server-side " +
			"apply alone"
	}
	return faults
}

func parseSettings(inputs resource.PropertyMap) (settings, error) {
	s := settings{
		kubeconfig:            argument(inputs, "kubeconfig"),
		context:               argument(inputs, "context"),
		cluster:               argument(inputs, "cluster"),
		namespace:             argument(inputs, "namespace"),
		deleteUnreachable:     argument(inputs, "deleteUnreachable") == "true",
		skipUpdateUnreachable: argument(inputs, "skipUpdateUnreachable") == "true",
		configMapMutable:      argument(inputs, "enableConfigMapMutable") == "true",
		secretMutable:         argument(inputs, "enableSecretMutable") == "true",
		patchForce:            argument(inputs, "enablePatchForce") == "true",
		upsert:                argument(inputs, "upsertExistingObjects") == "true",
	}
	if tuning := argument(inputs, "kubeClientSettings"); tuning != "" {
		if err := json.Unmarshal([]byte(tuning), &s.client); err != nil {
			return settings{}, fmt.Errorf("kubeClientSettings: must be burst, qps and timeout, got %s: %w", tuning, err)
		}
	}
	return s, nil
}

// readKubeconfig parses a kubeconfig given as its content or as the path of a file.
func readKubeconfig(contentOrPath string) (*clientcmdapi.Config, error) {
	if strings.Contains(contentOrPath, "\n") || strings.HasPrefix(contentOrPath, "{") {
		parsed, err := clientcmd.Load([]byte(contentOrPath))
		if err != nil {
			// What the parser says would quote the credentials.
			return nil, errors.New("provider argument kubeconfig: does not parse as a kubeconfig")
		}
		return parsed, nil
	}
	path := contentOrPath
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, fmt.Errorf("provider argument kubeconfig %s: %w", path, err)
		}
		path = filepath.Join(home, rest)
	}
	parsed, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("provider argument kubeconfig: must be a kubeconfig or the path of one: %w", err)
	}
	if err := clientcmd.ResolveLocalPaths(parsed); err != nil {
		return nil, fmt.Errorf("provider argument kubeconfig %s: %w", path, err)
	}
	return parsed, nil
}

// connection says how to reach the cluster, and which namespace is the default there.
func (s settings) connection() (*rest.Config, string, error) {
	overrides := &clientcmd.ConfigOverrides{
		CurrentContext: s.context,
		Context:        clientcmdapi.Context{Cluster: s.cluster, Namespace: s.namespace},
	}
	var loader clientcmd.ClientConfig
	if s.kubeconfig == "" {
		loader = clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
			clientcmd.NewDefaultClientConfigLoadingRules(), overrides)
	} else {
		parsed, err := readKubeconfig(s.kubeconfig)
		if err != nil {
			return nil, "", err
		}
		loader = clientcmd.NewDefaultClientConfig(*parsed, overrides)
	}
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, "", fmt.Errorf("no usable kubeconfig: %w; set KUBECONFIG, or the provider's kubeconfig and context", err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, "", fmt.Errorf("no usable kubeconfig: %w", err)
	}
	config.UserAgent = "plinth"
	config.QPS, config.Burst = -1, s.client.Burst
	if s.client.QPS > 0 {
		config.QPS = s.client.QPS
	}
	config.Timeout = time.Duration(s.client.Timeout) * time.Second
	return config, namespace, nil
}

// activeCluster is the entry of a kubeconfig that a provider with these arguments works on; nil where that cannot be
// told.
func activeCluster(inputs resource.PropertyMap) *clientcmdapi.Cluster {
	content := argument(inputs, "kubeconfig")
	if content == "" {
		return nil
	}
	parsed, err := readKubeconfig(content)
	if err != nil {
		return nil
	}
	name := argument(inputs, "cluster")
	if name == "" {
		current := parsed.CurrentContext
		if chosen := argument(inputs, "context"); chosen != "" {
			current = chosen
		}
		if parsed.Contexts[current] == nil {
			return nil
		}
		name = parsed.Contexts[current].Cluster
	}
	return parsed.Clusters[name]
}

// configDiff compares two configurations of a provider. Replacing a provider replaces everything made through it, so
// the argument clusterIdentifier decides, where both have one; else a change of the cluster that the kubeconfig points
// to.
func configDiff(old, now resource.PropertyMap) (diffs, replaces []string) {
	delta := old.Diff(now)
	if delta == nil {
		return nil, nil
	}
	for _, key := range delta.ChangedKeys() {
		diffs = append(diffs, string(key))
	}
	if now.HasValue(identifierKey) && !now[identifierKey].IsComputed() && old.HasValue(identifierKey) {
		if delta.Same(identifierKey) {
			return diffs, nil
		}
		return diffs, []string{identifierKey}
	}
	for _, key := range []resource.PropertyKey{"kubeconfig", "context", "cluster"} {
		if now[key].ContainsUnknowns() {
			// It cannot be told whether it is another cluster.
			return diffs, []string{string(key)}
		}
	}
	before, after := activeCluster(old), activeCluster(now)
	if before == nil || after == nil || reflect.DeepEqual(before, after) {
		return diffs, nil
	}
	for _, key := range []resource.PropertyKey{"kubeconfig", "context", "cluster"} {
		if delta.Changed(key) {
			replaces = append(replaces, string(key))
		}
	}
	return diffs, replaces
}
