package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/spf13/cobra"

	"plinth/components/secrets"
	"plinth/config"
	"plinth/internal/offline"
	"plinth/internal/progress"
	"plinth/internal/target"
	"plinth/internal/workspace"
)

// passphraseVariables are where Pulumi looks for a passphrase, the first one first.
const (
	passphraseVariable     = "PULUMI_CONFIG_PASSPHRASE"      //nolint:gosec // The name of a variable.
	passphraseFileVariable = "PULUMI_CONFIG_PASSPHRASE_FILE" //nolint:gosec // The name of a variable.
)

// flags are those of the commands that work on a cluster.
type flags struct {
	kubeconfig, context string
	// cloud is used instead of the stack's own word, simulate stands in for it.
	cloud        string
	simulate     bool
	parallel     int
	verbose, yes bool
}

// register adds the flags to a command.
func (f *flags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.kubeconfig, "kubeconfig", "",
		"kubeconfig of the cluster (default: KUBECONFIG; else kind or the embedded cluster)")
	cmd.Flags().StringVar(&f.context, "context", "", "context of the kubeconfig (default: its current one)")
	cmd.Flags().StringVar(&f.cloud, "cloud", "", "cloud to use instead of the one that the stack's file names: aws or gcp")
	cmd.Flags().BoolVar(&f.simulate, "simulate", false,
		"use a simulated cloud, in .plinth/sim, and an embedded cluster: nothing is created for real")
	cmd.Flags().BoolVarP(&f.yes, "yes", "y", false, "do not ask: only destroy does")
	cmd.Flags().IntVar(&f.parallel, "parallel", 0, "how many operations run at once (default: Pulumi's)")
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false,
		"print resources that do not change, and what Pulumi prints")
}

// session is one command at work on one stack.
type session struct {
	*command
	flags   flags
	name    string // The command's.
	project *workspace.Project
	stack   *workspace.Stack
	lock    *workspace.Lock
	cloud   config.Cloud // Where the stack has its cluster; empty where its file does not say.
	// referred is the stack whose outputs the stack's state reads. Empty: none, or the state was not read.
	referred string
	config   *config.Config // nil where the stack has no file, or one that is at fault and need not be right.
	keys     []string
	printer  *progress.Printer
	cluster  *target.Cluster
	cli      *workspace.CLI
	env      map[string]string
	// prepared is called when the stack's cluster is reached, and before anything is done there. nil: nothing.
	prepared func(ctx context.Context) error
	release  func() // Lets others stop the clusters of plinth's own. nil where none is used.
	closers  []func()
}

// open finds the stack, checks its configuration and takes its lock. Nothing slow has happened then. lenient says that
// a missing or faulty configuration is no obstacle.
func (c *command) open(ctx context.Context, name, stackName string, flags flags, lenient bool) (*session, error) {
	s, err := c.find(name, stackName, flags)
	if err != nil {
		return nil, err
	}
	if err := s.configure(); err != nil && !lenient {
		return nil, err
	}
	// What is lenient needs no program: it works on the state.
	if !lenient {
		if err := s.link(ctx); err != nil {
			return nil, err
		}
	}
	if s.lock, err = s.stack.Lock(name); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, s.lock.Release)
	if err := s.passphrase(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// find finds the project and the stack.
func (c *command) find(name, stackName string, flags flags) (*session, error) {
	project, err := workspace.Find(".")
	if err != nil {
		return nil, err
	}
	stack, err := project.Stack(stackName)
	if err != nil {
		return nil, err
	}
	s := &session{
		command: c, flags: flags, name: name, project: project, stack: stack,
		printer: progress.New(c.out, progress.Options{Terminal: c.terminal, Verbose: flags.verbose}),
		env:     map[string]string{},
	}
	return s, s.choose()
}

// close undoes what the session holds, the last thing first.
func (s *session) close() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
}

// configure reads and checks the stack's configuration.
func (s *session) configure() error {
	if err := s.stack.MustHaveFile(); err != nil {
		return err
	}
	raw, secret, err := s.raw()
	if err != nil {
		return err
	}
	s.config, err = config.Load(s.stack.Name, raw, secret)
	if err != nil {
		return err
	}
	s.keys = slices.Sorted(maps.Keys(raw))
	own, _, err := s.stack.OwnEncryption()
	if err != nil {
		return err
	}
	if len(secret) > 0 && !own && s.userBackend() == "" {
		return &workspace.UsageError{Reason: fmt.Sprintf(
			"%s holds encrypted values (%s) and does not say how they are encrypted (encryptionsalt): "+
				"write them with `pulumi config set --secret`",
			filepath.Base(s.stack.File()), strings.Join(secret, ", "))}
	}
	return nil
}

