package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// remove deletes an object, with its dependents, and waits until it is gone.
func (s *server) remove(
	ctx context.Context, c *cluster, urn string, given, live *unstructured.Unstructured, custom float64,
) error {
	policy, err := propagation(given)
	if err != nil {
		return err
	}
	limit, err := timeout(given, custom, usualTimeout)
	if err != nil {
		return err
	}
	client, err := c.client(live)
	if err != nil {
		return err
	}
	if err := client.Delete(ctx, live.GetName(), metav1.DeleteOptions{PropagationPolicy: &policy}); err != nil {
		return err
	}
	if annotated(given, skipAwaitKey) {
		return nil
	}
	current, err := c.read(ctx, live)
	if err != nil || current.GetUID() != live.GetUID() && live.GetUID() != "" {
		return ignoreAbsent(err)
	}
	waiting, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	seen := observe(waiting, c, current)
	shown := ""
	for {
		select {
		case now, ok := <-seen:
			if ok && now == nil {
				s.host.status(ctx, urn, "")
				return nil
			}
			if !ok {
				seen = nil
				continue
			}
			current = now
			if line := "waiting for it to be gone" + remains(current); line != shown && current.GetDeletionTimestamp() != nil {
				shown = line
				s.host.status(ctx, urn, line)
			}
		case <-waiting.Done():
			return stuck(ctx, current, limit)
		}
	}
}

// stuck says what an object that is being deleted waits for.
func stuck(ctx context.Context, current *unstructured.Unstructured, limit time.Duration) error {
	message := fmt.Sprintf("it is still there after %s", seconds(limit))
	if errors.Is(ctx.Err(), context.Canceled) {
		message = "the operation was cancelled while it was being deleted"
	}
	return errors.New(message + remains(current))
}

// remains lists what keeps an object that is being deleted: finalizers, and what a namespace says is left in it.
func remains(current *unstructured.Unstructured) string {
	var kept []string
	if finalizers := current.GetFinalizers(); len(finalizers) > 0 {
		kept = append(kept, "finalizers "+strings.Join(finalizers, ", "))
	}
	conditions, _ := get(current.Object, "status", "conditions").([]any)
	for _, condition := range conditions {
		m, _ := condition.(map[string]any)
		namespaceLeft := strings.HasPrefix(text(m, "type"), "Namespace") && text(m, "status") == "True"
		if current.GetKind() == "Namespace" && namespaceLeft {
			kept = append(kept, text(m, "message"))
		}
	}
	if len(kept) == 0 {
		return ""
	}
	slices.Sort(kept)
	return ": " + strings.Join(kept, "; ")
}

func ignoreAbsent(err error) error {
	if absent(err) {
		return nil
	}
	return err
}
