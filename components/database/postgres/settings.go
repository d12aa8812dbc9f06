package postgres

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
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
func (a *Args) settings() (string, error) {
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
		"synchronous_commit":     a.SynchronousCommit,
		"shared_buffers":         fmt.Sprintf("%dMB", max(16, memory.Value()/4/mebibyte)),
		"effective_cache_size":   fmt.Sprintf("%dMB", max(48, memory.Value()*3/4/mebibyte)),
	}
	maps.Copy(values, a.Settings)
	var conf strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(&conf, "%s = '%s'\n", name, strings.ReplaceAll(values[name], "'", "''"))
	}
	return conf.String(), nil
}

// access is pg_hba.conf: the operating system's user is the superuser over the socket, which is how probes and an
// administrator in the container get in; over the network each role reaches its own database alone, by password.
func (a *Args) access() string {
	lines := []string{
		"local all postgres peer",
		// What probes ask for: an entry keeps each of them from being logged as refused.
		"host all postgres 127.0.0.1/32 scram-sha-256",
	}
	for _, cidr := range a.Clients {
		admit := func(database, role string) {
			lines = append(lines, fmt.Sprintf("host %s %s %s scram-sha-256", database, quoted(role), cidr))
		}
		// In quotes these would be names of databases: bare, "all" and "replication" are words of the file's own.
		admit("all", superuser)
		admit("replication", replicator)
		admit("postgres", replicator)
		for _, app := range a.Applications {
			admit(quoted(app), app)
			admit(quoted(app), reader(app))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// quoted keeps a name from being one of the words that the file has a meaning of its own for.
func quoted(name string) string { return `"` + name + `"` }
