package mysql

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/workload"
)

// Binding leads an application to its database on the primary, as the account that has all rights there. The
// application is one of [Args].Applications.
func (m *MySQL) Binding(app string, shape database.Shape, mode database.Mode) binding.Binding {
	to := target{
		service: m.primary.Name, id: m.primary, app: app, account: account(app), key: passwordKey, ready: m.ready,
	}
	return m.binding(&to, shape, mode)
}

// ReadOnly leads an application to the replicas, as an account that may only read its database; without replicas to the
// primary. What was written a moment ago may not be there yet.
func (m *MySQL) ReadOnly(app string, shape database.Shape, mode database.Mode) binding.Binding {
	to := target{
		service: m.replica.Name + "s", id: m.replica, app: app, account: reader(app), key: readPasswordKey,
		ready: m.replicated,
	}
	if m.args.Replicas == 0 {
		to.service, to.id = m.primary.Name, m.primary
	}
	return m.binding(&to, shape, mode)
}

// target is where a binding leads.
type target struct {
	service           string
	id                workload.ID
	app, account, key string
	ready             []pulumi.Resource
}

func (m *MySQL) binding(to *target, shape database.Shape, mode database.Mode) binding.Binding {
	b := binding.Binding{
		Edges: []binding.Edge{{To: to.id.Peer(), Ports: workload.Ports{port}.Edges()}}, Ready: to.ready,
		Revision: m.revisions[to.account],
	}
	plain := func(name, value string) {
		if name != "" && value != "" {
			b.Env = append(b.Env, binding.Variable{Name: name, Value: pulumi.String(value)})
		}
	}
	host, login := workload.Host(to.service, to.id.Namespace), database.Login(to.account, m.args.Rotation)
	plain(shape.Host, host)
	plain(shape.Port, fmt.Sprint(port.Container))
	plain(shape.Name, to.app)
	plain(shape.User, login)
	password := shape.Password
	if password == "" && shape.URL != "" {
		password = shape.URL + "_PASSWORD"
	}
	if password != "" {
		b.Env = append(b.Env, binding.Variable{Name: password, Secret: &binding.SecretRef{
			Secret: pulumi.String(secretOf(m.primary.Name, to.app)), Key: database.KeyOf(to.key, m.args.Rotation),
		}})
	}
	var query, file string
	if mode != database.ClientDecides {
		// Clients of MySQL have no common word for encryption alone. This one makes those that read it verify the server
		// too, and the file to do it by is there.
		file = "/etc/plinth/databases/" + to.service + "/" + authorityKey
		query = "?ssl_ca=" + file
		b.Files = []binding.File{{Path: file, Secret: binding.SecretRef{
			Secret: pulumi.String(authorityOf(m.primary.Name)), Key: authorityKey,
		}}}
	}
	plain(shape.Mode, sslMode(mode))
	plain(shape.Authority, file)
	// The password is filled in by the kubelet: no object but the Secret holds it.
	plain(shape.URL, fmt.Sprintf("mysql://%s:$(%s)@%s:%d/%s%s", login, password, host, port.Container, to.app, query))
	return b
}

// sslMode is what MySQL's own clients call it:
// https://dev.mysql.com/doc/refman/8.4/en/connection-options.html#option_general_ssl-mode.
func sslMode(mode database.Mode) string {
	switch mode {
	case database.Require:
		return "REQUIRED"
	case database.VerifyFull:
		return "VERIFY_IDENTITY"
	case database.ClientDecides:
	}
	return ""
}
