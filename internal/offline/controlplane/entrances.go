package main

import (
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// What routes requests, besides load balancers.
var (
	ingresses  = schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"}
	gateways   = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"}
	httpRoutes = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}
)

// entrancePeriod is how often they are looked for. They are few, and a watch of a kind that is not there fails.
const entrancePeriod = time.Second

// entrances is what the controllers of all ingress classes and gateway classes are on a real cluster: it says of each
// Ingress and each Gateway that it has an address, and of each route that it is accepted. No request ever goes through.
type entrances struct{ client dynamic.Interface }

// run works until ctx ends.
func (e entrances) run(ctx context.Context) {
	tick := time.NewTicker(entrancePeriod)
	defer tick.Stop()
	for {
		for kind, say := range map[schema.GroupVersionResource]func(*unstructured.Unstructured) (map[string]any, error){
			ingresses: ingressStatus, gateways: gatewayStatus, httpRoutes: routeStatus,
		} {
			if err := e.all(ctx, kind, say); err != nil && ctx.Err() == nil {
				fmt.Fprintf(os.Stderr, "kwok: %s: %v\n", kind.Resource, err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// all gives every object of a kind its status that has none yet, or one of an earlier generation.
func (e entrances) all(
	ctx context.Context, kind schema.GroupVersionResource, say func(*unstructured.Unstructured) (map[string]any, error),
) error {
	list, err := e.client.Resource(kind).List(ctx, metav1.ListOptions{})
	if apierrors.IsNotFound(err) {
		return nil // Nobody has defined it.
	}
	if err != nil {
		return err
	}
	for i := range list.Items {
		o := &list.Items[i]
		status, err := say(o)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", o.GetNamespace(), o.GetName(), err)
		}
		if status == nil || o.GetDeletionTimestamp() != nil {
			continue
		}
		o.Object["status"] = status
		_, err = e.client.Resource(kind).Namespace(o.GetNamespace()).UpdateStatus(ctx, o, metav1.UpdateOptions{})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return fmt.Errorf("%s/%s: %w", o.GetNamespace(), o.GetName(), err)
		}
	}
	return nil
}

// entranceAddress is one of the load balancers', by the object's name.
func entranceAddress(o *unstructured.Unstructured) (string, error) {
	return pick(o.GetKind()+" "+o.GetNamespace()+"/"+o.GetName(), nil)
}

// ingressStatus is nil for an Ingress without a class, which no controller takes: there is no default class.
func ingressStatus(o *unstructured.Unstructured) (map[string]any, error) {
	class, _, _ := unstructured.NestedString(o.Object, "spec", "ingressClassName")
	if class == "" && o.GetAnnotations()["kubernetes.io/ingress.class"] == "" {
		return nil, nil
	}
	if has, _, _ := unstructured.NestedSlice(o.Object, "status", "loadBalancer", "ingress"); len(has) > 0 {
		return nil, nil
	}
	address, err := entranceAddress(o)
	return map[string]any{"loadBalancer": map[string]any{"ingress": []any{map[string]any{"ip": address}}}}, err
}

func gatewayStatus(o *unstructured.Unstructured) (map[string]any, error) {
	if said(o.Object, o.GetGeneration(), "status", "conditions") {
		return nil, nil
	}
	address, err := entranceAddress(o)
	listeners, _, _ := unstructured.NestedSlice(o.Object, "spec", "listeners")
	var each []any
	for _, one := range listeners {
		listener, _ := one.(map[string]any)
		each = append(each, map[string]any{
			"name": listener["name"], "attachedRoutes": int64(0), "supportedKinds": []any{},
			"conditions": conditions(o, "Accepted", "Programmed", "ResolvedRefs"),
		})
	}
	return map[string]any{
		"addresses":  []any{map[string]any{"type": "IPAddress", "value": address}},
		"conditions": conditions(o, "Accepted", "Programmed"), "listeners": each,
	}, err
}

func routeStatus(o *unstructured.Unstructured) (map[string]any, error) {
	refs, _, _ := unstructured.NestedSlice(o.Object, "spec", "parentRefs")
	if parents, _, _ := unstructured.NestedSlice(o.Object, "status", "parents"); len(parents) == len(refs) {
		first, _ := parents[0].(map[string]any)
		if said(first, o.GetGeneration(), "conditions") {
			return nil, nil
		}
	}
	var parents []any
	for _, ref := range refs {
		parents = append(parents, map[string]any{
			"parentRef": ref, "controllerName": "plinth.local/simulated",
			"conditions": conditions(o, "Accepted", "ResolvedRefs"),
		})
	}
	return map[string]any{"parents": parents}, nil
}

// said tells whether the conditions at a path are those of a generation.
func said(object map[string]any, generation int64, path ...string) bool {
	list, _, _ := unstructured.NestedSlice(object, path...)
	if len(list) == 0 {
		return false
	}
	first, _ := list[0].(map[string]any)
	return first["observedGeneration"] == generation
}

// conditions are all of these, and true.
func conditions(o *unstructured.Unstructured, kinds ...string) []any {
	var list []any
	for _, kind := range kinds {
		list = append(list, map[string]any{
			"type": kind, "status": string(corev1.ConditionTrue), "reason": kind, "message": "simulated",
			"observedGeneration": o.GetGeneration(), "lastTransitionTime": time.Now().UTC().Format(time.RFC3339),
		})
	}
	return list
}

// definition is a kind of a hosted cluster's, or of a controller's that one installs there.
type definition struct{ group, version, kind, plural string }

// definitions are those that an edge may be of. Their schemas are left open: what the objects say is nothing to a
// simulated controller.
func definitions() []definition {
	return []definition{
		{"gateway.networking.k8s.io", "v1", "Gateway", "gateways"},
		{"gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"},
		{"networking.gke.io", "v1", "HealthCheckPolicy", "healthcheckpolicies"},
		{"networking.gke.io", "v1beta1", "FrontendConfig", "frontendconfigs"},
		{"cloud.google.com", "v1", "BackendConfig", "backendconfigs"},
		{"application-networking.k8s.aws", "v1alpha1", "TargetGroupPolicy", "targetgrouppolicies"},
	}
}

// define makes the API server know the kinds. What exists is left alone.
func define(ctx context.Context, client dynamic.Interface) error {
	kinds := schema.GroupVersionResource{
		Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
	}
	for _, d := range definitions() {
		open := map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
		o := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
			"metadata": map[string]any{
				"name": d.plural + "." + d.group,
				// Groups of Kubernetes' own are refused without: https://github.com/kubernetes/enhancements/pull/1111.
				"annotations": map[string]any{"api-approved.kubernetes.io": "unapproved, simulated"},
			},
			"spec": map[string]any{
				"group": d.group, "scope": "Namespaced",
				"names": map[string]any{"kind": d.kind, "plural": d.plural},
				"versions": []any{map[string]any{
					"name": d.version, "served": true, "storage": true, "subresources": map[string]any{"status": map[string]any{}},
					"schema": map[string]any{"openAPIV3Schema": map[string]any{
						"type": "object", "properties": map[string]any{"spec": open, "status": open},
					}},
				}},
			},
		}}
		_, err := client.Resource(kinds).Create(ctx, o, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("defining %s: %w", d.kind, err)
		}
	}
	return nil
}
