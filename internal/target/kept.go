package target

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Kept is a namespace with what a destroy has left in it.
type Kept struct {
	// Namespace is its name.
	Namespace string
	// Claims are the volume claims in it.
	Claims []Claim
	// InUse says that the namespace is guarded, as everyone is whose stack is there: it is more than a rest.
	InUse bool
}

// Claim is a volume claim.
type Claim struct {
	// Name and Size as the claim says them.
	Name, Size string
	// Volume is what it is bound to; empty where there is none.
	Volume string
	// Stays says that the volume is not deleted with its claim.
	Stays bool
}

// Kept returns the namespaces that match a selector of labels and are not about to go, with the volume claims in them.
func (c *Cluster) Kept(ctx context.Context, selector string) ([]Kept, error) {
	kept, err := c.kept(ctx, selector)
	if err != nil {
		return nil, fmt.Errorf("looking for what was kept in %s: %w", c, err)
	}
	return kept, nil
}

func (c *Cluster) kept(ctx context.Context, selector string) ([]Kept, error) {
	config, err := c.client().ClientConfig()
	if err != nil {
		return nil, err
	}
	config.Timeout = reachTimeout
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	namespaces, err := client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, err
	}
	var found []Kept
	for _, namespace := range namespaces.Items {
		if namespace.DeletionTimestamp != nil {
			continue
		}
		kept := Kept{Namespace: namespace.Name}
		guards, err := client.NetworkingV1().NetworkPolicies(namespace.Name).List(ctx,
			metav1.ListOptions{LabelSelector: selector, Limit: 1})
		if err != nil {
			return nil, err
		}
		kept.InUse = len(guards.Items) > 0
		if kept.Claims, err = claims(ctx, client, namespace.Name); err != nil {
			return nil, err
		}
		found = append(found, kept)
	}
	return found, nil
}

// claims lists the volume claims of a namespace.
func claims(ctx context.Context, client kubernetes.Interface, namespace string) ([]Claim, error) {
	list, err := client.CoreV1().PersistentVolumeClaims(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var found []Claim
	for _, claim := range list.Items {
		if claim.DeletionTimestamp != nil {
			continue
		}
		size := claim.Spec.Resources.Requests[corev1.ResourceStorage]
		made := Claim{Name: claim.Name, Size: size.String(), Volume: claim.Spec.VolumeName}
		if made.Volume != "" {
			volume, err := client.CoreV1().PersistentVolumes().Get(ctx, made.Volume, metav1.GetOptions{})
			// Who may not see volumes is not told what becomes of them.
			made.Stays = err == nil && volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimRetain
		}
		found = append(found, made)
	}
	return found, nil
}
