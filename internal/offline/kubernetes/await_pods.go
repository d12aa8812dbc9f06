package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	// pullGrace is how long a pod may fail to pull its image before the wait for it ends: a registry gets several tries.
	pullGrace = 20 * time.Second
	// crashLimit is how many restarts end the wait for a container that has failed again. The kubelet doubles the pause
	// before a restart from 10 seconds, so the third is after a minute.
	crashLimit = 3
	// logLines and logBytes bound what is shown of what a container wrote.
	logLines = 10
	logBytes = 4096
	// shownPods and shownEvents bound how many pods, and events of each, an error tells of.
	shownPods   = 3
	shownEvents = 3
)

// workloadReadiness waits until a Deployment, StatefulSet or DaemonSet has rolled out.
func workloadReadiness(c *cluster) *readiness {
	tracker := newTracker(crashLimit)
	return &readiness{usualTimeout, func(ctx context.Context, live *unstructured.Unstructured, how depth) verdict {
		v := steps(computed(live))
		if v.ready || how == shallow {
			return v
		}
		found := tracker.judge(ctx, c, live, how)
		v.reasons = append(v.reasons, found.reasons...)
		if v.failure == "" {
			v.failure = found.failure
		}
		if v.progress != "" && found.progress != "" {
			v.progress += "; " + found.progress
		}
		return v
	}}
}

// steps numbers what kstatus says of a rollout: first the pods are made, then they become available.
func steps(v verdict) verdict {
	switch {
	case v.progress == "":
	case strings.HasPrefix(v.progress, "Available"):
		v.progress = "[2/2] " + v.progress
	default:
		v.progress = "[1/2] " + v.progress
	}
	return v
}

// podReadiness waits until a bare Pod is ready or has succeeded.
func podReadiness(c *cluster) *readiness {
	tracker := newTracker(crashLimit)
	return &readiness{usualTimeout, func(ctx context.Context, live *unstructured.Unstructured, how depth) verdict {
		v := computed(live)
		if v.ready || how == shallow && v.failure == "" {
			return v
		}
		found := tracker.judge(ctx, c, live, how)
		v.reasons = found.reasons
		if v.failure == "" {
			v.failure = found.failure
		}
		return v
	}}
}

// tracker remembers since when containers fail to pull their image.
type tracker struct {
	since map[string]time.Time
	// crashes are how many restarts of a container are enough; 0: as many as its owner allows.
	crashes int32
}

func newTracker(crashes int32) *tracker { return &tracker{map[string]time.Time{}, crashes} }

// judge looks at the pods that an object's latest revision has: why they are not ready, and whether they will be.
func (t *tracker) judge(ctx context.Context, c *cluster, owner *unstructured.Unstructured, how depth) verdict {
	pods, creator, err := c.podsOf(ctx, owner)
	if err != nil {
		return verdict{reasons: []string{fmt.Sprintf("its pods cannot be listed: %v", err)}}
	}
	var v verdict
	troubled := 0
	for _, pod := range pods {
		trouble := t.trouble(&pod)
		if trouble.failure != "" && v.failure == "" {
			v.failure = "pod " + identityOf(&pod) + ": " + trouble.failure
		}
		if trouble.reason == "" {
			continue
		}
		if v.progress == "" {
			v.progress = "pod " + pod.Name + ": " + firstLine(trouble.reason)
		}
		if troubled++; troubled > shownPods {
			continue
		}
		reason := "pod " + identityOf(&pod) + ": " + trouble.reason
		if how == thorough {
			if trouble.crashed != "" {
				reason += c.lastLines(ctx, &pod, trouble.crashed, trouble.restarted)
			}
			for _, warning := range c.warningsOf(ctx, pod.Namespace, string(pod.UID)) {
				_, said, _ := strings.Cut(warning, ": ")
				if !strings.Contains(reason, strings.TrimPrefix(said, "Error: ")) {
					reason += "\n  " + warning
				}
			}
		}
		v.reasons = append(v.reasons, reason)
	}
	if how == thorough {
		for _, o := range []*unstructured.Unstructured{owner, creator} {
			if o != nil {
				v.reasons = append(v.reasons, c.warnings(ctx, o)...)
			}
		}
		slices.Sort(v.reasons)
		v.reasons = slices.Compact(v.reasons)
	}
	return v
}

