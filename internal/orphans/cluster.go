package orphans

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// Cluster looks for orphans in a Kubernetes cluster.
type Cluster struct {
	// Client reads what it must know more of than names and labels.
	Client kubernetes.Interface
	// Metadata lists objects of every kind.
	Metadata metadata.Interface
	// Kinds says which there are.
	Kinds discovery.DiscoveryInterface
	// Kubectl is how to call kubectl on the cluster.
	Kubectl string
}

// NewCluster reaches a cluster.
func NewCluster(config *rest.Config, kubectl string) (*Cluster, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1                           // A list of each kind, once.
	config.WarningHandler = rest.NoWarnings{} // That a kind is deprecated is no news here.
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	objects, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &Cluster{Client: client, Metadata: objects, Kinds: client.Discovery(), Kubectl: kubectl}, nil
}

// object is one object, as much of it as all kinds have in common.
type object struct {
	resource schema.GroupVersionResource
	kind     string
	meta     metav1.ObjectMeta
}

// group says which API the kind is of, as kubectl takes it.
func (o object) group() string {
	return strings.TrimSuffix(o.resource.Resource+"."+o.resource.Group, ".")
}

// name is NAMESPACE/NAME, or NAME for what has no namespace.
func (o object) name() string { return strings.TrimPrefix(o.meta.Namespace+"/"+o.meta.Name, "/") }

// Key is how an object is named in [Scope.Owned].
func Key(kind, namespace, name string) string { return kind + " " + namespace + "/" + name }

func (o object) key() string { return Key(o.kind, o.meta.Namespace, o.meta.Name) }

// passing are the kinds of objects that come and go by themselves.
var passing = map[string]bool{
	"Event": true, "Lease": true, "PodMetrics": true, "NodeMetrics": true, "ComponentStatus": true, "Binding": true,
}

// list lists every object of every kind in a namespace (all: ""), by a selector of labels (all: ""). A kind that cannot
// be listed is left out: the API server that serves it is away, or nobody may.
func (c *Cluster) list(ctx context.Context, namespace, selector string) ([]object, error) {
	lists, err := c.Kinds.ServerPreferredResources()
	if lists == nil {
		return nil, fmt.Errorf("asking which kinds there are: %w", err)
	}
	var found []object
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, fmt.Errorf("reading which kinds there are: %w", err)
		}
		for _, kind := range list.APIResources {
			if passing[kind.Kind] || !slices.Contains(kind.Verbs, "list") || (namespace != "" && !kind.Namespaced) {
				continue
			}
			resource := version.WithResource(kind.Name)
			objects, err := c.Metadata.Resource(resource).Namespace(namespace).
				List(ctx, metav1.ListOptions{LabelSelector: selector})
			if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) || apierrors.IsForbidden(err) ||
				apierrors.IsServiceUnavailable(err) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("listing %s: %w", resource.GroupResource(), err)
			}
			for _, o := range objects.Items {
				found = append(found, object{resource: resource, kind: kind.Kind, meta: o.ObjectMeta})
			}
		}
	}
	return found, nil
}

// Scope is an environment, as the cluster knows it.
type Scope struct {
	// Selector is the labels that all of its objects carry.
	Selector string
	// Namespaces are its own, whether they are there or not.
	Namespaces []string
	// Owned are the objects in the stack's state, by [Key]. None: the stack is not deployed.
	Owned map[string]bool
}

