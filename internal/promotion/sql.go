package promotion

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
)

// container is the server's in its pods.
const container = "postgres"

// asking is how long an answer may take: a promotion waits until all that was received is applied.
const asking = 3 * time.Minute

// SQL runs statements in the servers of a namespace, as their superuser, who is let in over the socket in the
// container.
func SQL(config *rest.Config, client kubernetes.Interface, namespace string) func(
	ctx context.Context, pod, statement string,
) (string, error) {
	return func(ctx context.Context, pod, statement string) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, asking)
		defer cancel()
		request := client.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("exec").
			VersionedParams(&corev1.PodExecOptions{
				Container: container, Stdout: true, Stderr: true,
				Command: []string{"psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "postgres", "-c", statement},
			}, scheme.ParameterCodec)
		executor, err := remotecommand.NewWebSocketExecutor(config, "GET", request.URL().String())
		if err != nil {
			return "", fmt.Errorf("asking %s: %w", pod, err)
		}
		var out, diagnostics bytes.Buffer
		err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &out, Stderr: &diagnostics})
		if err != nil {
			return "", fmt.Errorf("asking %s: %w: %s", pod, err, strings.TrimSpace(diagnostics.String()))
		}
		return strings.TrimSpace(out.String()), nil
	}
}
