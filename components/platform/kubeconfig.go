package platform

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Exec is the command that gets credentials for a cluster each time they are needed. Credentials that a kubeconfig
// holds itself run out, EKS's after 15 minutes, which is less than a first update takes.
type Exec struct {
	// Command and Args are what is run. They hold nothing that differs from machine to machine, no profile above all:
	// everybody who may reach the cluster uses their own.
	Command string
	Args    []string
	// Hint is shown where the command is missing.
	Hint string
	// ClusterInfo hands the command the address and the authority of the cluster.
	ClusterInfo bool
}

// Kubeconfig leads to the API server of a cluster at the address server, which authority (base64 of PEM) vouches for.
// It is a secret, and is written as JSON, which YAML contains.
func Kubeconfig(cluster string, server, authority pulumi.StringInput, exec Exec) pulumi.StringOutput {
	args := make(pulumi.StringArray, len(exec.Args))
	for i, arg := range exec.Args {
		args[i] = pulumi.String(arg)
	}
	name := pulumi.String(cluster)
	text := pulumi.JSONMarshal(pulumi.Map{
		"apiVersion":      pulumi.String("v1"),
		"kind":            pulumi.String("Config"),
		"current-context": name,
		"clusters": pulumi.Array{pulumi.Map{
			"name":    name,
			"cluster": pulumi.Map{"server": server, "certificate-authority-data": authority},
		}},
		"contexts": pulumi.Array{pulumi.Map{
			"name":    name,
			"context": pulumi.Map{"cluster": name, "user": name},
		}},
		"users": pulumi.Array{pulumi.Map{
			"name": name,
			"user": pulumi.Map{"exec": pulumi.Map{
				"apiVersion":         pulumi.String("client.authentication.k8s.io/v1beta1"),
				"command":            pulumi.String(exec.Command),
				"args":               args,
				"installHint":        pulumi.String(exec.Hint),
				"interactiveMode":    pulumi.String("Never"),
				"provideClusterInfo": pulumi.Bool(exec.ClusterInfo),
			}},
		}},
	})
	return pulumi.ToSecret(text).(pulumi.StringOutput)
}
