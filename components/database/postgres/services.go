package postgres

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/workload"
)

// service is a role for something that looks after the server, with the rights of one of the server's own roles:
// https://www.postgresql.org/docs/current/predefined-roles.html. No application's name holds an underscore.
type service struct {
	role, rights string
	// databases are what it may connect to, in the words of pg_hba.conf.
	databases string
}

func backups() service {
	return service{role: "plinth_backup", rights: "pg_read_all_data", databases: "all"}
}

func metrics() service {
	return service{role: "plinth_metrics", rights: "pg_monitor", databases: "postgres"}
}

// services are those that are wanted.
func (a *Args) services() []service {
	var wanted []service
	if a.Backups {
		wanted = append(wanted, backups())
	}
	if a.Metrics {
		wanted = append(wanted, metrics())
	}
	return wanted
}

// servicePasswords gives each of them a password, in a Secret of its own.
func (b *builder) servicePasswords() ([]any, error) {
	var all []any
	for _, s := range b.args.services() {
		name := b.serviceSecret(s)
		made, err := b.password(name)
		if err != nil {
			return nil, err
		}
		if err := b.secret(name, "Opaque", pulumi.StringMap{passwordKey: made.Current()}); err != nil {
			return nil, err
		}
		b.database.revisions[s.role] = made.Current()
		all = append(all, made.Current())
	}
	return all, nil
}

// serviceSecret names the Secret with the role's password.
func (b *builder) serviceSecret(s service) string {
	kind := "backup"
	if s == metrics() {
		kind = "metrics"
	}
	return workload.Name(workload.MaxLabel, b.name, kind, "credentials")
}

// servicesSetup tells the setup of them.
func (b *builder) servicesSetup(pod *workload.Pod) {
	var list []string
	for _, s := range b.args.services() {
		list = append(list, s.role+":"+s.rights)
		volume := strings.ReplaceAll(s.role, "_", "-")
		pod.Volumes = append(pod.Volumes, workload.Volume{Name: volume, Secret: pulumi.String(b.serviceSecret(s))})
		pod.Containers[0].Mounts = append(pod.Containers[0].Mounts,
			workload.Mount{Volume: volume, Path: "/services/" + s.role, ReadOnly: true})
	}
	pod.Containers[0].Env = append(pod.Containers[0].Env,
		binding.Variable{Name: "SERVICES", Value: pulumi.String(strings.Join(list, " "))})
}
