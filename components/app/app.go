// Package app deploys an application: any container that serves, in as many pods as it takes.
package app

import (
	"fmt"
	"maps"
	"slices"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/workload"
)

// App is an application: a Deployment of hardened pods behind a Service, with its own service account, disruption
// budget and, where asked for, autoscaler; and the network policies that its edges and bindings need. It waits until
// the pods are ready. An update that fails leaves the old pods serving.
type App struct {
	pulumi.ResourceState

	// URL is where other workloads in the cluster reach the main port; empty for an app without ports.
	URL string
	// Peer is the app as the other end of an edge.
	Peer binding.Peer
	// Backends are what a route to the app leads to, with the share of the requests that each takes: the app's Service,
	// and its canary's where there is one. Empty for an app without ports. The weights add up to 100.
	Backends []workload.Backend
	// Ready is what somebody who needs the app waits for.
	Ready []pulumi.Resource
}

// Args says what an application is.
type Args struct {
	// Namespace holds everything made here.
	Namespace *workload.Namespace
	// PartOf names the environment.
	PartOf string
	// Image is resolved already.
	Image string
	// Replicas is the number of pods. Nil with Autoscaling, which then owns the number.
	Replicas *int
	// Autoscaling is nil for a fixed number of pods.
	Autoscaling *Autoscaling
	// Disruption bounds how many pods a drain may take at once.
	Disruption Disruption
	// Strategy is how a new version takes the old one's place. Zero: [RollingUpdate].
	Strategy Strategy
	// Canary is another version that takes a share of the requests. Nil: none.
	Canary *Canary
	// Placement says where the pods run.
	Placement workload.Placement
	// Access is what the pods may do with the cluster's API. Nil: nothing, and they have no token.
	Access *Access
	// Waivers are what the image really cannot do, each with its reason.
	Waivers map[Waiver]string
	// Extras are further containers of each pod, in order.
	Extras []Extra
	// Jobs are what else the image is run for, by name.
	Jobs map[string]Task
	// Metrics are offered to Prometheus. Nil: none.
	Metrics *Metrics
	// User is the uid, gid and group of volumes. Nil: the image's own numeric user.
	User *int
	// Command replaces the image's entrypoint, Args its command. Nil keeps the image's.
	Command, Args []string
	// Server is an application server that is told its number of workers.
	Server Server
	// Workers is that number. Zero: two for each core of the CPU limit, and one.
	Workers int
	// Ports is the one list, the main port first. Empty: no Service.
	Ports workload.Ports
	// Startup, Readiness and Liveness are optional.
	Startup, Readiness, Liveness *workload.Probe
	// Resources are all required.
	Resources workload.Resources
	// Env are plain environment variables.
	Env map[string]string
	// Secrets are environment variables with secret values, which the app's own Secret holds.
	Secrets map[string]pulumi.StringInput
	// Files are mounted read-only, by absolute path.
	Files map[string]string
	// Writable are folders that the app may write to, besides /tmp.
	Writable []string
	// AccountAnnotations are those of the app's service account, which is called as the app is.
	AccountAnnotations pulumi.StringMap
	// Bindings are what the app uses. Their variables come before Env, so that Env may refer to them.
	Bindings []binding.Binding
	// Migration runs before a new version does. Nil: none.
	Migration *Migration
	// AfterMigration are statements that run in the application's database once it is migrated. Nil: none.
	AfterMigration *SQL
	// Edges are what the app connects to, besides what its bindings lead to.
	Edges []binding.Edge
	// Public opens the main port to every client.
	Public bool
	// Grace is the time to stop in seconds, the drain included; Drain how long it serves on after it left its Service.
	Grace, Drain int
	// RolloutTimeout is how long, in seconds, a rollout may take until it has failed.
	RolloutTimeout int
}

// Disruption bounds how many pods may be away at once by a drain. Exactly one is set.
type Disruption struct{ MinAvailable, MaxUnavailable *int }

// New deploys the application.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*App, error) {
	id := workload.ID{Name: name, Component: "application", PartOf: args.PartOf, Namespace: args.Namespace.Name}
	a := &App{Peer: id.Peer()}
	if err := ctx.RegisterComponentResource("plinth:app:App", name, a, opts...); err != nil {
		return nil, fmt.Errorf("registering application %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, id: id, args: args, app: a, account: name}
	if err := b.run(
		b.edges, b.serviceAccount, b.access, b.secrets, b.environment, b.files, b.budget, b.common, b.migration,
		b.statements, b.deployment, b.service, b.autoscaler, b.metrics, b.jobs, b.canary, b.backends,
	); err != nil {
		return nil, fmt.Errorf("application %s: %w", name, err)
	}
	if len(args.Ports) > 0 {
		a.URL = args.Ports[0].URL("http", name, id.Namespace)
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"url": pulumi.String(a.URL)})
}

// builder makes an application's parts in the order of their dependencies.
type builder struct {
	ctx  *pulumi.Context
	name string
	id   workload.ID
	args *Args
	app  *App

	// account is the name of the service account, and granted it and what it may do.
	account string
	granted []pulumi.Resource
	// before is what the pods wait for.
	before []pulumi.Resource
	// pod is completed on the way.
	pod workload.Pod
	// revisions change with the secret values that bindings lead to.
	revisions []any
	// env is the container's environment.
	env []binding.Variable
	// mounts are the container's.
	mounts []workload.Mount

	workloads *appsv1.Deployment
}

