package record

import (
	"context"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

// engine is the other half of what a program talks to: log and root resource.
type engine struct {
	pulumirpc.UnimplementedEngineServer

	monitor *monitor
	root    string
}

// Log keeps a message of the program.
func (e *engine) Log(_ context.Context, in *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	e.monitor.mu.Lock()
	defer e.monitor.mu.Unlock()
	line := strings.ToLower(in.GetSeverity().String()) + ": " + in.GetMessage()
	e.monitor.log = append(e.monitor.log, line)
	if in.GetSeverity() >= pulumirpc.LogSeverity_WARNING {
		e.monitor.complaints = append(e.monitor.complaints, line)
	}
	return &emptypb.Empty{}, nil
}

// GetRootResource returns the root stack.
func (e *engine) GetRootResource(
	context.Context, *pulumirpc.GetRootResourceRequest,
) (*pulumirpc.GetRootResourceResponse, error) {
	e.monitor.mu.Lock()
	defer e.monitor.mu.Unlock()
	return &pulumirpc.GetRootResourceResponse{Urn: e.root}, nil
}

// SetRootResource keeps the root stack.
func (e *engine) SetRootResource(
	_ context.Context, in *pulumirpc.SetRootResourceRequest,
) (*pulumirpc.SetRootResourceResponse, error) {
	e.monitor.mu.Lock()
	defer e.monitor.mu.Unlock()
	e.root = in.GetUrn()
	return &pulumirpc.SetRootResourceResponse{}, nil
}

// RequirePulumiVersion accepts any range: there is no CLI here whose version could be too old.
func (e *engine) RequirePulumiVersion(
	context.Context, *pulumirpc.RequirePulumiVersionRequest,
) (*pulumirpc.RequirePulumiVersionResponse, error) {
	return &pulumirpc.RequirePulumiVersionResponse{}, nil
}
