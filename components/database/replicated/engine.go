package replicated

import (
	"embed"
	"fmt"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/workload"
)

// Engine is what one server differs from others in.
type Engine struct {
	// Type is the component's type.
	Type string
	// Container is what the server's container is called: where `kubectl exec` leads.
	Container string
	// Port is where it listens.
	Port workload.Port
	// User is the uid that its images run the server as, where [Args] says no other.
	User int

	// Config are the server's files in ConfigFolder, Scripts those that pods run, by their names there.
	ConfigFolder    string
	Config, Scripts map[string]string
	// VolumeFolder is where each server's volume is, SocketFolder where its socket is.
	VolumeFolder, SocketFolder string

	// Superuser is the account that may do everything, and SuperuserSecret the end of its password's logical name.
	Superuser, SuperuserSecret string
	// Env is every server's, and PasswordVariable gets the superuser's password in the primary's pod.
	Env              []binding.Variable
	PasswordVariable string
	// Client leads the engine's own programs to a server, in a script's environment, as an account.
	Client func(host, account string, password *binding.SecretRef) []binding.Variable
	// SetupEnv is the setup's, beside what Client says.
	SetupEnv []binding.Variable

	// Started is the command that succeeds once a server has started, and Alive the primary's liveness.
	Started []string
	Alive   workload.Probe
	// Slots says that replicas have slots on the primary, named after their pods; slots.sh drops those that are left over.
	Slots bool

	// Account is that of an application, and Role the application in the setup's list ROLES. The account that may only
	// read is called that with [Reader].
	Account, Role func(app string) string
	// Bind leads the engine's clients to a target.
	Bind func(to *database.Target, shape database.Shape, mode database.Mode) binding.Binding

	// Exporter offers the server's metrics.
	Exporter Exporter
}

// Exporter is a program that reads a server's metrics and offers them to Prometheus.
type Exporter struct {
	// Port is where it offers them.
	Port workload.Port
	// Env and Args lead it to the server at host, as [Metrics] with that password. What is in [Engine].ConfigFolder is
	// there too.
	Env  func(host string, password *binding.SecretRef) []binding.Variable
	Args func(host string) []string
	// Up is the metric that is 1 while the server answers.
	Up string
}

// Accounts for what looks after the server. No application's name holds an underscore.
const (
	// Backups reads every application's database.
	Backups = "plinth_backup"
	// Metrics monitors the server.
	Metrics = "plinth_metrics"
	// Replication is the replicas'.
	Replication = "replication"
)

// Folders in pods.
const (
	// ScriptsFolder holds the scripts.
	ScriptsFolder = "/scripts"
	// CertificateFolder is where servers find their certificate: tls.crt and tls.key, and [Authority] that signed it.
	CertificateFolder = "/tls"
	// AuthorityFolder is where clients of ours find what they verify the server by, the file [Authority].
	AuthorityFolder = "/authority"
	// Authority is the name of that file.
	Authority = "ca.crt"
	// backupFolder is where a backup is on its way.
	backupFolder = "/backup"
)

// Reader is the account that may only read, beside the one that may do everything in an application's database. No
// application's name holds an underscore.
func Reader(account string) string { return account + "_read" }

// Scripts reads an engine's scripts, by the names that they have in pods: that of their file, or what renamed says.
// Those that it calls "" are left out.
func Scripts(files embed.FS, renamed map[string]string) (map[string]string, error) {
	entries, err := files.ReadDir("scripts")
	if err != nil {
		return nil, fmt.Errorf("reading scripts: %w", err)
	}
	content := map[string]string{}
	for _, entry := range entries {
		name, found := renamed[entry.Name()]
		if !found {
			name = entry.Name()
		}
		if name == "" {
			continue
		}
		text, err := files.ReadFile("scripts/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("reading script %s: %w", entry.Name(), err)
		}
		content[name] = string(text)
	}
	return content, nil
}
