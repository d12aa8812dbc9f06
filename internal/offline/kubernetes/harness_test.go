package kubernetes_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"plinth/internal/offline"
)

// shared is the kubeconfig of the cluster that all tests of this package share.
var shared string //nolint:gochecknoglobals // TestMain has no other way to hand it on.

// clusterConfig returns the kubeconfig of the cluster. There is none in short tests.
func clusterConfig(t *testing.T) string {
	t.Helper()
	if shared == "" {
		t.Skip("it needs the embedded cluster: make test runs it, make unit does not")
	}
	return shared
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run starts the embedded cluster around the tests. PLINTH_TEST_KUBECONFIG names another one to run them on.
func run(m *testing.M) int {
	flag.Parse()
	if shared = os.Getenv("PLINTH_TEST_KUBECONFIG"); shared != "" || testing.Short() {
		return m.Run()
	}
	say := func(format string, arguments ...any) { fmt.Fprintf(os.Stderr, format+"\n", arguments...) }
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "standin-")
	if err != nil {
		say("%v", err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		say("%v", err)
		return 1
	}
	binary := filepath.Join(root, ".plinth", "bin", "controlplane")
	if err := offline.BuildControlPlane(ctx, root, binary, say); err != nil {
		say("%v", err)
		return 1
	}
	data := filepath.Join(dir, "cluster")
	cluster, err := offline.Start(ctx, offline.ClusterOptions{Dir: data, Binary: binary})
	if err != nil {
		say("%v", err)
		return 1
	}
	defer func() { _ = offline.Stop(ctx, data) }()
	shared = cluster.Kubeconfig()
	return m.Run()
}

// rig is one provider, driven as the engine drives it, and a client of the same cluster.
type rig struct {
	provider  pulumirpc.ResourceProviderClient
	engine    *engine
	cluster   dynamic.Interface
	namespace string
}

// engine keeps what providers tell it.
type engine struct {
	pulumirpc.UnimplementedEngineServer
	mu       sync.Mutex
	messages []string
	statuses []string
}

func (e *engine) Log(_ context.Context, req *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if req.GetEphemeral() {
		e.statuses = append(e.statuses, req.GetMessage())
	} else {
		e.messages = append(e.messages, req.GetMessage())
	}
	return &emptypb.Empty{}, nil
}

func (e *engine) said() (messages, statuses []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.messages), slices.Clone(e.statuses)
}

// newRig serves the stand-in, attaches an engine, configures a provider whose namespace is one of the test's own.
func newRig(t *testing.T, settings map[string]any) *rig {
	t.Helper()
	r := &rig{engine: &engine{}, namespace: freshNamespace(t)}
	r.provider = attach(t, r.engine)
	arguments := map[string]any{"kubeconfig": clusterConfig(t), "namespace": r.namespace}
	for key, value := range settings {
		arguments[key] = value
	}
	configure(t, r.provider, arguments)
	r.cluster = directClient(t)
	return r
}

func directClient(t *testing.T) dynamic.Interface {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", clusterConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func namespaces() schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
}

func freshNamespace(t *testing.T) string {
	t.Helper()
	namespaces := directClient(t).Resource(namespaces())
	made, err := namespaces.Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"generateName": "standin-"},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = namespaces.Delete(context.Background(), made.GetName(), metav1.DeleteOptions{})
	})
	return made.GetName()
}

