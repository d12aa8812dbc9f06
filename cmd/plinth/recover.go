package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/internal/progress"
	"plinth/internal/target"
)

// recover repairs the state that a command which was killed has left behind. Operations that were under way then are
// open: nobody knows whether they took place. A Kubernetes object that may have been made has a name that is known, so
// it is entered in the state as if it had been, and the refresh that follows keeps what is there and drops what is not.
// Everything else that was being made has no effect before it is in the state, and is forgotten.
func (s *session) recover(ctx context.Context, stack *auto.Stack) error {
	if !s.lock.Unfinished {
		return nil
	}
	exported, err := stack.Export(ctx)
	if err != nil {
		return s.failed(ctx, "reading the state", err)
	}
	var deployment apitype.DeploymentV3
	if err := json.Unmarshal(exported.Deployment, &deployment); err != nil {
		return fmt.Errorf("reading the state of stack %s: %w", s.stack.Name, err)
	}
	if len(deployment.PendingOperations) == 0 {
		return nil
	}
	names := make([]string, 0, len(deployment.PendingOperations))
	for _, open := range deployment.PendingOperations {
		names = append(names, fmt.Sprintf("%s (%s)", progress.Short(string(open.Resource.URN)), open.Type))
	}
	s.printer.Printf("the last command was killed and left operations open: %s\n"+
		"  the state is compared with the cluster", strings.Join(names, ", "))
	err = adopt(&deployment, func(object target.Object) (string, error) { return s.cluster.FieldManager(ctx, object) })
	if err != nil {
		return fmt.Errorf("repairing the state of stack %s: %w", s.stack.Name, err)
	}
	if exported.Deployment, err = json.Marshal(deployment); err != nil {
		return fmt.Errorf("repairing the state of stack %s: %w", s.stack.Name, err)
	}
	if err := stack.Import(ctx, exported); err != nil {
		return s.failed(ctx, "repairing the state", err)
	}
	err = s.printer.Beat(func() error {
		_, err := stack.Refresh(ctx, optrefresh.ClearPendingCreates(), optrefresh.ShowSecrets(false),
			optrefresh.Color("never"))
		return err
	})
	if err != nil {
		return s.failed(ctx, "comparing the state with the cluster", err)
	}
	return nil
}

// adopt enters the Kubernetes objects that were being made into the resources of a state, and closes every open
// operation. manager finds the name that the plugin manages an object's fields under: with another one its next update
// would run into a conflict with itself.
func adopt(deployment *apitype.DeploymentV3, manager func(target.Object) (string, error)) error {
	known := map[resource.URN]bool{}
	for _, state := range deployment.Resources {
		known[state.URN] = true
	}
	for _, open := range deployment.PendingOperations {
		state := open.Resource
		if open.Type != apitype.OperationTypeCreating || known[state.URN] || state.Type.Package() != "kubernetes" {
			continue
		}
		metadata, _ := state.Inputs["metadata"].(map[string]any)
		var object target.Object
		object.APIVersion, _ = state.Inputs["apiVersion"].(string)
		object.Kind, _ = state.Inputs["kind"].(string)
		object.Namespace, _ = metadata["namespace"].(string)
		object.Name, _ = metadata["name"].(string)
		if object.Name == "" {
			continue
		}
		name, err := manager(object)
		if err != nil {
			return err
		}
		// The plugin's identifiers are NAMESPACE/NAME, and NAME for what has no namespace.
		state.ID = resource.ID(strings.TrimPrefix(object.Namespace+"/"+object.Name, "/"))
		state.Outputs = maps.Clone(state.Inputs)
		if name != "" {
			state.Outputs["__fieldManager"] = name
		}
		deployment.Resources = append(deployment.Resources, state)
	}
	deployment.PendingOperations = nil
	return nil
}
