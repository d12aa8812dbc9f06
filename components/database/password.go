package database

import (
	"fmt"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// passwordLength in letters and digits is more than 190 bits.
const passwordLength = 32

// Password is one that is rotated. A server knows one password of an account, so that whoever still has the old one
// would be refused from the moment of the change. There are two therefore, and each rotation makes one of them anew, in
// turn: the even ones the first, the odd ones the other. Each belongs to a login of its own ([Login]); so the clients
// from before a rotation go on with the one while those after it use the other.
type Password struct {
	// Even and Odd are the two, Odd only after a first rotation.
	Even, Odd pulumi.StringOutput
	rotation  int
}

// NewPassword makes a password once for each rotation that concerns it and keeps it in the state, encrypted. It holds
// letters and digits only, so that it can stand in a URL and in a statement as it is. The logical names start with
// name.
func NewPassword(ctx *pulumi.Context, name string, rotation int, opts ...pulumi.ResourceOption) (Password, error) {
	p := Password{rotation: rotation}
	generate := func(name string, parity int) (pulumi.StringOutput, error) {
		args := &random.RandomPasswordArgs{Length: pulumi.Int(passwordLength), Special: pulumi.Bool(false)}
		// The last rotation up to now that this one is of.
		if last := rotation - (rotation+parity)%2; last > 0 {
			args.Keepers = pulumi.StringMap{"rotation": pulumi.String(fmt.Sprint(last))}
		}
		made, err := random.NewRandomPassword(ctx, name, args, opts...)
		if err != nil {
			return pulumi.StringOutput{}, fmt.Errorf("making password %s: %w", name, err)
		}
		return made.Result, nil
	}
	var err error
	if p.Even, err = generate(name, 0); err != nil || rotation == 0 {
		return p, err
	}
	p.Odd, err = generate(name+"-"+alternate, 1)
	return p, err
}

// Current is the one in use.
func (p Password) Current() pulumi.StringOutput {
	if p.rotation%2 == 1 {
		return p.Odd
	}
	return p.Even
}

// Previous is the one before the last rotation. There must have been one.
func (p Password) Previous() pulumi.StringOutput {
	if p.rotation%2 == 1 {
		return p.Even
	}
	return p.Odd
}

// Version tells the passwords of a rotation from those before any.
func Version(rotation int) string {
	if rotation == 0 {
		return ""
	}
	return fmt.Sprint(rotation)
}

// alternate is what belongs to the odd rotations.
const alternate = "alternate"

// Login is the account that clients log in as after a rotation, for the one whose rights it has: that itself after an
// even one, and after an odd one another with the same rights.
func Login(account string, rotation int) string {
	if rotation%2 == 0 {
		return account
	}
	return account + "_alt"
}

// KeyOf is where the password of that login is, in the Secret that holds it under key before any rotation.
func KeyOf(key string, rotation int) string {
	if rotation%2 == 0 {
		return key
	}
	return alternate + "-" + key
}
