package client_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/webextest"
)

// carryOut carries out a job and counts what came of it; replayed successes
// apart.
func carryOut(t *testing.T, c *client.Client, job *client.Job) (count map[string]int, stop error) {
	t.Helper()
	count = map[string]int{}
	for res, err := range c.Run(t.Context(), job) {
		switch {
		case err != nil:
			stop = err
		case res.Replayed:
			count["replayed"]++
		default:
			count[fmt.Sprint(res.Outcome)]++
		}
	}
	return count, stop
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
