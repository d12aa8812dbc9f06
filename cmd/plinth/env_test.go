package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	restclient "k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// everything is every object of every kind in the project's embedded cluster, but those that come and go by themselves.
func (p *project) everything(t *testing.T) map[string]bool {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(p.root, ".plinth", "cluster", "kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	config.QPS, config.WarningHandler = -1, restclient.NoWarnings{}
	objects, err := metadata.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := client.Discovery().ServerPreferredResources()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range list.APIResources {
			if kind.Kind == "Event" || kind.Kind == "Lease" || kind.Kind == "Endpoints" || !slices.Contains(kind.Verbs, "list") {
				continue
			}
			items, err := objects.Resource(version.WithResource(kind.Name)).List(t.Context(), metav1.ListOptions{})
			if err != nil {
				continue // componentstatuses
			}
			for _, o := range items.Items {
				found[kind.Kind+" "+o.Namespace+"/"+o.Name] = true
			}
		}
	}
	if len(found) < 50 {
		t.Fatalf("only %d objects were found in the cluster", len(found))
	}
	return found
}

// isNew are the keys of one set that another one lacks.
func isNew(after, before map[string]bool) []string {
	var found []string
	for _, key := range slices.Sorted(maps.Keys(after)) {
		if !before[key] {
			found = append(found, key)
		}
	}
	return found
}