// passphrase decides about the passphrase: the user's where the user's file or backend needs it, else the project's
// own.
func (s *session) passphrase() error {
	_, set := os.LookupEnv(passphraseVariable)
	set = set || os.Getenv(passphraseFileVariable) != ""
	_, needed, err := s.stack.OwnEncryption()
	if err != nil {
		return err
	}
	switch {
	case needed && !set:
		return &workspace.UsageError{Reason: fmt.Sprintf("%s has secrets that a passphrase of yours encrypts "+
			"(encryptionsalt): set %s, or %s to the path of a file that holds it",
			filepath.Base(s.stack.File()), passphraseVariable, passphraseFileVariable)}
	case needed, set && s.userBackend() != "":
		if file := os.Getenv(passphraseFileVariable); file != "" {
			if s.env[passphraseFileVariable], err = filepath.Abs(file); err != nil {
				return fmt.Errorf("finding the passphrase: %w", err)
			}
		}
		return nil
	default:
		s.env[passphraseFileVariable], err = s.project.Passphrase()
		return err
	}
}

// openCLI finds or builds the Pulumi CLI, settles the environment it runs in, and removes locks of the stack that
// nobody holds any more.
func (s *session) openCLI(ctx context.Context) error {
	if err := s.openBackend(ctx); err != nil {
		return err
	}
	if s.lock != nil {
		s.cli.Started = func(pid int) {
			if err := s.lock.Runs(pid); err != nil {
				s.verbosely("%v", err) // It is needed only after a kill.
			}
		}
		if err := s.outlive(ctx); err != nil {
			return err
		}
	}
	removed, err := s.stack.RemoveStaleLocks(s.env["PULUMI_BACKEND_URL"])
	for _, line := range removed {
		s.printer.Printf("%s", line)
	}
	return err
}

// endPatience is how long the Pulumi CLI of a command that was killed may take to end: it finishes what is under way.
const endPatience = 5 * time.Minute

