package operators

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/distribution/reference"
)

// chart is one operator as it is installed.
type chart struct {
	// repository, name and version say which chart.
	repository, name, version string
	// images are the defaults by what they are for: those of the chart's own version, with the registry written out.
	images map[string]string
	// values are what differs from the chart's own. Images are filled in.
	values func(images map[string]image) map[string]any
	// definitions are kinds that are there where the operator is.
	definitions []string
	// webhooks are ports at which the API server calls it.
	webhooks []int
}

// The operators.
const (
	ExternalSecrets = "external-secrets"
	Vault           = "vault-secrets-operator"
	SealedSecrets   = "sealed-secrets"
	CertManager     = "cert-manager"
)

// catalogue is the one list of charts and their versions.
func catalogue() map[string]chart {
	return map[string]chart{
		// https://github.com/external-secrets/external-secrets/releases/tag/v0.19.2: serves external-secrets.io/v1 alone.
		ExternalSecrets: {
			repository: "https://charts.external-secrets.io", name: "external-secrets", version: "0.19.2",
			images:      map[string]string{"operator": "ghcr.io/external-secrets/external-secrets:v0.19.2"},
			values:      externalSecretsValues,
			definitions: []string{"externalsecrets.external-secrets.io", "secretstores.external-secrets.io"},
			webhooks:    []int{10250},
		},
		// https://github.com/hashicorp/vault-secrets-operator/releases/tag/v0.10.0: secrets.hashicorp.com/v1beta1.
		Vault: {
			repository: "https://helm.releases.hashicorp.com", name: "vault-secrets-operator", version: "0.10.0",
			images: map[string]string{
				"operator": "docker.io/hashicorp/vault-secrets-operator:0.10.0",
				"metrics":  "quay.io/brancz/kube-rbac-proxy:v0.18.1",
			},
			values:      vaultValues,
			definitions: []string{"vaultstaticsecrets.secrets.hashicorp.com", "vaultauths.secrets.hashicorp.com"},
		},
		// https://github.com/bitnami-labs/sealed-secrets/tree/v0.32.2/helm/sealed-secrets: the chart is one release behind
		// the controller. Its releases are published in both registries (.github/workflows/release.yaml); of Docker Hub's
		// Bitnami most has gone.
		SealedSecrets: {
			repository: "https://bitnami-labs.github.io/sealed-secrets", name: "sealed-secrets", version: "2.17.6",
			images:      map[string]string{"operator": "ghcr.io/bitnami-labs/sealed-secrets-controller:0.32.2"},
			values:      sealedValues,
			definitions: []string{"sealedsecrets.bitnami.com"},
		},
		// https://github.com/cert-manager/cert-manager/releases/tag/v1.20.0: cert-manager.io/v1.
		CertManager: {
			repository: "https://charts.jetstack.io", name: "cert-manager", version: "v1.20.0",
			images: map[string]string{
				"controller": "quay.io/jetstack/cert-manager-controller:v1.20.0",
				"webhook":    "quay.io/jetstack/cert-manager-webhook:v1.20.0",
				"injector":   "quay.io/jetstack/cert-manager-cainjector:v1.20.0",
				"check":      "quay.io/jetstack/cert-manager-startupapicheck:v1.20.0",
				"solver":     "quay.io/jetstack/cert-manager-acmesolver:v1.20.0",
			},
			values:      certManagerValues,
			definitions: []string{"certificates.cert-manager.io", "clusterissuers.cert-manager.io"},
			webhooks:    []int{10250},
		},
	}
}

// The operators that a stack may use and that are not installed here: there is one for the whole cluster, which is
// somebody else's.
const (
	Prometheus = "prometheus-operator"
	ArgoCD     = "argo-cd"
)

// elsewhere are the definitions of kinds that are there where such an operator is.
func elsewhere() map[string][]string {
	return map[string][]string{
		Prometheus: {
			"servicemonitors.monitoring.coreos.com", "podmonitors.monitoring.coreos.com",
			"prometheusrules.monitoring.coreos.com",
		},
		ArgoCD: {"applications.argoproj.io"},
	}
}

// Images are what the operators' images are for, by operator, sorted.
func Images() map[string][]string {
	all := map[string][]string{}
	for name, chart := range catalogue() {
		all[name] = slices.Sorted(maps.Keys(chart.images))
	}
	return all
}

// Definitions are the names of definitions of kinds that are in a cluster where an operator is.
func Definitions(operator string) []string {
	return append(catalogue()[operator].definitions, elsewhere()[operator]...)
}

// image is a reference as charts take it.
type image struct {
	// registry and path together are the repository; tag has a digest at its end where the reference has one.
	registry, path, tag string
}

func parse(ref string) (image, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return image{}, fmt.Errorf("image %q: %w", ref, err)
	}
	tagged, ok := named.(reference.Tagged)
	if !ok {
		return image{}, fmt.Errorf("image %q: has no tag", ref)
	}
	i := image{registry: reference.Domain(named), path: reference.Path(named), tag: tagged.Tag()}
	if digested, ok := named.(reference.Digested); ok {
		i.tag += "@" + digested.Digest().String()
	}
	return i, nil
}

func (i image) repository() string { return i.registry + "/" + i.path }

// values are what most charts call the parts of an image.
func (i image) values() map[string]any {
	return map[string]any{"repository": i.repository(), "tag": i.tag, "pullPolicy": "IfNotPresent"}
}

// digestApart is for charts that put a digest behind a tag of their own accord.
func (i image) digestApart() map[string]any {
	tag, digest, found := strings.Cut(i.tag, "@")
	values := map[string]any{"repository": i.repository(), "tag": tag, "pullPolicy": "IfNotPresent"}
	if found {
		values["digest"] = digest
	}
	return values
}
