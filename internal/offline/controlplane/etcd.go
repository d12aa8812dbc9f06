package main

import (
	"context"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/wal"
)

// walSegmentBytes is the size of a file of the write-ahead log.
const walSegmentBytes = 8 << 20

// etcdOptions are the flags of the etcd command.
type etcdOptions struct {
	dataDir, clientURL, peerURL string
	caFile, certFile, keyFile   string
}

// newEtcdCommand returns the command that runs an etcd of one member. It does not wait for the disk (no fsync): what
// survives the end of the process is enough here, what survives a power cut is not needed.
func newEtcdCommand() *cobra.Command {
	var o etcdOptions
	command := &cobra.Command{
		Use:  "etcd",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return runEtcd(command.Context(), o) },
	}
	flags := command.Flags()
	flags.StringVar(&o.dataDir, "data-dir", "", "folder of the data")
	flags.StringVar(&o.clientURL, "client-url", "", "https address to serve clients on")
	flags.StringVar(&o.peerURL, "peer-url", "", "https address for peers, of which there are none")
	flags.StringVar(&o.caFile, "ca-file", "", "authority whose certificates may connect")
	flags.StringVar(&o.certFile, "cert-file", "", "certificate to serve with")
	flags.StringVar(&o.keyFile, "key-file", "", "key of the certificate")
	return command
}

// runEtcd serves until ctx ends.
func runEtcd(ctx context.Context, o etcdOptions) error {
	client, err := url.Parse(o.clientURL)
	if err != nil {
		return fmt.Errorf("reading --client-url: %w", err)
	}
	peer, err := url.Parse(o.peerURL)
	if err != nil {
		return fmt.Errorf("reading --peer-url: %w", err)
	}
	identity := transport.TLSInfo{
		CertFile: o.certFile, KeyFile: o.keyFile, TrustedCAFile: o.caFile, ClientCertAuth: true,
	}
	config := embed.NewConfig()
	config.Name = "plinth"
	config.Dir = o.dataDir
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{*client}, []url.URL{*client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{*peer}, []url.URL{*peer}
	config.ClientTLSInfo, config.PeerTLSInfo = identity, identity
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.EnableGRPCGateway = false
	config.UnsafeNoFsync = true
	// A member without peers has nobody to wait for before it stands for election.
	config.TickMs, config.ElectionMs = 10, 100
	// The API server compacts every five minutes; few entries need be kept in memory for followers that do not exist.
	config.SnapshotCount, config.SnapshotCatchUpEntries = 5000, 100
	config.LogLevel = "warn"
	// Not set, each request would count as slow.
	config.WarningUnaryRequestDuration = embed.DefaultWarningUnaryRequestDuration
	// Segments are allocated whole, two at a time; the default is 64 MB.
	wal.SegmentSizeBytes = walSegmentBytes
	server, err := embed.StartEtcd(config)
	if err != nil {
		return fmt.Errorf("starting etcd in %s: %w", o.dataDir, err)
	}
	defer server.Close()
	select {
	case <-ctx.Done():
		return nil
	case err := <-server.Err():
		return fmt.Errorf("serving etcd on %s: %w", o.clientURL, err)
	}
}
