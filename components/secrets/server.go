package secrets

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Server is HashiCorp Vault as values are read from it: a key-value engine of version 2, with one entry for each
// workload.
type Server struct {
	// Address is its URL.
	Address string
	// Mount is where the engine is, Auth where the Kubernetes method of logging in is.
	Mount, Auth string
	// Role is who the reader logs in as, and the policy that the role has.
	Role string
	// Audience is whom the reader's tokens are for.
	Audience string
	// Authority names a Secret in the workloads' namespace whose ca.crt verifies the server. Empty: the operator's own
	// authorities do.
	Authority string
	// Prefix starts the paths of entries: PREFIX/WORKLOAD.
	Prefix string
	// Paths are entries' paths by workload, where they differ.
	Paths map[string]string
	// Writer is who writes what the environment makes. Nil where nothing is written: see [NewVaultWriter].
	Writer pulumi.ProviderResource
}

// Entry is an entry's path below the engine's.
func (v Server) Entry(of string) string { return cmp.Or(v.Paths[of], v.Prefix+"/"+of) }

// Needs is what one workload has in Vault.
type Needs struct {
	Workload string
	// Keys are the entry's.
	Keys []string
}

// Commands are what an administrator of Vault runs once, before the environment is made: the engine, the method of
// logging in, a policy and a role that may read exactly these entries, the entries, and where the environment writes
// what it makes itself a token for that. Lines that begin with # say what for.
func (v Server) Commands(namespace string, needs []Needs, writes bool) []string {
	lines := []string{
		"# Once for each Vault; an error that the path is in use is fine.",
		fmt.Sprintf("vault secrets enable -path=%s -version=2 kv", v.Mount),
		fmt.Sprintf("vault auth enable -path=%s kubernetes", v.Auth),
		"# Where Vault runs in this cluster. Elsewhere: the API server's address as Vault reaches it, its authority and a " +
			"reviewer's token.",
		fmt.Sprintf("vault write auth/%s/config kubernetes_host=https://kubernetes.default.svc", v.Auth),
		fmt.Sprintf("# What the namespace %s may read.", namespace),
	}
	var paths []string
	for _, entry := range needs {
		paths = append(paths, v.rule("data", v.Entry(entry.Workload), "read"))
	}
	own := v.Prefix + "/" + generated + "/*"
	if writes {
		paths = append(paths, v.rule("data", own, "read"))
	}
	lines = append(lines, policy(v.Role, paths)...)
	lines = append(lines, fmt.Sprintf("vault write auth/%s/role/%s bound_service_account_names=%s "+
		"bound_service_account_namespaces=%s audience=%s token_policies=%s token_ttl=20m",
		v.Auth, v.Role, Account, namespace, v.Audience, v.Role))
	if len(needs) > 0 {
		lines = append(lines, "# The values: @FILE reads one from a file, so that it is in nobody's history.")
	}
	for _, entry := range needs {
		keys := make([]string, 0, len(entry.Keys))
		for _, key := range slices.Compact(slices.Sorted(slices.Values(entry.Keys))) {
			keys = append(keys, key+"=@"+key)
		}
		lines = append(lines, fmt.Sprintf("vault kv put -mount=%s %s %s",
			v.Mount, v.Entry(entry.Workload), strings.Join(keys, " ")))
	}
	if !writes {
		return lines
	}
	writer := v.Role + "-writer"
	lines = append(lines, "# What the stack writes: passwords and keys that it makes itself.")
	lines = append(lines, policy(writer, []string{
		v.rule("data", own, "create", "update", "read"), v.rule("metadata", own, "read", "delete"),
	})...)
	return append(lines, fmt.Sprintf("vault token create -orphan -policy=%s -period=768h -field=token", writer))
}

// rule is one of a policy, about an entry's data or metadata.
func (v Server) rule(part, entry string, may ...string) string {
	return fmt.Sprintf(`path "%s/%s/%s" { capabilities = ["%s"] }`, v.Mount, part, entry, strings.Join(may, `", "`))
}

func policy(name string, rules []string) []string {
	return slices.Concat([]string{fmt.Sprintf("vault policy write %s - <<'EOF'", name)}, rules, []string{"EOF"})
}
