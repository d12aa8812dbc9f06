package offline

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	// nodeCount is how many nodes the cluster has; the control plane program makes them.
	nodeCount = 3
	// standardClass is its default StorageClass; the control plane program makes it.
	standardClass = "standard"
	// answerTimeout limits one question to the API server.
	answerTimeout = 5 * time.Second
	// askPeriod is how long to wait before the same question is asked again.
	askPeriod = 100 * time.Millisecond
)

// api asks the API server whether things are ready. It needs no Kubernetes client for that.
type api struct {
	client *http.Client
	server string
}

// newAPI returns an api that uses the administrator's certificate.
func newAPI(l layout, s state) (*api, error) {
	identity, err := tls.LoadX509KeyPair(l.key(adminCertificate), l.key(adminKey))
	if err != nil {
		return nil, fmt.Errorf("reading the administrator's certificate: %w", err)
	}
	authority, err := os.ReadFile(l.key(authorityCertificate))
	if err != nil {
		return nil, fmt.Errorf("reading the authority's certificate: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("reading the authority's certificate %s: it holds none", l.key(authorityCertificate))
	}
	return &api{
		client: &http.Client{
			Timeout: answerTimeout,
			Transport: &http.Transport{
				// Connections are not kept: this is called rarely, and a test looks for what is left open.
				DisableKeepAlives: true,
				TLSClientConfig: &tls.Config{
					Certificates: []tls.Certificate{identity}, RootCAs: pool, MinVersion: tls.VersionTLS13,
				},
			},
		},
		server: "https://" + loopback(s.API),
	}, nil
}

// get reads what is at a path into out, unless out is nil.
func (a *api) get(ctx context.Context, path string, out any) (err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.server+path, nil)
	if err != nil {
		return fmt.Errorf("asking for %s: %w", path, err)
	}
	answer, err := a.client.Do(request)
	if err != nil {
		return fmt.Errorf("asking for %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("asking for %s: %s: %s", path, answer.Status, strings.TrimSpace(string(body)))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("decoding %s: %w", path, err)
	}
	return nil
}

// condition is something to wait for.
type condition struct {
	what string
	met  func(ctx context.Context) error
}

// waitServing waits until the API server answers anything at all. It fails at once when check does.
func (a *api) waitServing(ctx context.Context, check func() error) error {
	return wait(ctx, condition{"the API server", func(ctx context.Context) error {
		return a.get(ctx, "/livez/ping", nil)
	}}, check)
}

// waitReady waits until the cluster can be used. It fails at once when check does.
func (a *api) waitReady(ctx context.Context, check func() error, log func(string, ...any)) error {
	for _, c := range []condition{
		{"the API server", func(ctx context.Context) error { return a.get(ctx, "/readyz", nil) }},
		{"the nodes", a.nodesReady},
		{"the StorageClass " + standardClass, func(ctx context.Context) error {
			return a.get(ctx, "/apis/storage.k8s.io/v1/storageclasses/"+standardClass, nil)
		}},
		{"the default service account", func(ctx context.Context) error {
			return a.get(ctx, "/api/v1/namespaces/default/serviceaccounts/default", nil)
		}},
	} {
		if c.met(ctx) == nil {
			continue
		}
		log("waiting for %s", c.what)
		if err := wait(ctx, c, check); err != nil {
			return err
		}
	}
	return nil
}

// nodesReady fails unless all nodes are ready.
func (a *api) nodesReady(ctx context.Context) error {
	var list struct {
		Items []struct {
			Status struct {
				Conditions []struct{ Type, Status string }
			}
		}
	}
	if err := a.get(ctx, "/api/v1/nodes", &list); err != nil {
		return err
	}
	ready := 0
	for _, node := range list.Items {
		for _, c := range node.Status.Conditions {
			if c.Type == "Ready" && c.Status == "True" {
				ready++
			}
		}
	}
	if ready < nodeCount {
		return fmt.Errorf("%d of %d nodes are ready", ready, nodeCount)
	}
	return nil
}

// wait waits until a condition is met. It fails at once when check does.
func wait(ctx context.Context, c condition, check func() error) error {
	for {
		last := c.met(ctx)
		if last == nil {
			return nil
		}
		if err := check(); err != nil {
			return err
		}
		if err := pause(ctx, askPeriod); err != nil {
			return fmt.Errorf("waiting for %s: %w; last: %w", c.what, err, last)
		}
	}
}
