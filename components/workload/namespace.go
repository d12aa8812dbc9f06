package workload

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
)

// podSecurityVersion pins the meaning of "restricted": a later Kubernetes does not refuse pods that were fine before.
const podSecurityVersion = "v1.36"

// Namespace is where an environment's workloads run: pods that do not meet the Pod Security Standard "restricted" are
// refused, the whole has a quota and each container limits, nothing talks to anything but DNS, and the default service
// account has no token. It does not hold workloads: they come after [Namespace.Ready] and go before it.
type Namespace struct {
	pulumi.ResourceState

	// Name of the namespace, plain.
	Name string
	// Ready are the namespace and its guards: what must be there before a pod starts.
	Ready []pulumi.Resource
}

// NamespaceArgs says what differs between namespaces.
type NamespaceArgs struct {
	// Name of the namespace, a DNS label.
	Name string
	// PartOf names the environment.
	PartOf string
	// Protect makes the engine refuse to delete the namespace, and with it everything in it.
	Protect bool
	// Retain leaves the namespace where it is when the environment is destroyed, because volumes in it are to stay. Its
	// workloads and guards go.
	Retain bool
	// Quota bounds the whole namespace.
	Quota Quota
}

// Quota are the limits of a namespace, as quantities. None has a default here.
type Quota struct {
	// Pods is their number.
	Pods int
	// CPU and Memory are the sums of the containers' limits.
	CPU, Memory string
	// Storage is the sum of what volume claims request.
	Storage string
	// NodePorts is how many ports of Services are open on every node: none is, but for a load balancer that needs one.
	NodePorts int
}

// NewNamespace makes the namespace and its guards.
func NewNamespace(
	ctx *pulumi.Context, name string, args *NamespaceArgs, opts ...pulumi.ResourceOption,
) (*Namespace, error) {
	n := &Namespace{Name: args.Name}
	if err := ctx.RegisterComponentResource("plinth:workload:Namespace", name, n, opts...); err != nil {
		return nil, fmt.Errorf("registering namespace %s: %w", args.Name, err)
	}
	id := ID{Name: args.Name, Component: "namespace", PartOf: args.PartOf, Namespace: args.Name}
	labels := id.Labels()
	for _, mode := range []string{"enforce", "audit", "warn"} {
		labels["pod-security.kubernetes.io/"+mode] = "restricted"
		labels["pod-security.kubernetes.io/"+mode+"-version"] = podSecurityVersion
	}
	namespace, err := corev1.NewNamespace(ctx, name+"-namespace", &corev1.NamespaceArgs{
		Metadata: metav1.ObjectMetaArgs{Name: pulumi.String(args.Name), Labels: StringMap(labels)},
	}, pulumi.Parent(n), pulumi.Protect(args.Protect), pulumi.RetainOnDelete(args.Retain))
	if err != nil {
		return nil, fmt.Errorf("creating namespace %s: %w", args.Name, err)
	}
	n.Ready = []pulumi.Resource{namespace}
	guards := []func(*pulumi.Context, string, ID, *NamespaceArgs, ...pulumi.ResourceOption) (pulumi.Resource, error){
		newQuota, newLimits, newDefaultDeny, newDNS, newDefaultAccount,
	}
	for _, guard := range guards {
		made, err := guard(ctx, name, id, args, pulumi.Parent(n), pulumi.DependsOn([]pulumi.Resource{namespace}))
		if err != nil {
			return nil, fmt.Errorf("guarding namespace %s: %w", args.Name, err)
		}
		n.Ready = append(n.Ready, made)
	}
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{"name": pulumi.String(n.Name)})
}

