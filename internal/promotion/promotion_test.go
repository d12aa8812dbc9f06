package promotion_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"plinth/internal/promotion"
)

const ns = "shop"

// world is a cluster with a database of one primary and two replicas, and the servers in it.
type world struct {
	t      *testing.T
	client *fake.Clientset
	// received is what each replica's volume holds, by volume; promoted are the volumes that are no copies any more.
	received map[string]int64
	promoted map[string]bool
	// rest is what a volume receives from the primary's end.
	rest map[string]int64
	// calls counts what was asked of the cluster and the servers; the one numbered fails fails.
	calls, fails int
	// broken are pods whose servers do not answer, and stuck says that the primary's pod never goes.
	broken map[string]bool
	stuck  bool
	slots  []string
	uid    int
	// closed says that the primary refuses writes, and applied is a volume on which all that was received is applied.
	closed  bool
	applied string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, received: map[string]int64{"pv-1": 100, "pv-2": 200}, promoted: map[string]bool{"pv-0": true},
		broken: map[string]bool{}, fails: -1,
	}
	set := func(name string, replicas int32) *appsv1.StatefulSet {
		return &appsv1.StatefulSet{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: ns}, Spec: appsv1.StatefulSetSpec{Replicas: &replicas},
		}
	}
	objects := []runtime.Object{set("main", 1), set("main-replica", 2)}
	for i, pod := range []string{"main-0", "main-replica-0", "main-replica-1"} {
		volume := fmt.Sprint("pv-", i)
		objects = append(objects, w.pod(pod), w.claim(pod, volume), &corev1.PersistentVolume{
			ObjectMeta: metav1.ObjectMeta{Name: volume},
			Spec: corev1.PersistentVolumeSpec{
				PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
				ClaimRef:                      &corev1.ObjectReference{Name: "data-" + pod, Namespace: ns, UID: "x"},
			},
		})
	}
	w.client = fake.NewClientset(objects...)
	w.client.PrependReactor("*", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if err := w.call(); err != nil {
			return true, nil, err
		}
		return w.react(action)
	})
	return w
}

func (w *world) pod(name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: ns},
		Spec:       corev1.PodSpec{NodeName: "node1"},
		Status: corev1.PodStatus{Conditions: []corev1.PodCondition{
			{Type: corev1.PodReady, Status: corev1.ConditionTrue},
		}},
	}
}

func (w *world) claim(pod, volume string) *corev1.PersistentVolumeClaim {
	w.uid++
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "data-" + pod, Namespace: ns, UID: types.UID(fmt.Sprint("uid-", w.uid))},
		Spec:       corev1.PersistentVolumeClaimSpec{VolumeName: volume},
		Status:     corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound},
	}
}

// call is one request; that of the chosen number is refused.
func (w *world) call() error {
	w.calls++
	if w.calls == w.fails {
		return errors.New("the connection broke")
	}
	return nil
}

// react plays the controllers of stateful sets and volumes.
func (w *world) react(action clienttesting.Action) (bool, runtime.Object, error) {
	tracker := w.client.Tracker()
	pods := schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	claims := schema.GroupVersionResource{Version: "v1", Resource: "persistentvolumeclaims"}
	switch action := action.(type) {
	case clienttesting.PatchAction:
		if action.GetResource().Resource != "statefulsets" {
			return false, nil, nil
		}
		switch text := string(action.GetPatch()); {
		case strings.Contains(text, `"replicas":0`) && !w.stuck:
			_ = tracker.Delete(pods, ns, "main-0")
			// A server that is asked to stop sends its replicas the rest.
			for volume, rest := range w.rest {
				w.received[volume] += rest
			}
		case strings.Contains(text, `"replicas":1`):
			if _, err := tracker.Get(claims, ns, "data-main-0"); err != nil {
				w.t.Error("the primary is started without a claim of its own: it would get an empty volume")
			}
			_ = tracker.Create(pods, w.pod("main-0"), ns)
		}
	case clienttesting.CreateAction:
		if made, ok := action.GetObject().(*corev1.PersistentVolumeClaim); ok {
			w.uid++
			made.UID, made.Status.Phase = types.UID(fmt.Sprint("uid-", w.uid)), corev1.ClaimBound
		}
	case clienttesting.DeleteAction:
		if action.GetName() == "data-main-0" && w.volumeOf("main-0") == "pv-0" {
			w.t.Error("the claim of the primary is deleted while the primary runs")
		}
		if action.GetResource() == pods {
			// The set makes the pod anew, with a claim on another volume.
			w.received["pv-9"] = 0
			_ = tracker.Add(w.claim(action.GetName(), "pv-9"))
			return true, nil, nil
		}
	}
	return false, nil, nil
}

// volumeOf is the volume that a pod's server runs on; empty where it does not run.
func (w *world) volumeOf(pod string) string {
	tracker := w.client.Tracker()
	if _, err := tracker.Get(schema.GroupVersionResource{Version: "v1", Resource: "pods"}, ns, pod); err != nil {
		return ""
	}
	object, err := tracker.Get(schema.GroupVersionResource{Version: "v1", Resource: "persistentvolumeclaims"}, ns, "data-"+pod)
	if err != nil {
		return ""
	}
	claim, _ := object.(*corev1.PersistentVolumeClaim)
	return claim.Spec.VolumeName
}

