package simulation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// server is one provider: the engine opens a connection for each.
type server struct {
	pulumirpc.UnimplementedResourceProviderServer
	cloud Cloud
	// inputs are the properties of each type, true for required ones.
	inputs map[string]map[string]bool
	world  *World
	// settings are what Configure made of the provider's arguments; labels are the tags that it gives everything.
	settings Object
	labels   map[string]string
}

// New returns what makes a provider of a cloud for each connection of the engine. All work on the same world.
func New(cloud Cloud, world *World) func() pulumirpc.ResourceProviderServer {
	inputs := parseInputs(cloud.Inputs)
	return func() pulumirpc.ResourceProviderServer {
		return &server{cloud: cloud, inputs: inputs, world: world}
	}
}

func parseInputs(list string) map[string]map[string]bool {
	inputs := map[string]map[string]bool{}
	for line := range strings.Lines(list) {
		token, properties, ok := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		inputs[token] = map[string]bool{}
		for _, p := range strings.Fields(properties) {
			name, required := strings.CutSuffix(p, "!")
			inputs[token][name] = required
		}
	}
	return inputs
}

// Handshake tells the engine what the provider understands.
func (s *server) Handshake(context.Context, *pulumirpc.ProviderHandshakeRequest) (
	*pulumirpc.ProviderHandshakeResponse, error,
) {
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true}, nil
}

// Attach needs no engine.
func (s *server) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// GetPluginInfo reports the version.
func (s *server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: s.cloud.Version}, nil
}

// GetSchema returns a schema without resources: programs in Go need none.
func (s *server) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	schema := fmt.Sprintf(`{"name":%q,"version":%q}`, s.cloud.Name, s.cloud.Version)
	return &pulumirpc.GetSchemaResponse{Schema: schema}, nil
}

// GetMapping returns no mapping.
func (s *server) GetMapping(context.Context, *pulumirpc.GetMappingRequest) (*pulumirpc.GetMappingResponse, error) {
	return &pulumirpc.GetMappingResponse{}, nil
}

// GetMappings returns no mapping.
func (s *server) GetMappings(context.Context, *pulumirpc.GetMappingsRequest) (*pulumirpc.GetMappingsResponse, error) {
	return &pulumirpc.GetMappingsResponse{}, nil
}

// Cancel has nothing to end: no operation takes long.
func (s *server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Call refuses every method by name.
func (s *server) Call(_ context.Context, req *pulumirpc.CallRequest) (*pulumirpc.CallResponse, error) {
	return nil, s.notKnown("method " + req.GetTok())
}

// Construct refuses every component by name.
func (s *server) Construct(_ context.Context, req *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	return nil, s.notKnown("component " + req.GetType())
}

func (s *server) notKnown(what string) error {
	return status.Errorf(codes.Unimplemented, "%s: the simulated cloud %s does not know it; add it to its table in "+
		"internal/offline/%s, or do without", what, s.cloud.Name, s.cloud.Name)
}

// Invoke answers the functions of the table.
func (s *server) Invoke(_ context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	function, ok := s.cloud.Functions[req.GetTok()]
	if !ok {
		return nil, s.notKnown("function " + req.GetTok())
	}
	arguments, err := decode(req.GetArgs())
	if err != nil {
		return nil, fmt.Errorf("reading the arguments of %s: %w", req.GetTok(), err)
	}
	result, err := function(s.settings, plainMap(arguments))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", req.GetTok(), err)
	}
	encoded, err := encode(propertyMap(result))
	return &pulumirpc.InvokeResponse{Return: encoded}, err
}

// CheckConfig refuses arguments that the provider does not have.
func (s *server) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	arguments, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the arguments of %s: %w", req.GetUrn(), err)
	}
	response := &pulumirpc.CheckResponse{Inputs: req.GetNews()}
	response.Failures = s.misspelled("pulumi:providers:"+s.cloud.Name, arguments)
	return response, nil
}

// misspelled reports properties that a type does not have.
func (s *server) misspelled(token string, given resource.PropertyMap) []*pulumirpc.CheckFailure {
	known := s.inputs[token]
	var failures []*pulumirpc.CheckFailure
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if _, ok := known[string(key)]; !ok && !strings.HasPrefix(string(key), "__") && key != "version" {
			failures = append(failures, &pulumirpc.CheckFailure{
				Property: string(key), Reason: fmt.Sprintf("%s has no property %s", token, key),
			})
		}
	}
	return failures
}

// DiffConfig tells what changed. No change replaces the provider: what it made stays where it is.
func (s *server) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	old, err := decode(req.GetOldInputs())
	if err != nil {
		return nil, fmt.Errorf("reading the old arguments of %s: %w", req.GetUrn(), err)
	}
	now, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the arguments of %s: %w", req.GetUrn(), err)
	}
	delta := old.Diff(now)
	if delta == nil {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	response := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_SOME}
	for _, key := range delta.ChangedKeys() {
		response.Diffs = append(response.Diffs, string(key))
	}
	return response, nil
}

// Configure makes the settings.
func (s *server) Configure(_ context.Context, req *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	decoded, err := decode(req.GetArgs())
	if err != nil {
		return nil, fmt.Errorf("reading the arguments of the %s provider: %w", s.cloud.Name, err)
	}
	arguments, err := parseArguments(plainMap(decoded))
	if err != nil {
		return nil, err
	}
	if s.settings, err = s.cloud.Settings(arguments); err != nil {
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	s.labels = map[string]string{}
	if s.cloud.Labels != "" {
		if labels, ok := get(arguments, s.cloud.Labels).(Object); ok {
			for key, v := range labels {
				s.labels[key] = written(v)
			}
		}
	}
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, nil
}
