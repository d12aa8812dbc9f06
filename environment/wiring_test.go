package environment_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"plinth/internal/record"
)

// ports: what Services, probes and policies say of ports is what containers listen on.
func ports(w *world) []string {
	var c complaints
	for _, service := range w.services {
		if len(service.v.Spec.Selector) == 0 {
			continue
		}
		selector := &metav1.LabelSelector{MatchLabels: service.v.Spec.Selector}
		for _, of := range w.selected(service.v.Namespace, selector) {
			for _, port := range service.v.Spec.Ports {
				if !listens(of.pod.Spec.Containers, port.TargetPort, port.Protocol) {
					c.add(service.Resource, "port %s leads to %s, which %s does not have",
						port.Name, port.TargetPort.String(), of.Label())
				}
			}
		}
	}
	for _, of := range w.workloads {
		for _, container := range of.containers() {
			for _, port := range probed(container) {
				if !listens([]corev1.Container{container}, port, corev1.ProtocolTCP) {
					c.add(of.Resource, "a probe asks port %s, which container %s does not have",
						port.String(), container.Name)
				}
			}
		}
	}
	for _, policy := range w.policies {
		spec := policy.v.Spec
		for _, rule := range spec.Ingress {
			c.policyPorts(policy.Resource, rule.Ports, w.selected(policy.v.Namespace, &spec.PodSelector))
		}
		for _, rule := range spec.Egress {
			for _, to := range rule.To {
				c.policyPorts(policy.Resource, rule.Ports, w.peers(policy.v.Namespace, to))
			}
		}
	}
	return c
}

func (c *complaints) policyPorts(r *record.Resource, ports []networkingv1.NetworkPolicyPort, at []workload) {
	for _, of := range at {
		for _, port := range ports {
			protocol := corev1.ProtocolTCP
			if port.Protocol != nil {
				protocol = *port.Protocol
			}
			if port.Port != nil && !listens(of.pod.Spec.Containers, *port.Port, protocol) {
				c.add(r, "opens port %s/%s, which %s does not have", port.Port, protocol, of.Label())
			}
		}
	}
}

func listens(containers []corev1.Container, port intstr.IntOrString, protocol corev1.Protocol) bool {
	for _, container := range containers {
		for _, has := range container.Ports {
			number := port.Type == intstr.Int && port.IntVal == has.ContainerPort
			name := port.Type == intstr.String && port.StrVal == has.Name
			if (number || name) && has.Protocol == protocol {
				return true
			}
		}
	}
	return false
}

// probed are the ports that a container's probes ask.
func probed(container corev1.Container) []intstr.IntOrString {
	var out []intstr.IntOrString
	for _, probe := range []*corev1.Probe{container.StartupProbe, container.ReadinessProbe, container.LivenessProbe} {
		switch {
		case probe == nil:
		case probe.HTTPGet != nil:
			out = append(out, probe.HTTPGet.Port)
		case probe.TCPSocket != nil:
			out = append(out, probe.TCPSocket.Port)
		}
	}
	return out
}

// defaultDeny: in the namespace of every pod a policy selects all pods, both ways, and allows nothing.
func defaultDeny(w *world) []string {
	var c complaints
	for _, of := range w.workloads {
		denied := slices.ContainsFunc(w.policies, func(p object[networkingv1.NetworkPolicy]) bool {
			spec := p.v.Spec
			return p.v.Namespace == of.meta.Namespace && selectsAll(spec.PodSelector) && len(spec.PolicyTypes) == 2 &&
				len(spec.Ingress) == 0 && len(spec.Egress) == 0
		})
		if !denied {
			c.add(of.Resource, "nothing denies its connections by default")
		}
	}
	return c
}

func selectsAll(selector metav1.LabelSelector) bool {
	return len(selector.MatchLabels) == 0 && len(selector.MatchExpressions) == 0
}

