package postgres

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/certificate"
	"plinth/components/workload"
)

const (
	// certificateFolder is where servers find their certificate, authorityFolder where clients of ours find what they
	// verify it by.
	certificateFolder = "/tls"
	authorityFolder   = "/authority"
	authorityKey      = "ca.crt"
)

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
	err = b.secret(b.name+"-certificate", "kubernetes.io/tls", pulumi.StringMap{
		"tls.crt": made.Certificate, "tls.key": made.Key, authorityKey: made.Authority,
	})
	if err != nil {
		return err
	}
	return b.secret(authorityOf(b.name), "Opaque", pulumi.StringMap{authorityKey: made.Authority})
}

// authorityOf names the Secret with the certificate that clients verify the server by. There is nothing secret in it.
func authorityOf(database string) string { return database + "-authority" }

// verified are the variables by which the programs of Postgres insist on the server's certificate.
func verified() []binding.Variable {
	return []binding.Variable{
		{Name: "PGSSLMODE", Value: pulumi.String(string(VerifyFull))},
		{Name: "PGSSLROOTCERT", Value: pulumi.String(authorityFolder + "/" + authorityKey)},
	}
}

// authority gives a pod what it verifies the server by.
func (b *builder) authority(pod *workload.Pod) {
	pod.Volumes = append(pod.Volumes, workload.Volume{
		Name: "authority", Secret: pulumi.String(authorityOf(b.name)),
	})
	pod.Containers[0].Mounts = append(pod.Containers[0].Mounts,
		workload.Mount{Volume: "authority", Path: authorityFolder, ReadOnly: true})
}
