package cloudnativepg

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/workload"
)

// readSuffix ends the name of a role that may only read. No application's name holds an underscore.
const readSuffix = "_read"

func reader(app string) string { return app + readSuffix }

func cutReader(role string) (app string, isReader bool) { return strings.CutSuffix(role, readSuffix) }

// Binding leads an application to its database on the primary, wherever that is, as the role that owns it.
func (c *Cluster) Binding(app string, shape database.Shape, mode database.Mode) binding.Binding {
	return c.binding("rw", app, app, shape, mode)
}

// ReadOnly leads an application to the replicas, as a role that may only read its database; without replicas to the
// primary. What was written a moment ago may not be there yet.
func (c *Cluster) ReadOnly(app string, shape database.Shape, mode database.Mode) binding.Binding {
	service := "ro"
	if c.args.Replicas == 0 {
		service = "rw"
	}
	return c.binding(service, app, reader(app), shape, mode)
}

func (c *Cluster) binding(service, app, role string, shape database.Shape, mode database.Mode) binding.Binding {
	b := binding.Binding{
		Edges: []binding.Edge{{To: c.server.Peer(), Ports: workload.Ports{port}.Edges()}}, Ready: c.ready,
	}
	plain := func(name, value string) {
		if name != "" && value != "" {
			b.Env = append(b.Env, binding.Variable{Name: name, Value: pulumi.String(value)})
		}
	}
	plain(shape.Host, c.host(service))
	plain(shape.Port, fmt.Sprint(port.Container))
	plain(shape.Name, app)
	plain(shape.User, role)
	password := shape.Password
	if password == "" && shape.URL != "" {
		password = shape.URL + "_PASSWORD"
	}
	if password != "" {
		b.Env = append(b.Env, binding.Variable{Name: password, Secret: &binding.SecretRef{
			Secret: pulumi.String(secretOf(c.server.Name, role)), Key: "password",
		}})
	}
	var query, sslmode, file string
	if mode != database.ClientDecides {
		sslmode = string(mode)
		query = "?sslmode=" + sslmode
	}
	if mode == database.VerifyFull {
		file = "/etc/plinth/databases/" + c.server.Name + "-" + service + "/" + authorityKey
		query += "&sslrootcert=" + file
		b.Files = []binding.File{{Path: file, Secret: binding.SecretRef{
			Secret: pulumi.String(authorityOf(c.server.Name)), Key: authorityKey,
		}}}
	}
	plain(shape.Mode, sslmode)
	plain(shape.Authority, file)
	// The password is filled in by the kubelet: no object but the Secret holds it.
	plain(shape.URL, fmt.Sprintf("postgresql://%s:$(%s)@%s:%d/%s%s",
		role, password, c.host(service), port.Container, app, query))
	return b
}
