package verify

import (
	"context"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// answers asks a ready pod behind a Service for each path. It goes through the kubelet into the pod, so that no network
// policy has to let it in.
func (v *Verifier) answers(ctx context.Context, e Endpoint) []Check {
	var checks []Check
	for _, path := range e.Paths {
		subject := fmt.Sprintf("http://%s.%s:%d%s", e.Service, e.Namespace, e.Port, path)
		const expected = "answers"
		next := v.Kubectl + " --namespace " + e.Namespace + " logs service/" + e.Service
		pod, port, err := v.behind(ctx, e)
		if err != nil {
			checks = append(checks, bad(subject, expected, next, "%v", err))
			continue
		}
		response, err := v.Get(ctx, e.Namespace, pod, port, path)
		if err != nil {
			checks = append(checks, bad(subject, expected, next, "pod %s: %v", pod, err))
			continue
		}
		_ = response.Body.Close() // Its status is all that matters.
		if response.StatusCode >= http.StatusInternalServerError {
			checks = append(checks, bad(subject, expected, next, "pod %s: %s", pod, response.Status))
			continue
		}
		checks = append(checks, good(subject, expected))
	}
	return checks
}

// behind finds a ready pod behind a Service, and the container port that the Service's port leads to.
func (v *Verifier) behind(ctx context.Context, e Endpoint) (pod string, port int, err error) {
	service, err := v.Client.CoreV1().Services(e.Namespace).Get(ctx, e.Service, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return "", 0, fmt.Errorf("there is no Service %s", e.Service)
	}
	if err != nil {
		return "", 0, err
	}
	var name string
	found := false
	for _, candidate := range service.Spec.Ports {
		if int(candidate.Port) == e.Port {
			name, found = candidate.Name, true
		}
	}
	if !found {
		return "", 0, fmt.Errorf("there is no port %d of Service %s", e.Port, e.Service)
	}
	list, err := v.Client.DiscoveryV1().EndpointSlices(e.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: "kubernetes.io/service-name=" + e.Service,
	})
	if err != nil {
		return "", 0, err
	}
	for _, slice := range list.Items {
		for _, candidate := range slice.Ports {
			if candidate.Port == nil || (candidate.Name != nil && *candidate.Name != name) {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				to := endpoint.TargetRef
				ready := endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready
				if ready && to != nil && to.Kind == "Pod" {
					return to.Name, int(*candidate.Port), nil
				}
			}
		}
	}
	return "", 0, fmt.Errorf("no ready pod is behind Service %s", e.Service)
}