// attach opens a connection to a stand-in of its own.
func attach(t *testing.T, e *engine) pulumirpc.ResourceProviderClient {
	t.Helper()
	value, stop, err := offline.Serve(t.Context(), "kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return dial(t, value, e)
}

// dial opens a connection to a stand-in that is served.
func dial(t *testing.T, debugProviders string, e *engine) pulumirpc.ResourceProviderClient {
	t.Helper()
	_, port, _ := strings.Cut(debugProviders, ":")
	connection, err := grpc.NewClient("127.0.0.1:"+port, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	pulumirpc.RegisterEngineServer(server, e)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	client := pulumirpc.NewResourceProviderClient(connection)
	if _, err := client.Handshake(t.Context(), &pulumirpc.ProviderHandshakeRequest{
		EngineAddress: listener.Addr().String(),
	}); err != nil {
		t.Fatal(err)
	}
	return client
}

func configure(t *testing.T, client pulumirpc.ResourceProviderClient, arguments map[string]any) {
	t.Helper()
	if _, err := client.Configure(t.Context(), &pulumirpc.ConfigureRequest{
		Args: wire(t, resource.NewPropertyMapFromMap(arguments)), AcceptSecrets: true,
	}); err != nil {
		t.Fatal(err)
	}
}

func wire(t *testing.T, m resource.PropertyMap) *structpb.Struct {
	t.Helper()
	encoded, err := plugin.MarshalProperties(m, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func unwire(t *testing.T, s *structpb.Struct) resource.PropertyMap {
	t.Helper()
	decoded, err := plugin.UnmarshalProperties(s, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

// inputs reads YAML, in which !NS stands for the rig's namespace.
func (r *rig) inputs(t *testing.T, text string) resource.PropertyMap {
	t.Helper()
	var value map[string]any
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(text, "!NS", r.namespace)), &value); err != nil {
		t.Fatal(err)
	}
	return resource.NewPropertyMapFromMap(value)
}

// deployed is a resource in an engine's state.
type deployed struct {
	urn, id string
	inputs  *structpb.Struct
	state   *structpb.Struct
	// step is how it came to be so: create, same, update, replace or delete-replace.
	step string
	// failure is why it is not ready; empty where it is.
	failure string
}

func (d *deployed) output(t *testing.T, path string) resource.PropertyValue {
	t.Helper()
	parsed, err := resource.ParsePropertyPath(path)
	if err != nil {
		t.Fatal(err)
	}
	value, _ := parsed.Get(resource.NewObjectProperty(unwire(t, d.state)))
	return value
}

func urnOf(token, name string) string {
	return "urn:pulumi:test::plinth::kubernetes:" + token + "::" + name
}

// up does what the engine does for a resource of a program: check, diff, and the steps that follow.
func (r *rig) up(t *testing.T, old *deployed, token, name, text string) (*deployed, error) {
	t.Helper()
	return r.deploy(t, old, token, name, r.inputs(t, text))
}

func (r *rig) deploy(t *testing.T, old *deployed, token, name string, given resource.PropertyMap) (*deployed, error) {
	t.Helper()
	ctx, news, urn := t.Context(), wire(t, given), urnOf(token, name)
	check := func(olds *structpb.Struct) (*structpb.Struct, error) {
		response, err := r.provider.Check(ctx, &pulumirpc.CheckRequest{Urn: urn, Olds: olds, News: news})
		if err != nil {
			return nil, err
		}
		for _, failure := range response.GetFailures() {
			return nil, fmt.Errorf("%s: %s", failure.GetProperty(), failure.GetReason())
		}
		return response.GetInputs(), nil
	}
	if old == nil {
		checked, err := check(nil)
		if err != nil {
			return nil, err
		}
		return r.create(t, urn, checked, "create")
	}
	checked, err := check(old.inputs)
	if err != nil {
		return nil, err
	}
	diff, err := r.provider.Diff(ctx, &pulumirpc.DiffRequest{
		Id: old.id, Urn: urn, Olds: old.state, OldInputs: old.inputs, News: checked,
	})
	if err != nil {
		return nil, err
	}
	switch {
	case len(diff.GetReplaces()) > 0 && diff.GetDeleteBeforeReplace():
		r.delete(t, old)
		return r.create(t, urn, checked, "delete-replace "+strings.Join(diff.GetReplaces(), " "))
	case len(diff.GetReplaces()) > 0:
		if checked, err = check(nil); err != nil {
			return nil, err
		}
		made, err := r.create(t, urn, checked, "replace "+strings.Join(diff.GetReplaces(), " "))
		if err == nil {
			r.delete(t, old)
		}
		return made, err
	case diff.GetChanges() == pulumirpc.DiffResponse_DIFF_NONE && old.failure == "":
		same := *old
		same.inputs, same.step = checked, "same"
		return &same, nil
	}
	response, err := r.provider.Update(ctx, &pulumirpc.UpdateRequest{
		Id: old.id, Urn: urn, Olds: old.state, OldInputs: old.inputs, News: checked,
	})
	now := &deployed{urn: urn, id: old.id, inputs: checked}
	now.step = "update " + strings.Join(slices.Sorted(maps.Keys(diff.GetDetailedDiff())), " ")
	if err != nil {
		return now.unready(err)
	}
	now.state = response.GetProperties()
	return now, nil
}

func (r *rig) create(t *testing.T, urn string, checked *structpb.Struct, step string) (*deployed, error) {
	t.Helper()
	made := &deployed{urn: urn, inputs: checked, step: step}
	response, err := r.provider.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn, Properties: checked})
	if err != nil {
		return made.unready(err)
	}
	made.id, made.state = response.GetId(), response.GetProperties()
	return made, nil
}

// unready takes the state off an error that says that an object is not ready; any other error stays.
func (d *deployed) unready(err error) (*deployed, error) {
	for _, detail := range status.Convert(err).Details() {
		if failure, ok := detail.(*pulumirpc.ErrorResourceInitFailed); ok {
			d.id, d.state = failure.GetId(), failure.GetProperties()
			d.failure = strings.Join(failure.GetReasons(), "\n")
			if failure.GetInputs() != nil {
				d.inputs = failure.GetInputs()
			}
			return d, nil
		}
	}
	return nil, err
}

func (r *rig) delete(t *testing.T, d *deployed) {
	t.Helper()
	if _, err := r.provider.Delete(t.Context(), deletion(d)); err != nil {
		t.Fatal(err)
	}
	r.gone(t, d)
}

func deletion(d *deployed) *pulumirpc.DeleteRequest {
	return &pulumirpc.DeleteRequest{Id: d.id, Urn: d.urn, Properties: d.state, OldInputs: d.inputs}
}

// gone waits until an object is gone: with pulumi.com/skipAwait the provider does not.
func (r *rig) gone(t *testing.T, d *deployed) {
	t.Helper()
	eventually(t, d.id+" is gone", func() bool {
		response, err := r.provider.Read(t.Context(), &pulumirpc.ReadRequest{Id: d.id, Urn: d.urn})
		return err == nil && response.GetId() == ""
	})
}

// refresh does what the engine's refresh does.
func (r *rig) refresh(t *testing.T, d *deployed) *deployed {
	t.Helper()
	response, err := r.provider.Read(t.Context(), &pulumirpc.ReadRequest{
		Id: d.id, Urn: d.urn, Properties: d.state, Inputs: d.inputs,
	})
	now := &deployed{urn: d.urn}
	if err != nil {
		if now, err = now.unready(err); err != nil {
			t.Fatal(err)
		}
		return now
	}
	now.id, now.inputs, now.state = response.GetId(), response.GetInputs(), response.GetProperties()
	return now
}

// must is a resource that could be deployed, and is ready.
func must(t *testing.T, d *deployed, err error) *deployed {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if d.failure != "" {
		t.Fatal(d.failure)
	}
	return d
}

// live reads an object of the rig's namespace.
func (r *rig) live(t *testing.T, resource, name string) *unstructured.Unstructured {
	t.Helper()
	found, err := r.objects(resource).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// objects gives access to GROUP/VERSION/RESOURCE, or VERSION/RESOURCE, in the rig's namespace.
func (r *rig) objects(path string) dynamic.ResourceInterface {
	parts := strings.Split(path, "/")
	kind := schema.GroupVersionResource{Version: parts[len(parts)-2], Resource: parts[len(parts)-1]}
	if len(parts) == 3 {
		kind.Group = parts[0]
	}
	return r.cluster.Resource(kind).Namespace(r.namespace)
}

// messageOf is what a user sees of an error.
func messageOf(err error) string { return status.Convert(err).Message() }

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if holds() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after 30 seconds", what)
		}
	}
}
