package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/util/csaupgrade"
	"k8s.io/client-go/util/retry"
)

const (
	// reachTimeout is how long the API server may take to answer the first request.
	reachTimeout = 15 * time.Second
	// missingTimeout is how long a create waits for its namespace or its kind to appear: definitions are served a moment
	// after they are accepted. The plugin tries six times within 31 seconds.
	missingTimeout = 30 * time.Second
	// rediscovery is the shortest time between two looks for new kinds.
	rediscovery = time.Second
)

// cluster talks to one API server.
type cluster struct {
	dynamic   dynamic.Interface
	rest      rest.Interface
	discovery discovery.CachedDiscoveryInterface
	mapper    meta.ResettableRESTMapper
	server    string

	mu        sync.Mutex
	refreshed time.Time
}

// newCluster connects, and fails where the API server does not answer.
func newCluster(ctx context.Context, config *rest.Config, warnings rest.WarningHandlerWithContext) (*cluster, error) {
	config = rest.CopyConfig(config)
	config.WarningHandlerWithContext = warnings
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", config.Host, err)
	}
	direct, err := discovery.NewDiscoveryClientForConfigAndClient(config, httpClient)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", config.Host, err)
	}
	objects, err := dynamic.NewForConfigAndClient(config, httpClient)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", config.Host, err)
	}
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	if err := direct.RESTClient().Get().AbsPath("/version").Do(ctx).Error(); err != nil {
		return nil, fmt.Errorf("the Kubernetes API server %s cannot be reached: %w", config.Host, err)
	}
	cached := memory.NewMemCacheClient(direct)
	return &cluster{
		dynamic:   objects,
		rest:      direct.RESTClient(),
		discovery: cached,
		mapper:    restmapper.NewDeferredDiscoveryRESTMapper(cached),
		server:    config.Host,
	}, nil
}

// mapping finds how a kind is served, looking again where it is not known.
func (c *cluster) mapping(kind schema.GroupVersionKind) (*meta.RESTMapping, error) {
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if !meta.IsNoMatchError(err) {
		return mapping, err
	}
	c.mu.Lock()
	stale := time.Since(c.refreshed) > rediscovery
	if stale {
		c.mapper.Reset()
		c.refreshed = time.Now()
	}
	c.mu.Unlock()
	if !stale {
		return nil, err
	}
	return c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
}

