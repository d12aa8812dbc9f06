package kubernetes_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	k8s "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	smetav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/internal/offline"
)

func TestZZCLI(t *testing.T) {
	ctx := t.Context()
	debug, stop, err := offline.Serve(ctx, "kubernetes", "random")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	image := "test.local/todo-flask:1"
	n := 3
	program := func(ctx *pulumi.Context) error {
		p, err := k8s.NewProvider(ctx, "cluster", &k8s.ProviderArgs{Kubeconfig: pulumi.String(kubeconfig), ClusterIdentifier: pulumi.String("x")})
		if err != nil {
			return err
		}
		rp, err := random.NewProvider(ctx, "random", nil)
		if err != nil {
			return err
		}
		pw, err := random.NewRandomPassword(ctx, "pw", &random.RandomPasswordArgs{Length: pulumi.Int(20)}, pulumi.Provider(rp))
		if err != nil {
			return err
		}
		ns, err := corev1.NewNamespace(ctx, "standin-cli", nil, pulumi.Provider(p))
		if err != nil {
			return err
		}
		sec, err := corev1.NewSecret(ctx, "sec", &corev1.SecretArgs{Metadata: &smetav1.ObjectMetaArgs{Namespace: ns.Metadata.Name()}, StringData: pulumi.StringMap{"pw": pw.Result}}, pulumi.Provider(p))
		if err != nil {
			return err
		}
		for i := range n {
			name := fmt.Sprintf("web%d", i)
			labels := pulumi.StringMap{"app": pulumi.String(name)}
			_, err = appsv1.NewDeployment(ctx, name, &appsv1.DeploymentArgs{
				Metadata: &smetav1.ObjectMetaArgs{Name: pulumi.String(name), Namespace: ns.Metadata.Name(), Annotations: pulumi.StringMap{"pulumi.com/timeoutSeconds": pulumi.String("80")}},
				Spec: &appsv1.DeploymentSpecArgs{
					Selector: &smetav1.LabelSelectorArgs{MatchLabels: labels},
					Template: &corev1.PodTemplateSpecArgs{
						Metadata: &smetav1.ObjectMetaArgs{Labels: labels},
						Spec: &corev1.PodSpecArgs{
							TerminationGracePeriodSeconds: pulumi.Int(1),
							Containers: corev1.ContainerArray{&corev1.ContainerArgs{Name: pulumi.String("web"), Image: pulumi.String(image),
							EnvFrom: corev1.EnvFromSourceArray{&corev1.EnvFromSourceArgs{SecretRef: &corev1.SecretEnvSourceArgs{Name: sec.Metadata.Name()}}}}}},
					},
				},
			}, pulumi.Provider(p))
			if err != nil {
				return err
			}
			_, err = corev1.NewService(ctx, name, &corev1.ServiceArgs{
				Metadata: &smetav1.ObjectMetaArgs{Name: pulumi.String(name), Namespace: ns.Metadata.Name()},
				Spec:     &corev1.ServiceSpecArgs{Selector: labels, Ports: corev1.ServicePortArray{&corev1.ServicePortArgs{Port: pulumi.Int(80), TargetPort: pulumi.Int(5000)}}},
			}, pulumi.Provider(p))
			if err != nil {
				return err
			}
		}
		ctx.Export("pw", pw.Result)
		return nil
	}
	dir := t.TempDir()
	cli, err := auto.NewPulumiCommand(&auto.PulumiCommandOptions{Root: os.Getenv("TRY_CLI"), SkipVersionCheck: true})
	if err != nil {
		t.Fatal(err)
	}
	stack, err := auto.NewStackInlineSource(ctx, "try", "plinth", program, auto.Pulumi(cli), auto.EnvVars(map[string]string{
		"PULUMI_BACKEND_URL": "file://" + dir, "PULUMI_CONFIG_PASSPHRASE": "x", "PULUMI_HOME": dir + "/home",
		"PULUMI_DEBUG_PROVIDERS": debug, "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true", "PULUMI_SKIP_UPDATE_CHECK": "true",
	}))
	if err != nil {
		t.Fatal(err)
	}
	step := func(what string, f func() error) {
		began := time.Now()
		err := f()
		fmt.Printf("=== %s: %s\n", what, time.Since(began))
		if err != nil {
			fmt.Println("ERR", err)
		}
	}
	step("preview", func() error { _, err := stack.Preview(ctx, optpreview.ProgressStreams(os.Stdout)); return err })
	step("up", func() error { _, err := stack.Up(ctx, optup.ProgressStreams(os.Stdout)); return err })
	step("again", func() error { _, err := stack.Up(ctx, optup.ProgressStreams(os.Stdout)); return err })
	step("refresh", func() error { _, err := stack.Refresh(ctx, optrefresh.ProgressStreams(os.Stdout)); return err })
	step("again", func() error { _, err := stack.Up(ctx, optup.ProgressStreams(os.Stdout)); return err })
	n, image = 1, "test.local/none:1"
	step("bad", func() error { _, err := stack.Up(ctx, optup.ProgressStreams(os.Stdout)); return err })
	image = "test.local/todo-flask:1"
	step("good", func() error { _, err := stack.Up(ctx, optup.ProgressStreams(os.Stdout)); return err })
	step("destroy", func() error { _, err := stack.Destroy(ctx, optdestroy.ProgressStreams(os.Stdout)); return err })
}
