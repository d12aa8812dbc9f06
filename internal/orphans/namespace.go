package orphans

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Hanging says of each of the namespaces that is being deleted, and is not gone, what holds it: the objects in it that
// wait for a finalizer, by name, and what the cluster itself says. A namespace that is not being deleted is left out.
func (c *Cluster) Hanging(ctx context.Context, namespaces ...string) (map[string][]string, error) {
	found := map[string][]string{}
	for _, name := range namespaces {
		namespace, err := c.Client.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
		if err != nil || namespace.DeletionTimestamp == nil {
			continue // It is gone, or stays.
		}
		holds, err := c.holds(ctx, namespace)
		if err != nil {
			return nil, fmt.Errorf("finding out what holds namespace %s: %w", name, err)
		}
		found[name] = holds
	}
	return found, nil
}

func (c *Cluster) holds(ctx context.Context, namespace *corev1.Namespace) ([]string, error) {
	var holds []string
	// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/namespace-v1/#NamespaceStatus: discovery that
	// fails, for an API server that is away, holds every namespace.
	for _, condition := range namespace.Status.Conditions {
		failure := strings.HasSuffix(string(condition.Type), "Failure")
		if failure && condition.Status == corev1.ConditionTrue {
			holds = append(holds, string(condition.Type)+": "+condition.Message)
		}
	}
	objects, err := c.list(ctx, namespace.Name, "")
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		if len(o.meta.Finalizers) > 0 {
			holds = append(holds, fmt.Sprintf("%s %s (%s), which waits for the finalizer %s", o.kind, o.meta.Name, o.group(),
				strings.Join(o.meta.Finalizers, ", ")))
		}
	}
	for _, finalizer := range namespace.Finalizers {
		holds = append(holds, "the namespace's own finalizer "+finalizer)
	}
	return holds, nil
}
