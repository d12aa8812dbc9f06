package edge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// gatewayAPI is the version of the Gateway API that is spoken, and what its objects are of.
const (
	gatewayAPI   = "gateway.networking.k8s.io/v1"
	gatewayGroup = "gateway.networking.k8s.io"
)

// plainListener is the one without TLS, secureListener what those with TLS start with.
const (
	plainListener  = "http"
	secureListener = "https"
)

// gatewayResource is a Gateway with what its controller says of it.
type gatewayResource struct {
	pulumi.CustomResourceState

	Status pulumi.MapOutput `pulumi:"status"`
}

// gateway makes the Gateway, and then the routes that are attached to it: on destroy routes go first, since a
// controller may hold on to a Gateway that still has some.
func (b *builder) gateway() error {
	if err := b.healthPolicies(); err != nil {
		return err
	}
	annotations := map[string]string{}
	certificates := b.args.TLS.Managed != "" && b.args.Controller == GKE
	if certificates {
		// https://cloud.google.com/kubernetes-engine/docs/how-to/secure-gateway#secure-using-certificate-manager
		annotations["networking.gke.io/certmap"] = b.args.TLS.Managed
	}
	if b.args.Await {
		annotations["pulumi.com/waitFor"] = "condition=Programmed"
	}
	gateway := &gatewayResource{}
	err := b.ctx.RegisterResource("kubernetes:"+gatewayAPI+":Gateway", b.name+"-gateway", pulumi.Map{
		"apiVersion": pulumi.String(gatewayAPI), "kind": pulumi.String("Gateway"),
		"metadata": b.meta(b.name, annotations, b.args.TLS.annotations(), b.args.Annotations),
		"spec": pulumi.Map{
			"gatewayClassName": pulumi.String(b.args.Class), "listeners": b.listeners(),
		},
	}, gateway, b.child()...)
	if err != nil {
		return fmt.Errorf("creating the Gateway: %w", err)
	}
	b.edge.Address = gateway.Status.ApplyT(gatewayAddress).(pulumi.StringOutput)
	if err := b.permitted(); err != nil {
		return err
	}
	for _, host := range b.args.hosts() {
		if err := b.route(routeName(b.name, host), host, b.attached(host), b.rules(host), gateway); err != nil {
			return err
		}
	}
	if !b.redirects() {
		return nil
	}
	redirect := pulumi.Array{pulumi.Map{"filters": pulumi.Array{pulumi.Map{
		"type": pulumi.String("RequestRedirect"),
		// Without a port the redirect leads to the scheme's own.
		"requestRedirect": pulumi.Map{"scheme": pulumi.String("https"), "statusCode": pulumi.Int(301)},
	}}}}
	return b.route(b.name+"-redirect", "", []string{plainListener}, redirect, gateway)
}

// elsewhere says whether a route leads to another namespace than the edge's own.
func (a *Args) elsewhere() bool {
	return slices.ContainsFunc(a.Routes, func(r Route) bool {
		return slices.ContainsFunc(r.Backends, func(b workload.Backend) bool { return b.Namespace != a.Namespace.Name })
	})
}

// permitted lets the routes lead to Services of other namespaces, each of which has to say so itself:
// https://gateway-api.sigs.k8s.io/api-types/referencegrant/.
func (b *builder) permitted() error {
	seen := map[string]bool{b.id.Namespace: true}
	for _, r := range b.args.Routes {
		for _, backend := range r.Backends {
			if seen[backend.Namespace] {
				continue
			}
			seen[backend.Namespace] = true
			meta := b.id.Meta(b.id.Name)
			meta.Namespace = pulumi.String(backend.Namespace)
			made, err := workload.Object(b.ctx, b.name+"-grant-"+backend.Namespace, gatewayGroup+"/v1beta1", "ReferenceGrant",
				meta, pulumi.Map{"spec": pulumi.Map{
					"from": pulumi.Array{pulumi.StringMap{
						"group": pulumi.String(gatewayGroup), "kind": pulumi.String("HTTPRoute"),
						"namespace": pulumi.String(b.id.Namespace),
					}},
					"to": pulumi.Array{pulumi.StringMap{"group": pulumi.String(""), "kind": pulumi.String("Service")}},
				}}, b.child()...)
			if err != nil {
				return fmt.Errorf("permitting routes to namespace %s: %w", backend.Namespace, err)
			}
			b.before = append(b.before, made)
		}
	}
	return nil
}

// gatewayAddress is the first of a Gateway's addresses, empty where there is none.
func gatewayAddress(status map[string]any) string {
	addresses, _ := status["addresses"].([]any)
	if len(addresses) == 0 {
		return ""
	}
	first, _ := addresses[0].(map[string]any)
	value, _ := first["value"].(string)
	return value
}

// redirects says whether plain HTTP is answered with the way to TLS. VPC Lattice knows no redirect: there is nothing
// that could be asked without TLS.
func (b *builder) redirects() bool {
	return b.args.TLS.on() && b.args.Redirect && b.args.Controller != Lattice
}

// plain says whether there is a listener without TLS.
func (b *builder) plain() bool {
	return !b.args.TLS.on() || b.args.Controller != Lattice
}

