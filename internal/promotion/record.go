package promotion

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	// suffix of the ConfigMap's name.
	suffix = "-promotion"
	// label tells such ConfigMaps from others.
	label = "plinth/promotion"
	// recordKey is where the record is in one.
	recordKey = "record"
	// manager is who the API server says has changed what this package changes.
	manager = "plinth-promote"
)

// record is how far a promotion has come. What is set has been done, or is being done.
type record struct {
	// To is the replica's pod; empty until one is chosen.
	To string `json:"to,omitempty"`
	// Clean says that the old primary answered, and the replicas streamed, right before it was stopped: a server that is
	// asked to stop sends them everything first.
	Clean bool `json:"clean,omitempty"`
	// Old is the volume of the old primary, and New that of the replica.
	Old *volume `json:"old,omitempty"`
	New *volume `json:"new,omitempty"`
	// Claim is the old primary's claim, to be made again.
	Claim *corev1.PersistentVolumeClaim `json:"claim,omitempty"`
	// ReplicaClaim is the UID of the replica's claim on New.
	ReplicaClaim string `json:"replicaClaim,omitempty"`
	// Promoted says that the replica has become a primary.
	Promoted bool `json:"promoted,omitempty"`
}

// volume is a persistent volume, with the reclaim policy that it had and is to have again.
type volume struct {
	Name   string                               `json:"name"`
	Policy corev1.PersistentVolumeReclaimPolicy `json:"policy"`
}

// Unfinished lists the databases in a namespace whose promotion was interrupted.
func Unfinished(ctx context.Context, client kubernetes.Interface, namespace string) ([]string, error) {
	maps, err := client.CoreV1().ConfigMaps(namespace).List(ctx, metav1.ListOptions{LabelSelector: label})
	if err != nil {
		return nil, fmt.Errorf("looking for interrupted promotions: %w", err)
	}
	var databases []string
	for i := range maps.Items {
		databases = append(databases, strings.TrimSuffix(maps.Items[i].Name, suffix))
	}
	return databases, nil
}

// load reads the record; found is false where no promotion is under way.
func (p *Promotion) load(ctx context.Context) (found bool, err error) {
	m, err := p.Client.CoreV1().ConfigMaps(p.Namespace).Get(ctx, p.Database+suffix, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for an interrupted promotion: %w", err)
	}
	if err := json.Unmarshal([]byte(m.Data[recordKey]), &p.record); err != nil {
		return false, fmt.Errorf("reading how far the interrupted promotion has come (config map %s): %w", m.Name, err)
	}
	return true, nil
}

// save notes how far the promotion has come.
func (p *Promotion) save(ctx context.Context) error {
	text, err := json.Marshal(p.record)
	if err != nil {
		return fmt.Errorf("noting how far the promotion has come: %w", err)
	}
	m := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Name: p.Database + suffix, Namespace: p.Namespace, Labels: map[string]string{label: p.Database},
		},
		Data: map[string]string{recordKey: string(text)},
	}
	maps := p.Client.CoreV1().ConfigMaps(p.Namespace)
	_, err = maps.Update(ctx, m, metav1.UpdateOptions{FieldManager: manager})
	if apierrors.IsNotFound(err) {
		_, err = maps.Create(ctx, m, metav1.CreateOptions{FieldManager: manager})
	}
	if err != nil {
		return fmt.Errorf("noting how far the promotion has come: %w", err)
	}
	return nil
}

// forget ends the promotion.
func (p *Promotion) forget(ctx context.Context) error {
	err := p.Client.CoreV1().ConfigMaps(p.Namespace).Delete(ctx, p.Database+suffix, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("ending the promotion: %w", err)
	}
	return nil
}
