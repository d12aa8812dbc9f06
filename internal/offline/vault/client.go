package vault

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// client speaks to one Vault, with one token.
type client struct {
	address, token string
	http           *http.Client
}

// errAbsent says that there is nothing at a path.
var errAbsent = errors.New("there is nothing")

// connect trusts what VAULT_CACERT leads to, as the plugin does, or else the machine's own authorities.
func connect(address, token string) (*client, error) {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
	if path := os.Getenv("VAULT_CACERT"); path != "" { //nolint:forbidigo // The plugin reads it too.
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading VAULT_CACERT: %w", err)
		}
		authorities := x509.NewCertPool()
		if !authorities.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("VAULT_CACERT: there is no certificate in %s", path)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}
	}
	return &client{
		address: strings.TrimSuffix(address, "/"), token: token,
		http: &http.Client{Transport: transport, Timeout: time.Minute},
	}, nil
}

// do makes one request, and reads what is in the answer's data into got, if anything is wanted.
func (c *client) do(ctx context.Context, method, path string, body, got any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.address+"/v1/"+path, content)
	if err != nil {
		return fmt.Errorf("asking for %s: %w", path, err)
	}
	request.Header.Set("X-Vault-Token", c.token)
	request.Header.Set("X-Vault-Request", "true")
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("reaching Vault: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // It was read.
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("reading the answer about %s: %w", path, err)
	}
	if response.StatusCode == http.StatusNotFound {
		return errAbsent
	}
	if response.StatusCode >= http.StatusBadRequest {
		var refusal struct{ Errors []string }
		_ = json.Unmarshal(text, &refusal) // Whatever else it is, the status says it.
		return fmt.Errorf("the Vault at %s refuses %s %s: %s: %s",
			c.address, method, path, response.Status, strings.Join(refusal.Errors, "; "))
	}
	if got == nil {
		return nil
	}
	if err := json.Unmarshal(text, &struct{ Data any }{got}); err != nil {
		return fmt.Errorf("reading the answer about %s: %w", path, err)
	}
	return nil
}
