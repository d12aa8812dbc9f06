package workload

import (
	"plinth/components/binding"
)

// Backend is a Service that takes a share of the requests to an application: what a route leads to.
type Backend struct {
	// Service is its name, Namespace where it is, and Port the number that clients use.
	Service, Namespace string
	Port               int
	// Weight is its share of the requests, in proportion to the weights of the others. 0: it gets none.
	Weight int
	// Pods are those behind it as network policies see them: with the container's port.
	Pods binding.Edge
}

// Backend is the Service of this workload's main port, which takes a share of the requests. There must be a port.
func (p Ports) Backend(id ID, weight int) Backend {
	return Backend{
		Service: id.Name, Namespace: id.Namespace, Port: p[0].serviceNumber(), Weight: weight,
		Pods: binding.Edge{To: id.Peer(), Ports: p[:1].Edges()},
	}
}

// URL is where clients in the cluster reach it.
func (b Backend) URL(scheme string) string {
	return Port{Service: b.Port}.URL(scheme, b.Service, b.Namespace)
}
