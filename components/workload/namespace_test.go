package workload_test

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"plinth/components/workload"
	"plinth/internal/record"
)

// namespaced records the namespace shop and how many resources its workloads wait for.
func namespaced(t *testing.T, protect, retain bool) (rec *record.Recording, ready int) {
	t.Helper()
	return deploy(t, func(ctx *pulumi.Context) error {
		made, err := workload.NewNamespace(ctx, "home", &workload.NamespaceArgs{
			Name: "shop", PartOf: "shop-test", Protect: protect, Retain: retain,
			Quota: workload.Quota{Pods: 50, CPU: "20", Memory: "40Gi", Storage: "100Gi"},
		})
		if err == nil {
			ready = len(made.Ready)
		}
		return err
	}), ready
}

func TestANamespaceRefusesPodsThatAreNotRestrictedInEveryMode(t *testing.T) {
	rec, _ := namespaced(t, false, false)
	labels := read[corev1.Namespace](t, rec, "home-namespace").Labels
	for key, want := range map[string]string{
		"pod-security.kubernetes.io/enforce":         "restricted",
		"pod-security.kubernetes.io/enforce-version": "v1.36",
		"pod-security.kubernetes.io/audit":           "restricted",
		"pod-security.kubernetes.io/audit-version":   "v1.36",
		"pod-security.kubernetes.io/warn":            "restricted",
		"pod-security.kubernetes.io/warn-version":    "v1.36",
		"app.kubernetes.io/part-of":                  "shop-test",
	} {
		expect(t, key, labels[key], want)
	}
}

func TestANamespaceHasAQuotaAndNoPortsOnNodes(t *testing.T) {
	rec, _ := namespaced(t, false, false)
	hard := read[corev1.ResourceQuota](t, rec, "home-quota").Spec.Hard
	for name, want := range map[corev1.ResourceName]string{
		"pods": "50", "limits.cpu": "20", "limits.memory": "40Gi", "requests.storage": "100Gi", "services.nodeports": "0",
	} {
		amount := hard[name]
		expect(t, string(name), amount.String(), want)
	}
	expect(t, "limits in the quota", len(hard), 5)
}

func TestContainersWithoutLimitsGetSmallOnes(t *testing.T) {
	rec, _ := namespaced(t, false, false)
	limits := read[corev1.LimitRange](t, rec, "home-limits").Spec.Limits
	if len(limits) != 1 {
		t.Fatalf("got %d limits, want 1", len(limits))
	}
	expect(t, "kind", limits[0].Type, corev1.LimitTypeContainer)
	for _, c := range []struct {
		list      corev1.ResourceList
		cpu, disk string
	}{{limits[0].Default, "500m", "256Mi"}, {limits[0].DefaultRequest, "50m", "64Mi"}} {
		expect(t, "cpu", c.list.Cpu().String(), c.cpu)
		expect(t, "memory", c.list.Memory().String(), c.disk)
		expect(t, "ephemeral storage", c.list.StorageEphemeral().String(), c.disk)
	}
}

func TestNothingFlowsInANamespaceButDNS(t *testing.T) {
	rec, _ := namespaced(t, false, false)
	expect(t, "network policies", len(rec.All("kubernetes:networking.k8s.io/v1:NetworkPolicy")), 2)

	deny := read[networkingv1.NetworkPolicy](t, rec, "home-default-deny").Spec
	expectAll(t, "what is denied", deny.PolicyTypes, []networkingv1.PolicyType{"Ingress", "Egress"})
	expect(t, "labels that it asks for", len(deny.PodSelector.MatchLabels)+len(deny.PodSelector.MatchExpressions), 0)
	expect(t, "exceptions", len(deny.Ingress)+len(deny.Egress), 0)

	dns := read[networkingv1.NetworkPolicy](t, rec, "home-dns").Spec
	expectAll(t, "directions of DNS", dns.PolicyTypes, []networkingv1.PolicyType{"Egress"})
	expect(t, "labels that DNS asks for", len(dns.PodSelector.MatchLabels), 0)
	if len(dns.Egress) != 1 || len(dns.Egress[0].To) != 1 {
		t.Fatalf("got the rules %v, want one to one peer", dns.Egress)
	}
	to := dns.Egress[0].To[0]
	expect(t, "where DNS is", to.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"], "kube-system")
	expect(t, "who DNS is", to.PodSelector.MatchLabels["k8s-app"], "kube-dns")
	var ports []string
	for _, port := range dns.Egress[0].Ports {
		ports = append(ports, port.Port.String()+"/"+string(*port.Protocol))
	}
	expectAll(t, "ports of DNS", ports, []string{"53/UDP", "53/TCP"})
}

func TestTheDefaultAccountLosesItsTokenByAPatch(t *testing.T) {
	rec, _ := namespaced(t, false, false)
	account := read[corev1.ServiceAccount](t, rec, "home-default-account")
	expect(t, "type", string(one(t, rec, "home-default-account").Type), "kubernetes:core/v1:ServiceAccountPatch")
	expect(t, "name", account.Namespace+"/"+account.Name, "shop/default")
	expect(t, "its token", *account.AutomountServiceAccountToken, false)
	expect(t, "force", account.Annotations["pulumi.com/patchForce"], "true")
}

func TestGuardsComeAfterTheNamespaceAndBeforeEveryWorkload(t *testing.T) {
	rec, ready := namespaced(t, false, false)
	home := one(t, rec, "home-namespace")
	guards := []string{"home-quota", "home-limits", "home-default-deny", "home-dns", "home-default-account"}
	for _, name := range guards {
		if !slices.Contains(one(t, rec, name).Dependencies, home.URN) {
			t.Errorf("%s does not wait for its namespace", name)
		}
	}
	expect(t, "what workloads wait for", ready, 1+len(guards))
}

func TestAProtectedOrRetainedNamespaceSaysSo(t *testing.T) {
	for _, c := range []struct{ protect, retain bool }{{false, false}, {true, false}, {false, true}} {
		rec, _ := namespaced(t, c.protect, c.retain)
		home := one(t, rec, "home-namespace")
		expect(t, "protect", home.Protect != nil && *home.Protect, c.protect)
		expect(t, "retain", home.RetainOnDelete != nil && *home.RetainOnDelete, c.retain)
		// Its guards go in any case: they are made again with it.
		quota := one(t, rec, "home-quota")
		expect(t, "a retained guard", quota.RetainOnDelete != nil && *quota.RetainOnDelete, false)
	}
}
