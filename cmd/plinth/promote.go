package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/kubernetes"

	"plinth/config"
	"plinth/internal/promotion"
	"plinth/internal/workspace"
)

// promote makes a replica of a database its primary.
func (c *command) promote() *cobra.Command {
	var (
		f  flags
		to string
	)
	cmd := &cobra.Command{
		Use:   "promote STACK DATABASE",
		Short: "Make a replica of a database its primary",
		Long: "Make a replica of a database its primary: stop the primary and prove that it is stopped, promote the\n" +
			"replica that has received most, give it the primary's place, and let the replica's pod clone it anew.\n" +
			"Interrupted, it goes on where it was when it is run again. The stack's configuration stays as it is.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return &workspace.UsageError{Reason: fmt.Sprintf("%s wants the names of one stack and of one of its databases, "+
				"got %d arguments: %s", cmd.CommandPath(), len(args), cmd.UseLine())}
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.open(cmd.Context(), "promote", args[0], f, false)
			if err != nil {
				return err
			}
			defer s.close()
			return s.promote(cmd.Context(), args[1], to)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&to, "to", "", "the replica to promote, for example main-replica-1 "+
		"(default: the one that has received most)")
	return cmd
}

func (s *session) promote(ctx context.Context, database, to string) error {
	declared, found := s.config.Databases[database]
	if !found {
		known := slices.Sorted(maps.Keys(s.config.Databases))
		return &workspace.UsageError{Reason: fmt.Sprintf("stack %s has no database %q: it has %s", s.stack.Name, database,
			strings.Join(append(known, "none")[:max(1, len(known))], ", "))}
	}
	of := promotable(declared.Engine)
	if of == nil {
		return &workspace.UsageError{Reason: fmt.Sprintf("database %s has the engine %s, whose failover is not "+
			"Plinth's (the operator's, or the cloud's): plinth promotes replicas of postgres, mariadb and mysql",
			database, declared.Engine)}
	}
	if err := s.reach(ctx); err != nil {
		return err
	}
	rest, err := s.cluster.REST()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return fmt.Errorf("reaching %s: %w", s.cluster, err)
	}
	namespace := s.config.Namespace.Name
	start := time.Now()
	p := &promotion.Promotion{
		Client:    client,
		Server:    of(func(by promotion.Client) promotion.SQL { return promotion.Exec(rest, client, namespace, by) }),
		Say:       s.printer.Printf,
		Namespace: namespace, Database: database, To: to,
		Timeout: time.Duration(declared.Timeout) * time.Second, Pause: pause,
	}
	result, err := p.Run(ctx)
	if err != nil {
		return err
	}
	s.printer.Printf("database %s: what was %s is the primary, after %s without one; its pod clones the new primary now",
		database, result.Replica, result.Away)
	if result.Kept != "" {
		s.printer.Printf("%s", s.describeOld(result, database))
	}
	s.verbosely("the promotion took %s", time.Since(start).Round(time.Second))
	return s.lock.Done()
}

// describeOld says what can be done with the volume of a primary that had not answered.
func (s *session) describeOld(result *promotion.Result, database string) string {
	lines := []string{
		fmt.Sprintf("kept: volume %s of the old primary, which may hold what no replica had received", result.Kept),
	}
	kubectl := fmt.Sprintf("%s --namespace %s", s.kubectl(), s.config.Namespace.Name)
	if result.KeptBy != "" {
		return strings.Join(append(lines,
			fmt.Sprintf("  to look into it: copy the section of database %[1]s under the name %[1]s-old, with replicas: 0; "+
				"plinth up %[2]s starts a server on it, which no app uses", database, s.stack.Name),
			fmt.Sprintf("  to delete it for good: take %s-old out again, or %s delete persistentvolumeclaim %s", database,
				kubectl, result.KeptBy)), "\n")
	}
	return strings.Join(append(lines,
		fmt.Sprintf("  database %s-old has another volume of an earlier promotion: this one has no claim", database),
		fmt.Sprintf("  to delete it for good, with its disk: %s patch persistentvolume %s --type merge --patch '%s'", kubectl,
			result.Kept, `{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}`)), "\n")
}

// pause is the time between two looks at what a promotion waits for.
const pause = 200 * time.Millisecond

// promotable makes what a promotion speaks to an engine's servers by; it is nil for an engine that has no promotion.
func promotable(engine config.Engine) func(ask func(promotion.Client) promotion.SQL) promotion.Server {
	type asks = func(promotion.Client) promotion.SQL
	switch engine {
	case config.Postgres:
		return func(ask asks) promotion.Server { return promotion.Postgres{SQL: ask(promotion.PSQL())} }
	case config.MariaDB:
		return func(ask asks) promotion.Server {
			return promotion.MariaDB{SQL: ask(promotion.MySQLClient("mariadb")), Pause: pause}
		}
	case config.MySQL:
		return func(ask asks) promotion.Server {
			return promotion.MySQL{SQL: ask(promotion.MySQLClient("mysql")), Pause: pause}
		}
	case config.CloudNativePG, config.ManagedPostgres, config.ManagedMySQL:
	}
	return nil
}

// unpromoted refuses to go on while the promotion of a database is half done.
func (s *session) unpromoted(ctx context.Context) error {
	if s.config == nil || s.cluster == nil || s.cluster.Kubeconfig == "" {
		return nil
	}
	rest, err := s.cluster.REST()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return fmt.Errorf("reaching %s: %w", s.cluster, err)
	}
	databases, err := promotion.Unfinished(ctx, client, s.config.Namespace.Name)
	if err != nil || len(databases) == 0 {
		return err
	}
	return &workspace.Refusal{
		Reason: fmt.Sprintf("the promotion of database %s was interrupted, and has to be finished first",
			strings.Join(databases, ", ")),
		Next: fmt.Sprintf("plinth promote %s %s", s.stack.Name, databases[0]),
	}
}
