package verify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Entrance is how the outside reaches what is served.
type Entrance struct {
	// Address is where it is: an address or a host name. Empty: it has none, or nobody outside could ask.
	Address string
	// Namespace and Secret are where its certificate is kept. Empty: not in the cluster.
	Namespace, Secret string
	// Secure says that it speaks TLS; Redirects, that it answers plain HTTP with the way there.
	Secure, Redirects bool
	// HTTP and HTTPS are the ports of the two.
	HTTP, HTTPS int
	// Routes are what is asked for. Anything but a server's error (5xx) is an answer, as of an [Endpoint].
	Routes []Route
}

// Route is a host and a path. A host with a star, or none, stands for any.
type Route struct{ Host, Path string }

// probe is the label that stands for a star.
const probe = "plinth-verify"

// name is one that the host stands for. Empty: any.
func (r Route) name() string {
	if below, star := strings.CutPrefix(r.Host, "*"); star {
		return probe + below
	}
	return r.Host
}

// Entrance looks whether the outside gets in: the certificate in the cluster is for the hosts and valid, and so is the
// one that is shown; every route is answered.
func (v *Verifier) Entrance(ctx context.Context, e Entrance) []Check {
	var checks []Check
	if e.Secret != "" {
		checks = append(checks, v.kept(ctx, e)...)
	}
	if v.Dial == nil || e.Address == "" {
		return checks
	}
	seen := map[string]bool{}
	for _, route := range e.Routes {
		first := !seen[route.name()]
		seen[route.name()] = true
		if e.Secure && first {
			checks = append(checks, v.shown(ctx, e, route))
		}
		if e.Secure && e.Redirects && first {
			checks = append(checks, v.redirected(ctx, e, route))
		}
		checks = append(checks, v.entered(ctx, e, route))
	}
	return checks
}

// kept looks at the certificate in its Secret, which the stack need not have made.
func (v *Verifier) kept(ctx context.Context, e Entrance) []Check {
	o := Object{APIVersion: "v1", Kind: "Secret", Namespace: e.Namespace, Name: e.Secret}
	next := "look after plinth:edge.tls: cert-manager's Certificate " + e.Secret + ", or whoever fills the Secret"
	secret, err := v.Client.CoreV1().Secrets(e.Namespace).Get(ctx, e.Secret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return []Check{bad(o.String(), "is there, with the edge's certificate", next, "not found")}
	}
	if err != nil {
		return []Check{bad(o.String(), "can be read", v.describe(o), "%v", err)}
	}
	block, _ := pem.Decode(secret.Data["tls.crt"])
	if block == nil {
		return []Check{bad(o.String(), "holds the edge's certificate", next, "tls.crt is no PEM")}
	}
	checks := []Check{v.certificate(o, "tls.crt", block.Bytes)}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return checks
	}
	for _, route := range e.Routes {
		if route.name() != "" {
			checks = append(checks, isFor(o.String()+" tls.crt", certificate, route, next))
		}
	}
	return unique(checks)
}

// isFor looks whether a certificate is for a route's host.
func isFor(subject string, certificate *x509.Certificate, route Route, next string) Check {
	expected := "is for " + route.Host
	if err := certificate.VerifyHostname(route.name()); err != nil {
		return bad(subject, expected, next, "it is for %s", strings.Join(certificate.DNSNames, ", "))
	}
	return good(subject, expected)
}

// unique leaves out what was checked before.
func unique(checks []Check) []Check {
	seen, rest := map[Check]bool{}, []Check{}
	for _, check := range checks {
		if !seen[check] {
			seen[check] = true
			rest = append(rest, check)
		}
	}
	return rest
}

// patience is how long a connection and an answer may take.
const patience = 10 * time.Second

// asking is a client that reaches the entrance by its address, whatever a URL's host is. It trusts any certificate: who
// signed it is for clients to judge, and what it says is looked at on its own.
func (v *Verifier) asking(e Entrance) *http.Client {
	return &http.Client{
		Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				_, port, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				return v.Dial(ctx, network, net.JoinHostPort(e.Address, port))
			},
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // See above.
		},
	}
}

