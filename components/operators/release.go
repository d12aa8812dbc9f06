package operators

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Release is a chart as it is installed: the part of Pulumi's Release that operators need.
type Release struct {
	// Name and Namespace of the release. The namespace is there already.
	Name, Namespace string
	// Chart is the chart's name in the Repository, a URL; Version is exact.
	Chart, Repository, Version string
	// Values are what differs from the chart's own: maps, lists, texts, numbers and booleans.
	Values map[string]any
	// Timeout is how long each step may take, in seconds: hooks, pods that become ready, pods that go.
	Timeout int
}

// releaseType is Pulumi's own resource for a Helm release.
const releaseType = "kubernetes:helm.sh/v3:Release"

// release installs a chart and waits. What fails is taken back, so that the next update starts afresh.
func release(
	ctx *pulumi.Context, name string, r *Release, opts ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	values, err := input(r.Values)
	if err != nil {
		return nil, fmt.Errorf("values of release %s: %w", r.Name, err)
	}
	made := &pulumi.CustomResourceState{}
	err = ctx.RegisterResource(releaseType, name, pulumi.Map{
		"name": pulumi.String(r.Name), "namespace": pulumi.String(r.Namespace),
		"chart": pulumi.String(r.Chart), "version": pulumi.String(r.Version),
		"repositoryOpts":  pulumi.StringMap{"repo": pulumi.String(r.Repository)},
		"values":          values,
		"timeout":         pulumi.Int(r.Timeout),
		"createNamespace": pulumi.Bool(false), "skipAwait": pulumi.Bool(false), "waitForJobs": pulumi.Bool(true),
		"atomic": pulumi.Bool(true), "cleanupOnFail": pulumi.Bool(true), "maxHistory": pulumi.Int(3),
		// The SDK's own types say so, and the plugin tells by it that they are Go's.
		"compat": pulumi.String("true"),
	}, made, opts...)
	if err != nil {
		return nil, fmt.Errorf("installing chart %s: %w", r.Chart, err)
	}
	return made, nil
}

// input turns plain values into an Input.
func input(v any) (pulumi.Input, error) {
	switch v := v.(type) {
	case string:
		return pulumi.String(v), nil
	case bool:
		return pulumi.Bool(v), nil
	case int:
		return pulumi.Int(v), nil
	case []any:
		list := pulumi.Array{}
		for _, element := range v {
			made, err := input(element)
			if err != nil {
				return nil, err
			}
			list = append(list, made)
		}
		return list, nil
	case map[string]any:
		object := pulumi.Map{}
		for key, element := range v {
			made, err := input(element)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			object[key] = made
		}
		return object, nil
	default:
		return nil, fmt.Errorf("a value of type %T", v)
	}
}
