package verify_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"

	"plinth/internal/verify"
)

// pair is a certificate for these names, signed by itself, with its key.
func pair(t *testing.T, end time.Time, names ...string) (certificate tls.Certificate, text []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: end.AddDate(-1, 0, 0), NotAfter: end, DNSNames: names,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// front is an edge that works, with what can be wrong with it.
type front struct {
	// kept and shown are until when the two certificates are valid.
	kept, shown time.Time
	// names are those of both.
	names []string
	// status is what the shop answers, location where plain HTTP leads.
	status   int
	location string
	// silent answers nothing at all.
	silent bool
	// missing is that there is no Secret.
	missing bool
}

func fronted() front {
	end := now.AddDate(0, 3, 0)
	return front{
		kept: end, shown: end, names: []string{"shop.example.com", "*.example.org"}, status: http.StatusOK,
		location: "https://shop.example.com/",
	}
}

func (f front) look(t *testing.T) []verify.Check {
	t.Helper()
	_, kept := pair(t, f.kept, f.names...)
	shown, _ := pair(t, f.shown, f.names...)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host == "shop.example.com" && r.URL.Path == "/":
			w.WriteHeader(f.status)
		case r.Host == "shop.example.com" && r.URL.Path == "/api/", r.Host == "plinth-verify.example.org":
		default:
			t.Errorf("asked for %s%s", r.Host, r.URL.Path)
		}
	}))
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{shown}, MinVersion: tls.VersionTLS12}
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if f.location != "" {
			w.Header().Set("Location", f.location)
			w.WriteHeader(http.StatusMovedPermanently)
		}
	}))
	t.Cleanup(plain.Close)
	client := fake.NewClientset()
	if !f.missing {
		client = fake.NewClientset(&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "edge-tls", Namespace: "shop"}, Data: map[string][]byte{"tls.crt": kept},
		})
	}
	v := &verify.Verifier{
		Client: client, Now: now, Repair: "plinth up shop", Kubectl: "kubectl",
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			to := map[string]*httptest.Server{"192.0.2.1:443": secure, "192.0.2.1:80": plain}[address]
			if f.silent || to == nil {
				return nil, &net.OpError{Op: "dial", Err: context.DeadlineExceeded}
			}
			return (&net.Dialer{}).DialContext(ctx, network, to.Listener.Addr().String())
		},
	}
	return v.Run(t.Context(), nil, nil, nil, verify.Entrance{
		Address: "192.0.2.1", Namespace: "shop", Secret: "edge-tls", Secure: true, Redirects: true, HTTP: 80, HTTPS: 443,
		Routes: []verify.Route{{"shop.example.com", "/"}, {"shop.example.com", "/api/"}, {"*.example.org", "/"}},
	})
}

func TestAnEdgeThatWorksIsGreen(t *testing.T) {
	checks := fronted().look(t)
	if failed := verify.Failed(checks); len(failed) > 0 {
		t.Errorf("got %+v", failed)
	}
	// The certificate and two names in the Secret, two that are shown, two redirects and three answers.
	if len(checks) != 10 {
		t.Errorf("got %d checks, want 10: %+v", len(checks), checks)
	}
}

