//go:build e2e && e2eall

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"plinth/internal/verify"
)

// TestVerifyNamesEachFault plants one fault at a time in a deployment that works, wants verify to name its cause and
// nothing that has nothing to do with it, and puts it right the way that verify says.
func TestVerifyNamesEachFault(t *testing.T) {
	const ns = "e2e-all-verify"
	c, p := connect(t), newProject(t)
	s := newShop(ns)
	p.stack(t, ns, s.stack())
	t.Cleanup(func() {
		p.run(t, "destroy", ns, "--yes")
		c.gone(t, ns)
	})
	p.must(t, "up", ns)
	if out := p.must(t, "verify", ns); !strings.Contains(out, "stack "+ns+" works: ") {
		t.Fatal("verify is not green on what works")
	}

	failed := func(t *testing.T) []string {
		t.Helper()
		out, _, _ := p.run(t, "verify", ns, "--json")
		var checks []verify.Check
		// What is printed before says which cluster it is.
		if err := json.Unmarshal([]byte(out[strings.Index(out, "["):]), &checks); err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, check := range verify.Failed(checks) {
			found = append(found, check.Subject+": "+check.Seen)
		}
		return found
	}
	patch := func(kind, name, text string) error {
		ctx, none := t.Context(), metav1.PatchOptions{}
		merge, data := types.MergePatchType, []byte(text)
		var err error
		switch kind {
		case "deployment":
			_, err = c.AppsV1().Deployments(ns).Patch(ctx, name, types.StrategicMergePatchType, data, none)
		case "statefulset":
			_, err = c.AppsV1().StatefulSets(ns).Patch(ctx, name, merge, data, none)
		case "service":
			_, err = c.CoreV1().Services(ns).Patch(ctx, name, merge, data, none)
		case "secret":
			_, err = c.CoreV1().Secrets(ns).Patch(ctx, name, merge, data, none)
		case "quota":
			_, err = c.CoreV1().ResourceQuotas(ns).Patch(ctx, name, merge, data, none)
		case "policy":
			_, err = c.NetworkingV1().NetworkPolicies(ns).Patch(ctx, name, merge, data, none)
		default:
			err = fmt.Errorf("no such kind: %s", kind)
		}
		return err
	}
	sql := func(statement string) error {
		_, err := c.sql(t, ns, "main-0", "postgres", statement)
		return err
	}
	for _, fault := range []struct {
		what  string
		plant func() error
		// want is part of a finding.
		want string
		// undo puts it right where plinth up --refresh does not, because it is not in the stack's hands.
		undo func() error
	}{
		{
			"a policy removed",
			func() error {
				return c.NetworkingV1().NetworkPolicies(ns).Delete(t.Context(), "web-to-main", metav1.DeleteOptions{})
			},
			"NetworkPolicy " + ns + "/web-to-main: not found", nil,
		},
		{
			"a policy widened",
			func() error { return patch("policy", "main-from-web", `{"spec":{"ingress":[{}]}}`) },
			"NetworkPolicy " + ns + "/main-from-web: spec.ingress[0].from was changed in the cluster", nil,
		},
		{
			"a replica stopped",
			func() error { return patch("statefulset", "main-replica", `{"spec":{"replicas":1}}`) },
			"StatefulSet " + ns + "/main-replica: 1 are", nil,
		},
		{
			"replication cut off",
			func() error { return patch("policy", "main-replica-to-main", `{"spec":{"egress":[]}}`) },
			"NetworkPolicy " + ns + "/main-replica-to-main: spec.egress was changed in the cluster", nil,
		},
		{
			"an application stopped",
			func() error { return patch("deployment", "web", `{"spec":{"replicas":0}}`) },
			"Deployment " + ns + "/web: 0 are", nil,
		},
		{
			"an image that is not there",
			func() error {
				return patch("deployment", "stranger", `{"spec":{"template":{"spec":{"containers":[{"name":"stranger","image":"test.local/nothing:1"}]}}}}`)
			},
			"test.local/nothing:1", nil,
		},
		{
			"a Service that leads nowhere",
			func() error {
				return patch("service", "web", `{"spec":{"selector":{"app.kubernetes.io/name":"nobody"}}}`)
			},
			"Service " + ns + "/web: no ready pod has the labels app.kubernetes.io/name=nobody", nil,
		},
		{
			"a key of a Secret lost",
			func() error { return patch("secret", "main-credentials", `{"data":{"replication-password":null}}`) },
			"Secret " + ns + "/main-credentials: missing or empty: replication-password", nil,
		},
		{
			"a quota used up",
			func() error { return patch("quota", "quota", `{"spec":{"hard":{"pods":"1"}}}`) },
			"ResourceQuota " + ns + "/quota: used up: pods: ", nil,
		},
		{
			"a database that an application may not use",
			func() error {
				return sql("ALTER ROLE web NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'web'")
			},
			"Deployment " + ns + "/web: ", func() error { return sql("ALTER ROLE web LOGIN") },
		},
		{
			"an object that is not deleted",
			func() error {
				_, err := c.CoreV1().ConfigMaps(ns).Patch(t.Context(), c.named(t, ns, "proxy-files"), types.MergePatchType,
					[]byte(`{"metadata":{"finalizers":["example.com/keep"]}}`), metav1.PatchOptions{})
				if err != nil {
					return err
				}
				return c.CoreV1().ConfigMaps(ns).Delete(t.Context(), c.named(t, ns, "proxy-files"), metav1.DeleteOptions{})
			},
			"held by example.com/keep", func() error {
				_, err := c.CoreV1().ConfigMaps(ns).Patch(t.Context(), c.named(t, ns, "proxy-files"), types.MergePatchType,
					[]byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
				return err
			},
		},
		{
			"a Job removed",
			func() error {
				background := metav1.DeletePropagationBackground
				return c.BatchV1().Jobs(ns).Delete(t.Context(), "main-setup", metav1.DeleteOptions{PropagationPolicy: &background})
			},
			"Job " + ns + "/main-setup: not found", nil,
		},
	} {
		t.Run(fault.what, func(t *testing.T) {
			if err := fault.plant(); err != nil {
				t.Fatal(err)
			}
			found := ""
			for start := time.Now(); ; time.Sleep(time.Second) {
				found = strings.Join(failed(t), "\n")
				if strings.Contains(found, fault.want) {
					break
				}
				if time.Since(start) > 60*time.Second {
					t.Errorf("found\n%s\nwant %q", found, fault.want)
					break
				}
			}
			if fault.undo != nil {
				if err := fault.undo(); err != nil {
					t.Fatal(err)
				}
			}
			p.must(t, "up", ns, "--refresh")
			await(t, "what verify finds", "", 90*time.Second, func() (string, error) {
				return strings.Join(failed(t), "\n"), nil
			})
		})
	}
}

// named finds the ConfigMap whose name starts so.
func (c *cluster) named(t *testing.T, namespace, start string) string {
	t.Helper()
	list, err := c.CoreV1().ConfigMaps(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list.Items {
		if strings.HasPrefix(o.Name, start) {
			return o.Name
		}
	}
	t.Fatalf("no config map is called %s...", start)
	return ""
}