// ask asks for a route.
func (v *Verifier) ask(ctx context.Context, e Entrance, route Route, secure bool) (*http.Response, error) {
	host := route.name()
	if host == "" {
		host = e.Address
	}
	u := url.URL{Scheme: "http", Host: withPort(host, e.HTTP, 80), Path: route.Path}
	if secure {
		u = url.URL{Scheme: "https", Host: withPort(host, e.HTTPS, 443), Path: route.Path}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := v.asking(e).Do(request)
	if err != nil {
		// The client says which address it asked for, which is not the one that it reached.
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return nil, fmt.Errorf("at %s: %w", e.Address, err)
	}
	_ = response.Body.Close() // Its status and its certificate are all that matters.
	return response, nil
}

func withPort(host string, port, usual int) string {
	if port == usual {
		return host
	}
	return net.JoinHostPort(host, fmt.Sprint(port))
}

// reach is what to do where nobody answers.
func reach(e Entrance) string {
	return "see whether this machine may connect to " + e.Address +
		" (plinth:edge.sourceRanges, internal), and what the edge's controller says"
}

func subject(scheme string, route Route) string {
	host := route.Host
	if host == "" {
		host = "*"
	}
	return scheme + "://" + host + route.Path
}

// shown looks at the certificate that clients get.
func (v *Verifier) shown(ctx context.Context, e Entrance, route Route) Check {
	about := "certificate at " + subject("https", Route{Host: route.Host})
	response, err := v.ask(ctx, e, route, true)
	if err != nil {
		return bad(about, "is shown", reach(e), "%v", err)
	}
	shown := response.TLS.PeerCertificates[0]
	next := "look whether the edge's controller has taken up the certificate"
	if v.Now.After(shown.NotAfter) {
		return bad(about, "is valid", next, "it has expired on %s", day(shown.NotAfter))
	}
	if route.name() == "" {
		return good(about, "is valid")
	}
	return isFor(about, shown, route, next)
}

// redirected asks without TLS.
func (v *Verifier) redirected(ctx context.Context, e Entrance, route Route) Check {
	about, expected := subject("http", route), "leads to https"
	response, err := v.ask(ctx, e, route, false)
	if err != nil {
		return bad(about, expected, reach(e), "%v", err)
	}
	location := response.Header.Get("Location")
	if response.StatusCode/100 != 3 || !strings.HasPrefix(location, "https://") {
		return bad(about, expected, "look whether the edge's controller knows the redirect", "%s %s", response.Status,
			location)
	}
	return good(about, expected)
}

// entered asks for a route as a client does.
func (v *Verifier) entered(ctx context.Context, e Entrance, route Route) Check {
	scheme := map[bool]string{false: "http", true: "https"}[e.Secure]
	about, expected := subject(scheme, route), "answers through the edge"
	response, err := v.ask(ctx, e, route, e.Secure)
	if err != nil {
		return bad(about, expected, reach(e), "%v", err)
	}
	if response.StatusCode >= http.StatusInternalServerError {
		return bad(about, expected, "see whether pods are ready behind the route", "%s", response.Status)
	}
	return good(about, expected)
}

// ingress looks whether an Ingress's controller has taken it up, where it says so at all.
func (v *Verifier) ingress(o Object, live *unstructured.Unstructured) Check {
	const expected = "has an address for the outside"
	addresses, _, _ := unstructured.NestedSlice(live.Object, "status", "loadBalancer", "ingress")
	if len(addresses) == 0 && live.GetAnnotations()["pulumi.com/skipAwait"] != "true" {
		return bad(o.String(), expected, v.describe(o), "it has none: is there a controller for its class?")
	}
	return good(o.String(), expected)
}

// gateway looks whether a Gateway's controller has made it, with every listener.
func (v *Verifier) gateway(o Object, live *unstructured.Unstructured) []Check {
	checks := []Check{v.condition(o, live, "is programmed", "Programmed")}
	listeners, _, _ := unstructured.NestedSlice(live.Object, "status", "listeners")
	for _, one := range listeners {
		listener, _ := one.(map[string]any)
		name, _ := listener["name"].(string)
		part := &unstructured.Unstructured{Object: map[string]any{"status": listener}}
		named := o
		named.Name += " listener " + name
		check := v.condition(named, part, "has what it refers to", "ResolvedRefs")
		if !check.OK {
			check.Next = v.describe(o)
		}
		checks = append(checks, check)
	}
	return checks
}

// httpRoute looks whether the Gateway takes a route, and has found what it leads to.
func (v *Verifier) httpRoute(o Object, live *unstructured.Unstructured) []Check {
	parents, _, _ := unstructured.NestedSlice(live.Object, "status", "parents")
	if len(parents) == 0 {
		return []Check{bad(o.String(), "is accepted", v.describe(o), "no Gateway has said anything of it")}
	}
	var checks []Check
	for _, one := range parents {
		status, _ := one.(map[string]any)
		part := &unstructured.Unstructured{Object: map[string]any{"status": status}}
		checks = append(checks, v.condition(o, part, "is accepted", "Accepted"),
			v.condition(o, part, "has what it leads to", "ResolvedRefs"))
	}
	return unique(checks)
}
