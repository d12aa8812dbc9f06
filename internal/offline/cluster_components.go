package offline

import (
	"strconv"
	"strings"
)

// component is a process of the cluster: a subcommand of the control plane program.
type component string

// The components.
const (
	etcd      component = "etcd"
	apiServer component = "kube-apiserver"
	manager   component = "kube-controller-manager"
	scheduler component = "kube-scheduler"
	kwok      component = "kwok"
)

// serviceNetwork holds the addresses of Services.
const serviceNetwork = "10.96.0.0/16"

// components returns all components in the order in which they start.
func components() []component {
	return []component{etcd, apiServer, manager, scheduler, kwok}
}

// before returns those of the components that the API consists of, after those that need it.
func before(all []component) []component {
	return selectComponents(all, func(c component) bool { return c == etcd || c == apiServer })
}

// after returns those of the components that need the API.
func after(all []component) []component {
	return selectComponents(all, func(c component) bool { return c != etcd && c != apiServer })
}

// selectComponents returns the components that satisfy a condition.
func selectComponents(all []component, condition func(component) bool) []component {
	var some []component
	for _, c := range all {
		if condition(c) {
			some = append(some, c)
		}
	}
	return some
}

// names lists components for a reader.
func names(all []component) string {
	words := make([]string, 0, len(all))
	for _, c := range all {
		words = append(words, string(c))
	}
	return strings.Join(words, ", ")
}

// environment returns the environment that a component runs with.
func (c component) environment(l layout) []string {
	return []string{
		"HOME=" + l.dir,
		// The process ends when this file is gone: whoever removes the folder by hand leaves nothing running.
		"PLINTH_CLUSTER_STATE=" + l.state,
		// A cluster of a few hundred objects: memory is dearer here than the time to collect garbage.
		"GOGC=50",
	}
}

// arguments returns the command line of a component. Whatever would listen on a fixed port is told not to listen at
// all.
func (c component) arguments(l layout, s state) []string {
	etcdURL := "https://" + loopback(s.EtcdClient)
	switch c {
	case etcd:
		return []string{
			string(c),
			"--data-dir=" + l.etcd,
			"--client-url=" + etcdURL,
			"--peer-url=https://" + loopback(s.EtcdPeer),
			"--ca-file=" + l.key(authorityCertificate),
			"--cert-file=" + l.key(serverCertificate),
			"--key-file=" + l.key(serverKey),
		}
	case apiServer:
		return []string{
			string(c),
			"--bind-address=127.0.0.1",
			"--advertise-address=127.0.0.1",
			"--secure-port=" + strconv.Itoa(s.API),
			// No pod can reach the API server, so no Endpoints say where it is.
			"--endpoint-reconciler-type=none",
			"--etcd-servers=" + etcdURL,
			"--etcd-cafile=" + l.key(authorityCertificate),
			"--etcd-certfile=" + l.key(serverCertificate),
			"--etcd-keyfile=" + l.key(serverKey),
			"--tls-cert-file=" + l.key(serverCertificate),
			"--tls-private-key-file=" + l.key(serverKey),
			"--client-ca-file=" + l.key(authorityCertificate),
			"--anonymous-auth=false",
			"--authorization-mode=RBAC",
			"--service-cluster-ip-range=" + serviceNetwork,
			"--service-account-issuer=https://kubernetes.default.svc",
			"--service-account-key-file=" + l.key(accountPublicKey),
			"--service-account-signing-key-file=" + l.key(accountKey),
			"--encryption-provider-config=" + l.key(encryptionConfig),
			"--allow-privileged=true",
			// It would put a taint on every new node for the node lifecycle controller to take off; see the manager.
			"--disable-admission-plugins=TaintNodesByCondition",
			// One user: nothing to be fair about.
			"--enable-priority-and-fairness=false",
			"--profiling=false",
		}
	case manager:
		return []string{
			string(c),
			"--kubeconfig=" + l.kubeconfig,
			"--secure-port=0",
			"--leader-elect=false",
			"--service-account-private-key-file=" + l.key(accountKey),
			"--root-ca-file=" + l.key(authorityCertificate),
			"--profiling=false",
			"--controllers=" + strings.Join([]string{
				"*",
				// Simulated nodes do not fail, so nobody watches over their heartbeats: after a night's suspend real
				// ones would be found dead and their pods be evicted.
				"-node-lifecycle-controller",
				// Volumes have no machine to be attached to, and grow by our own doing.
				"-persistentvolume-attach-detach-controller",
				"-persistentvolume-expander-controller",
				// Nothing here requests certificates.
				"-certificatesigningrequest-approving-controller",
				"-certificatesigningrequest-cleaner-controller",
				"-certificatesigningrequest-signing-controller",
				"-podcertificaterequest-cleaner-controller",
				// For nodes that join, of which there are none.
				"-ttl-controller",
				"-bootstrap-signer-controller",
				"-token-cleaner-controller",
			}, ","),
		}
	case scheduler:
		return []string{
			string(c),
			"--kubeconfig=" + l.kubeconfig,
			"--secure-port=0",
			"--leader-elect=false",
			"--profiling=false",
		}
	case kwok:
		return []string{string(c), "--kubeconfig=" + l.kubeconfig}
	default:
		return []string{string(c)}
	}
}
