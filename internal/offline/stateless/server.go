// Package stateless is what the stand-ins have in common whose resources are values and nothing else: they are made
// once, when a resource is created, and the engine's state is the only place where they are. random and tls build on
// it.
package stateless

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// Server answers what is the same for every such provider; a stand-in embeds it and adds Check, Diff and Create.
type Server struct {
	pulumirpc.UnimplementedResourceProviderServer

	// Plugin is the plugin's name.
	Plugin string
	// Version is the one to report: at least the SDK's that programs are built with, since the engine refuses an older
	// plugin.
	Version string
}

// Handshake tells the engine what the provider understands.
func (*Server) Handshake(context.Context, *pulumirpc.ProviderHandshakeRequest) (
	*pulumirpc.ProviderHandshakeResponse, error,
) {
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true}, nil
}

// Attach needs no engine.
func (*Server) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// GetPluginInfo reports the version.
func (s *Server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: s.Version}, nil
}

// GetSchema returns a schema without resources: programs in Go need none.
func (s *Server) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: fmt.Sprintf(`{"name":%q,"version":%q}`, s.Plugin, s.Version)}, nil
}

// GetMapping returns no mapping.
func (*Server) GetMapping(context.Context, *pulumirpc.GetMappingRequest) (*pulumirpc.GetMappingResponse, error) {
	return &pulumirpc.GetMappingResponse{}, nil
}

// GetMappings returns no mapping.
func (*Server) GetMappings(context.Context, *pulumirpc.GetMappingsRequest) (*pulumirpc.GetMappingsResponse, error) {
	return &pulumirpc.GetMappingsResponse{}, nil
}

// Cancel has nothing to end.
func (*Server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Invoke refuses every function by name.
func (s *Server) Invoke(_ context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	return nil, s.NotSupported("function " + req.GetTok())
}

// Call refuses every method by name.
func (s *Server) Call(_ context.Context, req *pulumirpc.CallRequest) (*pulumirpc.CallResponse, error) {
	return nil, s.NotSupported("method " + req.GetTok())
}

// Construct refuses every component by name.
func (s *Server) Construct(_ context.Context, req *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	return nil, s.NotSupported("component " + req.GetType())
}

// CheckConfig accepts everything: the plugins need no configuration.
func (*Server) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: req.GetNews()}, nil
}

// DiffConfig finds no difference.
func (*Server) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}

// Configure has nothing to keep.
func (*Server) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, nil
}

// Read finds the value that the state has.
func (s *Server) Read(_ context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	if len(req.GetProperties().GetFields()) == 0 {
		return nil, s.NotSupported("import of " + string(resource.URN(req.GetUrn()).Type()))
	}
	return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: req.GetProperties(), Inputs: req.GetInputs()}, nil
}

// Update is never needed: every change replaces.
func (*Server) Update(_ context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	return &pulumirpc.UpdateResponse{Properties: req.GetOlds()}, nil
}

// Delete forgets the value.
func (*Server) Delete(context.Context, *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// NotSupported is the error for what the stand-in does not do.
func (s *Server) NotSupported(what string) error {
	return status.Errorf(codes.Unimplemented,
		"%s: not supported by this stand-in of the %s plugin; install the plugin, or do without", what, s.Plugin)
}

// Decode reads properties off the wire, with what is secret and what is not known yet.
func Decode(s *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(s, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipNulls: true})
}

// Encode writes properties for the wire.
func Encode(m resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(m, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipNulls: true})
}

// Changes lists the inputs that differ as replacing, apart from those that are to be ignored.
func Changes(old, now resource.PropertyMap, ignore []string) *pulumirpc.DiffResponse {
	response := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	delta := old.Diff(now)
	if delta == nil {
		return response
	}
	for _, key := range delta.ChangedKeys() {
		kind := pulumirpc.PropertyDiff_UPDATE_REPLACE
		switch {
		case delta.Added(key):
			kind = pulumirpc.PropertyDiff_ADD_REPLACE
		case delta.Deleted(key):
			kind = pulumirpc.PropertyDiff_DELETE_REPLACE
		}
		Replace(response, string(key), kind, ignore)
	}
	return response
}

// Replace notes one property whose change replaces the resource.
func Replace(response *pulumirpc.DiffResponse, key string, kind pulumirpc.PropertyDiff_Kind, ignore []string) {
	for _, ignored := range ignore {
		if ignored == key {
			return
		}
	}
	if response.DetailedDiff == nil {
		response.DetailedDiff, response.HasDetailedDiff = map[string]*pulumirpc.PropertyDiff{}, true
	}
	response.Changes = pulumirpc.DiffResponse_DIFF_SOME
	response.Replaces = append(response.Replaces, key)
	response.DetailedDiff[key] = &pulumirpc.PropertyDiff{Kind: kind, InputDiff: true}
}
