package mysql

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

// Accounts is the script of what every setup of accounts and databases shares, called accounts.sh: it defines the
// function application.
//
//go:embed scripts/accounts.sh
var Accounts string

const (
	socketFolder = "/var/run/mysqld"
	configFolder = "/etc/database"
	// volumeFolder holds the data in a folder of its own, so that one is there whole or not at all.
	volumeFolder = "/database"
	// exporterFile is the exporter's option file, in configFolder. Its password is in its environment.
	exporterFile = "exporter.cnf"
)

var port = workload.Port{Name: "mysql", Container: 3306}

// Args says what database.
type Args struct {
	replicated.Args
	// Engine is which of the two it is.
	Engine Engine
}

// Engine is one of the two.
type Engine string

// The engines.
const (
	Oracle  Engine = "mysql"
	MariaDB Engine = "mariadb"
)

// New makes the database.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*replicated.Database, error) {
	settings, err := args.settings()
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", name, err)
	}
	// What the engine calls things is in the script that is engine.sh to the others.
	names := map[string]string{"mysql.sh": "", "mariadb.sh": ""}
	names[string(args.Engine)+".sh"] = "engine.sh"
	files, err := replicated.Scripts(scripts, names)
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", name, err)
	}
	return replicated.New(ctx, name, &replicated.Engine{
		Type: "plinth:database:MySQL", Container: string(args.Engine), Port: port, User: 999,
		ConfigFolder: configFolder, Config: map[string]string{
			"server.cnf": settings,
			exporterFile: "[client]\nssl-ca = " + replicated.AuthorityFolder + "/" + replicated.Authority + "\n",
		},
		Scripts: files, VolumeFolder: volumeFolder, SocketFolder: socketFolder,
		Superuser: "root", SuperuserSecret: "root", PasswordVariable: "ROOT_PASSWORD", Client: client,
		Started: []string{replicated.ScriptsFolder + "/ready.sh"},
		// Not by a bare connection: the server would log each as one that was broken off.
		Alive: workload.Probe{
			Command: []string{replicated.ScriptsFolder + "/alive.sh"}, Period: 10, Timeout: 5, Failures: 6,
		},
		Account: Account, Role: Role, Bind: (*database.Target).MySQL,
		Exporter: replicated.Exporter{
			Port: workload.Port{Name: "metrics", Container: 9104}, Env: exporterEnv, Args: exporterArgs,
			Up: "mysql_up",
		},
	}, &args.Args, opts...)
}

// client leads the scripts to a server: common.sh makes an option file of it.
func client(host, account string, password *binding.SecretRef) []binding.Variable {
	return []binding.Variable{
		{Name: "PRIMARY_HOST", Value: pulumi.String(host)},
		{Name: "LOGIN", Value: pulumi.String(account)},
		{Name: "LOGIN_PASSWORD", Secret: password},
	}
}

// maxAccount is the limit of an account's name in MySQL; MariaDB's is higher:
// https://dev.mysql.com/doc/refman/8.4/en/user-names.html.
const maxAccount = 32

// Account is the name of an application's, which is the application's as far as that fits, with what is appended to it.
func Account(app string) string { return workload.Name(maxAccount-len("_read_alt"), app) }

// Role is an application as setups list it.
func Role(app string) string { return app + "=" + Account(app) }

// exporterEnv and exporterArgs lead the exporter to a server, whose certificate it verifies:
// https://github.com/prometheus/mysqld_exporter/blob/v0.17.2/config/config.go.
func exporterEnv(_ string, password *binding.SecretRef) []binding.Variable {
	return []binding.Variable{{Name: "MYSQLD_EXPORTER_PASSWORD", Secret: password}}
}

func exporterArgs(host string) []string {
	return []string{
		"--config.my-cnf=" + configFolder + "/" + exporterFile, fmt.Sprintf("--mysqld.address=%s:%d", host, port.Container),
		"--mysqld.username=" + replicated.Metrics,
	}
}
