package main

import (
	"context"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// loop calls one function with the keys of objects that have changed, one at a time, and again later where it failed.
type loop struct {
	name      string
	queue     workqueue.TypedRateLimitingInterface[string]
	reconcile func(ctx context.Context, key string) error
}

// newLoop returns a loop over the objects of the informer. The key of an object is NAME or NAMESPACE/NAME.
func newLoop(name string, informer cache.SharedIndexInformer, reconcile func(context.Context, string) error) (*loop, error) {
	l := &loop{
		name:      name,
		queue:     workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]()),
		reconcile: reconcile,
	}
	add := func(object any) {
		if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
			l.queue.Add(key)
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: add,
		UpdateFunc: func(before, after any) {
			if unchanged(before, after) {
				return
			}
			add(after)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("watching for %s: %w", name, err)
	}
	return l, nil
}

// unchanged reports whether two objects are the same version of one.
func unchanged(before, after any) bool {
	b, err := meta.Accessor(before)
	if err != nil {
		return false
	}
	a, err := meta.Accessor(after)
	return err == nil && a.GetResourceVersion() == b.GetResourceVersion()
}

// run works until ctx ends.
func (l *loop) run(ctx context.Context) {
	go func() {
		<-ctx.Done()
		l.queue.ShutDown()
	}()
	for {
		key, end := l.queue.Get()
		if end {
			return
		}
		if err := l.reconcile(ctx, key); err != nil {
			fmt.Fprintf(os.Stderr, "kwok: %s: %s: %v\n", l.name, key, err)
			l.queue.AddRateLimited(key)
		} else {
			l.queue.Forget(key)
		}
		l.queue.Done(key)
	}
}
