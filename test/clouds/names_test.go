package clouds_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plinth/config"
)

// longest is as long as a stack's name may be where a cloud names everything after it.
const longest = "a-name-that-is-as-long-as-a-name-of-a-stack-can-be-at-56"

func TestTheLongestNameOfAStackPassesOnEveryCloudAndOneCharacterMoreIsOneError(t *testing.T) {
	if len(longest) != 56 {
		t.Fatalf("got %d characters", len(longest))
	}
	p := newProject(t)
	text, err := os.ReadFile(filepath.Join(p.root, "Pulumi.staging.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{longest, longest + "x"} {
		p.write(t, "Pulumi."+name+".yaml", string(text))
	}
	for _, cloud := range []config.Cloud{config.OnAWS, config.OnGCP} {
		flags := []string{longest, "--simulate", "--cloud", string(cloud)}
		p.run(t, done, append([]string{"up"}, flags...)...)
		p.run(t, done, append([]string{"destroy", "--yes"}, flags...)...)

		flags[0] += "x"
		out := p.run(t, usage, append([]string{"up"}, flags...)...)
		contains(t, out, "stack: must have a name of at most 56 lower case letters, digits and inner hyphens")
		if lines := strings.Split(strings.TrimSpace(out), "\n"); len(lines) != 2 {
			t.Errorf("got %d lines, want what is invalid, and one fault:\n%s", len(lines), out)
		}
	}
}

func TestWhatProdWouldCreateIsWrittenWithoutCredentials(t *testing.T) {
	p := newProject(t)
	for cloud, wanted := range map[string][]string{
		"aws": {"aws:eks/cluster:Cluster", "aws:ec2/natGateway:NatGateway", "aws:eks/nodeGroup:NodeGroup"},
		"gcp": {"gcp:container/cluster:Cluster", "gcp:compute/routerNat:RouterNat", "gcp:container/nodePool:NodePool"},
	} {
		dir := filepath.Join(t.TempDir(), "out")
		contains(t, p.run(t, done, "render", "prod", "--cloud", cloud, "--out", dir), "stack prod rendered to ")
		text, err := os.ReadFile(filepath.Join(dir, "resources.json"))
		if err != nil {
			t.Fatal(err)
		}
		contains(t, string(text), wanted...)
	}
	out := p.run(t, done, "eta", "prod")
	contains(t, out, "a first up of stack prod: about ", "a destroy of stack prod: about ", "  *   0:00 ", " Cluster cluster-cluster")
}
