package gates_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"plinth/config"
	"plinth/internal/record"
)

// cloudNativePG is the operator's module, whose definitions of kinds are those that it is released with.
const (
	cloudNativePG    = "github.com/cloudnative-pg/cloudnative-pg@v1.29.0"
	cloudNativePGSum = "h1:49Dm8+y4va7RODspJjeaK8uMWP3OGAD0gMsxhjm16Mo="
)

// operatorsKinds are the operator's definitions of kinds.
func operatorsKinds(t *testing.T) []manifest {
	t.Helper()
	download := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", cloudNativePG)
	// In no module, so that nothing is added to ours.
	download.Dir, download.Env = t.TempDir(), append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	out, err := download.Output()
	if err != nil {
		t.Fatalf("downloading %s: %v\n%s", cloudNativePG, err, out)
	}
	var module struct{ Dir, Sum string }
	if err := json.Unmarshal(out, &module); err != nil || module.Sum != cloudNativePGSum {
		t.Fatalf("%s: got the sum %s, %v; want %s", cloudNativePG, module.Sum, err, cloudNativePGSum)
	}
	files, err := filepath.Glob(filepath.Join(module.Dir, "config", "crd", "bases", "*.yaml"))
	if err != nil || len(files) < 5 {
		t.Fatalf("definitions in %s: got %v, %v", module.Dir, files, err)
	}
	var made []manifest
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := manifest{file: file}
		if err := yaml.Unmarshal(text, &m.Object); err != nil {
			t.Fatal(err)
		}
		made = append(made, m)
	}
	return made
}

func TestTheAPIServerAcceptsWhatCloudNativePGIsTold(t *testing.T) {
	s := startServer(t)
	for _, kind := range operatorsKinds(t) {
		if err := s.apply(t, kind, false); err != nil {
			t.Fatalf("%s: %v", kind.GetName(), err)
		}
	}
	raw, secret, err := config.ReadStackFile("testdata/Pulumi.cloudnative-pg.yaml")
	if err != nil {
		t.Fatal(err)
	}
	own := stack{"cloudnative-pg", record.Options{
		Project: config.Project, Stack: "cloudnative-pg", Config: raw, SecretKeys: secret,
	}}
	var kinds []string
	var cluster manifest
	for _, m := range own.render(t).manifests {
		if strings.HasPrefix(m.GetAPIVersion(), "postgresql.cnpg.io/") {
			kinds = append(kinds, m.GetKind()+" "+m.GetName())
		}
		if m.GetKind() == "Cluster" {
			cluster = m
		}
		if err := s.applySoon(t, m); err != nil {
			t.Errorf("%s: %v", filepath.Base(m.file), err)
		}
		for _, warning := range s.warnings {
			t.Errorf("%s: the API server warns: %s", filepath.Base(m.file), warning)
		}
		s.warnings = nil
	}
	slices.Sort(kinds)
	want := []string{"Cluster main", "Cluster small", "Database main-database-web", "Database small-database-api", "ScheduledBackup main"}
	if !slices.Equal(kinds, want) {
		t.Errorf("got %v, want %v", kinds, want)
	}
	// The definitions are what refuses.
	for field, value := range map[string]any{"instancez": int64(2), "instances": "two"} {
		broken := manifest{Unstructured: unstructured.Unstructured{Object: cluster.DeepCopy().Object}}
		broken.Object["spec"].(map[string]any)[field] = value
		if err := s.apply(t, broken, true); !strings.Contains(fmt.Sprint(err), field) {
			t.Errorf("got %v for spec.%s = %v, want it refused by name", err, field, value)
		}
	}
}

// applySoon waits until a kind that was just defined is served.
func (s *server) applySoon(t *testing.T, m manifest) (err error) {
	t.Helper()
	for range 20 {
		if err = s.apply(t, m, m.GetKind() != "Namespace"); !strings.Contains(fmt.Sprint(err), "no matches for kind") {
			return err
		}
		s.mapper.Reset()
		time.Sleep(500 * time.Millisecond)
	}
	return err
}
