package offline_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"plinth/internal/offline"
)

const (
	// soon is how long anything in the simulated cluster may take.
	soon = 60 * time.Second
	// longEnough is how long something that must not happen is waited for.
	longEnough = 5 * time.Second
)

func TestEmbeddedClusterRunsWhatApplicationsNeed(t *testing.T) {
	c := startCluster(t, filepath.Join(t.TempDir(), "cluster"))

	t.Run("nodes are in three zones and nothing keeps pods off them", func(t *testing.T) {
		var got []string
		for _, node := range c.list(t, "", "nodes") {
			labels := node.GetLabels()
			taints, _, _ := unstructured.NestedSlice(node.Object, "spec", "taints")
			got = append(got, fmt.Sprintf("%s %s %s %d", node.GetName(), labels["topology.kubernetes.io/region"],
				labels["topology.kubernetes.io/zone"], len(taints)))
		}
		want := "node-1 local local-a 0, node-2 local local-b 0, node-3 local local-c 0"
		if strings.Join(got, ", ") != want {
			t.Errorf("got the nodes %q, want %q", got, want)
		}
	})

	t.Run("it tells its version", func(t *testing.T) {
		client, err := discovery.NewDiscoveryClientForConfig(c.config)
		if err != nil {
			t.Fatal(err)
		}
		version, err := client.ServerVersion()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := version.GitVersion, "v1.36.3"; got != want {
			t.Errorf("got the version %s, want %s", got, want)
		}
	})

	t.Run("a StatefulSet with a claim becomes ready and spreads over the zones", func(t *testing.T) {
		namespace := c.namespace(t, "stateful", "")
		c.create(t, namespace, "statefulsets", statefulSet)
		c.await(t, namespace, "statefulsets", "db", "3 ready replicas", func(o *unstructured.Unstructured) bool {
			return number(o, "status", "readyReplicas") == 3
		})
		nodes := map[string]bool{}
		for _, pod := range c.list(t, namespace, "pods") {
			nodes[text(&pod, "spec", "nodeName")] = true
		}
		if len(nodes) != 3 {
			t.Errorf("the three pods are on %d nodes, want 3", len(nodes))
		}
		claim := c.get(t, namespace, "persistentvolumeclaims", "data-db-0")
		got := text(claim, "status", "phase") + " " + text(claim, "spec", "storageClassName")
		if want := "Bound standard"; got != want {
			t.Errorf("got the claim %q, want %q", got, want)
		}
	})

	t.Run("a claim and its volume grow", func(t *testing.T) {
		namespace := c.namespace(t, "growing", "")
		c.create(t, namespace, "statefulsets", statefulSet)
		claim := c.await(t, namespace, "persistentvolumeclaims", "data-db-0", "bound", isBound)
		c.patch(t, namespace, "persistentvolumeclaims", "data-db-0", `spec: {resources: {requests: {storage: 5Gi}}}`)
		c.await(t, namespace, "persistentvolumeclaims", "data-db-0", "5Gi", func(o *unstructured.Unstructured) bool {
			return text(o, "status", "capacity", "storage") == "5Gi"
		})
		volume := c.get(t, "", "persistentvolumes", text(claim, "spec", "volumeName"))
		if got := text(volume, "spec", "capacity", "storage"); got != "5Gi" {
			t.Errorf("the volume holds %s, want 5Gi", got)
		}
	})

	t.Run("a Job completes", func(t *testing.T) {
		namespace := c.namespace(t, "job", "")
		c.create(t, namespace, "jobs", job)
		c.await(t, namespace, "jobs", "migrate", "complete", func(o *unstructured.Unstructured) bool {
			return condition(o, "Complete") == "True"
		})
	})

	t.Run("a LoadBalancer Service gets an address and gets it again", func(t *testing.T) {
		namespace := c.namespace(t, "balanced", "")
		address := func() string {
			c.create(t, namespace, "services", loadBalancer)
			service := c.await(t, namespace, "services", "web", "an address", func(o *unstructured.Unstructured) bool {
				return balancerAddress(o) != ""
			})
			return balancerAddress(service)
		}
		first := address()
		if !strings.HasPrefix(first, "203.0.113.") {
			t.Errorf("got the address %s, want one in 203.0.113.0/24", first)
		}
		c.remove(t, namespace, "services", "web")
		if second := address(); second != first {
			t.Errorf("got the address %s at first and %s after the Service was made anew", first, second)
		}
	})

	t.Run("a pod that violates restricted Pod Security is refused", func(t *testing.T) {
		namespace := c.namespace(t, "restricted", "restricted")
		_, err := c.resource(t, namespace, "pods").Create(t.Context(), object(t, privilegedPod), metav1.CreateOptions{})
		if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `violates PodSecurity "restricted:latest"`) {
			t.Errorf("got %v, want it forbidden by Pod Security", err)
		}
	})

	t.Run("a claim of a StorageClass that does not exist stays pending, and so does its pod", func(t *testing.T) {
		namespace := c.namespace(t, "unbound", "")
		c.create(t, namespace, "persistentvolumeclaims", claimOfNoClass)
		c.create(t, namespace, "pods", podWithClaim)
		time.Sleep(longEnough)
		claim, pod := c.get(t, namespace, "persistentvolumeclaims", "data"), c.get(t, namespace, "pods", "web")
		got := text(claim, "status", "phase") + " " + text(pod, "status", "phase")
		if got != "Pending Pending" {
			t.Errorf("got %q, want %q", got, "Pending Pending")
		}
	})

	t.Run("deleting a claim waits for its pod, then takes the volume along", func(t *testing.T) {
		namespace := c.namespace(t, "protected", "")
		c.create(t, namespace, "persistentvolumeclaims", claim)
		c.create(t, namespace, "pods", podWithClaim)
		bound := c.await(t, namespace, "persistentvolumeclaims", "data", "bound", isBound)
		c.await(t, namespace, "pods", "web", "running", func(o *unstructured.Unstructured) bool {
			return condition(o, "Ready") == "True"
		})
		c.delete(t, namespace, "persistentvolumeclaims", "data")
		time.Sleep(longEnough)
		if c.get(t, namespace, "persistentvolumeclaims", "data").GetDeletionTimestamp() == nil {
			t.Error("the claim is not being deleted")
		}
		c.delete(t, namespace, "pods", "web")
		c.awaitGone(t, namespace, "persistentvolumeclaims", "data")
		c.awaitGone(t, "", "persistentvolumes", text(bound, "spec", "volumeName"))
	})

	t.Run("a volume of a class that retains outlives its claim", func(t *testing.T) {
		namespace := c.namespace(t, "retained", "")
		c.create(t, "", "storageclasses", retainingClass)
		c.create(t, namespace, "persistentvolumeclaims", claimToRetain)
		bound := c.await(t, namespace, "persistentvolumeclaims", "data", "bound", isBound)
		c.remove(t, namespace, "persistentvolumeclaims", "data")
		c.await(t, "", "persistentvolumes", text(bound, "spec", "volumeName"), "released",
			func(o *unstructured.Unstructured) bool { return text(o, "status", "phase") == "Released" })
	})

	t.Run("deleting a namespace with everything in it finishes", func(t *testing.T) {
		namespaces := []string{
			"stateful", "growing", "job", "balanced", "restricted", "unbound", "protected", "retained",
		}
		for _, name := range namespaces {
			c.delete(t, "", "namespaces", name)
		}
		for _, name := range namespaces {
			c.awaitGone(t, "", "namespaces", name)
		}
		deadline := time.Now().Add(soon)
		for len(c.list(t, "", "persistentvolumes")) > 1 && time.Now().Before(deadline) {
			time.Sleep(100 * time.Millisecond)
		}
		for _, volume := range c.list(t, "", "persistentvolumes") {
			if text(&volume, "spec", "storageClassName") != "retaining" {
				t.Errorf("the volume %s is left", volume.GetName())
			}
		}
	})
}

