package replicated

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/database"
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
	system := b.name + "-credentials"
	ref := func(key string) *binding.SecretRef {
		return &binding.SecretRef{Secret: pulumi.String(system), Key: key}
	}
	values := pulumi.StringMap{passwordKey: superuser.Current(), replicationKey: replicator.Current()}
	b.credentials = &credentials{
		superuser: ref(passwordKey), replicator: ref(replicationKey),
		replication: workload.Fingerprint(b.database.replica, replicator.Current()),
	}
	all := []any{superuser.Current(), replicator.Current()}
	if b.args.Rotation > 0 {
		values[previousKey] = superuser.Previous()
		b.credentials.previous = ref(previousKey)
	}
	if err := b.secret(system, "Opaque", values); err != nil {
		return err
	}
	b.database.revisions = map[string]pulumi.StringInput{}
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
		if err := b.secret(name, "Opaque", pulumi.StringMap{passwordKey: made.Current()}); err != nil {
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
	of, account, values := secretOf(b.name, app), b.engine.Account(app), pulumi.StringMap{}
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
	return all, b.secret(of, "Opaque", values)
}

func (b *builder) secret(name, kind string, values pulumi.StringMap) error {
	made, err := corev1.NewSecret(b.ctx, name, &corev1.SecretArgs{
		Metadata: b.database.primary.Meta(name), Type: pulumi.String(kind), StringData: values,
	}, b.child()...)
	if err != nil {
		return fmt.Errorf("creating secret %s: %w", name, err)
	}
	b.guards = append(b.guards, made)
	return nil
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
	return &binding.SecretRef{Secret: pulumi.String(b.serviceSecret(service)), Key: passwordKey}
}
