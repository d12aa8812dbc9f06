package gates_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"

	"plinth/internal/offline"
)

// server is a real API server without machines behind it.
type server struct {
	client dynamic.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper

	mu       sync.Mutex
	warnings []string
}

// HandleWarningHeader collects what the API server accepts and does not like.
func (s *server) HandleWarningHeader(_ int, _, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warnings = append(s.warnings, message)
}

func startServer(t *testing.T) *server {
	t.Helper()
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	binary := filepath.Join(root, ".plinth", "bin", "controlplane")
	if err := offline.BuildControlPlane(t.Context(), root, binary, t.Logf); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "cluster")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := offline.Stop(ctx, dir); err != nil {
			t.Error(err)
		}
	})
	cluster, err := offline.Start(t.Context(), offline.ClusterOptions{Dir: dir, Binary: binary, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", cluster.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	s := &server{}
	config.WarningHandler = s
	// The rate that clients keep by themselves would take most of the time here.
	config.QPS = -1
	if s.client, err = dynamic.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	found, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	s.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(found))
	return s
}

// certified puts a real pair in the place of what stands for one in a rendered Secret, which the API server looks into.
func certified(t *testing.T, m manifest) *unstructured.Unstructured {
	t.Helper()
	if m.GetKind() != "Secret" || m.Object["type"] != "kubernetes.io/tls" {
		return &m.Unstructured
	}
	o := m.DeepCopy()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]pem.Block{
		"tls.crt": {Type: "CERTIFICATE", Bytes: certificate}, "tls.key": {Type: "PRIVATE KEY", Bytes: private},
	} {
		err := unstructured.SetNestedField(o.Object, string(pem.EncodeToMemory(&block)), "stringData", name)
		if err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// apply hands a manifest to the API server as `plinth up` does, and has it refuse every field that it does not know.
func (s *server) apply(t *testing.T, m manifest, dryRun bool) error {
	t.Helper()
	kind := m.GroupVersionKind()
	mapping, err := s.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return err
	}
	text, err := json.Marshal(certified(t, m).Object)
	if err != nil {
		return err
	}
	force := true
	options := metav1.PatchOptions{
		FieldManager: "plinth-gate", Force: &force, FieldValidation: metav1.FieldValidationStrict,
	}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	_, err = s.client.Resource(mapping.Resource).Namespace(m.GetNamespace()).
		Patch(t.Context(), m.GetName(), types.ApplyPatchType, text, options)
	return err
}

func TestTheAPIServerAcceptsEveryManifestAndWarnsOfNone(t *testing.T) {
	s, operators := startServer(t), definitions(t)
	s.define(t, operators)
	for _, stack := range stacks(t) {
		t.Run(stack.name, func(t *testing.T) {
			for _, m := range stack.render(t).manifests {
				if err := s.apply(t, m, m.GetKind() != "Namespace"); err != nil {
					t.Errorf("%s: %v", filepath.Base(m.file), err)
				}
				for _, warning := range s.warnings {
					t.Errorf("%s: the API server warns: %s", filepath.Base(m.file), warning)
				}
				s.warnings = nil
			}
		})
	}
	s.refusesAnUnknownField(t)
	s.refusesAnUnknownFieldOf(t, operators)
	s.warnsOfRoot(t)
	s.acceptsAnApplication(t)
	s.refusesImages(t)
}

func (s *server) refusesAnUnknownField(t *testing.T) {
	t.Helper()
	for _, m := range stacks(t)[0].render(t).manifests {
		if m.GetKind() != "Deployment" {
			continue
		}
		m.Object["spec"].(map[string]any)["replicsa"] = 2
		err := s.apply(t, m, true)
		if !apierrors.IsBadRequest(err) && !apierrors.IsInvalid(err) && !apierrors.IsInternalError(err) ||
			!strings.Contains(fmt.Sprint(err), "replicsa") {
			t.Errorf("got %v for an unknown field, want it refused by name", err)
		}
		return
	}
	t.Error("got no Deployment to break")
}

func (s *server) warnsOfRoot(t *testing.T) {
	t.Helper()
	for _, m := range stacks(t)[0].render(t).manifests {
		if m.GetKind() != "Deployment" {
			continue
		}
		pod := m.Object["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
		pod["securityContext"] = map[string]any{"runAsUser": 0}
		if err := s.apply(t, m, true); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(s.warnings, "\n")
		if !strings.Contains(got, `would violate PodSecurity "restricted:v1.36"`) {
			t.Errorf("got the warnings %q for a pod of root, want one of Pod Security", got)
		}
		return
	}
}
