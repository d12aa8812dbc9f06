package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"plinth/config"
	"plinth/environment"
	"plinth/internal/workspace"
)

// The exit codes, for scripts.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitRefused     = 3
	exitChanges     = 4
	exitLeft        = 5
	exitInterrupted = 130 // What a shell reports of a program that SIGINT ended.
)

// exitCodes is the part of the help that documents them.
const exitCodes = `Exit codes:
  0    done
  1    failed
  2    bad configuration or usage; nothing was done
  3    refused: something is protected, the stack lives on another cluster,
       or another command works on it
  4    preview or refresh --expect-no-changes: there are changes
  5    destroy or orphans: something is left that costs money
  130  interrupted`

// errChanges is the end of a preview that was to have no changes and has some.
var errChanges = errors.New("there are changes")

// errReported is the end of a command whose failure has been printed.
var errReported = errors.New("failed")

// command is one run of the command line.
type command struct {
	in       io.Reader
	out      io.Writer
	errs     io.Writer
	terminal bool
	// program is the Pulumi program; its argument names the configuration keys of the stack.
	program func(keys func() []string) pulumi.RunFunc
	// args is the command line, and replace runs another program, with it, in place of this one.
	args    []string
	replace func(program string, args []string) error
	// kill is closed by the second interrupt.
	kill chan struct{}
	// patience is how long a namespace may take to go before it is said what holds it. 0: half a minute.
	patience time.Duration
}

func main() {
	c := &command{
		in: os.Stdin, out: os.Stdout, errs: os.Stderr,
		terminal: term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd())),
		program:  func(keys func() []string) pulumi.RunFunc { return environment.Program(keys, linked...) },
		replace:  replace,
		kill:     make(chan struct{}),
	}
	ctx, interrupt := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go c.interrupts(signals, interrupt)
	os.Exit(c.run(ctx, os.Args[1:]))
}

// interrupts turns the first signal into the end of the context, and the second one into the end of the CLI.
func (c *command) interrupts(signals <-chan os.Signal, interrupt func()) {
	<-signals
	_, _ = fmt.Fprintln(c.errs, "\ninterrupted: what is under way is being finished; interrupt again to stop at once")
	interrupt()
	<-signals
	_, _ = fmt.Fprintln(c.errs, "stopping at once")
	close(c.kill)
}

// run carries out a command line and returns the exit code.
func (c *command) run(ctx context.Context, args []string) int {
	c.args = args
	root := c.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	code := exitCode(ctx, err)
	if err != nil && !errors.Is(err, errReported) && !errors.Is(err, errChanges) && !errors.Is(err, errLeft) {
		_, _ = fmt.Fprintln(c.errs, "plinth:", strings.TrimSpace(err.Error()))
	}
	return code
}

// exitCode is the exit code of a command that ended so.
func exitCode(ctx context.Context, err error) int {
	var (
		usage   *workspace.UsageError
		bad     *config.Error
		refusal *workspace.Refusal
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage), errors.As(err, &bad):
		return exitUsage
	case errors.As(err, &refusal):
		return exitRefused
	case errors.Is(err, errChanges):
		return exitChanges
	case errors.Is(err, errLeft):
		return exitLeft
	case ctx.Err() != nil:
		return exitInterrupted
	default:
		return exitFailed
	}
}

// root is the command line.
func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "plinth",
		Short: "Deploy the stacks of this project",
		Long: "Deploy the stacks of this project: an application on Kubernetes, in production shape.\n\n" +
			exitCodes,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			names := make([]string, 0, len(cmd.Commands()))
			for _, sub := range cmd.Commands() {
				if sub.Name() != "help" {
					names = append(names, sub.Name())
				}
			}
			return &workspace.UsageError{Reason: fmt.Sprintf("unknown command %q: want %s",
				args[0], strings.Join(names, ", "))}
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.errs)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &workspace.UsageError{Reason: fmt.Sprintf("%v: see `%s --help`", err, cmd.CommandPath())}
	})
	root.AddCommand(c.up(), c.preview(), c.verify(), c.destroy(), c.outputs(), c.version(), c.render(), c.refresh(),
		c.eta(), c.promote(), c.orphans(), c.env(), c.image(),
		c.unlock(), c.doctor(), c.bootstrap())
	return root
}

// oneStack wants the name of a stack and nothing else.
func oneStack(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return &workspace.UsageError{Reason: fmt.Sprintf("%s wants the name of one stack, got %d: %s",
		cmd.CommandPath(), len(args), cmd.UseLine())}
}