// run takes the steps up to the first that fails.
func (b *builder) run(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// child are the options of everything made here: below the component, after the namespace and its guards.
func (b *builder) child(after ...pulumi.Resource) []pulumi.ResourceOption {
	return []pulumi.ResourceOption{
		pulumi.Parent(b.app), pulumi.DependsOn(slices.Concat(b.args.Namespace.Ready, after)),
	}
}

// edges opens the network first, so that the pods' first connection is not refused.
func (b *builder) edges() error {
	for _, bound := range b.args.Bindings {
		b.env = append(b.env, bound.Env...)
		b.before = append(b.before, bound.Ready...)
		if bound.Revision != nil {
			b.revisions = append(b.revisions, bound.Revision)
		}
	}
	policies, err := workload.Edges(b.ctx, b.name, b.id, b.outgoing(), b.child()...)
	if err != nil {
		return err
	}
	b.before = append(b.before, policies...)
	if !b.args.Public || len(b.args.Ports) == 0 {
		return nil
	}
	policy, err := workload.Public(b.ctx, b.name, b.id, b.args.Ports[:1].Edges(), b.child()...)
	b.before = append(b.before, policy)
	return err
}

func (b *builder) serviceAccount() error {
	meta := b.id.Meta(b.name)
	if len(b.args.AccountAnnotations) > 0 {
		meta.Annotations = b.args.AccountAnnotations
	}
	account, err := corev1.NewServiceAccount(b.ctx, b.name+"-account", &corev1.ServiceAccountArgs{
		Metadata:                     meta,
		AutomountServiceAccountToken: pulumi.Bool(false),
	}, b.child()...)
	b.before, b.granted = append(b.before, account), append(b.granted, account)
	return err
}

func (b *builder) budget() error {
	return newBudget(b.ctx, b.name+"-budget", b.id, b.args.Disruption, b.child()...)
}

// environment completes the variables: after those of bindings and secrets, so that they may refer to them.
func (b *builder) environment() error {
	workers, err := b.args.workers()
	b.env = append(b.env, workers...)
	for _, name := range sortedKeys(b.args.Env) {
		// The application's own word is the last one, also on what a binding says.
		b.env = slices.DeleteFunc(b.env, func(v binding.Variable) bool { return v.Name == name })
		b.env = append(b.env, binding.Variable{Name: name, Value: pulumi.String(b.args.Env[name])})
	}
	return err
}

// common is what the pods of the application and of its migration share.
func (b *builder) common() error {
	b.pod.ID, b.pod.User, b.pod.ServiceAccount = b.id, b.args.User, pulumi.String(b.account)
	b.pod.Grace, b.pod.Spread, b.pod.RevisionLabel = b.args.Grace, true, "pod-template-hash"
	b.pod.Placement, b.pod.Token = b.args.Placement, b.args.Access != nil
	if len(b.revisions) > 0 {
		b.annotate("bindings", workload.Fingerprint(b.id, b.revisions...))
	}
	return nil
}

// container is one with the application's image, environment and files.
func (b *builder) container(name string) workload.Container {
	return workload.Container{
		Name: name, Image: b.args.Image, Env: b.env, Resources: b.args.Resources,
		Mounts: b.mounts, Writable: b.args.Writable,
		WritableRoot: b.args.waives(WritableRoot), LowPorts: b.args.waives(LowPorts),
	}
}

func (b *builder) deployment() (err error) {
	container := b.container(b.name)
	container.Command, container.Args, container.Ports = b.args.Command, b.args.Args, b.args.Ports
	container.Startup, container.Readiness, container.Liveness = b.args.Startup, b.args.Readiness, b.args.Liveness
	container.Drain = b.args.Drain
	b.pod.Containers = []workload.Container{container}
	if err := b.extras(); err != nil {
		return err
	}
	if err := b.pod.Check(); err != nil {
		return err
	}
	strategy, err := b.args.Strategy.args()
	if err != nil {
		return err
	}
	pod := b.pod
	pod.Annotations = b.scraped()
	spec := appsv1.DeploymentSpecArgs{
		Selector:                metav1.LabelSelectorArgs{MatchLabels: workload.StringMap(b.id.Selector())},
		Template:                pod.Template(),
		Strategy:                strategy,
		RevisionHistoryLimit:    pulumi.Int(3),
		ProgressDeadlineSeconds: pulumi.Int(b.args.RolloutTimeout),
	}
	if b.args.Replicas != nil {
		spec.Replicas = pulumi.Int(*b.args.Replicas)
	}
	meta := b.id.Meta(b.name)
	meta.Annotations = pulumi.StringMap{"pulumi.com/timeoutSeconds": pulumi.String(fmt.Sprint(b.args.RolloutTimeout))}
	maps.Copy(meta.Annotations.(pulumi.StringMap), b.args.waived())
	b.workloads, err = appsv1.NewDeployment(b.ctx, b.name+"-deployment", &appsv1.DeploymentArgs{
		Metadata: meta, Spec: spec,
	}, b.child(b.before...)...)
	b.app.Ready = append(b.app.Ready, b.workloads)
	return err
}

func (b *builder) service() error {
	if len(b.args.Ports) == 0 {
		return nil
	}
	service, err := corev1.NewService(b.ctx, b.name+"-service", &corev1.ServiceArgs{
		Metadata: b.id.Meta(b.name),
		Spec: corev1.ServiceSpecArgs{
			Type:     pulumi.String("ClusterIP"),
			Selector: workload.StringMap(b.id.Selector()),
			Ports:    b.args.Ports.ServicePorts(),
		},
		// Its wait is for ready pods: before them it would hold a place among what the engine does at a time.
	}, b.child(b.workloads)...)
	b.app.Ready = append(b.app.Ready, service)
	return err
}
