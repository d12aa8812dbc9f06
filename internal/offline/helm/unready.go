package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// unready says what the pods of a namespace wait for, and what else the cluster complained of there; nil where there is
// nothing to say. Helm's own errors are no more than that time is up.
func (h *helm) unready(namespace string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var said []error
	pods, err := h.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("looking at its pods: %w", err)
	}
	for _, pod := range pods.Items {
		for _, container := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
			switch {
			case container.State.Waiting != nil:
				said = append(said, fmt.Errorf("pod %s, container %s: %s: %s", pod.Name, container.Name,
					container.State.Waiting.Reason, container.State.Waiting.Message))
			case !container.Ready && container.State.Running != nil:
				said = append(said, fmt.Errorf("pod %s, container %s: it runs, and is not ready", pod.Name, container.Name))
			}
		}
	}
	events, err := h.client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return errors.Join(said...)
	}
	seen := map[string]bool{}
	for _, event := range events.Items {
		line := fmt.Sprintf("%s %s: %s", event.InvolvedObject.Kind, event.InvolvedObject.Name, event.Message)
		if event.Type == corev1.EventTypeWarning && !seen[line] && len(said) < 12 {
			seen[line] = true
			said = append(said, errors.New(line))
		}
	}
	return errors.Join(said...)
}