// selecting: every selector selects what it was written for.
func selecting(w *world) []string {
	var c complaints
	for _, of := range w.workloads {
		if of.selector != nil && !matches(of.selector, of.pod.Labels) {
			c.add(of.Resource, "does not select its own pods")
		}
	}
	some := func(r *record.Resource, namespace string, selector *metav1.LabelSelector) {
		if len(w.selected(namespace, selector)) == 0 {
			c.add(r, "selects no pod")
		}
	}
	for _, service := range w.services {
		some(service.Resource, service.v.Namespace, &metav1.LabelSelector{MatchLabels: service.v.Spec.Selector})
	}
	for _, budget := range w.budgets {
		some(budget.Resource, budget.v.Namespace, budget.v.Spec.Selector)
	}
	for _, policy := range w.policies {
		if !selectsAll(policy.v.Spec.PodSelector) {
			some(policy.Resource, policy.v.Namespace, &policy.v.Spec.PodSelector)
		}
	}
	return c
}

// guards are the kinds that a namespace has before its first pod.
func guard(of object[metav1.PartialObjectMetadata]) bool {
	switch of.v.Kind {
	case "ResourceQuota", "LimitRange":
		return true
	default:
		return strings.HasSuffix(string(of.Type), ":ServiceAccountPatch")
	}
}

// waiting: a workload depends on its namespace and that one's guards, on the policies of its own connections at both
// ends, and on every object that its pods refer to. So all of it is there before the first pod, and goes after the
// last.
func waiting(w *world) []string {
	var c complaints
	for _, of := range w.workloads {
		before := w.before(of.Resource)
		need := func(r *record.Resource) {
			if !before[r.URN] {
				c.add(of.Resource, "does not wait for %s", r.Label())
			}
		}
		referred := of.refers()
		for _, other := range w.named {
			inNamespace := other.v.Namespace == of.meta.Namespace
			home := other.v.Kind == "Namespace" && other.v.Name == of.meta.Namespace
			if home || inNamespace && (guard(other) || referred[other.v.Kind+"/"+other.v.Name]) {
				need(other.Resource)
			}
		}
		for _, policy := range w.policies {
			if w.concerns(policy, of) {
				need(policy.Resource)
			}
		}
	}
	return c
}

// before is everything that must exist before r.
func (w *world) before(r *record.Resource) map[resource.URN]bool {
	seen := map[resource.URN]bool{}
	queue := []*record.Resource{r}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		for _, urn := range next.Needs() {
			if needed := w.rec.Get(urn); needed != nil && !seen[urn] {
				seen[urn] = true
				queue = append(queue, needed)
			}
		}
	}
	return seen
}

// concerns tells whether a policy is about connections that a workload opens, at either end, or that anybody may open
// to it. A connection that another workload opens is that one's.
func (w *world) concerns(policy object[networkingv1.NetworkPolicy], of workload) bool {
	spec := policy.v.Spec
	selects := policy.v.Namespace == of.meta.Namespace && matches(&spec.PodSelector, of.pod.Labels)
	if selects && (selectsAll(spec.PodSelector) || slices.Contains(spec.PolicyTypes, networkingv1.PolicyTypeEgress)) {
		return true
	}
	for _, rule := range spec.Ingress {
		if selects && len(rule.From) == 0 {
			return true
		}
		for _, from := range rule.From {
			if slices.ContainsFunc(w.peers(policy.v.Namespace, from), func(p workload) bool { return p.URN == of.URN }) {
				return true
			}
		}
	}
	return false
}

// refers lists the objects that a workload's pods name, as KIND/NAME.
func (w workload) refers() map[string]bool {
	out := map[string]bool{}
	note := func(kind, name string) { out[fmt.Sprintf("%s/%s", kind, name)] = name != "" }
	note("ServiceAccount", w.pod.Spec.ServiceAccountName)
	for _, volume := range w.pod.Spec.Volumes {
		if volume.ConfigMap != nil {
			note("ConfigMap", volume.ConfigMap.Name)
		}
		if volume.Secret != nil {
			note("Secret", volume.Secret.SecretName)
		}
		if volume.PersistentVolumeClaim != nil {
			note("PersistentVolumeClaim", volume.PersistentVolumeClaim.ClaimName)
		}
	}
	for _, container := range w.containers() {
		for _, env := range container.Env {
			if env.ValueFrom != nil && env.ValueFrom.SecretKeyRef != nil {
				note("Secret", env.ValueFrom.SecretKeyRef.Name)
			}
			if env.ValueFrom != nil && env.ValueFrom.ConfigMapKeyRef != nil {
				note("ConfigMap", env.ValueFrom.ConfigMapKeyRef.Name)
			}
		}
	}
	return out
}
