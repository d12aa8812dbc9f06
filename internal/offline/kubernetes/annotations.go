package kubernetes

import (
	"fmt"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The annotations with which a program steers the plugin: pulumi-kubernetes, provider/pkg/metadata/annotations.go.
const (
	autonamedKey      = "pulumi.com/autonamed"
	skipAwaitKey      = "pulumi.com/skipAwait"
	waitForKey        = "pulumi.com/waitFor"
	timeoutKey        = "pulumi.com/timeoutSeconds"
	replaceUnreadyKey = "pulumi.com/replaceUnready"
	patchForceKey     = "pulumi.com/patchForce"
	patchManagerKey   = "pulumi.com/patchFieldManager"
	propagationKey    = "pulumi.com/deletionPropagationPolicy"
)

// annotation is the value of an annotation; empty where it is absent or not known yet.
func annotation(o *unstructured.Unstructured, key string) string {
	return text(o.Object, "metadata", "annotations", key)
}

// annotated reports whether an annotation says "true".
func annotated(o *unstructured.Unstructured, key string) bool {
	return annotation(o, key) == "true"
}

// timeout is how long to wait for an object: the resource's custom timeout in seconds, else pulumi.com/timeoutSeconds,
// else usual.
func timeout(o *unstructured.Unstructured, custom float64, usual time.Duration) (time.Duration, error) {
	if custom > 0 {
		return time.Duration(custom * float64(time.Second)), nil
	}
	value := annotation(o, timeoutKey)
	if value == "" {
		return usual, nil
	}
	seconds, err := strconv.Atoi(value)
	if err != nil || seconds < 0 {
		return 0, fmt.Errorf("%s: must be a whole number of seconds, got %q", timeoutKey, value)
	}
	return time.Duration(seconds) * time.Second, nil
}

// propagation is what becomes of an object's dependents when it is deleted: by default it outlives them.
func propagation(o *unstructured.Unstructured) (metav1.DeletionPropagation, error) {
	switch value := annotation(o, propagationKey); value {
	case "", "foreground", "Foreground":
		return metav1.DeletePropagationForeground, nil
	case "background", "Background":
		return metav1.DeletePropagationBackground, nil
	case "orphan", "Orphan":
		return metav1.DeletePropagationOrphan, nil
	default:
		return "", fmt.Errorf("%s: must be foreground, background or orphan, got %q", propagationKey, value)
	}
}
