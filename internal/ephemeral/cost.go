package ephemeral

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Cost is what an environment uses, by what its state says: no cluster is asked.
type Cost struct {
	// Pods is how many pods its Deployments and StatefulSets want, without those of Jobs.
	Pods int64
	// CPU and Memory are the sums of what these request, Storage of what they claim.
	CPU, Memory, Storage resource.Quantity
	// Balancers are Services with a load balancer, Cloud the resources in a cloud.
	Balancers, Cloud int
}

// CostOf adds up a state.
func CostOf(deployment *apitype.DeploymentV3) (Cost, error) {
	var c Cost
	for _, state := range deployment.Resources {
		if !state.Custom || state.Delete {
			continue
		}
		switch pkg := string(state.Type.Package()); {
		case pkg == "aws" || pkg == "gcp":
			c.Cloud++
			continue
		case pkg != "kubernetes":
			continue
		}
		spec, _ := state.Inputs["spec"].(map[string]any)
		kind, _ := state.Inputs["kind"].(string)
		var err error
		switch kind {
		case "Deployment", "StatefulSet":
			err = c.workload(spec)
		case "PersistentVolumeClaim":
			err = c.claim(spec, 1)
		case "Service":
			if spec["type"] == "LoadBalancer" {
				c.Balancers++
			}
		}
		if err != nil {
			return c, fmt.Errorf("adding up what %s uses: %w", state.URN, err)
		}
	}
	return c, nil
}

// workload adds the pods of a workload and what they claim.
func (c *Cost) workload(spec map[string]any) error {
	replicas := int64(1)
	if number, ok := spec["replicas"].(float64); ok {
		replicas = int64(number)
	}
	c.Pods += replicas
	for _, container := range list(at(spec, "template", "spec"), "containers") {
		requests := at(container, "resources", "requests")
		if err := add(&c.CPU, requests["cpu"], replicas); err != nil {
			return err
		}
		if err := add(&c.Memory, requests["memory"], replicas); err != nil {
			return err
		}
	}
	for _, template := range list(spec, "volumeClaimTemplates") {
		if err := c.claim(at(template, "spec"), replicas); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cost) claim(spec map[string]any, times int64) error {
	return add(&c.Storage, at(spec, "resources", "requests")["storage"], times)
}

// add adds a quantity so many times; one that only a deployment knows counts as nothing.
func add(sum *resource.Quantity, value any, times int64) error {
	text, ok := value.(string)
	if !ok {
		return nil
	}
	quantity, err := resource.ParseQuantity(text)
	if err != nil {
		return fmt.Errorf("reading the quantity %q: %w", text, err)
	}
	quantity.Mul(times)
	sum.Add(quantity)
	return nil
}

// at is the object at a path; empty where there is none.
func at(object map[string]any, path ...string) map[string]any {
	for _, key := range path {
		object, _ = object[key].(map[string]any)
	}
	return object
}

// list are the objects in a list.
func list(object map[string]any, key string) []map[string]any {
	var found []map[string]any
	elements, _ := object[key].([]any)
	for _, element := range elements {
		if entry, ok := element.(map[string]any); ok {
			found = append(found, entry)
		}
	}
	return found
}
