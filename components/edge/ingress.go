package edge

import (
	"fmt"
	"slices"

	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ingress makes the one resource: a rule for each host, and in it the longest path first, which is how those
// controllers read it that go by the order.
func (b *builder) ingress() error {
	annotations, err := b.ingressAnnotations()
	if err != nil {
		return err
	}
	spec := networkingv1.IngressSpecArgs{Rules: networkingv1.IngressRuleArray{}}
	if b.args.Controller != GKE {
		spec.IngressClassName = pulumi.String(b.args.Class)
	}
	rules := networkingv1.IngressRuleArray{}
	for _, host := range b.args.hosts() {
		rule, err := b.ingressRule(host)
		if err != nil {
			return err
		}
		rules = append(rules, rule)
	}
	spec.Rules = rules
	if secret := b.args.TLS.Kept(); secret != "" {
		hosts := slices.DeleteFunc(b.args.hosts(), func(h string) bool { return h == "" })
		spec.Tls = networkingv1.IngressTLSArray{networkingv1.IngressTLSArgs{
			SecretName: pulumi.String(secret), Hosts: pulumi.ToStringArray(hosts),
		}}
	}
	ingress, err := networkingv1.NewIngress(b.ctx, b.name+"-ingress", &networkingv1.IngressArgs{
		Metadata: b.meta(b.name, annotations, b.args.TLS.annotations(), b.args.dns(), b.await(), b.args.Annotations),
		Spec:     spec,
	}, b.child()...)
	if err != nil {
		return fmt.Errorf("creating the Ingress: %w", err)
	}
	b.edge.Address = ingress.Status.ApplyT(func(status *networkingv1.IngressStatus) string {
		if status == nil || status.LoadBalancer == nil || len(status.LoadBalancer.Ingress) == 0 {
			return ""
		}
		return address(status.LoadBalancer.Ingress[0].Ip, status.LoadBalancer.Ingress[0].Hostname)
	}).(pulumi.StringOutput)
	return nil
}

func (b *builder) ingressRule(host string) (networkingv1.IngressRuleArgs, error) {
	paths := networkingv1.HTTPIngressPathArray{}
	for _, r := range b.args.paths(host) {
		service, err := b.service(r)
		if err != nil {
			return networkingv1.IngressRuleArgs{}, err
		}
		paths = append(paths, networkingv1.HTTPIngressPathArgs{
			Path: pulumi.String(r.Path), PathType: pulumi.String("Prefix"),
			Backend: networkingv1.IngressBackendArgs{Service: networkingv1.IngressServiceBackendArgs{
				Name: pulumi.String(service),
				Port: networkingv1.ServiceBackendPortArgs{Number: pulumi.Int(r.Backends[0].Port)},
			}},
		})
	}
	rule := networkingv1.IngressRuleArgs{Http: networkingv1.HTTPIngressRuleValueArgs{Paths: paths}}
	if host != "" {
		rule.Host = pulumi.String(host)
	}
	return rule, nil
}
