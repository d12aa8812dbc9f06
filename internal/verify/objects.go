package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// object looks at one object: that it is there and stays, and what is good for its kind.
func (v *Verifier) object(ctx context.Context, o Object) []Check {
	live, err := v.get(ctx, o)
	switch {
	case meta.IsNoMatchError(err):
		return []Check{bad(o.String(), "its kind is served", "install the operator that brings "+o.Kind+" ("+o.APIVersion+")",
			"the cluster does not know %s %s", o.APIVersion, o.Kind)}
	case apierrors.IsNotFound(err):
		return []Check{bad(o.String(), "is there", v.Repair, "not found")}
	case err != nil:
		return []Check{bad(o.String(), "can be read", v.describe(o), "%v", err)}
	}
	if live.GetDeletionTimestamp() != nil {
		return []Check{v.terminating(o, live)}
	}
	switch o.Kind {
	case "Deployment", "StatefulSet", "DaemonSet":
		return []Check{v.workload(ctx, o, live)}
	case "Service":
		return v.service(ctx, o, live)
	case "Secret":
		return v.secret(o, live)
	case "ExternalSecret", "VaultStaticSecret", "SealedSecret":
		return v.synced(ctx, o, live)
	case "ConfigMap":
		return []Check{v.keys(o, live, "data", "binaryData")}
	case "ResourceQuota":
		return []Check{v.quota(o, live)}
	case "NetworkPolicy", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "LimitRange":
		return []Check{v.asDeclared(o, live)}
	case "PodDisruptionBudget", "ServiceAccount", "PersistentVolume", "StorageClass", "PriorityClass":
		// A budget that allows no disruption says what its workload says already.
		return []Check{good(o.String(), "is there")}
	case "HorizontalPodAutoscaler":
		return []Check{v.condition(o, live, "scales", "ScalingActive")}
	case "Job":
		return []Check{v.job(ctx, o, live)}
	case "Ingress":
		return []Check{v.ingress(o, live)}
	case "Gateway":
		return v.gateway(o, live)
	case "HTTPRoute":
		return v.httpRoute(o, live)
	default:
		return []Check{v.settled(o, live)}
	}
}

func (v *Verifier) get(ctx context.Context, o Object) (*unstructured.Unstructured, error) {
	gvk := schema.FromAPIVersionAndKind(o.APIVersion, o.Kind)
	mapping, err := v.Mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return nil, err
	}
	client := v.Dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return client.Namespace(o.Namespace).Get(ctx, o.Name, metav1.GetOptions{})
	}
	return client.Get(ctx, o.Name, metav1.GetOptions{})
}

// describe is the command that tells more of an object.
func (v *Verifier) describe(o Object) string {
	command := v.Kubectl
	if o.Namespace != "" {
		command += " --namespace " + o.Namespace
	}
	return command + " describe " + strings.ToLower(o.Kind) + " " + o.Name
}

// terminating tells what keeps an object that is on its way out.
func (v *Verifier) terminating(o Object, live *unstructured.Unstructured) Check {
	holds := slices.Clone(live.GetFinalizers())
	for _, condition := range conditions(live) {
		// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/namespace-v1/#NamespaceStatus
		if condition.Status == "True" && strings.HasPrefix(condition.Type, "Namespace") {
			holds = append(holds, condition.Message)
		}
	}
	seen := fmt.Sprintf("it is being deleted since %s", live.GetDeletionTimestamp().UTC().Format("15:04:05 MST"))
	if len(holds) > 0 {
		seen += ", held by " + strings.Join(holds, "; ")
	}
	return bad(o.String(), "stays", "find out who deletes it; then "+v.Repair, "%s", seen)
}

// workload looks whether as many pods as declared are ready, and why not.
func (v *Verifier) workload(ctx context.Context, o Object, live *unstructured.Unstructured) Check {
	want, _, _ := unstructured.NestedInt64(live.Object, "spec", "replicas")
	if declared, found := number(o.Declared, "spec", "replicas"); found && declared != want {
		return bad(o.String(), fmt.Sprintf("%d pods are wanted", declared), v.Repair, "%d are", want)
	}
	if o.Kind == "DaemonSet" {
		want, _, _ = unstructured.NestedInt64(live.Object, "status", "desiredNumberScheduled")
	}
	expected := fmt.Sprintf("%d pods of the latest revision ready", want)
	result, err := status.Compute(live)
	if err != nil {
		return bad(o.String(), expected, v.describe(o), "%v", err)
	}
	if result.Status == status.CurrentStatus {
		return good(o.String(), expected)
	}
	reasons := v.troubles(ctx, live)
	for _, condition := range conditions(live) {
		// No pod was made: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#failed-deployment.
		if condition.Type == "ReplicaFailure" && condition.Status == "True" {
			reasons = append(reasons, condition.Message)
		}
	}
	return bad(o.String(), expected, v.describe(o), "%s", strings.Join(append([]string{result.Message}, reasons...), "; "))
}

