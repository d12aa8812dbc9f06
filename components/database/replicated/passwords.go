package replicated

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/secrets"
	"plinth/components/workload"
)

// Keys of the Secrets, before any rotation: [database.KeyOf].
const (
	passwordKey     = "password"
	readPasswordKey = "read-password"
	replicationKey  = "replication-password"
	previousKey     = "previous-password"
)

// credentials are where the passwords are.
type credentials struct {
	superuser, replicator *binding.SecretRef
	// previous is the superuser's password before the last rotation; nil before the first.
	previous *binding.SecretRef
	// fingerprint changes with any of the passwords, replication with that of the replicas.
	fingerprint, replication pulumi.StringInput
}

// password makes an account's password.
func (b *builder) password(name string) (database.Password, error) {
	return database.NewPassword(b.ctx, name, b.args.Rotation, pulumi.Parent(b.database))
}

// passwords puts every password into a Secret: those of the server itself into one, those of each application and of
// each service into one of its own.
func (b *builder) passwords() error {
	superuser, err := b.password(b.name + "-" + b.engine.SuperuserSecret)
	if err != nil {
		return err
	}
	replicator, err := b.password(b.name + "-replication")
	if err != nil {
		return err
	}
	values := map[string]pulumi.StringInput{passwordKey: superuser.Current(), replicationKey: replicator.Current()}
	all := []any{superuser.Current(), replicator.Current()}
	if b.args.Rotation > 0 {
		values[previousKey] = superuser.Previous()
	}
	system, err := b.rotated(b.name+"-credentials", values)
	if err != nil {
		return err
	}
	b.credentials = &credentials{
		superuser: system.At(passwordKey), replicator: system.At(replicationKey),
		replication: workload.Fingerprint(b.database.replica, replicator.Current()),
	}
	if b.args.Rotation > 0 {
		b.credentials.previous = system.At(previousKey)
	}
	b.database.revisions, b.database.secrets = map[string]pulumi.StringInput{}, map[string]*secrets.Reference{}
	for _, app := range b.args.Applications {
		made, err := b.applicationPasswords(app)
		if err != nil {
			return err
		}
		all = append(all, made...)
	}
	for _, service := range b.args.services() {
		name := b.serviceSecret(service)
		made, err := b.password(name)
		if err != nil {
			return err
		}
		b.database.secrets[service], err = b.rotated(name, map[string]pulumi.StringInput{passwordKey: made.Current()})
		if err != nil {
			return err
		}
		b.database.revisions[service] = made.Current()
		all = append(all, made.Current())
	}
	b.credentials.fingerprint = workload.Fingerprint(b.database.primary, all...)
	return nil
}

// applicationPasswords are those of an application's two accounts, in one Secret.
func (b *builder) applicationPasswords(app string) (all []any, err error) {
	of, account, values := secretOf(b.name, app), b.engine.Account(app), map[string]pulumi.StringInput{}
	for _, entry := range []struct{ name, key, account string }{
		{of, passwordKey, account}, {of + "-read", readPasswordKey, Reader(account)},
	} {
		made, err := b.password(entry.name)
		if err != nil {
			return nil, err
		}
		values[entry.key] = made.Even
		all = append(all, made.Even)
		if b.args.Rotation > 0 {
			values[database.KeyOf(entry.key, 1)] = made.Odd
			all = append(all, made.Odd)
		}
		b.database.revisions[entry.account] = made.Current()
	}
	b.database.secrets[app], err = b.rotated(of, values)
	return all, err
}

// rotated keeps passwords, for pods to read from a Secret of about that name. Those of another rotation are others.
func (b *builder) rotated(name string, values map[string]pulumi.StringInput) (*secrets.Reference, error) {
	return b.keep(&secrets.Kept{Secret: name, Values: values, Version: database.Version(b.args.Rotation)})
}

// keep puts values where the environment keeps what it makes.
func (b *builder) keep(values *secrets.Kept) (*secrets.Reference, error) {
	values.ID = b.database.primary
	made, err := b.args.Keeper.Keep(b.ctx, values.Secret, values, b.child()...)
	if err != nil {
		return nil, err
	}
	b.guards = append(b.guards, made.Ready...)
	return made, nil
}

// secretOf names the Secret of an application's accounts.
func secretOf(database, app string) string {
	return workload.Name(workload.MaxLabel, database, "role", app)
}

// services are the accounts that are wanted for what looks after the server.
func (a *Args) services() []string {
	var wanted []string
	if a.Backups {
		wanted = append(wanted, Backups)
	}
	if a.Metrics {
		wanted = append(wanted, Metrics)
	}
	return wanted
}

// serviceSecret names the Secret with a service's password.
func (b *builder) serviceSecret(service string) string {
	kind := "backup"
	if service == Metrics {
		kind = "metrics"
	}
	return workload.Name(workload.MaxLabel, b.name, kind, "credentials")
}

// serviceRef is where a service's password is.
func (b *builder) serviceRef(service string) *binding.SecretRef {
	return b.database.secrets[service].At(passwordKey)
}
