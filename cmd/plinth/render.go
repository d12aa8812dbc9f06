package main

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"plinth/environment"
	"plinth/internal/record"
	"plinth/internal/render"
	"plinth/internal/workspace"
)

// render writes down what a stack would create. It needs no cluster, no credentials and no Pulumi CLI.
func (c *command) render() *cobra.Command {
	var (
		f   flags
		out string
	)
	cmd := &cobra.Command{
		Use:   "render STACK --out DIR",
		Short: "Write what a stack would create as files: manifests, other resources, a picture",
		Long: `Write what a stack would create as files, with no cluster, no credentials and no Pulumi CLI:

  DIR/kubernetes/      every Kubernetes manifest, in apply order
  DIR/resources.json   every other resource: type, name, inputs, dependencies
  DIR/graph.svg        how it hangs together

Secrets, and what only a deployment knows, are placeholders: <plinth: SOURCE>.
Files of an earlier rendering that are no more part of it are removed.`,
		Args: oneStack,
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return &workspace.UsageError{Reason: "plinth render: --out is required: the folder to write to"}
			}
			s, err := c.find("render", args[0], f)
			if err != nil {
				return err
			}
			return s.render(cmd.Context(), out)
		},
	}
	cmd.Flags().StringVar(&f.cloud, "cloud", "", "cloud to use instead of the one that the stack's file names: aws or gcp")
	cmd.Flags().StringVar(&out, "out", "", "folder to write to (required)")
	return cmd
}

func (s *session) render(ctx context.Context, out string) error {
	if err := s.configure(); err != nil {
		return err
	}
	if err := s.link(ctx); err != nil {
		return err
	}
	raw, secret, err := s.raw()
	if err != nil {
		return err
	}
	printer, name := s.printer, s.stack.Name
	var only []string
	if s.config.GitOps.HandsOver() {
		// What is handed over is what the stack would make itself.
		only = environment.HandedOver()
		delete(raw, "plinth:gitops")
	}
	drawing := render.Drawing{
		Source: filepath.Join(s.project.Root, "tools", "d2"), Cache: s.project.Path("bin"),
		Building: func(work func() error) error {
			return printer.During("building the drawing program", ", about half a minute the first time", work)
		},
	}
	result, err := render.Render(ctx, render.Options{
		Stack: record.Options{Project: workspace.Name, Stack: name, Config: raw, SecretKeys: secret},
		Only:  only, Dir: out, Draw: drawing.SVG,
	}, s.program(func() []string { return s.keys }))
	if err != nil {
		return err
	}
	printer.Printf("stack %s rendered to %s: %d Kubernetes manifests, %d other resources (%s)",
		name, out, len(result.Manifests), result.Others, printer.Elapsed())
	for _, file := range append(result.Manifests, "resources.json", "graph.svg") {
		printer.Printf("  %s", filepath.Join(out, file))
	}
	if len(result.Placeholders) > 0 {
		printer.Printf("to be filled in before they are applied:")
		for _, placeholder := range result.Placeholders {
			printer.Printf("  %s", placeholder)
		}
	}
	if waived := environment.Waived(s.config); len(waived) > 0 {
		printer.Printf("waived, because an image cannot do without:")
		for _, line := range waived {
			printer.Printf("  %s", line)
		}
	}
	s.printPreparation()
	printer.Printf("next:\n  kubectl apply --server-side -f %s\n  plinth up %s", filepath.Join(out, "kubernetes"), name)
	return nil
}

// printPreparation prints what an administrator has to run before the stack can work; nothing for most stacks.
func (s *session) printPreparation() {
	commands := environment.Preparation(s.config)
	if len(commands) == 0 {
		return
	}
	s.printer.Printf("to be run once by an administrator of Vault, before the stack is deployed:")
	for _, command := range commands {
		s.printer.Printf("  %s", command)
	}
}