// client gives access to the objects of o's kind and namespace.
func (c *cluster) client(o *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	mapping, err := c.mapping(o.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() != meta.RESTScopeNameNamespace {
		return c.dynamic.Resource(mapping.Resource), nil
	}
	namespace := o.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	return c.dynamic.Resource(mapping.Resource).Namespace(namespace), nil
}

// read gets the live object.
func (c *cluster) read(ctx context.Context, o *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	client, err := c.client(o)
	if err != nil {
		return nil, err
	}
	return client.Get(ctx, o.GetName(), metav1.GetOptions{})
}

// applyOptions say in whose name an object is written. The zero value of force leaves other managers their fields.
type applyOptions struct {
	manager string
	force   bool
	dryRun  bool
}

func (a applyOptions) dry() []string {
	if a.dryRun {
		return []string{metav1.DryRunAll}
	}
	return nil
}

// create makes an object. It fails where there is one of that name.
func (c *cluster) create(ctx context.Context, o *unstructured.Unstructured, options applyOptions) (
	*unstructured.Unstructured, error,
) {
	client, err := c.client(o)
	if err != nil {
		return nil, err
	}
	return client.Create(ctx, o, metav1.CreateOptions{
		FieldManager: options.manager, DryRun: options.dry(), FieldValidation: metav1.FieldValidationWarn,
	})
}

// createWhenPossible waits a while for a kind or a namespace that is not there yet.
func (c *cluster) createWhenPossible(ctx context.Context, write func() (*unstructured.Unstructured, error)) (
	*unstructured.Unstructured, error,
) {
	deadline := time.Now().Add(missingTimeout)
	for pause := rediscovery; ; pause = min(2*pause, 8*time.Second) {
		live, err := write()
		if err == nil || !meta.IsNoMatchError(err) && !apierrors.IsNotFound(err) || time.Now().Add(pause).After(deadline) {
			return live, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
	}
}

// apply writes an object's fields by server-side apply.
func (c *cluster) apply(ctx context.Context, o *unstructured.Unstructured, options applyOptions) (
	*unstructured.Unstructured, error,
) {
	client, err := c.client(o)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(o.Object)
	if err != nil {
		return nil, fmt.Errorf("writing %s as JSON: %w", describe(o), err)
	}
	live, err := client.Patch(ctx, o.GetName(), types.ApplyPatchType, body, metav1.PatchOptions{
		FieldManager: options.manager, Force: &options.force, DryRun: options.dry(),
		FieldValidation: metav1.FieldValidationWarn,
	})
	if apierrors.IsConflict(err) {
		return nil, fmt.Errorf("%w; set the annotation %s to \"true\" to take the fields over, or leave them out", err,
			patchForceKey)
	}
	return live, err
}

// adopt gives the fields that a manager set by a create, or that kubectl set, to the same manager as applied ones, so
// that an apply without them removes them. Controllers may write to the object meanwhile.
func (c *cluster) adopt(ctx context.Context, live *unstructured.Unstructured, manager string) error {
	client, err := c.client(live)
	if err != nil {
		return err
	}
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		patch, err := upgrade(live, manager)
		if err != nil || patch == nil {
			return err
		}
		_, err = client.Patch(ctx, live.GetName(), types.JSONPatchType, patch, metav1.PatchOptions{FieldManager: manager})
		if !apierrors.IsConflict(err) {
			return err
		}
		now, readErr := client.Get(ctx, live.GetName(), metav1.GetOptions{})
		if readErr != nil {
			return readErr
		}
		live = now
		return err
	})
}

// upgrade is the patch that adopt sends; nil where there is nothing to take over.
func upgrade(live *unstructured.Unstructured, manager string) ([]byte, error) {
	earlier := sets.New(manager, "kubectl", "kubectl-create", "kubectl-client-side-apply", "before-first-apply",
		"pulumi-kubernetes", "pulumi-kubernetes.exe", "pulumi-resource-kubernetes")
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(live, earlier, manager)
	if err != nil {
		return nil, fmt.Errorf("taking over the fields of %s: %w", describe(live), err)
	}
	return patch, nil
}

// list reads the objects of a kind, in a namespace, that carry all labels of a selector.
func (c *cluster) list(
	ctx context.Context, kind schema.GroupVersionKind, namespace string, options metav1.ListOptions,
) ([]unstructured.Unstructured, error) {
	mapping, err := c.mapping(kind)
	if err != nil {
		return nil, err
	}
	found, err := c.dynamic.Resource(mapping.Resource).Namespace(namespace).List(ctx, options)
	if err != nil {
		return nil, err
	}
	return found.Items, nil
}

// describe names an object in messages: its kind and its id.
func describe(o *unstructured.Unstructured) string {
	return o.GetKind() + " " + identity(o)
}

// absent reports whether an error says that the object, or its whole kind, is not there.
func absent(err error) bool {
	return apierrors.IsNotFound(err) || meta.IsNoMatchError(err)
}

// connect returns the provider's cluster. Whether it can be reached is found out once for the provider.
func (s *server) connect(ctx context.Context) (*cluster, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.connection == nil && s.unreachable == nil {
		switch {
		case !s.configured:
			s.unreachable = errors.New("the kubernetes provider was not configured on this connection")
		case s.configError != nil:
			s.unreachable = s.configError
		default:
			s.connection, s.unreachable = newCluster(ctx, s.config, &s.host)
		}
	}
	return s.connection, s.unreachable
}
