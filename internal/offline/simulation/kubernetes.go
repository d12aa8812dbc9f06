package simulation

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Kubernetes is the API server that every simulated cluster hands out as its own, as its administrator reaches it.
type Kubernetes struct {
	// Server is its address, https://HOST:PORT, and CA the certificate of its authority in PEM.
	Server, CA string
	// Token is what the administrator shows; or Certificate and Key, in PEM.
	Token, Certificate, Key string
}

// FromKubeconfig finds them in the current context of a kubeconfig.
func FromKubeconfig(path string) (Kubernetes, error) {
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return Kubernetes{}, fmt.Errorf("finding the API server of the simulated cloud: %w", err)
	}
	if err := rest.LoadTLSFiles(config); err != nil {
		return Kubernetes{}, fmt.Errorf("finding the API server of the simulated cloud: %w", err)
	}
	k := Kubernetes{
		Server: config.Host, CA: string(config.CAData), Token: config.BearerToken,
		Certificate: string(config.CertData), Key: string(config.KeyData),
	}
	if k.CA == "" || k.Token == "" && k.Key == "" {
		return Kubernetes{}, fmt.Errorf("%s: must hold the authority's certificate, and a token or a client certificate "+
			"with its key: the simulated cloud hands them on", path)
	}
	return k, nil
}

// Inhabitant is an object in a cluster that has something in the cloud.
type Inhabitant struct {
	// Kind is Service (of type LoadBalancer), Ingress, Gateway or PersistentVolume.
	Kind, Namespace, Name, UID string
	// Address is the first one of a load balancer; Claim is the NAMESPACE/NAME that a volume belongs to, and Handle its
	// driver's name of it.
	Address, Claim, Handle string
	Made                   time.Time
}

// listTimeout is how long the API server may take to list objects.
const listTimeout = 15 * time.Second

// inhabitants are the entries that objects in the newest cluster have made.
func (o *Operation) inhabitants() ([]Entry, error) {
	if o.cloud.Kubernetes.Server == "" || o.cloud.Inhabitant == nil {
		return nil, nil
	}
	var cluster *Entry
	clusters := o.Others(o.cloud.Cluster)
	if o.Entry.Type == o.cloud.Cluster {
		clusters = append(clusters, o.Entry)
	}
	for _, e := range clusters {
		if cluster == nil || e.Made.After(cluster.Made) {
			cluster = &e
		}
	}
	if cluster == nil {
		return nil, nil
	}
	objects, err := o.cloud.Kubernetes.list(o.ctx)
	if err != nil {
		return nil, o.Refuse("finding out which load balancers and volumes there are: %v", err)
	}
	var found []Entry
	for _, i := range objects {
		for _, e := range o.cloud.Inhabitant(o, *cluster, i) {
			e.Maker, e.Made, e.Scope = i.Kind+" "+i.label(), i.Made, cluster.Scope
			found = append(found, e)
		}
	}
	return found, nil
}

func (i Inhabitant) label() string {
	if i.Namespace == "" {
		return i.Name
	}
	return i.Namespace + "/" + i.Name
}

// list reads the Services of type LoadBalancer, the Ingresses, the Gateways and the PersistentVolumes.
func (k Kubernetes) list(ctx context.Context) ([]Inhabitant, error) {
	config := &rest.Config{
		Host: k.Server, BearerToken: k.Token,
		TLSClientConfig: rest.TLSClientConfig{
			CAData: []byte(k.CA), CertData: []byte(k.Certificate), KeyData: []byte(k.Key),
		},
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	services, err := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "services"}).
		List(ctx, metav1.ListOptions{})
	volumes, volumesErr := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "persistentvolumes"}).
		List(ctx, metav1.ListOptions{})
	if err := errors.Join(err, volumesErr); err != nil {
		return nil, err
	}
	var found []Inhabitant
	for _, s := range services.Items {
		if kind, _, _ := unstructured.NestedString(s.Object, "spec", "type"); kind == "LoadBalancer" {
			found = append(found, balancer(s))
		}
	}
	for kind, resource := range map[string]schema.GroupVersionResource{
		"Ingress": {Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"},
		"Gateway": {Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"},
	} {
		list, err := client.Resource(resource).List(ctx, metav1.ListOptions{})
		if apierrors.IsNotFound(err) {
			continue // Nobody has defined the kind.
		}
		if err != nil {
			return nil, err
		}
		for _, o := range list.Items {
			made := balancer(o)
			made.Kind = kind
			found = append(found, made)
		}
	}
	for _, v := range volumes.Items {
		found = append(found, volume(v))
	}
	return found, nil
}

func inhabitant(o unstructured.Unstructured) Inhabitant {
	return Inhabitant{
		Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName(), UID: string(o.GetUID()),
		Made: o.GetCreationTimestamp().UTC(),
	}
}

func balancer(o unstructured.Unstructured) Inhabitant {
	i := inhabitant(o)
	i.Kind = "Service"
	ingress, _, _ := unstructured.NestedSlice(o.Object, "status", "loadBalancer", "ingress")
	if len(ingress) > 0 {
		if first, ok := ingress[0].(map[string]any); ok {
			i.Address = written(first["ip"]) + written(first["hostname"])
		}
	}
	return i
}

func volume(o unstructured.Unstructured) Inhabitant {
	i := inhabitant(o)
	i.Kind = "PersistentVolume"
	namespace, _, _ := unstructured.NestedString(o.Object, "spec", "claimRef", "namespace")
	name, _, _ := unstructured.NestedString(o.Object, "spec", "claimRef", "name")
	i.Claim = namespace + "/" + name
	i.Handle, _, _ = unstructured.NestedString(o.Object, "spec", "csi", "volumeHandle")
	return i
}

// value answers a template.
func (k Kubernetes) value(name string) string {
	switch name {
	case "kubernetes.server":
		return k.Server
	case "kubernetes.ca":
		return base64.StdEncoding.EncodeToString([]byte(k.CA))
	}
	return strings.TrimPrefix(k.Server, "https://")
}
