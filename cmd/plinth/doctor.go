package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/spf13/cobra"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/restmapper"

	"plinth/config"
	"plinth/internal/progress"
	"plinth/internal/record"
	"plinth/internal/verify"
	"plinth/internal/workspace"
)

// doctor looks whether what a stack needs around it is there.
func (c *command) doctor() *cobra.Command {
	var (
		f      flags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "doctor STACK",
		Short: "Look whether what a stack needs is there, before it is deployed",
		Long: "Look whether what a stack needs is there, before it is deployed: its configuration, programs and plugins,\n" +
			"the backend, credentials and quotas of its cloud, and in its cluster the kinds of objects it makes and the\n" +
			"right to make them. Each finding says what was expected, what was seen, and what to do next. Nothing is changed.",
		Args: oneStack,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.find("doctor", args[0], f)
			if err != nil {
				return err
			}
			defer s.close()
			if asJSON {
				s.printer = progress.New(c.errs, progress.Options{Verbose: f.verbose})
			}
			return s.doctor(cmd.Context(), asJSON)
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print every check as JSON")
	return cmd
}

// diagnosis collects what a doctor has seen.
type diagnosis struct {
	checks []verify.Check
}

// saw notes what was seen of something; with an error, that it is not as expected.
func (d *diagnosis) saw(subject, expected, seen, next string, err error) {
	check := verify.Check{Subject: subject, Expected: expected, Seen: seen, OK: err == nil}
	if err != nil {
		check.Seen, check.Next = err.Error(), next
	}
	d.checks = append(d.checks, check)
}

func (s *session) doctor(ctx context.Context, asJSON bool) error {
	d := &diagnosis{}
	err := s.configure()
	d.saw("configuration", "is right", "it is", "put right what is named", err)
	if err == nil {
		d.saw("passphrase", "can be had where one encrypts", "it can", "", s.passphrase())
		err = s.openBackend(ctx)
		d.saw("Pulumi CLI", "is of a version that Pulumi.yaml allows", s.version(),
			"install Pulumi, or Go to build it with", err)
	}
	if err == nil {
		s.lookAtBackend(ctx, d)
		s.lookAtPlugins(d)
		s.lookAtCloud(ctx, d)
		s.lookAtCluster(ctx, d)
	}
	if asJSON {
		encoder := json.NewEncoder(s.out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(d.checks); err != nil {
			return fmt.Errorf("printing the checks: %w", err)
		}
	} else {
		s.printChecks(d.checks, false)
	}
	if len(verify.Failed(d.checks)) > 0 {
		return errReported
	}
	return nil
}

// version is that of the Pulumi CLI.
func (s *session) version() string {
	if s.cli == nil {
		return ""
	}
	return s.cli.Version().String() + " (" + s.project.Relative(s.cli.Path) + ")"
}

func (s *session) lookAtBackend(ctx context.Context, d *diagnosis) {
	_, complaint, _, err := s.cli.Run(ctx, s.project.Root, nil, nil, nil, s.variables(), "stack", "ls", "--json")
	if err != nil {
		err = errors.New(strings.TrimSpace(complaint))
	}
	d.saw("backend", "can be read", s.env["PULUMI_BACKEND_URL"],
		"log in to it, or set PULUMI_BACKEND_URL to another one", err)
}

func (s *session) lookAtPlugins(d *diagnosis) {
	for _, plugin := range slices.Concat(s.plugins(), s.cloudPlugin()) {
		missing, err := workspace.Missing(s.env["PULUMI_HOME"], []workspace.Plugin{plugin})
		seen := plugin.Minimum + " or later is installed"
		if err == nil && len(missing) > 0 {
			if plugin.Name == string(s.cloud) && !s.flags.simulate {
				err = errors.New("it is not installed, and a real cloud has no stand-in")
			}
			seen = "it is not installed: a stand-in serves"
		}
		d.saw("plugin "+plugin.Name, "is there", seen, "pulumi plugin install resource "+plugin.Name+" "+plugin.Minimum, err)
	}
}

// printed is what a program prints; its complaint is the error.
func printed(ctx context.Context, program string, args ...string) ([]byte, error) {
	var errs bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, fmt.Errorf("the program %s is not installed", program)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, strings.TrimSpace(errs.String()))
	}
	return out, nil
}

// lookAtCloud asks the cloud's own program who it acts as, and what is left of the quotas that a first up runs into.
func (s *session) lookAtCloud(ctx context.Context, d *diagnosis) {
	if s.flags.simulate {
		return
	}
	switch s.cloud {
	case config.OnAWS:
		s.lookAtAWS(ctx, d)
	case config.OnGCP:
		s.lookAtGCP(ctx, d)
	case config.Existing:
	}
}

