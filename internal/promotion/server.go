package promotion

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Server is how one engine's servers are asked, and told, what a promotion needs.
type Server interface {
	// Position is how much a replica has received, in units of the engine's: of two replicas the one with more has all
	// that the other has.
	Position(ctx context.Context, pod string) (int64, error)
	// Amount says in words what lies between two positions.
	Amount(difference int64) string
	// Following counts the replicas that follow the primary at this moment.
	Following(ctx context.Context, pod string) (int, error)
	// Drain lets the primary acknowledge nothing more, and waits until the replicas have received all of what it has
	// acknowledged, where its end alone does not see to that.
	Drain(ctx context.Context, pod string, replicas []string) error
	// Promote makes a replica a primary that has applied all that it has received, and which the others can follow. It is
	// called again after an interruption.
	Promote(ctx context.Context, pod string, others []string) error
	// Primary says whether the server in the pod takes writes.
	Primary(ctx context.Context, pod string) (bool, error)
}

// SQL runs a statement as the superuser in a pod's server, and returns what it answers.
type SQL func(ctx context.Context, pod, statement string) (string, error)

// Postgres is the engine of that name, whose statements answer with one value.
type Postgres struct{ SQL SQL }

// Position is in bytes of the write-ahead log.
func (s Postgres) Position(ctx context.Context, pod string) (position int64, err error) {
	const ask = "SELECT (pg_wal_lsn_diff(greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), '0/0'))::bigint"
	answer, err := s.SQL(ctx, pod, ask)
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Sscan(answer, &position); err != nil {
		return 0, fmt.Errorf("replica %s says that it has received %q", pod, answer)
	}
	return position, nil
}

// Amount is in bytes.
func (Postgres) Amount(difference int64) string { return fmt.Sprint(difference, " bytes") }

// Following counts those that stream.
func (s Postgres) Following(ctx context.Context, pod string) (count int, err error) {
	answer, err := s.SQL(ctx, pod, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
	if err != nil {
		return 0, err
	}
	_, err = fmt.Sscan(answer, &count)
	return count, err
}

// Drain has nothing to do: a server that is asked to stop sends its replicas everything first.
func (Postgres) Drain(context.Context, string, []string) error { return nil }

// Promote also lets the others follow: what they have is a part of what it has, and their slots keep what they lack.
func (s Postgres) Promote(ctx context.Context, pod string, others []string) error {
	primary, err := s.Primary(ctx, pod)
	if err == nil && !primary {
		_, err = s.SQL(ctx, pod, "SELECT pg_promote(true, 120)")
	}
	if err != nil {
		return err
	}
	if primary, err = s.Primary(ctx, pod); err != nil {
		return err
	}
	if !primary {
		return errors.New("it is no primary after two minutes")
	}
	for _, other := range others {
		slot := strings.ReplaceAll(other, "-", "_")
		_, err := s.SQL(ctx, pod, fmt.Sprintf("SELECT pg_create_physical_replication_slot('%[1]s', true) "+
			"WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '%[1]s')", slot))
		if err != nil {
			return fmt.Errorf("making a slot for %s: %w", other, err)
		}
	}
	// So that it starts at once under its new name.
	_, err = s.SQL(ctx, pod, "CHECKPOINT")
	return err
}

// Primary is one that does not recover.
func (s Postgres) Primary(ctx context.Context, pod string) (bool, error) {
	recovering, err := s.SQL(ctx, pod, "SELECT pg_is_in_recovery()")
	return recovering == "f", err
}
