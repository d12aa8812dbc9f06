package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRenderWantsAFolder(t *testing.T) {
	folder(t, map[string]string{"Pulumi.yaml": projectFile, "Pulumi.local.yaml": ""})
	var out bytes.Buffer
	code := newCommand(&out, nil).run(t.Context(), []string{"render", "local"})
	want := "plinth: plinth render: --out is required: the folder to write to"
	if got := strings.TrimSpace(out.String()); code != exitUsage || got != want {
		t.Errorf("code %d, got %s", code, got)
	}
}

func TestRenderOfABadConfigurationEndsWithCode2AndWritesNothing(t *testing.T) {
	root := folder(t, map[string]string{
		"Pulumi.yaml":       projectFile,
		"Pulumi.local.yaml": "config:\n  plinth:tier: devv\n  plinth:appps: {}\n",
	})
	var out bytes.Buffer
	code := newCommand(&out, nil).run(t.Context(), []string{"render", "local", "--out", "out"})
	if code != exitUsage || !strings.Contains(out.String(), "tier: ") || !strings.Contains(out.String(), "appps: ") {
		t.Errorf("code %d, got %s", code, out.String())
	}
	if _, err := os.Stat(filepath.Join(root, "out")); err == nil {
		t.Error("there is a folder out now")
	}
}

func TestRenderNeedsNeitherClusterNorCLIAndSaysWhatItWrote(t *testing.T) {
	t.Chdir("../..")
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "missing"))
	t.Setenv("PULUMI_HOME", filepath.Join(t.TempDir(), "missing"))
	dir := filepath.Join(t.TempDir(), "out")
	var out bytes.Buffer
	c := newCommand(&out, nil)
	c.program = withoutCloud
	if code := c.run(t.Context(), []string{"render", "local", "--out", dir}); code != exitDone {
		t.Fatalf("code %d, got %s", code, out.String())
	}
	for _, file := range []string{"kubernetes/001-namespace-plinth-local.yaml", "resources.json", "graph.svg"} {
		path := filepath.Join(dir, file)
		if _, err := os.Stat(path); err != nil || !strings.Contains(out.String(), "\n  "+path+"\n") {
			t.Errorf("%s: %v; the output names it not or it is not there:\n%s", file, err, out.String())
		}
	}
	next := "next:\n  kubectl apply --server-side -f " + filepath.Join(dir, "kubernetes") + "\n  plinth up local\n"
	if !strings.HasSuffix(out.String(), next) {
		t.Errorf("the end of the output: got %s\nwant %s", out.String(), next)
	}
}
