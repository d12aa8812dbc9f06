package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"

	"plinth/internal/offline/stateless"
)

// Version is the plugin version that the stand-in reports: the one that programs ask for.
const Version = "6.1.0"

// entryType is the one type there is.
const entryType = "vault:kv/secretV2:SecretV2"

// server is one provider.
type server struct {
	stateless.Server
	client *client
}

// New returns a provider for one connection of the engine.
func New() pulumirpc.ResourceProviderServer {
	return &server{Server: stateless.Server{Plugin: "vault", Version: Version}}
}

// Configure keeps where Vault is. It is not asked anything before there is something to write.
func (s *server) Configure(_ context.Context, req *pulumirpc.ConfigureRequest) (
	*pulumirpc.ConfigureResponse, error,
) {
	in, err := stateless.Decode(req.GetArgs())
	if err != nil {
		return nil, fmt.Errorf("reading the configuration of the provider for Vault: %w", err)
	}
	if s.client, err = connect(word(in, "address"), word(in, "token")); err != nil {
		return nil, err
	}
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, nil
}

// DiffConfig finds that another address or token is an update.
func (*server) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return changes(req, nil)
}

// Check refuses what is not supported here.
func (s *server) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	if token := string(resource.URN(req.GetUrn()).Type()); token != entryType {
		return nil, s.NotSupported("resource type " + token)
	}
	in, err := stateless.Decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	response := &pulumirpc.CheckResponse{Inputs: req.GetNews()}
	fail := func(key resource.PropertyKey, reason string) {
		response.Failures = append(response.Failures, &pulumirpc.CheckFailure{Property: string(key), Reason: reason})
	}
	known := []resource.PropertyKey{"mount", "name", "dataJson", "deleteAllVersions"}
	for _, key := range slices.Sorted(maps.Keys(in)) {
		if !slices.Contains(known, key) {
			fail(key, "not supported by this stand-in of the vault plugin")
		}
	}
	for _, key := range known[:3] {
		if _, given := in[key]; !given {
			fail(key, "must be set")
		}
	}
	if text := open(in["dataJson"]); text.IsString() {
		var data map[string]any
		if json.Unmarshal([]byte(text.StringValue()), &data) != nil {
			fail("dataJson", "must be an object in JSON") // The text is secret.
		}
	}
	return response, nil
}

// Diff replaces an entry that has another path.
func (*server) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return changes(req, []resource.PropertyKey{"mount", "name"})
}

// Create writes an entry.
func (s *server) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	in, err := stateless.Decode(req.GetProperties())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	if req.GetPreview() {
		return &pulumirpc.CreateResponse{Properties: req.GetProperties()}, nil
	}
	id := path(in, "data")
	if err := s.write(ctx, in); err != nil {
		return nil, err
	}
	properties, err := stateless.Encode(outputs(in))
	return &pulumirpc.CreateResponse{Id: id, Properties: properties}, err
}

// Update writes a new version of an entry.
func (s *server) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	in, err := stateless.Decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	if !req.GetPreview() {
		if err := s.write(ctx, in); err != nil {
			return nil, err
		}
	}
	properties, err := stateless.Encode(outputs(in))
	return &pulumirpc.UpdateResponse{Properties: properties}, err
}

// Read says what an entry holds now; nothing where there is none.
func (s *server) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	in, err := stateless.Decode(req.GetInputs())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	if word(in, "name") == "" {
		return nil, s.NotSupported("import of " + entryType)
	}
	var found struct{ Data map[string]any }
	err = s.client.do(ctx, http.MethodGet, path(in, "data"), nil, &found)
	if errors.Is(err, errAbsent) {
		return &pulumirpc.ReadResponse{}, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(found.Data)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", req.GetId(), err)
	}
	in["dataJson"] = resource.MakeSecret(resource.NewStringProperty(string(text)))
	inputs, err := stateless.Encode(in)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", req.GetId(), err)
	}
	properties, err := stateless.Encode(outputs(in))
	return &pulumirpc.ReadResponse{Id: req.GetId(), Inputs: inputs, Properties: properties}, err
}

// Delete takes an entry away, with all of its versions where that is said. One that is gone is gone.
func (s *server) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	state, err := stateless.Decode(req.GetProperties())
	if err != nil {
		return nil, fmt.Errorf("reading the state of %s: %w", req.GetUrn(), err)
	}
	part := "data"
	if all := open(state["deleteAllVersions"]); all.IsBool() && all.BoolValue() {
		part = "metadata"
	}
	err = s.client.do(ctx, http.MethodDelete, path(state, part), nil, nil)
	if errors.Is(err, errAbsent) {
		err = nil
	}
	return &emptypb.Empty{}, err
}

func (s *server) write(ctx context.Context, in resource.PropertyMap) error {
	err := s.client.do(ctx, http.MethodPost, path(in, "data"),
		map[string]any{"data": json.RawMessage(word(in, "dataJson"))}, nil)
	if errors.Is(err, errAbsent) {
		return fmt.Errorf("the Vault at %s has no key-value engine at %s: an administrator enables it with: "+
			"vault secrets enable -path=%[2]s -version=2 kv", s.client.address, word(in, "mount"))
	}
	return err
}

// path is where an entry's data, or its metadata, is.
func path(in resource.PropertyMap, part string) string {
	return word(in, "mount") + "/" + part + "/" + word(in, "name")
}

// outputs are an entry's inputs and its path.
func outputs(in resource.PropertyMap) resource.PropertyMap {
	state := in.Copy()
	state["dataJson"] = resource.MakeSecret(open(in["dataJson"]))
	state["path"] = resource.NewStringProperty(path(in, "data"))
	return state
}

// changes lists the inputs that differ, those that replace as such.
func changes(req *pulumirpc.DiffRequest, replacing []resource.PropertyKey) (*pulumirpc.DiffResponse, error) {
	old, err := stateless.Decode(req.GetOldInputs())
	if err != nil {
		return nil, fmt.Errorf("reading the old inputs of %s: %w", req.GetUrn(), err)
	}
	now, err := stateless.Decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	response := stateless.Changes(old, now, req.GetIgnoreChanges())
	response.Replaces = nil
	for key, detail := range response.DetailedDiff {
		if slices.Contains(replacing, resource.PropertyKey(key)) {
			response.Replaces = append(response.Replaces, key)
			continue
		}
		detail.Kind = map[pulumirpc.PropertyDiff_Kind]pulumirpc.PropertyDiff_Kind{
			pulumirpc.PropertyDiff_ADD_REPLACE:    pulumirpc.PropertyDiff_ADD,
			pulumirpc.PropertyDiff_DELETE_REPLACE: pulumirpc.PropertyDiff_DELETE,
			pulumirpc.PropertyDiff_UPDATE_REPLACE: pulumirpc.PropertyDiff_UPDATE,
		}[detail.Kind]
	}
	return response, nil
}

// open takes a value out of what says that it is secret.
func open(v resource.PropertyValue) resource.PropertyValue {
	for v.IsSecret() {
		v = v.SecretValue().Element
	}
	return v
}

func word(in resource.PropertyMap, key resource.PropertyKey) string {
	if v := open(in[key]); v.IsString() {
		return v.StringValue()
	}
	return ""
}
