package eks

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// versions are what goes with one minor version of Kubernetes. Nothing is looked up while a stack is planned: an addon
// or an image of nodes that is newer is another line here, and a plan that shows it.
type versions struct {
	// image is the release of Amazon Linux 2023 for nodes, alike for both kinds of processors:
	// https://github.com/awslabs/amazon-eks-ami/releases/tag/v20260801.
	image string
	// Addons, as "aws eks describe-addon-versions --kubernetes-version MINOR" listed them in September 2026:
	// https://docs.aws.amazon.com/eks/latest/userguide/managing-add-ons.html.
	vpcCNI, kubeProxy, coreDNS, podIdentity, ebsCSI, metricsServer, observability string
}

// pins returns the versions for a minor version of Kubernetes.
func pins(minor string) (versions, error) {
	// Those that are the same for all minor versions there are.
	common := versions{
		vpcCNI:        "v1.22.4-eksbuild.3",
		podIdentity:   "v1.3.10-eksbuild.3",
		ebsCSI:        "v1.63.1-eksbuild.1",
		metricsServer: "v0.9.0-eksbuild.5",
		observability: "v5.3.0-eksbuild.1",
	}
	of := map[string]struct{ image, kubeProxy, coreDNS string }{
		"1.34": {"1.34.9-20260801", "v1.34.6-eksbuild.21", "v1.12.4-eksbuild.29"},
		"1.35": {"1.35.6-20260801", "v1.35.3-eksbuild.21", "v1.13.2-eksbuild.21"},
	}
	own, found := of[minor]
	if !found {
		return versions{}, fmt.Errorf("cluster.version: no versions of addons are pinned for Kubernetes %q, want %s",
			minor, strings.Join(slices.Sorted(maps.Keys(of)), " or "))
	}
	common.image, common.kubeProxy, common.coreDNS = own.image, own.kubeProxy, own.coreDNS
	return common, nil
}
