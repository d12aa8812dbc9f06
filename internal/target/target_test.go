package target_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plinth/internal/target"
	"plinth/internal/workspace"
)

// newStack returns a stack of a new project, in a place where no kubeconfig and no kind is found.
func newStack(t *testing.T) *workspace.Stack {
	t.Helper()
	root := t.TempDir()
	t.Setenv("HOME", root)
	t.Setenv("PATH", filepath.Join(root, "path")+":/usr/bin:/bin")
	write(t, filepath.Join(root, "Pulumi.yaml"), "name: plinth\nruntime: go\n", 0o600)
	project, err := workspace.Find(root)
	if err != nil {
		t.Fatal(err)
	}
	stack, err := project.Stack("local")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(stack.Dir(), 0o700); err != nil {
		t.Fatal(err)
	}
	return stack
}

func write(t *testing.T, file, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// kubeconfig writes a kubeconfig with two contexts, one and two, and returns its path.
func kubeconfig(t *testing.T, file, server string) string {
	t.Helper()
	write(t, file, fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: one
clusters:
- {name: first, cluster: {server: %q}}
- {name: second, cluster: {server: "https://second.example.com"}}
users:
- {name: me, user: {token: abc}}
contexts:
- {name: one, context: {cluster: first, user: me}}
- {name: two, context: {cluster: second, user: me}}
`, server), 0o600)
	return file
}

// api is an API server that knows the namespace kube-system alone, and whose cluster is called uid.
func api(t *testing.T, uid string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/namespaces/kube-system" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"kube-system","uid":%q}}`, uid)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func choose(t *testing.T, stack *workspace.Stack, wish target.Wish) *target.Cluster {
	t.Helper()
	cluster, err := target.Choose(t.Context(), "up", stack, wish)
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}

func TestWithoutKubeconfigAndKindTheEmbeddedClusterIsChosen(t *testing.T) {
	cluster := choose(t, newStack(t), target.Wish{})
	if cluster.Kind != target.Embedded || cluster.String() != "the embedded cluster" {
		t.Errorf("got %+v", cluster)
	}
}

func TestTheKubeconfigIsTheFlagThenTheStacksThenTheVariables(t *testing.T) {
	stack := newStack(t)
	root := stack.Project.Root
	t.Chdir(root)
	for _, name := range []string{"flag", "stack", "variable", filepath.Join(".kube", "config")} {
		kubeconfig(t, filepath.Join(root, name), "https://"+filepath.Base(name)+".example.com")
	}
	for _, test := range []struct {
		wish target.Wish
		want string
	}{
		{target.Wish{Kubeconfig: "flag", Variable: "variable"}, "https://flag.example.com (kubeconfig ROOT/flag)"},
		{target.Wish{StackKubeconfig: "stack", Variable: "x"}, "https://stack.example.com (kubeconfig ROOT/stack)"},
		{target.Wish{Variable: "variable"}, "https://variable.example.com (kubeconfig ROOT/variable)"},
		{target.Wish{StackContext: "one"}, "https://config.example.com (context one of kubeconfig ROOT/.kube/config)"},
		{
			target.Wish{Context: "two", Variable: ":variable"},
			"https://second.example.com (context two of kubeconfig ROOT/variable)",
		},
	} {
		cluster := choose(t, stack, test.wish)
		if got := strings.ReplaceAll(cluster.String(), root, "ROOT"); cluster.Kind != target.Given || got != test.want {
			t.Errorf("%+v: got %s", test.wish, got)
		}
	}
}

func TestAWrongKubeconfigIsAFaultOfUsage(t *testing.T) {
	stack := newStack(t)
	root := stack.Project.Root
	there := kubeconfig(t, filepath.Join(root, "there"), "https://one.example.com")
	broken := filepath.Join(root, "broken")
	write(t, broken, "{", 0o600)
	for _, test := range []struct {
		wish target.Wish
		want string
	}{
		{target.Wish{Kubeconfig: "/nowhere/at/all"}, "kubeconfig /nowhere/at/all: no such file or directory"},
		{
			target.Wish{Kubeconfig: there, Context: "three"},
			"kubeconfig " + there + `: no context "three"; it has one, two`,
		},
		{target.Wish{Kubeconfig: broken}, "kubeconfig " + broken + ": "},
		{
			target.Wish{Kubeconfig: there, StackKubeconfig: "other"},
			"--kubeconfig " + there + ": the stack's own configuration says other (plinth:cluster.kubeconfig): " +
				"remove one of the two",
		},
		{
			target.Wish{Context: "one", StackContext: "two"},
			"--context one: the stack's own configuration says two (plinth:cluster.context): remove one of the two",
		},
		{
			target.Wish{Context: "one", StackKubeconfig: there},
			"--context one: the stack's own configuration names the kubeconfig: set plinth:cluster.context beside it",
		},
	} {
		_, err := target.Choose(t.Context(), "up", stack, test.wish)
		var usage *workspace.UsageError
		if !errors.As(err, &usage) || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%+v: got %v", test.wish, err)
		}
	}
}

func TestAStackStaysOnItsCluster(t *testing.T) {
	stack := newStack(t)
	root := stack.Project.Root
	first := kubeconfig(t, filepath.Join(root, "first"), api(t, "uid-1"))
	second := kubeconfig(t, filepath.Join(root, "second"), api(t, "uid-2"))

	home := choose(t, stack, target.Wish{Kubeconfig: first})
	if err := home.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := home.Check("up", stack); err != nil {
		t.Fatal(err)
	}
	if err := home.Tie(stack); err != nil {
		t.Fatal(err)
	}
	if err := home.Check("up", stack); err != nil {
		t.Error(err)
	}

	away := choose(t, stack, target.Wish{Kubeconfig: second})
	if err := away.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := away.Check("up", stack)
	want := fmt.Sprintf("stack local is deployed to %s, cluster uid-1, and %s is cluster uid-2\n"+
		"next: plinth up local --kubeconfig %s; if that cluster no longer exists: plinth destroy local --forget",
		home, away, first)
	var refusal *workspace.Refusal
	if !errors.As(err, &refusal) || err.Error() != want {
		t.Errorf("got %v", err)
	}

	_, err = target.Choose(t.Context(), "destroy", stack, target.Wish{})
	want = fmt.Sprintf("stack local is deployed to %s, and this command would use the embedded cluster\n"+
		"next: plinth destroy local --kubeconfig %s", home, first)
	if !errors.As(err, &refusal) || err.Error() != want {
		t.Errorf("got %v", err)
	}

	if err := target.Untie(stack); err != nil {
		t.Fatal(err)
	}
	if err := away.Check("up", stack); err != nil {
		t.Errorf("once untied: %v", err)
	}
}

func TestAnEmbeddedClusterThatIsGoneIsNotTakenForTheNewOne(t *testing.T) {
	stack := newStack(t)
	if err := (&target.Cluster{Kind: target.Embedded, UID: "uid-1"}).Tie(stack); err != nil {
		t.Fatal(err)
	}
	err := (&target.Cluster{Kind: target.Embedded, UID: "uid-2"}).Check("up", stack)
	want := "stack local was deployed to the embedded cluster, and that has been removed (it was uid-1)\n" +
		"next: plinth destroy local --forget, which drops what is known of the stack; then plinth up local"
	if missing := target.CheckData(stack, stack.Project.Path("cluster")); missing == nil || missing.Error() != want {
		t.Errorf("without its data: %v", missing)
	}
	if err := target.CheckData(stack, stack.Dir()); err != nil {
		t.Errorf("with its data: %v", err)
	}
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	given := &target.Cluster{Kind: target.Given, Kubeconfig: "/k", Server: "https://x", UID: "uid-3"}
	err = given.Check("up", stack)
	want = "stack local is deployed to the embedded cluster, and this command would use https://x (kubeconfig /k)\n" +
		"next: env -u KUBECONFIG plinth up local, without --kubeconfig; to move it, destroy it there first"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	given.UID = "uid-1"
	if err := given.Check("up", stack); err != nil {
		t.Errorf("the same cluster by its kubeconfig: %v", err)
	}
	if used, err := target.Used(stack.Project, target.Embedded); !slices.Equal(used, []string{"local"}) || err != nil {
		t.Errorf("got %v %v", used, err)
	}
	if used, err := target.Used(stack.Project, target.KinD); len(used) != 0 || err != nil {
		t.Errorf("got %v %v", used, err)
	}
}

func TestAClusterThatDoesNotAnswerIsNamed(t *testing.T) {
	stack := newStack(t)
	path := kubeconfig(t, filepath.Join(stack.Project.Root, "k"), "http://127.0.0.1:1")
	cluster := choose(t, stack, target.Wish{Kubeconfig: path})
	err := cluster.Identify(t.Context())
	if err == nil || !strings.HasPrefix(err.Error(), "reaching http://127.0.0.1:1 (kubeconfig "+path+"): ") ||
		!strings.HasSuffix(err.Error(), "\nnext: kubectl --kubeconfig "+path+" get namespaces") {
		t.Errorf("got %v", err)
	}
}

func TestAChosenContextIsExportedAlone(t *testing.T) {
	stack := newStack(t)
	path := kubeconfig(t, filepath.Join(stack.Project.Root, "k"), "https://first.example.com")
	plain := choose(t, stack, target.Wish{Kubeconfig: path})
	exported, remove, err := plain.Export(filepath.Join(stack.Dir(), "kubeconfig"))
	if err != nil || exported != path {
		t.Errorf("without a context: got %s %v", exported, err)
	}
	remove()

	cluster := choose(t, stack, target.Wish{Kubeconfig: path, Context: "two"})
	exported, remove, err = cluster.Export(filepath.Join(stack.Dir(), "kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(exported)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "current-context: two") || strings.Contains(string(text), "first") {
		t.Errorf("got %s", text)
	}
	if info, err := os.Stat(exported); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v %v", info.Mode(), err)
	}
	remove()
	if _, err := os.Stat(exported); err == nil {
		t.Error("the exported kubeconfig is still there")
	}
}

// fakeKind puts a kind and a docker on PATH that keep their clusters in a file and write down how they were called.
func fakeKind(t *testing.T, stack *workspace.Stack, clusters string) (calls func() string) {
	t.Helper()
	root := stack.Project.Root
	state, log := filepath.Join(root, "clusters"), filepath.Join(root, "calls")
	write(t, state, clusters, 0o600)
	write(t, filepath.Join(root, "path", "docker"), "#!/bin/sh\nexit 0\n", 0o700)
	write(t, filepath.Join(root, "path", "kind"), fmt.Sprintf(`#!/bin/sh
echo "$*" >> %[2]s
case "$1" in
get) cat %[1]s;;
create) echo plinth >> %[1]s; : > %[3]s;;
export) : > %[3]s;;
delete) : > %[1]s;;
esac
`, state, log, stack.Project.Path("kind.kubeconfig")), 0o700)
	return func() string {
		text, _ := os.ReadFile(log)
		return strings.ReplaceAll(string(text), stack.Project.Path("kind.kubeconfig"), "KUBECONFIG")
	}
}

func TestWithKindAndDockerAKindClusterIsMadeAndDeletedAgain(t *testing.T) {
	stack := newStack(t)
	calls := fakeKind(t, stack, "")
	cluster := choose(t, stack, target.Wish{})
	if cluster.Kind != target.KinD || cluster.Kubeconfig != stack.Project.Path("kind.kubeconfig") {
		t.Errorf("got %+v", cluster)
	}
	if got := calls(); got != "" {
		t.Errorf("choosing called kind: %s", got)
	}
	now := func(work func() error) error { return work() }
	for range 2 {
		if err := target.StartKind(t.Context(), stack.Project, now); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []bool{true, false} {
		if stopped, err := target.StopKind(t.Context(), stack.Project); stopped != want || err != nil {
			t.Errorf("stop %d: got %t %v", i+1, stopped, err)
		}
	}
	want := `get clusters
create cluster --name plinth --kubeconfig KUBECONFIG --wait 180s
get clusters
export kubeconfig --name plinth --kubeconfig KUBECONFIG
delete cluster --name plinth --kubeconfig KUBECONFIG
`
	if got := calls(); got != want {
		t.Errorf("got %s", got)
	}
	if left, _ := filepath.Glob(stack.Project.Path("kind*")); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestAKindClusterOfSomebodyElseIsNotDeleted(t *testing.T) {
	stack := newStack(t)
	calls := fakeKind(t, stack, "plinth\n")
	if err := target.StartKind(t.Context(), stack.Project, nil); err != nil {
		t.Fatal(err)
	}
	if stopped, err := target.StopKind(t.Context(), stack.Project); stopped || err != nil {
		t.Errorf("got %t %v", stopped, err)
	}
	if strings.Contains(calls(), "delete") {
		t.Errorf("got %s", calls())
	}
}

func TestAStackOnTheEmbeddedClusterStaysThereWhenKindIsInstalled(t *testing.T) {
	stack := newStack(t)
	if err := (&target.Cluster{Kind: target.Embedded, UID: "uid-1"}).Tie(stack); err != nil {
		t.Fatal(err)
	}
	fakeKind(t, stack, "")
	if cluster := choose(t, stack, target.Wish{}); cluster.Kind != target.Embedded {
		t.Errorf("got %+v", cluster)
	}
}
