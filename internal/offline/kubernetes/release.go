package kubernetes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// releaseKind is the type of a Helm release. It is no object: a program of its own (internal/offline/helm), which the
// stand-in's owner names, installs it.
const releaseKind = "kubernetes:helm.sh/v3:Release"

func isRelease(urn string) bool { return string(resource.URN(urn).Type()) == releaseKind }

// releaseInputs are the inputs that are honoured; any other is refused by name.
func releaseInputs() []resource.PropertyKey {
	return []resource.PropertyKey{
		"atomic", "chart", "cleanupOnFail", "compat", "createNamespace", "maxHistory", "name", "namespace", "repositoryOpts",
		"skipAwait", "skipCrds", "timeout", "values", "version", "waitForJobs",
	}
}

// releaseIdentity are the inputs whose change makes another release.
func releaseIdentity() []string { return []string{"name", "namespace"} }

// helmAnswer is what the program says: see internal/offline/helm.
type helmAnswer struct {
	Found      bool                `json:"found"`
	Status     string              `json:"status"`
	Revision   int                 `json:"revision"`
	Version    string              `json:"version"`
	AppVersion string              `json:"appVersion"`
	Resources  map[string][]string `json:"resources"`
	Error      string              `json:"error"`
	Left       bool                `json:"left"`
}

// checkRelease refuses what a release here cannot be.
func checkRelease(req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	inputs, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	response := &pulumirpc.CheckResponse{Inputs: req.GetNews()}
	fail := func(property, format string, arguments ...any) {
		response.Failures = append(response.Failures, &pulumirpc.CheckFailure{
			Property: property, Reason: fmt.Sprintf(format, arguments...),
		})
	}
	for _, key := range slices.Sorted(maps.Keys(inputs)) {
		if !slices.Contains(releaseInputs(), key) {
			fail(string(key), "not supported by this stand-in of the kubernetes plugin; install the plugin, or leave it out")
		}
	}
	for _, key := range []resource.PropertyKey{"chart", "name", "namespace", "version"} {
		if v := inputs[key]; v.IsNull() || v.IsString() && v.StringValue() == "" {
			fail(string(key), "must be set: this stand-in of the kubernetes plugin makes none up")
		}
	}
	if argument(inputs, "createNamespace") == "true" {
		fail("createNamespace", "must be false: make the namespace a resource, so that it is hardened and goes again")
	}
	return response, nil
}

func diffRelease(req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	before, err := decode(req.GetOlds())
	if err != nil {
		return nil, fmt.Errorf("reading the state of %s: %w", req.GetUrn(), err)
	}
	now, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s: %w", req.GetUrn(), err)
	}
	old, _ := remembered(before)
	response := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	for _, change := range changes(nil, plainMap(old), plainMap(now)) {
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		key, _ := change.path[0].(string)
		if !slices.Contains(response.Diffs, key) {
			response.Diffs = append(response.Diffs, key)
		}
		if slices.Contains(releaseIdentity(), key) && !slices.Contains(response.Replaces, key) {
			response.Replaces = append(response.Replaces, key)
			response.DeleteBeforeReplace = true
		}
	}
	return response, nil
}

func (s *server) createRelease(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	if req.GetPreview() {
		return &pulumirpc.CreateResponse{Properties: req.GetProperties()}, nil
	}
	properties, id, err := s.installRelease(ctx, req.GetUrn(), req.GetProperties(), req.GetTimeout())
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: properties}, nil
}

func (s *server) updateRelease(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	if req.GetPreview() {
		return &pulumirpc.UpdateResponse{Properties: req.GetNews()}, nil
	}
	properties, _, err := s.installRelease(ctx, req.GetUrn(), req.GetNews(), req.GetTimeout())
	if err != nil {
		return nil, err
	}
	return &pulumirpc.UpdateResponse{Properties: properties}, nil
}

func (s *server) installRelease(
	ctx context.Context, urn string, given *structpb.Struct, custom float64,
) (properties *structpb.Struct, id string, err error) {
	inputs, err := decode(given)
	if err != nil {
		return nil, "", fmt.Errorf("reading the inputs of %s: %w", urn, err)
	}
	if custom > 0 {
		inputs["timeout"] = resource.NewNumberProperty(custom)
	}
	hidden := newRedactor(inputs)
	ctx, done := s.operation(ctx, urn, hidden)
	defer done()
	s.host.status(ctx, urn, "installing chart "+argument(inputs, "chart"))
	answer, err := s.helm(ctx, "install", inputs)
	if err != nil && (answer == nil || !answer.Left) {
		return nil, "", hidden.err(failed("installing %s: %w", releaseID(inputs), err))
	}
	encoded, encodeErr := encode(releaseState(inputs, answer))
	if encodeErr != nil {
		return nil, "", fmt.Errorf("writing the state of %s: %w", urn, encodeErr)
	}
	if err != nil {
		return nil, "", initFailed(releaseID(inputs), encoded, given, hidden.texts(strings.Split(err.Error(), "\n")))
	}
	s.host.status(ctx, urn, "")
	return encoded, releaseID(inputs), nil
}

