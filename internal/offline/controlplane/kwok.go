package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/clock"
	nodestages "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	podstages "sigs.k8s.io/kwok/kustomize/stage/pod/fast"
	"sigs.k8s.io/kwok/pkg/apis/internalversion"
	"sigs.k8s.io/kwok/pkg/apis/v1alpha1"
	"sigs.k8s.io/kwok/pkg/kwok/controllers"
	"sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/yaml"
)

// newKwokCommand returns the command that plays the cloud and its machines.
func newKwokCommand() *cobra.Command {
	var kubeconfig string
	command := &cobra.Command{
		Use:  "kwok",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return runKwok(command.Context(), kubeconfig) },
	}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "kubeconfig of an administrator")
	return command
}

// runKwok creates what a new cluster has, then plays nodes and pods (KWOK), volumes and load balancers until ctx ends.
func runKwok(ctx context.Context, kubeconfig string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("reading the kubeconfig %q: %w", kubeconfig, err)
	}
	config.UserAgent = "plinth-kwok"
	config.QPS, config.Burst = 200, 400
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", config.Host, err)
	}
	if err := seed(ctx, client); err != nil {
		return err
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", config.Host, err)
	}
	if err := define(ctx, objects); err != nil {
		return err
	}
	if err := startMachines(ctx, config, client); err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	volumes, err := newVolumes(client, factory)
	if err != nil {
		return err
	}
	balancers, err := newBalancers(client, factory)
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	for informer, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("watching %s: ended before everything was listed", informer)
		}
	}
	go volumes.run(ctx)
	go balancers.run(ctx)
	go entrances{objects}.run(ctx)
	<-ctx.Done()
	return nil
}

// startMachines starts KWOK's node and pod controllers with KWOK's own fast stages: a node is Ready at once, a pod runs
// as soon as it is scheduled, a Job's pod then succeeds, a deleted pod goes. KWOK's node leases stay off: nothing
// watches them here, see the controller manager's flags.
func startMachines(ctx context.Context, config *rest.Config, client kubernetes.Interface) error {
	stages, err := loadStages(nodestages.DefaultNodeInit, podstages.DefaultPodReady, podstages.DefaultPodComplete,
		podstages.DefaultPodDelete)
	if err != nil {
		return err
	}
	dynamicClient, err := dynamic.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", config.Host, err)
	}
	controller, err := controllers.NewController(controllers.Config{
		Clock:                     clock.RealClock{},
		DynamicClient:             dynamicClient,
		RESTClient:                client.CoreV1().RESTClient(),
		TypedClient:               client,
		ManageAllNodes:            true,
		CIDR:                      podNetwork,
		LocalStages:               stages,
		PodPlayStageParallelism:   4,
		NodePlayStageParallelism:  1,
		PodsOnNodeSyncParallelism: 1,
		ID:                        "plinth",
	})
	if err != nil {
		return fmt.Errorf("preparing KWOK: %w", err)
	}
	ctx = log.NewContext(ctx, log.NewLogger(os.Stderr, log.LevelWarn))
	if err := controller.Start(ctx); err != nil {
		return fmt.Errorf("starting KWOK: %w", err)
	}
	return nil
}

// loadStages decodes stages and groups them by what they are for.
func loadStages(documents ...string) (map[internalversion.StageResourceRef][]*internalversion.Stage, error) {
	stages := map[internalversion.StageResourceRef][]*internalversion.Stage{}
	for _, document := range documents {
		var external v1alpha1.Stage
		if err := yaml.UnmarshalStrict([]byte(document), &external); err != nil {
			return nil, fmt.Errorf("decoding a KWOK stage: %w", err)
		}
		v1alpha1.SetObjectDefaults_Stage(&external)
		stage, err := internalversion.ConvertToInternalStage(&external)
		if err != nil {
			return nil, fmt.Errorf("converting the KWOK stage %q: %w", external.Name, err)
		}
		stages[stage.Spec.ResourceRef] = append(stages[stage.Spec.ResourceRef], stage)
	}
	return stages, nil
}