// troubles says of each pod of an object that is not ready why that is.
func (v *Verifier) troubles(ctx context.Context, live *unstructured.Unstructured) []string {
	raw, _, _ := unstructured.NestedMap(live.Object, "spec", "selector")
	text, err := json.Marshal(raw)
	if err != nil {
		return nil
	}
	var selector metav1.LabelSelector
	if json.Unmarshal(text, &selector) != nil {
		return nil
	}
	pods, err := v.Client.CoreV1().Pods(live.GetNamespace()).List(ctx, metav1.ListOptions{
		LabelSelector: metav1.FormatLabelSelector(&selector),
	})
	if err != nil {
		return []string{"its pods cannot be listed: " + err.Error()}
	}
	var found []string
	for _, pod := range pods.Items {
		if reason := trouble(&pod); reason != "" {
			found = append(found, "pod "+pod.Name+": "+reason)
		}
	}
	return found
}

// trouble is what keeps a pod from being ready: what a container says, else what the pod's conditions say.
func trouble(pod *corev1.Pod) string {
	if pod.Status.Phase == corev1.PodSucceeded {
		return ""
	}
	for _, container := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if waiting := container.State.Waiting; waiting != nil && waiting.Reason != "PodInitializing" {
			return strings.Trim(container.Name+": "+waiting.Reason+": "+waiting.Message, ": ")
		}
		if ended := container.State.Terminated; ended != nil && ended.ExitCode != 0 {
			return fmt.Sprintf("%s: exit code %d", container.Name, ended.ExitCode)
		}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Status != corev1.ConditionTrue && condition.Message != "" {
			return condition.Message
		}
	}
	return ""
}

// service looks whether somebody is behind a Service, and whether one for the outside has an address.
func (v *Verifier) service(ctx context.Context, o Object, live *unstructured.Unstructured) []Check {
	selector, _, _ := unstructured.NestedStringMap(live.Object, "spec", "selector")
	if len(selector) == 0 {
		return []Check{good(o.String(), "is there")}
	}
	const expected = "leads to ready pods"
	slicesOf, err := v.Client.DiscoveryV1().EndpointSlices(o.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: "kubernetes.io/service-name=" + o.Name,
	})
	if err != nil {
		return []Check{bad(o.String(), expected, v.describe(o), "its endpoints cannot be listed: %v", err)}
	}
	ready := 0
	for _, slice := range slicesOf.Items {
		for _, endpoint := range slice.Endpoints {
			// Unknown counts as ready: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#ready.
			if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
				ready++
			}
		}
	}
	checks := []Check{good(o.String(), expected)}
	if ready == 0 {
		labels, _ := metav1.ParseToLabelSelector(metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: selector}))
		checks[0] = bad(o.String(), expected,
			v.Kubectl+" --namespace "+o.Namespace+" get pods --selector "+metav1.FormatLabelSelector(labels),
			"no ready pod has the labels %s", metav1.FormatLabelSelector(labels))
	}
	if kind, _, _ := unstructured.NestedString(live.Object, "spec", "type"); kind == "LoadBalancer" {
		addresses, _, _ := unstructured.NestedSlice(live.Object, "status", "loadBalancer", "ingress")
		if len(addresses) == 0 {
			checks = append(checks, bad(o.String(), "has an address for the outside", v.describe(o), "it has none"))
		} else {
			checks = append(checks, good(o.String(), "has an address for the outside"))
		}
	}
	return checks
}

// quota looks whether there is room left.
func (v *Verifier) quota(o Object, live *unstructured.Unstructured) Check {
	const expected = "leaves room"
	hard, _, _ := unstructured.NestedStringMap(live.Object, "status", "hard")
	used, _, _ := unstructured.NestedStringMap(live.Object, "status", "used")
	var full []string
	for name, limit := range hard {
		most, err := resource.ParseQuantity(limit)
		now, err2 := resource.ParseQuantity(used[name])
		// A limit of nothing forbids on purpose.
		if err == nil && err2 == nil && !most.IsZero() && now.Cmp(most) >= 0 {
			full = append(full, fmt.Sprintf("%s: %s of %s", name, used[name], limit))
		}
	}
	if len(full) == 0 {
		return good(o.String(), expected)
	}
	slices.Sort(full)
	return bad(o.String(), expected, "raise plinth:namespace.quota, or remove what is not needed", "used up: %s",
		strings.Join(full, ", "))
}

