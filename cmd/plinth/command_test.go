package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/config"
	"plinth/internal/target"
	"plinth/internal/workspace"
)

// newCommand returns a command line that writes to out, and has no terminal.
func newCommand(out *bytes.Buffer, program pulumi.RunFunc) *command {
	return &command{
		in: strings.NewReader(""), out: out, errs: out, kill: make(chan struct{}),
		program: func(func() []string) pulumi.RunFunc { return program },
	}
}

// folder makes a project in a new folder, and goes there. Neither a cluster nor a Pulumi CLI can be found from it.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(root)
	t.Setenv("HOME", root)
	t.Setenv("KUBECONFIG", "")
	t.Setenv("PULUMI_BACKEND_URL", "")
	t.Setenv("PULUMI_CONFIG_PASSPHRASE_FILE", "")
	return root
}

const projectFile = "name: plinth\nruntime: go\n"

func TestBadUsageEndsWithCode2AndSaysWhatIsWanted(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{
			[]string{"upp", "local"},
			`plinth: unknown command "upp": want bootstrap, destroy, doctor, env, eta, image, orphans, outputs, preview, promote, refresh, render, unlock, up, verify, version`,
		},
		{[]string{"up"}, "plinth: plinth up wants the name of one stack, got 0: plinth up STACK [flags]"},
		{[]string{"up", "a", "b"}, "plinth: plinth up wants the name of one stack, got 2: plinth up STACK [flags]"},
		{[]string{"up", "--fast"}, "plinth: unknown flag: --fast: see `plinth up --help`"},
		{[]string{"up", "local", "--cloud", "azure"}, "plinth: --cloud azure: want aws or gcp"},
		{
			[]string{"up", "local", "--simulate"},
			"plinth: --simulate: stack local names no cloud (plinth:cloud is existing): add --cloud aws or --cloud gcp",
		},
		{
			[]string{"up", "local", "--simulate", "--cloud", "aws", "--kubeconfig", "k"},
			"plinth: --simulate: the cluster is a simulated one: leave out --kubeconfig and --context",
		},
		{
			[]string{"up", "prod"},
			`plinth: no stack "prod": Pulumi.prod.yaml does not exist; of the stacks with a file there are dev, local`,
		},
		{
			[]string{"preview", "../x"},
			`plinth: "../x" is no name of a stack: it has 1 to 100 letters, digits, dots, hyphens and underscores, ` +
				"and no dot at its start",
		},
	} {
		folder(t, map[string]string{"Pulumi.yaml": projectFile, "Pulumi.local.yaml": "", "Pulumi.dev.yaml": ""})
		var out bytes.Buffer
		code := newCommand(&out, nil).run(t.Context(), test.args)
		if got := strings.TrimSpace(out.String()); code != exitUsage || got != test.want {
			t.Errorf("%q: code %d, got %s", test.args, code, got)
		}
	}
}

func TestBadConfigurationEndsWithCode2BeforeAnythingIsMade(t *testing.T) {
	root := folder(t, map[string]string{
		"Pulumi.yaml":       projectFile,
		"Pulumi.local.yaml": "config:\n  plinth:tier: devv\n  plinth:appps: {}\n",
	})
	var out bytes.Buffer
	code := newCommand(&out, nil).run(t.Context(), []string{"up", "local"})
	if code != exitUsage || !strings.Contains(out.String(), "tier: ") || !strings.Contains(out.String(), "appps: ") {
		t.Errorf("code %d, got %s", code, out.String())
	}
	if _, err := os.Stat(filepath.Join(root, ".plinth")); err == nil {
		t.Error("there is a .plinth now")
	}
}

func TestTheHelpDocumentsTheExitCodes(t *testing.T) {
	var out bytes.Buffer
	if code := newCommand(&out, nil).run(t.Context(), []string{"help"}); code != exitDone {
		t.Errorf("code %d", code)
	}
	for _, line := range []string{
		"  3    refused: ", "  4    preview or refresh --expect-no-changes: there are changes", "  130  interrupted",
	} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("the help has no line %q", line)
		}
	}
}

func TestExitCodes(t *testing.T) {
	interrupted, interrupt := context.WithCancel(t.Context())
	interrupt()
	for _, test := range []struct {
		ctx  context.Context
		err  error
		want int
	}{
		{t.Context(), nil, 0},
		{t.Context(), errors.New("x"), 1},
		{t.Context(), errReported, 1},
		{t.Context(), fmt.Errorf("x: %w", &workspace.UsageError{}), 2},
		{t.Context(), fmt.Errorf("x: %w", &config.Error{}), 2},
		{t.Context(), fmt.Errorf("x: %w", &workspace.Refusal{}), 3},
		{t.Context(), errChanges, 4},
		{interrupted, errReported, 130},
		{interrupted, nil, 0},
	} {
		if got := exitCode(test.ctx, test.err); got != test.want {
			t.Errorf("%v: got %d, want %d", test.err, got, test.want)
		}
	}
}

func TestSecretsOfTheUserNeedTheUsersPassphrase(t *testing.T) {
	folder(t, map[string]string{"Pulumi.yaml": projectFile, "Pulumi.local.yaml": "encryptionsalt: v1:abc\n"})
	var out bytes.Buffer
	code := newCommand(&out, nil).run(t.Context(), []string{"destroy", "local"})
	want := "plinth: Pulumi.local.yaml has secrets that a passphrase of yours encrypts (encryptionsalt): set " +
		"PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE to the path of a file that holds it\n"
	if code != exitUsage || out.String() != want {
		t.Errorf("code %d, got %s", code, out.String())
	}
}

