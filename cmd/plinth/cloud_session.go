package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"plinth/components/platform/existing"
	"plinth/config"
	"plinth/internal/orphans"
	"plinth/internal/target"
	"plinth/internal/workspace"
)

// choose finds out where the stack has its cluster: what --cloud says, else its file. Where the cloud is simulated, the
// stack gets folders of its own, apart from those of the real one.
func (s *session) choose() error {
	s.cloud = config.Cloud(s.flags.cloud)
	clouds := []config.Cloud{config.OnAWS, config.OnGCP}
	if s.flags.cloud != "" {
		if !slices.Contains(clouds, s.cloud) {
			return &workspace.UsageError{Reason: fmt.Sprintf("--cloud %s: want aws or gcp", s.flags.cloud)}
		}
		s.stack.Overrides = map[string]string{config.Project + ":cloud": s.flags.cloud}
	} else {
		// A stack whose file was deleted can still be destroyed: its last copy is there.
		for _, file := range []string{s.stack.File(), filepath.Join(s.stack.Dir(), filepath.Base(s.stack.File()))} {
			if raw, _, err := config.ReadStackFile(file); err == nil {
				s.cloud = config.Cloud(raw[config.Project+":cloud"])
				break
			}
		}
	}
	if !s.flags.simulate {
		return nil
	}
	if !slices.Contains(clouds, s.cloud) {
		return &workspace.UsageError{Reason: fmt.Sprintf("--simulate: stack %s names no cloud (plinth:cloud is %s): "+
			"add --cloud aws or --cloud gcp", s.stack.Name, cmp.Or(s.cloud, config.Existing))}
	}
	if s.flags.kubeconfig != "" || s.flags.context != "" {
		return &workspace.UsageError{
			Reason: "--simulate: the cluster is a simulated one: leave out --kubeconfig and --context",
		}
	}
	s.stack.Folder = filepath.Join("sim", s.stack.Name+"-"+string(s.cloud), "stack")
	return nil
}

// ownCloud says that the stack has a cluster of its own in a cloud.
func (s *session) ownCloud() bool { return s.cloud == config.OnAWS || s.cloud == config.OnGCP }

// which is how to name the stack in a command line, with the flags that go with it.
func (s *session) which() string {
	words := []string{s.stack.Name}
	if s.flags.simulate {
		words = append(words, "--simulate")
	}
	if s.flags.cloud != "" {
		words = append(words, "--cloud", s.flags.cloud)
	}
	return strings.Join(words, " ")
}

// userBackend is the backend of the user's own that holds the state; empty: the project's, in .plinth. What is
// simulated is nobody else's business.
func (s *session) userBackend() string {
	if s.flags.simulate {
		return ""
	}
	return os.Getenv("PULUMI_BACKEND_URL")
}

// stateDir is the folder of the project's own backend.
func (s *session) stateDir() string {
	if s.flags.simulate {
		return filepath.Join(s.simDir(), "state")
	}
	return s.project.Path("state")
}

// reachCloud finds the stack's own cluster, which need not be there yet.
func (s *session) reachCloud(ctx context.Context) error {
	if s.flags.simulate {
		return s.reachSimulated(ctx)
	}
	s.cluster = &target.Cluster{Kind: target.InCloud}
	if _, err := os.Stat(s.kubeconfigFile()); err == nil {
		s.cluster.Kubeconfig = s.kubeconfigFile()
	}
	return nil
}

// kubeconfigFile is where the kubeconfig of the stack's own cluster is written to, for people and for repairs.
func (s *session) kubeconfigFile() string { return filepath.Join(s.stack.Dir(), "kubeconfig") }

// writeKubeconfig writes down how the stack's own cluster is reached. It holds no credentials: a program of the cloud
// gets them.
func (s *session) writeKubeconfig(outputs auto.OutputMap) error {
	kubeconfig, ok := outputs[existing.KubeconfigOutput].Value.(string)
	if !s.ownCloud() || s.flags.simulate || !ok {
		return nil
	}
	if err := os.WriteFile(s.kubeconfigFile(), []byte(kubeconfig), 0o600); err != nil {
		return fmt.Errorf("writing the kubeconfig of the cluster: %w", err)
	}
	s.cluster.Kubeconfig = s.kubeconfigFile()
	return nil
}

// otherKubeconfig writes down how the cluster of another stack is reached, which that stack exports.
func (s *session) otherKubeconfig(ctx context.Context, stack string) (string, error) {
	kubeconfig, complaint, _, err := s.cli.Run(ctx, s.stack.Dir(), nil, nil, nil, s.variables(),
		"stack", "output", existing.KubeconfigOutput, "--show-secrets", "--stack", stack)
	if err != nil {
		return "", fmt.Errorf("reading how the cluster of stack %s is reached (plinth:cluster.stack): %s\n"+
			"next: deploy that stack, with a cluster of its own", stack, strings.TrimSpace(complaint))
	}
	if err := os.WriteFile(s.kubeconfigFile(), []byte(kubeconfig), 0o600); err != nil {
		return "", fmt.Errorf("writing the kubeconfig of the cluster of stack %s: %w", stack, err)
	}
	return s.kubeconfigFile(), nil
}