func (w *world) sql(_ context.Context, pod, statement string) (string, error) {
	if err := w.call(); err != nil {
		return "", err
	}
	volume := w.volumeOf(pod)
	if volume == "" || w.broken[pod] {
		return "", fmt.Errorf("%s does not answer", pod)
	}
	switch {
	case strings.Contains(statement, "pg_wal_lsn_diff"):
		return fmt.Sprint(w.received[volume]), nil
	case strings.Contains(statement, "pg_stat_replication"):
		return "2", nil
	case strings.Contains(statement, "pg_is_in_recovery"):
		if w.promoted[volume] {
			return "f", nil
		}
		return "t", nil
	case strings.Contains(statement, "pg_promote"):
		if old := w.volumeOf("main-0"); old != "" {
			w.t.Errorf("%s is promoted while the primary runs on %s: there are two", pod, old)
		}
		if _, err := w.client.Tracker().Get(
			schema.GroupVersionResource{Version: "v1", Resource: "persistentvolumeclaims"}, ns, "data-main-0"); err == nil {
			w.t.Error("a replica is promoted while the old primary's claim is there: it could start again")
		}
		w.promoted[volume] = true
	case strings.Contains(statement, "pg_create_physical_replication_slot"):
		w.slots = append(w.slots, statement)
	}
	return "", nil
}

func (w *world) promotion(to string) *promotion.Promotion {
	return &promotion.Promotion{
		Client: w.client, Server: promotion.Postgres{SQL: w.sql}, Say: func(string, ...any) {}, Namespace: ns, Database: "main", To: to,
		Timeout: 50 * time.Millisecond, Pause: time.Millisecond,
	}
}

// settled demands the end of a promotion of the volume.
func (w *world) settled(volume string) {
	w.t.Helper()
	if got := w.volumeOf("main-0"); got != volume {
		w.t.Errorf("the primary runs on %q, want %s", got, volume)
	}
	unfinished, err := promotion.Unfinished(context.Background(), w.client, ns)
	if err != nil || len(unfinished) > 0 {
		w.t.Errorf("unfinished: %v, %v", unfinished, err)
	}
	for _, name := range []string{"pv-0", volume} {
		found, err := w.client.CoreV1().PersistentVolumes().Get(context.Background(), name, metav1.GetOptions{})
		if err != nil || found.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete {
			w.t.Errorf("%s: %v, %v; want the policy that it had", name, found.Spec.PersistentVolumeReclaimPolicy, err)
		}
	}
	if ref := w.volume(volume).Spec.ClaimRef; ref.Name != "data-main-0" {
		w.t.Errorf("%s is claimed by %s", volume, ref.Name)
	}
}

func (w *world) volume(name string) *corev1.PersistentVolume {
	found, err := w.client.CoreV1().PersistentVolumes().Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

func TestTheReplicaThatHasReceivedMostGetsThePrimarysPlace(t *testing.T) {
	w := newWorld(t)
	result, err := w.promotion("").Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if result.Replica != "main-replica-1" || result.Kept != "" {
		t.Errorf("got %+v", result)
	}
	w.settled("pv-2")
	if len(w.slots) != 1 || !strings.Contains(w.slots[0], "'main_replica_0'") {
		t.Errorf("slots: %v, want one for the other replica", w.slots)
	}
}

func TestWhoHasReceivedMostIsAskedOnceThePrimaryHasStopped(t *testing.T) {
	w := newWorld(t)
	w.rest = map[string]int64{"pv-1": 500}
	result, err := w.promotion("").Run(t.Context())
	if err != nil || result.Replica != "main-replica-0" {
		t.Errorf("got %+v, %v", result, err)
	}
	w.settled("pv-1")
}

// Whatever is interrupted, the next try goes on, and at no time there are two primaries.
func TestAPromotionThatIsInterruptedAnywhereIsFinishedByTheNext(t *testing.T) {
	total := newWorld(t)
	if _, err := total.promotion("").Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	interrupted := 0
	for at := 1; at <= total.calls; at++ {
		w := newWorld(t)
		w.fails = at
		if _, err := w.promotion("").Run(t.Context()); err != nil {
			interrupted++
			if _, err := w.promotion("").Run(t.Context()); err != nil {
				t.Errorf("after a failure of call %d: %v", at, err)
				continue
			}
		}
		got := w.volumeOf("main-0")
		if !w.promoted[got] || got == "pv-0" {
			t.Errorf("after a failure of call %d the primary runs on %q", at, got)
		}
		if got == "pv-2" {
			if ref := w.volume(got).Spec.ClaimRef; ref.Name != "data-main-0" {
				t.Errorf("after a failure of call %d: %s is claimed by %s", at, got, ref.Name)
			}
		}
	}
	t.Logf("%d calls, %d of them interrupt", total.calls, interrupted)
	if interrupted < total.calls/2 {
		t.Errorf("only %d of %d failures interrupted", interrupted, total.calls)
	}
}

func TestAPrimaryThatIsNotProvedToBeStoppedIsNotReplaced(t *testing.T) {
	w := newWorld(t)
	w.stuck = true
	_, err := w.promotion("").Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "pod main-0 is still there, on node node1") ||
		!strings.Contains(err.Error(), "kubectl delete node node1") {
		t.Errorf("got the error %v", err)
	}
	if w.promoted["pv-1"] || w.promoted["pv-2"] {
		t.Error("a replica was promoted")
	}
	// Once the pod is gone it goes on.
	w.stuck = false
	if _, err := w.promotion("").Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.settled("pv-2")
}

