// Pulumi-language-go stands in for the Go language host of an ordinary Pulumi installation, which is no Go module that
// a test could build. It does what `pulumi up` needs of one: it builds the project's program into its buildTarget, and
// runs it with the environment that the Go SDK reads. The engine's address is its last argument.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// maxMessage is the largest message in bytes that the engine sends.
const maxMessage = 400 << 20

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// serve prints the port that the engine then connects to, and serves until the engine ends this process.
func serve() error {
	if len(os.Args) < 2 {
		return errors.New("starting the language host: want the engine's address as argument")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting the language host: %w", err)
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage))
	pulumirpc.RegisterLanguageRuntimeServer(server, &host{engine: os.Args[len(os.Args)-1]})
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	return server.Serve(listener)
}

// host runs Go programs.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	engine string
}

// GetPluginInfo says nothing: the host has no version of its own.
func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{}, nil
}

// GetRequiredPackages names none, so that the engine looks for a plugin when a resource asks for it.
func (h *host) GetRequiredPackages(
	context.Context, *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

// Run builds the program and runs it to its end.
func (h *host) Run(ctx context.Context, in *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	target := in.GetInfo().GetOptions().GetFields()["buildTarget"].GetStringValue()
	if target == "" {
		return nil, errors.New("building the program: Pulumi.yaml has no buildTarget, and there is no other way here")
	}
	target = filepath.Join(in.GetInfo().GetProgramDirectory(), target)
	build := exec.CommandContext(ctx, "go", "build", "-ldflags", "-w -s", "-o", target, in.GetInfo().GetEntryPoint())
	build.Dir = in.GetInfo().GetProgramDirectory()
	build.Env = append(os.Environ(), "GOFLAGS=-trimpath -buildvcs=false")
	if output, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the program in %s: %w\n%s", build.Dir, err, output)
	}

	variables, err := h.variables(in)
	if err != nil {
		return nil, err
	}
	program := exec.CommandContext(ctx, target, in.GetArgs()...)
	program.Dir, program.Env = in.GetPwd(), append(os.Environ(), variables...)
	program.Stdout, program.Stderr = os.Stdout, os.Stderr
	err = program.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == constant.ExitStatusLoggedError:
		// The program has told the engine why.
		return &pulumirpc.RunResponse{Bail: true}, nil
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("running the program: %v", err)}, nil
	}
}

// variables is the environment from which the SDK's pulumi.Run takes what to run for.
func (h *host) variables(in *pulumirpc.RunRequest) ([]string, error) {
	config, err := json.Marshal(in.GetConfig())
	if err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	secret, err := json.Marshal(in.GetConfigSecretKeys())
	if err != nil {
		return nil, fmt.Errorf("writing the keys of secret configuration: %w", err)
	}
	return []string{
		pulumi.EnvOrganization + "=" + in.GetOrganization(),
		pulumi.EnvProject + "=" + in.GetProject(),
		pulumi.EnvPulumiRootDirectory + "=" + in.GetInfo().GetRootDirectory(),
		pulumi.EnvStack + "=" + in.GetStack(),
		pulumi.EnvConfig + "=" + string(config),
		pulumi.EnvConfigSecretKeys + "=" + string(secret),
		pulumi.EnvDryRun + "=" + strconv.FormatBool(in.GetDryRun()),
		pulumi.EnvParallel + "=" + strconv.Itoa(int(in.GetParallel())),
		pulumi.EnvMonitor + "=" + in.GetMonitorAddress(),
		pulumi.EnvEngine + "=" + h.engine,
	}, nil
}
