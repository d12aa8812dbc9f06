package mysql

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/workload"
)

// Keys of the Secrets. An account's password of an odd rotation is where [database.KeyOf] says.
const (
	passwordKey     = "password"
	readPasswordKey = "read-password"
	replicationKey  = "replication-password"
	previousKey     = "previous-password"
)

// credentials are where the passwords are.
type credentials struct {
	root, replicator *binding.SecretRef
	// previous is root's password before the last rotation; nil before the first.
	previous *binding.SecretRef
	// fingerprint changes with any of the passwords, replication with that of the replicas.
	fingerprint, replication pulumi.StringInput
}

// passwords puts every password into a Secret: those of the server itself into one, those of each application into one
// of its own.
func (b *builder) passwords() error {
	root, err := b.password(b.name + "-root")
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
	b.credentials = &credentials{
		root: ref(passwordKey), replicator: ref(replicationKey),
		replication: workload.Fingerprint(b.database.replica, replicator.Current()),
	}
	values := pulumi.StringMap{passwordKey: root.Current(), replicationKey: replicator.Current()}
	all := []any{root.Current(), replicator.Current()}
	if b.args.Rotation > 0 {
		values[previousKey] = root.Previous()
		b.credentials.previous = ref(previousKey)
	}
	if err := b.secret(system, "Opaque", values); err != nil {
		return err
	}
	b.database.revisions = map[string]pulumi.StringInput{}
	for _, app := range b.args.Applications {
		of, values := secretOf(b.name, app), pulumi.StringMap{}
		for _, entry := range []struct{ name, key, account string }{
			{of, passwordKey, account(app)}, {of + "-read", readPasswordKey, reader(app)},
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
			b.database.revisions[entry.account] = made.Current()
		}
		if err := b.secret(of, "Opaque", values); err != nil {
			return err
		}
	}
	b.credentials.fingerprint = workload.Fingerprint(b.database.primary, all...)
	return nil
}

func (b *builder) password(name string) (database.Password, error) {
	return database.NewPassword(b.ctx, name, b.args.Rotation, pulumi.Parent(b.database))
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

// maxAccount is the limit of an account's name in MySQL; MariaDB's is higher:
// https://dev.mysql.com/doc/refman/8.4/en/user-names.html.
const maxAccount = 32

// account is an application's, which has the application's name as far as that fits, with what is appended to it.
func account(app string) string { return workload.Name(maxAccount-len("_read_alt"), app) }

// reader is the account that may only read an application's database. No application's name holds an underscore.
func reader(app string) string { return account(app) + "_read" }
