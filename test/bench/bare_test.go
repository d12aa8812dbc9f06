package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/internal/offline"
	"plinth/internal/workspace"
)

// bareVariable makes this test program the bare program: it names the folder of the bare stack.
const bareVariable = "PLINTH_BENCH_BARE"

// object is a Kubernetes object as a program registers it.
type object struct {
	Type, Name string
	Inputs     map[string]any
	// After names objects that must be there before.
	After []string
}

// called is the name that the object has in the cluster.
func (o object) called() any {
	metadata, _ := o.Inputs["metadata"].(map[string]any)
	return metadata["name"]
}

// TestMain is the bare program where the environment asks for it, so that it is a process of its own, as plinth is.
func TestMain(m *testing.M) {
	dir := os.Getenv(bareVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := bare(context.Background(), dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// bare brings up the objects listed in a folder with as little as the Automation API needs: no components, no types,
// and the least order that gets there. Engine, backend, CLI and stand-ins are those that plinth uses. It prints how
// many resources were changed how.
func bare(ctx context.Context, dir string) error {
	var objects []object
	text, err := os.ReadFile(filepath.Join(dir, objectsFile))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &objects); err != nil {
		return err
	}
	project, err := workspace.Find(".")
	if err != nil {
		return err
	}
	cli, err := project.CLI(ctx, func(string, func() error) error {
		return errors.New("the Pulumi CLI is missing: plinth builds it at its first up")
	})
	if err != nil {
		return err
	}
	providers, stop, err := offline.Serve(ctx, "kubernetes")
	if err != nil {
		return err
	}
	defer stop()
	work, home, backend := filepath.Join(dir, "work"), filepath.Join(dir, "home"), filepath.Join(dir, "state")
	for _, made := range []string{work, home, backend} {
		if err := os.MkdirAll(made, 0o700); err != nil {
			return err
		}
	}
	stack, err := auto.UpsertStackInlineSource(ctx, bareName, bareName, program(objects),
		auto.WorkDir(work), auto.PulumiHome(home), auto.Pulumi(cli), auto.EnvVars(map[string]string{
			"PULUMI_BACKEND_URL": "file://" + backend, "PULUMI_CONFIG_PASSPHRASE": "bench",
			"PULUMI_DEBUG_PROVIDERS": providers, "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
			"PULUMI_SKIP_UPDATE_CHECK": "true",
		}))
	if err != nil {
		return err
	}
	result, err := stack.Up(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result.Summary.ResourceChanges)
}

// program registers objects in the order they are given in: each waits for those that it names.
func program(objects []object) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		provider, err := kubernetes.NewProvider(ctx, "cluster", nil)
		if err != nil {
			return err
		}
		registered := map[string]pulumi.Resource{}
		for _, o := range objects {
			var after []pulumi.Resource
			for _, name := range o.After {
				after = append(after, registered[name])
			}
			made := &pulumi.CustomResourceState{}
			err := ctx.RegisterResource(o.Type, o.Name, pulumi.ToMap(o.Inputs), made, pulumi.Provider(provider),
				pulumi.DependsOn(after))
			if err != nil {
				return err
			}
			registered[o.Name] = made
		}
		return nil
	}
}
