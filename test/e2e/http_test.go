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

// serviceURL is where this machine reaches a Service of the cluster that it is a node of.
func (c *cluster) serviceURL(t *testing.T, namespace, name string) string {
	t.Helper()
	service, err := c.CoreV1().Services(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort(service.Spec.ClusterIP, fmt.Sprint(service.Spec.Ports[0].Port))
	// A new Service is in the API a moment before the node knows where it leads.
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = connection.Close() // That it was opened is all that was asked.
			break
		}
	}
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
