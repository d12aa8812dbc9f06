package stock_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"plinth/config"
	"plinth/environment"
	"plinth/internal/record"
)

// Exit codes of both programs.
const (
	done    = 0
	refused = 1 // pulumi's, for any error.
	usage   = 2 // plinth's, for a faulty configuration.
)

func TestStockPulumiAndPlinthMeanTheSame(t *testing.T) {
	i := install(t)
	var byPulumi, byPlinth map[string]any
	t.Run("what pulumi made, plinth leaves alone", func(t *testing.T) {
		u := i.user(t)
		want := i.recorded(t, "local")
		u.pulumi(t, done, "stack", "init", "local")
		mustContain(t, u.pulumi(t, done, "preview", "--stack", "local"), fmt.Sprintf("+ %d to create", want))
		mustContain(t, u.pulumi(t, done, "up", "--yes", "--stack", "local"), fmt.Sprintf("+ %d created", want))
		if !i.namespaceExists(t, "plinth-local") {
			t.Error("after pulumi up there is no namespace plinth-local")
		}
		u.pulumi(t, done, "preview", "--stack", "local", "--expect-no-changes")
		mustContain(t, u.plinth(t, done, "preview", "local", "--expect-no-changes"), "nothing would change")
		mustContain(t, u.plinth(t, done, "up", "local"), "stack local is up to date: nothing changed")
		u.pulumi(t, done, "preview", "--stack", "local", "--expect-no-changes")
		u.expectSameOutputs(t)
		byPulumi = u.state(t)

		mustContain(t, u.pulumi(t, done, "destroy", "--yes", "--stack", "local"), fmt.Sprintf("- %d deleted", want))
		if i.namespaceExists(t, "plinth-local") {
			t.Error("pulumi destroy left the namespace plinth-local")
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	i.restore(t, "local")
	t.Run("what plinth made, pulumi leaves alone", func(t *testing.T) {
		u := i.user(t)
		u.plinth(t, done, "up", "local")
		u.pulumi(t, done, "preview", "--stack", "local", "--expect-no-changes")
		mustContain(t, u.pulumi(t, done, "up", "--yes", "--stack", "local", "--expect-no-changes"), " unchanged")
		mustContain(t, u.plinth(t, done, "preview", "local", "--expect-no-changes"), "nothing would change")
		u.expectSameOutputs(t)
		byPlinth = u.state(t)

		u.pulumi(t, done, "destroy", "--yes", "--stack", "local")
		if i.namespaceExists(t, "plinth-local") {
			t.Error("pulumi destroy left the namespace plinth-local")
		}
	})
	t.Run("both make the same resources of the same inputs", func(t *testing.T) {
		expectSame(t, byPulumi, byPlinth)
	})
	i.restore(t, "local")
	t.Run("an unknown key is refused by both, with the same words", i.refusesUnknownKeys)
	t.Run("a secret value comes encrypted and is printed by neither", i.keepsSecrets)
}

// restore takes back what pulumi wrote into a stack file: how its secrets are encrypted.
func (i *installation) restore(t *testing.T, stack string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Pulumi."+stack+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	i.stackFile(t, stack, string(text))
}

// recorded is how many resources the program registers for a stack.
func (i *installation) recorded(t *testing.T, stack string) int {
	t.Helper()
	raw, secret, err := config.ReadStackFile(i.file(stack))
	if err != nil {
		t.Fatal(err)
	}
	rec, err := record.Run(t.Context(), record.Options{
		Project: config.Project, Stack: stack, Config: raw, SecretKeys: secret,
	}, environment.Program(func() []string { return slices.Collect(maps.Keys(raw)) }))
	if err != nil {
		t.Fatal(err)
	}
	return len(rec.Resources)
}

func (i *installation) namespaceExists(t *testing.T, name string) bool {
	t.Helper()
	cfg, err := clientcmd.BuildConfigFromFlags("", i.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CoreV1().Namespaces().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	return err == nil
}

// expectSameOutputs fails when the two programs do not print the same outputs of the stack.
func (u *user) expectSameOutputs(t *testing.T) {
	t.Helper()
	var byPulumi, byPlinth map[string]any
	for into, text := range map[*map[string]any]string{
		&byPulumi: u.pulumi(t, done, "stack", "output", "--json", "--stack", "local"),
		&byPlinth: u.plinth(t, done, "outputs", "local", "--json"),
	} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	if len(byPulumi) == 0 || !reflect.DeepEqual(byPulumi, byPlinth) {
		t.Errorf("pulumi has the outputs %v, plinth %v", byPulumi, byPlinth)
	}
}

// encrypted is the key by which a state says that a value is one, and which kind; this is the kind of a secret.
const encrypted = "4dabf18193072939515e22adb298388d"

// state is what the engine knows: the inputs and the options of each resource, by URN.
func (u *user) state(t *testing.T) map[string]any {
	t.Helper()
	var export struct {
		Deployment struct {
			Resources []map[string]any `json:"resources"`
		} `json:"deployment"`
	}
	file := filepath.Join(t.TempDir(), "export.json")
	u.pulumi(t, done, "stack", "export", "--stack", "local", "--file", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &export); err != nil {
		t.Fatal(err)
	}
	state := map[string]any{}
	for _, r := range export.Deployment.Resources {
		// What differs from run to run: times, and what a provider made up.
		for _, key := range []string{"created", "modified", "outputs", "id", "provider", "sourcePosition", "stackTrace"} {
			delete(r, key)
		}
		state[fmt.Sprint(r["urn"])] = alike(r)
	}
	return state
}

// alike replaces every secret by one word, since each encryption gives another text, and every certificate, since each
// key is another; and it sorts what has no order:
// lists of resources.
func alike(value any) any {
	switch value := value.(type) {
	case map[string]any:
		if _, found := value[encrypted]; found {
			return "[secret]"
		}
		for key := range value {
			value[key] = alike(value[key])
		}
	case string:
		if strings.HasPrefix(value, "-----BEGIN ") {
			return "[PEM]"
		}
	case []any:
		for at := range value {
			value[at] = alike(value[at])
		}
		if len(value) > 0 && strings.HasPrefix(fmt.Sprint(value[0]), "urn:pulumi:") {
			slices.SortFunc(value, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	}
	return value
}

// expectSame fails when two states differ.
func expectSame(t *testing.T, byPulumi, byPlinth map[string]any) {
	t.Helper()
	got, want := slices.Sorted(maps.Keys(byPlinth)), slices.Sorted(maps.Keys(byPulumi))
	if len(want) == 0 || !slices.Equal(got, want) {
		t.Fatalf("plinth made\n%s\npulumi made\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, urn := range want {
		if !reflect.DeepEqual(byPulumi[urn], byPlinth[urn]) {
			t.Errorf("%s: pulumi made\n%v\nplinth made\n%v", urn, byPulumi[urn], byPlinth[urn])
		}
	}
}

// faulty is a stack file with two unknown keys, one of them deep inside.
const faulty = `config:
  plinth:tier: dev
  plinth:aps: {}
  plinth:apps:
    web:
      image: registry.example.com/web:1.2.3
      replicsa: 2
      resources:
        limits: {cpu: 500m, memory: 128Mi, ephemeralStorage: 128Mi}
`

func (i *installation) refusesUnknownKeys(t *testing.T) {
	u := i.user(t)
	i.stackFile(t, "faulty", faulty)
	u.pulumi(t, done, "stack", "init", "faulty")
	byPulumi := u.pulumi(t, refused, "preview", "--stack", "faulty")
	byPlinth := u.plinth(t, usage, "preview", "faulty")

	raw, secret, err := config.ReadStackFile(i.file("faulty"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = config.Load("faulty", raw, secret)
	if err == nil {
		t.Fatal("the configuration is accepted")
	}
	mustContain(t, err.Error(), "aps: unknown key", "apps.web.replicsa: unknown key")
	for line := range strings.Lines(err.Error()) {
		mustContain(t, byPulumi, strings.TrimSpace(line))
		mustContain(t, byPlinth, strings.TrimSpace(line))
	}
}

// canary is a secret that must be seen nowhere.
const canary = "canary-5d1f08-do-not-print"

// secretive is a stack file whose one application takes a secret value.
const secretive = `config:
  plinth:tier: dev
  plinth:apps:
    web:
      image: registry.example.com/web:1.2.3
      user: 10001
      resources:
        limits: {cpu: 500m, memory: 128Mi, ephemeralStorage: 128Mi}
      secrets: {API_TOKEN: token}
`

func (i *installation) keepsSecrets(t *testing.T) {
	u := i.user(t)
	i.stackFile(t, "secret", secretive)
	u.pulumi(t, done, "stack", "init", "secret")
	set := u.pulumi(t, done, "config", "set", "--stack", "secret", "--secret", "--path", "plinth:secretValues.token",
		canary)
	printed := set + u.pulumi(t, done, "preview", "--stack", "secret", "--diff")
	mustContain(t, printed, "API_TOKEN", "[secret]")
	printed += u.plinth(t, done, "preview", "secret")
	text, err := os.ReadFile(i.file("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(printed+string(text), canary) {
		t.Error("the secret is there in plain text")
	}
	want := i.recorded(t, "secret")
	mustContain(t, printed, fmt.Sprintf("+ %d to create", want))
}

func mustContain(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, part := range wanted {
		if !strings.Contains(text, part) {
			t.Errorf("it does not say %q", part)
		}
	}
}
