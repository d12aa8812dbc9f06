package edge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// Controller is what sees to Ingresses or Gateways of a class.
type Controller string

// The controllers that something is known about.
const (
	// Other needs nothing that the APIs do not say.
	Other Controller = "other"
	// Nginx is ingress-nginx, or what understands its annotations.
	Nginx Controller = "nginx"
	// Traefik makes its redirect by a Middleware.
	Traefik Controller = "traefik"
	// ALB is AWS Load Balancer Controller.
	ALB Controller = "alb"
	// Lattice is the AWS Gateway API Controller, for VPC Lattice.
	Lattice Controller = "lattice"
	// GKE is what Google's clusters come with, for Ingresses and for Gateways.
	GKE Controller = "gke"
)

// Definitions are the names of the definitions of those kinds that the edge makes objects of, and that are not
// Kubernetes' own.
func (a *Args) Definitions() []string {
	redirects := a.Redirect && a.TLS.on()
	var names []string
	add := func(is bool, name string) {
		if is {
			names = append(names, name)
		}
	}
	add(a.Kind == Gateway, "gateways."+gatewayGroup)
	add(a.Kind == Gateway, "httproutes."+gatewayGroup)
	add(a.Kind == Gateway && a.elsewhere(), "referencegrants."+gatewayGroup)
	add(a.Kind == Gateway && a.Controller == GKE, "healthcheckpolicies.networking.gke.io")
	add(a.Kind == Gateway && a.Controller == Lattice, "targetgrouppolicies.application-networking.k8s.aws")
	add(a.Kind == Ingress && a.Controller == GKE, "backendconfigs.cloud.google.com")
	add(a.Kind == Ingress && a.Controller == GKE && redirects, "frontendconfigs.networking.gke.io")
	add(a.Kind == Ingress && a.Controller == Traefik && redirects, "middlewares.traefik.io")
	return names
}

// ingressAnnotations are what an Ingress's controller is told besides its rules.
func (b *builder) ingressAnnotations() (map[string]string, error) {
	a := b.args
	switch a.Controller {
	case Nginx:
		return a.nginxAnnotations(), nil
	case Traefik:
		return b.traefikAnnotations()
	case ALB:
		return a.albAnnotations(), nil
	case GKE:
		return b.gkeAnnotations()
	case Lattice:
		return nil, fmt.Errorf("a controller of the kind %s knows no Ingress", a.Controller)
	case Other:
	}
	return nil, nil
}

// nginxAnnotations: https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/.
func (a *Args) nginxAnnotations() map[string]string {
	const prefix = "nginx.ingress.kubernetes.io/"
	annotations := map[string]string{prefix + "ssl-redirect": fmt.Sprint(a.Redirect && a.TLS.on())}
	if a.BodySize != "" {
		annotations[prefix+"proxy-body-size"] = a.BodySize
	}
	if len(a.SourceRanges) > 0 {
		annotations[prefix+"whitelist-source-range"] = strings.Join(a.SourceRanges, ",")
	}
	return annotations
}

// traefikAnnotations: the entry points are those of its chart, web without and websecure with TLS of its own, and a
// Middleware sends from the one to the other:
// https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/.
func (b *builder) traefikAnnotations() (map[string]string, error) {
	const prefix = "traefik.ingress.kubernetes.io/router."
	switch {
	case !b.args.TLS.on():
		return map[string]string{prefix + "entrypoints": "web"}, nil
	case !b.args.Redirect:
		return map[string]string{prefix + "entrypoints": "web,websecure"}, nil
	}
	const name = "edge-redirect"
	middleware, err := workload.Object(b.ctx, b.name+"-redirect", "traefik.io/v1alpha1", "Middleware", b.id.Meta(name),
		pulumi.Map{"spec": pulumi.Map{"redirectScheme": pulumi.Map{
			"scheme": pulumi.String("https"), "permanent": pulumi.Bool(true),
		}}}, b.child()...)
	if err != nil {
		return nil, err
	}
	b.before = append(b.before, middleware)
	return map[string]string{
		prefix + "entrypoints": "web,websecure",
		prefix + "middlewares": b.id.Namespace + "-" + name + "@kubernetescrd",
	}, nil
}

// albPrefix is what the annotations of AWS Load Balancer Controller's Ingresses start with.
const albPrefix = "alb.ingress.kubernetes.io/"

