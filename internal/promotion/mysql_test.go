package promotion_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"plinth/internal/promotion"
)

// mariadb answers as the servers of MariaDB do. What a volume has received is applied only when that is waited for.
func (w *world) mariadb(_ context.Context, pod, statement string) (string, error) {
	if err := w.call(); err != nil {
		return "", err
	}
	volume := w.volumeOf(pod)
	if volume == "" || w.broken[pod] {
		return "", fmt.Errorf("%s does not answer", pod)
	}
	at := fmt.Sprintf("0-1-%d", w.received[volume])
	switch {
	case statement == `SHOW SLAVE STATUS\G`:
		if w.promoted[volume] {
			return "", nil
		}
		return "*** 1. row ***\n      Last_SQL_Error: \n         Gtid_IO_Pos: " + at, nil
	case statement == "SELECT @@gtid_slave_pos":
		return "0-1-7", nil
	case statement == "SELECT @@gtid_binlog_pos":
		return "0-1-300", nil
	case statement == "SELECT @@read_only":
		if w.promoted[volume] {
			return "0", nil
		}
		return "1", nil
	case strings.Contains(statement, "Binlog Dump"):
		return "2", nil
	case strings.HasSuffix(statement, "SET GLOBAL read_only = ON"):
		w.closed = true
		for replica := range w.rest {
			w.received[replica] = 300
		}
	case strings.HasPrefix(statement, "SELECT MASTER_GTID_WAIT('"+at+"'"):
		w.applied = volume
		return "0", nil
	case statement == "STOP SLAVE; RESET SLAVE ALL":
		if !w.promoted[volume] && w.applied != volume {
			w.t.Errorf("%s is promoted before it has applied what it has received", pod)
		}
		if old := w.volumeOf("main-0"); old != "" {
			w.t.Errorf("%s is promoted while the primary runs on %s: there are two", pod, old)
		}
		w.promoted[volume] = true
	case strings.Contains(statement, "information_schema.events"):
		return "ALTER DEFINER = `web`@`%` EVENT `web`.`nightly` ENABLE;", nil
	case strings.HasPrefix(statement, "ALTER DEFINER"):
		w.slots = append(w.slots, statement)
	}
	return "", nil
}

// ofMariaDB makes a promotion one of MariaDB's.
func (w *world) ofMariaDB(to string) *promotion.Promotion {
	p := w.promotion(to)
	p.Server = promotion.MariaDB{SQL: w.mariadb, Pause: p.Pause}
	return p
}

func TestAPrimaryOfMariaDBIsDrainedBeforeItIsStopped(t *testing.T) {
	w := newWorld(t)
	w.rest = map[string]int64{"pv-1": 0, "pv-2": 0}
	result, err := w.ofMariaDB("").Run(t.Context())
	if err != nil || result.Kept != "" || !w.closed {
		t.Fatalf("got %+v, %v, closed: %t", result, err, w.closed)
	}
	if w.received["pv-1"] != 300 || w.received["pv-2"] != 300 {
		t.Errorf("received: %v", w.received)
	}
	w.settled("pv-1")
	if len(w.slots) != 1 {
		t.Errorf("events that were woken: %v", w.slots)
	}
}

func TestAPrimaryOfMariaDBThatDoesNotAnswerIsReplacedAndItsVolumeKept(t *testing.T) {
	w := newWorld(t)
	w.broken["main-0"] = true
	p := w.ofMariaDB("")
	p.Say = func(format string, _ ...any) {
		if strings.HasPrefix(format, "starting") {
			w.broken["main-0"] = false
		}
	}
	result, err := p.Run(t.Context())
	if err != nil || result.Replica != "main-replica-1" || result.Kept != "pv-0" {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestAPromotionOfMariaDBThatIsInterruptedAnywhereIsFinishedByTheNext(t *testing.T) {
	ready := func() *world {
		w := newWorld(t)
		w.rest = map[string]int64{"pv-1": 0, "pv-2": 0}
		return w
	}
	total := ready()
	if _, err := total.ofMariaDB("").Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	interrupted := 0
	for at := 1; at <= total.calls; at++ {
		w := ready()
		w.fails = at
		if _, err := w.ofMariaDB("").Run(t.Context()); err != nil {
			interrupted++
			if _, err := w.ofMariaDB("").Run(t.Context()); err != nil {
				t.Errorf("after a failure of call %d: %v", at, err)
				continue
			}
		}
		if got := w.volumeOf("main-0"); !w.promoted[got] || got == "pv-0" {
			t.Errorf("after a failure of call %d the primary runs on %q", at, got)
		}
	}
	t.Logf("%d calls, %d of them interrupt", total.calls, interrupted)
	if interrupted < total.calls/2 {
		t.Errorf("only %d of %d failures interrupted", interrupted, total.calls)
	}
}

func TestPositionsOfMySQLCountTransactionsOnce(t *testing.T) {
	for _, test := range []struct {
		received, executed string
		want               int64
		refused            string
	}{
		{"", "", 0, ""},
		{"", "a:1-5", 5, ""},
		{"a:3-9", "a:1-5", 9, ""},
		{"a:7-9", "a:1-5:7,\nb:1-3", 5 + 3 + 3, ""},
		{"a:1-4:2-3", "", 4, ""},
		{"a:tag:1-2", "a:1-2", 4, ""},
		{"a:1-x", "", 0, `reading the set "a:1-x"`},
	} {
		server := promotion.MySQL{SQL: func(_ context.Context, _, statement string) (string, error) {
			if strings.Contains(statement, "gtid_executed") {
				return test.executed, nil
			}
			return test.received, nil
		}}
		got, err := server.Position(t.Context(), "main-replica-0")
		if got != test.want || test.refused == "" && err != nil ||
			test.refused != "" && !strings.Contains(fmt.Sprint(err), test.refused) {
			t.Errorf("%q and %q: got %d, %v; want %d", test.received, test.executed, got, err, test.want)
		}
	}
}
