package kubernetes

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/client-go/rest"
)

// Version is the plugin version that the stand-in reports: that of the SDK which programs are built with, because the
// engine refuses an older plugin.
const Version = "4.33.0"

// server is one provider: the engine opens a connection for each.
type server struct {
	pulumirpc.UnimplementedResourceProviderServer
	host host
	// helmProgram finds the program that installs Helm releases; nil where there is none.
	helmProgram func(context.Context) (string, error)

	// ctx ends when the engine cancels.
	ctx    context.Context
	cancel context.CancelFunc

	settings   settings
	namespace  string // The default one.
	config     *rest.Config
	configured bool
	// configError is why no cluster can be reached with this configuration. Operations that need none work all the same.
	configError error

	mu          sync.Mutex
	connection  *cluster
	unreachable error
	// definitions maps a schema.GroupKind that the program is to define to its scope.
	definitions sync.Map
}

// New returns a provider for one connection of the engine. Close it when the connection ends.
func New() pulumirpc.ResourceProviderServer { return NewWith(nil) }

// NewWith is [New] with a program that installs Helm releases.
func NewWith(helm func(context.Context) (string, error)) pulumirpc.ResourceProviderServer {
	ctx, cancel := context.WithCancel(context.Background())
	return &server{ctx: ctx, cancel: cancel, helmProgram: helm}
}

// Close ends every operation.
func (s *server) Close() error {
	s.cancel()
	s.host.close()
	return nil
}

// operation is the context of a request: it ends with it, and when the engine cancels.
func (s *server) operation(ctx context.Context, urn string, hidden redactor) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithValue(ctx, subjectKey{}, subject{urn, hidden}))
	stop := context.AfterFunc(s.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// Handshake tells the engine what the provider understands.
func (s *server) Handshake(_ context.Context, req *pulumirpc.ProviderHandshakeRequest) (
	*pulumirpc.ProviderHandshakeResponse, error,
) {
	if err := s.host.attach(req.GetEngineAddress()); err != nil {
		return nil, err
	}
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true, SupportsAutonamingConfiguration: true}, nil
}

// Attach connects to the engine.
func (s *server) Attach(_ context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, s.host.attach(req.GetAddress())
}

// GetPluginInfo reports the version.
func (s *server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: Version}, nil
}

// GetSchema returns a schema without resources: programs in Go need none.
func (s *server) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: fmt.Sprintf(`{"name":"kubernetes","version":%q}`, Version)}, nil
}

// GetMapping returns no mapping.
func (s *server) GetMapping(context.Context, *pulumirpc.GetMappingRequest) (*pulumirpc.GetMappingResponse, error) {
	return &pulumirpc.GetMappingResponse{}, nil
}

// GetMappings returns no mapping.
func (s *server) GetMappings(context.Context, *pulumirpc.GetMappingsRequest) (*pulumirpc.GetMappingsResponse, error) {
	return &pulumirpc.GetMappingsResponse{}, nil
}

// Cancel ends every operation; what was begun is reported as unfinished.
func (s *server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	s.cancel()
	return &emptypb.Empty{}, nil
}

// Invoke refuses every function by name.
func (s *server) Invoke(_ context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	return nil, notSupported("function " + req.GetTok())
}

// Call refuses every method by name.
func (s *server) Call(_ context.Context, req *pulumirpc.CallRequest) (*pulumirpc.CallResponse, error) {
	return nil, notSupported("method " + req.GetTok())
}

// Construct refuses every component by name: Helm charts, YAML files and kustomizations.
func (s *server) Construct(_ context.Context, req *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	return nil, notSupported("component " + req.GetType())
}

func notSupported(what string) error {
	return status.Errorf(codes.Unimplemented,
		"%s: not supported by this stand-in of the kubernetes plugin; install the plugin, or do without", what)
}

// CheckConfig refuses the arguments that are not honoured.
func (s *server) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	inputs, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the arguments of %s: %w", req.GetUrn(), err)
	}
	response := &pulumirpc.CheckResponse{Inputs: req.GetNews()}
	for property, reason := range refused(inputs) {
		response.Failures = append(response.Failures, &pulumirpc.CheckFailure{Property: property, Reason: reason})
	}
	return response, nil
}

// DiffConfig says whether a changed configuration means another cluster.
func (s *server) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	old, err := decode(req.GetOlds())
	if err != nil {
		return nil, fmt.Errorf("reading the old arguments of %s: %w", req.GetUrn(), err)
	}
	now, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the arguments of %s: %w", req.GetUrn(), err)
	}
	diffs, replaces := configDiff(old, now)
	if len(diffs) == 0 {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_SOME, Diffs: diffs, Replaces: replaces}, nil
}

// Configure keeps the configuration. A kubeconfig that cannot be used is reported by the first operation that needs it.
func (s *server) Configure(_ context.Context, req *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	inputs, err := decode(req.GetArgs())
	if err != nil {
		return nil, fmt.Errorf("reading the provider's arguments: %w", err)
	}
	if req.GetArgs() == nil {
		for key, value := range req.GetVariables() { //nolint:staticcheck // What older engines send.
			inputs[resource.PropertyKey(strings.TrimPrefix(key, "kubernetes:config:"))] = resource.NewStringProperty(value)
		}
	}
	if s.settings, err = parseSettings(inputs); err != nil {
		return nil, err
	}
	s.config, s.namespace, s.configError = s.settings.connection()
	s.configured = true
	return &pulumirpc.ConfigureResponse{
		AcceptSecrets: true, SupportsPreview: true, SupportsAutonamingConfiguration: true,
	}, nil
}

// initFailed reports an object that exists but did not become ready, so that the engine keeps it in state.
func initFailed(id string, properties, inputs *structpb.Struct, reasons []string) error {
	failure, err := status.New(codes.Unknown, strings.Join(reasons, "\n")).WithDetails(&pulumirpc.ErrorResourceInitFailed{
		Id: id, Properties: properties, Inputs: inputs, Reasons: reasons,
	})
	if err != nil {
		return fmt.Errorf("%s: %w", strings.Join(reasons, "; "), err)
	}
	return failure.Err()
}

// failed reports an operation that changed nothing.
func failed(format string, arguments ...any) error {
	return status.Error(codes.FailedPrecondition, fmt.Errorf(format, arguments...).Error())
}

// seconds writes a duration as whole seconds in messages.
func seconds(d time.Duration) string {
	return d.Round(time.Second).String()
}