func TestEachFaultOfAnEdgeIsNamed(t *testing.T) {
	for what, fault := range map[string]struct {
		plant func(*front)
		want  []string
	}{
		"the certificate has expired, and the old one is shown": {
			func(f *front) { f.kept, f.shown = now.AddDate(0, 0, -1), now.AddDate(0, 0, -1) },
			[]string{
				"Secret shop/edge-tls tls.crt: it has expired on 2026-11-20",
				"certificate at https://*.example.org: it has expired on 2026-11-20",
				"certificate at https://shop.example.com: it has expired on 2026-11-20",
			},
		},
		"it was renewed, and the old one is shown": {
			func(f *front) { f.shown = now.AddDate(0, 0, -1) },
			[]string{
				"certificate at https://*.example.org: it has expired on 2026-11-20",
				"certificate at https://shop.example.com: it has expired on 2026-11-20",
			},
		},
		"it is about to expire": {
			func(f *front) { f.kept = now.AddDate(0, 0, 5) },
			[]string{"Secret shop/edge-tls tls.crt: it expires on 2026-11-26"},
		},
		"it is for another name": {
			func(f *front) { f.names = []string{"shop.example.com"} },
			[]string{
				"Secret shop/edge-tls tls.crt: it is for shop.example.com",
				"certificate at https://*.example.org: it is for shop.example.com",
			},
		},
		"there is none": {
			func(f *front) { f.missing = true }, []string{"Secret shop/edge-tls: not found"},
		},
		"no pod is behind a route": {
			func(f *front) { f.status = http.StatusServiceUnavailable },
			[]string{"https://shop.example.com/: 503 Service Unavailable"},
		},
		"plain HTTP is answered": {
			func(f *front) { f.location = "" },
			[]string{"http://*.example.org/: 200 OK ", "http://shop.example.com/: 200 OK "},
		},
		"nobody gets in": {
			func(f *front) { f.silent = true },
			[]string{
				"certificate at https://*.example.org: at 192.0.2.1: dial: context deadline exceeded",
				"certificate at https://shop.example.com: at 192.0.2.1: dial: context deadline exceeded",
				"http://*.example.org/: at 192.0.2.1: dial: context deadline exceeded",
				"http://shop.example.com/: at 192.0.2.1: dial: context deadline exceeded",
				"https://*.example.org/: at 192.0.2.1: dial: context deadline exceeded",
				"https://shop.example.com/: at 192.0.2.1: dial: context deadline exceeded",
				"https://shop.example.com/api/: at 192.0.2.1: dial: context deadline exceeded",
			},
		},
	} {
		t.Run(what, func(t *testing.T) {
			f := fronted()
			fault.plant(&f)
			var got []string
			for _, check := range verify.Failed(f.look(t)) {
				got = append(got, check.Subject+": "+check.Seen)
				if check.Next == "" || check.Expected == "" {
					t.Errorf("%+v says not what was expected, or not what to do", check)
				}
			}
			if strings.Join(got, "\n") != strings.Join(fault.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(fault.want, "\n"))
			}
		})
	}
}

func TestWhatAControllerSaysOfAGatewayIsHeard(t *testing.T) {
	const objects = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
status:
  conditions: [{type: Programmed, status: "True"}]
  listeners: [{name: http, conditions: [{type: ResolvedRefs, status: "True"}]}, {name: https, conditions: [{type: ResolvedRefs, status: "False", reason: InvalidCertificateRef, message: no such Secret}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: edge, namespace: shop}
status:
  parents: [{conditions: [{type: Accepted, status: "True"}, {type: ResolvedRefs, status: "False", reason: BackendNotFound, message: no Service web}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: nobodys, namespace: shop}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: edge, namespace: shop}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
`
	var got []string
	for _, check := range verify.Failed(found(t, objects)) {
		got = append(got, check.Subject+": "+check.Seen)
	}
	want := []string{
		"Gateway shop/edge listener https: InvalidCertificateRef: no such Secret",
		"HTTPRoute shop/edge: BackendNotFound: no Service web",
		"HTTPRoute shop/nobodys: no Gateway has said anything of it",
		"Ingress shop/edge: it has none: is there a controller for its class?",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// found looks at objects of kinds that Kubernetes itself does not have.
func found(t *testing.T, manifests string) []verify.Check {
	t.Helper()
	var there []runtime.Object
	var wanted []verify.Object
	mapper := meta.NewDefaultRESTMapper(nil)
	lists := map[schema.GroupVersionResource]string{}
	for _, o := range objects(t, manifests) {
		there = append(there, o)
		wanted = append(wanted, verify.Object{
			APIVersion: o.GetAPIVersion(), Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName(), Declared: o.Object,
		})
		kind := o.GroupVersionKind()
		mapper.Add(kind, meta.RESTScopeNamespace)
		plural, _ := meta.UnsafeGuessKindToResource(kind)
		lists[plural] = kind.Kind + "List"
	}
	v := &verify.Verifier{
		Client: fake.NewClientset(), Mapper: mapper, Now: now, Repair: "plinth up shop", Kubectl: "kubectl",
		Dynamic: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists, there...),
	}
	return v.Run(t.Context(), wanted, nil, nil)
}