// readRelease finds out whether a release is there still. What its values became cannot drift.
func (s *server) readRelease(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	before, err := decode(req.GetProperties())
	if err != nil {
		return nil, fmt.Errorf("reading the state of %s: %w", req.GetUrn(), err)
	}
	inputs, _ := remembered(before)
	if len(inputs) == 0 {
		return nil, failed("reading %s: a release cannot be imported by this stand-in of the kubernetes plugin", req.GetId())
	}
	ctx, done := s.operation(ctx, req.GetUrn(), newRedactor(inputs))
	defer done()
	answer, err := s.helm(ctx, "read", inputs)
	if err != nil {
		return nil, failed("reading %s: %w", req.GetId(), err)
	}
	if !answer.Found {
		return &pulumirpc.ReadResponse{}, nil
	}
	properties, err := encode(releaseState(inputs, answer))
	if err != nil {
		return nil, fmt.Errorf("writing the state of %s: %w", req.GetUrn(), err)
	}
	encoded, err := encode(inputs)
	if err != nil {
		return nil, fmt.Errorf("writing the inputs of %s: %w", req.GetUrn(), err)
	}
	return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: properties, Inputs: encoded}, nil
}

func (s *server) deleteRelease(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	before, err := decode(req.GetProperties())
	if err != nil {
		return nil, fmt.Errorf("reading the state of %s: %w", req.GetUrn(), err)
	}
	inputs, _ := remembered(before)
	hidden := newRedactor(inputs)
	ctx, done := s.operation(ctx, req.GetUrn(), hidden)
	defer done()
	s.host.status(ctx, req.GetUrn(), "uninstalling it")
	if _, err := s.helm(ctx, "uninstall", inputs); err != nil {
		return nil, hidden.err(failed("uninstalling %s: %w", releaseID(inputs), err))
	}
	return &emptypb.Empty{}, nil
}

// releaseID is what the plugin calls a release.
func releaseID(inputs resource.PropertyMap) string {
	return argument(inputs, "namespace") + "/" + argument(inputs, "name")
}

// releaseState is what the engine keeps of a release: its inputs, and what was made of them.
func releaseState(inputs resource.PropertyMap, a *helmAnswer) resource.PropertyMap {
	out := maps.Clone(inputs)
	if a != nil {
		out["status"] = resource.NewObjectProperty(resource.PropertyMap{
			"name": inputs["name"], "namespace": inputs["namespace"], "chart": inputs["chart"],
			"status":     resource.NewStringProperty(a.Status),
			"revision":   resource.NewNumberProperty(float64(a.Revision)),
			"version":    resource.NewStringProperty(a.Version),
			"appVersion": resource.NewStringProperty(a.AppVersion),
		})
		names := resource.PropertyMap{}
		for kind, of := range a.Resources {
			var list []resource.PropertyValue
			for _, name := range of {
				list = append(list, resource.NewStringProperty(name))
			}
			names[resource.PropertyKey(kind)] = resource.NewArrayProperty(list)
		}
		out["resourceNames"] = resource.NewObjectProperty(names)
	}
	out[inputsKey] = resource.NewObjectProperty(inputs)
	return out
}

// helm asks the program to do something. Its own messages are shown while it is at work.
func (s *server) helm(ctx context.Context, action string, inputs resource.PropertyMap) (*helmAnswer, error) {
	if s.helmProgram == nil {
		return nil, errors.New("there is no program for Helm releases here: install the kubernetes plugin")
	}
	if _, err := s.connect(ctx); err != nil {
		return nil, err
	}
	program, err := s.helmProgram(ctx)
	if err != nil {
		return nil, err
	}
	kubeconfig, err := kubeconfigOf(s.config)
	if err != nil {
		return nil, err
	}
	request, err := json.Marshal(map[string]any{
		"action": action, "kubeconfig": string(kubeconfig), "release": plainMap(inputs),
	})
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, program)
	// It takes back what it began when it is asked to stop.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = time.Minute
	var output, complaints bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(request), &output, &complaints
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("running %s: %w: %s", program, err, lastLines(complaints.String()))
	}
	answer := &helmAnswer{}
	if err := json.Unmarshal(output.Bytes(), answer); err != nil {
		return nil, fmt.Errorf("running %s: its answer: %w", program, err)
	}
	if answer.Error != "" {
		return answer, errors.New(answer.Error)
	}
	return answer, nil
}

// lastLines are as many of a program's complaints as a message can hold.
func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// kubeconfigOf writes down how a cluster is reached, with everything that it takes in the one text.
func kubeconfigOf(config *rest.Config) ([]byte, error) {
	config = rest.CopyConfig(config)
	if err := rest.LoadTLSFiles(config); err != nil {
		return nil, fmt.Errorf("reading the certificates of the kubeconfig: %w", err)
	}
	const name = "cluster"
	made := clientcmdapi.NewConfig()
	made.Clusters[name] = &clientcmdapi.Cluster{
		Server: config.Host, CertificateAuthorityData: config.CAData, InsecureSkipTLSVerify: config.Insecure,
		TLSServerName: config.ServerName,
	}
	made.AuthInfos[name] = &clientcmdapi.AuthInfo{
		Token: config.BearerToken, TokenFile: config.BearerTokenFile, Username: config.Username, Password: config.Password,
		ClientCertificateData: config.CertData, ClientKeyData: config.KeyData, Exec: config.ExecProvider,
	}
	made.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	made.CurrentContext = name
	text, err := clientcmd.Write(*made)
	if err != nil {
		return nil, fmt.Errorf("writing a kubeconfig: %w", err)
	}
	return text, nil
}
