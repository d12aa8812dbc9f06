package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"plinth/internal/workspace"
)

// image writes another image of an app into a stack's file.
func (c *command) image() *cobra.Command {
	var stack string
	cmd := &cobra.Command{
		Use:   "image APP IMAGE --stack STACK",
		Short: "Write another image of an app into a stack's file",
		Long: "Write another image of an app into a stack's file, and nothing else: comments and spaces stay. The file is\n" +
			"checked as a whole, and left as it was where it would not do. Commit it and bring it up; to go back, bring up\n" +
			"the commit before.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 && stack != "" {
				return nil
			}
			return &workspace.UsageError{Reason: "plinth image wants an app, an image and --stack: " + cmd.UseLine()}
		},
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := c.find("image", stack, flags{})
			if err != nil {
				return err
			}
			return s.setImage(args[0], args[1])
		},
	}
	cmd.Flags().StringVar(&stack, "stack", "", "stack whose file it is (required)")
	return cmd
}

func (s *session) setImage(app, image string) error {
	if err := s.stack.MustHaveFile(); err != nil {
		return err
	}
	file, err := os.ReadFile(s.stack.File())
	if err != nil {
		return fmt.Errorf("reading the file of stack %s: %w", s.stack.Name, err)
	}
	before, err := s.stack.SetImage(app, image)
	if err != nil {
		return err
	}
	if err := s.configure(); err != nil {
		return errors.Join(err, os.WriteFile(s.stack.File(), file, 0o600)) // It exists, so its mode stays.
	}
	name := filepath.Base(s.stack.File())
	if before == image {
		s.printer.Printf("%s says so already: app %s has the image %s", name, app, image)
		return nil
	}
	s.printer.Printf("%s: app %s has the image %s instead of %s\nnext:\n  plinth up %s\n"+
		"  and to go back: plinth image %s %s --stack %s", name, app, image, before, s.stack.Name, app, before, s.stack.Name)
	return nil
}
