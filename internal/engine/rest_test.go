package engine

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// An operation that refers to many others which follow it, in whatever order,
// is not taken up for each of them: it may be large, and on disk.
func TestManyReferencesAreReadLater(t *testing.T) {
	const members = 500
	group := Operation{Method: Post, BulkID: "board", Content: Key{1}}
	for i := range members {
		group.Refs = append(group.Refs, plan.Ref{Name: fmt.Sprint("u", i), Required: true})
	}
	orders := map[string]func(i int) int{
		"forward":  func(i int) int { return i },
		"backward": func(i int) int { return members - 1 - i },
		"mixed":    func(i int) int { return i * 211 % members },
	}
	for name, order := range orders {
		taken := 0
		e := New(Config{
			Operations: 100, Concurrency: 1, MaxAttempts: 1, Journal: true,
			Facts: func(int) (*Operation, error) { taken++; return &group, nil },
		}, Time{})
		e.Add(Time{}, &group)
		for i := range members {
			e.Add(Time{}, &Operation{Index: 1 + i, Method: Post, BulkID: fmt.Sprint("u", order(i)), Content: Key{2, byte(i), byte(i >> 8)}})
		}
		e.Take()
		claims := e.Ready().Claims
		if taken == 0 || taken > 20 || !slices.ContainsFunc(claims, func(c Claim) bool { return c.Index == 0 }) {
			t.Errorf("%s: the group was taken up %d times, in %d claims", name, taken, len(claims))
		}
	}
}

// Where the journal fails while operations rest whose keys are not known, each has one outcome, and the job ends.
func TestJournalFailsWhileOperationsRest(t *testing.T) {
	const operations = 4000
	told := make([]int, operations)
	all := make([]*Operation, operations)
	e := New(Config{
		Operations: 1, Concurrency: 1, MaxAttempts: 1, Journal: true, Keep: 1000,
		Facts: func(i int) (*Operation, error) {
			if told[i] > 0 {
				return nil, fmt.Errorf("operation %d is over", i)
			}
			return all[i], nil
		},
	}, Time{})
	for i := range operations {
		all[i] = &Operation{Index: i, Method: Post, Content: Key{1, byte(i), byte(i >> 8)}}
		if i > 0 {
			all[i].Refs = []plan.Ref{{Name: "later", Required: true}}
		}
		e.Add(Time{}, all[i])
	}
	tell := func() (ready Ready) {
		for range 3 {
			r := e.Ready()
			for _, res := range r.Results {
				told[res.Index]++
			}
			ready.Claims, ready.Records = append(ready.Claims, r.Claims...), append(ready.Records, r.Records...)
		}
		return ready
	}
	e.Take()
	e.Claimed(Time{}, []Earlier{{Index: tell().Claims[0].Index, Ticket: 1}}, nil)
	e.Idle(Time{})
	e.Recorded(Time{}, tell().Records[0].Number, errors.New("no space left"))
	tell()
	e.End(Time{})
	tell()
	if i := slices.IndexFunc(told, func(n int) bool { return n != 1 }); i >= 0 {
		t.Errorf("operation %d was told %d times", i, told[i])
	}
	if !e.Finished() {
		t.Errorf("the job does not end: %d operations are open", e.open)
	}
}

// Changes that an earlier run has done do not hold up the input, though what follows them on their resources waits.
func TestReadsOnWhereAllIsReplayed(t *testing.T) {
	now := Time{Wall: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	e := New(Config{
		Operations: 1, Bytes: 1000, Concurrency: 1, MaxAttempts: 1, MaxServiceTime: time.Minute, Journal: true, LastWritten: now.Wall,
	}, now)
	for i := range 1000 {
		if !e.Wants() {
			t.Fatalf("after %d operations no more are wanted until %v", i, e.timers[0].at)
		}
		e.Add(now, &Operation{Index: i, Method: Patch, Guarded: true, Resource: fmt.Sprint("/users/", i), Content: Key{1, byte(i), byte(i >> 8)}})
		e.Take()
		e.Claimed(now, []Earlier{{Index: e.Ready().Claims[0].Index, Ticket: uint64(i) + 1, Known: KnownDone, Status: 200}}, nil)
		if results := e.Ready().Results; len(results) != 1 || results[0].Outcome != Succeeded {
			t.Fatalf("results %v of operation %d", results, i)
		}
	}
}

// An operation that cannot be read from the disk again ends the job, and is not told as failed: it may be done.
func TestOperationThatCannotBeRead(t *testing.T) {
	lost := errors.New("input/output error")
	for _, earlier := range []bool{false, true} {
		cfg := Config{Operations: 1, Concurrency: 1, MaxAttempts: 1, Journal: true, Facts: func(int) (*Operation, error) { return nil, lost }}
		want := Skipped
		if earlier {
			cfg.LastWritten, want = time.Unix(1, 0), Unknown
		}
		e := New(cfg, Time{})
		e.Add(Time{}, &Operation{Method: Post, Content: Key{1}, Refs: []plan.Ref{{Name: "later"}}})
		e.Take()
		e.End(Time{})
		results := e.Ready().Results
		if len(results) != 1 || results[0].Outcome != want || !errors.Is(results[0].Err, lost) {
			t.Errorf("results %v, expected one that is %v", results, want)
		}
		if err := e.Stopped(); !errors.Is(err, lost) || errors.Is(err, ErrJournal) {
			t.Errorf("the job stops for %q", err)
		}
	}
}
