//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/remotecommand"
)

// cluster is the real one.
type cluster struct {
	kubernetes.Interface
	rest *rest.Config
}

// connect leads to the cluster of KUBECONFIG.
func connect(t *testing.T) *cluster {
	t.Helper()
	if os.Getenv("KUBECONFIG") == "" {
		t.Fatal("the live tests need a cluster: set KUBECONFIG")
	}
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{Interface: client, rest: cfg}
}

// exec runs a command in a running pod of the app and returns what it printed.
func (c *cluster) exec(t *testing.T, namespace, app string, command ...string) (string, error) {
	t.Helper()
	pods := c.pods(t, namespace, app)
	if len(pods) == 0 {
		t.Fatalf("no running pod of %s in namespace %s", app, namespace)
	}
	return c.execIn(t, namespace, pods[0].Name, pods[0].Spec.Containers[0].Name, command...)
}

// execIn runs a command in a container and returns what it printed.
func (c *cluster) execIn(t *testing.T, namespace, pod, container string, command ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req := c.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{
			Container: container, Command: command, Stdout: true, Stderr: true,
		}, scheme.ParameterCodec)
	executor, err := remotecommand.NewWebSocketExecutor(c.rest, "GET", req.URL().String())
	if err != nil {
		t.Fatal(err)
	}
	var out, diagnostics bytes.Buffer
	err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &out, Stderr: &diagnostics})
	if err != nil {
		err = fmt.Errorf("%w: %s", err, diagnostics.String())
	}
	return out.String(), err
}

// pods are the app's pods that run and are not about to go.
func (c *cluster) pods(t *testing.T, namespace, app string) []corev1.Pod {
	t.Helper()
	list, err := c.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{
		LabelSelector: "app.kubernetes.io/name=" + app,
	})
	if err != nil {
		t.Fatal(err)
	}
	var running []corev1.Pod
	for _, pod := range list.Items {
		if pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil {
			running = append(running, pod)
		}
	}
	return running
}

// leaving counts the app's pods that are about to go.
func (c *cluster) leaving(namespace, app string) (string, error) {
	list, err := c.CoreV1().Pods(namespace).List(context.Background(), metav1.ListOptions{
		LabelSelector: "app.kubernetes.io/name=" + app,
	})
	if err != nil {
		return "", err
	}
	leaving := 0
	for _, pod := range list.Items {
		if pod.DeletionTimestamp != nil {
			leaving++
		}
	}
	return fmt.Sprint(leaving), nil
}

// fetch is a program for the test application's image that prints the status and the body of a URL.
const fetch = `import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=4).read().decode())`

// get fetches a URL from inside a pod of the app.
func (c *cluster) get(t *testing.T, namespace, app, url string) (string, error) {
	t.Helper()
	return c.exec(t, namespace, app, "python3", "-c", fetch, url)
}

// gone demands that nothing of the namespace is left: not itself, and no volume that was claimed in it.
func (c *cluster) gone(t *testing.T, namespace string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // It is asked in clean-ups too.
	namespaces, err := c.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, ns := range namespaces.Items {
		if ns.Name == namespace {
			t.Errorf("namespace %s is still there: %s", ns.Name, ns.Status.Phase)
		}
	}
	volumes, err := c.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range volumes.Items {
		if v.Spec.ClaimRef != nil && v.Spec.ClaimRef.Namespace == namespace {
			t.Errorf("volume %s of claim %s is still there: %s", v.Name, v.Spec.ClaimRef.Name, v.Status.Phase)
		}
	}
}
