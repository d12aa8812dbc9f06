package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/spf13/cobra"
)

// secretPlaceholder stands for an output that is secret.
const secretPlaceholder = "[secret]"

// outputs prints the outputs of a stack. It needs no cluster.
func (c *command) outputs() *cobra.Command {
	var (
		f                   flags
		asJSON, showSecrets bool
	)
	cmd := &cobra.Command{
		Use:   "outputs STACK",
		Short: "Print the outputs of a stack",
		Args:  oneStack,
		RunE: func(cmd *cobra.Command, args []string) error {
			// It only reads, so it takes no lock: it may be run while another command is at work.
			s, err := c.find("outputs", args[0], f)
			if err != nil {
				return err
			}
			if err := s.passphrase(); err != nil {
				return err
			}
			return s.outputs(cmd.Context(), asJSON, showSecrets)
		},
	}
	cmd.Flags().StringVar(&f.cloud, "cloud", "", "cloud to use instead of the one that the stack's file names: aws or gcp")
	cmd.Flags().BoolVar(&f.simulate, "simulate", false, "print those of the simulated cloud")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	cmd.Flags().BoolVar(&showSecrets, "show-secrets", false, "print secret outputs too")
	return cmd
}

func (s *session) outputs(ctx context.Context, asJSON, showSecrets bool) error {
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
	outputs, err := stack.Outputs(ctx)
	if err != nil {
		return s.failed(ctx, "reading the outputs", err)
	}
	if len(outputs) == 0 {
		return s.notDeployed()
	}
	if showSecrets {
		for name, output := range outputs {
			outputs[name] = auto.OutputValue{Value: output.Value}
		}
	}
	if !asJSON {
		s.printOutputs(outputs)
		return nil
	}
	shown := map[string]any{}
	for name, output := range outputs {
		shown[name] = output.Value
		if output.Secret {
			shown[name] = secretPlaceholder
		}
	}
	encoder := json.NewEncoder(s.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(shown)
}

// notDeployed says that there is nothing to print.
func (s *session) notDeployed() error {
	return fmt.Errorf("stack %s is not deployed, so it has no outputs\nnext: plinth up %s", s.stack.Name, s.which())
}

// text prints a value: a string as it is, anything else as JSON.
func text(value any) string {
	if plain, ok := value.(string); ok {
		return plain
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprint(value)
	}
	return string(bytes.TrimSpace(out.Bytes()))
}