// Sweep looks at every kind of object. What the environment owns is left out, and what belongs to that in turn.
func (c *Cluster) Sweep(ctx context.Context, scope Scope) ([]Orphan, error) {
	labelled, err := c.list(ctx, "", scope.Selector)
	if err != nil {
		return nil, fmt.Errorf("looking for what carries the labels %s: %w", scope.Selector, err)
	}
	all := map[types.UID]object{}
	why := map[types.UID]string{}
	for _, o := range labelled {
		all[o.meta.UID], why[o.meta.UID] = o, "its labels"
	}
	namespaces := slices.Clone(scope.Namespaces)
	for _, o := range labelled {
		if o.kind == "Namespace" && !slices.Contains(namespaces, o.meta.Name) {
			namespaces = append(namespaces, o.meta.Name)
		}
	}
	for _, namespace := range namespaces {
		objects, err := c.list(ctx, namespace, "")
		if err != nil {
			return nil, fmt.Errorf("looking into namespace %s: %w", namespace, err)
		}
		for _, o := range objects {
			if _, seen := all[o.meta.UID]; !seen {
				all[o.meta.UID], why[o.meta.UID] = o, "namespace "+namespace
			}
		}
	}
	owned := func(o object) bool { return c.owned(o, all, scope, 0) }
	hanging, err := c.Hanging(ctx, namespaces...)
	if err != nil {
		return nil, err
	}
	var found []Orphan
	for _, o := range all {
		// A namespace that does not go away is reported while the stack still has it, too.
		stuck := o.kind == "Namespace" && len(hanging[o.meta.Name]) > 0
		if (owned(o) || owner(o, all)) && !stuck {
			continue
		}
		// What somebody else puts into a namespace that is in use is his affair, unless it costs money.
		used := scope.Owned[Key("Namespace", "", o.meta.Namespace)]
		if used && why[o.meta.UID] != "its labels" && !bills(o.kind) {
			continue
		}
		orphan := Orphan{
			Where: InCluster, Kind: o.kind, Name: o.name(), Why: why[o.meta.UID], Bills: bills(o.kind), Next: c.remove(o),
			Leaving: o.meta.DeletionTimestamp != nil,
		}
		if o.kind == "Service" {
			if orphan.Bills, err = c.balances(ctx, o); err != nil {
				return nil, err
			}
		}
		if o.meta.DeletionTimestamp != nil && len(o.meta.Finalizers) > 0 {
			orphan.Held = "it waits for the finalizer " + strings.Join(o.meta.Finalizers, ", ")
		}
		if holds := hanging[o.meta.Name]; o.kind == "Namespace" && len(holds) > 0 {
			orphan.Held = strings.Join(holds, "; ")
		}
		found = append(found, orphan)
	}
	volumes, err := c.volumes(ctx, scope, namespaces, owned, all)
	return sorted(append(found, volumes...)), err
}

// owned says whether an object is in the stack's state, or is there because of one that is.
func (c *Cluster) owned(o object, all map[types.UID]object, scope Scope, depth int) bool {
	if scope.Owned[o.key()] || byItself(o) {
		return true
	}
	// What is made after a Service of the same name: https://kubernetes.io/docs/concepts/services-networking/service/.
	if o.kind == "Endpoints" && scope.Owned[Key("Service", o.meta.Namespace, o.meta.Name)] {
		return true
	}
	// CLAIM-STATEFULSET-NUMBER: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage.
	if o.kind == "PersistentVolumeClaim" {
		for key := range scope.Owned {
			name, isSet := strings.CutPrefix(key, "StatefulSet "+o.meta.Namespace+"/")
			number := strings.LastIndex(o.meta.Name, "-")
			if isSet && number > 0 && strings.HasSuffix(o.meta.Name[:number], "-"+name) {
				return true
			}
		}
	}
	// A chart's objects are the release's.
	if scope.Owned[Key("Namespace", "", o.meta.Namespace)] &&
		(o.meta.Labels["app.kubernetes.io/managed-by"] == "Helm" || o.meta.Labels["owner"] == "helm") {
		return true
	}
	for _, reference := range o.meta.OwnerReferences {
		if by, found := all[reference.UID]; found && depth < 8 && c.owned(by, all, scope, depth+1) {
			return true
		}
	}
	return false
}

// owner says whether the object goes away with another one that is reported.
func owner(o object, all map[types.UID]object) bool {
	return slices.ContainsFunc(o.meta.OwnerReferences, func(reference metav1.OwnerReference) bool {
		_, found := all[reference.UID]
		return found
	})
}

// byItself is what every namespace has.
func byItself(o object) bool {
	return o.kind == "ConfigMap" && o.meta.Name == "kube-root-ca.crt" ||
		o.kind == "ServiceAccount" && o.meta.Name == "default"
}