func newQuota(
	ctx *pulumi.Context, name string, id ID, args *NamespaceArgs, opts ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	return corev1.NewResourceQuota(ctx, name+"-quota", &corev1.ResourceQuotaArgs{
		Metadata: id.Meta("quota"),
		Spec: corev1.ResourceQuotaSpecArgs{Hard: pulumi.StringMap{
			"pods":             pulumi.String(fmt.Sprint(args.Quota.Pods)),
			"limits.cpu":       pulumi.String(args.Quota.CPU),
			"limits.memory":    pulumi.String(args.Quota.Memory),
			"requests.storage": pulumi.String(args.Quota.Storage),
			// A port on every node is a way around the edge.
			"services.nodeports": pulumi.String(fmt.Sprint(args.Quota.NodePorts)),
		}},
	}, opts...)
}

// newLimits gives containers that somebody adds by hand small limits, since the quota refuses pods without.
func newLimits(
	ctx *pulumi.Context, name string, id ID, _ *NamespaceArgs, opts ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	return corev1.NewLimitRange(ctx, name+"-limits", &corev1.LimitRangeArgs{
		Metadata: id.Meta("limits"),
		Spec: corev1.LimitRangeSpecArgs{Limits: corev1.LimitRangeItemArray{corev1.LimitRangeItemArgs{
			Type:           pulumi.String("Container"),
			Default:        Amounts{CPU: "500m", Memory: "256Mi", EphemeralStorage: "256Mi"}.stringMap(),
			DefaultRequest: Amounts{CPU: "50m", Memory: "64Mi", EphemeralStorage: "64Mi"}.stringMap(),
		}}},
	}, opts...)
}

func newDefaultDeny(
	ctx *pulumi.Context, name string, id ID, _ *NamespaceArgs, opts ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	return networkingv1.NewNetworkPolicy(ctx, name+"-default-deny", &networkingv1.NetworkPolicyArgs{
		Metadata: id.Meta("default-deny"),
		Spec: networkingv1.NetworkPolicySpecArgs{
			PodSelector: metav1.LabelSelectorArgs{},
			PolicyTypes: pulumi.StringArray{pulumi.String("Ingress"), pulumi.String("Egress")},
		},
	}, opts...)
}

func newDNS(
	ctx *pulumi.Context, name string, id ID, _ *NamespaceArgs, opts ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	return networkingv1.NewNetworkPolicy(ctx, name+"-dns", &networkingv1.NetworkPolicyArgs{
		Metadata: id.Meta("dns"),
		Spec: networkingv1.NetworkPolicySpecArgs{
			PodSelector: metav1.LabelSelectorArgs{},
			PolicyTypes: pulumi.StringArray{pulumi.String("Egress")},
			Egress: networkingv1.NetworkPolicyEgressRuleArray{networkingv1.NetworkPolicyEgressRuleArgs{
				// The label of the DNS pods on EKS, GKE, kind and every cluster with CoreDNS:
				// https://kubernetes.io/docs/tasks/administer-cluster/dns-debugging-resolution/.
				To: networkingv1.NetworkPolicyPeerArray{peer(binding.Peer{
					Namespace: "kube-system", Selector: map[string]string{"k8s-app": "kube-dns"},
				})},
				Ports: policyPorts([]binding.Port{{Number: 53, Protocol: "UDP"}, {Number: 53, Protocol: "TCP"}}),
			}},
		},
	}, opts...)
}

// newDefaultAccount takes the token from pods that name no account (CIS 4.1.5). The account is the cluster's own, so it
// is patched rather than created.
func newDefaultAccount(
	ctx *pulumi.Context, name string, id ID, _ *NamespaceArgs, opts ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	return corev1.NewServiceAccountPatch(ctx, name+"-default-account", &corev1.ServiceAccountPatchArgs{
		Metadata: metav1.ObjectMetaPatchArgs{
			Name: pulumi.String("default"), Namespace: pulumi.String(id.Namespace),
			Annotations: pulumi.StringMap{"pulumi.com/patchForce": pulumi.String("true")},
		},
		AutomountServiceAccountToken: pulumi.Bool(false),
	}, opts...)
}
