package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optremove"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/spf13/cobra"

	"plinth/config"
	"plinth/internal/offline"
	"plinth/internal/target"
	"plinth/internal/workspace"
)

// destroy deletes everything in a stack.
func (c *command) destroy() *cobra.Command {
	var (
		f      flags
		forget bool
	)
	cmd := &cobra.Command{
		Use:   "destroy STACK",
		Short: "Delete everything in a stack",
		Long: "Delete everything in a stack. What stands in the way is found and told before anything is deleted. A\n" +
			"stack whose tier is not dev asks first. What is left then, and was not kept on purpose, is listed; exit code 5\n" +
			"says that some of it costs money. After the last stack on a cluster that plinth made, the cluster goes too.",
		Args: oneStack,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.open(cmd.Context(), "destroy", args[0], f, true)
			if err != nil {
				return err
			}
			defer s.close()
			if err := s.confirm(forget); err != nil {
				return err
			}
			if forget {
				return s.forget(cmd.Context())
			}
			return s.destroy(cmd.Context())
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&forget, "forget", false,
		"delete nothing, and drop what is known of the stack: for a cluster that no longer exists")
	return cmd
}

// confirm asks before a stack whose tier is not dev is destroyed, or one is forgotten.
func (s *session) confirm(forget bool) error {
	if s.flags.yes || (!forget && s.config != nil && s.config.Tier == config.Dev) {
		return nil
	}
	what := "everything in stack " + s.stack.Name + " is about to be deleted"
	if forget {
		what = "what is known of stack " + s.stack.Name + " is about to be dropped; nothing in any cluster is deleted"
	}
	return s.ask(what, fmt.Sprintf("plinth destroy %s --yes", s.which()))
}

// ask lets somebody at the terminal confirm what is about to be done. next is the command that does not ask.
func (s *session) ask(what, next string) error {
	if s.flags.yes {
		return nil
	}
	if !s.terminal {
		return &workspace.Refusal{Reason: what + ", and there is no terminal to ask on", Next: next}
	}
	if _, err := fmt.Fprintf(s.out, "%s.\nType the stack's name to go on: ", what); err != nil {
		return err
	}
	answer, err := bufio.NewReader(s.in).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != s.stack.Name {
		return &workspace.Refusal{Reason: "nothing was done: the answer was not " + s.stack.Name}
	}
	return nil
}

func (s *session) destroy(ctx context.Context) error {
	if known, err := s.known(); err != nil || !known {
		return s.nothingThere(ctx, err)
	}
	if err := s.openCLI(ctx); err != nil {
		return err
	}
	stack, err := s.selectStack(ctx, false)
	if errors.Is(err, errNoStack) {
		return s.nothingThere(ctx, nil)
	}
	if err != nil {
		return err
	}
	deployment, err := s.deployment(ctx, &stack)
	if err != nil {
		return err
	}
	if len(deployment.Resources) == 0 && len(deployment.PendingOperations) == 0 {
		return s.nothingThere(ctx, nil)
	}
	if err := s.refuseObstructed(ctx, &stack, deployment); err != nil {
		return err
	}
	s.readWhere(deployment)
	if err := s.connect(ctx, &stack); err != nil {
		return err
	}
	if s.prepared != nil {
		if err := s.prepared(ctx); err != nil {
			return err
		}
	}
	// Its volumes are kept on the way, and would be left behind.
	if err := s.unpromoted(ctx); err != nil {
		return err
	}
	if err := s.recover(ctx, &stack); err != nil {
		return err
	}
	retained := retention(deployment)
	err = s.explainHanging(ctx, s.namespacesOf(deployment), func() error {
		return s.watch(func(stream chan<- events.EngineEvent) error {
			options := []optdestroy.Option{
				optdestroy.EventStreams(stream), optdestroy.ShowSecrets(false), optdestroy.Color("never"),
			}
			if s.flags.parallel > 0 {
				options = append(options, optdestroy.Parallel(s.flags.parallel))
			}
			_, err := stack.Destroy(ctx, options...)
			return err
		})
	})
	if err != nil {
		return s.failed(ctx, "destroy", err)
	}
	if err := s.done(ctx, fmt.Sprintf("stack %s is destroyed: %s in %s",
		s.stack.Name, s.printer.Changes(), s.printer.Elapsed())); err != nil || !s.ownCloud() {
		return err
	}
	return s.leftInCloud(ctx, retained)
}

