package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/spf13/cobra"

	"plinth/components/platform/existing"
	"plinth/internal/target"
)

// up creates or updates a stack.
func (c *command) up() *cobra.Command {
	var (
		f     flags
		again bool
	)
	cmd := &cobra.Command{
		Use:   "up STACK",
		Short: "Create or update a stack",
		Args:  oneStack,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.open(cmd.Context(), "up", args[0], f, false)
			if err != nil {
				return err
			}
			defer s.close()
			return s.up(cmd.Context(), again)
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&again, "refresh", false,
		"look first at what is there, and put right what somebody else has changed")
	return cmd
}

func (s *session) up(ctx context.Context, again bool) (err error) {
	// A cluster that was started for a stack which did not get there goes with it.
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stopUnused(ctx))
		}
	}()
	stack, err := s.prepare(ctx)
	if err != nil {
		return err
	}
	if err := s.stayOnCloud(ctx, &stack); err != nil {
		return err
	}
	if err := s.unpromoted(ctx); err != nil {
		return err
	}
	if err := s.recover(ctx, &stack); err != nil {
		return err
	}
	if err := s.tie(); err != nil {
		return err
	}
	if err := s.takeBack(ctx, &stack); err != nil {
		return err
	}
	if again {
		// Who changed a field owns it, and would keep it: sdk/go/kubernetes/provider.go of pulumi-kubernetes,
		// EnablePatchForce.
		restore, err := setenv("PULUMI_K8S_ENABLE_PATCH_FORCE", "true")
		if err != nil {
			return err
		}
		defer restore()
	}
	var result auto.UpResult
	err = s.watch(func(stream chan<- events.EngineEvent) error {
		options := []optup.Option{optup.EventStreams(stream), optup.ShowSecrets(false), optup.Color("never")}
		if s.flags.parallel > 0 {
			options = append(options, optup.Parallel(s.flags.parallel))
		}
		if again {
			options = append(options, optup.Refresh())
		}
		var err error
		result, err = stack.Up(ctx, options...)
		return err
	})
	if err != nil {
		return s.failed(ctx, "up", err)
	}
	if err := s.lock.Done(); err != nil {
		return err
	}
	s.printer.Printf("%s", s.summary("up to date"))
	s.printOutputs(result.Outputs)
	if err := s.writeKubeconfig(result.Outputs); err != nil {
		return err
	}
	s.nextSteps()
	return nil
}

// setenv sets a variable of this process, in which the program runs, until restore is called.
func setenv(name, value string) (restore func(), err error) {
	before, was := os.LookupEnv(name)
	if err := os.Setenv(name, value); err != nil {
		return nil, fmt.Errorf("setting %s: %w", name, err)
	}
	return func() {
		if was {
			_ = os.Setenv(name, before) // It was set before: it can be.
		} else {
			_ = os.Unsetenv(name)
		}
	}, nil
}

// prepare brings a command that needs the cluster to the point where the engine can run.
func (s *session) prepare(ctx context.Context) (auto.Stack, error) {
	if err := s.openCLI(ctx); err != nil {
		return auto.Stack{}, err
	}
	stack, err := s.selectStack(ctx, true)
	if err != nil {
		return stack, err
	}
	if err := s.connect(ctx, &stack); err != nil || s.prepared == nil {
		return stack, err
	}
	return stack, s.prepared(ctx)
}

// connect makes the cluster and the plugins reachable for every further command on the stack.
func (s *session) connect(ctx context.Context, stack *auto.Stack) error {
	if err := s.reach(ctx); err != nil {
		return err
	}
	if err := s.attach(ctx); err != nil {
		return err
	}
	if err := stack.Workspace().SetEnvVars(s.env); err != nil {
		return fmt.Errorf("preparing the Pulumi CLI: %w", err)
	}
	return nil
}

// tie notes which cluster the stack lives on before anything is made there.
func (s *session) tie() error {
	if s.ownCloud() {
		return nil // The cluster is the stack's own: it is in its state.
	}
	tied, err := target.Tied(s.stack)
	if err != nil || tied != nil {
		return err
	}
	return s.cluster.Tie(s.stack)
}

