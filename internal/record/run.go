package record

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// maxMessage is the largest message in bytes that the servers take: what the SDK's own client allows.
const maxMessage = 400 << 20

// Options say which stack the program is run as, and what it gets back.
type Options struct {
	// Project and Stack name the stack; both are required.
	Project, Stack string
	// Organization that owns the stack. Empty: the SDK's own word for none.
	Organization string
	// Config holds the configuration, by full key (`project:key`); structured values as JSON text.
	Config map[string]string
	// SecretKeys are the keys of Config that are secret.
	SecretKeys []string

	// Outputs returns what a provider would, for a custom resource that was registered or read. What it leaves out is
	// unknown to the program; "id" is the resource's ID. Nil: the inputs come back, and everything else is unknown. It
	// is called for one resource at a time.
	Outputs func(r *Resource) resource.PropertyMap
	// Fail returns an error to refuse a registration with, or nil. It is called for one resource at a time, in the
	// order in which they come; a refused one is not recorded. Nil: nothing is refused.
	Fail func(r *Resource) error
	// Invoke answers a function of a provider (`package:module:function`). Nil: every call is an error.
	Invoke func(token string, args resource.PropertyMap) (resource.PropertyMap, error)
}

// Run runs a program in this process against a recording resource monitor: no engine, no plugin, no network but
// loopback. It is a preview: whatever a provider would compute is unknown.
//
// The recording holds what was registered even where the error is not nil. The error wraps what the program returned,
// what was refused (an URN that is registered twice, an invoke that nobody answers, what Options.Fail said), and ends
// with the errors and warnings that the program logged.
func Run(ctx context.Context, opts Options, program pulumi.RunFunc) (*Recording, error) {
	if opts.Project == "" || opts.Stack == "" {
		return nil, fmt.Errorf("recording a program: project %q, stack %q: both names are required",
			opts.Project, opts.Stack)
	}
	m := newMonitor(opts)
	address, stop, err := m.serve(ctx)
	if err != nil {
		return nil, fmt.Errorf("recording stack %s: starting the resource monitor: %w", opts.Stack, err)
	}
	defer stop()

	run, err := pulumi.NewContext(ctx, pulumi.RunInfo{
		Project:          opts.Project,
		Stack:            opts.Stack,
		Organization:     opts.Organization,
		Config:           maps.Clone(opts.Config),
		ConfigSecretKeys: slices.Clone(opts.SecretKeys),
		DryRun:           true,
		MonitorAddr:      address,
		EngineAddr:       address,
	})
	if err != nil {
		return nil, fmt.Errorf("recording stack %s: connecting to the resource monitor: %w", opts.Stack, err)
	}
	// The SDK reports a failed registration instead of what the program made of it, and the program's own error as a
	// list of one: keep both as they were.
	var programErr error
	runErr := pulumi.RunWithContext(run, func(ctx *pulumi.Context) error {
		if programErr = m.observeTypes(ctx); programErr == nil {
			programErr = program(ctx)
		}
		return programErr
	})
	closeErr := run.Close()

	rec := m.recording()
	if err := m.verdict(programErr, runErr, closeErr); err != nil {
		return rec, fmt.Errorf("recording stack %s: %w", opts.Stack, err)
	}
	return rec, nil
}

// verdict is what went wrong in a run, nil for nothing.
func (m *monitor) verdict(programErr, runErr, closeErr error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []error
	if programErr != nil {
		all = append(all, programErr)
	}
	for _, refused := range m.refused {
		if !errors.Is(programErr, refused) {
			all = append(all, refused)
		}
	}
	if len(all) == 0 && runErr != nil {
		all = append(all, runErr)
	}
	if len(all) == 0 {
		return closeErr
	}
	for _, line := range m.complaints {
		all = append(all, errors.New(line))
	}
	return errors.Join(all...)
}

// serve starts the servers on a free port of loopback. stop ends them once the calls under way are answered.
func (m *monitor) serve(ctx context.Context) (address string, stop func(), err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listening on loopback: %w", err)
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage))
	pulumirpc.RegisterResourceMonitorServer(server, m)
	pulumirpc.RegisterEngineServer(server, &engine{monitor: m})
	done := make(chan struct{})
	go func() {
		defer close(done)
		// It returns when the server is stopped; the program would fail on any other reason.
		_ = server.Serve(listener)
	}()
	return listener.Addr().String(), func() {
		server.Stop()
		<-done
	}, nil
}