func (s *session) lookAtAWS(ctx context.Context, d *diagnosis) {
	var identity struct{ Account, Arn string }
	out, err := printed(ctx, "aws", "sts", "get-caller-identity", "--output", "json")
	if err == nil {
		err = json.Unmarshal(out, &identity)
	}
	if wanted := s.config.AWS.Account; err == nil && wanted != "" && wanted != identity.Account {
		err = fmt.Errorf("they are for account %s, and plinth:aws.account is %s", identity.Account, wanted)
	}
	d.saw("credentials of AWS", "are there", identity.Arn, "log in: aws sso login, or assume the role of the stack", err)
	if err != nil {
		return
	}
	// Codes: https://docs.aws.amazon.com/general/latest/gr/vpc-service.html, .../ec2-service.html.
	for _, quota := range []struct {
		what, service, code, list, key string
		needs                          int
	}{
		{"VPCs", "vpc", "L-F678F1CE", "describe-vpcs", "Vpcs", 1},
		{"Elastic IP addresses", "ec2", "L-0263D0A3", "describe-addresses", "Addresses", 1},
	} {
		var limit struct{ Quota struct{ Value float64 } }
		var used map[string][]any
		out, err := printed(ctx, "aws", "service-quotas", "get-service-quota", "--service-code", quota.service,
			"--quota-code", quota.code, "--region", s.config.AWS.Region, "--output", "json")
		if err == nil {
			err = json.Unmarshal(out, &limit)
		}
		if err == nil {
			out, err = printed(ctx, "aws", "ec2", quota.list, "--region", s.config.AWS.Region, "--output", "json")
		}
		if err == nil {
			err = json.Unmarshal(out, &used)
		}
		seen := fmt.Sprintf("%d of %.0f are used", len(used[quota.key]), limit.Quota.Value)
		if err == nil && float64(len(used[quota.key])+quota.needs) > limit.Quota.Value {
			err = errors.New(seen)
		}
		d.saw("quota of "+quota.what, "leaves room", seen,
			"have it raised: aws service-quotas request-service-quota-increase, or remove what is not needed", err)
	}
}

func (s *session) lookAtGCP(ctx context.Context, d *diagnosis) {
	var project struct{ ProjectID, LifecycleState string }
	out, err := printed(ctx, "gcloud", "projects", "describe", s.config.GCP.Project, "--format=json")
	if err == nil {
		err = json.Unmarshal(out, &project)
	}
	if err == nil && project.LifecycleState != "ACTIVE" {
		err = fmt.Errorf("project %s is %s", s.config.GCP.Project, project.LifecycleState)
	}
	d.saw("credentials of Google Cloud", "reach project "+s.config.GCP.Project, "they do",
		"log in: gcloud auth application-default login", err)
	_, err = exec.LookPath("gke-gcloud-auth-plugin")
	d.saw("program gke-gcloud-auth-plugin", "is installed", "it is",
		"gcloud components install gke-gcloud-auth-plugin", err)
	var region struct {
		Quotas []struct {
			Metric       string
			Limit, Usage float64
		}
	}
	out, err = printed(ctx, "gcloud", "compute", "regions", "describe", s.config.GCP.Region,
		"--project", s.config.GCP.Project, "--format=json")
	if err == nil {
		err = json.Unmarshal(out, &region)
	}
	var full []string
	for _, quota := range region.Quotas {
		if slices.Contains([]string{"CPUS", "IN_USE_ADDRESSES", "SSD_TOTAL_GB", "DISKS_TOTAL_GB"}, quota.Metric) &&
			quota.Usage >= quota.Limit {
			full = append(full, fmt.Sprintf("%s: %.0f of %.0f", quota.Metric, quota.Usage, quota.Limit))
		}
	}
	if err == nil && len(full) > 0 {
		err = fmt.Errorf("used up: %s", strings.Join(full, ", "))
	}
	d.saw("quotas of region "+s.config.GCP.Region, "leave room", "they do",
		"have them raised: https://console.cloud.google.com/iam-admin/quotas", err)
}

