package record

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// getResource is the engine's own function that looks up a resource of this run by URN.
const getResource = "pulumi:pulumi:getResource"

// monitor is the resource monitor that writes down what it is told.
type monitor struct {
	pulumirpc.UnimplementedResourceMonitorServer

	opts Options

	mu         sync.Mutex
	resources  []*Resource
	byURN      map[resource.URN]*Resource
	types      map[string]goTypes
	log        []string
	complaints []string
	refused    []error
}

func newMonitor(opts Options) *monitor {
	return &monitor{opts: opts, byURN: map[resource.URN]*Resource{}, types: map[string]goTypes{}}
}

// recording is what there is by now.
func (m *monitor) recording() *Recording {
	m.mu.Lock()
	defer m.mu.Unlock()
	rec := &Recording{Resources: slices.Clone(m.resources), Log: slices.Clone(m.log), Outputs: resource.PropertyMap{}}
	for _, r := range rec.Resources {
		if r.Type == resource.RootStackType && r.Outputs != nil {
			rec.Outputs = r.Outputs
		}
	}
	return rec
}

// refuse remembers why a call failed: over the wire an error becomes text.
func (m *monitor) refuse(err error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.refuseLocked(err)
}

func (m *monitor) refuseLocked(err error) error {
	m.refused = append(m.refused, err)
	return err
}

func features() []pulumirpc.ResourceMonitorFeature {
	return []pulumirpc.ResourceMonitorFeature{
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_SECRETS,
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_DELETED_WITH,
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_TRANSFORMS,
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
		pulumirpc.ResourceMonitorFeature_RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
	}
}

// GetDeploymentInfo says which stack this is and what the monitor understands. Transforms and hooks are understood so
// far that they are refused by name.
func (m *monitor) GetDeploymentInfo(context.Context, *emptypb.Empty) (*pulumirpc.DeploymentInfo, error) {
	return &pulumirpc.DeploymentInfo{
		Project: m.opts.Project, Stack: m.opts.Stack, Organization: m.opts.Organization, SupportedFeatures: features(),
	}, nil
}

// SupportsFeature is GetDeploymentInfo for programs of older SDKs.
func (m *monitor) SupportsFeature(
	_ context.Context, in *pulumirpc.SupportsFeatureRequest,
) (*pulumirpc.SupportsFeatureResponse, error) {
	want := strings.ToUpper(in.GetId())
	has := slices.ContainsFunc(features(), func(f pulumirpc.ResourceMonitorFeature) bool {
		name := strings.TrimPrefix(f.String(), "RESOURCE_MONITOR_FEATURE_")
		return strings.ReplaceAll(name, "_", "") == want
	})
	return &pulumirpc.SupportsFeatureResponse{HasSupport: has}, nil
}

