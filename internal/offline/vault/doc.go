// Package vault stands in for Pulumi's plugin for HashiCorp Vault: for entries of a key-value engine of version 2
// (vault:kv/secretV2:SecretV2), which it writes to the Vault that the provider names, over its HTTP API
// (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2). Everything else it refuses by name.
package vault
