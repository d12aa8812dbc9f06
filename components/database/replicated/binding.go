package replicated

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/workload"
)

// Binding leads an application to its database on the primary, as the account that may do everything there. The
// application is one of [Args].Applications.
func (d *Database) Binding(app string, shape database.Shape, mode database.Mode) binding.Binding {
	return d.binding(&target{
		service: d.primary.Name, id: d.primary, app: app, account: d.engine.Account(app), key: passwordKey, ready: d.ready,
	}, shape, mode)
}

// ReadOnly leads an application to the replicas, as an account that may only read its database; without replicas to the
// primary. What was written a moment ago may not be there yet.
func (d *Database) ReadOnly(app string, shape database.Shape, mode database.Mode) binding.Binding {
	to := target{
		service: d.replica.Name + "s", id: d.replica, app: app, account: Reader(d.engine.Account(app)),
		key: readPasswordKey, ready: d.replicated,
	}
	if d.args.Replicas == 0 {
		to.service, to.id = d.primary.Name, d.primary
	}
	return d.binding(&to, shape, mode)
}

// target is where a binding leads.
type target struct {
	service           string
	id                workload.ID
	app, account, key string
	ready             []pulumi.Resource
}

func (d *Database) binding(to *target, shape database.Shape, mode database.Mode) binding.Binding {
	b := d.engine.Bind(&database.Target{
		Name: to.service, Host: pulumi.String(workload.Host(to.service, to.id.Namespace)), Port: d.engine.Port.Container,
		Database: to.app, User: database.Login(to.account, d.args.Rotation),
		Password:  *d.secrets[to.app].At(database.KeyOf(to.key, d.args.Rotation)),
		Authority: binding.SecretRef{Secret: pulumi.String(authorityOf(d.primary.Name)), Key: Authority},
	}, shape, mode)
	b.Edges = []binding.Edge{d.parts.edge(to.id)}
	b.Ready, b.Revision = to.ready, d.revisions[to.account]
	return b
}
