package random

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"plinth/internal/offline/stateless"
)

// Version is the plugin version that the stand-in reports: that of the SDK which programs are built with, because the
// engine refuses an older plugin.
const Version = "4.19.1"

// server is one provider.
type server struct{ stateless.Server }

// New returns a provider for one connection of the engine.
func New() pulumirpc.ResourceProviderServer {
	return &server{stateless.Server{Plugin: "random", Version: Version}}
}

// Check fills in defaults and refuses inputs that no value can be made from.
func (s *server) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	maker, err := s.makerOf(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := stateless.Decode(req.GetNews())
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
	response.Inputs, err = stateless.Encode(inputs)
	return response, err
}

// Diff replaces on every change.
func (*server) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	old, err := stateless.Decode(req.GetOldInputs())
	if err != nil {
		return nil, fmt.Errorf("reading the old inputs of %s: %w", req.GetUrn(), err)
	}
	now, err := stateless.Decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	return stateless.Changes(old, now, req.GetIgnoreChanges()), nil
}

// Create makes the value.
func (s *server) Create(_ context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	maker, err := s.makerOf(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := stateless.Decode(req.GetProperties())
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
	properties, err := stateless.Encode(state)
	return &pulumirpc.CreateResponse{Id: id, Properties: properties}, err
}
