package replicated

import (
	"fmt"
	"strings"

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
	b := binding.Binding{
		Edges: []binding.Edge{d.parts.edge(to.id)}, Ready: to.ready, Revision: d.revisions[to.account],
	}
	plain := func(name, value string) {
		if name != "" && value != "" {
			b.Env = append(b.Env, binding.Variable{Name: name, Value: pulumi.String(value)})
		}
	}
	port := d.engine.Port.Container
	host, login := workload.Host(to.service, to.id.Namespace), database.Login(to.account, d.args.Rotation)
	plain(shape.Host, host)
	plain(shape.Port, fmt.Sprint(port))
	plain(shape.Name, to.app)
	plain(shape.User, login)
	password := shape.Password
	if password == "" && shape.URL != "" {
		password = shape.URL + "_PASSWORD"
	}
	if password != "" {
		b.Env = append(b.Env, binding.Variable{
			Name: password, Secret: d.secrets[to.app].At(database.KeyOf(to.key, d.args.Rotation)),
		})
	}
	file := "/etc/plinth/databases/" + to.service + "/" + Authority
	word, query := d.engine.Query(mode, file)
	plain(shape.Mode, word)
	if strings.Contains(query, file) {
		b.Files = []binding.File{{Path: file, Secret: binding.SecretRef{
			Secret: pulumi.String(authorityOf(d.primary.Name)), Key: Authority,
		}}}
		plain(shape.Authority, file)
	}
	// The password is filled in by the kubelet: no object but the Secret holds it.
	plain(shape.URL, fmt.Sprintf("%s://%s:$(%s)@%s:%d/%s%s", d.engine.Scheme, login, password, host, port, to.app, query))
	return b
}
