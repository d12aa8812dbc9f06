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

// asking is how long an answer may take: a promotion waits until all that was received is applied.
const asking = 3 * time.Minute

// Client is an engine's own, as it is run in a server's container.
type Client struct {
	// Container is the server's in its pods.
	Container string
	// Command runs a statement.
	Command func(statement string) []string
}

// PSQL is PostgreSQL's, as the superuser who is let in over the socket in the container.
func PSQL() Client {
	return Client{"postgres", func(statement string) []string {
		return []string{"psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "postgres", "-c", statement}
	}}
}

// MySQLClient is that of MariaDB or MySQL, by its name, as the administrator whose password is in a file there.
func MySQLClient(name string) Client {
	return Client{name, func(statement string) []string {
		form := "-BNr"
		if strings.HasSuffix(statement, `\G`) {
			form = "-Br" // With the names of what is answered.
		}
		return []string{name, "--defaults-file=/tmp/root.cnf", form, "-e", statement}
	}}
}

// Exec runs statements in the servers of a namespace.
func Exec(config *rest.Config, client kubernetes.Interface, namespace string, by Client) SQL {
	return func(ctx context.Context, pod, statement string) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, asking)
		defer cancel()
		request := client.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("exec").
			VersionedParams(&corev1.PodExecOptions{
				Container: by.Container, Stdout: true, Stderr: true, Command: by.Command(statement),
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
