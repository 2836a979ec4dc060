package client_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
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

// A job that is left after some results goes on where it stopped; run a third
// time it does nothing.
func TestJobGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	s := webextest.New(webextest.Config{Latency: 5 * time.Millisecond})
	c := newClient(t, s, nil)
	path := filepath.Join(t.TempDir(), "j")
	n := raced.Fewer(1000, 2000)
	j, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	given := 0
	for res, err := range c.Run(t.Context(), &client.Job{Source: organization(n), Journal: j}) {
		if err != nil || res.Err != nil {
			t.Fatal(err, res.Err)
		}
		if given++; given == 250 {
			break
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	done := s.Stats().Created
	job := &client.Job{Source: organization(n)}
	again, err := journaled(t, t.Context(), c, path, job)
	if p := job.Progress(); err != nil || again[client.Succeeded] != n || p.Replayed != done || done < given || done == n {
		t.Errorf("%v %v, %d replayed of %d done after %d results", again, err, p.Replayed, done, given)
	}
	sent := requests(s)
	third := &client.Job{Source: organization(n)}
	if count, err := journaled(t, t.Context(), c, path, third); err != nil || third.Progress().Replayed != n || requests(s) != sent {
		t.Errorf("a third run: %v %v, %d requests", count, err, requests(s)-sent)
	}
	wantNothingTwice(t, s)
}

func TestCorrectedInputSendsWhatIsNew(t *testing.T) {
	s := webextest.New(webextest.Config{})
	c := newClient(t, s, nil)
	path := filepath.Join(t.TempDir(), "j")
	ops := users(300)
	ops[7].Data = []byte(`{"schemas":["` + client.SchemaUser + `"],"userName":"wrong@example.com","` + client.SchemaEnterpriseUser + `":{"manager":
		{"value":"11111111-1111-4111-8111-111111111111"}}}`) // a manager whom nobody knows
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
	wantNothingTwice(t, s)
}

func TestJournalKnowsItsOrganization(t *testing.T) {
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
