package postgres

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/workload"
)

// Shape is how an application wants to be told where its database is. Its URL is
// postgresql://USER:PASSWORD@HOST:5432/NAME?sslmode=MODE, its Mode what libpq calls sslmode.
type Shape = database.Shape

// Mode is how far a client protects its connection:
// https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION.
type Mode = database.Mode

// The modes.
const (
	Require       = database.Require
	VerifyFull    = database.VerifyFull
	ClientDecides = database.ClientDecides
)

// Binding leads an application to its database on the primary, as the role that owns it. The application is one of
// [Args].Applications.
func (p *Postgres) Binding(app string, shape Shape, mode Mode) binding.Binding {
	to := target{service: p.primary.Name, id: p.primary, app: app, role: app, key: passwordKey, ready: p.ready}
	return p.binding(&to, shape, mode)
}

// ReadOnly leads an application to the replicas, as a role that may only read its database; without replicas to the
// primary. What was written a moment ago may not be there yet.
func (p *Postgres) ReadOnly(app string, shape Shape, mode Mode) binding.Binding {
	to := target{
		service: p.replica.Name + "s", id: p.replica, app: app, role: reader(app), key: readPasswordKey, ready: p.replicated,
	}
	if p.args.Replicas == 0 {
		to.service, to.id = p.primary.Name, p.primary
	}
	return p.binding(&to, shape, mode)
}

// target is where a binding leads.
type target struct {
	service        string
	id             workload.ID
	app, role, key string
	ready          []pulumi.Resource
}

func (p *Postgres) binding(to *target, shape Shape, mode Mode) binding.Binding {
	b := binding.Binding{
		Edges: []binding.Edge{{To: to.id.Peer(), Ports: workload.Ports{port}.Edges()}}, Ready: to.ready,
		Revision: p.revisions[to.role],
	}
	plain := func(name, value string) {
		if name != "" && value != "" {
			b.Env = append(b.Env, binding.Variable{Name: name, Value: pulumi.String(value)})
		}
	}
	host, user := workload.Host(to.service, to.id.Namespace), database.Login(to.role, p.args.Rotation)
	plain(shape.Host, host)
	plain(shape.Port, fmt.Sprint(port.Container))
	plain(shape.Name, to.app)
	plain(shape.User, user)
	password := shape.Password
	if password == "" && shape.URL != "" {
		password = shape.URL + "_PASSWORD"
	}
	if password != "" {
		b.Env = append(b.Env, binding.Variable{Name: password, Secret: &binding.SecretRef{
			Secret: pulumi.String(secretOf(p.primary.Name, to.app)), Key: database.KeyOf(to.key, p.args.Rotation),
		}})
	}
	var query, sslmode, file string
	switch mode {
	case Require:
		sslmode = string(mode)
		query = "?sslmode=" + sslmode
	case VerifyFull:
		sslmode = string(mode)
		file = "/etc/plinth/databases/" + to.service + "/" + authorityKey
		query = "?sslmode=" + sslmode + "&sslrootcert=" + file
		b.Files = []binding.File{{Path: file, Secret: binding.SecretRef{
			Secret: pulumi.String(authorityOf(p.primary.Name)), Key: authorityKey,
		}}}
	case ClientDecides:
	}
	plain(shape.Mode, sslmode)
	plain(shape.Authority, file)
	// The password is filled in by the kubelet: no object but the Secret holds it.
	plain(shape.URL, fmt.Sprintf("postgresql://%s:$(%s)@%s:%d/%s%s", user, password, host, port.Container, to.app, query))
	return b
}
