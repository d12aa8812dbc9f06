package offline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"

	"plinth/internal/offline/kubernetes"
	"plinth/internal/offline/random"
	"plinth/internal/offline/tls"
	"plinth/internal/offline/vault"
)

const (
	// maxMessage is the largest message in bytes that the engine sends or takes:
	// github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil.GrpcChannelOptions.
	maxMessage = 400 << 20
	// stopGrace is how long operations may take to end when the stand-ins are stopped.
	stopGrace = 5 * time.Second
)

// Serve starts stand-ins for the named plugins, "kubernetes", "random", "tls" and "vault", in this process on loopback.
// It returns what PULUMI_DEBUG_PROVIDERS must be for every pulumi command that is to use them; the engine reads that
// variable each time it loads a plugin, and opens a connection for each provider. They serve until stop is called or
// ctx ends.
func Serve(ctx context.Context, names ...string) (debugProviders string, stop func(), err error) {
	return ServeWith(ctx, Options{}, names...)
}

// Options are what the stand-ins need besides.
type Options struct {
	// Helm finds the program that installs Helm releases, and builds it where it has to: see [HelmProgram]. It is called
	// by the first release. Nil: releases are refused.
	Helm func(context.Context) (string, error)
}

// ServeWith is [Serve] with options.
func ServeWith(
	ctx context.Context, options Options, names ...string,
) (debugProviders string, stop func(), err error) {
	var servings []*serving
	end := func() {
		for _, s := range servings {
			s.stop()
		}
	}
	var ports []string
	for _, name := range names {
		create, err := standIn(name, options)
		if err != nil {
			end()
			return "", nil, err
		}
		s, err := serve(create)
		if err != nil {
			end()
			return "", nil, fmt.Errorf("serving the stand-in for the plugin %s: %w", name, err)
		}
		servings = append(servings, s)
		ports = append(ports, fmt.Sprintf("%s:%d", name, s.port))
	}
	released := context.AfterFunc(ctx, end)
	return strings.Join(ports, ","), func() { released(); end() }, nil
}

// standIn finds the stand-in for a plugin: a function that makes the provider for one connection.
func standIn(name string, options Options) (func() pulumirpc.ResourceProviderServer, error) {
	switch name {
	case "kubernetes":
		return func() pulumirpc.ResourceProviderServer { return kubernetes.NewWith(options.Helm) }, nil
	case "random":
		return random.New, nil
	case "tls":
		return tls.New, nil
	case "vault":
		return vault.New, nil
	}
	return nil, fmt.Errorf("plugin %q: there is a stand-in for kubernetes, random, tls and vault only; install the plugin",
		name)
}

// serving is one stand-in. Each connection has a server of its own, because each is another provider of the program:
// what Configure said on one must not reach the next.
type serving struct {
	listener net.Listener
	port     int
	create   func() pulumirpc.ResourceProviderServer

	mu      sync.Mutex
	servers map[*grpc.Server]bool
	stopped bool
	done    sync.WaitGroup
}

func serve(create func() pulumirpc.ResourceProviderServer) (*serving, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return nil, errors.Join(fmt.Errorf("listening on %s: not a TCP address", listener.Addr()), listener.Close())
	}
	s := &serving{listener: listener, port: address.Port, create: create, servers: map[*grpc.Server]bool{}}
	s.done.Go(s.accept)
	return s, nil
}

func (s *serving) accept() {
	for {
		connection, err := s.listener.Accept()
		if err != nil {
			return
		}
		server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage))
		if !s.add(server) {
			_ = connection.Close()
			return
		}
		s.done.Go(func() {
			defer s.remove(server)
			s.handle(server, connection)
		})
	}
}

// handle serves one connection until it is closed.
func (s *serving) handle(server *grpc.Server, connection net.Conn) {
	provider := s.create()
	pulumirpc.RegisterResourceProviderServer(server, provider)
	// Serve ends with an error when the one connection there is has gone; that is how all of them end.
	_ = server.Serve(newSingle(connection))
	server.Stop()
	if closer, ok := provider.(io.Closer); ok {
		_ = closer.Close()
	}
}

func (s *serving) add(server *grpc.Server) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopped {
		s.servers[server] = true
	}
	return !s.stopped
}

func (s *serving) remove(server *grpc.Server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.servers, server)
}

// stop refuses new connections, lets operations end for a while, and then breaks them off. It may be called twice.
func (s *serving) stop() {
	_ = s.listener.Close()
	s.mu.Lock()
	s.stopped = true
	servers := make([]*grpc.Server, 0, len(s.servers))
	for server := range s.servers {
		servers = append(servers, server)
	}
	s.mu.Unlock()
	for _, server := range servers {
		s.done.Go(server.GracefulStop)
	}
	late := time.AfterFunc(stopGrace, func() {
		for _, server := range servers {
			server.Stop()
		}
	})
	defer late.Stop()
	s.done.Wait()
}

// single is a listener that accepts one connection, and ends when it is closed.
type single struct {
	address net.Addr
	accept  chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func newSingle(connection net.Conn) *single {
	l := &single{address: connection.LocalAddr(), accept: make(chan net.Conn, 1), closed: make(chan struct{})}
	l.accept <- &watched{Conn: connection, listener: l}
	return l
}

// Accept returns the connection once, and then waits until it is closed.
func (l *single) Accept() (net.Conn, error) {
	select {
	case connection := <-l.accept:
		return connection, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close makes Accept return.
func (l *single) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr is the address that the connection came to.
func (l *single) Addr() net.Addr { return l.address }

// watched is a connection that closes its listener with itself.
type watched struct {
	net.Conn
	listener *single
}

// Close ends the connection and its listener.
func (w *watched) Close() error {
	_ = w.listener.Close()
	return w.Conn.Close()
}
