package kubernetes

import (
	"context"
	"fmt"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// host is the engine, to which progress and warnings go. What cannot be told is dropped: no operation fails for it. The
// zero value tells nobody.
type host struct {
	mu         sync.Mutex
	address    string
	connection *grpc.ClientConn
	client     pulumirpc.EngineClient
}

// attach connects to the engine. An empty address leaves the host as it is.
func (h *host) attach(address string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if address == "" || address == h.address {
		return nil
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("connecting to the engine at %s: %w", address, err)
	}
	if h.connection != nil {
		_ = h.connection.Close()
	}
	h.address, h.connection, h.client = address, connection, pulumirpc.NewEngineClient(connection)
	return nil
}

func (h *host) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.connection != nil {
		_ = h.connection.Close()
	}
	h.connection, h.client = nil, nil
}

// status shows a line beside the resource while it is worked on; an empty one clears it.
func (h *host) status(ctx context.Context, urn, message string) {
	h.log(ctx, &pulumirpc.LogRequest{
		Severity: pulumirpc.LogSeverity_INFO, Urn: urn, Message: message, Ephemeral: true,
	})
}

// warn keeps a warning with the resource.
func (h *host) warn(ctx context.Context, urn, message string) {
	h.log(ctx, &pulumirpc.LogRequest{Severity: pulumirpc.LogSeverity_WARNING, Urn: urn, Message: message})
}

func (h *host) log(ctx context.Context, request *pulumirpc.LogRequest) {
	h.mu.Lock()
	client := h.client
	h.mu.Unlock()
	if client != nil {
		_, _ = client.Log(ctx, request)
	}
}

// subject is the resource that a request to the API server is for.
type subject struct {
	urn    string
	hidden redactor
}

// subjectKey is the context key of the subject.
type subjectKey struct{}

// HandleWarningHeaderWithContext passes a warning of the API server on to the user.
func (h *host) HandleWarningHeaderWithContext(ctx context.Context, _ int, _, message string) {
	if about, ok := ctx.Value(subjectKey{}).(subject); ok && message != "" {
		h.warn(ctx, about.urn, about.hidden.text(message))
	}
}