// readWhere finds out where a stack is that has no file on this machine: its state says it.
func (s *session) readWhere(deployment *apitype.DeploymentV3) {
	if s.config != nil {
		return
	}
	if s.cloud == "" {
		s.cloud = livesOn(deployment)
	}
	for _, state := range deployment.Resources {
		if state.Type == "pulumi:pulumi:StackReference" {
			s.referred, _ = state.Inputs["name"].(string)
		}
	}
}

// known reports whether the stack can be in the backend at all. The project's own one is looked at directly, so that no
// CLI is built in order to find out that there is nothing.
func (s *session) known() (bool, error) {
	if s.userBackend() != "" {
		return true, nil
	}
	_, err := os.Stat(filepath.Join(s.stateDir(), ".pulumi", "stacks", workspace.Name, s.stack.Name+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// nothingThere is the end of a destroy that finds nothing.
func (s *session) nothingThere(ctx context.Context, err error) error {
	if err != nil {
		return fmt.Errorf("looking for stack %s: %w", s.stack.Name, err)
	}
	summary := fmt.Sprintf("stack %s: nothing to destroy", s.stack.Name)
	// What an earlier destroy has kept is still tied to its cluster. In an embedded one no volume holds anything.
	tied, err := target.Tied(s.stack)
	if err != nil || tied == nil || tied.Kind == target.Embedded {
		return errors.Join(err, s.gone(ctx, summary))
	}
	if err := s.reach(ctx); err != nil {
		return err
	}
	return s.done(ctx, summary)
}

// gone ends a destroy: the tie to the cluster is cut, and a cluster of plinth's own without any stack is removed.
func (s *session) gone(ctx context.Context, summary string) error {
	if err := target.Untie(s.stack); err != nil {
		return err
	}
	if err := s.lock.Done(); err != nil {
		return err
	}
	s.printer.Printf("%s", summary)
	return s.stopUnused(ctx)
}

// stopUnused removes the clusters of plinth's own that no stack lives on and no command uses.
func (s *session) stopUnused(ctx context.Context) error {
	if s.flags.simulate {
		return s.stopSimulated(ctx)
	}
	if s.release != nil {
		s.release()
	}
	return s.project.Alone(func() error {
		ctx := context.WithoutCancel(ctx)
		users, err := target.Used(s.project, target.Embedded)
		if err != nil {
			return err
		}
		dir := s.project.Path("cluster")
		if _, err := os.Stat(dir); err == nil && len(users) == 0 {
			if err := offline.Stop(ctx, dir); err != nil {
				return err
			}
			s.printer.Printf("the embedded cluster is stopped and removed: no stack lives on it")
		}
		users, err = target.Used(s.project, target.KinD)
		if err != nil || len(users) > 0 {
			return err
		}
		stopped, err := target.StopKind(ctx, s.project)
		if stopped {
			s.printer.Printf("the kind cluster %s is deleted: no stack lives on it", workspace.Name)
		}
		return err
	})
}

// forget drops a stack from the backend without touching what it deployed.
func (s *session) forget(ctx context.Context) error {
	if known, err := s.known(); err != nil || !known {
		return s.nothingThere(ctx, err)
	}
	if err := s.openCLI(ctx); err != nil {
		return err
	}
	stack, err := s.selectStack(ctx, false)
	if errors.Is(err, errNoStack) {
		return s.nothingThere(ctx, nil)
	}
	if err != nil {
		return err
	}
	if err := stack.Workspace().RemoveStack(ctx, s.stack.Name, optremove.Force()); err != nil {
		return s.failed(ctx, "forgetting the stack", err)
	}
	return s.gone(ctx, fmt.Sprintf("stack %s is forgotten: nothing was deleted in any cluster", s.stack.Name))
}

// deployment returns the state of the stack, its secrets encrypted.
func (s *session) deployment(ctx context.Context, stack *auto.Stack) (*apitype.DeploymentV3, error) {
	exported, err := stack.Export(ctx)
	if err != nil {
		return nil, s.failed(ctx, "reading the state", err)
	}
	var deployment apitype.DeploymentV3
	if err := json.Unmarshal(exported.Deployment, &deployment); err != nil {
		return nil, fmt.Errorf("reading the state of stack %s: %w", s.stack.Name, err)
	}
	return &deployment, nil
}
