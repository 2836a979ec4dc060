package client_test

import (
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// every gives an operation now and then.
func every(pause time.Duration, ops []client.Operation) iter.Seq2[client.Operation, error] {
	return func(yield func(client.Operation, error) bool) {
		for _, op := range ops {
			if !yield(op, nil) {
				return
			}
			time.Sleep(pause)
		}
	}
}

// However slowly a source goes on, what it has given does not wait for it.
func TestTricklingSource(t *testing.T) {
	for _, pause := range []time.Duration{time.Millisecond, 30 * time.Millisecond, 80 * time.Millisecond, 99 * time.Millisecond, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{})
			began, given := time.Now(), 0
			for res, err := range newClient(t, s, nil).Run(t.Context(), &client.Job{Source: every(pause, users(150))}) {
				if err != nil || res.Err != nil {
					t.Fatal(err, res.Err)
				}
				// Not before it was read, and not much later.
				read := time.Duration(res.Index) * pause
				if late := time.Since(began) - read; late > 250*time.Millisecond {
					t.Errorf("one each %v: operation %d comes %v after it was read", pause, res.Index, late)
				}
				given++
			}
			if most := int(150*pause/(100*time.Millisecond)) + 3; requests(s) > min(150, most) || given != 150 {
				t.Errorf("one each %v: %d requests, %d results", pause, requests(s), given)
			}
		})
	}
}

// A service that takes connections and answers nothing ends the job, though
// what was sent has to be looked for.
func TestServiceThatCutsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Faults: func(*webextest.Request) *webextest.Fault { return webextest.CutAt(webextest.BeforeWork) }})
		for range 1000 {
			s.ScriptSearches(webextest.CutAt(webextest.BeforeWork))
		}
		began, job := time.Now(), &client.Job{}
		go func() {
			time.Sleep(10 * time.Second)
			if p := job.Progress(); p.LookingUp == 0 || p.Unanswered == 0 {
				t.Errorf("%+v", p)
			}
		}()
		results, err := newClient(t, s, nil).DoJob(t.Context(), job, users(1000)...)
		if p := job.Progress(); p.LookingUp != 0 {
			t.Errorf("%+v", p)
		}
		if took := time.Since(began); took > 5*time.Minute {
			t.Errorf("it took %v", took)
		}
		n := outcomes(results)
		if n[client.Unknown] == 0 || n[client.Unknown]+n[client.Skipped] != 1000 {
			t.Errorf("%v", n)
		}
		if !errors.Is(err, client.ErrUnavailable) {
			t.Error(err)
		}
	})
}
