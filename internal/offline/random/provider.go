package random

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// Version is the plugin version that the stand-in reports: that of the SDK which programs are built with, because the
// engine refuses an older plugin.
const Version = "4.19.1"

// server is one provider. It keeps nothing: every value is in the engine's state.
type server struct {
	pulumirpc.UnimplementedResourceProviderServer
}

// New returns a provider for one connection of the engine.
func New() pulumirpc.ResourceProviderServer { return &server{} }

// Handshake tells the engine what the provider understands.
func (*server) Handshake(context.Context, *pulumirpc.ProviderHandshakeRequest) (
	*pulumirpc.ProviderHandshakeResponse, error,
) {
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true}, nil
}

// Attach needs no engine.
func (*server) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// GetPluginInfo reports the version.
func (*server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: Version}, nil
}

// GetSchema returns a schema without resources: programs in Go need none.
func (*server) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: fmt.Sprintf(`{"name":"random","version":%q}`, Version)}, nil
}

// GetMapping returns no mapping.
func (*server) GetMapping(context.Context, *pulumirpc.GetMappingRequest) (*pulumirpc.GetMappingResponse, error) {
	return &pulumirpc.GetMappingResponse{}, nil
}

// GetMappings returns no mapping.
func (*server) GetMappings(context.Context, *pulumirpc.GetMappingsRequest) (*pulumirpc.GetMappingsResponse, error) {
	return &pulumirpc.GetMappingsResponse{}, nil
}

// Cancel has nothing to end.
func (*server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Invoke refuses every function by name.
func (*server) Invoke(_ context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	return nil, notSupported("function " + req.GetTok())
}

// Call refuses every method by name.
func (*server) Call(_ context.Context, req *pulumirpc.CallRequest) (*pulumirpc.CallResponse, error) {
	return nil, notSupported("method " + req.GetTok())
}

// Construct refuses every component by name.
func (*server) Construct(_ context.Context, req *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	return nil, notSupported("component " + req.GetType())
}

// CheckConfig accepts everything: the plugin has no configuration.
func (*server) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: req.GetNews()}, nil
}

// DiffConfig finds no difference.
func (*server) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}

// Configure has nothing to keep.
func (*server) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, nil
}

// Check fills in defaults and refuses inputs that no value can be made from.
func (*server) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	maker, err := makerOf(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	response := &pulumirpc.CheckResponse{}
	for _, key := range slices.Sorted(maps.Keys(inputs)) {
		if _, known := maker.defaults[key]; !known {
			reason := "not supported by this stand-in of the random plugin"
			response.Failures = append(response.Failures, &pulumirpc.CheckFailure{Property: string(key), Reason: reason})
		}
	}
	for key, value := range maker.defaults {
		if _, given := inputs[key]; !given && !value.IsNull() {
			inputs[key] = value
		}
	}
	if len(response.Failures) == 0 && !inputs.ContainsUnknowns() {
		if err := maker.check(inputs); err != nil {
			response.Failures = append(response.Failures, &pulumirpc.CheckFailure{Reason: err.Error()})
		}
	}
	response.Inputs, err = encode(inputs)
	return response, err
}

// Diff replaces on every change.
func (*server) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	old, err := decode(req.GetOldInputs())
	if err != nil {
		return nil, fmt.Errorf("reading the old inputs of %s: %w", req.GetUrn(), err)
	}
	now, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	response := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	delta := old.Diff(now)
	if delta == nil {
		return response, nil
	}
	response.DetailedDiff, response.HasDetailedDiff = map[string]*pulumirpc.PropertyDiff{}, true
	for _, key := range delta.ChangedKeys() {
		if slices.Contains(req.GetIgnoreChanges(), string(key)) {
			continue
		}
		kind := pulumirpc.PropertyDiff_UPDATE_REPLACE
		switch {
		case delta.Added(key):
			kind = pulumirpc.PropertyDiff_ADD_REPLACE
		case delta.Deleted(key):
			kind = pulumirpc.PropertyDiff_DELETE_REPLACE
		}
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		response.Replaces = append(response.Replaces, string(key))
		response.DetailedDiff[string(key)] = &pulumirpc.PropertyDiff{Kind: kind, InputDiff: true}
	}
	return response, nil
}

// Create makes the value.
func (*server) Create(_ context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	maker, err := makerOf(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := decode(req.GetProperties())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	if req.GetPreview() {
		return &pulumirpc.CreateResponse{Properties: req.GetProperties()}, nil
	}
	id, outputs, err := maker.make(inputs)
	if err != nil {
		return nil, status.Errorf(codes.FailedPrecondition, "making %s: %v", resource.URN(req.GetUrn()).Name(), err)
	}
	state := inputs.Copy()
	for key, value := range outputs {
		if maker.secret {
			value = resource.MakeSecret(value)
		}
		state[key] = value
	}
	if maker.schema != "" {
		digits := resource.NewBoolProperty(allowed(inputs, "numeric") && allowed(inputs, "number"))
		state["numeric"], state["number"] = digits, digits
		state["__meta"] = resource.NewStringProperty(`{"schema_version":"` + maker.schema + `"}`)
	}
	properties, err := encode(state)
	return &pulumirpc.CreateResponse{Id: id, Properties: properties}, err
}

// Read finds the value that the state has.
func (*server) Read(_ context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	if len(req.GetProperties().GetFields()) == 0 {
		return nil, notSupported("import of " + string(resource.URN(req.GetUrn()).Type()))
	}
	return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: req.GetProperties(), Inputs: req.GetInputs()}, nil
}

// Update is never needed: every change replaces.
func (*server) Update(_ context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	return &pulumirpc.UpdateResponse{Properties: req.GetOlds()}, nil
}

// Delete forgets the value.
func (*server) Delete(context.Context, *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func notSupported(what string) error {
	return status.Errorf(codes.Unimplemented,
		"%s: not supported by this stand-in of the random plugin; install the plugin, or do without", what)
}

func decode(s *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(s, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipNulls: true})
}

func encode(m resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(m, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipNulls: true})
}