func TestStartOfARunningClusterReturnsIt(t *testing.T) {
	c := startCluster(t, filepath.Join(t.TempDir(), "cluster"))
	before := c.pids(t)
	again := startCluster(t, c.dir)
	if again.kubeconfig != c.kubeconfig {
		t.Errorf("got the kubeconfig %s, then %s", c.kubeconfig, again.kubeconfig)
	}
	if after := again.pids(t); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the processes were %v, then %v", before, after)
	}
}

func TestTwoStartsAtOnceStartOneCluster(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cluster")
	options := offline.ClusterOptions{Dir: dir, Binary: controlPlane(t), Log: t.Logf}
	t.Cleanup(func() { stopCluster(t, dir) })
	results := make(chan error, 2)
	for range cap(results) {
		go func() {
			_, err := offline.Start(context.WithoutCancel(t.Context()), options)
			results <- err
		}()
	}
	for range cap(results) {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if !offline.Running(dir) {
		t.Error("the cluster is not running")
	}
}

func TestAClusterWhoseProcessesWereKilledStartsAgainOnItsData(t *testing.T) {
	c := startCluster(t, filepath.Join(t.TempDir(), "cluster"))
	namespace := c.namespace(t, "kept", "")
	c.create(t, namespace, "statefulsets", statefulSet)
	ready := func(o *unstructured.Unstructured) bool { return number(o, "status", "readyReplicas") == 3 }
	c.await(t, namespace, "statefulsets", "db", "ready", ready)
	before := c.get(t, "", "namespaces", "kept").GetUID()

	for _, pid := range c.pids(t) {
		kill(t, pid)
	}
	// At once: some of them are still dying.
	again := startCluster(t, c.dir)
	if after := again.get(t, "", "namespaces", "kept").GetUID(); after != before {
		t.Errorf("the namespace was %s, and is %s", before, after)
	}
	again.patch(t, namespace, "statefulsets", "db", `spec: {replicas: 4}`)
	again.await(t, namespace, "statefulsets", "db", "a fourth ready replica", func(o *unstructured.Unstructured) bool {
		return number(o, "status", "readyReplicas") == 4
	})
}

func TestAProcessThatDiedIsReplacedAlone(t *testing.T) {
	c := startCluster(t, filepath.Join(t.TempDir(), "cluster"))
	before := c.pids(t)
	kill(t, before["kwok"])
	deadline := time.Now().Add(soon)
	for offline.Running(c.dir) && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if offline.Running(c.dir) {
		t.Error("a cluster that lacks a process counts as running")
	}
	after := startCluster(t, c.dir).pids(t)
	for name, pid := range after {
		if (pid != before[name]) != (name == "kwok") {
			t.Errorf("%s was process %d and is %d", name, before[name], pid)
		}
	}
}

func TestAClusterWhoseFolderWasRemovedEnds(t *testing.T) {
	c := startCluster(t, filepath.Join(t.TempDir(), "cluster"))
	pids := c.pids(t)
	if err := os.RemoveAll(c.dir); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(soon)
	for name, pid := range pids {
		for !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			if time.Now().After(deadline) {
				t.Fatalf("%s (process %d) lives on", name, pid)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}

func TestStopLeavesNoProcessAndNoFile(t *testing.T) {
	parent := t.TempDir()
	c := startCluster(t, filepath.Join(parent, "cluster"))
	pids := c.pids(t)
	if err := offline.Stop(t.Context(), c.dir); err != nil {
		t.Fatal(err)
	}
	for name, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s (process %d) is left: %v", name, pid, err)
		}
	}
	entries, err := os.ReadDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		t.Errorf("%s is left", entry.Name())
	}
	if offline.Running(c.dir) {
		t.Error("it still counts as running")
	}
}

