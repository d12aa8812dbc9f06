package postgres

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

// password makes a role's password.
func (b *builder) password(name string) (database.Password, error) {
	return database.NewPassword(b.ctx, name, b.args.Rotation, pulumi.Parent(b.database))
}

// passwords puts every password into a Secret: those of the server itself into one, those of each application into one
// of its own.
func (b *builder) passwords() error {
	superuser, err := b.password(b.name + "-superuser")
	if err != nil {
		return err
	}
	replicator, err := b.password(b.name + "-replication")
	if err != nil {
		return err
	}
	system := b.name + "-credentials"
	values := pulumi.StringMap{passwordKey: superuser.Current(), replicationKey: replicator.Current()}
	b.credentials = &credentials{
		superuser:   &binding.SecretRef{Secret: pulumi.String(system), Key: passwordKey},
		replicator:  &binding.SecretRef{Secret: pulumi.String(system), Key: replicationKey},
		replication: workload.Fingerprint(b.database.replica, replicator.Current()),
	}
	all := []any{superuser.Current(), replicator.Current()}
	if b.args.Rotation > 0 {
		values[previousKey] = superuser.Previous()
		b.credentials.previous = &binding.SecretRef{Secret: pulumi.String(system), Key: previousKey}
	}
	if err := b.secret(system, "Opaque", values); err != nil {
		return err
	}
	b.database.revisions = map[string]pulumi.StringInput{}
	for _, app := range b.args.Applications {
		of, values := b.secretOf(app), pulumi.StringMap{}
		for _, entry := range []struct{ name, key, role string }{
			{of, passwordKey, app}, {of + "-read", readPasswordKey, reader(app)},
		} {
			made, err := b.password(entry.name)
			if err != nil {
				return err
			}
			values[entry.key] = made.Even
			all = append(all, made.Even)
			if b.args.Rotation > 0 {
				values[database.KeyOf(entry.key, 1)] = made.Odd
				all = append(all, made.Odd)
			}
			b.database.revisions[entry.role] = made.Current()
		}
		if err := b.secret(of, "Opaque", values); err != nil {
			return err
		}
	}
	services, err := b.servicePasswords()
	if err != nil {
		return err
	}
	all = append(all, services...)
	b.credentials.fingerprint = workload.Fingerprint(b.database.primary, all...)
	return nil
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

// secretOf names the Secret of an application's role.
func (b *builder) secretOf(app string) string { return secretOf(b.name, app) }

func secretOf(database, app string) string {
	return workload.Name(workload.MaxLabel, database, "role", app)
}

// reader is the role that may only read an application's database. No application's name holds an underscore.
func reader(app string) string { return app + "_read" }
