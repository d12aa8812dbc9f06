package target

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/restmapper"
)

// pluginManager starts the names that the Kubernetes plugin manages the fields of objects under, each with a random
// end.
const pluginManager = "pulumi-kubernetes-"

// Object names an object in a cluster.
type Object struct {
	APIVersion, Kind string
	// Namespace is empty for what has none.
	Namespace, Name string
}

// FieldManager returns the name that the Kubernetes plugin manages an object's fields under, or nothing where the
// object does not exist or was not made by the plugin.
func (c *Cluster) FieldManager(ctx context.Context, object Object) (string, error) {
	name, err := c.fieldManager(ctx, object)
	if err != nil && !apierrors.IsNotFound(err) {
		return "", fmt.Errorf("reading who made %s %s: %w", object.Kind, object.Name, err)
	}
	return name, nil
}

func (c *Cluster) fieldManager(ctx context.Context, object Object) (string, error) {
	config, err := c.client().ClientConfig()
	if err != nil {
		return "", err
	}
	config.Timeout = reachTimeout
	asked, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return "", err
	}
	groups, err := restmapper.GetAPIGroupResources(asked)
	if err != nil {
		return "", err
	}
	kind := schema.FromAPIVersionAndKind(object.APIVersion, object.Kind)
	mapping, err := restmapper.NewDiscoveryRESTMapper(groups).RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return "", err
	}
	client, err := metadata.NewForConfig(config)
	if err != nil {
		return "", err
	}
	objects := client.Resource(mapping.Resource).Namespace(object.Namespace)
	found, err := objects.Get(ctx, object.Name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	for _, entry := range found.ManagedFields {
		if strings.HasPrefix(entry.Manager, pluginManager) && entry.Subresource == "" {
			return entry.Manager, nil
		}
	}
	return "", nil
}
