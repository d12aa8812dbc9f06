package aws_test

import (
	"slices"
	"strings"
	"testing"

	"plinth/internal/offline/simulation"
	"plinth/internal/offline/simulation/simulationtest"
)

// destroy deletes in the reverse order, but for what is refused.
func (a *account) destroy() (refused map[string]error) {
	refused = map[string]error{}
	for _, name := range slices.Backward(a.order) {
		if err := a.Delete(a.made[name]); err != nil {
			refused[name] = err
		}
	}
	return refused
}

func TestALoadBalancerHoldsTheNetwork(t *testing.T) {
	api := simulationtest.StartCluster(t)
	a := system(t, api.Kubernetes)
	for _, name := range []string{"nodes", "nat", "association"} {
		simulationtest.Expect(t, a.Delete(a.made[name]), "")
	}
	const by = "LoadBalancer a0123456789abcdef0123, made by Service shop/web"
	for _, name := range []string{"subnet-b", "extra", "vpc", "gateway"} {
		simulationtest.Expect(t, a.Delete(a.made[name]), by)
	}
	// The cluster goes, its load balancer does not.
	refused := a.destroy()
	for name, want := range map[string]string{
		"subnet-a": "DependencyViolation: The subnet", "subnet-b": "DependencyViolation: The subnet",
		"gateway": "has some mapped public address(es)", "vpc": "DependencyViolation: The vpc",
		"extra": "DependencyViolation: resource",
	} {
		simulationtest.Expect(t, refused[name], want)
		simulationtest.Expect(t, refused[name], by+" of the deleted Cluster main")
	}
	if len(refused) != 5 {
		t.Errorf("got refused %v, want the network alone", refused)
	}
	left := strings.Join(a.Left(), "\n")
	for _, want := range []string{
		"aws:ebs/volume:Volume vol-fedcba98765432", "aws:lb/loadBalancer:LoadBalancer arn:aws:elasticloadbalancing:eu-central-1:999988887777:",
		"aws:ec2/securityGroup:SecurityGroup sg-0123456789abcdef0",
	} {
		if !strings.Contains(left, want) {
			t.Errorf("got\n%s\nleft after the cluster, want %s among it", left, want)
		}
	}
}

func TestAnEmptyClusterHoldsNothing(t *testing.T) {
	api := simulationtest.StartCluster(t)
	a := system(t, api.Kubernetes)
	api.Empty()
	if refused := a.destroy(); len(refused) != 0 {
		t.Errorf("got refused %v, want nothing", refused)
	}
	if left := a.Left(); len(left) != 0 {
		t.Errorf("got %q left, want nothing", left)
	}
}

func TestWhatNoLoadBalancerHoldsGoesWithoutTheAPIServer(t *testing.T) {
	a := system(t, simulation.Kubernetes{Server: "https://127.0.0.1:1"})
	simulationtest.Expect(t, a.Delete(a.made["route"]), "")
	simulationtest.Expect(t, a.Delete(a.made["subnet-b"]), "finding out which load balancers and volumes there are")
}

func TestAnIngressHoldsTheNetworkToo(t *testing.T) {
	api := simulationtest.StartCluster(t)
	api.Expose()
	a := system(t, api.Kubernetes)
	for _, name := range []string{"nodes", "nat", "association"} {
		simulationtest.Expect(t, a.Delete(a.made[name]), "")
	}
	simulationtest.Expect(t, a.Delete(a.made["vpc"]), "made by Ingress shop/front")
}
