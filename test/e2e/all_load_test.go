//go:build e2e && e2eall

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// rate is how many requests the load makes in a second: one of five is a POST, and every second one is made on a
// connection of its own, as a client without keep-alive does.
const rate = 50

// load is a steady flow of requests. It does not wait for answers: a server that hangs does not slow it down.
type load struct {
	mu           sync.Mutex
	sent, failed int
	slowest      time.Duration
	reasons      []string
	cancel       context.CancelFunc
	ended        sync.WaitGroup
}

// newLoad starts a flow against the application's API: rows are written, and what takes a query is read. The list
// itself grows with every row, and reading it would take longer and longer.
func newLoad(t *testing.T, url string) *load {
	t.Helper()
	clients := []*http.Client{
		{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 20}},
		{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
	}
	return newFlow(t, func(i int) error { return request(clients[i%2], url, i) })
}

// newFlow starts a flow of requests, each of which has a number.
func newFlow(t *testing.T, request func(i int) error) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{cancel: cancel}
	start := time.Now()
	l.ended.Go(func() {
		tick := time.NewTicker(time.Second / rate)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			l.ended.Go(func() {
				began := time.Now()
				err := request(i)
				l.note(began.Sub(start), time.Since(began), err)
			})
		}
	})
	return l
}

// request makes the request of a number.
func request(client *http.Client, url string, i int) error {
	method, body := http.MethodGet, ""
	if i%5 == 0 {
		method, body = http.MethodPost, fmt.Sprintf(`{"title": "%d"}`, i)
		url += "/todos"
	} else {
		url += "/settings/s3"
	}
	// A body of its own kind, also for a GET: what Go knows how to send again it would make again by itself after a loss.
	r, err := http.NewRequest(method, url, io.NopCloser(strings.NewReader(body)))
	if err != nil {
		return err
	}
	r.ContentLength = int64(len(body))
	r.Header.Set("Content-Type", "application/json")
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // It was read to its end.
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: status %s: %.80q", method, url, response.Status, text)
	}
	return err
}

func (l *load) note(at, took time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent++
	l.slowest = max(l.slowest, took)
	if err != nil {
		l.failed++
		l.reasons = append(l.reasons, fmt.Sprintf("%v in, after %v: %v",
			at.Round(time.Millisecond), took.Round(time.Millisecond), err))
	}
}

// stop ends the flow, waits for the last answers and demands that none is missing.
func (l *load) stop(t *testing.T, during string) {
	t.Helper()
	l.cancel()
	l.ended.Wait()
	t.Logf("%s: %d requests at %d/s, %d failed, the slowest took %v", during, l.sent, rate, l.failed,
		l.slowest.Round(time.Millisecond))
	if l.sent < 5*rate {
		t.Errorf("%s: only %d requests were made", during, l.sent)
	}
	if l.failed > 0 {
		t.Errorf("%s: %d of %d requests were lost:\n%s", during, l.failed, l.sent,
			strings.Join(l.reasons[:min(len(l.reasons), 20)], "\n"))
	}
}

func TestRolloutsUnderLoadLoseNoRequest(t *testing.T) {
	const ns = "e2e-all-load"
	c, p, s := connect(t), newProject(t), newShop(ns)
	s.replicas = 0
	bodySize := "10m"
	up := func(t *testing.T) {
		t.Helper()
		p.stack(t, ns, s.stack()+"    bodySize: "+bodySize+"\n")
		p.must(t, "up", ns)
	}
	t.Cleanup(func() {
		p.run(t, "destroy", ns, "--yes")
		c.gone(t, ns)
	})
	up(t)
	url := c.serviceURL(t, ns, "proxy") + "/api"

	// during runs a change under load, with some load before it and after.
	during := func(t *testing.T, what, app string, change func()) {
		t.Helper()
		// An application that is slower than the load would fail without any rollout.
		if _, err := c.sql(t, ns, "main-0", "web", "TRUNCATE todos"); err != nil {
			t.Fatal(err)
		}
		before := c.pods(t, ns, app)
		l := newLoad(t, url)
		time.Sleep(2 * time.Second)
		change()
		up(t)
		// The last of the old pods serves until it has drained.
		time.Sleep(10 * time.Second)
		l.stop(t, what)
		for _, pod := range c.pods(t, ns, app) {
			for _, old := range before {
				if pod.Name == old.Name {
					t.Errorf("%s: pod %s is still there: it was not rolled", what, pod.Name)
				}
			}
		}
	}
	t.Run("of the application", func(t *testing.T) {
		during(t, "a rollout of the application", "web", func() { s.env = "{GREETING: two}" })
	})
	t.Run("of the proxy", func(t *testing.T) {
		during(t, "a rollout of the proxy", "proxy", func() { bodySize = "20m" })
	})
	t.Run("of both at once", func(t *testing.T) {
		during(t, "a rollout of both", "proxy", func() { s.env, bodySize = "{GREETING: three}", "30m" })
	})
}
