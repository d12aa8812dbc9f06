package kubernetes

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// How long the plugin waits for an object by default: pulumi-kubernetes, provider/pkg/await.
const (
	usualTimeout  = 10 * time.Minute
	volumeTimeout = 5 * time.Minute
	quotaTimeout  = time.Minute
)

// readiness says how to tell whether an object is ready; nil where its kind is so at once. The kinds are those that the
// plugin waits for (pulumi-kubernetes, provider/pkg/await/awaiters.go): it waits for custom resources, and for every
// other kind, only as pulumi.com/waitFor says.
func (s *server) readiness(c *cluster, given, live *unstructured.Unstructured) (*readiness, error) {
	if annotated(given, skipAwaitKey) {
		return nil, nil
	}
	if conditions := annotation(given, waitForKey); conditions != "" {
		return customReadiness(c, conditions)
	}
	kind := live.GroupVersionKind()
	switch kind.Group + "/" + kind.Kind {
	case "apps/Deployment", "apps/StatefulSet", "apps/DaemonSet":
		return workloadReadiness(c), nil
	case "batch/Job":
		return jobReadiness(c), nil
	case "/Pod":
		return podReadiness(c), nil
	case "/ReplicationController":
		return simple(usualTimeout, replicationControllerReady), nil
	case "/Service":
		return serviceReadiness(c), nil
	case "networking.k8s.io/Ingress":
		return ingressReadiness(c), nil
	case "/PersistentVolumeClaim":
		return claimReadiness(c), nil
	case "/PersistentVolume":
		return simple(volumeTimeout, volumeReady), nil
	case "/ResourceQuota":
		return simple(quotaTimeout, quotaReady), nil
	case "/Namespace":
		return simple(quotaTimeout, namespaceReady), nil
	case "/Secret":
		if text(live.Object, "type") == "kubernetes.io/service-account-token" {
			return simple(quotaTimeout, tokenReady), nil
		}
	}
	return nil, nil
}

// simple is readiness that the object itself tells.
func simple(usual time.Duration, look func(*unstructured.Unstructured) verdict) *readiness {
	return &readiness{usual, func(_ context.Context, live *unstructured.Unstructured, _ depth) verdict {
		return look(live)
	}}
}

// computed is what kstatus says of an object.
func computed(live *unstructured.Unstructured) verdict {
	result, err := status.Compute(live)
	switch {
	case err != nil:
		return verdict{progress: fmt.Sprintf("its status cannot be read: %v", err)}
	case result.Status == status.CurrentStatus:
		return verdict{ready: true}
	case result.Status == status.FailedStatus:
		return verdict{failure: result.Message}
	}
	return verdict{progress: strings.TrimSuffix(result.Message, ".")}
}

func replicationControllerReady(live *unstructured.Unstructured) verdict {
	want, available := get(live.Object, "spec", "replicas"), get(live.Object, "status", "availableReplicas")
	if available == nil {
		available = int64(0)
	}
	if equal(want, available) {
		return verdict{ready: true}
	}
	return verdict{progress: fmt.Sprintf("%v of %v replicas are available", available, want)}
}

func volumeReady(live *unstructured.Unstructured) verdict {
	phase := text(live.Object, "status", "phase")
	if phase == "Available" || phase == "Bound" {
		return verdict{ready: true}
	}
	return verdict{progress: "the volume is " + orNew(phase)}
}

func quotaReady(live *unstructured.Unstructured) verdict {
	if equal(get(live.Object, "spec", "hard"), get(live.Object, "status", "hard")) {
		return verdict{ready: true}
	}
	return verdict{progress: "waiting for the quota to be counted"}
}

func namespaceReady(live *unstructured.Unstructured) verdict {
	if phase := text(live.Object, "status", "phase"); phase != "Active" {
		return verdict{progress: "the namespace is " + orNew(phase)}
	}
	return verdict{ready: true}
}

func tokenReady(live *unstructured.Unstructured) verdict {
	if data, _ := live.Object["data"].(map[string]any); len(data) > 0 {
		return verdict{ready: true}
	}
	return verdict{progress: "waiting for the token"}
}

func orNew(phase string) string {
	if phase == "" {
		return "new"
	}
	return phase
}

// claimReadiness waits until a claim is bound, except where its storage class binds it to its first pod.
func claimReadiness(c *cluster) *readiness {
	return &readiness{volumeTimeout, func(ctx context.Context, live *unstructured.Unstructured, how depth) verdict {
		phase := text(live.Object, "status", "phase")
		if phase == "Bound" {
			return verdict{ready: true}
		}
		v := verdict{progress: "the claim is " + orNew(phase)}
		if how == shallow && phase == "" {
			return v
		}
		if name := text(live.Object, "spec", "storageClassName"); name != "" && phase == "Pending" {
			class := &unstructured.Unstructured{Object: map[string]any{}}
			class.SetGroupVersionKind(schema.GroupVersionKind{Group: "storage.k8s.io", Version: "v1", Kind: "StorageClass"})
			class.SetName(name)
			found, err := c.read(ctx, class)
			if err == nil && text(found.Object, "volumeBindingMode") == "WaitForFirstConsumer" {
				return verdict{ready: true}
			}
		}
		if how == thorough {
			v.reasons = c.warnings(ctx, live)
		}
		return v
	}}
}

