package edge

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// Balancer says which load balancer a Service of that type gets.
type Balancer struct {
	// Cloud is whose it is. Empty: one that needs to be told nothing.
	Cloud Cloud
	// Pods makes it send connections to pods by their own addresses. On AWS alone, by AWS Load Balancer Controller.
	Pods bool
}

// Cloud is whose load balancers there are.
type Cloud string

// The clouds.
const (
	AWS    Cloud = "aws"
	Google Cloud = "gcp"
)

// NodePorts says whether a load balancer needs a port on every node for each of its own. One of Google's leaves the
// packets its own address, and what goes to pods needs no node.
func (b Balancer) NodePorts() bool { return b.Cloud != Google && !b.Pods }

// balancer makes the Service. It is one of its own, so that the workload's is the same with every kind of edge.
func (b *builder) balancer() error {
	to := b.args.Routes[0].Backends[0].Pods
	port := corev1.ServicePortArgs{
		Name: pulumi.String("http"), Port: pulumi.Int(b.args.HTTP),
		TargetPort: pulumi.Int(to.Ports[0].Number), Protocol: pulumi.String("TCP"),
	}
	if b.args.TLS.on() {
		port.Name, port.Port = pulumi.String("https"), pulumi.Int(b.args.HTTPS)
	}
	spec := corev1.ServiceSpecArgs{
		Type:     pulumi.String("LoadBalancer"),
		Selector: workload.StringMap(to.To.Selector),
		Ports:    corev1.ServicePortArray{port},
	}
	if len(b.args.SourceRanges) > 0 {
		ranges := pulumi.StringArray{}
		for _, cidr := range b.args.SourceRanges {
			ranges = append(ranges, pulumi.String(cidr))
		}
		spec.LoadBalancerSourceRanges = ranges
	}
	if !b.args.Balancer.NodePorts() {
		spec.AllocateLoadBalancerNodePorts = pulumi.Bool(false)
	}
	if b.args.Balancer.Pods {
		spec.LoadBalancerClass = pulumi.String("service.k8s.aws/nlb")
	} else {
		// Only nodes with a ready pod are healthy to the load balancer, by the port that Kubernetes opens for that, and a
		// connection keeps the address of who opened it: nobody passes for a node, to the network policies either.
		// https://kubernetes.io/docs/tasks/access-application-cluster/create-external-load-balancer/
		spec.ExternalTrafficPolicy = pulumi.String("Local")
	}
	service, err := corev1.NewService(b.ctx, b.name+"-service", &corev1.ServiceArgs{
		Metadata: b.meta(b.name, b.args.balancerAnnotations(), b.args.dns(b.args.hosts()...), b.await(), b.args.Annotations),
		Spec:     spec,
	}, b.child()...)
	if err != nil {
		return fmt.Errorf("creating the load balancer: %w", err)
	}
	b.edge.Address = service.Status.ApplyT(func(status *corev1.ServiceStatus) string {
		if status == nil || status.LoadBalancer == nil || len(status.LoadBalancer.Ingress) == 0 {
			return ""
		}
		return address(status.LoadBalancer.Ingress[0].Ip, status.LoadBalancer.Ingress[0].Hostname)
	}).(pulumi.StringOutput)
	return nil
}

// address is the one of the two that is there.
func address(all ...*string) string {
	for _, one := range all {
		if one != nil && *one != "" {
			return *one
		}
	}
	return ""
}

// await is for objects whose readiness Pulumi's plugin knows.
func (b *builder) await() map[string]string {
	if b.args.Await {
		return nil
	}
	return map[string]string{"pulumi.com/skipAwait": "true"}
}

// awsPrefix is what the annotations of both controllers for AWS start with.
const awsPrefix = "service.beta.kubernetes.io/aws-load-balancer-"

// tlsPolicy is TLS 1.2 and later, with forward secrecy:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/describe-ssl-policies.html.
const tlsPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06"

// balancerAnnotations are what the cloud's controller is told.
func (a *Args) balancerAnnotations() map[string]string {
	switch {
	case a.Balancer.Cloud == Google && a.Internal:
		return map[string]string{"networking.gke.io/load-balancer-type": "Internal"}
	case a.Balancer.Cloud == Google:
		// The load balancer with a backend service; the older one with a target pool knows no health of its own.
		// https://cloud.google.com/kubernetes-engine/docs/concepts/service-load-balancer
		return map[string]string{"cloud.google.com/l4-rbs": "enabled"}
	case a.Balancer.Cloud == AWS && a.Balancer.Pods:
		return a.balancerToPods()
	case a.Balancer.Cloud == AWS:
		return a.balancerToNodes()
	}
	return nil
}

// balancerToNodes is for the controller that comes with EKS. With externalTrafficPolicy Local it makes the health check
// itself: https://kubernetes.io/docs/concepts/services-networking/service/#aws-nlb-support.
func (a *Args) balancerToNodes() map[string]string {
	annotations := map[string]string{
		awsPrefix + "type": "nlb",
		awsPrefix + "cross-zone-load-balancing-enabled": "true",
	}
	if a.Internal {
		annotations[awsPrefix+"internal"] = "true"
	}
	if a.TLS.Managed != "" {
		annotations[awsPrefix+"ssl-cert"] = a.TLS.Managed
		annotations[awsPrefix+"ssl-ports"] = "https"
		annotations[awsPrefix+"ssl-negotiation-policy"] = tlsPolicy
	}
	return annotations
}

// balancerToPods is for AWS Load Balancer Controller:
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/.
func (a *Args) balancerToPods() map[string]string {
	annotations := map[string]string{
		awsPrefix + "scheme":          "internet-facing",
		awsPrefix + "nlb-target-type": "ip",
		awsPrefix + "attributes":      "load_balancing.cross_zone.enabled=true",
		// Pods would see the load balancer's addresses otherwise, and network policies too.
		awsPrefix + "target-group-attributes": "preserve_client_ip.enabled=true",
	}
	if a.Internal {
		annotations[awsPrefix+"scheme"] = "internal"
	}
	if a.TLS.Managed != "" {
		annotations[awsPrefix+"ssl-cert"] = a.TLS.Managed
		annotations[awsPrefix+"ssl-ports"] = "https"
		annotations[awsPrefix+"ssl-negotiation-policy"] = tlsPolicy
	}
	if health := a.Routes[0].Health; health.Path != "" {
		annotations[awsPrefix+"healthcheck-protocol"] = "http"
		annotations[awsPrefix+"healthcheck-port"] = fmt.Sprint(health.Port)
		annotations[awsPrefix+"healthcheck-path"] = health.Path
		annotations[awsPrefix+"healthcheck-success-codes"] = "200-399"
	}
	return annotations
}
