package target

import (
	"fmt"

	"k8s.io/client-go/rest"
)

// REST is how to reach the cluster's API server.
func (c *Cluster) REST() (*rest.Config, error) {
	config, err := c.client().ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("reaching %s: %w", c, err)
	}
	return config, nil
}
