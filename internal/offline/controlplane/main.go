// Command controlplane is every process of Plinth's embedded Kubernetes control plane in one program. Its first
// argument names the one to be:
//
//	etcd                     the store
//	kube-apiserver           Kubernetes' own, with its own flags
//	kube-controller-manager  Kubernetes' own, with its own flags
//	kube-scheduler           Kubernetes' own, with its own flags
//	kwok                     what a cloud and its machines would do: nodes, pods, volumes, load balancers, all simulated
//
// They share global state (feature gates, flags, metrics), so each runs as a process of its own. Package
// plinth/internal/offline builds this program, starts the processes and stops them. It is a module of its own because
// Kubernetes as a library needs a replace block, which would otherwise spread to all of Plinth.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // CronJobs name time zones.

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	manager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// deathWatchVariable names an environment variable with the path of a file. When that file is gone, so is the cluster
// that this process belongs to, and the process ends.
const deathWatchVariable = "PLINTH_CLUSTER_STATE"

// deathWatchPeriod is how often the file is looked for.
const deathWatchPeriod = 5 * time.Second

func main() {
	os.Exit(run())
}

// run is main with an exit code.
func run() int {
	if len(os.Args) < 2 {
		return usage("no component named")
	}
	if path := os.Getenv(deathWatchVariable); path != "" {
		go exitWithout(path)
	}
	// From here on the component's name stands where a program's name does.
	os.Args = os.Args[1:]
	switch os.Args[0] {
	case "kube-apiserver":
		return cli.Run(apiserver.NewAPIServerCommand())
	case "kube-controller-manager":
		return cli.Run(manager.NewControllerManagerCommand())
	case "kube-scheduler":
		return cli.Run(scheduler.NewSchedulerCommand())
	case "etcd":
		return execute(newEtcdCommand())
	case "kwok":
		return execute(newKwokCommand())
	default:
		return usage(fmt.Sprintf("unknown component %q", os.Args[0]))
	}
}

// usage prints what is wrong and what would be right.
func usage(problem string) int {
	fmt.Fprintf(os.Stderr, "controlplane: %s; want one of %s\n", problem,
		strings.Join([]string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"}, ", "))
	return 2
}

// execute runs one of our own commands until it fails or a signal asks it to end.
func execute(command *cobra.Command) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	command.SilenceUsage = true
	if err := command.ExecuteContext(ctx); err != nil {
		return 1
	}
	return 0
}

// exitWithout ends this process once the file at path does not exist any more: whoever removes a cluster's folder
// without stopping the cluster leaves no process behind.
func exitWithout(path string) {
	for range time.Tick(deathWatchPeriod) {
		if _, err := os.Stat(path); os.IsNotExist(err) {
			fmt.Fprintf(os.Stderr, "controlplane: %s is gone, so this process ends\n", path)
			os.Exit(1)
		}
	}
}
