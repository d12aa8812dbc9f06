package postgres

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/workload"
)

// Keys of the Secrets.
const (
	passwordKey     = "password"
	readPasswordKey = "read-password"
	replicationKey  = "replication-password"
)

// passwordLength in letters and digits is more than 190 bits.
const passwordLength = 32

// credentials are where the passwords are.
type credentials struct {
	superuser, replicator *binding.SecretRef
	// fingerprint changes with any of the passwords.
	fingerprint pulumi.StringInput
}

// passwords are made once and kept in the state, encrypted. They hold letters and digits only, so that they can stand
// in a URL as they are.
func (b *builder) passwords() error {
	var all []any
	password := func(name string) (pulumi.StringOutput, error) {
		made, err := random.NewRandomPassword(b.ctx, name, &random.RandomPasswordArgs{
			Length: pulumi.Int(passwordLength), Special: pulumi.Bool(false),
		}, pulumi.Parent(b.database))
		if err != nil {
			return pulumi.StringOutput{}, fmt.Errorf("making password %s: %w", name, err)
		}
		all = append(all, made.Result)
		return made.Result, nil
	}
	// entry is a key of a Secret, and the logical name of the password there.
	type entry struct{ key, password string }
	secret := func(name string, entries ...entry) error {
		values := pulumi.StringMap{}
		for _, e := range entries {
			value, err := password(e.password)
			if err != nil {
				return err
			}
			values[e.key] = value
		}
		made, err := corev1.NewSecret(b.ctx, name, &corev1.SecretArgs{
			Metadata: b.database.primary.Meta(name), Type: pulumi.String("Opaque"), StringData: values,
		}, b.child()...)
		if err != nil {
			return fmt.Errorf("creating secret %s: %w", name, err)
		}
		b.guards = append(b.guards, made)
		return nil
	}
	system := b.name + "-credentials"
	err := secret(system, entry{passwordKey, b.name + "-superuser"}, entry{replicationKey, b.name + "-replication"})
	if err != nil {
		return err
	}
	for _, app := range b.args.Applications {
		of := b.secretOf(app)
		if err := secret(of, entry{passwordKey, of}, entry{readPasswordKey, of + "-read"}); err != nil {
			return err
		}
	}
	b.credentials = &credentials{
		superuser:   &binding.SecretRef{Secret: pulumi.String(system), Key: passwordKey},
		replicator:  &binding.SecretRef{Secret: pulumi.String(system), Key: replicationKey},
		fingerprint: workload.Fingerprint(b.database.primary, all...),
	}
	return nil
}

// secretOf names the Secret of an application's role.
func (b *builder) secretOf(app string) string { return secretOf(b.name, app) }

func secretOf(database, app string) string {
	return workload.Name(workload.MaxLabel, database, "role", app)
}

// reader is the role that may only read an application's database. No application's name holds an underscore.
func reader(app string) string { return app + "_read" }

// Shape is how an application wants to be told where its database is. An empty name leaves that variable out.
type Shape struct {
	// URL is a variable that gets everything: postgresql://USER:PASSWORD@HOST:5432/NAME.
	URL string
	// Host, Port, Name, User and Password are variables that get the parts.
	Host, Port, Name, User, Password string
}

// Binding leads an application to its database on the primary, as the role that owns it. The application is one of
// [Args].Applications.
func (p *Postgres) Binding(app string, shape Shape) binding.Binding {
	return p.binding(p.primary.Name, p.primary, app, app, passwordKey, shape, p.ready)
}

// ReadOnly leads an application to the replicas, as a role that may only read its database; without replicas to the
// primary. What was written a moment ago may not be there yet.
func (p *Postgres) ReadOnly(app string, shape Shape) binding.Binding {
	host, id := p.replica.Name+"s", p.replica
	if p.args.Replicas == 0 {
		host, id = p.primary.Name, p.primary
	}
	return p.binding(host, id, app, reader(app), readPasswordKey, shape, p.replicated)
}

func (p *Postgres) binding(
	service string, id workload.ID, app, role, key string, shape Shape, ready []pulumi.Resource,
) binding.Binding {
	b := binding.Binding{
		Edges: []binding.Edge{{To: id.Peer(), Ports: workload.Ports{port}.Edges()}}, Ready: ready,
	}
	host := workload.Host(service, id.Namespace)
	plain := func(name, value string) {
		if name != "" {
			b.Env = append(b.Env, binding.Variable{Name: name, Value: pulumi.String(value)})
		}
	}
	plain(shape.Host, host)
	plain(shape.Port, fmt.Sprint(port.Container))
	plain(shape.Name, app)
	plain(shape.User, role)
	password := shape.Password
	if password == "" && shape.URL != "" {
		password = shape.URL + "_PASSWORD"
	}
	if password != "" {
		b.Env = append(b.Env, binding.Variable{Name: password, Secret: &binding.SecretRef{
			Secret: pulumi.String(secretOf(p.primary.Name, app)), Key: key,
		}})
	}
	// The password is filled in by the kubelet: no object but the Secret holds it.
	plain(shape.URL, fmt.Sprintf("postgresql://%s:$(%s)@%s:%d/%s", role, password, host, port.Container, app))
	return b
}
