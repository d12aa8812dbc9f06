package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"plinth/internal/ephemeral"
	"plinth/internal/progress"
	"plinth/internal/workspace"
)

// defaultTTL is how long an ephemeral environment lives.
const defaultTTL = 72 * time.Hour

// env is about ephemeral environments.
func (c *command) env() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Make, list and take away ephemeral environments",
		Long: "Make, list and take away ephemeral environments: stacks that are made from another one's file, live for a\n" +
			"while, and leave nothing. Until when one lives is a tag of its stack, so that every machine with the same\n" +
			"backend sees it.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return &workspace.UsageError{Reason: fmt.Sprintf(
				"unknown command %q: want create, list, extend, destroy or reap", args[0])}
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.envCreate(), c.envList(), c.envExtend(), c.envDestroy(), c.envReap())
	return cmd
}

// envWish is what `env create` is asked for.
type envWish struct {
	from, owner string
	ttl         time.Duration
	ownCluster  bool
	seed        []string
	restore     []string
}

func (c *command) envCreate() *cobra.Command {
	var (
		f flags
		w envWish
	)
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Make an ephemeral environment, or bring it up to date",
		Long: "Make an ephemeral environment, or bring it up to date: its file is made anew from the other stack's, and\n" +
			"deployed. It uses the other stack's cluster, with a namespace, databases and buckets of its own. Its time is\n" +
			"renewed, and never shortened.",
		Args: oneStack,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.createEnvironment(cmd.Context(), args[0], f, w)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&w.from, "from", "dev", "stack to make it from")
	cmd.Flags().DurationVar(&w.ttl, "ttl", defaultTTL, "how long it lives from now on")
	cmd.Flags().StringVar(&w.owner, "owner", "",
		"whose it is (default: GITHUB_ACTOR, GITLAB_USER_LOGIN, git's user.email)")
	cmd.Flags().BoolVar(&w.ownCluster, "own-cluster", false, "give it a cluster of its own, where the other stack has one")
	cmd.Flags().StringArrayVar(&w.seed, "seed", nil, "APP=FILE: SQL statements that fill the app's database, by a Job")
	cmd.Flags().StringArrayVar(&w.restore, "restore", nil,
		"DATABASE or DATABASE=BACKUP: fill it from the other stack's backups (default: the last one)")
	return cmd
}

func (c *command) createEnvironment(ctx context.Context, name string, f flags, w envWish) error {
	if w.ttl <= 0 {
		return &workspace.UsageError{Reason: fmt.Sprintf("--ttl %s: want more than nothing, such as 72h", w.ttl)}
	}
	made, err := c.deriveEnvironment(ctx, name, f, w)
	if err != nil {
		return err
	}
	s, err := c.open(ctx, "up", name, f, false)
	if err != nil {
		return err
	}
	defer s.close()
	for _, note := range made {
		s.printer.Printf("%s", note)
	}
	until := time.Now().Add(w.ttl)
	var lease ephemeral.Lease
	s.prepared = func(ctx context.Context) error {
		lease, err = s.lease(ctx, name)
		if err != nil {
			return err
		}
		if lease.Created.IsZero() {
			lease = ephemeral.Lease{
				From: w.from, Owner: owner(ctx, w.owner), Created: time.Now().UTC().Truncate(time.Second),
				Cluster: s.cluster.UID,
			}
		}
		lease = lease.Renew(until)
		return s.setLease(ctx, name, lease)
	}
	if err := s.up(ctx, false); err != nil {
		return err
	}
	s.printer.Printf("environment %s is there (%s): it lives until %s; its owner is %s\nnext:\n  plinth env destroy %s",
		name, s.printer.Elapsed(), lease.Expires.Format(time.RFC3339), lease.Owner, name)
	return nil
}

