package client_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
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
func TestResumedReplacementTakesTheNewUser(t *testing.T) {
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
func TestStoppedRunRecordsWhatItKnows(t *testing.T) {
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
func TestCancellationKeepsItsCause(t *testing.T) {
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

// stopAt runs a job that is canceled after a time, and checks what holds for
// all of them: each operation that was read has its outcome, what is said to be
// skipped was not done, nothing is sent after the end, no goroutine is left.
//
//lint:ignore ST1008 the results come first in every check
func stopAt(t *testing.T, after time.Duration, s *webextest.Simulator, change func(*client.Config), job *client.Job) (results map[int]client.Result, err error, took time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	began := time.Now()
	results = map[int]client.Result{}
	for res, stop := range newClient(t, s, change).Run(ctx, job) {
		if err = stop; stop == nil {
			results[res.Index] = res
		}
	}
	took = time.Since(began)
	checkProgress(t, job, len(results))
	for i, r := range results {
		_, there := s.UserByName(fmt.Sprintf("u%d@example.com", i))
		if r.Outcome == client.Skipped && there || r.Outcome == client.Succeeded && !there {
			t.Errorf("operation %d: %v, there %v", i, r.Outcome, there)
		}
		if r.Err != nil && !errors.Is(r.Err, context.DeadlineExceeded) {
			t.Errorf("operation %d: %v", i, r.Err)
		}
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the job ended with %v", err)
	}
	sent := len(s.Exchanges())
	time.Sleep(time.Hour)
	if n := len(s.Exchanges()); n != sent {
		t.Errorf("%d requests after the end", n-sent)
	}
	return results, err, took
}

// A job can be canceled at every stage; what is under way gets its grace.
func TestCanceledJobGetsItsGrace(t *testing.T) {
	known := map[client.Outcome]int{client.Succeeded: 400, client.Skipped: 0}
	for name, c := range map[string]struct {
		service  webextest.Config
		script   []*webextest.Fault
		searches []*webextest.Fault
		after    time.Duration
		least    map[client.Outcome]int // Skipped is the rest
		most     time.Duration
	}{
		"before it begins":     {after: 0, most: 0},
		"in flight":            {service: webextest.Config{Latency: 5 * time.Second}, after: time.Second, least: known, most: 5 * time.Second},
		"in flight too long":   {service: webextest.Config{Latency: 50 * time.Second}, after: time.Second, least: map[client.Outcome]int{client.Unknown: 400}, most: 11 * time.Second},
		"at the throttle":      {script: []*webextest.Fault{webextest.Refuse(429, "40"), webextest.Refuse(429, "40"), webextest.Refuse(429, "40"), webextest.Refuse(429, "40")}, after: 10 * time.Second, most: 10 * time.Second},
		"in a lookup":          {service: webextest.Config{ReadLag: time.Hour}, script: []*webextest.Fault{webextest.CutAt(webextest.AfterWork)}, after: 10 * time.Second, least: map[client.Outcome]int{client.Unknown: 100}, most: 10 * time.Second},
		"in a slow lookup":     {script: []*webextest.Fault{webextest.CutAt(webextest.AfterWork)}, searches: []*webextest.Fault{webextest.Delay(time.Hour)}, after: 10 * time.Second, least: map[client.Outcome]int{client.Unknown: 100}, most: 10 * time.Second},
		"before a repetition":  {script: []*webextest.Fault{webextest.RefuseItems(429), webextest.RefuseItems(429), webextest.RefuseItems(429), webextest.RefuseItems(429)}, after: time.Millisecond, most: 2 * time.Millisecond},
		"in the answer's body": {script: []*webextest.Fault{{Delay: 3 * time.Second}}, after: time.Second, least: map[client.Outcome]int{client.Succeeded: 100}, most: 3 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(c.service)
			s.Script(c.script...)
			s.ScriptSearches(c.searches...)
			n := 400
			if c.least[client.Succeeded]+c.least[client.Unknown] == 400 {
				n = 5000
			}
			results, _, took := stopAt(t, c.after, s, nil, &client.Job{Source: client.Operations(users(n)...)})
			count := map[client.Outcome]int{}
			for _, r := range results {
				count[r.Outcome]++
			}
			for o, least := range c.least {
				if count[o] < least {
					t.Errorf("%s: %v, expected %v", name, count, c.least)
				}
			}
			if count[client.Failed] > 0 || count[client.Unknown] != c.least[client.Unknown] || took > c.most {
				t.Errorf("%s: %v after %v", name, count, took)
			}
		})
	}
}

// What is known is told at once, and recorded, while the rest of its request is
// still looked for.
func TestKnownResultsDoNotWaitForLookUps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{ReadLag: time.Hour})
		s.Script(webextest.ShapeAnswer(webextest.Fewer(10)))
		j := newMemoryJournal()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		early, unknown := 0, 0
		for res, err := range newClient(t, s, nil).Run(ctx, &client.Job{Source: client.Operations(users(100)...), Journal: j}) {
			switch {
			case err != nil:
			case res.Outcome == client.Succeeded && time.Since(began) < time.Second:
				early++
			case res.Outcome == client.Unknown:
				unknown++
			}
		}
		done := 0
		for _, n := range j.entries {
			if n.known == client.KnownDone {
				done++
			}
		}
		if early != 90 || unknown != 10 || done != 90 {
			t.Errorf("%d were told at once, %d are unknown, %d on record as done", early, unknown, done)
		}
	})
}

