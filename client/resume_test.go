package client_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

// journaled runs a job once with the journal at path.
func journaled(t *testing.T, ctx context.Context, c *client.Client, path string, job *client.Job) (map[client.Outcome]int, error) {
	t.Helper()
	j, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	job.Journal = j
	count := map[client.Outcome]int{}
	var stop error
	for res, err := range c.Run(ctx, job) {
		if err != nil {
			stop = err
			break
		}
		count[res.Outcome]++
	}
	return count, stop
}

func TestJobGoesOnWhereItStopped(t *testing.T) {
	s := webextest.New(webextest.Config{Latency: 5 * time.Millisecond})
	c := newClient(t, s, nil)
	path := filepath.Join(t.TempDir(), "j")
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Millisecond)
	defer cancel()
	count, err := journaled(t, ctx, c, path, &client.Job{Source: organisation(5000)})
	if !errors.Is(err, context.DeadlineExceeded) || count[client.Succeeded] == 0 {
		t.Fatalf("%v %v", count, err)
	}
	job := &client.Job{Source: organisation(5000)}
	again, err := journaled(t, t.Context(), c, path, job)
	if err != nil || again[client.Succeeded] != 5000 || job.Progress().Replayed < count[client.Succeeded] {
		t.Errorf("%v %v, %d replayed after %d", again, err, job.Progress().Replayed, count[client.Succeeded])
	}
	sent := requests(s)
	third := &client.Job{Source: organisation(5000)}
	if count, err := journaled(t, t.Context(), c, path, third); err != nil || third.Progress().Replayed != 5000 || requests(s) != sent {
		t.Errorf("a third run: %v %v, %d requests", count, err, requests(s)-sent)
	}
	once(t, s)
}

func TestCorrectedInputSendsWhatIsNew(t *testing.T) {
	s := webextest.New(webextest.Config{})
	c := newClient(t, s, nil)
	path := filepath.Join(t.TempDir(), "j")
	ops := users(300)
	ops[7].Data = user("") // no userName worth the name
	ops[7].Data = []byte(`{"schemas":["` + client.SchemaUser + `"]}`)
	count, err := journaled(t, t.Context(), c, path, &client.Job{Source: client.Operations(ops...)})
	if err != nil || count[client.Failed] != 1 {
		t.Fatalf("%v %v", count, err)
	}
	ops[7].Data = user("u7")
	corrected := append([]client.Operation{create("new", manager("u7"))}, ops[3:]...) // in another order, with fewer
	before := len(s.Ledger())
	count, err = journaled(t, t.Context(), c, path, &client.Job{Source: client.Operations(corrected...)})
	if err != nil || count[client.Succeeded] != 298 {
		t.Errorf("%v %v", count, err)
	}
	if sent := len(s.Ledger()) - before; sent != 2 {
		t.Errorf("%d operations were sent, 2 were new", sent)
	}
	once(t, s)
}

func TestJournalKnowsItsOrganisation(t *testing.T) {
	s := webextest.New(webextest.Config{AnyOrg: true})
	path := filepath.Join(t.TempDir(), "j")
	if _, err := journaled(t, t.Context(), newClient(t, s, nil), path, &client.Job{Source: client.Operations(users(3)...)}); err != nil {
		t.Fatal(err)
	}
	other := newClient(t, s, func(c *client.Config) { c.OrgID = "11111111-1111-4111-8111-111111111111" })
	sent := requests(s)
	_, err := journaled(t, t.Context(), other, path, &client.Job{Source: client.Operations(users(3)...)})
	if !errors.Is(err, client.ErrJournal) || requests(s) != sent {
		t.Errorf("error %v, %d requests", err, requests(s)-sent)
	}
}

// A journal on a real disk, and everything that can go wrong with a network.
func TestSoak(t *testing.T) {
	n := *soak
	s := webextest.New(webextest.Config{
		Latency: time.Millisecond, ReadLag: 200 * time.Millisecond, Chaos: brisk(), Seed: *seed, TokenUses: 40, Token: "t0", Tokens: tokens(10000),
	})
	turn := 0
	c := newClient(t, s, func(c *client.Config) {
		c.Concurrency, c.MaxAttempts, c.LookupPatience, c.MaxWait = 8, 20, time.Second, 20*time.Millisecond
		c.Token = rotate(&turn)
	})
	job := &client.Job{Source: organisation(n)}
	count, err := journaled(t, t.Context(), c, filepath.Join(t.TempDir(), "j"), job)
	if err != nil || count[client.Succeeded] != n {
		t.Errorf("%v %v", count, err)
	}
	users, groups := s.Count()
	if users+groups != n {
		t.Errorf("%d users and %d groups for %d creates", users, groups, n)
	}
	once(t, s)
	t.Logf("seed %d: %+v, the service: %+v", *seed, job.Progress(), s.Stats())
}

func brisk() webextest.Chaos {
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