// deriveEnvironment writes the file of an environment, and returns what a reader may miss in it.
func (c *command) deriveEnvironment(ctx context.Context, name string, f flags, w envWish) ([]string, error) {
	from, err := c.find("env create", w.from, flags{cloud: f.cloud})
	if err != nil {
		return nil, err
	}
	if err := from.stack.MustHaveFile(); err != nil {
		return nil, err
	}
	stack, err := from.project.Stack(name)
	if err != nil {
		return nil, err
	}
	made, err := derived(stack.File())
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(stack.File()); err == nil && !made {
		return nil, &workspace.Refusal{
			Reason: fmt.Sprintf("%s was not made by plinth env create, and would be overwritten", filepath.Base(stack.File())),
			Next:   "take another name",
		}
	}
	text, err := os.ReadFile(from.stack.File())
	if err != nil {
		return nil, fmt.Errorf("reading the file of stack %s: %w", w.from, err)
	}
	options := ephemeral.Options{Name: name, From: w.from, Seed: map[string]string{}, Restore: map[string]string{}}
	if !w.ownCluster && from.ownCloud() {
		if f.simulate {
			return nil, &workspace.UsageError{Reason: "--simulate: each simulated cloud is one stack's: add --own-cluster"}
		}
		if options.Shared, err = from.fullName(ctx); err != nil {
			return nil, err
		}
	}
	for _, seed := range w.seed {
		app, file, ok := strings.Cut(seed, "=")
		if !ok {
			return nil, &workspace.UsageError{Reason: fmt.Sprintf("--seed %s: want APP=FILE", seed)}
		}
		statements, err := os.ReadFile(file)
		if err != nil {
			return nil, &workspace.UsageError{Reason: fmt.Sprintf("--seed %s: %v", seed, err)}
		}
		options.Seed[app] = string(statements)
	}
	for _, restore := range w.restore {
		database, backup, ok := strings.Cut(restore, "=")
		if !ok {
			backup = "latest"
		}
		options.Restore[database] = backup
	}
	file, notes, err := ephemeral.Derive(text, options)
	if err != nil {
		return nil, &workspace.UsageError{Reason: err.Error()}
	}
	if err := os.WriteFile(stack.File(), file, 0o600); err != nil {
		return nil, fmt.Errorf("writing the file of environment %s: %w", name, err)
	}
	return notes, nil
}

// derived says whether a stack file was made from another one: it may be made anew, and removed.
func derived(file string) (bool, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return bytes.HasPrefix(text, []byte(ephemeral.Mark)), err
}

// fullName is the name of the stack as other stacks refer to it: ORGANIZATION/PROJECT/STACK.
func (s *session) fullName(ctx context.Context) (string, error) {
	// Backends that are storage alone know one organization: backend/diy/backend.go of pulumi, diyOrg... "organization".
	organization := "organization"
	if backend := s.userBackend(); strings.HasPrefix(backend, "http") {
		if err := s.openBackend(ctx); err != nil {
			return "", err
		}
		text, complaint, _, err := s.cli.Run(ctx, s.project.Root, nil, nil, nil, s.variables(), "org", "get-default")
		if err != nil {
			return "", fmt.Errorf("asking whose stack %s is: %s", s.stack.Name, strings.TrimSpace(complaint))
		}
		organization = strings.TrimSpace(text)
	}
	return path.Join(organization, workspace.Name, s.stack.Name), nil
}

// owner is whose an environment is.
func owner(ctx context.Context, said string) string {
	for _, name := range []string{said, os.Getenv("GITHUB_ACTOR"), os.Getenv("GITLAB_USER_LOGIN")} {
		if name != "" {
			return name
		}
	}
	if address, err := exec.CommandContext(ctx, "git", "config", "user.email").Output(); err == nil {
		if text := strings.TrimSpace(string(address)); text != "" {
			return text
		}
	}
	if account, err := user.Current(); err == nil {
		return account.Username
	}
	return "unknown"
}

// lease is that of a stack; the zero value where it has none.
func (s *session) lease(ctx context.Context, stack string) (ephemeral.Lease, error) {
	text, complaint, _, err := s.cli.Run(ctx, s.project.Root, nil, nil, nil, s.variables(),
		"stack", "tag", "get", ephemeral.Tag, "--stack", stack)
	if err != nil && strings.Contains(complaint, "not found") {
		return ephemeral.Lease{}, nil
	}
	if err != nil {
		return ephemeral.Lease{}, fmt.Errorf("reading the tags of stack %s: %s", stack, strings.TrimSpace(complaint))
	}
	return ephemeral.ParseLease(strings.TrimSpace(text))
}

func (s *session) setLease(ctx context.Context, stack string, lease ephemeral.Lease) error {
	text, err := lease.Text()
	if err != nil {
		return err
	}
	_, complaint, _, err := s.cli.Run(ctx, s.project.Root, nil, nil, nil, s.variables(),
		"stack", "tag", "set", ephemeral.Tag, text, "--stack", stack)
	if err != nil {
		return fmt.Errorf("writing the tags of stack %s: %s", stack, strings.TrimSpace(complaint))
	}
	return nil
}

// environmentEntry is an ephemeral environment and what it uses.
type environmentEntry struct {
	Name string `json:"name"`
	ephemeral.Lease
	// Expired says that it may be destroyed, Resources how many there are of it.
	Expired   bool `json:"expired"`
	Resources int  `json:"resources"`
	// CPU, Memory and Storage are quantities.
	Pods      int64  `json:"pods"`
	CPU       string `json:"cpu"`
	Memory    string `json:"memory"`
	Storage   string `json:"storage"`
	Balancers int    `json:"loadBalancers"`
	Cloud     int    `json:"cloudResources"`
}

