package verify

import (
	"context"
	"fmt"
	"strings"
)

// postgres looks whether the replicas stream, and whether the primary still keeps what they need.
func (v *Verifier) postgres(ctx context.Context, d Database) []Check {
	subject := fmt.Sprintf("Database %s/%s", d.Namespace, d.Name)
	primary := d.Name + "-0"
	logs := func(pod string) string { return v.Kubectl + " --namespace " + d.Namespace + " logs " + pod }
	ask := func(statement string) ([]string, error) {
		out, err := v.SQL(ctx, d.Namespace, primary, statement)
		if err != nil || out == "" {
			return nil, err
		}
		return strings.Split(out, "\n"), nil
	}
	expected := fmt.Sprintf("%d replicas stream", d.Replicas)
	streaming, err := ask("SELECT application_name FROM pg_stat_replication WHERE state = 'streaming' ORDER BY 1")
	if err != nil {
		return []Check{bad(subject, expected, logs(primary), "%v", err)}
	}
	checks := []Check{good(subject, expected)}
	if len(streaming) < d.Replicas {
		checks[0] = bad(subject, expected, logs(d.Name+"-replica-0"), "%d: %s", len(streaming),
			strings.Join(append(streaming, "nobody")[:max(1, len(streaming))], ", "))
	}
	const kept = "keeps what its replicas need"
	at, err := ask("SELECT slot_name || ' ' || wal_status FROM pg_replication_slots " +
		"WHERE wal_status IN ('lost', 'unreserved')")
	switch {
	case err != nil:
		checks = append(checks, bad(subject, kept, logs(primary), "%v", err))
	case len(at) > 0:
		checks = append(checks, bad(subject, kept, "the replica clones anew by itself; if it does not: "+
			logs(d.Name+"-replica-0"), "slots that lost their place, or are about to: %s", strings.Join(at, ", ")))
	default:
		checks = append(checks, good(subject, kept))
	}
	return checks
}
