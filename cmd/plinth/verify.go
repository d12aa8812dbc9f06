package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/spf13/cobra"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/restmapper"

	"plinth/components/edge"
	"plinth/config"
	"plinth/internal/progress"
	"plinth/internal/promotion"
	"plinth/internal/target"
	"plinth/internal/verify"
)

// verify looks whether what a stack has deployed works.
func (c *command) verify() *cobra.Command {
	var (
		f      flags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "verify STACK",
		Short: "Look whether what a stack has deployed works",
		Long: "Look whether what a stack has deployed works: every object is there as declared, workloads are ready,\n" +
			"Services lead somewhere, Secrets are complete, certificates valid, replicas stream, and what is served\n" +
			"answers. Each finding says what was expected, what was seen, and what to do next. Nothing is changed.",
		Args: oneStack,
		RunE: func(cmd *cobra.Command, args []string) error {
			// It only reads, so it takes no lock.
			s, err := c.find("verify", args[0], f)
			if err != nil {
				return err
			}
			defer s.close()
			if asJSON {
				// Standard output is for the checks alone.
				s.printer = progress.New(c.errs, progress.Options{Verbose: f.verbose})
			}
			if err := s.configure(); err != nil {
				return err
			}
			if err := s.passphrase(); err != nil {
				return err
			}
			return s.verify(cmd.Context(), asJSON)
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print every check as JSON")
	return cmd
}

func (s *session) verify(ctx context.Context, asJSON bool) error {
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
	deployment, err := s.deployment(ctx, &stack)
	if err != nil {
		return err
	}
	if len(deployment.Resources) == 0 {
		return s.notDeployed()
	}
	if err := s.reach(ctx); err != nil {
		return err
	}
	verifier, err := s.verifier()
	if err != nil {
		return err
	}
	databases, endpoints := inPods(s.config)
	checks := verifier.Run(ctx, declared(deployment), databases, endpoints, entrance(s.config, deployment)...)
	failed := verify.Failed(checks)
	if asJSON {
		encoder := json.NewEncoder(s.out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(checks); err != nil {
			return fmt.Errorf("printing the checks: %w", err)
		}
	} else {
		s.printChecks(checks, verifier.SQL == nil)
	}
	if len(failed) > 0 {
		return errReported
	}
	return nil
}

// verifier reaches the stack's cluster.
func (s *session) verifier() (*verify.Verifier, error) {
	rest, err := s.cluster.REST()
	if err != nil {
		return nil, err
	}
	rest.QPS = -1 // Some dozens of reads, once.
	client, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return nil, fmt.Errorf("reaching %s: %w", s.cluster, err)
	}
	objects, err := dynamic.NewForConfig(rest)
	if err != nil {
		return nil, fmt.Errorf("reaching %s: %w", s.cluster, err)
	}
	kinds, err := discovery.NewDiscoveryClientForConfig(rest)
	if err != nil {
		return nil, fmt.Errorf("reaching %s: %w", s.cluster, err)
	}
	v := &verify.Verifier{
		Client: client, Dynamic: objects,
		Mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(kinds)),
		Repair: "plinth up " + s.which() + " --refresh", Kubectl: s.kubectl(), Now: time.Now(),
	}
	// Simulated pods have nothing in them that could be asked.
	if s.cluster.Kind != target.Embedded && !s.flags.simulate {
		v.SQL = func(ctx context.Context, namespace, pod, statement string) (string, error) {
			return promotion.Exec(rest, client, namespace, promotion.PSQL())(ctx, pod, statement)
		}
		v.Get = verify.Through(rest, client)
		v.Dial = (&net.Dialer{Timeout: 5 * time.Second}).DialContext
	}
	return v, nil
}

// printChecks prints a line for each check that failed, with --verbose for every one, and how many there were.
func (s *session) printChecks(checks []verify.Check, simulated bool) {
	for _, check := range checks {
		switch {
		case !check.OK:
			s.printer.Printf("  failed     %s\n    expected: it %s\n    seen:     %s\n    next:     %s", check.Subject,
				strings.TrimPrefix(check.Expected, "it "), check.Seen, check.Next)
		case s.flags.verbose:
			s.printer.Printf("  good       %s: %s", check.Subject, check.Expected)
		}
	}
	if simulated {
		s.printer.Printf("its pods are simulated: what runs in them was not asked")
	}
	if failed := verify.Failed(checks); len(failed) > 0 {
		if slices.ContainsFunc(failed, verify.FromOperator) {
			s.printPreparation()
		}
		s.printer.Printf("stack %s: %d of %d checks failed (%s)", s.stack.Name, len(failed), len(checks),
			s.printer.Elapsed())
		return
	}
	works := "works"
	if s.name == "doctor" {
		works = "can be deployed"
	}
	s.printer.Printf("stack %s %s: %d checks (%s)", s.stack.Name, works, len(checks), s.printer.Elapsed())
}

// declared are the Kubernetes objects of a state. What is only patched must be there too.
func declared(deployment *apitype.DeploymentV3) []verify.Object {
	var objects []verify.Object
	for _, state := range deployment.Resources {
		// The plugin says which object it is in the outputs, under its generated name where it has one. A resource that
		// waits for its replacement to be finished is on its way out.
		if state.Type.Package() != "kubernetes" || !state.Custom || state.Delete {
			continue
		}
		var o verify.Object
		o.APIVersion, _ = state.Outputs["apiVersion"].(string)
		o.Kind, _ = state.Outputs["kind"].(string)
		metadata, _ := state.Outputs["metadata"].(map[string]any)
		o.Namespace, _ = metadata["namespace"].(string)
		o.Name, _ = metadata["name"].(string)
		o.Declared, _ = revealed(state.Inputs).(map[string]any)
		if o.Kind != "" && o.Name != "" {
			objects = append(objects, o)
		}
	}
	return objects
}

// revealed replaces the secrets in a part of a state, which an export holds as text, by what they are. Nothing of it is
// printed: only whether it is there matters.
func revealed(value any) any {
	switch value := value.(type) {
	case map[string]any:
		if value[resource.SigKey] == resource.SecretSig {
			var secret any
			text, _ := value["plaintext"].(string)
			if json.Unmarshal([]byte(text), &secret) != nil {
				return nil
			}
			return revealed(secret)
		}
		shown := make(map[string]any, len(value))
		for key, element := range value {
			shown[key] = revealed(element)
		}
		return shown
	case []any:
		shown := make([]any, len(value))
		for i, element := range value {
			shown[i] = revealed(element)
		}
		return shown
	default:
		return value
	}
}

// inPods are the databases and the endpoints that can be asked.
func inPods(c *config.Config) (databases []verify.Database, endpoints []verify.Endpoint) {
	for name, database := range c.Databases {
		if database.Engine == config.Postgres {
			databases = append(databases, verify.Database{
				Namespace: c.Namespace.Name, Name: name, Replicas: database.Replicas,
			})
		}
	}
	for name, app := range c.Apps {
		probe := app.Probes.Readiness
		if probe == nil || probe.Path == "" {
			continue
		}
		for _, port := range app.Ports {
			if port.Name == probe.Port {
				endpoints = append(endpoints, verify.Endpoint{
					Namespace: c.Namespace.Name, Service: name, Port: port.Service, Paths: []string{probe.Path},
				})
			}
		}
	}
	for _, bucket := range c.Buckets {
		// What answers here is whether there are enough drives to read and write objects:
		// https://docs.min.io/community/minio-object-store/operations/monitoring/healthcheck-probe.html. It has no word for
		// who comes without TLS, where the server has a certificate: its pods are looked at there.
		if bucket.Engine == config.MinIOBucket && c.MinIO.TLSSecret == "" {
			endpoints = append(endpoints, verify.Endpoint{
				Namespace: c.Namespace.Name, Service: "minio", Port: 9000,
				Paths: []string{"/minio/health/cluster", "/minio/health/cluster/read"},
			})
			break
		}
	}
	if routes := c.Proxy.Routes; len(routes) > 0 {
		entrance := verify.Endpoint{Namespace: c.Namespace.Name, Service: "proxy", Port: 80}
		for _, route := range routes {
			entrance.Paths = append(entrance.Paths, route.Path)
		}
		endpoints = append(endpoints, entrance)
	}
	return databases, endpoints
}

// entrance is the edge as the outside meets it, where there is one. What is inside a cloud's network cannot be asked
// from here.
func entrance(c *config.Config, deployment *apitype.DeploymentV3) []verify.Entrance {
	e := &c.Edge
	if !e.Serves() {
		return nil
	}
	made := verify.Entrance{
		Namespace: c.Namespace.Name, Secret: edge.TLS{Issuer: e.TLS.Issuer, Secret: e.TLS.Secret}.Kept(),
		Secure: e.Secure(), Redirects: e.Redirect && e.Kind != config.EdgeLoadBalancer, HTTP: 80, HTTPS: 443,
	}
	if e.Kind == config.EdgeLoadBalancer {
		made.HTTP, made.HTTPS = e.Ports.HTTP, e.Ports.HTTPS
	}
	for _, route := range e.Routes {
		made.Routes = append(made.Routes, verify.Route{Host: route.Host, Path: route.Path})
	}
	if e.Internal || e.Controller.Kind == config.Lattice {
		return []verify.Entrance{made}
	}
	for _, state := range deployment.Resources {
		if state.Type == resource.RootStackType {
			made.Address, _ = state.Outputs["edgeAddress"].(string)
		}
	}
	return []verify.Entrance{made}
}
