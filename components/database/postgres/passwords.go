package postgres

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/workload"
)

// Keys of the Secrets. A role's password of an odd rotation is under alternate, then a hyphen and its ordinary key.
const (
	passwordKey     = "password"
	readPasswordKey = "read-password"
	replicationKey  = "replication-password"
	previousKey     = "previous-password"

	alternate = "alternate"
)

// passwordLength in letters and digits is more than 190 bits.
const passwordLength = 32

// credentials are where the passwords are.
type credentials struct {
	superuser, replicator *binding.SecretRef
	// previous is the superuser's password before the last rotation; nil before the first.
	previous *binding.SecretRef
	// fingerprint changes with any of the passwords, replication with that of the replicas.
	fingerprint, replication pulumi.StringInput
}

// password is one that is rotated. Postgres knows one password of a role, so that whoever still has the old one would
// be refused from the moment of the change. There are two therefore, and each rotation makes one of them anew, in turn:
// the even ones the first, the odd ones the other. Each belongs to a login of its own; so the clients from before a
// rotation go on with the one while those after it use the other.
type password struct {
	even, odd pulumi.StringOutput
	rotation  int
}

func (p password) current() pulumi.StringOutput {
	if p.rotation%2 == 1 {
		return p.odd
	}
	return p.even
}

func (p password) previous() pulumi.StringOutput {
	if p.rotation%2 == 1 {
		return p.even
	}
	return p.odd
}

// password is made once for each rotation that concerns it and kept in the state, encrypted. It holds letters and
// digits only, so that it can stand in a URL as it is.
func (b *builder) password(name string) (password, error) {
	generate := func(name string, parity int) (pulumi.StringOutput, error) {
		// The last rotation up to now that this one is of.
		rotation := b.args.Rotation - (b.args.Rotation+parity)%2
		args := &random.RandomPasswordArgs{Length: pulumi.Int(passwordLength), Special: pulumi.Bool(false)}
		if rotation > 0 {
			args.Keepers = pulumi.StringMap{"rotation": pulumi.String(fmt.Sprint(rotation))}
		}
		made, err := random.NewRandomPassword(b.ctx, name, args, pulumi.Parent(b.database))
		if err != nil {
			return pulumi.StringOutput{}, fmt.Errorf("making password %s: %w", name, err)
		}
		return made.Result, nil
	}
	p := password{rotation: b.args.Rotation}
	var err error
	if p.even, err = generate(name, 0); err != nil || p.rotation == 0 {
		return p, err
	}
	p.odd, err = generate(name+"-"+alternate, 1)
	return p, err
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
	values := pulumi.StringMap{passwordKey: superuser.current(), replicationKey: replicator.current()}
	b.credentials = &credentials{
		superuser:   &binding.SecretRef{Secret: pulumi.String(system), Key: passwordKey},
		replicator:  &binding.SecretRef{Secret: pulumi.String(system), Key: replicationKey},
		replication: workload.Fingerprint(b.database.replica, replicator.current()),
	}
	all := []any{superuser.current(), replicator.current()}
	if b.args.Rotation > 0 {
		values[previousKey] = superuser.previous()
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
			values[entry.key] = made.even
			all = append(all, made.even)
			if b.args.Rotation > 0 {
				values[keyOf(entry.key, 1)] = made.odd
				all = append(all, made.odd)
			}
			b.database.revisions[entry.role] = made.current()
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

// login is the role that clients log in as after a rotation, for the role whose rights it has: that itself after an
// even one, and after an odd one another that becomes it.
func login(role string, rotation int) string {
	if rotation%2 == 0 {
		return role
	}
	return role + "_alt"
}

// keyOf is where the password of that login is.
func keyOf(key string, rotation int) string {
	if rotation%2 == 0 {
		return key
	}
	return alternate + "-" + key
}