// albAnnotations: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/.
func (a *Args) albAnnotations() map[string]string {
	annotations := map[string]string{
		albPrefix + "scheme": "internet-facing", albPrefix + "target-type": "ip",
		albPrefix + "listen-ports": fmt.Sprintf(`[{"HTTP":%d}]`, a.HTTP),
	}
	if a.Internal {
		annotations[albPrefix+"scheme"] = "internal"
	}
	if len(a.SourceRanges) > 0 {
		annotations[albPrefix+"inbound-cidrs"] = strings.Join(a.SourceRanges, ",")
	}
	if a.TLS.Managed != "" {
		annotations[albPrefix+"certificate-arn"] = a.TLS.Managed
		annotations[albPrefix+"ssl-policy"] = tlsPolicy
		annotations[albPrefix+"listen-ports"] = fmt.Sprintf(`[{"HTTP":%d},{"HTTPS":%d}]`, a.HTTP, a.HTTPS)
		if a.Redirect {
			annotations[albPrefix+"ssl-redirect"] = fmt.Sprint(a.HTTPS)
		}
	}
	return annotations
}

// gkeAnnotations: the class is an annotation there, since GKE does not read the field
// (https://cloud.google.com/kubernetes-engine/docs/concepts/ingress#deprecated_annotation), and the redirect is a
// FrontendConfig's.
func (b *builder) gkeAnnotations() (map[string]string, error) {
	annotations := map[string]string{"kubernetes.io/ingress.class": b.args.Class}
	if b.args.TLS.Managed != "" {
		annotations["ingress.gcp.kubernetes.io/pre-shared-cert"] = b.args.TLS.Managed
	}
	if !b.args.TLS.on() || !b.args.Redirect {
		return annotations, nil
	}
	const name = "edge-redirect"
	config, err := workload.Object(b.ctx, b.name+"-redirect", "networking.gke.io/v1beta1", "FrontendConfig",
		b.id.Meta(name), pulumi.Map{"spec": pulumi.Map{"redirectToHttps": pulumi.Map{
			"enabled": pulumi.Bool(true), "responseCodeName": pulumi.String("MOVED_PERMANENTLY_DEFAULT"),
		}}}, b.child()...)
	if err != nil {
		return nil, err
	}
	b.before = append(b.before, config)
	annotations["networking.gke.io/v1beta1.FrontendConfig"] = name
	return annotations, nil
}

// service is the name of the Service that an Ingress leads to. Where the controller reads from a Service how to check
// its pods, that is one of the edge's own: the workload's knows nothing of who is in front of it.
func (b *builder) service(r Route) (string, error) {
	backend := r.Backends[0]
	annotations := map[string]string{}
	name := workload.Name(workload.MaxLabel, b.name, backend.Service)
	switch {
	case b.args.Kind != Ingress || b.args.Controller != ALB && b.args.Controller != GKE || r.Health.Path == "":
		return backend.Service, nil
	case b.args.Controller == ALB:
		annotations[albPrefix+"healthcheck-path"] = r.Health.Path
		annotations[albPrefix+"healthcheck-port"] = fmt.Sprint(r.Health.Port)
		annotations[albPrefix+"success-codes"] = "200-399"
	default:
		annotations["cloud.google.com/backend-config"] = fmt.Sprintf(`{"default":%q}`, name)
		annotations["cloud.google.com/neg"] = `{"ingress":true}`
	}
	if b.services[name] {
		return name, nil
	}
	b.services[name] = true
	if b.args.Controller == GKE {
		if err := b.backendConfig(name, backend.Service, r.Health); err != nil {
			return "", err
		}
	}
	service, err := corev1.NewService(b.ctx, b.name+"-"+backend.Service+"-service", &corev1.ServiceArgs{
		Metadata: b.meta(name, annotations),
		Spec: corev1.ServiceSpecArgs{
			Type: pulumi.String("ClusterIP"), Selector: workload.StringMap(backend.Pods.To.Selector),
			Ports: corev1.ServicePortArray{corev1.ServicePortArgs{
				Name: pulumi.String("http"), Port: pulumi.Int(backend.Port),
				TargetPort: pulumi.Int(backend.Pods.Ports[0].Number), Protocol: pulumi.String("TCP"),
			}},
		},
	}, b.child()...)
	if err != nil {
		return "", fmt.Errorf("creating the Service of %s: %w", backend.Service, err)
	}
	b.before = append(b.before, service)
	return name, nil
}

