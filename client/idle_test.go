package client_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// given is a source that pauses before some operations, and notes when it gave
// which.
type given struct {
	ops   []client.Operation
	pause func(i int) time.Duration
	at    []time.Time
}

func (g *given) source(yield func(client.Operation, error) bool) {
	g.at = make([]time.Time, len(g.ops))
	for i, op := range g.ops {
		time.Sleep(g.pause(i))
		g.at[i] = time.Now()
		if !yield(op, nil) {
			return
		}
	}
}

// waits carries out a job and tells how long the result of each operation took.
func (g *given) waits(t *testing.T, c *client.Client, job *client.Job) []time.Duration {
	job.Source = g.source
	waits := make([]time.Duration, len(g.ops))
	for res, err := range c.Run(t.Context(), job) {
		if err != nil || res.Err != nil {
			t.Fatal(err, res.Err)
		}
		waits[res.Index] = time.Since(g.at[res.Index])
	}
	return waits
}

// A feed that pauses does not hold back what is ready.
func TestIdleSource(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{Latency: 50 * time.Millisecond})
			g := given{ops: users(130), pause: func(i int) time.Duration {
				if i < 120 {
					return 0
				}
				return time.Minute
			}}
			c := newClient(t, s, func(c *client.Config) { c.Limits.Operations = 50 })
			for i, wait := range g.waits(t, c, &client.Job{Ordered: ordered}) {
				if wait > 200*time.Millisecond {
					t.Errorf("ordered %v: operation %d had its result after %v", ordered, i, wait)
				}
			}
			if n := requests(s); n != 13 {
				t.Errorf("ordered %v: %d requests", ordered, n)
			}
		})
	}
}

// Nor does an answer that may fill the request.
func TestIdleSourceBesideASlowRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: 30 * time.Second})
		g := given{ops: []client.Operation{create("boss"), create("u", manager("boss")), create("plain"), create("late")}}
		g.pause = func(i int) time.Duration { return []time.Duration{0, time.Second, 0, time.Hour}[i] }
		if waits := g.waits(t, newClient(t, s, nil), &client.Job{}); waits[2] > 31*time.Second {
			t.Errorf("it took %v", waits[2])
		}
	})
}

// What comes in bursts fills requests, whatever else waits for something
// unread.
func TestBurstsFillRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{})
		g := given{ops: []client.Operation{create("waits", manager("last"))}}
		for i := range 2000 {
			g.ops = append(g.ops, create(fmt.Sprint("u", i)))
		}
		g.ops = append(g.ops, create("last"))
		g.pause = func(i int) time.Duration {
			switch {
			case i%100 == 1:
				return time.Second
			case i%10 == 1:
				return time.Millisecond
			}
			return 0
		}
		g.waits(t, newClient(t, s, nil), &client.Job{})
		if n := requests(s); n > 21 {
			t.Errorf("%d requests", n)
		}
	})
}
