package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
)

const (
	// region is where all nodes are.
	region = "local"
	// storageClass is the name of the default StorageClass.
	storageClass = "standard"
	// provisioner is the name under which the volumes controller serves the StorageClass.
	provisioner = "plinth.local/simulated"
	// podNetwork holds the addresses of all pods. No packet ever goes there.
	podNetwork = "10.244.0.0/16"
)

// machine is one simulated node.
type machine struct {
	name, zone, address, podNetwork string
}

// machines returns the nodes: one in each of three zones, as a production cluster has.
func machines() []machine {
	return []machine{
		{name: "node-1", zone: "local-a", address: "10.0.1.10", podNetwork: "10.244.0.0/18"},
		{name: "node-2", zone: "local-b", address: "10.0.2.10", podNetwork: "10.244.64.0/18"},
		{name: "node-3", zone: "local-c", address: "10.0.3.10", podNetwork: "10.244.128.0/18"},
	}
}

// seed creates what is there on a new cluster before anybody uses it: nodes and a StorageClass. What exists is left
// alone. It waits until the API server answers.
func seed(ctx context.Context, client kubernetes.Interface) error {
	create := func(ctx context.Context) error {
		for _, m := range machines() {
			_, err := client.CoreV1().Nodes().Create(ctx, m.node(), metav1.CreateOptions{})
			if err != nil && !apierrors.IsAlreadyExists(err) {
				return fmt.Errorf("creating the node %s: %w", m.name, err)
			}
		}
		_, err := client.StorageV1().StorageClasses().Create(ctx, standardClass(), metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("creating the StorageClass %s: %w", storageClass, err)
		}
		return nil
	}
	var last error
	err := wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, time.Minute, true,
		func(ctx context.Context) (bool, error) {
			last = create(ctx)
			return last == nil, nil
		})
	if err != nil && last != nil {
		return last
	}
	return err
}

// node returns the object of a machine. Its capacity is there from the start; KWOK adds that it is Ready.
func (m machine) node() *corev1.Node {
	capacity := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("256"),
		corev1.ResourceMemory:           resource.MustParse("1Ti"),
		corev1.ResourceEphemeralStorage: resource.MustParse("10Ti"),
		corev1.ResourcePods:             resource.MustParse("5000"),
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: m.name,
			Labels: map[string]string{
				corev1.LabelHostname:           m.name,
				corev1.LabelOSStable:           "linux",
				corev1.LabelArchStable:         "amd64",
				corev1.LabelTopologyRegion:     region,
				corev1.LabelTopologyZone:       m.zone,
				corev1.LabelInstanceTypeStable: "simulated",
			},
		},
		Spec: corev1.NodeSpec{PodCIDR: m.podNetwork, PodCIDRs: []string{m.podNetwork}},
		Status: corev1.NodeStatus{
			Capacity:    capacity,
			Allocatable: capacity,
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: m.address},
				{Type: corev1.NodeHostName, Address: m.name},
			},
		},
	}
}

// standardClass returns the default StorageClass. Like those of the large clouds it binds a claim when a pod first
// needs it, and lets it grow.
func standardClass() *storagev1.StorageClass {
	return &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{
			Name:        storageClass,
			Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"},
		},
		Provisioner:          provisioner,
		ReclaimPolicy:        ptr.To(corev1.PersistentVolumeReclaimDelete),
		VolumeBindingMode:    ptr.To(storagev1.VolumeBindingWaitForFirstConsumer),
		AllowVolumeExpansion: ptr.To(true),
	}
}
