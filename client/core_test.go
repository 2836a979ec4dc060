package client_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

func TestRequestsAreFilled(t *testing.T) {
	for _, n := range []int{0, 1, 100, 101, 250, 1000} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{Latency: time.Millisecond})
			results, err := newClient(t, s, nil).Do(t.Context(), users(n)...)
			if err != nil {
				t.Fatal(err)
			}
			for i, res := range results {
				if u, _ := s.User(res.Location.ID); u.UserName() != fmt.Sprintf("u%d@example.com", i) {
					t.Fatalf("result %d: %+v", i, res)
				}
			}
			if got := requests(s); got != (n+99)/100 {
				t.Errorf("%d operations took %d requests", n, got)
			}
			if err := s.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

// chaos is a source of trouble of every kind.
var chaos = webextest.Chaos{
	CutBeforeBody: .03, CutBeforeWork: .03, CutAfterWork: .03, CutInAnswer: .03,
	TooMany: .03, Locked: .01, Unavailable: .02, Internal: .01, BadGateway: .02, LostGateway: .03, LostTimeout: .02,
	Truncate: .02, Page: .02, Shuffle: .2, Busy: .01,
	RetryAfter: []string{"1", "", "rand(3),add(1)", "-5", "0"}, MaxDelay: 300 * time.Millisecond,
}

func TestChaos(t *testing.T) {
	for seed := range int64(5) {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{Latency: 20 * time.Millisecond, ReadLag: 3 * time.Second, Chaos: chaos, Seed: seed})
			c := newClient(t, s, func(c *client.Config) { c.Concurrency = 8; c.MaxAttempts = 20 })
			n := 3000
			job := &client.Job{Source: organisation(n)}
			results, err := run(t, c, job)
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				if results[i].Outcome != client.Succeeded {
					t.Errorf("seed %d, operation %d: %v %v", seed, i, results[i].Outcome, results[i].Err)
				}
			}
			for _, e := range s.Ledger() {
				if e.Effect == webextest.Created && e.Key != "" && s.Created(e.Key)+s.GroupsCreated(e.Key) != 1 {
					t.Errorf("seed %d: %s was created %d times", seed, e.Key, s.Created(e.Key))
				}
			}
			if err := s.Check(); err != nil {
				t.Error(err)
			}
			t.Logf("seed %d: %+v", seed, job.Progress())
		})
	}
}

func TestCancellationSkipsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Second})
		c := newClient(t, s, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		results, err := c.Do(ctx, users(5000)...)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		count := map[client.Outcome]int{}
		for _, r := range results {
			count[r.Outcome]++
		}
		if count[client.Succeeded] != 1200 || count[client.Skipped] != 3800 {
			t.Errorf("%v", count)
		}
	})
}
