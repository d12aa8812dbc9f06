package promotion

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// draining is how long a primary's replicas may take to receive what it has acknowledged, before it is stopped all the
// same, and promoting how long one may take to apply what it has received.
const (
	draining  = 30 * time.Second
	promoting = 150 * time.Second
)

// MariaDB is the engine of that name, whose statements answer with rows of values between tabs, or, where they end in
// \G, with a line for each value. Its replicas follow by global transaction identifiers of one domain.
type MariaDB struct {
	SQL SQL
	// Pause is the time between two looks at what is waited for.
	Pause time.Duration
}

// Position is the sequence number of the last transaction received.
func (s MariaDB) Position(ctx context.Context, pod string) (int64, error) {
	status, err := s.SQL(ctx, pod, `SHOW SLAVE STATUS\G`)
	if err != nil {
		return 0, err
	}
	applied, err := s.SQL(ctx, pod, "SELECT @@gtid_slave_pos")
	if err != nil {
		return 0, err
	}
	var most int64
	for _, at := range []string{field(status, "Gtid_IO_Pos"), applied} {
		number, err := sequence(at)
		if err != nil {
			return 0, fmt.Errorf("replica %s says that it has received %q", pod, at)
		}
		most = max(most, number)
	}
	return most, nil
}

// Amount is in transactions.
func (MariaDB) Amount(difference int64) string { return fmt.Sprint(difference, " transactions") }

// Following counts the connections that the binary log is read by.
func (s MariaDB) Following(ctx context.Context, pod string) (int, error) {
	return readers(ctx, s.SQL, pod)
}

// Drain refuses writes, and waits for the replicas: a server that is asked to stop leaves them behind.
func (s MariaDB) Drain(ctx context.Context, pod string, replicas []string) error {
	return drain(ctx, s.SQL, s, pod, replicas, s.Pause, "SET GLOBAL read_only = ON", func() (int64, error) {
		at, err := s.SQL(ctx, pod, "SELECT @@gtid_binlog_pos")
		if err != nil {
			return 0, err
		}
		return sequence(at)
	})
}

// Promote ends its being a replica. What it has received is applied first: it is dropped with the next start.
func (s MariaDB) Promote(ctx context.Context, pod string, _ []string) error {
	status, err := s.SQL(ctx, pod, `SHOW SLAVE STATUS\G`)
	if err != nil {
		return err
	}
	if received := field(status, "Gtid_IO_Pos"); received != "" {
		if _, err := s.SQL(ctx, pod, "STOP SLAVE IO_THREAD"); err != nil {
			return err
		}
		got, err := s.SQL(ctx, pod, fmt.Sprintf("SELECT MASTER_GTID_WAIT('%s', %.0f)", received, promoting.Seconds()))
		if err != nil {
			return err
		}
		if got != "0" {
			return fmt.Errorf("it has not applied all that it has received, up to %s, after %s: %s", received, promoting,
				field(status, "Last_SQL_Error"))
		}
	}
	if _, err := s.SQL(ctx, pod, "STOP SLAVE; RESET SLAVE ALL"); err != nil {
		return err
	}
	// A first transaction of its own: a clone takes its position from the binary log, in which there is none yet where
	// nothing was written since this one was cloned.
	const first = "CREATE TABLE IF NOT EXISTS _plinth.promotions (at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP); " +
		"INSERT INTO _plinth.promotions VALUES ()"
	if _, err := s.SQL(ctx, pod, first); err != nil {
		return err
	}
	return awaken(ctx, s.SQL, pod)
}

// Primary is one that takes writes and follows nobody.
func (s MariaDB) Primary(ctx context.Context, pod string) (bool, error) {
	return primary(ctx, s.SQL, pod, `SHOW SLAVE STATUS\G`)
}

// MySQL is the engine of that name, whose statements answer as those of [MariaDB] do. It was not tried on a cluster: no
// image of it was at hand.
type MySQL struct {
	SQL SQL
	// Pause is the time between two looks at what is waited for.
	Pause time.Duration
}

// Position counts the transactions that were received or applied, of all servers.
func (s MySQL) Position(ctx context.Context, pod string) (int64, error) {
	received, err := s.SQL(ctx, pod, receivedByMySQL)
	if err != nil {
		return 0, err
	}
	applied, err := s.SQL(ctx, pod, "SELECT @@GLOBAL.gtid_executed")
	if err != nil {
		return 0, err
	}
	count, err := transactions(received, applied)
	if err != nil {
		return 0, fmt.Errorf("replica %s says that it has received %q: %w", pod, received, err)
	}
	return count, nil
}

const receivedByMySQL = "SELECT COALESCE(GROUP_CONCAT(RECEIVED_TRANSACTION_SET), '') " +
	"FROM performance_schema.replication_connection_status"

// Amount is in transactions.
func (MySQL) Amount(difference int64) string { return fmt.Sprint(difference, " transactions") }

// Following counts the connections that the binary log is read by.
func (s MySQL) Following(ctx context.Context, pod string) (int, error) {
	return readers(ctx, s.SQL, pod)
}

// Drain refuses writes, and waits for the replicas: a server that is asked to stop leaves them behind.
func (s MySQL) Drain(ctx context.Context, pod string, replicas []string) error {
	return drain(ctx, s.SQL, s, pod, replicas, s.Pause, "SET GLOBAL super_read_only = ON", func() (int64, error) {
		at, err := s.SQL(ctx, pod, "SELECT @@GLOBAL.gtid_executed")
		if err != nil {
			return 0, err
		}
		return transactions(at)
	})
}

