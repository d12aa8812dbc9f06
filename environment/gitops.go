package environment

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/gitops"
	"plinth/components/operators"
)

// handOver has Argo CD make the objects of apps, proxy and edge, from what they are bound to.
func (e *environment) handOver() error {
	c := &e.cfg.GitOps
	if !c.HandsOver() {
		return nil
	}
	ready := slices.Clone(e.operator[operators.ArgoCD])
	for _, bound := range e.handed {
		ready = append(ready, bound.Ready...)
	}
	_, err := gitops.NewApplication(e.ctx, "gitops", &gitops.ApplicationArgs{
		Namespace: e.namespace, PartOf: e.partOf, Controller: c.Namespace, Project: c.Project,
		Repository: c.Repository, Path: c.Path, Revision: c.Revision, Server: c.Server,
		Prune: c.Prune, SelfHeal: c.SelfHeal, Await: c.Await, Timeout: c.Timeout, Ready: unique(ready),
	}, e.inCluster()...)
	return err
}

// unique are resources, each once.
func unique(resources []pulumi.Resource) []pulumi.Resource {
	var out []pulumi.Resource
	for _, r := range resources {
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// HandedOver are the types of the components whose objects are handed over.
func HandedOver() []string {
	return []string{"plinth:app:App", "plinth:proxy:Proxy", "plinth:edge:Edge"}
}

// hand keeps what an app that is handed over is bound to.
func (e *environment) hand(bindings []binding.Binding) { e.handed = append(e.handed, bindings...) }
