package main

import (
	"slices"
	"testing"
)

func TestStacksThatUseAnothersClusterAreFound(t *testing.T) {
	got := usersOf("dev", map[string]string{
		"dev":     `{"stack": "acme/plinth/dev"}`,
		"pr-1":    `{"stack": "acme/plinth/dev"}`,
		"pr-2":    `{"stack": "dev"}`,
		"other":   `{"stack": "acme/plinth/staging"}`,
		"foreign": `{"stack": "acme/website/dev"}`,
		"none":    `{"version": "1.35"}`,
		"empty":   ``,
	})
	if want := []string{"pr-1", "pr-2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAStackWhoseClusterAnotherOneUsesIsNotDestroyed(t *testing.T) {
	p := newProject(t)
	p.write(t, map[string]string{"Pulumi.guest.yaml": p.file(t, "Pulumi.local.yaml")})
	plinth(t, exitDone, "up", "local")
	plinth(t, exitDone, "up", "guest")
	// It is deployed already; what it says of its cluster is what counts.
	p.write(t, map[string]string{"Pulumi.guest.yaml": p.file(t, "Pulumi.guest.yaml") +
		"  plinth:cluster: {stack: organization/plinth/local}\n"})
	mustContain(t, plinth(t, exitRefused, "destroy", "local"),
		"stack local: its cluster is used by other stacks: guest", "plinth destroy guest, then this one")
	p.write(t, map[string]string{"Pulumi.guest.yaml": p.file(t, "Pulumi.local.yaml")})
	plinth(t, exitDone, "destroy", "guest")
	plinth(t, exitDone, "destroy", "local")
}
