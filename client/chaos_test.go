package client_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

// chaos is a source of trouble of every kind.
var chaos = webextest.Chaos{
	CutBeforeBody: .03, CutBeforeWork: .03, CutAfterWork: .03, CutInAnswer: .03,
	TooMany: .03, Locked: .01, Unavailable: .02, Internal: .01, BadGateway: .02, LostGateway: .03, LostTimeout: .02,
	Truncate: .02, Page: .02, Shuffle: .2, RefusedItems: .01,
	RetryAfter: []string{"1", "", "rand(3),add(1)", "-5", "0"}, MaxDelay: 300 * time.Millisecond,
}

// Whatever goes wrong, everything is done, once, and right.
func TestEverythingIsDoneOnceDespiteFaults(t *testing.T) {
	for seed := range int64(raced.Fewer(1, 3)) {
		sc := scenario{service: webextest.Config{Latency: 20 * time.Millisecond, ReadLag: 3 * time.Second, Chaos: chaos, Seed: seed}}
		sc.config = func(c *client.Config) { c.Concurrency, c.MaxAttempts = 8, 20 }
		var ops []client.Operation
		for op := range organization(1000) {
			ops = append(ops, op)
		}
		sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
			wantNothingTwice(t, s)
			for i := range ops {
				u, _ := s.User(results[i].Location.ID)
				if boss := results[i/10*10].Location.ID; i%10 != 0 && i%50 != 7 && u.Manager() != boss {
					t.Errorf("seed %d: u%d: manager %q, expected %q", seed, i, u.Manager(), boss)
				}
			}
			t.Logf("seed %d: %+v", seed, sc.job.Progress())
		})
	}
}

// A journal on a real disk, and everything that can go wrong with a network.
func TestSoak(t *testing.T) {
	t.Parallel()
	n := *soak
	s := webextest.New(webextest.Config{
		Latency: time.Millisecond, ReadLag: 200 * time.Millisecond, Chaos: quickChaos(), Seed: *seed, TokenUses: 150, Token: "t0", Tokens: tokens(10000),
	})
	turn := 0
	c := newClient(t, s, func(c *client.Config) {
		c.Concurrency, c.MaxAttempts, c.MaxWait = 8, 20, 20*time.Millisecond
		c.LookupPatience, c.MaxServiceTime = time.Second, time.Second
		c.Token = nextToken(&turn)
	})
	j, err := journal.Open(filepath.Join(t.TempDir(), "j"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	job := &client.Job{Source: organization(n), Journal: j}
	ids := make([]string, n)
	for res, err := range c.Run(t.Context(), job) {
		if err != nil || res.Err != nil {
			t.Fatal(err, res.Err)
		}
		ids[res.Index] = res.Location.ID
	}
	checkOrganization(t, s, ids)
	if users, groups := s.Count(); users+groups != n {
		t.Errorf("%d users and %d groups for %d creates", users, groups, n)
	}
	wantNothingTwice(t, s)
	t.Logf("seed %d: %+v, the service: %+v", *seed, job.Progress(), s.Stats())
}

// checkOrganization checks that the service holds an organization under these
// ids.
func checkOrganization(t *testing.T, s *webextest.Simulator, ids []string) {
	t.Helper()
	for i, id := range ids {
		if i%50 == 7 {
			g, ok := s.Group(id)
			members := []string{ids[i-7]}
			if i+1 < len(ids) {
				members = append(members, ids[i+1])
			}
			if !ok || g.ExternalID() != fmt.Sprintf("x%d", i) || !slices.Equal(slices.Sorted(slices.Values(g.Members())), slices.Sorted(slices.Values(members))) {
				t.Fatalf("group %d, %s, is %v", i, id, g)
			}
			continue
		}
		boss := ""
		if i%10 != 0 {
			boss = ids[i/10*10]
		}
		if u, ok := s.User(id); !ok || u.UserName() != fmt.Sprintf("u%d@example.com", i) || u.Manager() != boss {
			t.Fatalf("user %d, %s, is %v, expected the manager %q", i, id, u, boss)
		}
	}
}

// quickChaos is chaos that does not take long.
func quickChaos() webextest.Chaos {
	c := chaos
	c.RetryAfter = []string{"0", "", "-5", "rand(0),add(0)"}
	c.MaxDelay = 5 * time.Millisecond
	return c
}

func tokens(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("t%d", i+1))
	}
	return out
}