// variables are those that the Pulumi CLI is run with.
func (s *session) variables() []string {
	var env []string
	for _, name := range slices.Sorted(maps.Keys(s.env)) {
		env = append(env, name+"="+s.env[name])
	}
	return env
}

// cloudPlugin is the plugin of the stack's cloud, where this program was built with it.
func (s *session) cloudPlugin() []workspace.Plugin {
	module := map[config.Cloud]string{
		config.OnAWS: "github.com/pulumi/pulumi-aws/sdk/v6", config.OnGCP: "github.com/pulumi/pulumi-gcp/sdk/v7",
	}[s.cloud]
	version := buildVersion(module)
	if version == unknownVersion {
		return nil
	}
	return []workspace.Plugin{{Name: string(s.cloud), Minimum: version}}
}

// stayOnCloud refuses to move a stack that is deployed to another cloud: everything in it would be replaced, its data
// among it.
func (s *session) stayOnCloud(ctx context.Context, stack *auto.Stack) error {
	if known, err := s.known(); err != nil || !known {
		return err
	}
	deployment, err := s.deployment(ctx, stack)
	if err != nil {
		return err
	}
	lives := livesOn(deployment)
	if lives == "" || lives == s.cloud || s.cloud == "" && lives == config.Existing {
		return nil
	}
	return &workspace.Refusal{
		Reason: fmt.Sprintf("stack %s is deployed with plinth:cloud %s, and this command would use %s: everything in it, "+
			"data included, would be replaced", s.stack.Name, lives, s.cloud),
		Next: fmt.Sprintf("set plinth:cloud to %s again; to move the stack, plinth destroy %s first", lives, s.which()),
	}
}

// livesOn is the cloud that a state's resources are in; empty where nothing says.
func livesOn(deployment *apitype.DeploymentV3) config.Cloud {
	for _, state := range deployment.Resources {
		switch string(state.Type) {
		case "pulumi:providers:aws":
			return config.OnAWS
		case "pulumi:providers:gcp":
			return config.OnGCP
		case "plinth:platform:Existing":
			return config.Existing
		}
	}
	return ""
}

// rest is what a destroy leaves in a cloud on purpose.
type rest struct {
	// named are the resources that are to stay, as TYPE and ID.
	named map[[2]string]bool
	// volumes says that those of databases stay too.
	volumes bool
}

// retention reads out of a state what a destroy will leave behind on purpose.
func retention(deployment *apitype.DeploymentV3) rest {
	r := rest{named: map[[2]string]bool{}}
	for _, state := range deployment.Resources {
		if name, ok := state.Inputs["finalSnapshotIdentifier"].(string); ok && state.Inputs["skipFinalSnapshot"] == false {
			// RDS takes it when it deletes the database.
			r.named[[2]string{"aws:rds/snapshot:Snapshot", name}] = true
		}
		switch pkg := string(state.Type.Package()); {
		case !state.RetainOnDelete || !state.Custom:
		case pkg == "kubernetes":
			r.volumes = true // A namespace that stays keeps its claims, and those their volumes.
		case pkg == "aws" || pkg == "gcp":
			r.named[[2]string{string(state.Type), string(state.ID)}] = true
		}
	}
	return r
}

// leftInCloud says what a destroy has left in the cloud. What it has not left on purpose is an error, where that can be
// known: a simulated cloud can be asked for everything in it.
func (s *session) leftInCloud(ctx context.Context, r rest) error {
	if s.flags.simulate {
		return s.leftInSimulation(r)
	}
	if len(r.named) > 0 || r.volumes {
		s.printer.Printf("kept in the cloud on purpose (plinth:cluster.retain, databases.retain):")
	}
	for _, key := range slices.SortedFunc(maps.Keys(r.named), func(a, b [2]string) int {
		return strings.Compare(a[0]+a[1], b[0]+b[1])
	}) {
		s.printer.Printf("  %s %s", key[0], key[1])
	}
	if r.volumes {
		s.printer.Printf("  the volumes of databases")
	}
	return s.sweptCloud(ctx, r)
}

// sweptCloud asks the cloud, after a destroy, what it has left besides. Where it cannot be asked, it is said how.
func (s *session) sweptCloud(ctx context.Context, r rest) error {
	s.cluster.Kubeconfig = "" // There is none any more.
	kept := &apitype.DeploymentV3{}
	for key := range r.named {
		kept.Resources = append(kept.Resources, apitype.ResourceV3{
			Custom: true, Type: tokens.Type(key[0]), ID: resource.ID(key[1]),
		})
	}
	found, err := s.leftovers(ctx, kept)
	if err != nil {
		s.printer.Printf("whether something else is left was not looked at: %v\nnext:\n  plinth orphans %s", err, s.which())
		return nil
	}
	if r.volumes {
		found = slices.DeleteFunc(found, orphans.Orphan.Volume)
	}
	if len(found) == 0 {
		s.printer.Printf("nothing else is left in the cloud")
		return nil
	}
	s.printOrphans(found)
	s.printer.Printf("a cloud may list for some minutes what it has deleted: plinth orphans %s looks again", s.which())
	if len(orphans.Billing(found)) > 0 {
		return errLeft
	}
	return nil
}
