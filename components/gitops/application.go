// Package gitops hands the objects of an environment over to who keeps a cluster as a Git repository says.
package gitops

import (
	"fmt"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// Application has Argo CD make the objects that are in a folder of a repository, and keep them so. On destroy Argo CD
// takes them away before it is gone.
type Application struct {
	pulumi.ResourceState
}

// ApplicationArgs says what is synchronised, and where to.
type ApplicationArgs struct {
	// Namespace is where the objects are that name no other; the application is called after it.
	Namespace *workload.Namespace
	// PartOf names the environment in labels.
	PartOf string
	// Controller is Argo CD's own namespace, and Project one of its projects.
	Controller, Project string
	// Repository is a URL, Path a folder in it, and Revision a branch, a tag or a commit.
	Repository, Path, Revision string
	// Server is the API server of the cluster, as Argo CD knows it.
	Server string
	// Prune deletes what is no more in the folder, SelfHeal puts right what somebody else has changed.
	Prune, SelfHeal bool
	// Await waits until Argo CD says that everything is healthy, for at most Timeout seconds.
	Await   bool
	Timeout int
	// Ready is what the objects refer to: secrets, databases, identities.
	Ready []pulumi.Resource
}

// NewApplication makes the application.
func NewApplication(
	ctx *pulumi.Context, name string, args *ApplicationArgs, opts ...pulumi.ResourceOption,
) (*Application, error) {
	a := &Application{}
	if err := ctx.RegisterComponentResource("plinth:gitops:Application", name, a, opts...); err != nil {
		return nil, fmt.Errorf("registering the hand-over %s: %w", name, err)
	}
	id := workload.ID{Name: name, Component: "gitops", PartOf: args.PartOf}
	annotations := pulumi.StringMap{"pulumi.com/timeoutSeconds": pulumi.String(fmt.Sprint(args.Timeout))}
	if args.Await {
		annotations["pulumi.com/waitFor"] = pulumi.String("jsonpath={.status.health.status}=Healthy")
	} else {
		annotations["pulumi.com/skipAwait"] = pulumi.String("true")
	}
	_, err := workload.Object(ctx, name+"-application", "argoproj.io/v1alpha1", "Application", metav1.ObjectMetaArgs{
		Name: pulumi.String(args.Namespace.Name), Namespace: pulumi.String(args.Controller),
		Labels: workload.StringMap(id.Labels()), Annotations: annotations,
		// Without it the objects would stay: https://argo-cd.readthedocs.io/en/stable/user-guide/app_deletion/.
		Finalizers: pulumi.ToStringArray([]string{"resources-finalizer.argocd.argoproj.io"}),
	}, pulumi.Map{"spec": pulumi.Map{
		"project": pulumi.String(args.Project),
		"source": pulumi.StringMap{
			"repoURL": pulumi.String(args.Repository), "path": pulumi.String(args.Path),
			"targetRevision": pulumi.String(args.Revision),
		},
		"destination": pulumi.StringMap{
			"server": pulumi.String(args.Server), "namespace": pulumi.String(args.Namespace.Name),
		},
		"syncPolicy": pulumi.Map{
			"automated":   pulumi.Map{"prune": pulumi.Bool(args.Prune), "selfHeal": pulumi.Bool(args.SelfHeal)},
			"syncOptions": pulumi.ToStringArray([]string{"ServerSideApply=true", "CreateNamespace=false"}),
			"retry": pulumi.Map{"limit": pulumi.Int(10), "backoff": pulumi.Map{
				"duration": pulumi.String("10s"), "factor": pulumi.Int(2), "maxDuration": pulumi.String("3m"),
			}},
		},
	}}, pulumi.Parent(a), pulumi.DependsOn(append(args.Ready, args.Namespace.Ready...)))
	if err != nil {
		return nil, fmt.Errorf("handing %s over: %w", args.Namespace.Name, err)
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"repository": pulumi.String(args.Repository)})
}
