package managed

import (
	_ "embed" // For the setups.
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/database/mysql"
	"plinth/components/database/postgres"
	"plinth/components/platform"
)

//go:embed scripts/postgres.sh
var postgresSetup string

//go:embed scripts/mysql.sh
var mysqlSetup string

// engine is what differs between engines.
type engine struct {
	// scripts are the setup's: setup.sh, and what it shares with the databases in the cluster.
	scripts map[string]string
	// env leads the setup to the server.
	env func(b *builder) []binding.Variable
	// role is what an application's is called there, and word what the setup is told of the application.
	role, word func(app string) string
	// bind leads a client there.
	bind func(at *database.Target, shape database.Shape, mode database.Mode) binding.Binding
}

func engines() map[platform.DatabaseEngine]engine {
	return map[platform.DatabaseEngine]engine{
		platform.DatabasePostgres: {
			scripts: map[string]string{"setup.sh": postgresSetup, "roles.sh": postgres.Roles},
			env:     postgresEnv,
			role:    func(app string) string { return app }, word: func(app string) string { return app },
			bind: (*database.Target).Postgres,
		},
		platform.DatabaseMySQL: {
			scripts: map[string]string{"setup.sh": mysqlSetup, "accounts.sh": mysql.Accounts},
			env:     mysqlEnv,
			role:    mysql.Account, word: mysql.Role,
			bind: (*database.Target).MySQL,
		},
	}
}

func postgresEnv(b *builder) []binding.Variable {
	verify := database.VerifyFull
	if b.database.server.Nameless {
		verify = "verify-ca"
	}
	return []binding.Variable{
		{Name: "PGHOST", Value: b.database.server.Host},
		{Name: "PGPORT", Value: pulumi.String(fmt.Sprint(b.database.server.Port))},
		{Name: "PGUSER", Value: pulumi.String(platform.Administrator)},
		{Name: "PGPASSWORD", Secret: b.password()},
		{Name: "PGCONNECT_TIMEOUT", Value: pulumi.String("5")},
		{Name: "PGSSLMODE", Value: pulumi.String(string(verify))},
		{Name: "PGSSLROOTCERT", Value: pulumi.String(authorityFolder + "/" + authorityKey)},
		{Name: "ROLES", Value: b.roles()},
	}
}

func mysqlEnv(b *builder) []binding.Variable {
	nameless := map[bool]string{true: "yes", false: "no"}[b.database.server.Nameless]
	return []binding.Variable{
		{Name: "SERVER_HOST", Value: b.database.server.Host},
		{Name: "SERVER_PORT", Value: pulumi.String(fmt.Sprint(b.database.server.Port))},
		{Name: "ADMINISTRATOR", Value: pulumi.String(platform.Administrator)},
		{Name: "ADMINISTRATOR_PASSWORD", Secret: b.password()},
		{Name: "NAMELESS", Value: pulumi.String(nameless)},
		{Name: "ROLES", Value: b.roles()},
	}
}
