package gates_test

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// forbidden are the import paths that cost most of the compile time: each pulls in every API group of the SDK.
func forbidden() []string {
	const sdk = "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/"
	return []string{sdk + "helm", sdk + "yaml", sdk + "kustomize"}
}

// clouds are the SDKs of clouds.
func clouds() []string {
	return []string{
		"github.com/pulumi/pulumi-aws", "github.com/pulumi/pulumi-awsx", "github.com/pulumi/pulumi-eks",
		"github.com/pulumi/pulumi-gcp", "github.com/pulumi/pulumi-google-native", "github.com/pulumi/pulumi-azure",
		"github.com/aws/aws-sdk-go", "cloud.google.com/go", "github.com/Azure/azure-sdk-for-go",
	}
}

// under returns the packages that are one of the paths or below one. A path may lack the end of its last element.
func under(packages, paths []string) []string {
	return slices.DeleteFunc(slices.Clone(packages), func(pkg string) bool {
		return !slices.ContainsFunc(paths, func(path string) bool { return strings.HasPrefix(pkg, path) })
	})
}

// dependencies are all packages that these and their tests are compiled from.
func dependencies(t *testing.T, args ...string) []string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", append([]string{"list", "-deps"}, args...)...)
	list.Dir = root
	var complaints bytes.Buffer
	list.Stderr = &complaints
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, complaints.String())
	}
	return strings.Fields(string(out))
}

func TestNothingImportsThePackagesThatTripleTheCompileTime(t *testing.T) {
	all := dependencies(t, "-test", "./...")
	if len(under(all, []string{"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"})) == 0 {
		t.Fatalf("go list names %d packages, and the Kubernetes SDK is not among them", len(all))
	}
	if got := under(all, forbidden()); len(got) > 0 {
		t.Errorf("got %v, want none of them imported", got)
	}
}

// platforms are this project's own packages of clouds, which import those.
func platforms() []string {
	return []string{"plinth/components/platform/eks", "plinth/components/platform/gke"}
}

func TestTheCommandLineAndTheProgramOfTheLocalStackImportNoCloud(t *testing.T) {
	for _, of := range []string{"./cmd/plinth", "./environment"} {
		all := dependencies(t, of)
		if len(under(all, []string{"plinth/environment"})) == 0 {
			t.Fatalf("go list names %d packages, and the program is not among them", len(all))
		}
		if got := under(all, append(clouds(), platforms()...)); len(got) > 0 {
			t.Errorf("%s: got %v, want none of them imported", of, got)
		}
	}
}

func TestATagLinksOneCloudIntoTheCommandLine(t *testing.T) {
	for tag, want := range map[string][2]string{
		"aws": {platforms()[0], "github.com/pulumi/pulumi-gcp"}, "gcp": {platforms()[1], "github.com/pulumi/pulumi-aws"},
	} {
		all := dependencies(t, "-tags", tag, "./cmd/plinth")
		if !slices.Contains(all, want[0]) {
			t.Errorf("-tags %s: %s is not imported", tag, want[0])
		}
		if got := under(all, []string{want[1]}); len(got) > 0 {
			t.Errorf("-tags %s: got %v, want the other cloud left out", tag, got)
		}
	}
}

func TestAForbiddenImportIsSeen(t *testing.T) {
	packages := []string{
		"plinth/environment", "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1",
		"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v3",
		"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3",
	}
	if got := under(packages, forbidden()); !slices.Equal(got, packages[2:3]) {
		t.Errorf("got %v, want %v", got, packages[2:3])
	}
	if got := under(packages, clouds()); !slices.Equal(got, packages[3:]) {
		t.Errorf("got %v, want %v", got, packages[3:])
	}
	// The same question of a package that is there: the SDK does import gRPC.
	if len(under(dependencies(t, "./cmd/plinth"), []string{"google.golang.org/grpc"})) == 0 {
		t.Error("go list does not name what is imported by imports")
	}
}