func TestAReplicaThatIsBehindIsNotPromoted(t *testing.T) {
	w := newWorld(t)
	_, err := w.promotion("main-replica-0").Run(t.Context())
	want := "replica main-replica-0 has received 100 bytes less than main-replica-1: promoted, it would lose them. " +
		"Run this again with --to main-replica-1, or without"
	if err == nil || err.Error() != want {
		t.Errorf("got the error %v", err)
	}
	if _, err := w.promotion("").Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.settled("pv-2")
}

func TestWhatIsNotThereIsNamedBeforeAnythingIsTouched(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*world)
		to     string
		want   string
	}{
		"a replica that is not": {to: "main-replica-7", want: "database main has no replica main-replica-7: want main-replica-0, main-replica-1"},
		"no replicas": {
			change: func(w *world) {
				_ = w.client.Tracker().Delete(appsv1.SchemeGroupVersion.WithResource("statefulsets"), ns, "main-replica")
			},
			want: "database main has no replica that could be promoted",
		},
		"one that does not answer": {
			change: func(w *world) { w.broken["main-replica-0"] = true },
			want: "replica main-replica-0 does not answer, and may have received what no other has: wait for it, or name " +
				"the one to promote with --to: main-replica-0 does not answer",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if test.change != nil {
				test.change(w)
			}
			_, err := w.promotion(test.to).Run(t.Context())
			if err == nil || err.Error() != test.want {
				t.Errorf("got the error %v, want %q", err, test.want)
			}
			if w.volumeOf("main-0") != "pv-0" {
				t.Error("the primary was stopped")
			}
		})
	}
}

func TestTheVolumeOfAPrimaryThatDidNotAnswerIsKept(t *testing.T) {
	w := newWorld(t)
	w.broken["main-0"] = true
	// It answers again in its new pod.
	p := w.promotion("")
	p.Say = func(format string, _ ...any) {
		if strings.HasPrefix(format, "starting") {
			w.broken["main-0"] = false
		}
	}
	result, err := p.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if result.Kept != "pv-0" {
		t.Errorf("kept: got %q, want pv-0", result.Kept)
	}
	if result.KeptBy != "data-main-old-0" || w.volumeOfClaim("data-main-old-0") != "pv-0" {
		t.Errorf("kept by %q, which is on %q", result.KeptBy, w.volumeOfClaim("data-main-old-0"))
	}
	// With the claim goes the volume, as it would have before.
	if policy := w.volume("pv-0").Spec.PersistentVolumeReclaimPolicy; policy != corev1.PersistentVolumeReclaimDelete {
		t.Errorf("the old volume's policy: got %s", policy)
	}
	// The next one's claim is taken.
	w.broken["main-0"] = true
	again := w.promotion("")
	again.Say = p.Say
	if result, err = again.Run(t.Context()); err != nil || result.Kept != "pv-2" || result.KeptBy != "" {
		t.Errorf("the second time: got %+v, %v", result, err)
	}
	if policy := w.volume("pv-2").Spec.PersistentVolumeReclaimPolicy; policy != corev1.PersistentVolumeReclaimRetain {
		t.Errorf("the second old volume's policy: got %s", policy)
	}
}

// volumeOfClaim is the volume that a claim is on; empty where there is no such claim.
func (w *world) volumeOfClaim(name string) string {
	found, err := w.client.CoreV1().PersistentVolumeClaims(ns).Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		return ""
	}
	return found.Spec.VolumeName
}

func TestAnotherPromotionWaitsForTheOneThatWasInterrupted(t *testing.T) {
	w := newWorld(t)
	w.fails = 1 << 30
	p := w.promotion("")
	p.Say = func(format string, _ ...any) {
		if strings.HasPrefix(format, "promoting") {
			w.fails = w.calls + 1
		}
	}
	if _, err := p.Run(t.Context()); err == nil {
		t.Fatal("it was not interrupted")
	}
	if unfinished, err := promotion.Unfinished(t.Context(), w.client, ns); err != nil || len(unfinished) != 1 ||
		unfinished[0] != "main" {
		t.Errorf("unfinished: %v, %v", unfinished, err)
	}
	_, err := w.promotion("main-replica-0").Run(t.Context())
	want := "a promotion of main-replica-1 was interrupted and has to be finished first: run again without --to, then " +
		"promote main-replica-0"
	if err == nil || err.Error() != want {
		t.Errorf("got the error %v", err)
	}
}