// Promote ends its being a replica. What it has received is applied first: it is dropped with the next start.
func (s MySQL) Promote(ctx context.Context, pod string, _ []string) error {
	received, err := s.SQL(ctx, pod, receivedByMySQL)
	if err != nil {
		return err
	}
	if received != "" {
		if _, err := s.SQL(ctx, pod, "STOP REPLICA IO_THREAD"); err != nil {
			return err
		}
		got, err := s.SQL(ctx, pod, fmt.Sprintf("SELECT WAIT_FOR_EXECUTED_GTID_SET('%s', %.0f)",
			strings.Join(strings.Fields(received), ""), promoting.Seconds()))
		if err != nil {
			return err
		}
		if got != "0" {
			return fmt.Errorf("it has not applied all that it has received, %s, after %s", received, promoting)
		}
	}
	_, err = s.SQL(ctx, pod, "STOP REPLICA; RESET REPLICA ALL; SET GLOBAL super_read_only = OFF")
	if err != nil {
		return err
	}
	return awaken(ctx, s.SQL, pod)
}

// Primary is one that takes writes and follows nobody.
func (s MySQL) Primary(ctx context.Context, pod string) (bool, error) {
	return primary(ctx, s.SQL, pod, `SHOW REPLICA STATUS\G`)
}

// readers counts the connections that the binary log is read by.
func readers(ctx context.Context, sql SQL, pod string) (count int, err error) {
	answer, err := sql(ctx, pod,
		"SELECT count(*) FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'")
	if err != nil {
		return 0, err
	}
	_, err = fmt.Sscan(answer, &count)
	return count, err
}

// drain closes the primary, and waits until every replica has received as much as it has.
func drain(
	ctx context.Context, sql SQL, server Server, pod string, replicas []string, pause time.Duration, refuse string,
	written func() (int64, error),
) error {
	// A commit that waits for a replica holds it up.
	if _, err := sql(ctx, pod, "SET SESSION lock_wait_timeout = 10; "+refuse); err != nil {
		return fmt.Errorf("closing the primary to writes: %w", err)
	}
	last, err := written()
	if err != nil {
		return err
	}
	deadline := time.Now().Add(draining)
	for _, replica := range replicas {
		for {
			at, err := server.Position(ctx, replica)
			if err == nil && at >= last {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%s has received %d transactions of %d after %s (%v)", replica, at, last, draining, err)
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(pause):
			}
		}
	}
	return nil
}

// awaken lets the events run here that a replica leaves to its primary.
func awaken(ctx context.Context, sql SQL, pod string) error {
	statements, err := sql(ctx, pod, "SELECT CONCAT('ALTER DEFINER = `', REPLACE(definer, '@', '`@`'), '` EVENT `', "+
		"event_schema, '`.`', event_name, '` ENABLE;') FROM information_schema.events WHERE status LIKE '%SIDE%DISABLED'")
	if err != nil || statements == "" {
		return err
	}
	_, err = sql(ctx, pod, statements)
	return err
}

func primary(ctx context.Context, sql SQL, pod, status string) (bool, error) {
	closed, err := sql(ctx, pod, "SELECT @@read_only")
	if err != nil || closed != "0" {
		return false, err
	}
	following, err := sql(ctx, pod, status)
	return following == "", err
}

// field is a value of an answer with a line for each.
func field(answer, name string) string {
	for line := range strings.Lines(answer) {
		if key, value, found := strings.Cut(strings.TrimSpace(line), ": "); found && key == name {
			return value
		}
	}
	return ""
}

// sequence is the number of the last transaction in a position of MariaDB's, DOMAIN-SERVER-SEQUENCE. It is 0 where
// nothing was written yet.
func sequence(position string) (int64, error) {
	if position == "" {
		return 0, nil
	}
	return strconv.ParseInt(position[strings.LastIndex(position, "-")+1:], 10, 64)
}

// transactions counts those in the union of sets of MySQL's: SERVER:FROM-TO:FROM-TO,SERVER:FROM.
func transactions(sets ...string) (count int64, err error) {
	type interval struct{ from, to int64 }
	of := map[string][]interval{}
	for _, entry := range strings.Split(strings.Join(strings.Fields(strings.Join(sets, ",")), ""), ",") {
		server, rest, _ := strings.Cut(entry, ":")
		for _, part := range strings.Split(rest, ":") {
			if part == "" {
				continue
			}
			if part[0] < '0' || part[0] > '9' { // A tag, which the intervals after it belong to.
				server += ":" + part
				continue
			}
			from, to, several := strings.Cut(part, "-")
			if !several {
				to = from
			}
			var i interval
			if i.from, err = strconv.ParseInt(from, 10, 64); err == nil {
				i.to, err = strconv.ParseInt(to, 10, 64)
			}
			if err != nil {
				return 0, fmt.Errorf("reading the set %q: %w", entry, err)
			}
			of[server] = append(of[server], i)
		}
	}
	for _, intervals := range of {
		slices.SortFunc(intervals, func(a, b interval) int { return int(a.from - b.from) })
		var end int64
		for _, i := range intervals {
			if i.to > end {
				count += i.to - max(i.from-1, end)
				end = i.to
			}
		}
	}
	return count, nil
}