// lookAtCluster looks whether the cluster serves every kind that the stack makes objects of, and lets it make them. A
// cluster that the stack is going to make itself is not there yet.
func (s *session) lookAtCluster(ctx context.Context, d *diagnosis) {
	err := s.reachToLook(ctx)
	if err == nil && s.cluster.Kubeconfig == "" {
		d.saw("cluster", "can be reached", s.cluster.String()+" is started or made by plinth up", "", nil)
		return
	}
	var client *kubernetes.Clientset
	if err == nil {
		rest, restErr := s.cluster.REST()
		if err = restErr; err == nil {
			rest.QPS = -1 // One question for each kind, once.
			client, err = kubernetes.NewForConfig(rest)
		}
	}
	var version string
	if err == nil {
		info, versionErr := client.Discovery().ServerVersion()
		if err = versionErr; err == nil {
			version = s.cluster.String() + " runs Kubernetes " + info.GitVersion
		}
	}
	d.saw("cluster", "can be reached", version, "look at --kubeconfig, --context and KUBECONFIG, and log in to it", err)
	if err != nil {
		return
	}
	rec, err := s.recording(ctx)
	if err != nil {
		d.saw("program", "makes what the configuration says", "", "put right what is named", err)
		return
	}
	kinds := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery()))
	for _, wanted := range kindsOf(rec) {
		lookAtKind(ctx, d, client, kinds, wanted, len(s.config.Operators) > 0)
	}
	_, _, err = client.Discovery().ServerGroupsAndResources()
	if discovery.IsGroupDiscoveryFailedError(err) {
		d.saw("APIs of the cluster", "are served", "",
			"repair or remove the APIService: while it is away, no namespace goes", err)
	}
}

// wantedKind is a kind that a stack makes objects of, in a namespace where it is in one.
type wantedKind struct {
	schema.GroupVersionKind
	namespace string
}

// kindsOf are the kinds of objects that a program makes, each with one namespace.
func kindsOf(rec *record.Recording) []wantedKind {
	var found []wantedKind
	for _, r := range rec.Resources {
		text := func(key string) string {
			if value, ok := r.Inputs[resource.PropertyKey(key)]; ok && value.IsString() {
				return value.StringValue()
			}
			return ""
		}
		if !r.Custom || r.Type.Package() != "kubernetes" || text("kind") == "" {
			continue
		}
		wanted := wantedKind{GroupVersionKind: schema.FromAPIVersionAndKind(text("apiVersion"), text("kind"))}
		if metadata, ok := r.Inputs["metadata"]; ok && metadata.IsObject() {
			if namespace, ok := metadata.ObjectValue()["namespace"]; ok && namespace.IsString() {
				wanted.namespace = namespace.StringValue()
			}
		}
		if !slices.Contains(found, wanted) {
			found = append(found, wanted)
		}
	}
	slices.SortFunc(found, func(a, b wantedKind) int {
		return strings.Compare(a.String()+a.namespace, b.String()+b.namespace)
	})
	return found
}

// lookAtKind asks whether a kind is served, and may be created, changed and deleted. brings says that the stack
// installs operators, which may bring kinds.
func lookAtKind(
	ctx context.Context, d *diagnosis, client kubernetes.Interface, kinds meta.RESTMapper, wanted wantedKind,
	brings bool,
) {
	subject := "kind " + wanted.Kind
	if wanted.namespace != "" {
		subject += " in namespace " + wanted.namespace
	}
	const expected = "is served, and may be created, patched and deleted"
	mapping, err := kinds.RESTMapping(wanted.GroupKind(), wanted.Version)
	if meta.IsNoMatchError(err) && brings {
		d.saw(subject, expected, "it is not served yet: the stack installs operators", "", nil)
		return
	}
	if meta.IsNoMatchError(err) {
		d.saw(subject, expected, "", "install the operator that brings it, or let the stack do so (plinth:operators)",
			fmt.Errorf("the cluster does not know %s %s", wanted.GroupVersion(), wanted.Kind))
		return
	}
	var forbidden []string
	for _, verb := range []string{"get", "create", "patch", "delete"} {
		if err != nil {
			break
		}
		review := &authorizationv1.SelfSubjectAccessReview{}
		review.Spec.ResourceAttributes = &authorizationv1.ResourceAttributes{
			Namespace: wanted.namespace, Verb: verb, Group: mapping.Resource.Group, Version: mapping.Resource.Version,
			Resource: mapping.Resource.Resource,
		}
		var answer *authorizationv1.SelfSubjectAccessReview
		answer, err = client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		if err == nil && !answer.Status.Allowed {
			forbidden = append(forbidden, verb)
		}
	}
	if len(forbidden) > 0 {
		err = fmt.Errorf("not allowed: %s", strings.Join(forbidden, ", "))
	}
	d.saw(subject, expected, "it is", "have an administrator of the cluster grant it", err)
}
