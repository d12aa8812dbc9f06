package main

import (
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"plinth/internal/orphans"
)

// client reaches the embedded cluster of the project.
func (p *project) client(t *testing.T) *kubernetes.Clientset {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(p.root, ".plinth", "cluster", "kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// plant makes by hand what nobody looks after: a load balancer, a volume whose claim is gone, a ConfigMap with the
// stack's labels in another namespace, and a pod in the stack's own.
func plant(t *testing.T, client kubernetes.Interface, namespace, partOf string) {
	t.Helper()
	ctx, none := t.Context(), metav1.CreateOptions{}
	labels := map[string]string{"app.kubernetes.io/managed-by": "plinth", "app.kubernetes.io/part-of": partOf}
	must[*corev1.Service](t)(client.CoreV1().Services("default").Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "by-hand", Labels: labels},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{{Port: 80}}},
	}, none))
	must[*corev1.ConfigMap](t)(client.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "by-hand", Labels: labels},
	}, none))
	must[*corev1.PersistentVolume](t)(client.CoreV1().PersistentVolumes().Create(ctx, &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: "lost"},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
			AccessModes:                   []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
			PersistentVolumeSource:        corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/lost"}},
			ClaimRef: &corev1.ObjectReference{
				Kind: "PersistentVolumeClaim", Namespace: namespace, Name: "gone", UID: "0b8e7f6e-0000-4000-8000-000000000000",
			},
		},
	}, none))
}

func TestOrphansAreFoundAndWhatTheStackOwnsIsNone(t *testing.T) {
	p := newProject(t)
	mustContain(t, plinth(t, exitDone, "orphans", "local"), "stack local: nothing is left or forgotten (")
	plinth(t, exitDone, "up", "local")
	mustContain(t, plinth(t, exitDone, "orphans", "local"), "stack local: nothing is left or forgotten (")

	client := p.client(t)
	plant(t, client, "plinth-local", "plinth-local")
	got := plinth(t, exitLeft, "orphans", "local")
	mustContain(t, got, "  costs      PersistentVolume lost\n    where:    cluster, by it was claimed by plinth-local/gone",
		"  costs      Service default/by-hand\n    where:    cluster, by its labels",
		"  left       ConfigMap default/by-hand", "--namespace default delete services by-hand",
		"stack local: 3 that nobody looks after, of which 2 cost money")

	// A destroy does not touch them, and says so.
	got = plinth(t, exitLeft, "destroy", "local")
	mustContain(t, got, "stack local is destroyed: ", "  costs      PersistentVolume lost", "  costs      Service default/by-hand",
		"stack local: 3 that nobody looks after, of which 2 cost money")
}

func TestWhatHoldsANamespaceIsNamed(t *testing.T) {
	p := newProject(t)
	plinth(t, exitDone, "up", "local")
	client := p.client(t)
	held := must[*corev1.ConfigMap](t)(client.CoreV1().ConfigMaps("plinth-local").Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "held", Finalizers: []string{"example.com/hold"}},
	}, metav1.CreateOptions{}))

	out := &output{}
	c := &command{
		in: strings.NewReader(""), out: out, errs: out, program: withoutCloud, kill: make(chan struct{}), patience: time.Second,
	}
	code := make(chan int, 1)
	go func() { code <- c.run(t.Context(), []string{"destroy", "local"}) }()
	const said = "  held       Namespace plinth-local does not go away before:\n" +
		"    ConfigMap held (configmaps), which waits for the finalizer example.com/hold\n"
	for deadline := time.Now().Add(2 * time.Minute); !strings.Contains(out.String(), said); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("what holds the namespace is not said:\n%s", out)
			break
		}
	}
	found := p.orphansOf(t, "local")
	if len(found) == 0 || !strings.Contains(found[len(found)-1].Held+found[0].Held, "example.com/hold") {
		t.Errorf("orphans does not say what holds the namespace: %+v", found)
	}
	held.Finalizers = nil
	must[*corev1.ConfigMap](t)(client.CoreV1().ConfigMaps("plinth-local").Patch(context.Background(), "held",
		"application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}))
	if got := <-code; got != exitDone {
		t.Errorf("destroy: exit code %d, want %d\n%s", got, exitDone, out)
	}
	if strings.Count(out.String(), said) != 1 {
		t.Errorf("it is said %d times what holds the namespace, want once", strings.Count(out.String(), said))
	}
}

// orphansOf asks for them as JSON, whatever else goes on.
func (p *project) orphansOf(t *testing.T, stack string) []orphans.Orphan {
	t.Helper()
	out := &output{}
	c := &command{in: strings.NewReader(""), out: out, errs: io.Discard, program: withoutCloud, kill: make(chan struct{})}
	c.run(t.Context(), []string{"orphans", stack, "--json", "--kubeconfig", filepath.Join(p.root, ".plinth", "cluster", "kubeconfig")})
	var found []orphans.Orphan
	if err := json.Unmarshal([]byte(out.String()), &found); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return found
}
