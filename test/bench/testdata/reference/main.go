// A Pulumi program of the usual kind, for comparison: an application with what belongs to it, beside a Helm chart. It
// is compiled, and never run.
package main

import (
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	autoscalingv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v3"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		provider, err := kubernetes.NewProvider(ctx, "cluster", nil)
		if err != nil {
			return err
		}
		opt := pulumi.Provider(provider)
		labels := pulumi.StringMap{"app": pulumi.String("web")}
		selector := &metav1.LabelSelectorArgs{MatchLabels: labels}
		pod := corev1.PodTemplateSpecArgs{
			Metadata: &metav1.ObjectMetaArgs{Labels: labels},
			Spec: &corev1.PodSpecArgs{Containers: corev1.ContainerArray{
				&corev1.ContainerArgs{Name: pulumi.String("web"), Image: pulumi.String("nginx:1.29.1")},
			}},
		}
		for _, create := range []func() error{
			func() error { _, err := corev1.NewServiceAccount(ctx, "web", nil, opt); return err },
			func() error { _, err := rbacv1.NewRole(ctx, "web", nil, opt); return err },
			func() error {
				_, err := appsv1.NewDeployment(ctx, "web", &appsv1.DeploymentArgs{
					Spec: &appsv1.DeploymentSpecArgs{Selector: selector, Template: pod},
				}, opt)
				return err
			},
			func() error {
				_, err := corev1.NewService(ctx, "web", &corev1.ServiceArgs{Spec: &corev1.ServiceSpecArgs{
					Selector: labels, Ports: corev1.ServicePortArray{&corev1.ServicePortArgs{Port: pulumi.Int(80)}},
				}}, opt)
				return err
			},
			func() error {
				_, err := autoscalingv2.NewHorizontalPodAutoscaler(ctx, "web", nil, opt)
				return err
			},
			func() error {
				_, err := policyv1.NewPodDisruptionBudget(ctx, "web", &policyv1.PodDisruptionBudgetArgs{
					Spec: &policyv1.PodDisruptionBudgetSpecArgs{Selector: selector, MaxUnavailable: pulumi.Int(1)},
				}, opt)
				return err
			},
			func() error {
				_, err := networkingv1.NewNetworkPolicy(ctx, "web", &networkingv1.NetworkPolicyArgs{
					Spec: &networkingv1.NetworkPolicySpecArgs{PodSelector: selector},
				}, opt)
				return err
			},
			func() error {
				_, err := batchv1.NewJob(ctx, "web", &batchv1.JobArgs{Spec: &batchv1.JobSpecArgs{Template: pod}}, opt)
				return err
			},
			func() error {
				_, err := helm.NewRelease(ctx, "chart", &helm.ReleaseArgs{Chart: pulumi.String("nginx")}, opt)
				return err
			},
		} {
			if err := create(); err != nil {
				return err
			}
		}
		return nil
	})
}
