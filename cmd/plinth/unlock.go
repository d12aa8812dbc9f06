package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// unlock removes the lock of a stack in its backend.
func (c *command) unlock() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "unlock STACK",
		Short: "Remove the lock of a stack whose command is known to be dead",
		Long: "Remove the lock of a stack in its backend, whoever holds it. A lock whose process on this host is dead is\n" +
			"removed by any command; this is for one that was made elsewhere. Two commands at work on one stack destroy its\n" +
			"state: make sure first that the other one has ended.",
		Args: oneStack,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.find("unlock", args[0], f)
			if err != nil {
				return err
			}
			// Whoever works on this host is refused by name.
			lock, err := s.stack.Lock("unlock")
			if err != nil {
				return err
			}
			defer lock.Release()
			if !lock.Unfinished {
				defer func() { _ = lock.Done() }() // It was no work on the stack.
			}
			if err := s.passphrase(); err != nil {
				return err
			}
			if err := s.ask("the lock of stack "+s.stack.Name+" is about to be removed, whoever holds it",
				"plinth unlock "+s.which()+" --yes"); err != nil {
				return err
			}
			return s.unlock(cmd.Context())
		},
	}
	f.register(cmd)
	return cmd
}

func (s *session) unlock(ctx context.Context) error {
	if err := s.openCLI(ctx); err != nil {
		return err
	}
	_, complaint, _, err := s.cli.Run(ctx, s.project.Root, nil, nil, nil, s.variables(),
		"cancel", "--yes", "--stack", s.stack.Name)
	if err != nil {
		return fmt.Errorf("removing the lock of stack %s: %s", s.stack.Name, strings.TrimSpace(complaint))
	}
	s.printer.Printf("stack %s is not locked any more\nnext:\n  plinth up %s, which goes on where the other command ended",
		s.stack.Name, s.which())
	return nil
}