// outlive waits for the end of a Pulumi CLI whose command was killed.
func (s *session) outlive(ctx context.Context) error {
	pid := s.lock.StillRuns()
	if pid == 0 {
		return nil
	}
	what := fmt.Sprintf("waiting for the Pulumi CLI of the last command, which was killed (process %d)", pid)
	return s.printer.During(what, "", func() error {
		for deadline := time.Now().Add(endPatience); s.lock.StillRuns() != 0; {
			if time.Now().After(deadline) {
				return &workspace.Refusal{
					Reason: fmt.Sprintf("the Pulumi CLI of a command that was killed (process %d) does not end", pid),
					Next:   fmt.Sprintf("find out what it waits for; kill %d ends it", pid),
				}
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
		}
		return nil
	})
}

// openBackend finds or builds the Pulumi CLI, and settles the environment it runs in.
func (s *session) openBackend(ctx context.Context) (err error) {
	s.cli, err = s.project.CLI(ctx, func(version string, work func() error) error {
		return s.printer.During("building the Pulumi CLI "+version, ", about 4 minutes the first time", work)
	})
	if err != nil {
		return err
	}
	s.cli.Kill = s.kill
	if s.env[passphraseFileVariable] != "" {
		s.cli.Without = append(s.cli.Without, passphraseVariable)
	}
	s.env["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
	s.env["PULUMI_SKIP_UPDATE_CHECK"] = "true"

	userHome, err := workspace.UserHome(os.Getenv("PULUMI_HOME"))
	if err != nil {
		return err
	}
	s.env["PULUMI_HOME"] = userHome // With a backend of the user's own, the credentials for it are there.
	backend := s.userBackend()
	if backend == "" {
		if backend, err = s.project.OwnBackend(s.stateDir()); err != nil {
			return err
		}
		if s.env["PULUMI_HOME"], err = s.project.Home(userHome); err != nil {
			return err
		}
	}
	s.env["PULUMI_BACKEND_URL"] = backend
	return nil
}

// buildControlPlane returns the program of the embedded cluster, built now if it has to be.
func (s *session) buildControlPlane(ctx context.Context) (string, error) {
	path := s.project.Path("bin", "controlplane")
	return path, offline.BuildControlPlane(ctx, s.project.Root, path, s.printer.Printf)
}

// reach chooses the cluster, starts it where it is plinth's own, and makes sure it is the one the stack lives on.
func (s *session) reach(ctx context.Context) (err error) {
	if s.ownCloud() {
		return s.reachCloud(ctx)
	}
	wish := s.wish()
	if shared := s.sharedCluster(); shared != "" {
		if wish.Kubeconfig != "" || wish.Context != "" {
			return &workspace.UsageError{Reason: "--kubeconfig, --context: the stack's own configuration names another stack, " +
				"whose cluster it uses (plinth:cluster.stack): remove one of the two"}
		}
		if wish.Kubeconfig, err = s.otherKubeconfig(ctx, shared); err != nil {
			return err
		}
	}
	cluster, err := target.Choose(ctx, s.name, s.stack, wish)
	if err != nil {
		return err
	}
	s.cluster = cluster
	if cluster.Kind != target.Given {
		if s.release, err = s.project.Share(); err != nil {
			return err
		}
		s.closers = append(s.closers, s.release)
	}
	switch cluster.Kind {
	case target.Given:
		s.printer.Printf("cluster: %s", cluster)
	case target.KinD:
		s.printer.Printf("cluster: %s", cluster)
		err = target.StartKind(ctx, s.project, func(work func() error) error {
			return s.printer.During("creating "+cluster.String(), "", work)
		})
	case target.Simulated, target.InCloud:
	case target.Embedded:
		s.printer.Printf("cluster: %s: its pods are simulated, always become ready and cannot fail, "+
			"so nothing is proven about how the application behaves", cluster)
		err = s.startEmbedded(ctx)
	}
	if err != nil {
		return err
	}
	if err := cluster.Identify(ctx); err != nil {
		return err
	}
	return cluster.Check(s.name, s.stack)
}

// sharedCluster is the stack whose cluster this one uses; empty: it uses no other's. Where the stack has no file here,
// its state says it.
func (s *session) sharedCluster() string {
	if s.config != nil {
		return s.config.Cluster.Stack
	}
	return s.referred
}

// wish is what is known about the cluster to use, where no other stack is to say it.
func (s *session) wish() target.Wish {
	wish := target.Wish{
		Kubeconfig: s.flags.kubeconfig, Context: s.flags.context, Variable: os.Getenv("KUBECONFIG"),
	}
	if s.config != nil && s.sharedCluster() == "" {
		wish.StackKubeconfig, wish.StackContext = s.config.Cluster.Kubeconfig, s.config.Cluster.Context
	}
	return wish
}

// startEmbedded starts the embedded cluster, unless it is running.
func (s *session) startEmbedded(ctx context.Context) error {
	dir := s.project.Path("cluster")
	if err := target.CheckData(s.stack, dir); err != nil {
		return err
	}
	return s.startCluster(ctx, dir)
}

// startCluster starts the embedded cluster of a folder, unless it is running.
func (s *session) startCluster(ctx context.Context, dir string) error {
	start := func(binary string) error {
		running, err := offline.Start(ctx, offline.ClusterOptions{Dir: dir, Binary: binary, Log: s.verbosely})
		if err == nil {
			s.cluster.Kubeconfig = running.Kubeconfig()
		}
		return err
	}
	if offline.Running(dir) {
		return start("")
	}
	binary, err := s.buildControlPlane(ctx)
	if err != nil {
		return err
	}
	return s.printer.During("starting the embedded cluster", "", func() error { return start(binary) })
}

// verbosely prints with --verbose.
func (s *session) verbosely(format string, args ...any) {
	if s.flags.verbose {
		s.printer.Printf("  "+format, args...)
	}
}

// attach makes the cluster and the plugins reachable for the Pulumi CLI: KUBECONFIG, and stand-ins for the plugins that
// are not installed.
func (s *session) attach(ctx context.Context) error {
	// Where the stack has a cluster of its own, the program itself says how to reach that, and nothing leads elsewhere.
	kubeconfig := os.DevNull
	if !s.ownCloud() {
		exported, remove, err := s.cluster.Export(filepath.Join(s.stack.Dir(), "kubeconfig"))
		if err != nil {
			return err
		}
		s.closers = append(s.closers, remove)
		kubeconfig = exported
	}
	s.env["KUBECONFIG"] = kubeconfig
	// The stand-in of the Kubernetes plugin runs in this process and finds its cluster as the plugin would.
	if err := os.Setenv("KUBECONFIG", kubeconfig); err != nil {
		return fmt.Errorf("choosing the cluster: %w", err)
	}
	needed := s.plugins()
	simulated, err := s.simulateCloud(ctx)
	if err != nil {
		return err
	}
	if simulated != "" {
		s.env["PULUMI_DEBUG_PROVIDERS"] = simulated
	} else if s.ownCloud() {
		needed = append(needed, s.cloudPlugin()...)
	}
	missing, err := workspace.Missing(s.env["PULUMI_HOME"], needed)
	if err != nil || len(missing) == 0 {
		return err
	}
	s.verbosely("stand-ins for plugins that are not installed: %s", strings.Join(missing, ", "))
	providers, stop, err := offline.ServeWith(context.WithoutCancel(ctx), offline.Options{
		Helm: offline.HelmProgram(s.project.Root, s.project.Path("bin", "helm"), s.printer.Printf),
	}, missing...)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, stop)
	s.env["PULUMI_DEBUG_PROVIDERS"] = strings.TrimPrefix(simulated+","+providers, ",")
	return nil
}

// plugins are those that the stack needs besides its cloud's, in the versions that this program was built with.
func (s *session) plugins() []workspace.Plugin {
	var needed []workspace.Plugin
	for name, module := range map[string]string{
		"kubernetes": "github.com/pulumi/pulumi-kubernetes/sdk/v4",
		"random":     "github.com/pulumi/pulumi-random/sdk/v4",
		"tls":        "github.com/pulumi/pulumi-tls/sdk/v5",
	} {
		if version := buildVersion(module); version != unknownVersion {
			needed = append(needed, workspace.Plugin{Name: name, Minimum: version})
		}
	}
	if s.config != nil && s.config.WritesToVault() { // A stack whose file is gone can be destroyed all the same.
		needed = append(needed, workspace.Plugin{Name: "vault", Minimum: secrets.VaultPlugin})
	}
	slices.SortFunc(needed, func(a, b workspace.Plugin) int { return strings.Compare(a.Name, b.Name) })
	return needed
}

// selectStack returns the stack in the backend. It is made when it is missing and create says so.
func (s *session) selectStack(ctx context.Context, create bool) (auto.Stack, error) {
	// Without the lock another command may be using the copies: those there are will do.
	if s.lock != nil || !s.stack.Prepared() {
		if err := s.stack.Prepare(); err != nil {
			return auto.Stack{}, err
		}
	}
	if home := s.env["PULUMI_HOME"]; home != "" {
		if err := os.MkdirAll(home, 0o700); err != nil {
			return auto.Stack{}, fmt.Errorf("making %s: %w", home, err)
		}
	}
	options := []auto.LocalWorkspaceOption{
		auto.WorkDir(s.stack.Dir()), auto.Pulumi(s.cli), auto.PulumiHome(s.env["PULUMI_HOME"]), auto.EnvVars(s.env),
	}
	find := auto.SelectStackInlineSource
	if create {
		find = auto.UpsertStackInlineSource
	}
	stack, err := find(ctx, s.stack.Name, workspace.Name, s.masking(), options...)
	if err != nil && auto.IsSelectStack404Error(err) {
		return stack, errNoStack
	}
	if err != nil {
		return stack, s.failed(ctx, "opening the stack", err)
	}
	return stack, nil
}

// errNoStack is the answer that a stack was never deployed.
var errNoStack = errors.New("no such stack in the backend")

// masking is the program, which hides the secret values of the configuration from everything that is printed.
func (s *session) masking() pulumi.RunFunc {
	program := s.program(func() []string { return s.keys })
	return func(ctx *pulumi.Context) error {
		for _, key := range s.keys {
			if value, ok := ctx.GetConfig(key); ok && ctx.IsConfigSecret(key) {
				s.printer.Mask(leaves(value)...)
			}
		}
		return program(ctx)
	}
}

// leaves returns the strings in a value of the configuration: those in its JSON text, or the text where it is a scalar.
func leaves(text string) []string {
	var value any
	_ = json.Unmarshal([]byte(text), &value)
	switch value.(type) {
	case string, []any, map[string]any:
		return collect(value)
	default:
		return []string{text}
	}
}

// collect returns the strings in a JSON value.
func collect(value any) (found []string) {
	switch value := value.(type) {
	case string:
		found = append(found, value)
	case []any:
		for _, element := range value {
			found = append(found, collect(element)...)
		}
	case map[string]any:
		for _, element := range value {
			found = append(found, collect(element)...)
		}
	default:
	}
	return found
}

// watch runs an operation of the engine, and prints its events as they come.
func (s *session) watch(operation func(events chan<- events.EngineEvent) error) error {
	stream := make(chan events.EngineEvent)
	ended, drained := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(drained)
		for {
			select {
			case event, ok := <-stream:
				if !ok {
					return
				}
				if event.Error == nil {
					s.printer.Event(event.EngineEvent)
				}
			case <-ended:
				// Nobody sends any more. The stream is not closed where the CLI ended before it had opened it.
				return
			}
		}
	}()
	err := s.printer.Beat(func() error { return operation(stream) })
	close(ended)
	<-drained
	return err
}
