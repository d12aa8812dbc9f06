package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
)

const (
	// firstLook and lastLook bound the pause between two looks at what belongs to an object, such as its pods. The object
	// itself is watched.
	firstLook = 250 * time.Millisecond
	lastLook  = 2 * time.Second
	// lastWord is how long it may take to find out why an object did not become ready.
	lastWord = 10 * time.Second
)

// verdict is what one look at an object says.
type verdict struct {
	ready bool
	// progress is a line for the user.
	progress string
	// failure is why the object will not become ready by itself; empty while it may.
	failure string
	// reasons are why it is not ready.
	reasons []string
}

// readiness says how to tell whether an object is ready.
type readiness struct {
	usual time.Duration // How long it takes at most, unless the program says otherwise.
	look  func(ctx context.Context, live *unstructured.Unstructured, depth depth) verdict
}

// depth is how far one look goes.
type depth int

const (
	shallow  depth = iota // The object alone, as the watch saw it.
	deep                  // What belongs to it too: its pods.
	thorough              // Why as well: events, and the last lines that containers wrote.
)

// unreadyError is an object that did not become ready.
type unreadyError struct {
	summary string
	reasons []string
}

// Error is the summary and every reason.
func (e *unreadyError) Error() string {
	return strings.Join(append([]string{e.summary}, e.reasons...), "\n")
}

// await waits until an object that was written is ready, and returns it as it is then, or as it was last seen.
func (s *server) await(
	ctx context.Context, c *cluster, urn string, given, written *unstructured.Unstructured, custom float64,
) (*unstructured.Unstructured, error) {
	ready, err := s.readiness(c, given, written)
	if err != nil || ready == nil {
		return written, err
	}
	limit, err := timeout(given, custom, ready.usual)
	if err != nil {
		return written, err
	}
	waiting, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	seen := observe(waiting, c, written)
	live, shown := written, ""
	pause := firstLook
	for how := shallow; ; {
		v := ready.look(waiting, live, how)
		switch {
		case v.ready:
			s.host.status(ctx, urn, "")
			return live, nil
		case v.failure != "":
			v.reasons = ready.look(waiting, live, thorough).reasons
			return live, &unreadyError{summary: v.failure, reasons: v.reasons}
		case v.progress != shown:
			shown = v.progress
			s.host.status(ctx, urn, shown)
		}
		select {
		case now, ok := <-seen:
			how = shallow
			if !ok {
				seen = nil
			} else if now == nil {
				return live, &unreadyError{summary: "it was deleted while it was waited for"}
			} else {
				live = now
			}
		case <-time.After(pause):
			how, pause = deep, min(2*pause, lastLook)
		case <-waiting.Done():
			return live, s.overdue(ctx, ready, live, limit)
		}
	}
}

// overdue says why an object is still not ready.
func (s *server) overdue(
	ctx context.Context, ready *readiness, live *unstructured.Unstructured, limit time.Duration,
) error {
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
	defer cancel()
	v := ready.look(look, live, thorough)
	summary := fmt.Sprintf("it was not ready after %s", seconds(limit))
	if errors.Is(ctx.Err(), context.Canceled) {
		summary = "the operation was cancelled while it was waited for"
	}
	if v.progress != "" {
		summary += " (" + v.progress + ")"
	}
	return &unreadyError{summary: summary, reasons: v.reasons}
}

// look finds out once whether an object is ready.
func (s *server) look(ctx context.Context, c *cluster, given, live *unstructured.Unstructured) error {
	ready, err := s.readiness(c, given, live)
	if err != nil || ready == nil {
		return err
	}
	v := ready.look(ctx, live, thorough)
	switch {
	case v.ready:
		return nil
	case v.failure != "":
		return &unreadyError{summary: v.failure, reasons: v.reasons}
	}
	return &unreadyError{summary: v.progress, reasons: v.reasons}
}

// observe follows an object until ctx ends: each state of it, and nil once it is deleted. An interrupted watch is taken
// up again.
func observe(ctx context.Context, c *cluster, o *unstructured.Unstructured) <-chan *unstructured.Unstructured {
	seen := make(chan *unstructured.Unstructured)
	send := func(live *unstructured.Unstructured) bool {
		select {
		case seen <- live:
			return true
		case <-ctx.Done():
			return false
		}
	}
	go func() {
		defer close(seen)
		for ctx.Err() == nil {
			live, err := c.read(ctx, o)
			if absent(err) {
				send(nil)
				return
			}
			if err == nil && live.GetUID() != o.GetUID() {
				send(nil)
				return
			}
			if err == nil && send(live) && c.follow(ctx, live, send) {
				continue // It seems to be gone.
			}
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}()
	return seen
}

// follow sends what a watch of one object sees, until the watch ends or send says so. It reports whether it saw the
// object deleted.
func (c *cluster) follow(
	ctx context.Context, live *unstructured.Unstructured, send func(*unstructured.Unstructured) bool,
) bool {
	client, err := c.client(live)
	if err != nil {
		return false
	}
	events, err := client.Watch(ctx, metav1.ListOptions{
		FieldSelector:   fields.OneTermEqualSelector("metadata.name", live.GetName()).String(),
		ResourceVersion: live.GetResourceVersion(),
	})
	if err != nil {
		return false
	}
	defer events.Stop()
	for event := range events.ResultChan() {
		now, ok := event.Object.(*unstructured.Unstructured)
		switch {
		case !ok || event.Type == watch.Error:
			return false
		case event.Type == watch.Deleted:
			return true
		case !send(now):
			return false
		}
	}
	return false
}
