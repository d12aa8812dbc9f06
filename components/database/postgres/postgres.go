package postgres

import (
	"embed"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/database/replicated"
	"plinth/components/workload"
)

//go:embed scripts/*.sh
var scripts embed.FS

// Roles is the script of what every setup of roles and databases shares, called roles.sh: it defines the function
// application.
//
//go:embed scripts/roles.sh
var Roles string

const (
	superuser = "postgres"

	socketFolder = "/var/run/postgresql"
	configFolder = "/etc/postgresql"
	// volumeFolder is none that the image has a use for: from version 18 it refuses a volume where it was before.
	volumeFolder = "/pgdata"
	dataFolder   = volumeFolder + "/data"
)

// Args says what database.
type Args struct {
	replicated.Args
	// Clients are the ranges that pods have their addresses in. Which pods may connect is up to the network policies.
	Clients []string
}

// New makes the database. Its replicas are from 0 to [MaxReplicas].
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*replicated.Database, error) {
	settings, err := args.settings(name)
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", name, err)
	}
	files, err := replicated.Scripts(scripts, nil)
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", name, err)
	}
	port := workload.Port{Name: "postgres", Container: 5432}
	return replicated.New(ctx, name, &replicated.Engine{
		Type: "plinth:database:Postgres", Container: "postgres", Port: port,
		// The official image's on Debian; on Alpine it is 70.
		User:         999,
		ConfigFolder: configFolder, Config: map[string]string{"postgresql.conf": settings, "pg_hba.conf": args.access()},
		Scripts: files, VolumeFolder: volumeFolder, SocketFolder: socketFolder,
		Superuser: superuser, SuperuserSecret: "superuser",
		Env:              []binding.Variable{{Name: "PGDATA", Value: pulumi.String(dataFolder)}},
		PasswordVariable: "POSTGRES_PASSWORD", Client: client,
		SetupEnv: []binding.Variable{
			{Name: "PGCONNECT_TIMEOUT", Value: pulumi.String("5")},
			// Where commits wait for a replica, there may be none yet.
			{Name: "PGOPTIONS", Value: pulumi.String("-c synchronous_commit=local")},
		},
		Started: []string{"pg_isready", "-q", "-h", "127.0.0.1", "-U", superuser},
		Alive:   workload.Probe{TCP: true, Port: port.Name, Period: 10, Timeout: 5, Failures: 6},
		Slots:   true,
		Account: itself, Role: itself, Bind: (*database.Target).Postgres,
		Exporter: replicated.Exporter{
			Port: workload.Port{Name: "metrics", Container: 9187}, Env: exporter,
			Args: func(string) []string { return nil }, Up: "pg_up",
		},
	}, &args.Args, opts...)
}

// itself: an application's role has the application's name.
func itself(app string) string { return app }

// client leads libpq to a server, whose certificate it insists on:
// https://www.postgresql.org/docs/current/libpq-envars.html.
func client(host, role string, password *binding.SecretRef) []binding.Variable {
	return []binding.Variable{
		{Name: "PGHOST", Value: pulumi.String(host)},
		{Name: "PGUSER", Value: pulumi.String(role)},
		{Name: "PGPASSWORD", Secret: password},
		{Name: "PGSSLMODE", Value: pulumi.String(string(database.VerifyFull))},
		{Name: "PGSSLROOTCERT", Value: pulumi.String(replicated.AuthorityFolder + "/" + replicated.Authority)},
	}
}

// exporter leads the exporter to a server:
// https://github.com/prometheus-community/postgres_exporter#environment-variables.
func exporter(host string, password *binding.SecretRef) []binding.Variable {
	return []binding.Variable{
		{Name: "DATA_SOURCE_URI", Value: pulumi.String(fmt.Sprintf("%s:5432/postgres?sslmode=%s&sslrootcert=%s/%s",
			host, database.VerifyFull, replicated.AuthorityFolder, replicated.Authority))},
		{Name: "DATA_SOURCE_USER", Value: pulumi.String(replicated.Metrics)},
		{Name: "DATA_SOURCE_PASS", Secret: password},
	}
}
