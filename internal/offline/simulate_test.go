package offline_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"

	"plinth/internal/offline"
	"plinth/internal/offline/simulation"
)

func TestSimulateServesBothClouds(t *testing.T) {
	for cloud, version := range map[string]string{"aws": "6.83.2", "gcp": "7.38.0"} {
		providers, stop, err := offline.Simulate(t.Context(), cloud, t.TempDir(), simulation.Kubernetes{})
		if err != nil {
			t.Fatal(err)
		}
		port, ok := strings.CutPrefix(providers, cloud+":")
		if !ok {
			t.Fatalf("got %q, want %s:PORT", providers, cloud)
		}
		connection, err := grpc.NewClient("127.0.0.1:"+port, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		info, err := pulumirpc.NewResourceProviderClient(connection).GetPluginInfo(t.Context(), &emptypb.Empty{})
		if err != nil || info.GetVersion() != version {
			t.Errorf("%s: got the version %q and the error %v, want %s", cloud, info.GetVersion(), err, version)
		}
		_ = connection.Close()
		stop()
	}
	if _, _, err := offline.Simulate(t.Context(), "azure", t.TempDir(), simulation.Kubernetes{}); err == nil ||
		err.Error() != `simulating cloud "azure": want aws or gcp` {
		t.Errorf("got the error %v", err)
	}
}

func TestShimsPrintTheCredentials(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sim")
	_, stop, err := offline.Simulate(t.Context(), "aws", dir, simulation.Kubernetes{Token: "letmein", Key: "KEY"})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	tests := []struct{ program, asked, want string }{
		{"aws", "v1", "v1"},
		{"aws", "v1beta1", "v1beta1"},
		{"aws", "", "v1beta1"},
		{"gke-gcloud-auth-plugin", "v1", "v1beta1"},
		{"gke-gcloud-auth-plugin", "v1beta1", "v1beta1"},
	}
	for _, test := range tests {
		c := exec.CommandContext(t.Context(), filepath.Join(offline.Shims(dir), test.program), "eks", "get-token")
		c.Env = append(os.Environ(), "KUBERNETES_EXEC_INFO=")
		if test.asked != "" {
			c.Env = append(c.Env, `KUBERNETES_EXEC_INFO={"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/`+test.asked+`","spec":{}}`)
		}
		out, err := c.Output()
		var got struct {
			APIVersion, Kind string
			Status           map[string]string
		}
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%s: got %q: %v", test.program, out, err)
		}
		if err != nil || got.APIVersion != "client.authentication.k8s.io/"+test.want || got.Kind != "ExecCredential" ||
			got.Status["token"] != "letmein" || got.Status["clientKeyData"] != "KEY" {
			t.Errorf("%s asked for %q: got %s and the error %v", test.program, test.asked, out, err)
		}
	}
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: got the mode %v, want it to be its owner's alone", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestFromKubeconfigFindsTheAPIServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kubeconfig")
	content := `{"apiVersion":"v1","kind":"Config","current-context":"c",
"clusters":[{"name":"c","cluster":{"server":"https://127.0.0.1:1","certificate-authority-data":"UEVN"}}],
"users":[{"name":"c","user":{"token":"letmein"}}],"contexts":[{"name":"c","context":{"cluster":"c","user":"c"}}]}`
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := simulation.FromKubeconfig(path)
	want := simulation.Kubernetes{Server: "https://127.0.0.1:1", CA: "PEM", Token: "letmein"}
	if err != nil || got != want {
		t.Errorf("got %+v and the error %v, want %+v", got, err, want)
	}
}
