package verify

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
)

// answerTime is how long an application may take to answer.
const answerTime = 10 * time.Second

// Through asks pods over HTTP by forwarding a local port through the API server and the kubelet.
func Through(config *rest.Config, client kubernetes.Interface) func(
	ctx context.Context, namespace, pod string, port int, path string,
) (*http.Response, error) {
	return func(ctx context.Context, namespace, pod string, port int, path string) (*http.Response, error) {
		target := client.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).
			SubResource("portforward").URL()
		dialer, err := portforward.NewSPDYOverWebsocketDialer(target, config)
		if err != nil {
			return nil, fmt.Errorf("forwarding a port: %w", err)
		}
		stop, ready, failed := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		defer close(stop)
		forwarder, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", port)},
			stop, ready, io.Discard, io.Discard)
		if err != nil {
			return nil, fmt.Errorf("forwarding a port: %w", err)
		}
		go func() { failed <- forwarder.ForwardPorts() }()
		select {
		case err := <-failed:
			return nil, fmt.Errorf("forwarding a port: %w", err)
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-ready:
		}
		ports, err := forwarder.GetPorts()
		if err != nil {
			return nil, fmt.Errorf("forwarding a port: %w", err)
		}
		local := url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", ports[0].Local), Path: path}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, local.String(), nil)
		if err != nil {
			return nil, err
		}
		client := http.Client{Timeout: answerTime, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // Where it leads to is not behind this port.
		}}
		return client.Do(request)
	}
}