// A job resumed and canceled while it looks for what an earlier run has sent
// still doesn't know.
func TestCanceledLookupLeavesUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{ReadLag: time.Hour, Latency: 20 * time.Second})
		j := newMemoryJournal()
		stopAt(t, time.Second, s, nil, &client.Job{Source: client.Operations(users(100)...), Journal: j})
		results, _, _ := stopAt(t, 5*time.Second, s, nil, &client.Job{Source: client.Operations(users(100)...), Journal: j})
		for i, r := range results {
			if r.Outcome != client.Unknown {
				t.Errorf("operation %d: %v: %v", i, r.Outcome, r.Err)
			}
		}
		time.Sleep(2 * time.Hour)
		again, err := resumed(t, s, j, func(c *client.Config) { c.RequestTimeout = time.Hour }, users(100)...)
		want(t, again, map[client.Outcome]int{client.Succeeded: 100})
		if err != nil {
			t.Error(err)
		}
		wantNothingTwice(t, s)
	})
}

// Leaving the loop, by break or by a panic, ends what is under way and leaves
// nothing behind: the bubble ends only when every goroutine has.
func TestLeavingTheLoopLeavesNothingBehind(t *testing.T) {
	for _, panics := range []bool{false, true} {
		for _, fault := range []*webextest.Fault{nil, webextest.CutAt(webextest.AfterWork), webextest.Refuse(429, "30"), webextest.Delay(time.Hour)} {
			synctest.Test(t, func(t *testing.T) {
				s := webextest.New(webextest.Config{Latency: time.Second, ReadLag: time.Hour})
				s.Script(nil, fault, fault, fault)
				job := &client.Job{Source: client.Operations(users(2000)...)}
				func() {
					defer func() { _ = recover() }()
					for range newClient(t, s, nil).Run(t.Context(), job) {
						if panics {
							panic("the caller's own")
						}
						break
					}
				}()
				sent := len(s.Exchanges())
				if synctest.Wait(); len(s.Exchanges()) != sent {
					t.Error("it goes on")
				}
			})
		}
	}
}

// A source that gives an error ends the job: what it gave before has its
// outcome.
func TestSourceErrorEndsTheJob(t *testing.T) {
	broken := errors.New("line 251 is broken")
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Second})
		after := 0
		source := func(yield func(client.Operation, error) bool) {
			for _, op := range users(250) {
				if !yield(op, nil) {
					return
				}
			}
			for yield(client.Operation{}, broken) {
				after++
			}
		}
		results, err := run(t, newClient(t, s, nil), &client.Job{Source: source})
		if !errors.Is(err, broken) || !errors.Is(err, client.ErrSource) || len(results) != 250 || after > 0 {
			t.Errorf("%v, %d results", err, len(results))
		}
		for i, r := range results {
			if r.Outcome == client.Skipped && !errors.Is(r.Err, broken) || r.Outcome > client.Skipped {
				t.Errorf("operation %d: %v: %v", i, r.Outcome, r.Err)
			}
		}
	})
}

func TestNoSource(t *testing.T) {
	for _, source := range []iter.Seq2[client.Operation, error]{nil, client.Operations()} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{})
			if results, err := run(t, newClient(t, s, nil), &client.Job{Source: source}); err != nil || len(results)+len(s.Exchanges()) > 0 {
				t.Errorf("%v, %v", results, err)
			}
		})
	}
}

// A source may wait for the results of what it has given.
func TestSourceThatWaitsForResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{})
		results := make(chan client.Result, 1)
		source := func(yield func(client.Operation, error) bool) {
			for i := range 10 {
				if !yield(create(fmt.Sprint("u", i)), nil) {
					return
				}
				<-results
			}
		}
		for res, err := range newClient(t, s, nil).Run(t.Context(), &client.Job{Source: source}) {
			if err != nil || res.Err != nil {
				t.Fatal(err, res.Err)
			}
			results <- res
		}
	})
}

