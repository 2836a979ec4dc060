package client_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// A journal that fails after an answer takes nothing from what the answer told.
func TestAnswerIsKeptWhenTheJournalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newMemoryJournal()
		j.fail = func(call string, _ int) error {
			if call == "done" {
				return errors.New("disk full")
			}
			return nil
		}
		s := webextest.New(webextest.Config{Latency: time.Millisecond})
		add(t, s, "u1")
		noID := webextest.EachItem(func(it *webextest.Item) {
			if it.BulkID == "u0" {
				it.Location = ""
			}
		})
		s.Script(webextest.ShapeAnswer(noID))
		results, err := resumed(t, s, j, nil, users(3)...)
		if !errors.Is(err, client.ErrJournal) {
			t.Error(err)
		}
		for i, expected := range []client.Outcome{client.Succeeded, client.Failed, client.Succeeded} {
			if results[i].Outcome != expected {
				t.Errorf("operation %d: %v: %v", i, results[i].Outcome, results[i].Err)
			}
		}
	})
}

// A job that stops knows what earlier runs have done, and doesn't know what
// they have sent.
func TestStoppedJobRemembersEarlierRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newMemoryJournal()
		s := webextest.New(webextest.Config{})
		if _, err := resumed(t, s, j, nil, users(300)...); err != nil {
			t.Fatal(err)
		}
		add(t, s, "bad")
		ops := append([]client.Operation{create("bad")}, users(300)...)
		stopped := 0
		for res, err := range newClient(t, s, nil).Run(t.Context(), &client.Job{FailOnErrors: 1, Journal: j, Source: func(yield func(client.Operation, error) bool) {
			for i, op := range ops {
				if i == 1 {
					time.Sleep(time.Second)
				}
				if !yield(op, nil) {
					return
				}
			}
		}}) {
			if err != nil {
				continue
			}
			stopped++
			if res.Index > 0 && !res.Replayed {
				t.Errorf("operation %d: %v: %v", res.Index, res.Outcome, res.Err)
			}
		}
		if stopped < 2 {
			t.Errorf("%d results", stopped)
		}
	})
}

// A resumed job that deletes a user and creates him anew does not take the old
// one, who is there until the DELETE is sent again, for the new.
func TestResumedReplacementOfAUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newMemoryJournal()
		s := webextest.New(webextest.Config{})
		first, err := resumed(t, s, j, nil, create("u"))
		if err != nil {
			t.Fatal(err)
		}
		old := first[0].Location.ID
		ops := []client.Operation{create("u"), remove("/Users/" + old), create("u", `"title":"new"`)}
		ops[2].BulkID = "new"
		ordered := func(ctx context.Context, ops ...client.Operation) []client.Result {
			results, _ := newClient(t, s, nil).DoJob(ctx, &client.Job{Ordered: true, Journal: j}, ops...)
			return results
		}
		s.Script(&webextest.Fault{Hold: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		ordered(ctx, ops...)
		results := ordered(t.Context(), ops...)
		u, ok := s.UserByName("u@example.com")
		if !ok || u.ID() == old || u.ID() != results[2].Location.ID || results[2].Err != nil {
			t.Errorf("the user is %v, was %v: %+v", u, old, results[2])
		}
	})
}

// A run that stops records what it knows: what is skipped or unsent is known
// not to be done, and what was in flight is known to be unknown.
func TestJournalAfterAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newMemoryJournal()
		s := webextest.New(webextest.Config{Latency: time.Second})
		s.Script(nil, nil, webextest.Refuse(403, ""), webextest.Delay(time.Hour))
		results, err := resumed(t, s, j, func(c *client.Config) { c.Concurrency = 4 }, users(2000)...)
		if n := outcomes(results); !errors.Is(err, client.ErrUnauthorized) || n[client.Unknown] != 100 || n[client.Succeeded] < 200 {
			t.Errorf("%v, %v", n, err)
		}
		sent := 0
		for _, n := range j.entries {
			if n.known == client.KnownSent {
				sent++
			}
		}
		if sent != 100 {
			t.Errorf("%d are known to have been sent", sent)
		}
		results, err = resumed(t, s, j, nil, users(2000)...)
		want(t, results, map[client.Outcome]int{client.Succeeded: 2000})
		if err != nil {
			t.Error(err)
		}
		wantNothingTwice(t, s)
	})
}

// A job whose journal cannot begin can be run again.
func TestJobBeginsAfterItsJournalCould(t *testing.T) {
	j := newMemoryJournal()
	s := webextest.New(webextest.Config{})
	job := &client.Job{Journal: j}
	j.fail = func(string, int) error { return errors.New("in use") }
	if _, err := newClient(t, s, nil).DoJob(t.Context(), job, create("u")); !errors.Is(err, client.ErrJournal) {
		t.Error(err)
	}
	j.fail = nil
	results, err := newClient(t, s, nil).DoJob(t.Context(), job, create("u"))
	if want(t, results, map[client.Outcome]int{client.Succeeded: 1}); err != nil {
		t.Error(err)
	}
}

// A job that is canceled with a cause ends with both: the context's error and
// the cause.
func TestCauseOfACancellation(t *testing.T) {
	cause := errors.New("the operator left")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	results, err := newClient(t, webextest.New(webextest.Config{}), nil).Do(ctx, create("u"))
	if want(t, results, map[client.Outcome]int{client.Skipped: 1}); !errors.Is(err, cause) || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A change that a check refuses holds back the next one on its resource.
func TestInvalidChangeHoldsBackTheNext(t *testing.T) {
	s := webextest.New(webextest.Config{})
	id := add(t, s, "u")
	invalid := client.Operation{Method: "PATCH", Path: "/Users/" + id, Data: []byte(`[]`)}
	results, err := newClient(t, s, nil).Do(t.Context(), invalid, patch("/Users/"+id, "title", `"x"`))
	if want(t, results, map[client.Outcome]int{client.Failed: 1, client.Skipped: 1}); err != nil || !errors.Is(results[1].Err, client.ErrInvalid) {
		t.Errorf("%v, %v", results, err)
	}
}
