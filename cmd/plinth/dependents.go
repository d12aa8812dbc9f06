package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"plinth/config"
	"plinth/internal/workspace"
)

// refuseNeeded refuses to destroy a stack whose cluster other stacks live on: without it nobody could reach what they
// have there, nor destroy it.
func (s *session) refuseNeeded(ctx context.Context, stack *auto.Stack) error {
	names, err := s.project.Stacks()
	if err != nil {
		return err
	}
	files := map[string]string{}
	for _, name := range names {
		other, err := s.project.Stack(name)
		if err != nil {
			continue // It is no stack's file.
		}
		raw, _, err := config.ReadStackFile(other.File())
		if err != nil {
			continue // Whoever works on that stack is told.
		}
		files[name] = raw[config.Project+":cluster"]
	}
	needing := usersOf(s.stack.Name, files)
	if len(needing) == 0 {
		return nil
	}
	summaries, err := stack.Workspace().ListStacks(ctx)
	if err != nil {
		return s.failed(ctx, "listing the stacks that use this one's cluster", err)
	}
	var deployed []string
	for _, summary := range summaries {
		// An organization may come before it, and a count may be missing: such a backend is not asked further.
		name := path.Base(summary.Name)
		if slices.Contains(needing, name) && (summary.ResourceCount == nil || *summary.ResourceCount > 0) {
			deployed = append(deployed, name)
		}
	}
	if len(deployed) == 0 {
		return nil
	}
	slices.Sort(deployed)
	return &workspace.Refusal{
		Reason: fmt.Sprintf("the cluster of stack %s is used by other stacks: %s (plinth:cluster.stack); nothing was deleted",
			s.stack.Name, strings.Join(deployed, ", ")),
		Next: "plinth destroy " + strings.Join(deployed, ", then plinth destroy ") + ", then this one",
	}
}

// usersOf are the stacks whose section `cluster` names a stack as the one whose cluster they use. sections holds that
// section of each stack, as JSON.
func usersOf(stack string, sections map[string]string) []string {
	var found []string
	for name, section := range sections {
		var cluster struct {
			Stack string `json:"stack"`
		}
		if json.Unmarshal([]byte(section), &cluster) != nil || cluster.Stack == "" || name == stack {
			continue
		}
		parts := strings.Split(cluster.Stack, "/")
		if parts[len(parts)-1] == stack && (len(parts) < 2 || parts[len(parts)-2] == workspace.Name) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}