// overview opens the backend for what is about all stacks.
func (c *command) overview(ctx context.Context, f flags) (*session, error) {
	project, err := workspace.Find(".")
	if err != nil {
		return nil, err
	}
	s := &session{
		command: c, flags: f, name: "env", project: project, stack: &workspace.Stack{Project: project, Name: "-"},
		printer: progress.New(c.out, progress.Options{Terminal: c.terminal, Verbose: f.verbose}), env: map[string]string{},
	}
	if err := s.passphrase(); err != nil {
		return nil, err
	}
	return s, s.openBackend(ctx)
}

// environments are the ephemeral ones in the backend, as of a time. cost says whether to add up what they use.
func (s *session) environments(ctx context.Context, at time.Time, cost bool) ([]environmentEntry, error) {
	text, complaint, _, err := s.cli.Run(ctx, s.project.Root, nil, nil, nil, s.variables(), "stack", "ls", "--json")
	if err != nil {
		return nil, fmt.Errorf("listing the stacks: %s", strings.TrimSpace(complaint))
	}
	var stacks []struct{ Name string }
	if err := json.Unmarshal([]byte(text), &stacks); err != nil {
		return nil, fmt.Errorf("listing the stacks: %w", err)
	}
	var found []environmentEntry
	for _, stack := range stacks {
		lease, err := s.lease(ctx, stack.Name)
		if err != nil {
			return nil, err
		}
		if lease.Expires.IsZero() {
			continue
		}
		entry := environmentEntry{Name: path.Base(stack.Name), Lease: lease, Expired: lease.Expired(at)}
		if cost {
			deployment, err := s.exported(ctx, stack.Name)
			if err != nil {
				return nil, err
			}
			uses, err := ephemeral.CostOf(deployment)
			if err != nil {
				return nil, fmt.Errorf("environment %s: %w", stack.Name, err)
			}
			entry.Resources, entry.Pods = len(deployment.Resources), uses.Pods
			entry.Balancers, entry.Cloud = uses.Balancers, uses.Cloud
			entry.CPU, entry.Memory, entry.Storage = uses.CPU.String(), uses.Memory.String(), uses.Storage.String()
		}
		found = append(found, entry)
	}
	slices.SortFunc(found, func(a, b environmentEntry) int { return a.Expires.Compare(b.Expires) })
	return found, nil
}

func (c *command) envList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the ephemeral environments: age, end, owner, and what they use",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.overview(cmd.Context(), flags{})
			if err != nil {
				return err
			}
			now := time.Now()
			found, err := s.environments(cmd.Context(), now, true)
			if err != nil {
				return err
			}
			if asJSON {
				encoder := json.NewEncoder(c.out)
				encoder.SetIndent("", "  ")
				return encoder.Encode(append([]environmentEntry{}, found...))
			}
			return c.printEnvironments(found, now)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print them as JSON")
	return cmd
}

func (c *command) printEnvironments(found []environmentEntry, now time.Time) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(c.out, "there are no ephemeral environments")
		return err
	}
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	_, err := fmt.Fprintln(table,
		"NAME\tFROM\tOWNER\tAGE\tEXPIRES\tPODS\tCPU\tMEMORY\tSTORAGE\tLOAD BALANCERS\tIN THE CLOUD")
	for _, e := range found {
		expires := "in " + e.Expires.Sub(now).Round(time.Minute).String()
		if e.Expired {
			expires = "expired"
		}
		_, failed := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%d\t%d\n", e.Name, e.From, e.Owner,
			now.Sub(e.Created).Round(time.Minute), expires, e.Pods, e.CPU, e.Memory, e.Storage, e.Balancers, e.Cloud)
		err = errors.Join(err, failed)
	}
	return errors.Join(err, table.Flush())
}

func (c *command) envExtend() *cobra.Command {
	var ttl time.Duration
	cmd := &cobra.Command{
		Use:   "extend NAME",
		Short: "Let an ephemeral environment live longer",
		Args:  oneStack,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.overview(cmd.Context(), flags{})
			if err != nil {
				return err
			}
			lease, err := s.leased(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			longer := lease.Renew(time.Now().Add(ttl))
			if longer == lease {
				s.printer.Printf("environment %s lives until %s already", args[0], lease.Expires.Format(time.RFC3339))
				return nil
			}
			if err := s.setLease(cmd.Context(), args[0], longer); err != nil {
				return err
			}
			s.printer.Printf("environment %s lives until %s", args[0], longer.Expires.Format(time.RFC3339))
			return nil
		},
	}
	cmd.Flags().DurationVar(&ttl, "ttl", defaultTTL, "how long it lives from now on")
	return cmd
}

