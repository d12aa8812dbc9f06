package offline

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"plinth/internal/offline/aws"
	"plinth/internal/offline/gcp"
	"plinth/internal/offline/simulation"
)

// Simulate serves a simulated cloud, "aws" or "gcp", in place of its plugin, as [Serve] does for others: what it
// returns is joined to that by a comma. What is in the cloud is kept in the folder dir. The clusters of the cloud hand
// out the given API server, and the programs in [Shims] what it asks for.
func Simulate(ctx context.Context, cloud, dir string, kubernetes simulation.Kubernetes) (
	debugProviders string, stop func(), err error,
) {
	var table simulation.Cloud
	switch cloud {
	case "aws":
		table = aws.Cloud(kubernetes)
	case "gcp":
		table = gcp.Cloud(kubernetes)
	default:
		return "", nil, fmt.Errorf("simulating cloud %q: want aws or gcp", cloud)
	}
	world, err := simulation.Open(dir)
	if err != nil {
		return "", nil, err
	}
	if err := writeShims(dir, kubernetes); err != nil {
		return "", nil, fmt.Errorf("simulating cloud %s: %w", cloud, err)
	}
	s, err := serve(simulation.New(table, world))
	if err != nil {
		return "", nil, fmt.Errorf("serving the simulated cloud %s: %w", cloud, err)
	}
	released := context.AfterFunc(ctx, s.stop)
	return fmt.Sprintf("%s:%d", cloud, s.port), func() { released(); s.stop() }, nil
}

// Shims is the folder of the programs that stand in for those of the clouds in the kubeconfigs of simulated clusters,
// "aws" and "gke-gcloud-auth-plugin". It must be the first on PATH of this process while stand-ins are served: that of
// the kubernetes plugin runs them. They ignore their arguments, and print the credentials of the API server as a
// client.authentication.k8s.io ExecCredential.
func Shims(dir string) string { return filepath.Join(dir, "bin") }

// writeShims makes the two programs, with the credentials beside them, readable by their owner alone.
func writeShims(dir string, kubernetes simulation.Kubernetes) error {
	if err := os.MkdirAll(Shims(dir), 0o700); err != nil {
		return err
	}
	for name, versions := range map[string][]string{
		// It answers in the version that it is asked for, v1beta1 where it is not:
		// https://github.com/aws/aws-cli/blob/develop/awscli/customizations/eks/get_token.py.
		"aws": {"v1beta1", "v1"},
		// It knows this one alone: https://github.com/kubernetes/cloud-provider-gcp/tree/master/cmd/gke-gcloud-auth-plugin.
		"gke-gcloud-auth-plugin": {"v1beta1"},
	} {
		for _, version := range versions {
			if err := writeCredential(filepath.Join(Shims(dir), name+"."+version+".json"), version, kubernetes); err != nil {
				return err
			}
		}
		if err := writeShim(filepath.Join(Shims(dir), name), len(versions) > 1); err != nil {
			return err
		}
	}
	return nil
}

func writeCredential(path, version string, kubernetes simulation.Kubernetes) error {
	status := map[string]string{}
	for key, value := range map[string]string{
		"token": kubernetes.Token, "clientCertificateData": kubernetes.Certificate, "clientKeyData": kubernetes.Key,
	} {
		if value != "" {
			status[key] = value
		}
	}
	content, err := json.Marshal(map[string]any{
		"apiVersion": "client.authentication.k8s.io/" + version, "kind": "ExecCredential", "status": status,
	})
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return writeWhole(path, content)
}

// writeShim writes a program that prints the file beside it of its own name and the version.
func writeShim(path string, choose bool) error {
	script := []string{"#!/bin/sh", "version=v1beta1"}
	if choose {
		// client-go says in KUBERNETES_EXEC_INFO which version the kubeconfig names:
		// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#input-and-output-formats.
		script = append(script, `case $KUBERNETES_EXEC_INFO in *client.authentication.k8s.io/v1\"*) version=v1 ;; esac`)
	}
	script = append(script, `exec cat "$0.$version.json"`, "")
	if err := os.WriteFile(path, []byte(strings.Join(script, "\n")), 0o700); err != nil { //nolint:gosec // It is run.
		return err
	}
	return os.Chmod(path, 0o700) //nolint:gosec // It is run.
}