// serviceReadiness waits until a Service has an address, where it is of type LoadBalancer, and selects a pod, where it
// is neither headless nor of type ExternalName nor without a selector. The pod need not be ready.
func serviceReadiness(c *cluster) *readiness {
	return &readiness{usualTimeout, func(ctx context.Context, live *unstructured.Unstructured, how depth) verdict {
		serviceType := text(live.Object, "spec", "type")
		selector, _ := get(live.Object, "spec", "selector").(map[string]any)
		if serviceType != "ExternalName" && text(live.Object, "spec", "clusterIP") != "None" && len(selector) > 0 {
			found, err := c.hasEndpoints(ctx, live.GetNamespace(), live.GetName())
			if err != nil {
				return verdict{progress: fmt.Sprintf("[1/2] looking for pods of the Service: %v", err)}
			}
			if !found {
				return verdict{
					progress: "[1/2] waiting for a pod that the Service selects",
					reasons: []string{"the Service selects no pod: there is none with the labels of spec.selector, or it has no " +
						"address yet"},
				}
			}
		}
		addresses, _ := get(live.Object, "status", "loadBalancer", "ingress").([]any)
		if serviceType == "LoadBalancer" && len(addresses) == 0 {
			return verdict{
				progress: "[2/2] waiting for an address of the load balancer",
				reasons:  because(ctx, c, live, how, "the Service was given no address: is there a load balancer?"),
			}
		}
		return verdict{ready: true}
	}}
}

// hasEndpoints reports whether a Service has an endpoint, ready or not.
func (c *cluster) hasEndpoints(ctx context.Context, namespace, service string) (bool, error) {
	slices, err := c.list(ctx, schema.GroupVersionKind{Group: "discovery.k8s.io", Version: "v1", Kind: "EndpointSlice"},
		namespace, metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=" + service})
	if err != nil {
		return false, err
	}
	for _, slice := range slices {
		if endpoints, _ := slice.Object["endpoints"].([]any); len(endpoints) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// ingressReadiness waits until an Ingress has an address and every Service that it routes to has an endpoint.
func ingressReadiness(c *cluster) *readiness {
	return &readiness{usualTimeout, func(ctx context.Context, live *unstructured.Unstructured, how depth) verdict {
		for _, name := range backends(live) {
			service := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Service"}}
			service.SetName(name)
			service.SetNamespace(live.GetNamespace())
			found, err := c.read(ctx, service)
			if err == nil && text(found.Object, "spec", "type") == "ExternalName" {
				continue
			}
			endpoints, err := c.hasEndpoints(ctx, live.GetNamespace(), name)
			if err != nil || !endpoints {
				return verdict{
					progress: fmt.Sprintf("[1/2] waiting for a pod of Service %s", name),
					reasons:  []string{fmt.Sprintf("Service %s, which the Ingress routes to, has no endpoint", name)},
				}
			}
		}
		if addresses, _ := get(live.Object, "status", "loadBalancer", "ingress").([]any); len(addresses) == 0 {
			return verdict{
				progress: "[2/2] waiting for an address of the Ingress",
				reasons: because(ctx, c, live, how, "the Ingress was given no address: is there a controller for its class? Set "+
					skipAwaitKey+" to \"true\" where none is to be had"),
			}
		}
		return verdict{ready: true}
	}}
}

// backends are the names of the Services that an Ingress routes to.
func backends(ingress *unstructured.Unstructured) []string {
	var names []string
	add := func(backend any) {
		m, _ := backend.(map[string]any)
		if name := text(m, "service", "name"); name != "" {
			names = append(names, name)
		}
	}
	add(get(ingress.Object, "spec", "defaultBackend"))
	rules, _ := get(ingress.Object, "spec", "rules").([]any)
	for _, rule := range rules {
		m, _ := rule.(map[string]any)
		paths, _ := get(m, "http", "paths").([]any)
		for _, path := range paths {
			p, _ := path.(map[string]any)
			add(p["backend"])
		}
	}
	return names
}

// because is why an object is not ready: what is known, and on a thorough look what events warn of.
func because(ctx context.Context, c *cluster, live *unstructured.Unstructured, how depth, known string) []string {
	if how != thorough {
		return []string{known}
	}
	return append([]string{known}, c.warnings(ctx, live)...)
}