// The rhythm of health checks: a pod that does not answer is left out after ten seconds.
const (
	healthInterval  = 5
	healthTimeout   = 4
	healthThreshold = 2
)

// backendConfig: https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration#direct_health.
func (b *builder) backendConfig(name, service string, health Health) error {
	config, err := workload.Object(b.ctx, b.name+"-"+service+"-health", "cloud.google.com/v1", "BackendConfig",
		b.id.Meta(name), pulumi.Map{"spec": pulumi.Map{"healthCheck": pulumi.Map{
			"type": pulumi.String("HTTP"), "requestPath": pulumi.String(health.Path), "port": pulumi.Int(health.Port),
			"checkIntervalSec": pulumi.Int(healthInterval), "timeoutSec": pulumi.Int(healthTimeout),
			"healthyThreshold": pulumi.Int(1), "unhealthyThreshold": pulumi.Int(healthThreshold),
		}}}, b.child()...)
	b.before = append(b.before, config)
	return err
}

// healthPolicies tell the controller of a Gateway how to check pods, where it does not go by their readiness: one for
// each Service.
func (b *builder) healthPolicies() error {
	healths := map[string]Health{}
	for _, r := range b.args.Routes {
		for _, backend := range r.Backends {
			healths[backend.Service] = r.Health
		}
	}
	for _, service := range slices.Sorted(maps.Keys(healths)) {
		health := healths[service]
		if health.Path == "" {
			continue
		}
		version, kind, spec := "", "", pulumi.Map{}
		switch b.args.Controller {
		case GKE:
			version, kind, spec = "networking.gke.io/v1", "HealthCheckPolicy", gkeHealth(health)
		case Lattice:
			version, kind, spec = "application-networking.k8s.aws/v1alpha1", "TargetGroupPolicy", latticeHealth(health)
		case Other, Nginx, Traefik, ALB:
			continue
		}
		spec["targetRef"] = pulumi.Map{
			"group": pulumi.String(""), "kind": pulumi.String("Service"), "name": pulumi.String(service),
		}
		policy, err := workload.Object(b.ctx, b.name+"-"+service+"-health", version, kind,
			b.id.Meta(workload.Name(workload.MaxLabel, b.name, service)), pulumi.Map{"spec": spec}, b.child()...)
		if err != nil {
			return err
		}
		b.before = append(b.before, policy)
	}
	return nil
}

// gkeHealth: https://cloud.google.com/kubernetes-engine/docs/how-to/configure-gateway-resources#configure_health_check.
func gkeHealth(health Health) pulumi.Map {
	return pulumi.Map{"default": pulumi.Map{
		"checkIntervalSec": pulumi.Int(healthInterval), "timeoutSec": pulumi.Int(healthTimeout),
		"healthyThreshold": pulumi.Int(1), "unhealthyThreshold": pulumi.Int(healthThreshold),
		"config": pulumi.Map{"type": pulumi.String("HTTP"), "httpHealthCheck": pulumi.Map{
			"portSpecification": pulumi.String("USE_FIXED_PORT"), "port": pulumi.Int(health.Port),
			"requestPath": pulumi.String(health.Path),
		}},
	}}
}

// latticeHealth: https://www.gateway-api-controller.eks.aws.dev/latest/api-types/target-group-policy/.
func latticeHealth(health Health) pulumi.Map {
	return pulumi.Map{
		"protocol": pulumi.String("HTTP"), "protocolVersion": pulumi.String("HTTP1"),
		"healthCheck": pulumi.Map{
			"enabled": pulumi.Bool(true), "intervalSeconds": pulumi.Int(healthInterval),
			"timeoutSeconds": pulumi.Int(healthTimeout), "healthyThresholdCount": pulumi.Int(2),
			"unhealthyThresholdCount": pulumi.Int(healthThreshold), "path": pulumi.String(health.Path),
			"port": pulumi.Int(health.Port), "protocol": pulumi.String("HTTP"), "protocolVersion": pulumi.String("HTTP1"),
			"statusMatch": pulumi.String("200-399"),
		},
	}
}
