package operators

// Requests are what an operator of a small environment needs; limits leave room for a burst. None has a CPU limit below
// half a core: the certificates that they make at their start would take minutes.
func resources(memory, limit string) map[string]any {
	return map[string]any{
		"requests": map[string]any{"cpu": "10m", "memory": memory, "ephemeral-storage": "16Mi"},
		"limits":   map[string]any{"cpu": "500m", "memory": limit, "ephemeral-storage": "64Mi"},
	}
}

// The two halves of what the Pod Security Standard "restricted" asks for, and a read-only root.
func hardenedPod() map[string]any {
	return map[string]any{
		"runAsNonRoot": true, "seccompProfile": map[string]any{"type": "RuntimeDefault"},
	}
}

func hardenedContainer() map[string]any {
	return map[string]any{
		"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
		"capabilities": map[string]any{"drop": []any{"ALL"}},
	}
}

// externalSecretsValues: what stands for the whole cluster is left out, so that a store is in the namespace of those
// who read from it. The chart's pods are hardened as they are.
func externalSecretsValues(images map[string]image) map[string]any {
	own := images["operator"].values()
	return map[string]any{
		"installCRDs": true,
		"crds": map[string]any{
			"createClusterExternalSecret": false, "createClusterSecretStore": false, "createClusterPushSecret": false,
			"createClusterGenerator": false,
		},
		"processClusterExternalSecret": false, "processClusterStore": false, "processClusterPushSecret": false,
		"openshiftFinalizers": false,
		"leaderElect":         true,
		"image":               own,
		"resources":           resources("64Mi", "256Mi"),
		"webhook":             map[string]any{"image": own, "resources": resources("32Mi", "128Mi")},
		"certController":      map[string]any{"image": own, "resources": resources("64Mi", "256Mi")},
	}
}

// vaultValues: no connection and no login for everybody. A cached login would have to be kept somewhere: each start
// logs in anew.
func vaultValues(images map[string]image) map[string]any {
	small := resources("32Mi", "128Mi")
	return map[string]any{
		"defaultVaultConnection": map[string]any{"enabled": false},
		"defaultAuthMethod":      map[string]any{"enabled": false},
		"tests":                  map[string]any{"enabled": false},
		"hooks":                  map[string]any{"resources": small},
		"controller": map[string]any{
			"podSecurityContext": hardenedPod(), "securityContext": hardenedContainer(),
			"kubeRbacProxy": map[string]any{"image": images["metrics"].values(), "resources": small},
			"manager": map[string]any{
				"image": images["operator"].values(), "resources": resources("64Mi", "256Mi"),
				"clientCache": map[string]any{"persistenceModel": "none"},
				// A backend that was away is asked again within half a minute.
				"backoffOnSecretSourceError": map[string]any{"initialInterval": "2s", "maxInterval": "30s"},
			},
		},
	}
}

// sealedValues: a new key each thirty days, the chart's own default. The old ones stay, and so does old ciphertext.
func sealedValues(images map[string]image) map[string]any {
	own := images["operator"]
	return map[string]any{
		"image": map[string]any{
			"registry": own.registry, "repository": own.path, "tag": own.tag, "pullPolicy": "IfNotPresent",
		},
		"resources": resources("32Mi", "128Mi"),
		"podSecurityContext": map[string]any{
			"enabled": true, "fsGroup": 65534, "seccompProfile": hardenedPod()["seccompProfile"],
		},
		"containerSecurityContext": map[string]any{
			"enabled": true, "runAsNonRoot": true, "runAsUser": 1001, "readOnlyRootFilesystem": true,
			"allowPrivilegeEscalation": false, "capabilities": map[string]any{"drop": []any{"ALL"}},
		},
	}
}

// certManagerValues: definitions go with the release, since nothing is left that uses them. The chart's pods are
// hardened as they are. Leases stay in its own namespace, where it may write anyway.
func certManagerValues(images map[string]image) map[string]any {
	return map[string]any{
		"crds":       map[string]any{"enabled": true, "keep": false},
		"global":     map[string]any{"leaderElection": map[string]any{"namespace": CertManager}},
		"image":      images["controller"].digestApart(),
		"resources":  resources("64Mi", "256Mi"),
		"webhook":    map[string]any{"image": images["webhook"].digestApart(), "resources": resources("32Mi", "128Mi")},
		"cainjector": map[string]any{"image": images["injector"].digestApart(), "resources": resources("64Mi", "256Mi")},
		"acmesolver": map[string]any{"image": images["solver"].digestApart()},
		"startupapicheck": map[string]any{
			"image": images["check"].digestApart(), "resources": resources("32Mi", "64Mi"),
		},
	}
}
