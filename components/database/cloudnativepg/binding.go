package cloudnativepg

import (
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
	at := database.Target{
		Name: c.server.Name + "-" + service, Host: pulumi.String(c.host(service)), Port: port.Container,
		Database: app, User: role,
		Password:  binding.SecretRef{Secret: pulumi.String(secretOf(c.server.Name, role)), Key: "password"},
		Authority: binding.SecretRef{Secret: pulumi.String(authorityOf(c.server.Name)), Key: authorityKey},
	}
	b := at.Postgres(shape, mode)
	b.Edges = []binding.Edge{{To: c.server.Peer(), Ports: workload.Ports{port}.Edges()}}
	b.Ready = c.ready
	return b
}
