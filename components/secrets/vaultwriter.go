package secrets

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// VaultPlugin is the version of Pulumi's plugin for Vault that is used, by tokens: of its SDK two types would be of
// use, and the provider's is in a package with every other. A test compares the properties with the SDK's.
const VaultPlugin = "6.1.0"

// The types.
const (
	vaultProvider = "pulumi:providers:vault"
	vaultEntry    = "vault:kv/secretV2:SecretV2"
)

// VaultWriter writes entries of a Vault.
type VaultWriter struct{ pulumi.ProviderResourceState }

// NewVaultWriter reaches the Vault at an address as whoever runs Pulumi does, with a token that is secret. What
// verifies it is what VAULT_CACERT leads to, or else the machine's own authorities.
func NewVaultWriter(
	ctx *pulumi.Context, name, address string, token pulumi.StringInput,
) (*VaultWriter, error) {
	w := &VaultWriter{}
	err := ctx.RegisterResource(vaultProvider, name, pulumi.Map{
		"address": pulumi.String(address), "token": pulumi.ToSecret(token),
		// The token is made for this; one that may only write entries could not make another.
		"skipChildToken": pulumi.Bool(true),
	}, w, pulumi.Version(VaultPlugin))
	if err != nil {
		return nil, fmt.Errorf("registering the provider for Vault at %s: %w", address, err)
	}
	return w, nil
}

// generated is the folder below [Server].Prefix for what the environment makes: nobody else writes there.
const generated = "generated"

// write puts values into an entry of their own, PREFIX/generated/SECRET. All versions of it go with it.
func (v Server) write(
	ctx *pulumi.Context, name string, args *Kept, opts ...pulumi.ResourceOption,
) (entry string, made pulumi.Resource, err error) {
	if v.Writer == nil {
		return "", nil, errors.New("secret " + args.Secret + ": nobody is said to write to Vault")
	}
	values := pulumi.Map{}
	for key, value := range args.Values {
		values[key] = value
	}
	entry = v.Prefix + "/" + generated + "/" + args.Secret
	written := &pulumi.CustomResourceState{}
	err = ctx.RegisterResource(vaultEntry, name, pulumi.Map{
		"mount": pulumi.String(v.Mount), "name": pulumi.String(entry),
		"dataJson": pulumi.ToSecret(pulumi.JSONMarshal(values)), "deleteAllVersions": pulumi.Bool(true),
	}, written, append(opts[:len(opts):len(opts)], pulumi.Provider(v.Writer), pulumi.Version(VaultPlugin))...)
	if err != nil {
		return "", nil, fmt.Errorf("writing %s/%s in Vault: %w", v.Mount, entry, err)
	}
	return entry, written, nil
}