// RegisterResource writes down a registration.
func (m *monitor) RegisterResource(
	_ context.Context, in *pulumirpc.RegisterResourceRequest,
) (*pulumirpc.RegisterResourceResponse, error) {
	switch {
	case in.GetRemote():
		return nil, m.refuse(fmt.Errorf("registering %s::%s: a component that lives in a plugin, and there are no "+
			"plugins here: use one written in Go", in.GetType(), in.GetName()))
	case len(in.GetTransforms()) > 0:
		return nil, m.refuse(fmt.Errorf("registering %s::%s: pulumi.Transforms is not recorded: use"+
			" pulumi.Transformations", in.GetType(), in.GetName()))
	}
	inputs, err := unmarshal(in.GetObject())
	if err != nil {
		return nil, m.refuse(fmt.Errorf("registering %s::%s: reading its inputs: %w", in.GetType(), in.GetName(), err))
	}
	r := &Resource{
		Type:                    tokens.Type(in.GetType()),
		Name:                    in.GetName(),
		Custom:                  in.GetCustom(),
		ID:                      resource.ID(in.GetImportId()),
		Parent:                  resource.URN(in.GetParent()),
		Provider:                in.GetProvider(),
		Inputs:                  inputs,
		Dependencies:            urns(in.GetDependencies()),
		PropertyDependencies:    map[string][]resource.URN{},
		Aliases:                 aliases(in),
		Protect:                 in.Protect,
		RetainOnDelete:          in.RetainOnDelete,
		DeletedWith:             resource.URN(in.GetDeletedWith()),
		IgnoreChanges:           in.GetIgnoreChanges(),
		ReplaceOnChanges:        in.GetReplaceOnChanges(),
		AdditionalSecretOutputs: in.GetAdditionalSecretOutputs(),
	}
	for property, deps := range in.GetPropertyDependencies() {
		r.PropertyDependencies[property] = urns(deps.GetUrns())
	}
	if in.GetDeleteBeforeReplaceDefined() {
		before := in.GetDeleteBeforeReplace()
		r.DeleteBeforeReplace = &before
	}
	if t := in.GetCustomTimeouts(); t != nil {
		r.CustomTimeouts = Timeouts{Create: t.GetCreate(), Update: t.GetUpdate(), Delete: t.GetDelete()}
	}
	outputs, err := m.add(r)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.RegisterResourceResponse{Urn: string(r.URN), Id: string(r.ID), Object: outputs}, nil
}

// ReadResource writes down that a resource was looked up.
func (m *monitor) ReadResource(
	_ context.Context, in *pulumirpc.ReadResourceRequest,
) (*pulumirpc.ReadResourceResponse, error) {
	inputs, err := unmarshal(in.GetProperties())
	if err != nil {
		return nil, m.refuse(fmt.Errorf("reading %s::%s: its properties: %w", in.GetType(), in.GetName(), err))
	}
	r := &Resource{
		Type:                    tokens.Type(in.GetType()),
		Name:                    in.GetName(),
		Custom:                  true,
		Read:                    true,
		ID:                      resource.ID(in.GetId()),
		Parent:                  resource.URN(in.GetParent()),
		Provider:                in.GetProvider(),
		Inputs:                  inputs,
		Dependencies:            urns(in.GetDependencies()),
		AdditionalSecretOutputs: in.GetAdditionalSecretOutputs(),
	}
	outputs, err := m.add(r)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.ReadResourceResponse{Urn: string(r.URN), Properties: outputs}, nil
}

// add completes a resource, records it, and returns the outputs that the program gets.
func (m *monitor) add(r *Resource) (*structpb.Struct, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var parentType tokens.Type
	if r.Parent != "" {
		parent, ok := m.byURN[r.Parent]
		if !ok {
			return nil, m.refuseLocked(
				fmt.Errorf("registering %s: its parent %s is not registered", r.Label(), r.Parent))
		}
		r.inherit(parent)
		if parent.Type != resource.RootStackType {
			parentType = parent.URN.QualifiedType()
		}
	}
	r.URN = resource.NewURN(tokens.QName(m.opts.Stack), tokens.PackageName(m.opts.Project), parentType, r.Type, r.Name)
	if _, taken := m.byURN[r.URN]; taken {
		return nil, m.refuseLocked(fmt.Errorf("registering %s: the URN %s is registered twice: give one of them "+
			"another name or parent", r.Label(), r.URN))
	}
	seen := m.types[r.Label()]
	r.InputType, r.OutputTypes = seen.inputs, seen.outputs
	if m.opts.Fail != nil {
		if err := m.opts.Fail(r); err != nil {
			return nil, m.refuseLocked(fmt.Errorf("registering %s: %w", r.Label(), err))
		}
	}
	if r.Custom {
		r.Outputs = maps.Clone(r.Inputs)
		isProvider := strings.HasPrefix(string(r.Type), "pulumi:providers:")
		if isProvider {
			// The engine knows a provider's ID in a preview only once it exists; nothing may depend on its value.
			r.ID = resource.ID(r.Name)
		}
		if m.opts.Outputs != nil && !isProvider {
			r.Outputs = maps.Clone(m.opts.Outputs(r))
			if id := r.Outputs["id"]; id.IsString() && r.ID == "" {
				r.ID = resource.ID(id.StringValue())
			}
			delete(r.Outputs, "id")
		}
		for _, name := range r.AdditionalSecretOutputs {
			if v, ok := r.Outputs[resource.PropertyKey(name)]; ok && !v.IsSecret() {
				r.Outputs[resource.PropertyKey(name)] = resource.MakeSecret(v)
			}
		}
		// The engine keeps an output that is not wholly known from a Go program, which then takes it for unknown.
		maps.DeleteFunc(r.Outputs, func(_ resource.PropertyKey, v resource.PropertyValue) bool {
			return v.ContainsUnknowns()
		})
	}
	outputs, err := marshal(r.Outputs)
	if err != nil {
		return nil, m.refuseLocked(fmt.Errorf("registering %s: writing its outputs: %w", r.Label(), err))
	}
	m.byURN[r.URN] = r
	m.resources = append(m.resources, r)
	return outputs, nil
}

