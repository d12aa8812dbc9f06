//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// client is one that does not wait for long.
var client = &http.Client{Timeout: 10 * time.Second}

// serviceURL is where this machine reaches a Service of the cluster that it is a node of, once the node knows where the
// Service leads: until then its connections are refused, whatever the network policies say.
func (c *cluster) serviceURL(t *testing.T, namespace, name string) string {
	t.Helper()
	service, err := c.CoreV1().Services(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort(service.Spec.ClusterIP, fmt.Sprint(service.Spec.Ports[0].Port))
	await(t, "a connection to Service "+name, "open", 30*time.Second, func() (string, error) {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return "", err
		}
		return "open", connection.Close()
	})
	return "http://" + address
}

func get(url string) (string, error) {
	response, err := client.Get(url)
	if err != nil {
		return "", err
	}
	return read(response)
}

func post(url, title string) error {
	body, err := json.Marshal(map[string]string{"title": title})
	if err != nil {
		return err
	}
	response, err := client.Post(url, "application/json", strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	_, err = read(response)
	return err
}

// read returns the body of an answer that is a success.
func read(response *http.Response) (string, error) {
	defer func() { _ = response.Body.Close() }() // It was read to its end.
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("status %s", response.Status)
	}
	return string(body), err
}
