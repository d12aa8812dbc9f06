package workspace_test

import (
	"os"
	"strings"
	"testing"

	"plinth/internal/workspace"
)

func TestAnotherImageIsAllThatChangesInAStackFile(t *testing.T) {
	const before = `# The team's words.
config:
    plinth:tier:   dev   # odd spaces stay
    plinth:apps:
        api:    {image: 'registry.example.com/api:1', replicas: 2}
        web:
            # Why this one: see the log.
            image: registry.example.com/web:1   # the one
`
	for app, wants := range map[string]string{
		"web": strings.Replace(before, "example.com/web:1 ", "example.com/web:2@sha256:0a ", 1),
		"api": strings.Replace(before, "example.com/api:1'", "example.com/web:2@sha256:0a'", 1),
	} {
		project := &workspace.Project{Root: t.TempDir()}
		stack, err := project.Stack("dev")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(stack.File(), []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		was, err := stack.SetImage(app, "registry.example.com/web:2@sha256:0a")
		if err != nil {
			t.Fatal(err)
		}
		if want := "registry.example.com/" + app + ":1"; was != want {
			t.Errorf("the image before is %q, want %q", was, want)
		}
		text, err := os.ReadFile(stack.File())
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.Replace(wants, "registry.example.com/"+app+":2", "registry.example.com/web:2", 1); string(text) != want {
			t.Errorf("got\n%s\nwant\n%s", text, want)
		}
		if _, err := stack.SetImage("none", "x"); err == nil || !strings.HasSuffix(err.Error(), "there is no app of that name; there are api, web") {
			t.Errorf("another app: got %v", err)
		}
	}
}
