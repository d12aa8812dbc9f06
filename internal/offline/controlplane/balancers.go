package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

const (
	// balancerNetwork is set aside for documentation (RFC 5737, TEST-NET-3): no address in it is ever anybody's, so a
	// simulated one cannot be taken for a real one.
	balancerNetwork = "203.0.113.0"
	// balancerAddresses is how many of its addresses can be given: all but the first and the last.
	balancerAddresses = 254
)

// balancers is what a cloud's load balancers are on a real cluster: it gives each Service of type LoadBalancer an
// address. A Service keeps its address, and gets the same again after it was deleted and made anew, unless another one
// has taken it in between.
type balancers struct {
	*loop
	client   kubernetes.Interface
	services corelisters.ServiceLister
}

// newBalancers returns the controller. The factory is to be started afterwards.
func newBalancers(client kubernetes.Interface, factory informers.SharedInformerFactory) (*balancers, error) {
	services := factory.Core().V1().Services()
	b := &balancers{client: client, services: services.Lister()}
	l, err := newLoop("load balancers", services.Informer(), b.reconcile)
	if err != nil {
		return nil, err
	}
	b.loop = l
	return b, nil
}

// reconcile gives one Service its address. A Service with a load balancer class asks for another implementation.
func (b *balancers) reconcile(ctx context.Context, key string) error {
	namespace, name, err := cache.SplitMetaNamespaceKey(key)
	if err != nil {
		return err
	}
	service, err := b.services.Services(namespace).Get(name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if service.DeletionTimestamp != nil || service.Spec.Type != corev1.ServiceTypeLoadBalancer ||
		service.Spec.LoadBalancerClass != nil || len(service.Status.LoadBalancer.Ingress) > 0 {
		return nil
	}
	// The cache may not yet hold the address that was given last, so ask the API server which are taken.
	all, err := b.client.CoreV1().Services(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing services: %w", err)
	}
	taken := map[string]bool{}
	for _, other := range all.Items {
		for _, ingress := range other.Status.LoadBalancer.Ingress {
			taken[ingress.IP] = true
		}
	}
	address, err := pick(key, taken)
	if err != nil {
		return err
	}
	service = service.DeepCopy()
	service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: address}}
	_, err = b.client.CoreV1().Services(namespace).UpdateStatus(ctx, service, metav1.UpdateOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("giving it the address %s: %w", address, err)
	}
	return nil
}

// pick returns a free address: the one that the key hashes to, or else the next free one.
func pick(key string, taken map[string]bool) (string, error) {
	network, err := netip.ParseAddr(balancerNetwork)
	if err != nil {
		return "", fmt.Errorf("reading the network of load balancers: %w", err)
	}
	octets := network.As4()
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(key)) // A hash never fails to write.
	for i := range uint32(balancerAddresses) {
		octets[3] = byte(1 + (hash.Sum32()+i)%balancerAddresses)
		if address := netip.AddrFrom4(octets).String(); !taken[address] {
			return address, nil
		}
	}
	return "", fmt.Errorf("all %d load balancer addresses in %s/24 are taken: delete a Service of type LoadBalancer",
		balancerAddresses, balancerNetwork)
}
