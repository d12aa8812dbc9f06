package existing_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform"
	"plinth/components/platform/existing"
	"plinth/internal/record"
)

// build records a cluster. outputs are those of the other stack, nil where it was never deployed.
func build(t *testing.T, args *existing.Args, outputs resource.PropertyMap) (*existing.Cluster, *record.Recording, error) {
	t.Helper()
	var made *existing.Cluster
	rec, err := record.Run(t.Context(), record.Options{
		Project: "plinth", Stack: "dev",
		Outputs: func(r *record.Resource) resource.PropertyMap {
			if r.Type != "pulumi:pulumi:StackReference" {
				return r.Inputs
			}
			return resource.PropertyMap{"name": r.Inputs["name"], "outputs": resource.NewProperty(outputs)}
		},
	}, func(ctx *pulumi.Context) (err error) {
		made, err = existing.New(ctx, "cluster", args)
		return err
	})
	return made, rec, err
}

// provider is the one Kubernetes provider.
func provider(t *testing.T, rec *record.Recording) resource.PropertyMap {
	t.Helper()
	found := rec.All("pulumi:providers:kubernetes")
	if len(found) != 1 {
		t.Fatalf("got %d providers, want one", len(found))
	}
	return found[0].Inputs
}

func TestAnotherStacksOutputsLeadToItsCluster(t *testing.T) {
	made, rec, err := build(t, &existing.Args{Stack: "organization/plinth/platform"}, resource.PropertyMap{
		"kubeconfig":        resource.MakeSecret(resource.NewProperty("how to get there")),
		"clusterIdentifier": resource.NewProperty("plinth/platform/aws-1"),
		"storageClass":      resource.NewProperty("encrypted"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := made.StorageClass(); got != "encrypted" {
		t.Errorf("got the storage class %q, want the other stack's", got)
	}
	inputs := provider(t, rec)
	if got := inputs["clusterIdentifier"]; !got.IsString() || got.StringValue() != "plinth/platform/aws-1" {
		t.Errorf("got the identifier %v, want the other cluster's, plain", got)
	}
	if got := inputs["kubeconfig"]; !got.IsSecret() || got.SecretValue().Element.StringValue() != "how to get there" {
		t.Errorf("got the kubeconfig %v, want the other stack's, secret", got)
	}
}

// A preview before the other stack is deployed is possible; what it calls the cluster replaces nothing later.
func TestAPreviewNeedsNoOtherStackYet(t *testing.T) {
	made, rec, err := build(t, &existing.Args{Stack: "organization/plinth/platform"}, resource.PropertyMap{})
	if err != nil {
		t.Fatal(err)
	}
	if got := provider(t, rec)["clusterIdentifier"].StringValue(); got != "organization/plinth/platform" {
		t.Errorf("got the identifier %q, want the stack's name", got)
	}
	if got := made.StorageClass(); got != "" {
		t.Errorf("got the storage class %q, want none", got)
	}
}

func TestAnIdentifierOfOnesOwnWins(t *testing.T) {
	_, rec, err := build(t, &existing.Args{Stack: "organization/plinth/platform", Identifier: "ours"}, resource.PropertyMap{
		"clusterIdentifier": resource.NewProperty("theirs"), "kubeconfig": resource.NewProperty("k"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := provider(t, rec)["clusterIdentifier"].StringValue(); got != "ours" {
		t.Errorf("got the identifier %q, want ours", got)
	}
}

func TestAClusterThatExistsHasNoCloudAroundIt(t *testing.T) {
	made, _, err := build(t, &existing.Args{Identifier: "ours"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	const reason = "the cluster exists already, and nothing is known of a cloud around it: " +
		"set plinth:cloud to aws or gcp, or do without"
	_, err = made.Identity(nil, "app", &platform.IdentityArgs{})
	if want := "giving app permissions in the cloud: " + reason; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = made.Repository("app")
	if want := "finding image repository app: " + reason; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