// summary is the line that says how a command ended.
func (s *session) summary(what string) string {
	changes := s.printer.Changes()
	if !changes.Any() {
		return fmt.Sprintf("stack %s is %s: nothing changed (%s, %s)", s.stack.Name, what, changes, s.printer.Elapsed())
	}
	return fmt.Sprintf("stack %s is %s: %s in %s", s.stack.Name, what, changes, s.printer.Elapsed())
}

// printOutputs prints the stack's outputs, secret ones masked.
func (s *session) printOutputs(outputs auto.OutputMap) {
	if len(outputs) == 0 {
		return
	}
	shown := map[string]any{}
	for name, output := range outputs {
		shown[name] = output.Value
		if output.Secret {
			// A kubeconfig of a cluster in a cloud holds no credentials, but names that are no secret.
			if name != existing.KubeconfigOutput {
				s.printer.Mask(leaves(text(output.Value))...)
			}
			shown[name] = secretPlaceholder
		}
	}
	s.printer.Printf("outputs:")
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		s.printer.Printf("  %s: %s", name, text(shown[name]))
	}
}

// nextSteps prints commands to go on with.
func (s *session) nextSteps() {
	s.printer.Printf("next:\n  %s --namespace %s get pods\n  plinth outputs %s --json\n  plinth destroy %s",
		s.kubectl(), s.config.Namespace.Name, s.which(), s.which())
}

// kubectl is how to call kubectl on the stack's cluster.
func (s *session) kubectl() string {
	kubectl := "kubectl"
	if s.cluster.Kubeconfig != "" {
		kubectl += " --kubeconfig " + s.project.Relative(s.cluster.Kubeconfig)
	}
	if s.cluster.Context != "" {
		kubectl += " --context " + s.cluster.Context
	}
	return kubectl
}

// preview says what up would do.
func (c *command) preview() *cobra.Command {
	var (
		f               flags
		expectNoChanges bool
	)
	cmd := &cobra.Command{
		Use:   "preview STACK",
		Short: "Say what up would do",
		Args:  oneStack,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.open(cmd.Context(), "preview", args[0], f, false)
			if err != nil {
				return err
			}
			defer s.close()
			return s.preview(cmd.Context(), expectNoChanges)
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&expectNoChanges, "expect-no-changes", false, "end with exit code 4 when there are changes")
	return cmd
}

func (s *session) preview(ctx context.Context, expectNoChanges bool) (err error) {
	stack, err := s.prepare(ctx)
	// A cluster that was started for the preview alone goes with it.
	defer func() {
		err = errors.Join(err, s.stopUnused(ctx))
	}()
	if err != nil {
		return err
	}
	if err := s.stayOnCloud(ctx, &stack); err != nil {
		return err
	}
	rest, err := s.rest(ctx, &stack)
	if err != nil {
		return err
	}
	if rest != "" {
		s.printer.Printf("namespace %s was kept by an earlier destroy: up takes it back, with the volumes in it", rest)
	}
	err = s.watch(func(stream chan<- events.EngineEvent) error {
		options := []optpreview.Option{optpreview.EventStreams(stream), optpreview.Color("never")}
		if s.flags.parallel > 0 {
			options = append(options, optpreview.Parallel(s.flags.parallel))
		}
		_, err := stack.Preview(ctx, options...)
		return err
	})
	if err != nil {
		return s.failed(ctx, "preview", err)
	}
	if !s.lock.Unfinished {
		if err := s.lock.Done(); err != nil {
			return err
		}
	}
	changes := s.printer.Changes()
	if !changes.Any() {
		s.printer.Printf("stack %s: nothing would change (%s, %s)", s.stack.Name, changes, s.printer.Elapsed())
		return nil
	}
	s.printer.Printf("stack %s: %s (%s)\nnext:\n  plinth up %s", s.stack.Name, changes.Planned(), s.printer.Elapsed(),
		s.which())
	if expectNoChanges {
		return errChanges
	}
	return nil
}
