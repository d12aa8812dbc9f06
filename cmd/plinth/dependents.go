package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"plinth/config"
	"plinth/internal/workspace"
)

// needed finds the stacks that live on this one's cluster: without it nobody could reach what they have there, nor
// destroy it. The file of a stack says so, and its state, for one that has no file here.
func (s *session) needed(ctx context.Context, stack *auto.Stack, found *obstacles) error {
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
	summaries, err := stack.Workspace().ListStacks(ctx)
	if err != nil {
		return s.failed(ctx, "listing the stacks that use this one's cluster", err)
	}
	var deployed []string
	for _, summary := range summaries {
		// An organization may come before it, and a count may be missing: such a backend is not asked further.
		name := path.Base(summary.Name)
		if name == s.stack.Name || summary.ResourceCount != nil && *summary.ResourceCount == 0 {
			continue
		}
		uses := slices.Contains(needing, name)
		if _, here := files[name]; !here && s.ownCloud() {
			if uses, err = s.references(ctx, summary.Name); err != nil {
				return err
			}
		}
		if uses {
			deployed = append(deployed, name)
		}
	}
	if len(deployed) == 0 {
		return nil
	}
	slices.Sort(deployed)
	found.add(fmt.Sprintf("its cluster is used by other stacks: %s (plinth:cluster.stack)", strings.Join(deployed, ", ")),
		"plinth destroy "+strings.Join(deployed, ", then plinth destroy ")+", then this one")
	return nil
}

// references says whether another stack's state reads the outputs of this one.
func (s *session) references(ctx context.Context, other string) (bool, error) {
	deployment, err := s.exported(ctx, other)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(deployment.Resources, func(state apitype.ResourceV3) bool {
		name, _ := state.Inputs["name"].(string)
		return state.Type == "pulumi:pulumi:StackReference" && refersTo(name, s.stack.Name)
	}), nil
}

// exported is the state of any stack of the project, its secrets encrypted.
func (s *session) exported(ctx context.Context, stack string) (*apitype.DeploymentV3, error) {
	text, complaint, _, err := s.cli.Run(ctx, s.project.Root, nil, nil, nil, s.variables(),
		"stack", "export", "--stack", stack)
	if err != nil {
		return nil, fmt.Errorf("reading the state of stack %s: %s", stack, strings.TrimSpace(complaint))
	}
	var exported apitype.UntypedDeployment
	var deployment apitype.DeploymentV3
	err = json.Unmarshal([]byte(text), &exported)
	if err == nil {
		err = json.Unmarshal(exported.Deployment, &deployment)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the state of stack %s: %w", stack, err)
	}
	return &deployment, nil
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
		if refersTo(cluster.Stack, stack) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

// refersTo says whether a full name, ORGANIZATION/PROJECT/STACK or a part of it, is that of a stack of this project.
func refersTo(full, stack string) bool {
	parts := strings.Split(full, "/")
	return parts[len(parts)-1] == stack && (len(parts) < 2 || parts[len(parts)-2] == workspace.Name)
}
