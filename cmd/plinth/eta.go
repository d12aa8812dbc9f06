package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"plinth/config"
	"plinth/internal/eta"
	"plinth/internal/record"
	"plinth/internal/workspace"
)

// eta says how long a stack takes.
func (c *command) eta() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "eta STACK",
		Short: "Estimate how long a first up and a destroy of a stack take",
		Long: "Estimate how long a first up and a destroy of a stack take: the critical path of its resources (*), and\n" +
			"beside it whatever else takes long, each with its earliest start and its time. The times are medians of what\n" +
			"public logs say, and their 90th percentile: a plan, not a promise. Nothing is contacted.",
		Args: oneStack,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.find("eta", args[0], f)
			if err != nil {
				return err
			}
			if err := s.configure(); err != nil {
				return err
			}
			if err := s.link(cmd.Context()); err != nil {
				return err
			}
			return s.estimate(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&f.cloud, "cloud", "", "cloud to use instead of the one that the stack's file names: aws or gcp")
	return cmd
}

func (s *session) estimate(ctx context.Context) error {
	rec, err := s.recording(ctx)
	if err != nil {
		return err
	}
	for _, way := range []struct {
		what string
		plan func(*record.Recording, eta.Quantile) *eta.Plan
	}{{"a first up", eta.Up}, {"a destroy", eta.Destroy}} {
		median, p90 := way.plan(rec, eta.Median), way.plan(rec, eta.P90)
		_, err := fmt.Fprintf(s.out, "%s of stack %s: about %s; one in ten takes longer than %s\n    start    took\n%s",
			way.what, s.stack.Name, median.Total.Round(time.Second), p90.Total.Round(time.Second), median)
		if err != nil {
			return err
		}
	}
	return nil
}

// recording is what the program registers for the stack, without an engine.
func (s *session) recording(ctx context.Context) (*record.Recording, error) {
	raw, secret, err := s.raw()
	if err != nil {
		return nil, err
	}
	return record.Run(ctx, record.Options{
		Project: workspace.Name, Stack: s.stack.Name, Config: raw, SecretKeys: secret,
	}, s.program(func() []string { return slices.Sorted(maps.Keys(raw)) }))
}

// raw is the stack's configuration, with what a flag overrides.
func (s *session) raw() (values map[string]string, secret []string, err error) {
	values, secret, err = config.ReadStackFile(s.stack.File())
	if err == nil {
		maps.Copy(values, s.stack.Overrides)
	}
	return values, secret, err
}
