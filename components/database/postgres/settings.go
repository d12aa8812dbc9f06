package postgres

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"plinth/components/database"
	"plinth/components/database/replicated"
)

// maxSenders is both max_wal_senders and max_replication_slots: nine replicas and one for a clone under way. It does
// not follow the number of replicas, because a change restarts the primary and a standby must have at least as many.
const maxSenders = 10

// MaxReplicas is what fits into maxSenders.
const MaxReplicas = maxSenders - 1

const mebibyte = 1 << 20

// settings is postgresql.conf. Sizes follow from the memory limit as the documentation advises: a quarter for the
// server's own cache, and the planner counts on three:
// https://www.postgresql.org/docs/current/runtime-config-resource.html.
func (a *Args) settings(name string) (string, error) {
	memory, err := resource.ParseQuantity(a.Resources.Limits.Memory)
	if err != nil {
		return "", fmt.Errorf("sizing caches: memory limit %q: %w", a.Resources.Limits.Memory, err)
	}
	storage, err := resource.ParseQuantity(a.Storage)
	if err != nil {
		return "", fmt.Errorf("bounding what slots keep: storage %q: %w", a.Storage, err)
	}
	values := map[string]string{
		"listen_addresses":        "*",
		"unix_socket_directories": socketFolder,
		"password_encryption":     "scram-sha-256",
		"wal_level":               "replica",
		"hot_standby":             "on",
		"max_wal_senders":         fmt.Sprint(maxSenders),
		"max_replication_slots":   fmt.Sprint(maxSenders),
		// A replica that is away holds up to this much, then it is dropped and clones anew: the disk does not fill.
		"max_slot_wal_keep_size": fmt.Sprintf("%dMB", max(64, storage.Value()/4/mebibyte)),
		"synchronous_commit":     string(replicated.On),
		"ssl":                    "on",
		"ssl_cert_file":          replicated.CertificateFolder + "/tls.crt",
		"ssl_key_file":           replicated.CertificateFolder + "/tls.key",
		"shared_buffers":         fmt.Sprintf("%dMB", max(16, memory.Value()/4/mebibyte)),
		"effective_cache_size":   fmt.Sprintf("%dMB", max(48, memory.Value()*3/4/mebibyte)),
	}
	switch a.Synchronous {
	case replicated.On:
	case replicated.Off:
		values["synchronous_commit"] = "off"
	case replicated.Quorum:
		values["synchronous_standby_names"] = standbys(name)
	default:
		return "", fmt.Errorf("synchronous: want off, on or quorum, got %q", a.Synchronous)
	}
	maps.Copy(values, a.Settings)
	var conf strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(&conf, "%s = '%s'\n", name, strings.ReplaceAll(values[name], "'", "''"))
	}
	return conf.String(), nil
}

// standbys makes a commit wait for any one of the replicas. It names all that there can be, since to change it restarts
// the primary, and by name, so that a clone or a backup that is being taken does not count.
func standbys(database string) string {
	var names []string
	for i := range MaxReplicas {
		names = append(names, fmt.Sprintf(`"%s-replica-%d"`, database, i))
	}
	return "ANY 1 (" + strings.Join(names, ", ") + ")"
}

// access is pg_hba.conf: the operating system's user is the superuser over the socket, which is how probes and an
// administrator in the container get in; over the network each role reaches its own database alone, by password and
// encrypted.
func (a *Args) access() string {
	lines := []string{
		"local all postgres peer",
		// What probes ask for: an entry keeps each of them from being logged as refused.
		"host all postgres 127.0.0.1/32 scram-sha-256",
	}
	kind := "hostssl"
	if a.Plaintext {
		kind = "host"
	}
	for _, cidr := range a.Clients {
		admit := func(database, role string) {
			lines = append(lines, fmt.Sprintf("%s %s %s %s scram-sha-256", kind, database, quoted(role), cidr))
		}
		// In quotes these would be names of databases: bare, "all" and "replication" are words of the file's own.
		admit("all", superuser)
		admit("replication", replicated.Replication)
		admit("postgres", replicated.Replication)
		// Whether they are wanted or not: to add one later restarts nothing.
		admit("all", replicated.Backups)
		admit("postgres", replicated.Metrics)
		for _, app := range a.Applications {
			// Both logins of each, though one may not be there: a rotation restarts nothing.
			for _, role := range []string{app, replicated.Reader(app)} {
				admit(quoted(app), database.Login(role, 0))
				admit(quoted(app), database.Login(role, 1))
			}
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// quoted keeps a name from being one of the words that the file has a meaning of its own for.
func quoted(name string) string { return `"` + name + `"` }
