package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"

	"plinth/internal/progress"
	"plinth/internal/target"
)

// kept returns the namespaces of the stack that are in the cluster.
func (s *session) kept(ctx context.Context) ([]target.Kept, error) {
	return s.cluster.Kept(ctx, s.selector())
}

// done ends a destroy. Where something was kept it says what, and how to use it again or to be rid of it; the stack
// stays tied to the cluster that holds it.
func (s *session) done(ctx context.Context, summary string) error {
	if s.ownCloud() {
		return s.gone(ctx, summary) // All that was in the cluster has gone with it.
	}
	kept, err := s.kept(ctx)
	if err != nil {
		return err
	}
	left := s.swept(ctx, kept) // Before the end of a cluster that nobody else uses.
	// In an embedded cluster no volume holds anything.
	if len(kept) == 0 || s.cluster.Kind == target.Embedded {
		return errors.Join(s.gone(ctx, summary), left)
	}
	if err := s.lock.Done(); err != nil {
		return err
	}
	s.printer.Printf("%s", summary)
	for _, k := range kept {
		s.printer.Printf("%s", s.describe(k))
	}
	return left
}

// describe says what was kept in a namespace, and what can be done with it.
func (s *session) describe(k target.Kept) string {
	var lines, claims, volumes []string
	for _, claim := range k.Claims {
		claims = append(claims, fmt.Sprintf("%s (%s)", claim.Name, claim.Size))
		if claim.Stays {
			volumes = append(volumes, claim.Volume)
		}
	}
	switch len(claims) {
	case 0:
		lines = append(lines, fmt.Sprintf("kept: namespace %s, which holds no volume claims", k.Namespace))
	case 1:
		lines = append(lines, fmt.Sprintf("kept: namespace %s, with 1 volume claim: %s", k.Namespace, claims[0]))
	default:
		lines = append(lines, fmt.Sprintf("kept: namespace %s, with %d volume claims: %s", k.Namespace, len(claims),
			strings.Join(claims, ", ")))
	}
	lines = append(lines,
		"  to use it again: plinth up "+s.stack.Name,
		fmt.Sprintf("  to delete it for good: %s delete namespace %s", s.kubectl(), k.Namespace))
	if len(volumes) > 0 {
		lines = append(lines, fmt.Sprintf("  and the volumes that outlive their claims: %s delete persistentvolume %s",
			s.kubectl(), strings.Join(volumes, " ")))
	}
	return strings.Join(lines, "\n")
}

// takeBack makes a namespace the stack's again that an earlier destroy has kept, with the volumes in it. It exists, so
// the plugin refuses to create it, unless it is told to take over what is there: it is told so for the namespace alone,
// and only where the namespace carries the stack's labels and nothing of the stack is in it.
func (s *session) takeBack(ctx context.Context, stack *auto.Stack) error {
	rest, err := s.rest(ctx, stack)
	if err != nil || rest == "" {
		return err
	}
	s.printer.Printf("namespace %s was kept by an earlier destroy: it is taken back, with the volumes in it", rest)
	// What stock Pulumi is told too: sdk/go/kubernetes/provider.go of pulumi-kubernetes, UpsertExistingObjects.
	restore, err := setenv("PULUMI_K8S_UPSERT_EXISTING_OBJECTS", "true")
	if err != nil {
		return fmt.Errorf("taking namespace %s back: %w", rest, err)
	}
	defer restore()
	// What is counted and failed here is no part of what follows.
	printer := s.printer
	s.printer = progress.New(s.out, progress.Options{Terminal: s.terminal, Verbose: s.flags.verbose})
	err = s.watch(func(stream chan<- events.EngineEvent) error {
		_, err := stack.Up(ctx, optup.EventStreams(stream), optup.ShowSecrets(false), optup.Color("never"),
			// The namespace, and what it cannot be made without: its provider, and the components that both are in.
			optup.Target([]string{
				"**$kubernetes:core/v1:Namespace::**", "**::plinth:workload:Namespace::**",
				"**$pulumi:providers:kubernetes::**", "**::plinth:platform:**",
			}))
		return err
	})
	if err != nil {
		return s.failed(ctx, "taking namespace "+rest+" back", err)
	}
	s.printer = printer
	return nil
}

// rest names the namespace of the stack where it is there, holds nothing of the stack and is not in the state; else it
// is empty.
func (s *session) rest(ctx context.Context, stack *auto.Stack) (string, error) {
	if s.ownCloud() {
		return "", nil
	}
	kept, err := s.kept(ctx)
	if err != nil {
		return "", err
	}
	for _, k := range kept {
		if k.InUse || k.Namespace != s.config.Namespace.Name {
			continue
		}
		deployment, err := s.deployment(ctx, stack)
		if err != nil {
			return "", err
		}
		for _, resource := range deployment.Resources {
			if resource.Type == "kubernetes:core/v1:Namespace" && string(resource.ID) == k.Namespace {
				return "", nil
			}
		}
		return k.Namespace, nil
	}
	return "", nil
}
