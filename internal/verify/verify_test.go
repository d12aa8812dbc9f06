package verify_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta/testrestmapper"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"plinth/internal/verify"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // A constant.

// healthy is an environment as a cluster reports it, and declares is what its stack says of it.
const healthy = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
status: {phase: Active}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, generation: 1}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}
status:
  observedGeneration: 1
  replicas: 2
  updatedReplicas: 2
  readyReplicas: 2
  availableReplicas: 2
  conditions: [{type: Available, status: "True"}, {type: Progressing, status: "True", reason: NewReplicaSetAvailable}]
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: shop, labels: {app: web}}
status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: main-replica, namespace: shop, generation: 1}
spec:
  replicas: 1
  serviceName: main
  selector: {matchLabels: {app: main}}
  template: {metadata: {labels: {app: main}}, spec: {containers: [{name: main, image: "main:1"}]}}
status: {observedGeneration: 1, replicas: 1, readyReplicas: 1, currentReplicas: 1, updatedReplicas: 1, currentRevision: a, updateRevision: a}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [{addresses: [10.0.0.1], conditions: {ready: true}, targetRef: {kind: Pod, name: web-1}}]
---
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: shop}
data: {token: c2VjcmV0, tls.crt: !CERTIFICATE}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: files, namespace: shop}
data: {a.conf: content}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: quota, namespace: shop}
status: {hard: {pods: "10", requests.nvidia.com/gpu: "0"}, used: {pods: "3", requests.nvidia.com/gpu: "0"}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web-from-proxy, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: proxy}}}], ports: [{port: 8080, protocol: TCP}]}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web, namespace: shop}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, namespace: shop}
spec: {selector: {matchLabels: {job: migrate}}}
status: {succeeded: 1, conditions: [{type: Complete, status: "True"}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data-main-0, namespace: shop}
status: {phase: Bound}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
status: {conditions: [{type: ScalingActive, status: "True"}]}
`

// certificate is one that is valid until the end.
func certificate(t *testing.T, end time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: end.AddDate(-1, 0, 0), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// world is an environment with what can be planted in it.
type world struct {
	manifests string
	sql       func(statement string) (string, error)
	answer    func(path string) (*http.Response, error)
	expires   time.Time
}

func (w world) look(t *testing.T) []verify.Check {
	t.Helper()
	declared := objects(t, strings.Replace(healthy, "!CERTIFICATE", "declared", 1))
	var typed, untyped []runtime.Object
	for _, o := range objects(t, strings.Replace(w.manifests, "!CERTIFICATE", certificate(t, w.expires), 1)) {
		untyped = append(untyped, o)
		made, err := scheme.Scheme.New(o.GroupVersionKind())
		if err != nil {
			t.Fatal(err)
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, made); err != nil {
			t.Fatal(err)
		}
		typed = append(typed, made)
	}
	var wanted []verify.Object
	for _, o := range declared {
		if o.GetKind() == "Pod" || o.GetKind() == "EndpointSlice" {
			continue
		}
		wanted = append(wanted, verify.Object{
			APIVersion: o.GetAPIVersion(), Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName(), Declared: o.Object,
		})
	}
	v := &verify.Verifier{
		Client: fake.NewClientset(typed...), Dynamic: dynamicfake.NewSimpleDynamicClient(scheme.Scheme, untyped...),
		Mapper: testrestmapper.TestOnlyStaticRESTMapper(scheme.Scheme),
		SQL:    func(_ context.Context, _, _, statement string) (string, error) { return w.sql(statement) },
		Get: func(_ context.Context, _, _ string, _ int, path string) (*http.Response, error) {
			return w.answer(path)
		},
		Repair: "plinth up shop", Kubectl: "kubectl", Now: now,
	}
	return v.Run(t.Context(), wanted,
		[]verify.Database{{Namespace: "shop", Name: "main", Replicas: 1}},
		[]verify.Endpoint{{Namespace: "shop", Service: "web", Port: 80, Paths: []string{"/"}}})
}

func objects(t *testing.T, manifests string) []*unstructured.Unstructured {
	t.Helper()
	var found []*unstructured.Unstructured
	for text := range strings.SplitSeq(manifests, "---\n") {
		o := &unstructured.Unstructured{}
		// Numbers as the cluster's API gives them, whole ones as such.
		converted, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := o.UnmarshalJSON(converted); err != nil {
			t.Fatal(err)
		}
		found = append(found, o)
	}
	return found
}

func response(status int) *http.Response {
	return &http.Response{
		StatusCode: status, Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), Body: io.NopCloser(strings.NewReader("")),
	}
}

func good() world {
	return world{
		manifests: healthy, expires: now.AddDate(0, 6, 0),
		sql: func(statement string) (string, error) {
			if strings.Contains(statement, "pg_stat_replication") {
				return "main-replica-0", nil
			}
			return "", nil
		},
		answer: func(string) (*http.Response, error) { return response(http.StatusNotFound), nil },
	}
}

func TestWhatWorksIsGreen(t *testing.T) {
	checks := good().look(t)
	if failed := verify.Failed(checks); len(failed) > 0 {
		t.Errorf("got %+v", failed)
	}
	if len(checks) < 17 {
		t.Errorf("only %d checks", len(checks))
	}
}

// replaced is the environment with one text in its manifests replaced.
func replaced(t *testing.T, old, with string) world {
	t.Helper()
	w := good()
	if strings.Count(w.manifests, old) != 1 {
		t.Fatalf("the manifests hold %q %d times", old, strings.Count(w.manifests, old))
	}
	w.manifests = strings.Replace(w.manifests, old, with, 1)
	return w
}

// without is the environment without the object of a kind and name.
func without(t *testing.T, kind, name string) world {
	t.Helper()
	w := good()
	var rest []string
	for text := range strings.SplitSeq(w.manifests, "---\n") {
		if !strings.Contains(text, "kind: "+kind+"\n") || !strings.Contains(text, "name: "+name) {
			rest = append(rest, text)
		}
	}
	w.manifests = strings.Join(rest, "---\n")
	return w
}

func TestEachFaultIsNamedWithItsCause(t *testing.T) {
	for what, fault := range map[string]struct {
		plant func() world
		want  []string // Subject: seen.
	}{
		"a policy removed": {
			func() world { return without(t, "NetworkPolicy", "web-from-proxy") },
			[]string{"NetworkPolicy shop/web-from-proxy: not found"},
		},
		"a policy widened": {
			func() world { return replaced(t, "{app: proxy}", "{}") },
			[]string{"NetworkPolicy shop/web-from-proxy: spec.ingress[0].from[0].podSelector.matchLabels.app was changed in the cluster"},
		},
		"a permission added": {
			func() world { return replaced(t, "verbs: [get]", "verbs: [get, delete]") },
			[]string{"Role shop/web: rules[0].verbs was changed in the cluster"},
		},
		"an image that cannot be pulled": {
			func() world {
				w := replaced(t, "  readyReplicas: 2\n  availableReplicas: 2\n", "  readyReplicas: 1\n  availableReplicas: 1\n")
				w.manifests = strings.Replace(w.manifests, "status: {phase: Running, conditions: [{type: Ready, status: \"True\"}]}",
					`status: {phase: Pending, containerStatuses: [{name: web, state: {waiting: {reason: ImagePullBackOff, message: no such image}}}]}`, 1)
				return w
			},
			[]string{"Deployment shop/web: Available: 1/2; pod web-1: web: ImagePullBackOff: no such image"},
		},
		"a replica stopped by hand": {
			func() world {
				return replaced(t, "  replicas: 1\n  serviceName", "  replicas: 0\n  serviceName")
			},
			[]string{"StatefulSet shop/main-replica: 0 are"},
		},
		"endpoints without pods": {
			func() world {
				return replaced(t, "conditions: {ready: true}", "conditions: {ready: false}")
			},
			[]string{"Service shop/web: no ready pod has the labels app=web", "http://web.shop:80/: no ready pod is behind Service web"},
		},
		"a load balancer without address": {
			func() world { return replaced(t, "{ingress: [{ip: 192.0.2.1}]}", "{}") },
			[]string{"Service shop/web: it has none"},
		},
		"a key lost": {
			func() world { return replaced(t, "token: c2VjcmV0, ", "") },
			[]string{"Secret shop/keys: missing or empty: token"},
		},
		"a certificate expired": {
			func() world {
				w := good()
				w.expires = now.AddDate(0, 0, -1)
				return w
			},
			[]string{"Secret shop/keys tls.crt: it has expired on 2026-11-20"},
		},
		"a certificate about to expire": {
			func() world {
				w := good()
				w.expires = now.AddDate(0, 0, 3)
				return w
			},
			[]string{"Secret shop/keys tls.crt: it expires on 2026-11-24"},
		},
		"a configuration emptied": {
			func() world { return replaced(t, "data: {a.conf: content}", "data: {}") },
			[]string{"ConfigMap shop/files: missing or empty: a.conf"},
		},
		"a quota used up": {
			func() world { return replaced(t, `used: {pods: "3"`, `used: {pods: "10"`) },
			[]string{"ResourceQuota shop/quota: used up: pods: 10 of 10"},
		},
		"a migration that failed": {
			func() world {
				return replaced(t, `{succeeded: 1, conditions: [{type: Complete, status: "True"}]}`,
					`{failed: 1, conditions: [{type: Failed, status: "True", message: BackoffLimitExceeded}]}`)
			},
			[]string{"Job shop/migrate: it failed: BackoffLimitExceeded"},
		},
		"a volume that is not bound": {
			func() world { return replaced(t, "status: {phase: Bound}", "status: {phase: Pending}") },
			[]string{"PersistentVolumeClaim shop/data-main-0: PVC is not Bound. phase: Pending"},
		},
		"an autoscaler without metrics": {
			func() world {
				return replaced(t, `[{type: ScalingActive, status: "True"}]`,
					`[{type: ScalingActive, status: "False", reason: FailedGetResourceMetric, message: no metrics}]`)
			},
			[]string{"HorizontalPodAutoscaler shop/web: FailedGetResourceMetric: no metrics"},
		},
		"a namespace that is being deleted": {
			func() world {
				return replaced(t, "metadata: {name: shop}\nstatus: {phase: Active}",
					"metadata: {name: shop, deletionTimestamp: \"2026-11-21T11:00:00Z\", finalizers: [example.com/keep]}\n"+
						"status: {phase: Terminating, conditions: [{type: NamespaceFinalizersRemaining, status: \"True\", message: \"keep in 1 resource instances\"}]}")
			},
			[]string{"Namespace shop: it is being deleted since 11:00:00 UTC, held by example.com/keep; keep in 1 resource instances"},
		},
		"a replica that does not stream": {
			func() world {
				w := good()
				w.sql = func(string) (string, error) { return "", nil }
				return w
			},
			[]string{"Database shop/main: 0: nobody"},
		},
		"a slot that is lost": {
			func() world {
				w := good()
				w.sql = func(statement string) (string, error) {
					if strings.Contains(statement, "pg_replication_slots") {
						return "main_replica_0 lost", nil
					}
					return "main-replica-0", nil
				}
				return w
			},
			[]string{"Database shop/main: slots that lost their place, or are about to: main_replica_0 lost"},
		},
		"a primary that does not answer": {
			func() world {
				w := good()
				w.sql = func(string) (string, error) { return "", errors.New("no such pod") }
				return w
			},
			[]string{"Database shop/main: no such pod"},
		},
		"an application that fails": {
			func() world {
				w := good()
				w.answer = func(string) (*http.Response, error) { return response(http.StatusBadGateway), nil }
				return w
			},
			[]string{"http://web.shop:80/: pod web-1: 502 Bad Gateway"},
		},
	} {
		t.Run(what, func(t *testing.T) {
			var got []string
			for _, check := range verify.Failed(fault.plant().look(t)) {
				got = append(got, check.Subject+": "+check.Seen)
				if check.Next == "" || check.Expected == "" {
					t.Errorf("%+v says not what was expected, or not what to do", check)
				}
			}
			if strings.Join(got, "\n") != strings.Join(fault.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(fault.want, "\n"))
			}
		})
	}
}