// bills says whether objects of a kind cost money: machines, disks and addresses.
func bills(kind string) bool {
	switch kind {
	case "PersistentVolume", "PersistentVolumeClaim", "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job",
		"CronJob", "Ingress", "Gateway", "Node", "NodePool", "NodeClaim", "VolumeSnapshot", "VolumeSnapshotContent":
		return true
	}
	return false
}

// balances says whether a Service has a load balancer.
func (c *Cluster) balances(ctx context.Context, o object) (bool, error) {
	service, err := c.Client.CoreV1().Services(o.meta.Namespace).Get(ctx, o.meta.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading Service %s: %w", o.name(), err)
	}
	return service.Spec.Type == corev1.ServiceTypeLoadBalancer, nil
}

// volumes finds those that were claimed in the environment's namespaces and whose claim is gone.
func (c *Cluster) volumes(
	ctx context.Context, scope Scope, namespaces []string, owned func(object) bool, all map[types.UID]object,
) ([]Orphan, error) {
	list, err := c.Client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
	if apierrors.IsForbidden(err) {
		return nil, nil // Who may not see volumes is told of claims alone.
	}
	if err != nil {
		return nil, fmt.Errorf("listing volumes: %w", err)
	}
	var found []Orphan
	for _, volume := range list.Items {
		claim := volume.Spec.ClaimRef
		if claim == nil || !slices.Contains(namespaces, claim.Namespace) ||
			scope.Owned[Key("PersistentVolume", "", volume.Name)] {
			continue
		}
		if _, reported := all[volume.UID]; reported {
			continue
		}
		if by, there := all[claim.UID]; there {
			if owned(by) || volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete {
				continue // It is in use, or goes away with its claim, which is reported.
			}
		}
		found = append(found, Orphan{
			Where: InCluster, Kind: "PersistentVolume", Name: volume.Name, Bills: true,
			Leaving: volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete,
			Why: fmt.Sprintf("it was claimed by %s/%s, and is %s (%s after its claim)", claim.Namespace, claim.Name,
				volume.Status.Phase, volume.Spec.PersistentVolumeReclaimPolicy),
			Next: c.Kubectl + " delete persistentvolume " + volume.Name + ", and what is behind it in its storage",
		})
	}
	return found, nil
}

// remove is the command that deletes an object.
func (c *Cluster) remove(o object) string {
	command := c.Kubectl
	if o.meta.Namespace != "" {
		command += " --namespace " + o.meta.Namespace
	}
	return command + " delete " + o.group() + " " + o.meta.Name
}

// Alive are the names that a cloud gives to what the live objects of the cluster have there: volumes by their own names
// and by their drivers' handles, load balancers by the name, the UID and the address of their Service. With it
// [InCloud] tells what the cluster uses from what it has forgotten.
func (c *Cluster) Alive(ctx context.Context) (map[string]bool, error) {
	alive := map[string]bool{}
	volumes, err := c.Client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing volumes: %w", err)
	}
	for _, volume := range volumes.Items {
		alive[volume.Name] = true
		if csi := volume.Spec.CSI; csi != nil {
			alive[csi.VolumeHandle], alive[tail(csi.VolumeHandle)] = true, true
		}
	}
	services, err := c.Client.CoreV1().Services("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing Services: %w", err)
	}
	for _, service := range services.Items {
		if service.Spec.Type != corev1.ServiceTypeLoadBalancer {
			continue
		}
		alive[service.Namespace+"/"+service.Name] = true
		// https://github.com/kubernetes/cloud-provider/blob/master/cloud.go, DefaultLoadBalancerName; the firewall rules
		// and groups of Google's controller have it after a prefix of theirs.
		id := "a" + strings.ReplaceAll(string(service.UID), "-", "")
		for _, prefix := range []string{"", "k8s-fw-", "k8s2-", "k8s-elb-"} {
			alive[prefix+id], alive[prefix+id[:32]] = true, true
		}
		for _, ingress := range service.Status.LoadBalancer.Ingress {
			// NAME-HASH.elb.REGION.amazonaws.com.
			host, _, _ := strings.Cut(ingress.Hostname, ".")
			if cut := strings.LastIndex(host, "-"); cut > 0 {
				alive[host[:cut]] = true
			}
		}
	}
	delete(alive, "")
	return alive, nil
}
