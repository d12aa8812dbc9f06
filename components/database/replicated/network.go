package replicated

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/certificate"
	"plinth/components/secrets"
	"plinth/components/workload"
)

// services are one name for the primary, one for the replicas, and the one that gives each pod its own.
func (b *builder) services() error {
	for _, s := range []struct {
		name     string
		id       workload.ID
		headless bool
	}{
		{b.name, b.database.primary, false},
		{b.name + "-replicas", b.database.replica, false},
		{b.name + "-primary-pods", b.database.primary, true},
		{b.name + "-replica-pods", b.database.replica, true},
	} {
		if b.args.Replicas == 0 && s.id == b.database.replica {
			continue
		}
		meta := s.id.Meta(s.name)
		// Its pods come after it, so it is not waited for: they need its name to start.
		meta.Annotations = pulumi.StringMap{"pulumi.com/skipAwait": pulumi.String("true")}
		spec := corev1.ServiceSpecArgs{
			Type: pulumi.String("ClusterIP"), Selector: workload.StringMap(s.id.Selector()),
			Ports: workload.Ports{b.engine.Port}.ServicePorts(),
		}
		if s.headless {
			spec.ClusterIP = pulumi.String("None")
		}
		service, err := corev1.NewService(b.ctx, s.name+"-service", &corev1.ServiceArgs{Metadata: meta, Spec: spec},
			b.child()...)
		if err != nil {
			return fmt.Errorf("creating service %s: %w", s.name, err)
		}
		b.guards = append(b.guards, service)
	}
	return nil
}

// toPrimary is the edge of whoever works on the primary.
func (b *builder) toPrimary() binding.Edge { return b.edge(b.database.primary) }

func (b *builder) edge(to workload.ID) binding.Edge {
	return binding.Edge{To: to.Peer(), Ports: workload.Ports{b.engine.Port}.Edges()}
}

// edges let the replicas and the setup reach the primary, and the primary ask whether there are replicas.
func (b *builder) edges() error {
	primary, replica := b.database.primary, b.database.replica
	edges := [][2]workload.ID{{b.setupID, primary}}
	if b.args.Replicas > 0 {
		edges = append(edges, [2]workload.ID{replica, primary}, [2]workload.ID{primary, replica})
	}
	for _, edge := range edges {
		from, to := edge[0], edge[1]
		policies, err := workload.Edges(b.ctx, from.Name, from, []binding.Edge{b.edge(to)}, b.child()...)
		if err != nil {
			return err
		}
		b.guards = append(b.guards, policies...)
	}
	return nil
}

// certificates makes the server's certificate: one for the primary and the replicas, by all names that they have. It is
// in a Secret that pods read as files, which follow when it is renewed; ready.sh makes the server read them again.
func (b *builder) certificates() error {
	names := []string{"localhost"}
	services := []string{b.name, b.name + "-replicas"}
	for _, pods := range []string{"-primary-pods", "-replica-pods"} {
		services = append(services, "*."+b.name+pods)
	}
	for _, service := range services {
		namespace := b.args.Namespace.Name
		names = append(names, service, service+"."+namespace, service+"."+namespace+".svc",
			workload.Host(service, namespace))
	}
	made, err := certificate.New(b.ctx, b.name+"-certificate", &certificate.Args{
		Names: names, Addresses: []string{"127.0.0.1"},
	}, pulumi.Parent(b.database))
	if err != nil {
		return err
	}
	// Renewed ones have the same name: whoever reads files follows.
	_, err = b.keep(&secrets.Kept{
		Secret: b.name + "-certificate", Type: "kubernetes.io/tls",
		Values: map[string]pulumi.StringInput{
			"tls.crt": made.Certificate, "tls.key": made.Key, Authority: made.Authority,
		},
	})
	if err != nil {
		return err
	}
	_, err = b.keep(&secrets.Kept{
		Secret: authorityOf(b.name), Values: map[string]pulumi.StringInput{Authority: made.Authority},
	})
	return err
}

// authorityOf names the Secret with the certificate that clients verify the server by. There is nothing secret in it.
func authorityOf(database string) string { return database + "-authority" }

// authority gives a container what it verifies the server by.
func (b *builder) authority() (workload.Volume, workload.Mount) {
	return workload.Volume{Name: "authority", Secret: pulumi.String(authorityOf(b.name))},
		workload.Mount{Volume: "authority", Path: AuthorityFolder, ReadOnly: true}
}
