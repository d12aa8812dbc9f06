package kubernetes_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/status"

	"plinth/internal/offline"
)

const chart = `{name: op, namespace: ops, chart: operator, version: 1.2.3, timeout: 60, atomic: true,
  repositoryOpts: {repo: "https://charts.example.com"}, values: {replicas: 1}, compat: "true"}`

// releases is a stand-in whose program for Helm releases writes down what it is asked and answers what it is told to.
type releases struct {
	provider pulumirpc.ResourceProviderClient
	dir      string
}

func newReleases(t *testing.T) *releases {
	t.Helper()
	api := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"major": "1", "minor": "36"}`) // To /version: it can be reached.
	}))
	t.Cleanup(api.Close)
	r := &releases{dir: t.TempDir()}
	program := filepath.Join(r.dir, "program")
	script := "#!/bin/sh\ncat > " + r.dir + "/asked\ncat " + r.dir + "/answer\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	value, stop, err := offline.ServeWith(t.Context(), offline.Options{
		Helm: func(context.Context) (string, error) { return program, nil },
	}, "kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	r.provider = dial(t, value, &engine{})
	configure(t, r.provider, map[string]any{"kubeconfig": `{"apiVersion": "v1", "kind": "Config",
		"clusters": [{"name": "c", "cluster": {"server": "` + api.URL + `", "insecure-skip-tls-verify": true}}],
		"users": [{"name": "u", "user": {"token": "token-of-mine"}}],
		"contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}], "current-context": "c"}`})
	return r
}

// answers sets what the program says.
func (r *releases) answers(t *testing.T, answer string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, "answer"), []byte(answer), 0o600); err != nil {
		t.Fatal(err)
	}
}

// asked is what it was asked last.
func (r *releases) asked(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, "asked"))
	if err != nil {
		t.Fatal(err)
	}
	var asked map[string]any
	if err := json.Unmarshal(text, &asked); err != nil {
		t.Fatal(err)
	}
	return asked
}

func releaseURN() string { return urnOf("helm.sh/v3:Release", "op") }

func of(t *testing.T, text string) resource.PropertyMap { t.Helper(); return (&rig{}).inputs(t, text) }

const deployedAnswer = `{"found": true, "status": "deployed", "revision": 1, "version": "1.2.3",
  "resources": {"Deployment/apps/v1": ["ops/op"]}}`

func TestAReleaseIsInstalledByItsProgram(t *testing.T) {
	r := newReleases(t)
	r.answers(t, deployedAnswer)
	inputs := wire(t, of(t, chart))
	made, err := r.provider.Create(t.Context(), &pulumirpc.CreateRequest{Urn: releaseURN(), Properties: inputs})
	if err != nil {
		t.Fatal(err)
	}
	state := unwire(t, made.GetProperties())
	if made.GetId() != "ops/op" || state["status"].ObjectValue()["status"].StringValue() != "deployed" {
		t.Errorf("got the id %s and the state %v", made.GetId(), state)
	}
	asked := r.asked(t)
	release, _ := asked["release"].(map[string]any)
	kubeconfig, _ := asked["kubeconfig"].(string)
	if asked["action"] != "install" || release["timeout"] != 60.0 || !strings.Contains(kubeconfig, "token-of-mine") {
		t.Errorf("the program was asked %v", asked)
	}

	read, err := r.provider.Read(t.Context(), &pulumirpc.ReadRequest{
		Urn: releaseURN(), Id: made.GetId(), Properties: made.GetProperties(),
	})
	if err != nil || read.GetId() != "ops/op" {
		t.Errorf("reading it: got %v, %v", read, err)
	}
	r.answers(t, `{"found": false}`)
	read, err = r.provider.Read(t.Context(), &pulumirpc.ReadRequest{
		Urn: releaseURN(), Id: made.GetId(), Properties: made.GetProperties(),
	})
	if err != nil || read.GetId() != "" {
		t.Errorf("reading one that is gone: got %v, %v", read, err)
	}
	if _, err := r.provider.Delete(t.Context(), &pulumirpc.DeleteRequest{
		Urn: releaseURN(), Id: made.GetId(), Properties: made.GetProperties(),
	}); err != nil || r.asked(t)["action"] != "uninstall" {
		t.Errorf("deleting it: got %v, and the program was asked to %v", err, r.asked(t)["action"])
	}
}

func TestChangedValuesChangeAReleaseAndAnotherNameReplacesIt(t *testing.T) {
	r := newReleases(t)
	r.answers(t, deployedAnswer)
	made, err := r.provider.Create(t.Context(), &pulumirpc.CreateRequest{
		Urn: releaseURN(), Properties: wire(t, of(t, chart)),
	})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		chart: "[] []",
		strings.Replace(chart, "replicas: 1", "replicas: 2", 1):     "[values] []",
		strings.Replace(chart, "namespace: ops", "namespace: o", 1): "[namespace] [namespace]",
	} {
		diff, err := r.provider.Diff(t.Context(), &pulumirpc.DiffRequest{
			Urn: releaseURN(), Id: made.GetId(), Olds: made.GetProperties(), News: wire(t, of(t, text)),
		})
		if got := fmt.Sprint(diff.GetDiffs(), " ", diff.GetReplaces()); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
	r.answers(t, `{"error": "release op: time is up\npod op-1: ImagePullBackOff", "left": true}`)
	_, err = r.provider.Update(t.Context(), &pulumirpc.UpdateRequest{
		Urn: releaseURN(), Id: made.GetId(), Olds: made.GetProperties(), News: wire(t, of(t, chart)),
	})
	if err == nil || !strings.Contains(err.Error(), "ImagePullBackOff") {
		t.Errorf("a failed update: got %v, want the pod's reason", err)
	}
	// What is there stays in the state.
	details := status.Convert(err).Details()
	if len(details) != 1 {
		t.Fatalf("a failed update: got the details %v, want that the release is there", details)
	}
	if left, ok := details[0].(*pulumirpc.ErrorResourceInitFailed); !ok || left.GetId() != "ops/op" {
		t.Errorf("a failed update: got %v, want the release's id", details[0])
	}
}

func TestAReleaseThatFailedAndWasTakenBackIsNotThere(t *testing.T) {
	r := newReleases(t)
	r.answers(t, `{"error": "release op: time is up", "left": false}`)
	_, err := r.provider.Create(t.Context(), &pulumirpc.CreateRequest{
		Urn: releaseURN(), Properties: wire(t, of(t, chart)),
	})
	if err == nil || !strings.Contains(err.Error(), "installing ops/op: release op: time is up") {
		t.Errorf("got %v", err)
	}
}

func TestInputsOfAReleaseThatAreNotHonouredAreRefused(t *testing.T) {
	r := newReleases(t)
	text := strings.Replace(chart, "atomic: true", "atomic: true, postrender: sed, createNamespace: true", 1)
	checked, err := r.provider.Check(t.Context(), &pulumirpc.CheckRequest{
		Urn: releaseURN(), News: wire(t, of(t, strings.Replace(text, "version: 1.2.3, ", "", 1))),
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, failure := range checked.GetFailures() {
		got = append(got, failure.GetProperty())
	}
	slices.Sort(got)
	if want := []string{"createNamespace", "postrender", "version"}; !slices.Equal(got, want) {
		t.Errorf("got the failures %v, want %v", got, want)
	}
}