// trouble is what keeps a pod from being ready.
type trouble struct {
	reason  string
	failure string // Not empty where the pod will not recover by itself.
	// crashed is the container whose last words tell more, and restarted whether they are those of its last run.
	crashed   string
	restarted bool
}

// trouble finds what is wrong with a pod; nothing where it is ready or done.
func (t *tracker) trouble(pod *corev1.Pod) trouble {
	if pod.Status.Phase == corev1.PodSucceeded || pod.DeletionTimestamp != nil {
		return trouble{}
	}
	statuses := slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
	for _, container := range statuses {
		if found := t.containerTrouble(pod, container); found.reason != "" {
			return found
		}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Status == corev1.ConditionTrue || condition.Message == "" {
			continue
		}
		if condition.Type == corev1.PodScheduled || condition.Type == corev1.PodReady {
			return trouble{reason: join(condition.Reason, condition.Message)}
		}
	}
	if pod.Status.Phase == corev1.PodFailed {
		return trouble{reason: join(pod.Status.Reason, pod.Status.Message)}
	}
	return trouble{}
}

// containerTrouble finds what keeps one container of a pod from running.
func (t *tracker) containerTrouble(pod *corev1.Pod, container corev1.ContainerStatus) trouble {
	key := string(pod.UID) + "/" + container.Name
	what := "container " + container.Name + ": "
	waiting := container.State.Waiting
	if waiting == nil || !pullFailure(waiting.Reason) {
		delete(t.since, key)
	}
	switch {
	case waiting != nil && pullFailure(waiting.Reason):
		if t.since[key].IsZero() {
			t.since[key] = time.Now()
		}
		found := trouble{reason: what + join(waiting.Reason, waiting.Message)}
		if time.Since(t.since[key]) >= pullGrace {
			found.failure = found.reason
		}
		return found
	case waiting != nil && waiting.Reason == "CrashLoopBackOff":
		return t.crash(container, container.LastTerminationState.Terminated, what+waiting.Reason+": ")
	case waiting != nil && waiting.Reason != "ContainerCreating" && waiting.Reason != "PodInitializing":
		return trouble{reason: what + join(waiting.Reason, waiting.Message)}
	case container.State.Terminated != nil && container.State.Terminated.ExitCode != 0:
		return t.crash(container, container.State.Terminated, what)
	}
	return trouble{}
}

// crash tells of a container that ended with an error. The kubelet shows it as terminated, or as held back before its
// next start.
func (t *tracker) crash(container corev1.ContainerStatus, end *corev1.ContainerStateTerminated, what string) trouble {
	found := trouble{crashed: container.Name, restarted: container.State.Waiting != nil}
	found.reason = what + exit(end)
	if container.RestartCount > 0 {
		found.reason += fmt.Sprintf(", restarts: %d", container.RestartCount)
	}
	if t.crashes > 0 && container.RestartCount >= t.crashes {
		found.failure = found.reason
	}
	return found
}

// pullFailure reports whether a container waits because its image cannot be had.
func pullFailure(reason string) bool {
	switch reason {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
		"RegistryUnavailable":
		return true
	}
	return false
}

// exit says how a container ended.
func exit(terminated *corev1.ContainerStateTerminated) string {
	if terminated == nil {
		return "ended"
	}
	said := fmt.Sprintf("exit code %d", terminated.ExitCode)
	if terminated.Reason != "" && terminated.Reason != "Error" {
		said += " (" + terminated.Reason + ")"
	}
	if terminated.Message != "" {
		said += ": " + strings.TrimSpace(terminated.Message)
	}
	return said
}

