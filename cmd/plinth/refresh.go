package main

import (
	"context"
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/spf13/cobra"
)

// refresh compares a stack's state with what is there.
func (c *command) refresh() *cobra.Command {
	var (
		f               flags
		expectNoChanges bool
	)
	cmd := &cobra.Command{
		Use:   "refresh STACK",
		Short: "Say what somebody else has changed in a stack",
		Long: "Compare what the state says of a stack with what is there, and say what differs. Nothing is changed, the\n" +
			"state neither: plinth up --refresh puts right what the program says otherwise.",
		Args: oneStack,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.open(cmd.Context(), "refresh", args[0], f, true)
			if err != nil {
				return err
			}
			defer s.close()
			return s.refresh(cmd.Context(), expectNoChanges)
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&expectNoChanges, "expect-no-changes", false, "end with exit code 4 when something differs")
	return cmd
}

func (s *session) refresh(ctx context.Context, expectNoChanges bool) error {
	if known, err := s.known(); err != nil || !known {
		return errors.Join(err, s.notDeployed())
	}
	if err := s.openCLI(ctx); err != nil {
		return err
	}
	stack, err := s.selectStack(ctx, false)
	if errors.Is(err, errNoStack) {
		return s.notDeployed()
	}
	if err != nil {
		return err
	}
	if err := s.connect(ctx, &stack); err != nil {
		return err
	}
	err = s.watch(func(stream chan<- events.EngineEvent) error {
		options := []optrefresh.Option{
			optrefresh.EventStreams(stream), optrefresh.ShowSecrets(false), optrefresh.Color("never"),
		}
		if s.flags.parallel > 0 {
			options = append(options, optrefresh.Parallel(s.flags.parallel))
		}
		_, err := stack.PreviewRefresh(ctx, options...)
		return err
	})
	if err != nil {
		return s.failed(ctx, "refresh", err)
	}
	if !s.lock.Unfinished {
		if err := s.lock.Done(); err != nil {
			return err
		}
	}
	changes := s.printer.Changes()
	if !changes.Any() {
		s.printer.Printf("stack %s is as its state says (%s, %s)", s.stack.Name, changes, s.printer.Elapsed())
		return nil
	}
	s.printer.Printf("stack %s is not as its state says: %s (%s)\nnext:\n  plinth up %s --refresh, which puts it right",
		s.stack.Name, changes, s.printer.Elapsed(), s.which())
	if expectNoChanges {
		return errChanges
	}
	return nil
}
