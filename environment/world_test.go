package environment_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"plinth/internal/record"
)

// world is a recording as Kubernetes would see it.
type world struct {
	rec *record.Recording
	// prod says that what is there must not be lost.
	prod bool
	// mirrored are the hosts of registries that nothing may be pulled from.
	mirrored []string

	workloads   []workload
	services    []object[corev1.Service]
	policies    []object[networkingv1.NetworkPolicy]
	configMaps  []object[corev1.ConfigMap]
	budgets     []object[policyv1.PodDisruptionBudget]
	autoscalers []object[autoscalingv2.HorizontalPodAutoscaler]
	// named are all Kubernetes objects.
	named []object[metav1.PartialObjectMetadata]
}

// object is a Kubernetes object and its registration.
type object[T any] struct {
	*record.Resource
	v T
}

// workload is what makes pods.
type workload struct {
	*record.Resource
	kind     string
	meta     metav1.ObjectMeta
	replicas *int32
	selector *metav1.LabelSelector
	pod      corev1.PodTemplateSpec
	// claims counts the volumes that each pod claims; retains says that they stay when the workload goes.
	claims  int
	retains bool
}

// read makes a world of a recording.
func read(rec *record.Recording, prod bool, mirrored ...string) (*world, error) {
	w := &world{rec: rec, prod: prod, mirrored: mirrored}
	for _, r := range rec.Ordered() {
		if !isKubernetes(r) {
			continue
		}
		if err := w.add(r); err != nil {
			return nil, fmt.Errorf("reading %s: %w", r.Label(), err)
		}
	}
	return w, nil
}

func (w *world) add(r *record.Resource) (err error) {
	var meta metav1.PartialObjectMetadata
	if meta, err = decode[metav1.PartialObjectMetadata](r); err != nil {
		return err
	}
	w.named = append(w.named, object[metav1.PartialObjectMetadata]{r, meta})
	add := func(replicas *int32, selector *metav1.LabelSelector, pod corev1.PodTemplateSpec) {
		w.workloads = append(w.workloads, workload{
			Resource: r, kind: meta.Kind, meta: meta.ObjectMeta, replicas: replicas, selector: selector, pod: pod,
		})
	}
	switch meta.Kind {
	case "Deployment":
		var v appsv1.Deployment
		v, err = decode[appsv1.Deployment](r)
		add(v.Spec.Replicas, v.Spec.Selector, v.Spec.Template)
	case "StatefulSet":
		var v appsv1.StatefulSet
		v, err = decode[appsv1.StatefulSet](r)
		add(v.Spec.Replicas, v.Spec.Selector, v.Spec.Template)
		made, policy := &w.workloads[len(w.workloads)-1], v.Spec.PersistentVolumeClaimRetentionPolicy
		made.claims = len(v.Spec.VolumeClaimTemplates)
		made.retains = policy == nil || policy.WhenDeleted != appsv1.DeletePersistentVolumeClaimRetentionPolicyType
	case "Job":
		var v batchv1.Job
		v, err = decode[batchv1.Job](r)
		add(nil, v.Spec.Selector, v.Spec.Template)
	case "CronJob":
		var v batchv1.CronJob
		v, err = decode[batchv1.CronJob](r)
		add(nil, v.Spec.JobTemplate.Spec.Selector, v.Spec.JobTemplate.Spec.Template)
	case "Service":
		err = collect(&w.services, r)
	case "NetworkPolicy":
		err = collect(&w.policies, r)
	case "ConfigMap":
		err = collect(&w.configMaps, r)
	case "PodDisruptionBudget":
		err = collect(&w.budgets, r)
	case "HorizontalPodAutoscaler":
		err = collect(&w.autoscalers, r)
	}
	return err
}

func collect[T any](into *[]object[T], r *record.Resource) error {
	v, err := decode[T](r)
	*into = append(*into, object[T]{r, v})
	return err
}

// decode reads a resource's inputs as the Kubernetes type that they become.
func decode[T any](r *record.Resource) (v T, err error) {
	text, err := json.Marshal(plain(resource.NewProperty(r.Inputs)))
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(text, &v)
}

// bare takes a value out of what says that it is secret or an output. What is unknown has no value.
func bare(v resource.PropertyValue) (value resource.PropertyValue, secret bool) {
	for {
		switch {
		case v.IsSecret():
			v, secret = v.SecretValue().Element, true
		case v.IsOutput():
			output := v.OutputValue()
			secret = secret || output.Secret
			if !output.Known {
				return resource.PropertyValue{}, secret
			}
			v = output.Element
		case v.IsComputed():
			return resource.PropertyValue{}, secret
		default:
			return v, secret
		}
	}
}

func plain(v resource.PropertyValue) any {
	v, _ = bare(v)
	switch {
	case v.IsObject():
		out := map[string]any{}
		for key, value := range v.ObjectValue() {
			out[string(key)] = plain(value)
		}
		return out
	case v.IsArray():
		out := []any{}
		for _, value := range v.ArrayValue() {
			out = append(out, plain(value))
		}
		return out
	default:
		return v.V
	}
}

// leaves calls visit for every string below a value: where it stands, and whether it is secret.
func leaves(path []string, v resource.PropertyValue, secret bool, visit func(path []string, text string, secret bool)) {
	v, here := bare(v)
	secret = secret || here
	switch {
	case v.IsObject():
		for _, key := range v.ObjectValue().StableKeys() {
			leaves(append(path[:len(path):len(path)], string(key)), v.ObjectValue()[key], secret, visit)
		}
	case v.IsArray():
		for i, value := range v.ArrayValue() {
			leaves(append(path[:len(path):len(path)], fmt.Sprint(i)), value, secret, visit)
		}
	case v.IsString():
		visit(path, v.StringValue(), secret)
	}
}

func isKubernetes(r *record.Resource) bool { return strings.HasPrefix(string(r.Type), "kubernetes:") }

func isProvider(r *record.Resource) bool {
	return strings.HasPrefix(string(r.Type), "pulumi:providers:")
}

func isRoot(r *record.Resource) bool { return r.Type == resource.RootStackType }

// matches tells whether a selector selects these labels. Nil selects nothing, an empty one everything.
func matches(selector *metav1.LabelSelector, set map[string]string) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(labels.Set(set))
}

// selected are the workloads of a namespace that a selector selects.
func (w *world) selected(namespace string, selector *metav1.LabelSelector) []workload {
	var out []workload
	for _, of := range w.workloads {
		if of.meta.Namespace == namespace && matches(selector, of.pod.Labels) {
			out = append(out, of)
		}
	}
	return out
}

// peers are the workloads that an end of a policy's rule stands for.
func (w *world) peers(namespace string, peer networkingv1.NetworkPolicyPeer) []workload {
	if peer.PodSelector == nil {
		return nil
	}
	if peer.NamespaceSelector != nil {
		namespace = peer.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"]
	}
	return w.selected(namespace, peer.PodSelector)
}

// containers are all of a pod, those that run first included.
func (w workload) containers() []corev1.Container {
	return append(w.pod.Spec.InitContainers[:len(w.pod.Spec.InitContainers):len(w.pod.Spec.InitContainers)],
		w.pod.Spec.Containers...)
}
