package workload

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
)

// Port is one port of a workload: the container listens on it, the Service offers it, policies and probes refer to it.
type Port struct {
	// Name is unique in the workload and at most 15 characters (RFC 6335): http, metrics, postgres.
	Name string
	// Container is the number the process listens on, above 1023 since it is not root.
	Container int
	// Service is the number that clients in the cluster use. Zero: the same as Container.
	Service int
	// Protocol is TCP (the zero value's meaning), UDP or SCTP.
	Protocol string
}

// Ports is the one list of a workload's ports, the main one first.
type Ports []Port

// Container is the list as a container declares it.
func (p Ports) Container() corev1.ContainerPortArray {
	out := corev1.ContainerPortArray{}
	for _, port := range p {
		out = append(out, corev1.ContainerPortArgs{
			Name:          pulumi.String(port.Name),
			ContainerPort: pulumi.Int(port.Container),
			Protocol:      pulumi.String(protocol(port.Protocol)),
		})
	}
	return out
}

// ServicePorts is the list as a Service offers it: the target is the port's name, so the numbers cannot disagree.
func (p Ports) ServicePorts() corev1.ServicePortArray {
	out := corev1.ServicePortArray{}
	for _, port := range p {
		out = append(out, corev1.ServicePortArgs{
			Name:       pulumi.String(port.Name),
			Port:       pulumi.Int(port.serviceNumber()),
			TargetPort: pulumi.String(port.Name),
			Protocol:   pulumi.String(protocol(port.Protocol)),
		})
	}
	return out
}

// Edges is the list as network policies see it: the container's numbers, which is where they apply.
func (p Ports) Edges() []binding.Port {
	out := make([]binding.Port, len(p))
	for i, port := range p {
		out[i] = binding.Port{Number: port.Container, Protocol: protocol(port.Protocol)}
	}
	return out
}

func (p Port) serviceNumber() int {
	if p.Service == 0 {
		return p.Container
	}
	return p.Service
}

func protocol(p string) string {
	if p == "" {
		return "TCP"
	}
	return p
}

// URL is where clients in the cluster reach the port on the Service of this name.
func (p Port) URL(scheme, service, namespace string) string {
	return fmt.Sprintf("%s://%s:%d", scheme, Host(service, namespace), p.serviceNumber())
}

// Host is a Service's name as every pod in the cluster resolves it, in whatever namespace, and without a search through
// the resolver's other domains.
func Host(service, namespace string) string {
	return service + "." + namespace + ".svc.cluster.local"
}