func TestStopWithoutAClusterDoesNothing(t *testing.T) {
	if err := offline.Stop(t.Context(), filepath.Join(t.TempDir(), "cluster")); err != nil {
		t.Error(err)
	}
}

func TestStopRefusesAFolderThatIsNoCluster(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "precious")
	if err := os.WriteFile(precious, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	want := "stopping the embedded cluster in " + dir + ": cluster.json is missing, so this is not the folder of a " +
		"cluster: remove it yourself if you are sure"
	if err := offline.Stop(t.Context(), dir); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
}

func TestAProgramThatEndsAtOnceFailsTheStartWithItsLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cluster")
	binary := filepath.Join(t.TempDir(), "controlplane")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\necho \"no luck with $1\" >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := offline.Start(t.Context(), offline.ClusterOptions{Dir: dir, Binary: binary})
	want := "starting the embedded cluster in " + dir + ": etcd has ended; its log, " +
		filepath.Join(dir, "logs", "etcd.log") + ", ends with:\n  no luck with etcd"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestBuildingOutsideTheProjectFails(t *testing.T) {
	dir := t.TempDir()
	err := offline.BuildControlPlane(t.Context(), dir, filepath.Join(dir, "bin", "controlplane"), nil)
	want := "building the control plane in " + filepath.Join(dir, "internal", "offline", "controlplane") +
		": no sources there; is this Plinth's project folder?"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestTheKubeconfigAndKeysAreTheirOwnersAlone(t *testing.T) {
	c := startCluster(t, filepath.Join(t.TempDir(), "cluster"))
	err := filepath.WalkDir(c.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if shared := info.Mode().Perm() & 0o077; shared != 0 && path == c.dir {
			t.Errorf("%s has mode %s: others can enter", path, info.Mode())
		} else if shared != 0 && strings.Contains(path, "pki") || shared != 0 && path == c.kubeconfig {
			t.Errorf("%s has mode %s: others can read it", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// cluster is a running cluster and a client of it.
type cluster struct {
	dir, kubeconfig string
	config          *rest.Config
	client          dynamic.Interface
}

// controlPlane returns the path of the control plane program, built if need be.
func controlPlane(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts an embedded cluster")
	}
	binary := filepath.Join("..", "..", ".plinth", "bin", "controlplane")
	if err := offline.BuildControlPlane(t.Context(), filepath.Join("..", ".."), binary, t.Logf); err != nil {
		t.Fatal(err)
	}
	return binary
}

// startCluster starts the cluster in a folder, and stops it after the test.
func startCluster(t *testing.T, dir string) *cluster {
	t.Helper()
	binary, began := controlPlane(t), time.Now()
	started, err := offline.Start(t.Context(), offline.ClusterOptions{Dir: dir, Binary: binary, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %s", time.Since(began).Round(time.Millisecond))
	t.Cleanup(func() { stopCluster(t, dir) })
	config, err := clientcmd.BuildConfigFromFlags("", started.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{dir: dir, kubeconfig: started.Kubeconfig(), config: config, client: client}
}

// stopCluster stops the cluster in a folder, if there is one.
func stopCluster(t *testing.T, dir string) {
	t.Helper()
	if err := offline.Stop(context.WithoutCancel(t.Context()), dir); err != nil {
		t.Error(err)
	}
}

// pids returns the processes by component.
func (c *cluster) pids(t *testing.T) map[string]int {
	t.Helper()
	pids := map[string]int{}
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"} {
		content, err := os.ReadFile(filepath.Join(c.dir, "run", name+".pid"))
		if err != nil {
			t.Fatal(err)
		}
		if pids[name], err = strconv.Atoi(strings.TrimSpace(string(content))); err != nil {
			t.Fatal(err)
		}
	}
	return pids
}

// kill kills a process.
func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// resource returns the client of a kind of objects, by its plural name.
func (c *cluster) resource(t *testing.T, namespace, plural string) dynamic.ResourceInterface {
	t.Helper()
	groups := map[string]string{"statefulsets": "apps", "jobs": "batch", "storageclasses": "storage.k8s.io"}
	kind := schema.GroupVersionResource{Group: groups[plural], Version: "v1", Resource: plural}
	if namespace == "" {
		return c.client.Resource(kind)
	}
	return c.client.Resource(kind).Namespace(namespace)
}

// namespace creates a namespace whose Pod Security level is enforced unless it is empty. It waits for the service
// account without which no pod can be created.
func (c *cluster) namespace(t *testing.T, name, enforce string) string {
	t.Helper()
	namespace := object(t, "{apiVersion: v1, kind: Namespace}")
	namespace.SetName(name)
	if enforce != "" {
		namespace.SetLabels(map[string]string{"pod-security.kubernetes.io/enforce": enforce})
	}
	if _, err := c.resource(t, "", "namespaces").Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.await(t, name, "serviceaccounts", "default", "there", func(*unstructured.Unstructured) bool { return true })
	return name
}

// create creates an object.
func (c *cluster) create(t *testing.T, namespace, plural, manifest string) {
	t.Helper()
	_, err := c.resource(t, namespace, plural).Create(t.Context(), object(t, manifest), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// patch merges a patch into an object.
func (c *cluster) patch(t *testing.T, namespace, plural, name, patch string) {
	t.Helper()
	merge, err := yaml.YAMLToJSON([]byte(patch))
	if err != nil {
		t.Fatal(err)
	}
	objects := c.resource(t, namespace, plural)
	_, err = objects.Patch(t.Context(), name, types.MergePatchType, merge, metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// get returns an object.
func (c *cluster) get(t *testing.T, namespace, plural, name string) *unstructured.Unstructured {
	t.Helper()
	o, err := c.resource(t, namespace, plural).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// list returns all objects.
func (c *cluster) list(t *testing.T, namespace, plural string) []unstructured.Unstructured {
	t.Helper()
	list, err := c.resource(t, namespace, plural).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// delete asks for an object's end.
func (c *cluster) delete(t *testing.T, namespace, plural, name string) {
	t.Helper()
	if err := c.resource(t, namespace, plural).Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// remove deletes an object and waits until it is gone.
func (c *cluster) remove(t *testing.T, namespace, plural, name string) {
	t.Helper()
	c.delete(t, namespace, plural, name)
	c.awaitGone(t, namespace, plural, name)
}

// await waits until an object satisfies a condition, and returns it.
func (c *cluster) await(
	t *testing.T, namespace, plural, name, what string, met func(*unstructured.Unstructured) bool,
) *unstructured.Unstructured {
	t.Helper()
	deadline := time.Now().Add(soon)
	for {
		o, err := c.resource(t, namespace, plural).Get(t.Context(), name, metav1.GetOptions{})
		if err == nil && met(o) {
			return o
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s %s: not %s after %s: %v %v", plural, name, what, soon, err, o)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// awaitGone waits until an object does not exist.
func (c *cluster) awaitGone(t *testing.T, namespace, plural, name string) {
	t.Helper()
	deadline := time.Now().Add(soon)
	for {
		o, err := c.resource(t, namespace, plural).Get(t.Context(), name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s %s: not gone after %s: %v %v", plural, name, soon, err, o)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// object decodes a manifest.
func object(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), &o.Object); err != nil {
		t.Fatal(err)
	}
	return o
}

// text returns a string field, or an empty string.
func text(o *unstructured.Unstructured, path ...string) string {
	s, _, _ := unstructured.NestedString(o.Object, path...)
	return s
}

// isBound reports whether a claim has its volume.
func isBound(claim *unstructured.Unstructured) bool { return text(claim, "status", "phase") == "Bound" }

// number returns an integer field, or 0.
func number(o *unstructured.Unstructured, path ...string) int64 {
	n, _, _ := unstructured.NestedInt64(o.Object, path...)
	return n
}

// condition returns the status of a condition, or an empty string.
func condition(o *unstructured.Unstructured, kind string) string {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, item := range conditions {
		if c, ok := item.(map[string]any); ok && c["type"] == kind {
			return fmt.Sprint(c["status"])
		}
	}
	return ""
}

// balancerAddress returns the address of a Service's load balancer, or an empty string.
func balancerAddress(o *unstructured.Unstructured) string {
	addresses, _, _ := unstructured.NestedSlice(o.Object, "status", "loadBalancer", "ingress")
	for _, item := range addresses {
		if a, ok := item.(map[string]any); ok {
			return fmt.Sprint(a["ip"])
		}
	}
	return ""
}

// Manifests. The images exist nowhere: none is pulled.
const (
	statefulSet = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 3
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: topology.kubernetes.io/zone
        whenUnsatisfiable: DoNotSchedule
        labelSelector: {matchLabels: {app: db}}
      containers:
      - name: db
        image: example.com/db:1
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`
	job = `
apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec:
  completions: 2
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: "example.com/migrate:1"}]
`
	loadBalancer = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}
`
	privilegedPod = `
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: "example.com/web:1", securityContext: {privileged: true}}]}
`
	podWithClaim = `
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers: [{name: web, image: "example.com/web:1", volumeMounts: [{name: data, mountPath: /data}]}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
`
	claim = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`
	claimOfNoClass = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {storageClassName: fast, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`
	claimToRetain = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {storageClassName: retaining, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`
	retainingClass = `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: retaining}
provisioner: plinth.local/simulated
reclaimPolicy: Retain
volumeBindingMode: Immediate
`
)
