package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/spf13/cobra"

	"plinth/components/workload"
	"plinth/config"
	"plinth/internal/offline"
	"plinth/internal/offline/simulation"
	"plinth/internal/orphans"
	"plinth/internal/progress"
	"plinth/internal/target"
	"plinth/internal/workspace"
)

// errLeft is the end of a command that has found something that costs money and that nobody looks after.
var errLeft = errors.New("something is left that costs money")

// orphans finds what carries a stack's mark and is no part of it.
func (c *command) orphans() *cobra.Command {
	var (
		f      flags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "orphans STACK",
		Short: "Find what is left of a stack, or was made beside it",
		Long: "Find what carries a stack's labels or tags and is no part of it: what a destroy has left, what somebody\n" +
			"made by hand, a load balancer that its controller forgot, a volume that lost its claim. It looks in the\n" +
			"cluster, and in the stack's cloud through the program aws or gcloud. Nothing is deleted. Exit code 5 says\n" +
			"that some of it costs money.",
		Args: oneStack,
		RunE: func(cmd *cobra.Command, args []string) error {
			// It only reads, so it takes no lock.
			s, err := c.find("orphans", args[0], f)
			if err != nil {
				return err
			}
			defer s.close()
			if asJSON {
				s.printer = progress.New(c.errs, progress.Options{Verbose: f.verbose})
			}
			if err := s.configure(); err != nil && s.stack.MustHaveFile() == nil {
				return err
			}
			if err := s.passphrase(); err != nil {
				return err
			}
			return s.orphans(cmd.Context(), asJSON)
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what was found as JSON")
	return cmd
}

func (s *session) orphans(ctx context.Context, asJSON bool) error {
	if err := s.openCLI(ctx); err != nil {
		return err
	}
	deployment := &apitype.DeploymentV3{}
	if known, err := s.known(); err != nil {
		return err
	} else if known {
		stack, err := s.selectStack(ctx, false)
		if err != nil && !errors.Is(err, errNoStack) {
			return err
		}
		if err == nil {
			if deployment, err = s.deployment(ctx, &stack); err != nil {
				return err
			}
		}
	}
	s.readWhere(deployment)
	if err := s.reachToLook(ctx); err != nil {
		return err
	}
	found, err := s.leftovers(ctx, deployment)
	if err != nil {
		return err
	}
	if asJSON {
		encoder := json.NewEncoder(s.out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(append([]orphans.Orphan{}, found...)); err != nil {
			return fmt.Errorf("printing what was found: %w", err)
		}
	} else {
		s.printOrphans(found)
	}
	if len(orphans.Billing(found)) > 0 {
		return errLeft
	}
	return nil
}

// reachToLook reaches the stack's cluster where there is one; none is started in order to find that it is empty.
func (s *session) reachToLook(ctx context.Context) error {
	if s.ownCloud() {
		return s.reachCloud(ctx)
	}
	tied, err := target.Tied(s.stack)
	if err != nil {
		return err
	}
	named := s.flags.kubeconfig != "" || s.sharedCluster() != ""
	if !named && (tied == nil || tied.Kind == target.Embedded) && !offline.Running(s.project.Path("cluster")) {
		wish, err := target.Choose(ctx, s.name, s.stack, s.wish())
		if err != nil {
			return err
		}
		if wish.Kind == target.Embedded {
			s.cluster = &target.Cluster{Kind: target.Embedded}
			s.printer.Printf("cluster: there is none: the embedded one is not running")
			return nil
		}
	}
	return s.reach(ctx)
}

// leftovers looks in the cluster that was reached, and in the stack's cloud.
func (s *session) leftovers(ctx context.Context, deployment *apitype.DeploymentV3) ([]orphans.Orphan, error) {
	var (
		found []orphans.Orphan
		alive map[string]bool
	)
	namespaces := s.namespacesOf(deployment)
	if s.cluster.Kubeconfig != "" {
		cluster, err := s.sweeper()
		if err != nil {
			return nil, err
		}
		scope := orphans.Scope{Selector: s.selector(), Namespaces: namespaces, Owned: map[string]bool{}}
		for _, o := range declared(deployment) {
			scope.Owned[orphans.Key(o.Kind, o.Namespace, o.Name)] = true
		}
		if found, err = cluster.Sweep(ctx, scope); err != nil {
			return nil, fmt.Errorf("looking for what is left in %s: %w", s.cluster, err)
		}
		if alive, err = cluster.Alive(ctx); err != nil && s.ownCloud() {
			return nil, fmt.Errorf("looking for what is left in %s: %w", s.cluster, err)
		}
	}
	cloud, err := s.asked(deployment)
	if err != nil || cloud == nil {
		return found, err
	}
	query := orphans.Query{
		Environment: workspace.Name + "-" + s.stack.Name, Stack: s.stack.Name, Namespaces: namespaces,
	}
	known := orphans.Known{IDs: map[string]bool{}, Alive: alive}
	if s.ownCloud() {
		query.Clusters = []string{query.Environment}
	}
	for _, state := range deployment.Resources {
		if pkg := state.Type.Package(); !state.Custom || pkg != "aws" && pkg != "gcp" {
			continue
		}
		known.IDs[string(state.ID)] = true
		for _, output := range []string{"arn", "selfLink", "name", "repositoryUrl"} {
			if id, ok := state.Outputs[output].(string); ok && id != "" {
				known.IDs[id] = true
			}
		}
		if kind := string(state.Type); kind == "aws:eks/cluster:Cluster" || kind == "gcp:container/cluster:Cluster" {
			known.Nodes = true
			if name, ok := state.Outputs["name"].(string); ok && !slices.Contains(query.Clusters, name) {
				query.Clusters = append(query.Clusters, name)
			}
		}
	}
	outside, err := orphans.InCloud(ctx, cloud, query, known)
	if err != nil {
		return nil, fmt.Errorf("looking for what is left of stack %s in its cloud: %w", s.stack.Name, err)
	}
	return append(found, outside...), nil
}

// sweeper looks into the cluster that was reached.
func (s *session) sweeper() (*orphans.Cluster, error) {
	rest, err := s.cluster.REST()
	if err != nil {
		return nil, err
	}
	cluster, err := orphans.NewCluster(rest, s.kubectl())
	if err != nil {
		return nil, fmt.Errorf("reaching %s: %w", s.cluster, err)
	}
	return cluster, nil
}

// selector is the labels that every object of the stack carries.
func (s *session) selector() string {
	return fmt.Sprintf("app.kubernetes.io/managed-by=plinth,app.kubernetes.io/part-of=%s",
		workload.Name(workload.MaxLabel, workspace.Name, s.stack.Name))
}

// namespacesOf are the stack's own: those in its state, and the one that its file names, or would by default.
func (s *session) namespacesOf(deployment *apitype.DeploymentV3) []string {
	names := []string{workload.Name(workload.MaxLabel, workspace.Name, s.stack.Name)}
	if s.config != nil {
		names[0] = s.config.Namespace.Name
	}
	for _, o := range declared(deployment) {
		if o.Kind == "Namespace" && !slices.Contains(names, o.Name) {
			names = append(names, o.Name)
		}
	}
	return names
}

// asked is the stack's cloud, as it can be asked what is in it; nil: it is in none.
func (s *session) asked(deployment *apitype.DeploymentV3) (orphans.Cloud, error) {
	if s.flags.simulate {
		world, err := s.world()
		if err != nil {
			return nil, err
		}
		return simulated{cloud: string(s.cloud), world: world}, nil
	}
	where := func(provider, key, configured string) string {
		for _, state := range deployment.Resources {
			if string(state.Type) == "pulumi:providers:"+provider {
				if value, ok := state.Inputs[key].(string); ok {
					return value
				}
			}
		}
		return configured
	}
	switch s.cloud {
	case config.OnAWS:
		region := ""
		if s.config != nil {
			region = s.config.AWS.Region
		}
		return orphans.AWS{Region: where("aws", "region", region)}, nil
	case config.OnGCP:
		project := ""
		if s.config != nil {
			project = s.config.GCP.Project
		}
		if project = where("gcp", "project", project); project == "" {
			return nil, &workspace.UsageError{Reason: fmt.Sprintf(
				"stack %s: neither its state nor its file says which project of Google Cloud it is in: plinth:gcp.project",
				s.stack.Name)}
		}
		return orphans.GCP{Project: project}, nil
	case config.Existing:
	}
	return nil, nil
}

// simulated is a simulated cloud, asked as a real one is.
type simulated struct {
	cloud string
	world *simulation.World
}

// Name implements [orphans.Cloud].
func (c simulated) Name() string { return c.cloud }

// Find returns everything that is there but what goes away with something else that is. What the cloud keeps in any
// case costs nothing any more.
func (c simulated) Find(context.Context, orphans.Query) ([]orphans.Resource, error) {
	var found []orphans.Resource
	for _, e := range c.world.Contents() {
		if e.Left == "" && e.Owner == "" {
			found = append(found, orphans.Resource{Kind: e.Type, ID: e.ID, Name: e.Name, Tags: e.Tags})
		}
	}
	return found, nil
}

// printOrphans prints what was found, what costs money first.
func (s *session) printOrphans(found []orphans.Orphan) {
	for _, o := range found {
		lines := []string{fmt.Sprintf("  %-10s %s", map[bool]string{true: "costs", false: "left"}[o.Bills], o)}
		lines = append(lines, fmt.Sprintf("    where:    %s, by %s", o.Where, o.Why))
		if o.Held != "" {
			lines = append(lines, "    held by:  "+o.Held)
		}
		if o.Next != "" {
			lines = append(lines, "    next:     "+o.Next)
		}
		s.printer.Printf("%s", strings.Join(lines, "\n"))
	}
	if len(found) == 0 {
		s.printer.Printf("stack %s: nothing is left or forgotten (%s)", s.stack.Name, s.printer.Elapsed())
		return
	}
	s.printer.Printf("stack %s: %d that nobody looks after, of which %d cost money (%s)", s.stack.Name, len(found),
		len(orphans.Billing(found)), s.printer.Elapsed())
}

// sweepPatience is how long a cluster has to delete what a destroy has let go of: volumes after their claims.
const sweepPatience = time.Minute

// swept looks, after a destroy, for what it has left besides what was kept on purpose. What costs money is an error.
func (s *session) swept(ctx context.Context, kept []target.Kept) error {
	ours := func(o orphans.Orphan) bool {
		return slices.ContainsFunc(kept, func(k target.Kept) bool {
			inside := o.Where == orphans.InCluster && (strings.HasPrefix(o.Name, k.Namespace+"/") || o.Name == k.Namespace)
			return inside || slices.ContainsFunc(k.Claims, func(claim target.Claim) bool { return claim.Volume == o.Name })
		})
	}
	var found []orphans.Orphan
	for deadline := time.Now().Add(sweepPatience); ; {
		var err error
		if found, err = s.leftovers(ctx, &apitype.DeploymentV3{}); err != nil {
			return err
		}
		found = slices.DeleteFunc(found, ours)
		passing := slices.ContainsFunc(found, func(o orphans.Orphan) bool { return o.Bills && o.Leaving })
		if !passing || time.Now().After(deadline) {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
	if len(found) == 0 {
		return nil
	}
	s.printOrphans(found)
	if len(orphans.Billing(found)) > 0 {
		return errLeft
	}
	return nil
}

// hangPatience is how long a namespace may take to go before it is asked what holds it.
const hangPatience = 30 * time.Second

// explainHanging says, while the work goes on, what holds the stack's namespaces that are being deleted for long; once
// for each.
func (s *session) explainHanging(ctx context.Context, namespaces []string, work func() error) error {
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		said := map[string]string{}
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(cmp.Or(s.patience, hangPatience)):
				s.sayHanging(ctx, namespaces, said)
			}
		}
	}()
	err := work()
	stop()
	<-ended
	if err != nil {
		// The time of the command may be over; what is said now is why.
		s.sayHanging(context.WithoutCancel(ctx), namespaces, map[string]string{})
	}
	return err
}

func (s *session) sayHanging(ctx context.Context, namespaces []string, said map[string]string) {
	if s.cluster == nil || s.cluster.Kubeconfig == "" {
		return
	}
	cluster, err := s.sweeper()
	if err != nil {
		return // The destroy itself says that the cluster cannot be reached.
	}
	hanging, err := cluster.Hanging(ctx, namespaces...)
	if err != nil {
		return
	}
	for _, namespace := range namespaces {
		holds := strings.Join(hanging[namespace], "\n    ")
		if holds == "" || said[namespace] == holds {
			continue
		}
		said[namespace] = holds
		s.printer.Printf("  held       Namespace %s does not go away before:\n    %s\n"+
			"    next: the controller that set a finalizer removes it: see that it runs; if it is gone for good, remove the\n"+
			"    finalizer: %s edit KIND NAME --namespace %s", namespace, holds, s.kubectl(), namespace)
	}
}
