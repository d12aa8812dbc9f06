package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"plinth/internal/progress"
	"plinth/internal/workspace"
)

// obstacles is everything that stands in the way of a destroy, found before anything is deleted: reasons and, in the
// same order and each once, what to do.
type obstacles struct{ reasons, next []string }

func (o *obstacles) add(reason, next string) {
	o.reasons = append(o.reasons, reason)
	for _, known := range o.next {
		if known == next {
			return
		}
	}
	o.next = append(o.next, next)
}

// refuseObstructed refuses to destroy a stack that could not be destroyed as a whole.
func (s *session) refuseObstructed(ctx context.Context, stack *auto.Stack, deployment *apitype.DeploymentV3) error {
	var found obstacles
	s.protected(deployment, &found)
	s.guarded(deployment, &found)
	if err := s.needed(ctx, stack, &found); err != nil {
		return err
	}
	if len(found.reasons) == 0 {
		return nil
	}
	reason := fmt.Sprintf("stack %s: %s", s.stack.Name, found.reasons[0])
	if len(found.reasons) > 1 {
		reason = fmt.Sprintf("stack %s cannot be destroyed as it is:\n  %s", s.stack.Name,
			strings.Join(found.reasons, "\n  "))
	}
	return &workspace.Refusal{Reason: reason + "; nothing was deleted", Next: strings.Join(found.next, "\n      ")}
}

// protected finds the resources that Pulumi refuses to delete.
func (s *session) protected(deployment *apitype.DeploymentV3, found *obstacles) {
	var names []string
	for _, resource := range deployment.Resources {
		if resource.Protect {
			names = append(names, progress.Short(string(resource.URN)))
		}
	}
	if len(names) > 0 {
		found.add("it holds protected resources: "+strings.Join(names, ", "), s.applyFirst(
			"set protect to false where it is true (plinth:cluster.protect, plinth:namespace.protect, and of databases and "+
				"buckets)"))
	}
}

// applyFirst says how a flag gets into the state, where a destroy reads it.
func (s *session) applyFirst(change string) string {
	return fmt.Sprintf("%s, plinth up %s, then plinth destroy %s", change, s.which(), s.which())
}

// guards are the properties by which a cloud itself refuses to delete a resource, or to delete it without another one.
// A destroy reads them from the state, so they must have been applied before it.
//
// Sources: the properties' descriptions in the SDKs: gcp container/cluster.go and sql/databaseInstance.go, aws
// rds/instance.go, rds/cluster.go and lb/loadBalancer.go.
var guards = map[string]bool{
	"deletionProtection": true, "deletionProtectionEnabled": true, "enableDeletionProtection": true,
}

// guarded finds the resources that their cloud would refuse to delete.
func (s *session) guarded(deployment *apitype.DeploymentV3, found *obstacles) {
	for _, state := range deployment.Resources {
		pkg := string(state.Type.Package())
		if !state.Custom || state.RetainOnDelete || state.Protect || pkg != "aws" && pkg != "gcp" {
			continue
		}
		name := progress.Short(string(state.URN))
		for _, flag := range guardsIn(state.Inputs) {
			found.add(fmt.Sprintf("%s is protected by its cloud (%s is true in the state)", name, flag),
				s.applyFirst("set protect to false where it is true"))
		}
		if strings.HasPrefix(string(state.Type), "aws:rds/") {
			skip, said := state.Inputs["skipFinalSnapshot"].(bool)
			snapshot, _ := state.Inputs["finalSnapshotIdentifier"].(string)
			if said && !skip && snapshot == "" {
				found.add(name+" wants a last snapshot, and has no name for it (finalSnapshotIdentifier)",
					s.applyFirst("say whether it is retained"))
			}
		}
	}
}

// guardsIn are the guards that are on, at any depth, by path.
func guardsIn(properties map[string]any) []string {
	var found []string
	for key, value := range properties {
		switch value := value.(type) {
		case bool:
			if guards[key] && value {
				found = append(found, key)
			}
		case map[string]any:
			for _, inner := range guardsIn(value) {
				found = append(found, key+"."+inner)
			}
		}
	}
	return found
}
