package kubernetes

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// isPatch reports whether a resource owns fields of an object that another made: its type ends in Patch, and its kind,
// where one is given, does not.
func isPatch(urn, kind string) bool {
	return strings.HasSuffix(string(resource.URN(urn).Type()), "Patch") && !strings.HasSuffix(kind, "Patch")
}

// patch applies fields to an object that must exist.
func (c *cluster) patch(ctx context.Context, o *unstructured.Unstructured, options applyOptions) (
	*unstructured.Unstructured, error,
) {
	live, err := c.appearing(ctx, o, options)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("patching %s: there is no such object; a Patch resource changes one that exists: create it "+
			"with the resource type without Patch", describe(o))
	}
	if err != nil {
		return nil, fmt.Errorf("patching %s: %w", describe(o), err)
	}
	o = o.DeepCopy()
	o.SetUID(live.GetUID())
	return c.apply(ctx, o, options)
}

// patience is how long an object that is to be patched may take to appear: the cluster makes the default ServiceAccount
// of a namespace a moment after the namespace.
const patience = 10 * time.Second

// appearing reads an object that the cluster may be about to make. A preview does not wait for it.
func (c *cluster) appearing(ctx context.Context, o *unstructured.Unstructured, options applyOptions) (
	live *unstructured.Unstructured, err error,
) {
	live, err = c.read(ctx, o)
	if options.dryRun || !apierrors.IsNotFound(err) {
		return live, err
	}
	enough, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for apierrors.IsNotFound(err) {
		select {
		case <-enough.Done():
			return nil, err
		case <-tick.C:
			live, err = c.read(ctx, o)
		}
	}
	return live, err
}

// relinquish gives up every field that a Patch resource owns. The API server removes those that nobody else owns.
func (c *cluster) relinquish(ctx context.Context, o *unstructured.Unstructured, manager string) error {
	live, err := c.read(ctx, o)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("giving up the fields of %s: %w", describe(o), err)
	}
	empty := &unstructured.Unstructured{Object: map[string]any{"apiVersion": o.GetAPIVersion(), "kind": o.GetKind()}}
	empty.SetName(o.GetName())
	empty.SetNamespace(o.GetNamespace())
	empty.SetUID(live.GetUID())
	_, err = c.apply(ctx, empty, applyOptions{manager: manager, force: true})
	if cause, ok := apierrors.StatusCause(err, metav1.CauseTypeFieldValueRequired); ok {
		return fmt.Errorf("giving up the fields of %s: the object needs %s, which this Patch resource alone owns; set "+
			"retainOnDelete, or let another manager own it first", describe(o), cause.Field)
	}
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}