// job looks whether a Job has completed.
func (v *Verifier) job(ctx context.Context, o Object, live *unstructured.Unstructured) Check {
	const expected = "has completed"
	seen := "it has not completed yet"
	for _, condition := range conditions(live) {
		if condition.Status != "True" {
			continue
		}
		if condition.Type == "Complete" || condition.Type == "SuccessCriteriaMet" {
			return good(o.String(), expected)
		}
		if condition.Type == "Failed" {
			seen = "it failed: " + condition.Message
		}
	}
	if reasons := v.troubles(ctx, live); len(reasons) > 0 {
		seen += "; " + strings.Join(reasons, "; ")
	}
	return bad(o.String(), expected, v.describe(o), "%s", seen)
}

// condition looks whether a condition is true.
func (v *Verifier) condition(o Object, live *unstructured.Unstructured, expected, name string) Check {
	seen := "it has not said so yet"
	for _, condition := range conditions(live) {
		if condition.Type != name {
			continue
		}
		if condition.Status == "True" {
			return good(o.String(), expected)
		}
		seen = condition.Reason + ": " + condition.Message
	}
	return bad(o.String(), expected, v.describe(o), "%s", seen)
}

// settled looks whether an object's own conditions say that it is as it should be: what kstatus makes of them.
func (v *Verifier) settled(o Object, live *unstructured.Unstructured) Check {
	const expected = "is ready"
	result, err := status.Compute(live)
	if err != nil {
		return bad(o.String(), expected, v.describe(o), "%v", err)
	}
	if result.Status == status.CurrentStatus {
		return good(o.String(), expected)
	}
	seen := result.Message
	for _, condition := range conditions(live) {
		if condition.Status == "False" && condition.Message != "" && !strings.Contains(seen, condition.Message) {
			seen += "; " + condition.Message
		}
	}
	return bad(o.String(), expected, v.describe(o), "%s", seen)
}

// asDeclared looks whether what decides about permissions still says what the stack declares.
func (v *Verifier) asDeclared(o Object, live *unstructured.Unstructured) Check {
	const expected = "is as declared"
	for _, part := range []string{"spec", "rules", "roleRef", "subjects"} {
		if path := differs(part, o.Declared[part], live.Object[part]); path != "" {
			return bad(o.String(), expected, v.Repair, "%s was changed in the cluster", path)
		}
	}
	return good(o.String(), expected)
}

// differs returns the path of the first value that is not as declared. What the cluster has filled in besides is none;
// lists must be as long as declared.
func differs(path string, declared, live any) string {
	switch declared := declared.(type) {
	case nil:
		return ""
	case map[string]any:
		there, _ := live.(map[string]any)
		for _, key := range sorted(declared) {
			if found := differs(path+"."+key, declared[key], there[key]); found != "" {
				return found
			}
		}
		return ""
	case []any:
		there, _ := live.([]any)
		if len(there) != len(declared) {
			return path
		}
		for i := range declared {
			if found := differs(fmt.Sprintf("%s[%d]", path, i), declared[i], there[i]); found != "" {
				return found
			}
		}
		return ""
	default:
		if fmt.Sprint(declared) != fmt.Sprint(live) {
			return path
		}
		return ""
	}
}

func sorted(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// condition is an entry of status.conditions, which looks alike everywhere.
type condition struct{ Type, Status, Reason, Message string }

func conditions(live *unstructured.Unstructured) []condition {
	raw, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	text, err := json.Marshal(raw)
	if err != nil {
		return nil
	}
	var found []condition
	if json.Unmarshal(text, &found) != nil {
		return nil
	}
	return found
}

// number is a whole number in a declaration, which JSON has made a float.
func number(declared map[string]any, path ...string) (int64, bool) {
	value, found, err := unstructured.NestedFieldNoCopy(declared, path...)
	if err != nil || !found {
		return 0, false
	}
	switch value := value.(type) {
	case float64:
		return int64(value), true
	case int64:
		return value, true
	default:
		return 0, false
	}
}
