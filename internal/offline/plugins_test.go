package offline_test

import (
	"context"
	"regexp"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"plinth/internal/offline"
)

func TestServeTellsWhereEachStandInIs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	value, stop, err := offline.Serve(ctx, "kubernetes", "random", "tls")
	if err != nil {
		t.Fatal(err)
	}
	ports := regexp.MustCompile(`^kubernetes:(\d+),random:(\d+),tls:(\d+)$`).FindStringSubmatch(value)
	if ports == nil {
		t.Fatalf("got %q, want kubernetes:PORT,random:PORT,tls:PORT", value)
	}
	version := func(port string) (string, error) {
		connection, err := grpc.NewClient("127.0.0.1:"+port, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = connection.Close() }()
		info, err := pulumirpc.NewResourceProviderClient(connection).GetPluginInfo(t.Context(), &emptypb.Empty{})
		return info.GetVersion(), err
	}
	for i, want := range []string{"4.33.0", "4.19.1", "5.1.0"} {
		if got, err := version(ports[i+1]); got != want || err != nil {
			t.Errorf("got the version %q and the error %v, want %q", got, err, want)
		}
	}
	cancel()
	stop()
	stop()
	if _, err := version(ports[1]); status.Code(err) != codes.Unavailable {
		t.Errorf("after stop: got the error %v, want one with the code %s", err, codes.Unavailable)
	}
}

func TestServeRefusesAPluginWithoutAStandIn(t *testing.T) {
	_, _, err := offline.Serve(t.Context(), "kubernetes", "aws")
	want := `plugin "aws": there is a stand-in for kubernetes, random, tls and vault only; install the plugin`
	if err == nil || err.Error() != want {
		t.Errorf("got the error %v, want %q", err, want)
	}
}