// each says whether each host has a listener with TLS of its own: what a certificate is for, to cert-manager and to a
// controller that has several. Certificates of a cloud's find their host by themselves.
func (b *builder) each() bool { return b.args.TLS.Kept() != "" }

func (b *builder) listeners() pulumi.Array {
	listeners := pulumi.Array{}
	add := func(name, protocol string, port int, more pulumi.Map) {
		listener := pulumi.Map{
			"name": pulumi.String(name), "protocol": pulumi.String(protocol), "port": pulumi.Int(port),
			"allowedRoutes": pulumi.Map{"namespaces": pulumi.Map{"from": pulumi.String("Same")}},
		}
		for key, value := range more {
			listener[key] = value
		}
		listeners = append(listeners, listener)
	}
	if b.plain() {
		add(plainListener, "HTTP", b.args.HTTP, nil)
	}
	switch {
	case !b.args.TLS.on():
	case b.each():
		for _, host := range b.args.hosts() {
			more := pulumi.Map{"tls": pulumi.Map{
				"mode": pulumi.String("Terminate"), "certificateRefs": certificate(b.args.TLS.Kept()),
			}}
			if host != "" {
				more["hostname"] = pulumi.String(host)
			}
			add(listenerName(host), "HTTPS", b.args.HTTPS, more)
		}
	case b.args.Controller == Lattice:
		// The name of a Secret is the API's demand; nobody reads it:
		// https://www.gateway-api-controller.eks.aws.dev/latest/guides/https/.
		add(secureListener, "HTTPS", b.args.HTTPS, pulumi.Map{"tls": pulumi.Map{
			"mode": pulumi.String("Terminate"), "certificateRefs": certificate("unused"),
			"options": pulumi.StringMap{
				"application-networking.k8s.aws/certificate-arn": pulumi.String(b.args.TLS.Managed),
			},
		}})
	default:
		add(secureListener, "HTTPS", b.args.HTTPS, nil)
	}
	return listeners
}

func certificate(secret string) pulumi.Array {
	return pulumi.Array{pulumi.Map{
		"group": pulumi.String(""), "kind": pulumi.String("Secret"), "name": pulumi.String(secret),
	}}
}

// listenerName is that of a host's listener with TLS: https.shop.example.com, and https-any.example.com for a star.
func listenerName(host string) string {
	switch below, star := strings.CutPrefix(host, "*."); {
	case host == "":
		return secureListener
	case star:
		return secureListener + "-any." + below
	default:
		return secureListener + "." + host
	}
}

// routeName is that of a host's route. What tells hosts apart comes first: VPC Lattice's controller reads twenty
// characters of it.
func routeName(name, host string) string {
	if host == "" {
		return name
	}
	readable := strings.NewReplacer(".", "-", "*", "any").Replace(host)
	return strings.TrimRight(fmt.Sprintf("%.63s", workload.Hashed(name, host)+"-"+readable), "-")
}

// attached are the listeners that a host's requests come in by.
func (b *builder) attached(host string) []string {
	switch {
	case !b.args.TLS.on():
		return []string{plainListener}
	case !b.each():
		host = ""
	}
	listeners := []string{listenerName(host)}
	if b.plain() && !b.redirects() {
		listeners = append(listeners, plainListener)
	}
	return listeners
}

// rules are those of a host.
func (b *builder) rules(host string) pulumi.Array {
	rules := pulumi.Array{}
	for _, r := range b.args.paths(host) {
		backends := pulumi.Array{}
		for _, backend := range r.Backends {
			backends = append(backends, pulumi.Map{
				"group": pulumi.String(""), "kind": pulumi.String("Service"), "name": pulumi.String(backend.Service),
				"namespace": pulumi.String(backend.Namespace), "port": pulumi.Int(backend.Port),
				"weight": pulumi.Int(backend.Weight),
			})
		}
		rules = append(rules, pulumi.Map{
			"matches": pulumi.Array{pulumi.Map{"path": pulumi.Map{
				"type": pulumi.String("PathPrefix"), "value": pulumi.String(r.Path),
			}}},
			"backendRefs": backends,
		})
	}
	return rules
}

// route makes an HTTPRoute and waits until the Gateway's controller has accepted it.
func (b *builder) route(name, host string, listeners []string, rules pulumi.Array, gateway pulumi.Resource) error {
	parents := pulumi.Array{}
	for _, listener := range listeners {
		parents = append(parents, pulumi.Map{
			"group": pulumi.String(gatewayGroup), "kind": pulumi.String("Gateway"), "name": pulumi.String(b.name),
			"sectionName": pulumi.String(listener),
		})
	}
	spec := pulumi.Map{"parentRefs": parents, "rules": rules}
	if host != "" {
		spec["hostnames"] = pulumi.ToStringArray([]string{host})
	}
	annotations := b.args.dns()
	if b.args.Await {
		wait := map[string]string{
			"pulumi.com/waitFor": `jsonpath={.status.parents[0].conditions[?(@.type=="Accepted")].status}=True`,
		}
		for key, value := range annotations {
			wait[key] = value
		}
		annotations = wait
	}
	_, err := workload.Object(b.ctx, b.name+"-route"+strings.TrimPrefix(name, b.name), gatewayAPI, "HTTPRoute",
		b.meta(name, annotations), pulumi.Map{"spec": spec}, b.child(gateway)...)
	return err
}