func TestAnEphemeralEnvironmentIsMadeChangedAndLeavesNothing(t *testing.T) {
	p := newProject(t)
	plinth(t, exitDone, "up", "local")
	before := p.everything(t)

	began := time.Now()
	got := plinth(t, exitDone, "env", "create", "pr-7", "--from", "local", "--ttl", "1h", "--owner", "ada@example.com")
	t.Logf("env create took %s", time.Since(began).Round(time.Second))
	mustContain(t, got, "stack pr-7 is up to date: ", " created in ", "environment pr-7 is there (", "its owner is ada@example.com")

	client := p.client(t)
	quota := must[any](t)(client.CoreV1().ResourceQuotas("plinth-pr-7").Get(t.Context(), "quota", metav1.GetOptions{}))
	deny := must[any](t)(client.NetworkingV1().NetworkPolicies("plinth-pr-7").Get(t.Context(), "default-deny", metav1.GetOptions{}))
	if quota == nil || deny == nil {
		t.Error("the environment has no quota, or no network policy that denies")
	}

	// A change of its own, which the environment next to it does not see.
	file := p.file(t, "Pulumi.pr-7.yaml")
	p.write(t, map[string]string{"Pulumi.pr-7.yaml": strings.Replace(file, "replicas: 2", "replicas: 3", 1)})
	mustContain(t, plinth(t, exitDone, "up", "pr-7"), "updated    Deployment reader-deployment")
	mustContain(t, plinth(t, exitDone, "preview", "local", "--expect-no-changes"), "nothing would change")

	var listed []map[string]any
	if err := json.Unmarshal([]byte(plinth(t, exitDone, "env", "list", "--json")), &listed); err != nil {
		t.Fatal(err)
	}
	if len(listed) != 1 || listed[0]["name"] != "pr-7" || listed[0]["from"] != "local" || listed[0]["owner"] != "ada@example.com" ||
		listed[0]["pods"] != 6.0 || listed[0]["cpu"] != "300m" || listed[0]["memory"] != "512Mi" || listed[0]["storage"] != "4Gi" {
		t.Errorf("got the environments %v", listed)
	}
	mustContain(t, plinth(t, exitDone, "env", "list"), "NAME  FROM   OWNER ", "pr-7  local  ada@example.com  ")
	mustContain(t, plinth(t, exitDone, "env", "extend", "pr-7", "--ttl", "30m"), "environment pr-7 lives until ", " already")
	mustContain(t, plinth(t, exitDone, "env", "extend", "pr-7", "--ttl", "48h"), "environment pr-7 lives until ")
	mustContain(t, plinth(t, exitDone, "env", "list"), "  in 48h0m0s ")
	mustContain(t, plinth(t, exitRefused, "env", "destroy", "local"), "stack local is no ephemeral environment")

	began = time.Now()
	mustContain(t, plinth(t, exitDone, "env", "destroy", "pr-7"), "environment pr-7 is gone (")
	t.Logf("env destroy took %s", time.Since(began).Round(time.Second))
	if left := isNew(p.everything(t), before); len(left) != 0 {
		t.Errorf("left in the cluster: %q", left)
	}
	for _, name := range []string{"Pulumi.pr-7.yaml", ".plinth/stacks/pr-7"} {
		if _, err := os.Stat(filepath.Join(p.root, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
	mustContain(t, plinth(t, exitDone, "env", "list"), "there are no ephemeral environments")
	plinth(t, exitDone, "destroy", "local")
}

// small is a stack with one application and nothing else.
const small = `config:
  plinth:tier: dev
  plinth:apps:
    web:
      image: registry.example.com/web:1.2.3
      user: 10001
      ports: [{name: http, container: 8080}]
      resources: {limits: {cpu: 100m, memory: 64Mi, ephemeralStorage: 64Mi}}
`

func TestAReaperRemovesExactlyTheExpiredAlsoWhenOneFails(t *testing.T) {
	p := newProject(t)
	p.write(t, map[string]string{"Pulumi.base.yaml": small})
	plinth(t, exitDone, "up", "base")
	before := p.everything(t)
	for name, ttl := range map[string]string{"pr-1": "1h", "pr-2": "2h", "pr-3": "3h", "pr-4": "96h"} {
		plinth(t, exitDone, "env", "create", name, "--from", "base", "--ttl", ttl)
	}
	// One of them cannot be destroyed.
	file := p.file(t, "Pulumi.pr-2.yaml")
	p.write(t, map[string]string{"Pulumi.pr-2.yaml": file + "  plinth:namespace: {protect: true}\n"})
	plinth(t, exitDone, "up", "pr-2")
	// Another one is seen without its files, as on another machine.
	for _, name := range []string{"Pulumi.pr-3.yaml", ".plinth/stacks/pr-3"} {
		if err := os.RemoveAll(filepath.Join(p.root, name)); err != nil {
			t.Fatal(err)
		}
	}
	names := func() []string {
		var listed []struct{ Name string }
		if err := json.Unmarshal([]byte(plinth(t, exitDone, "env", "list", "--json")), &listed); err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, e := range listed {
			found = append(found, e.Name)
		}
		slices.Sort(found)
		return found
	}
	at := func(after time.Duration) string { return time.Now().Add(after).UTC().Format(time.RFC3339) }

	plinth(t, exitDone, "env", "reap")
	plinth(t, exitDone, "env", "reap", "--at", at(4*time.Hour), "--dry-run")
	if got := names(); !slices.Equal(got, []string{"pr-1", "pr-2", "pr-3", "pr-4"}) {
		t.Fatalf("a reaper before the end, or one that only looks, left %q", got)
	}
	got := plinth(t, exitFailed, "env", "reap", "--at", at(4*time.Hour))
	mustContain(t, got, "environment pr-1 is gone", "environment pr-3 is gone", "environment pr-2 is not gone: stack pr-2: "+
		"it holds protected resources", "4 ephemeral environments, 2 of them expired and destroyed", "not destroyed: pr-2")
	if got := names(); !slices.Equal(got, []string{"pr-2", "pr-4"}) {
		t.Fatalf("the reaper left %q, want pr-2, which is protected, and pr-4, whose time is not over", got)
	}
	p.write(t, map[string]string{"Pulumi.pr-2.yaml": file})
	plinth(t, exitDone, "up", "pr-2")
	plinth(t, exitDone, "env", "reap", "--at", at(4*time.Hour))
	plinth(t, exitDone, "env", "destroy", "pr-4")
	if left := isNew(p.everything(t), before); len(left) != 0 {
		t.Errorf("left in the cluster: %q", left)
	}
	plinth(t, exitDone, "destroy", "base")
	if left := p.processes(t); len(left) != 0 {
		t.Errorf("processes are left: %q", left)
	}
}
