//go:build e2e && e2eall

package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// volumes are the claims of a namespace, each with the volume it is bound to.
func (c *cluster) volumes(t *testing.T, namespace string) []string {
	t.Helper()
	claims, err := c.CoreV1().PersistentVolumeClaims(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, claim := range claims.Items {
		volume, err := c.CoreV1().PersistentVolumes().Get(t.Context(), claim.Spec.VolumeName, metav1.GetOptions{})
		if err != nil {
			t.Fatalf("volume of claim %s: %v", claim.Name, err)
		}
		out = append(out, fmt.Sprintf("%s %s at %s %s", claim.Name, claim.UID, volume.Name, volume.Status.Phase))
	}
	slices.Sort(out)
	return out
}

// left are the objects that a namespace holds, besides volume claims and what the cluster itself puts there.
func (c *cluster) left(t *testing.T, namespace string) []string {
	t.Helper()
	ctx, all := t.Context(), metav1.ListOptions{}
	var out []string
	note := func(kind string, names []string, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if name != "kube-root-ca.crt" && name != "default" {
				out = append(out, kind+" "+name)
			}
		}
	}
	pods, err := c.CoreV1().Pods(namespace).List(ctx, all)
	note("pod", names(pods.Items, func(o corev1.Pod) string { return o.Name }), err)
	services, err := c.CoreV1().Services(namespace).List(ctx, all)
	note("service", names(services.Items, func(o corev1.Service) string { return o.Name }), err)
	secrets, err := c.CoreV1().Secrets(namespace).List(ctx, all)
	note("secret", names(secrets.Items, func(o corev1.Secret) string { return o.Name }), err)
	files, err := c.CoreV1().ConfigMaps(namespace).List(ctx, all)
	note("config map", names(files.Items, func(o corev1.ConfigMap) string { return o.Name }), err)
	accounts, err := c.CoreV1().ServiceAccounts(namespace).List(ctx, all)
	note("account", names(accounts.Items, func(o corev1.ServiceAccount) string { return o.Name }), err)
	quotas, err := c.CoreV1().ResourceQuotas(namespace).List(ctx, all)
	note("quota", names(quotas.Items, func(o corev1.ResourceQuota) string { return o.Name }), err)
	return out
}

func names[T any](items []T, name func(T) string) []string {
	var out []string
	for _, item := range items {
		out = append(out, name(item))
	}
	return out
}

func (c *cluster) makeNamespace(t *testing.T, name string) {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := c.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) deleteNamespace(t *testing.T, name string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	if err := c.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		t.Error(err)
	}
}

func (c *cluster) namespaceLabels(t *testing.T, name string) map[string]string {
	t.Helper()
	namespace, err := c.CoreV1().Namespaces().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return namespace.Labels
}
