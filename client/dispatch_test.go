package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// slow is a journal that takes its time to write.
type slow struct {
	*memoryJournal
	claim, sent, done time.Duration
}

func (j slow) Write(ctx context.Context, updates []client.Update) error {
	switch {
	case slices.ContainsFunc(updates, func(u client.Update) bool { return u.Kind == client.UpdateDone }):
		time.Sleep(j.done)
	default:
		time.Sleep(j.sent)
	}
	return j.memoryJournal.Write(ctx, updates)
}

func (j slow) Claim(ctx context.Context, entries []client.Entry) ([]client.Record, error) {
	time.Sleep(j.claim)
	return j.memoryJournal.Claim(ctx, entries)
}

// Requests are filled although the journal is asked about their operations in
// batches.
func TestRequestsAreFilledWithAJournal(t *testing.T) {
	for _, claim := range []time.Duration{0, time.Millisecond, 300 * time.Millisecond} {
		for _, n := range []int{7, 100, 250, 1000} {
			synctest.Test(t, func(t *testing.T) {
				s := webextest.New(webextest.Config{})
				results, err := newClient(t, s, nil).DoJob(t.Context(), &client.Job{Journal: slow{memoryJournal: newMemoryJournal(), claim: claim}}, users(n)...)
				want(t, results, map[client.Outcome]int{client.Succeeded: n})
				if most := (n + 99) / 100; err != nil || requests(s) != most {
					t.Errorf("claims take %v: %d operations took %d requests, %v", claim, n, requests(s), err)
				}
			})
		}
	}
}

// writeCounter is a journal that counts its writes, each of which is at most
// one transaction.
type writeCounter struct {
	*memoryJournal
	writes *int
}

func (j writeCounter) Write(ctx context.Context, updates []client.Update) error {
	*j.writes++ // one at a time: see record.go
	return j.memoryJournal.Write(ctx, updates)
}

// A request costs two writes: what is sent, and what came of it.
func TestJournalWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 2_000
		writes := 0
		s := webextest.New(webextest.Config{Latency: 50 * time.Millisecond})
		_, err := newClient(t, s, nil).DoJob(t.Context(), &client.Job{Journal: writeCounter{newMemoryJournal(), &writes}}, users(n)...)
		if most := 2 * n / 100; err != nil || writes > most {
			t.Errorf("%d operations took %d writes, expected at most %d: %v", n, writes, most, err)
		}
	})
}

// What is being put on record as sent when the job stops gets its outcome after
// that, lest the record says for good that it was sent.
func TestStopWhileRequestsAreMadeReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := slow{memoryJournal: newMemoryJournal(), sent: time.Second}
		s := webextest.New(webextest.Config{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		results, err := newClient(t, s, nil).DoJob(ctx, &client.Job{Journal: j}, users(1000)...)
		if !errors.Is(err, context.DeadlineExceeded) || requests(s) > 0 {
			t.Errorf("%v, %d requests", err, requests(s))
		}
		time.Sleep(time.Minute)
		want(t, results, map[client.Outcome]int{client.Skipped: 1000})
		for _, m := range j.misuse {
			t.Error(m)
		}
		for _, n := range j.entries {
			if n.known != client.KnownNothing {
				t.Fatalf("on record as %d, and was never sent", n.known)
			}
		}
	})
}

// While the disk is slow to take outcomes, requests leave as long as twice as
// many as can be with the service are not over, and no longer.
func TestSlowDiskHoldsRequestsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Millisecond})
		c := newClient(t, s, func(c *client.Config) { c.Concurrency, c.Limits.Operations = 3, 10 })
		time.AfterFunc(30*time.Second, func() {
			if n := requests(s); n != 6 {
				t.Errorf("%d requests before the first outcomes were on record", n)
			}
		})
		results, err := c.DoJob(t.Context(), &client.Job{Journal: slow{memoryJournal: newMemoryJournal(), done: time.Minute}}, users(300)...)
		if want(t, results, map[client.Outcome]int{client.Succeeded: 300}); err != nil {
			t.Error(err)
		}
	})
}

// Ids are longer than the names in whose place they stand. What is sent again
// with ids goes back to be divided if it has become too large.
func TestRepetitionKeepsTheByteLimit(t *testing.T) {
	ops := []client.Operation{create("a")}
	var busy []string
	for i := range 40 {
		ops = append(ops, create(fmt.Sprintf("u%d", i), manager("a")))
		busy = append(busy, ops[i+1].BulkID)
	}
	sc := scenario{script: []*webextest.Fault{webextest.RefuseItems(429, busy...)}}
	sc.config = func(c *client.Config) { c.Limits.Bytes = 10_300 }
	sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, _ []client.Result) {
		all := s.Exchanges()
		if grown := all[0].Bytes + 40*(36-len("bulkId:a")); all[0].Operations != 41 || grown < 10_600 {
			t.Errorf("%d operations in %d bytes, %d with ids: this shows nothing", all[0].Operations, all[0].Bytes, grown)
		}
		for _, x := range all {
			if x.Bytes > 10_300 {
				t.Errorf("%d operations in %d bytes", x.Operations, x.Bytes)
			}
		}
	})
}
