//go:build e2e && e2eall

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// bare is a stack of a database alone, that keeps hardly anything for replicas that are away.
const bare = `
config:
  plinth:tier: dev
  plinth:namespace: {name: %s}
  plinth:databases:
    main:
      image: docker.io/library/postgres:15
      replicas: 1
      settings: {max_slot_wal_keep_size: 16MB, max_wal_size: 32MB, min_wal_size: 32MB}
      resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 256Mi, ephemeralStorage: 256Mi}}
      timeout: 180
`

func TestReplicaThatFellBehindClonesAnew(t *testing.T) {
	const (
		ns      = "e2e-all-behind"
		replica = "main-replica-0"
		// limit is the time to notice, three probes at twenty seconds, to restart the container and to clone.
		limit = 3 * time.Minute
	)
	c, p := connect(t), newProject(t)
	p.stack(t, ns, fmt.Sprintf(bare, ns))
	t.Cleanup(func() {
		p.run(t, "destroy", ns, "--yes")
		c.gone(t, ns)
	})
	p.must(t, "up", ns)
	c.streaming(t, ns, 1)

	primary := func(statement string) string {
		t.Helper()
		out, err := c.sql(t, ns, "main-0", "postgres", statement)
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		return out
	}
	signal := func(name, pid string) {
		t.Helper()
		if _, err := c.execIn(t, ns, replica, "postgres", "bash", "-c", "kill -"+name+" "+pid); err != nil {
			t.Fatalf("signal %s to the receiver: %v", name, err)
		}
	}
	receiver, err := c.sql(t, ns, replica, "postgres", "SELECT pid FROM pg_stat_wal_receiver")
	if err != nil || receiver == "" {
		t.Fatalf("the replica has no receiver: %q, %v", receiver, err)
	}
	signal("STOP", receiver)
	primary("CREATE TABLE many (n int, filler text)")
	written := 0
	const state = "SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'main_replica_0'"
	for status := ""; status != "lost"; status = primary(state) {
		if written++; written > 20 {
			t.Fatalf("the slot is %s after %d rounds of 40 MB", status, written)
		}
		primary("INSERT INTO many SELECT n, repeat('x', 300) FROM generate_series(1, 100000) AS n")
		primary("SELECT pg_switch_wal()")
		primary("CHECKPOINT")
	}
	want := primary("SELECT count(*) FROM many")
	signal("CONT", receiver)

	start := time.Now()
	await(t, "rows in the replica", want, limit, func() (string, error) {
		out, err := c.sql(t, ns, replica, "postgres", "SELECT count(*) FROM many")
		return out, err
	})
	c.streaming(t, ns, 1)
	t.Logf("a replica that lost its slot streams again after %v, with %s rows", time.Since(start).Round(time.Second), want)
	if status := primary(state); status != "reserved" {
		t.Errorf("its new slot is %s", status)
	}
	// What comes now arrives as ever.
	primary("INSERT INTO many VALUES (0, 'last')")
	await(t, "a row written since", "last", 10*time.Second, func() (string, error) {
		return c.sql(t, ns, replica, "postgres", "SELECT filler FROM many WHERE n = 0")
	})
	if out := p.must(t, "up", ns); !strings.Contains(out, "nothing changed") {
		t.Error("up afterwards does not say: nothing changed")
	}
}