// inherit fills in what the engine lets a resource take from its parent where it says nothing itself: these options,
// and the provider for components and for resources of the provider's own package.
func (r *Resource) inherit(parent *Resource) {
	if r.DeletedWith == "" {
		r.DeletedWith = parent.DeletedWith
	}
	if r.Protect == nil {
		r.Protect = parent.Protect
	}
	if r.RetainOnDelete == nil {
		r.RetainOnDelete = parent.RetainOnDelete
	}
	if r.Provider == "" && parent.Provider != "" {
		ofPackage := strings.TrimPrefix(string(parent.ProviderURN().Type()), "pulumi:providers:")
		if !r.Custom || ofPackage == string(r.Type.Package()) {
			r.Provider = parent.Provider
		}
	}
}

// RegisterResourceOutputs writes down the outputs of a component or of the stack.
func (m *monitor) RegisterResourceOutputs(
	_ context.Context, in *pulumirpc.RegisterResourceOutputsRequest,
) (*emptypb.Empty, error) {
	outputs, err := unmarshal(in.GetOutputs())
	if err != nil {
		return nil, m.refuse(fmt.Errorf("registering the outputs of %s: %w", in.GetUrn(), err))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.byURN[resource.URN(in.GetUrn())]
	if !ok {
		return nil, m.refuseLocked(fmt.Errorf("registering the outputs of %s: it is not registered", in.GetUrn()))
	}
	if r.OutputsRegistered {
		return nil, m.refuseLocked(
			fmt.Errorf("registering the outputs of %s: they are registered already", in.GetUrn()))
	}
	r.Outputs, r.OutputsRegistered = outputs, true
	return &emptypb.Empty{}, nil
}

// Invoke answers a function of a provider.
func (m *monitor) Invoke(
	_ context.Context, in *pulumirpc.ResourceInvokeRequest,
) (*pulumirpc.ResourceInvokeResponse, error) {
	args, err := unmarshal(in.GetArgs())
	if err != nil {
		return nil, m.refuse(fmt.Errorf("calling %s: reading its arguments: %w", in.GetTok(), err))
	}
	var result resource.PropertyMap
	switch {
	case in.GetTok() == getResource:
		result, err = m.lookUp(args)
	case m.opts.Invoke == nil:
		err = errors.New("there is no provider here to answer: pass the value in, or set Options.Invoke")
	default:
		result, err = m.opts.Invoke(in.GetTok(), args)
	}
	if err != nil {
		return nil, m.refuse(fmt.Errorf("calling %s: %w", in.GetTok(), err))
	}
	out, err := marshal(result)
	if err != nil {
		return nil, m.refuse(fmt.Errorf("calling %s: writing its result: %w", in.GetTok(), err))
	}
	return &pulumirpc.ResourceInvokeResponse{Return: out}, nil
}

// lookUp answers getResource.
func (m *monitor) lookUp(args resource.PropertyMap) (resource.PropertyMap, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	urn := args["urn"]
	if !urn.IsString() || m.byURN[resource.URN(urn.StringValue())] == nil {
		return nil, fmt.Errorf("no resource %v is registered", urn)
	}
	r := m.byURN[resource.URN(urn.StringValue())]
	return resource.PropertyMap{
		"urn":   urn,
		"id":    resource.NewProperty(string(r.ID)),
		"state": resource.NewProperty(r.Outputs),
	}, nil
}

// Call is refused: methods of resources need their plugin.
func (m *monitor) Call(_ context.Context, in *pulumirpc.ResourceCallRequest) (*pulumirpc.CallResponse, error) {
	return nil, m.refuse(fmt.Errorf("calling the method %s: there is no provider here to answer", in.GetTok()))
}

// RegisterPackage gives a parameterized package a reference that is the same in every run.
func (m *monitor) RegisterPackage(
	_ context.Context, in *pulumirpc.RegisterPackageRequest,
) (*pulumirpc.RegisterPackageResponse, error) {
	return &pulumirpc.RegisterPackageResponse{Ref: in.GetName() + "@" + in.GetVersion()}, nil
}

// RegisterStackTransform is refused: a recording without its effect would be wrong.
func (m *monitor) RegisterStackTransform(context.Context, *pulumirpc.Callback) (*emptypb.Empty, error) {
	return nil, m.refuse(errors.New("registering a stack transform: it is not recorded: use " +
		"RegisterStackTransformation"))
}

// RegisterStackInvokeTransform is refused as RegisterStackTransform is.
func (m *monitor) RegisterStackInvokeTransform(context.Context, *pulumirpc.Callback) (*emptypb.Empty, error) {
	return nil, m.refuse(errors.New("registering a transform of invokes: it is not recorded: call it without"))
}

// RegisterResourceHook is refused: this program's destroy must work in a stock engine, which does not run it again.
func (m *monitor) RegisterResourceHook(
	_ context.Context, in *pulumirpc.RegisterResourceHookRequest,
) (*emptypb.Empty, error) {
	return nil, m.refuse(fmt.Errorf("registering the hook %s: hooks are not recorded: order it by dependencies instead",
		in.GetName()))
}

// RegisterErrorHook is refused as RegisterResourceHook is.
func (m *monitor) RegisterErrorHook(
	_ context.Context, in *pulumirpc.RegisterErrorHookRequest,
) (*emptypb.Empty, error) {
	return nil, m.refuse(fmt.Errorf("registering the error hook %s: hooks are not recorded", in.GetName()))
}

// SignalAndWaitForShutdown has nothing to wait for.
func (m *monitor) SignalAndWaitForShutdown(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func unmarshal(s *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(s, plugin.MarshalOptions{
		KeepUnknowns: true, KeepSecrets: true, KeepResources: true, KeepOutputValues: true,
	})
}

func marshal(props resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(props, plugin.MarshalOptions{
		KeepUnknowns: true, KeepSecrets: true, KeepResources: true,
	})
}

// urns sorts and deduplicates.
func urns(in []string) []resource.URN {
	out := make([]resource.URN, 0, len(in))
	for _, urn := range in {
		out = append(out, resource.URN(urn))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// aliases of both kinds as text.
func aliases(in *pulumirpc.RegisterResourceRequest) []string {
	out := slices.Clone(in.GetAliasURNs())
	for _, alias := range in.GetAliases() {
		if spec := alias.GetSpec(); spec != nil {
			out = append(out, spec.GetParentUrn()+"/"+spec.GetType()+"/"+spec.GetName())
		} else {
			out = append(out, alias.GetUrn())
		}
	}
	return out
}