func join(reason, message string) string {
	switch {
	case reason == "":
		return message
	case message == "" || strings.HasPrefix(message, reason):
		return strings.TrimSpace(reason + strings.TrimPrefix(message, reason))
	}
	return reason + ": " + message
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func identityOf(pod *corev1.Pod) string { return pod.Namespace + "/" + pod.Name }

// podsOf lists the pods of an object's latest revision, and the ReplicaSet that makes them, where there is one.
func (c *cluster) podsOf(ctx context.Context, owner *unstructured.Unstructured) (
	[]corev1.Pod, *unstructured.Unstructured, error,
) {
	if owner.GetKind() == "Pod" {
		var pod corev1.Pod
		err := runtime.DefaultUnstructuredConverter.FromUnstructured(owner.Object, &pod)
		return []corev1.Pod{pod}, nil, err
	}
	selector := metav1.LabelSelector{}
	if raw, ok := get(owner.Object, "spec", "selector").(map[string]any); ok {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &selector); err != nil {
			return nil, nil, err
		}
	}
	matching := metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(&selector)}
	var creator *unstructured.Unstructured
	controller := owner.GetUID()
	if owner.GetKind() == "Deployment" {
		sets, err := c.list(ctx, schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "ReplicaSet"},
			owner.GetNamespace(), matching)
		if err != nil {
			return nil, nil, err
		}
		const revision = "deployment.kubernetes.io/revision"
		for _, set := range sets {
			if owned(&set, owner) && set.GetAnnotations()[revision] == owner.GetAnnotations()[revision] {
				creator, controller = &set, set.GetUID()
			}
		}
		if creator == nil {
			return nil, nil, nil
		}
	}
	found, err := c.list(ctx, corev1.SchemeGroupVersion.WithKind("Pod"), owner.GetNamespace(), matching)
	if err != nil {
		return nil, creator, err
	}
	var pods []corev1.Pod
	for _, item := range found {
		var pod corev1.Pod
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, &pod); err != nil {
			return nil, creator, err
		}
		of := metav1.GetControllerOf(&pod)
		latest := text(owner.Object, "status", "updateRevision")
		if of == nil || of.UID != controller || latest != "" && pod.Labels["controller-revision-hash"] != latest {
			continue
		}
		pods = append(pods, pod)
	}
	return pods, creator, nil
}

// owned reports whether owner controls o.
func owned(o, owner *unstructured.Unstructured) bool {
	controller := metav1.GetControllerOf(o)
	return controller != nil && controller.UID == owner.GetUID()
}

// warnings are what the latest events of type Warning say of an object.
func (c *cluster) warnings(ctx context.Context, o *unstructured.Unstructured) []string {
	said := c.warningsOf(ctx, o.GetNamespace(), string(o.GetUID()))
	for i, message := range said {
		said[i] = describe(o) + ": " + message
	}
	return said
}

func (c *cluster) warningsOf(ctx context.Context, namespace, uid string) []string {
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	found, err := c.list(ctx, corev1.SchemeGroupVersion.WithKind("Event"), namespace, metav1.ListOptions{
		FieldSelector: fields.Set{"involvedObject.uid": uid, "type": corev1.EventTypeWarning}.String(),
	})
	if err != nil {
		return nil
	}
	var said []string
	for _, event := range slices.Backward(found) {
		message := join(text(event.Object, "reason"), strings.TrimSpace(text(event.Object, "message")))
		if !slices.Contains(said, message) && len(said) < shownEvents {
			said = append(said, message)
		}
	}
	return said
}

// lastLines are the last lines that a container wrote, of its last run or of the one before.
func (c *cluster) lastLines(ctx context.Context, pod *corev1.Pod, container string, previous bool) string {
	written, err := c.rest.Get().AbsPath("/api/v1/namespaces", pod.Namespace, "pods", pod.Name, "log").
		Param("container", container).Param("tailLines", fmt.Sprint(logLines)).Param("limitBytes", fmt.Sprint(logBytes)).
		Param("previous", fmt.Sprint(previous)).DoRaw(ctx)
	if err != nil || len(written) == 0 {
		return ""
	}
	return "; it wrote:\n    " + strings.ReplaceAll(strings.TrimSpace(string(written)), "\n", "\n    ")
}
