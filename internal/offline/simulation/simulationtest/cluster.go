package simulationtest

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"plinth/internal/offline/simulation"
)

// Cluster is an API server that knows one Service of type LoadBalancer, shop/web, and one volume, pvc-1 of the claim
// shop/data. It knows no Gateways.
type Cluster struct {
	simulation.Kubernetes
	mu               sync.Mutex
	emptied, exposed bool
}

// Expose adds an Ingress, shop/front.
func (c *Cluster) Expose() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.exposed = true
}

// Empty takes both away.
func (c *Cluster) Empty() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.emptied = true
}

// StartCluster serves it until the test ends.
func StartCluster(t *testing.T) *Cluster {
	t.Helper()
	c := &Cluster{}
	server := httptest.NewTLSServer(http.HandlerFunc(c.serve))
	t.Cleanup(server.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	c.Kubernetes = simulation.Kubernetes{Server: server.URL, CA: string(authority), Token: "letmein"}
	return c
}

func (c *Cluster) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer letmein" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	items := []any{
		Object{"metadata": Object{"namespace": "shop", "name": "inner", "uid": "1-2"}, "spec": Object{"type": "ClusterIP"}},
		Object{
			"metadata": Object{"namespace": "shop", "name": "web", "uid": "0123-4567-89ab-cdef-0123"},
			"spec":     Object{"type": "LoadBalancer"},
			"status":   Object{"loadBalancer": Object{"ingress": []any{Object{"ip": "203.0.113.7"}}}},
		},
	}
	kind := "Service"
	if strings.HasSuffix(r.URL.Path, "/persistentvolumes") {
		kind = "PersistentVolume"
		items = []any{Object{
			"metadata": Object{"name": "pvc-1", "uid": "fedc-ba98-7654-3210-fedc"},
			"spec":     Object{"claimRef": Object{"namespace": "shop", "name": "data"}},
		}}
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/gateways"):
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_ = json.NewEncoder(w).Encode(Object{
			"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": http.StatusNotFound,
		})
		return
	case strings.HasSuffix(r.URL.Path, "/ingresses"):
		kind, items = "Ingress", []any{}
		if c.exposed {
			items = []any{Object{"metadata": Object{"namespace": "shop", "name": "front", "uid": "abcd-abcd-abcd-abcd-abcd"}}}
		}
	}
	if c.emptied {
		items = []any{}
	}
	for _, item := range items {
		if o, ok := item.(Object); ok {
			o["kind"], o["apiVersion"] = kind, "v1"
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(Object{"kind": kind + "List", "apiVersion": "v1", "metadata": Object{}, "items": items})
}