// Where nothing but a lookup is slow, the error says so; and the text of an
// outcome that stays unknown is one line that names the outcome once.
func TestInterruptedLookupIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Hour})
		job := &client.Job{Source: client.Operations(users(2)...), Existing: client.ExistingSkip}
		results, err, _ := stopAt(t, time.Minute, s, func(c *client.Config) { c.RequestTimeout = 2 * time.Hour }, job)
		want := "context deadline exceeded while waiting for the answers to lookups"
		if len(results) != 2 || err == nil || err.Error() != want || results[0].Err.Error() != "skipped: "+want {
			t.Errorf("%d results, the job ended with %v, operation 0: %v", len(results), err, results[0].Err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Second})
		s.Script(webextest.CutAt(webextest.AfterWork))
		s.ScriptSearches(webextest.CutAt(webextest.AfterWork), webextest.CutAt(webextest.AfterWork), webextest.CutAt(webextest.AfterWork), webextest.CutAt(webextest.AfterWork))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		results, err := newClient(t, s, nil).Do(ctx, group("g", ""))
		text := fmt.Sprint(client.JoinErrors(results))
		if err == nil || results[0].Outcome != client.Unknown || strings.Count(text, "unknown") != 1 || strings.Contains(text, "\n") {
			t.Errorf("%v: %s", err, text)
		}
	})
}

// A job that stops before most of its source was read tells of all of it what
// its journal knows, and sends no more.
func TestReadOnTellsWhatWasDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{})
		j := newMemoryJournal()
		old := users(raced.Fewer(2000, 5000))
		if _, err := carryOut(t, newClient(t, s, nil), &client.Job{Source: client.Operations(old...), Journal: j}); err != nil {
			t.Fatal(err)
		}
		add(t, s, "bad")
		before := requests(s)
		ops := []client.Operation{create("bad")}
		for i := range 3000 {
			ops = append(ops, create(fmt.Sprint("new", i)))
		}
		ops = append(ops, old...)
		count, err := carryOut(t, newClient(t, s, nil), &client.Job{Source: client.Operations(ops...), Journal: j, FailOnErrors: 1, ReadOn: true})
		if !errors.Is(err, client.ErrBudget) || count["replayed"] != len(old) || count["failed"] != 1 || count["succeeded"]+count["skipped"] != 3000 {
			t.Errorf("%v: %v", count, err)
		}
		if sent := requests(s) - before; sent > 8 {
			t.Errorf("%d more requests", sent)
		}
	})
}

// What the journal can't tell any more may have been done.
func TestReadOnWithoutAJournalKnowsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newMemoryJournal()
		c := newClient(t, webextest.New(webextest.Config{}), nil)
		fail := func(call string, n int) error {
			if call == "claim" && n >= 3 {
				return errors.New("disk gone")
			}
			return nil
		}
		j.fail = fail
		// In a first run there is nothing that it could tell.
		count, err := carryOut(t, c, &client.Job{Source: client.Operations(users(2000)...), Journal: j, ReadOn: true})
		if !errors.Is(err, client.ErrJournal) || count["succeeded"]+count["skipped"] != 2000 {
			t.Errorf("%v: %v", count, err)
		}
		j.fail = nil
		if _, err := carryOut(t, c, &client.Job{Source: client.Operations(create("x")), Journal: j}); err != nil {
			t.Fatal(err)
		}
		j.fail, j.count = fail, map[string]int{}
		count, err = carryOut(t, c, &client.Job{Source: client.Operations(users(2000)...), Journal: j, ReadOn: true})
		if n := count["replayed"] + count["succeeded"] + count["skipped"] + count["unknown"]; !errors.Is(err, client.ErrJournal) || n != 2000 || count["unknown"] < 900 { // two claims hold hardly more than the 1000 that are read ahead
			t.Errorf("%v: %v", count, err)
		}
	})
}

// Leaving the loop ends it all the same.
func TestReadOnEndsWithTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		given := 0
		source := func(yield func(client.Operation, error) bool) {
			for op := range client.Operations(users(100_000)...) {
				if given++; !yield(op, nil) {
					return
				}
			}
		}
		c := newClient(t, webextest.New(webextest.Config{Latency: time.Millisecond}), nil)
		for range c.Run(t.Context(), &client.Job{Source: source, ReadOn: true}) {
			break
		}
		if given > 5000 {
			t.Errorf("%d operations were read", given)
		}
	})
}