func TestDestroyingAStackThatIsNotDevAsks(t *testing.T) {
	folder(t, map[string]string{"Pulumi.yaml": projectFile, "Pulumi.local.yaml": "config:\n  plinth:tier: prod\n"})
	var out bytes.Buffer
	code := newCommand(&out, nil).run(t.Context(), []string{"destroy", "local"})
	want := "plinth: everything in stack local is about to be deleted, and there is no terminal to ask on\n" +
		"next: plinth destroy local --yes\n"
	if code != exitRefused || out.String() != want {
		t.Errorf("without a terminal: code %d, got %s", code, out.String())
	}

	out.Reset()
	asking := newCommand(&out, nil)
	asking.terminal, asking.in = true, strings.NewReader("yes\n")
	if code := asking.run(t.Context(), []string{"destroy", "local"}); code != exitRefused ||
		!strings.HasSuffix(out.String(), "plinth: nothing was done: the answer was not local\n") {
		t.Errorf("the wrong answer: code %d, got %s", code, out.String())
	}

	out.Reset()
	asking.in = strings.NewReader("local\n")
	if code := asking.run(t.Context(), []string{"destroy", "local"}); code != exitDone ||
		!strings.HasSuffix(out.String(), "stack local: nothing to destroy\n") {
		t.Errorf("the right answer: code %d, got %s", code, out.String())
	}
	out.Reset()
	if code := newCommand(&out, nil).run(t.Context(), []string{"destroy", "local", "--yes"}); code != exitDone {
		t.Errorf("--yes: code %d, got %s", code, out.String())
	}
}

func TestOutputsOfAStackThatIsNotDeployedSayHowToDeployIt(t *testing.T) {
	folder(t, map[string]string{"Pulumi.yaml": projectFile, "Pulumi.local.yaml": ""})
	var out bytes.Buffer
	code := newCommand(&out, nil).run(t.Context(), []string{"outputs", "local", "--json"})
	want := "plinth: stack local is not deployed, so it has no outputs\nnext: plinth up local\n"
	if code != exitFailed || out.String() != want {
		t.Errorf("code %d, got %s", code, out.String())
	}
}

func TestTheStringsOfASecretValueAreFound(t *testing.T) {
	for text, want := range map[string][]string{
		"plain text":              {"plain text"},
		`{"token":"abc"}`:         {"abc"},
		`["abc",["def"],{},null]`: {"abc", "def"},
		"12345":                   {"12345"},
		"true":                    {"true"},
	} {
		if got := leaves(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// A create that was interrupted is in the state only as an open operation.
func TestAnObjectThatMayHaveBeenMadeIsAdopted(t *testing.T) {
	const state = `{"manifest":{"time":"2026-11-21T12:00:00Z","magic":"","version":""},"resources":[
  {"urn":"urn:pulumi:local::plinth::kubernetes:core/v1:Namespace::known","custom":true,
    "id":"known","type":"kubernetes:core/v1:Namespace"}
],"pending_operations":[
  {"type":"creating","resource":{"urn":"urn:pulumi:local::plinth::kubernetes:apps/v1:Deployment::web","custom":true,
    "type":"kubernetes:apps/v1:Deployment","parent":"urn:pulumi:local::plinth::plinth:app:App::web",
    "inputs":{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"plinth-local"}}}},
  {"type":"creating","resource":{"urn":"urn:pulumi:local::plinth::kubernetes:core/v1:Namespace::new","custom":true,
    "type":"kubernetes:core/v1:Namespace","inputs":{"metadata":{"name":"new"}}}},
  {"type":"creating","resource":{"urn":"urn:pulumi:local::plinth::kubernetes:core/v1:Namespace::known","custom":true,
    "type":"kubernetes:core/v1:Namespace","inputs":{"metadata":{"name":"known-2"}}}},
  {"type":"creating","resource":{"urn":"urn:pulumi:local::plinth::random:index/randomPassword:RandomPassword::p",
    "custom":true,"type":"random:index/randomPassword:RandomPassword","inputs":{"length":12}}},
  {"type":"updating","resource":{"urn":"urn:pulumi:local::plinth::kubernetes:core/v1:Namespace::known","custom":true,
    "id":"known","type":"kubernetes:core/v1:Namespace","inputs":{"metadata":{"name":"known"}}}}
]}`
	var deployment apitype.DeploymentV3
	if err := json.Unmarshal([]byte(state), &deployment); err != nil {
		t.Fatal(err)
	}
	err := adopt(&deployment, func(object target.Object) (string, error) {
		web := target.Object{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "plinth-local", Name: "web"}
		if object == web {
			return "pulumi-kubernetes-abc", nil
		}
		return "", nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, resource := range deployment.Resources {
		got = append(got, fmt.Sprintf("%s %s %s %v", resource.URN.Name(), resource.ID, resource.Parent,
			resource.Outputs["__fieldManager"]))
	}
	want := []string{
		"known known  <nil>",
		"web plinth-local/web urn:pulumi:local::plinth::plinth:app:App::web pulumi-kubernetes-abc",
		"new new  <nil>",
	}
	if !reflect.DeepEqual(got, want) || len(deployment.PendingOperations) != 0 {
		t.Errorf("got %q, %d operations still open", got, len(deployment.PendingOperations))
	}
}