// leased is the lease of an ephemeral environment. Another stack is refused.
func (s *session) leased(ctx context.Context, name string) (ephemeral.Lease, error) {
	if _, err := s.project.Stack(name); err != nil {
		return ephemeral.Lease{}, err
	}
	lease, err := s.lease(ctx, name)
	if err == nil && lease.Expires.IsZero() {
		return lease, &workspace.Refusal{
			Reason: fmt.Sprintf("stack %s is no ephemeral environment: it has no tag %s", name, ephemeral.Tag),
			Next:   "plinth env list shows those there are; any other stack is destroyed by plinth destroy",
		}
	}
	return lease, err
}

func (c *command) envDestroy() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "destroy NAME",
		Short: "Delete an ephemeral environment, its stack and its file",
		Args:  oneStack,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.overview(cmd.Context(), f)
			if err != nil {
				return err
			}
			lease, err := s.leased(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.destroyEnvironment(cmd.Context(), args[0], f, lease)
		},
	}
	f.register(cmd)
	return cmd
}

// destroyEnvironment destroys an environment, and forgets it when nothing of it is left.
func (c *command) destroyEnvironment(ctx context.Context, name string, f flags, lease ephemeral.Lease) error {
	s, err := c.open(ctx, "destroy", name, f, true)
	if err != nil {
		return err
	}
	defer s.close()
	s.prepared = func(context.Context) error {
		if lease.Cluster != "" && s.cluster.UID != lease.Cluster {
			return &workspace.Refusal{
				Reason: fmt.Sprintf("environment %s is in another cluster than %s", name, s.cluster),
				Next:   "name its cluster: --kubeconfig FILE, or KUBECONFIG",
			}
		}
		return nil
	}
	if err := s.destroy(ctx); err != nil {
		return err
	}
	if s.cli == nil { // Nothing was there, and the backend not asked.
		if err := s.openBackend(ctx); err != nil {
			return err
		}
	}
	_, complaint, _, err := s.cli.Run(ctx, s.project.Root, nil, nil, nil, s.variables(),
		"stack", "rm", name, "--yes", "--preserve-config")
	if err != nil {
		return fmt.Errorf("forgetting stack %s: %s", name, strings.TrimSpace(complaint))
	}
	made, err := derived(s.stack.File())
	if err == nil && made {
		err = os.Remove(s.stack.File())
	}
	if err := errors.Join(err, os.RemoveAll(s.stack.Dir())); err != nil {
		return fmt.Errorf("removing the files of environment %s: %w", name, err)
	}
	s.printer.Printf("environment %s is gone (%s)", name, s.printer.Elapsed())
	return nil
}

func (c *command) envReap() *cobra.Command {
	var (
		f      flags
		at     string
		dryRun bool
	)
	cmd := &cobra.Command{
		Use:   "reap",
		Short: "Delete every ephemeral environment whose time is over",
		Long: "Delete every ephemeral environment whose time is over, one after the other. One that fails does not keep\n" +
			"the others; the exit code says that there was one.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			now := time.Now()
			if at != "" {
				var err error
				if now, err = time.Parse(time.RFC3339, at); err != nil {
					return &workspace.UsageError{Reason: fmt.Sprintf("--at %s: want a time such as 2026-11-24T18:00:00Z", at)}
				}
			}
			return c.reap(cmd.Context(), f, now, dryRun)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&at, "at", "", "as if it were that time (default: now)")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say which those are, and delete nothing")
	return cmd
}

func (c *command) reap(ctx context.Context, f flags, at time.Time, dryRun bool) error {
	s, err := c.overview(ctx, f)
	if err != nil {
		return err
	}
	all, err := s.environments(ctx, at, false)
	if err != nil {
		return err
	}
	var gone, failed []string
	for _, e := range all {
		if !e.Expired {
			continue
		}
		s.printer.Printf("environment %s, of %s, has expired at %s", e.Name, e.Owner, e.Expires.Format(time.RFC3339))
		if dryRun {
			continue
		}
		err := c.destroyEnvironment(ctx, e.Name, f, e.Lease)
		if ctx.Err() != nil {
			return err
		}
		if err == nil {
			gone = append(gone, e.Name)
			continue
		}
		failed = append(failed, e.Name)
		s.printer.Printf("environment %s is not gone: %v", e.Name, err)
	}
	s.printer.Printf("%d ephemeral environments, %d of them expired and destroyed (%s)", len(all), len(gone),
		s.printer.Elapsed())
	if len(failed) > 0 {
		s.printer.Printf("not destroyed: %s\nnext: put right what is named above; the next reap tries them again",
			strings.Join(failed, ", "))
		return errReported
	}
	return nil
}
