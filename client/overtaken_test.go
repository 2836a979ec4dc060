package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

// story is a job that is run several times against one service, with one
// journal. The service refuses operations as told: by bulkId, with a status.
type story struct {
	t      *testing.T
	s      *webextest.Simulator
	memory *notes
	path   string // of the journal on disk; "": it is the one in memory
	refuse map[string]int

	ordered bool
	budget  int
}

// stories tells one with each kind of journal.
func stories(t *testing.T, tell func(*story)) {
	t.Helper()
	for _, path := range []string{"", filepath.Join(t.TempDir(), "j")} {
		synctest.Test(t, func(t *testing.T) {
			st := &story{t: t, memory: newNotes(), path: path}
			st.s = webextest.New(webextest.Config{Latency: time.Second, Faults: func(*webextest.Request) *webextest.Fault {
				return &webextest.Fault{Item: func(op webextest.Operation) int { return st.refuse[op.BulkID] }}
			}})
			tell(st)
			if err := st.s.Check(); err != nil {
				t.Error(err)
			}
			for _, m := range st.memory.misuse {
				t.Error(m)
			}
		})
	}
}

// run is the next run. In what is expected of it, if that is not "", a "+" tells
// that an operation was sent in this run, a "=" that it was replayed.
func (st *story) run(ctx context.Context, change func(*client.Config), expected string, ops ...client.Operation) ([]client.Result, error) {
	st.t.Helper()
	job := &client.Job{FailOnErrors: st.budget, Ordered: st.ordered, Journal: st.memory}
	if st.path != "" {
		j, err := journal.Open(st.path)
		if err != nil {
			st.t.Fatal(err)
		}
		defer j.Close()
		job.Journal = j
	}
	results, err := newClient(st.t, st.s, change).DoJob(ctx, job, ops...)
	var got []string
	for _, r := range results {
		text := r.Outcome.String()
		if r.Attempts > 0 {
			text += "+"
		}
		if r.Replayed {
			text += "="
		}
		got = append(got, text)
	}
	if text := strings.Join(got, " "); text != expected && expected != "" {
		st.t.Errorf("disk %v: %s, expected %s (%v)", st.path != "", text, expected, err)
	}
	time.Sleep(time.Minute)
	return results, err
}

func (st *story) title(id, expected string) {
	st.t.Helper()
	if u, _ := st.s.User(id); u["title"] != expected {
		st.t.Errorf("disk %v: the title is %v, expected %s", st.path != "", u["title"], expected)
	}
}

// titles are PATCHes of one user's title to A, B, C…, with bulkIds of those
// names.
func titles(path, names string) (ops []client.Operation) {
	for _, name := range strings.Split(names, "") {
		op := patch(path, "title", quote(name))
		op.BulkID = name
		ops = append(ops, op)
	}
	return ops
}

// What failed in one run and is done in the next does not have the last word on
// what was done behind it: that is done once more. Nothing else is.
func TestOrderOverRuns(t *testing.T) {
	for _, byReference := range []bool{false, true} {
		stories(t, func(st *story) {
			id, other := add(st.t, st.s, "there"), add(st.t, st.s, "other")
			path := "/Users/" + id
			ops := []client.Operation{create("u"), patch("/Users/"+other, "title", `"X"`)}
			if byReference {
				path = "/Users/bulkId:u"
			}
			ops = append(ops, titles(path, "ABC")...)
			st.refuse = map[string]int{"B": 400}
			results, _ := st.run(st.t.Context(), nil, "succeeded+ succeeded+ succeeded+ failed+ succeeded+", ops...)
			if byReference {
				id = results[0].Location.ID
			}
			st.title(id, "C")
			st.refuse = nil
			results, _ = st.run(st.t.Context(), nil, "succeeded= succeeded= succeeded= succeeded+ succeeded+", ops...)
			st.title(id, "C")
			if r := results[4]; r.Status != 200 || r.Location.ID != id || r.Version == "" {
				st.t.Errorf("%+v", r)
			}
			sent := len(st.s.Ledger())
			st.run(st.t.Context(), nil, "succeeded= succeeded= succeeded= succeeded= succeeded=", ops...)
			if st.title(id, "C"); len(st.s.Ledger()) != sent {
				st.t.Errorf("%d operations were sent for nothing", len(st.s.Ledger())-sent)
			}
			// A new one in between is followed by what comes behind it alone.
			ops = slices.Insert(ops, 4, titles(path, "D")...)
			st.run(st.t.Context(), nil, "succeeded= succeeded= succeeded= succeeded= succeeded+ succeeded+", ops...)
			st.title(id, "C")
		})
	}
}

// A job that stops between the one that comes late and the one that is to have
// the last word does not know of the latter; the next run sends it again.
func TestOrderOverAStop(t *testing.T) {
	for _, lost := range []bool{false, true} {
		stories(t, func(st *story) {
			id := add(st.t, st.s, "there")
			ops := titles("/Users/"+id, "AB")
			single := func(c *client.Config) { c.Limits.Operations, c.MaxAttempts = 1, 1 }
			st.refuse = map[string]int{"A": 400}
			st.run(st.t.Context(), single, "failed+ succeeded+", ops...)
			st.refuse = nil
			ctx, cancel := context.WithCancel(st.t.Context())
			defer cancel()
			expected := "succeeded+ unknown"
			if lost {
				st.s.Script(nil, webextest.CutAt(webextest.BeforeWork))
				expected += "+"
			} else {
				time.AfterFunc(time.Second/2, cancel) // with A under way
			}
			results, err := st.run(ctx, single, expected, ops...)
			st.title(id, "A")
			if !errors.Is(results[1].Err, client.ErrUnknown) || !strings.Contains(results[1].Err.Error(), doneBefore) || (err == nil) != lost {
				st.t.Errorf("%v, %v", results[1].Err, err)
			}
			st.run(st.t.Context(), single, "succeeded= succeeded+", ops...)
			st.title(id, "B")
			st.run(st.t.Context(), single, "succeeded= succeeded=", ops...)
		})
	}
}

// Nor does one that stops in between where both are of this run: that the service
// has done the latter is said, though not that it has the last word.
func TestStopBeforeTheRepetition(t *testing.T) {
	stories(t, func(st *story) {
		ops := titles("/Users/"+add(st.t, st.s, "there"), "AB")
		st.refuse = map[string]int{"A": 429}
		ctx, cancel := context.WithTimeout(st.t.Context(), 3*time.Second)
		defer cancel()
		results, err := st.run(ctx, func(c *client.Config) { c.MaxAttempts = 20 }, "skipped+ unknown+", ops...)
		if !errors.Is(results[1].Err, client.ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(results[1].Err.Error(), doneBefore) {
			st.t.Errorf("%v, %v", results[1].Err, err)
		}
	})
}

// What is put off in the run that repeats it still waits for its turn.
func TestOrderOverRunsWithTrouble(t *testing.T) {
	stories(t, func(st *story) {
		id := add(st.t, st.s, "there")
		ops := titles("/Users/"+id, "ABCD")
		st.refuse = map[string]int{"B": 400}
		st.run(st.t.Context(), nil, "succeeded+ failed+ succeeded+ succeeded+", ops...)
		st.refuse = nil
		lost := webextest.Shaped(func(a *webextest.Answer) { a.Items = a.Items[1:] })
		st.s.Script(webextest.Busy(429, "B"), webextest.CutAt(webextest.AfterWork), webextest.Busy(503, "C"), lost)
		st.run(st.t.Context(), func(c *client.Config) { c.MaxAttempts = 20 }, "succeeded= succeeded+ succeeded+ succeeded+", ops...)
		st.title(id, "D")
	})
}

// A DELETE has the last word wherever it comes: it is not sent again. What is
// repeated before it finds nobody, and was done all the same.
func TestDeleteIsNotOvertaken(t *testing.T) {
	stories(t, func(st *story) {
		id := add(st.t, st.s, "there")
		ops := append(titles("/Users/"+id, "AB"), remove("/Users/"+id))
		st.refuse = map[string]int{"A": 400}
		st.run(st.t.Context(), nil, "failed+ succeeded+ succeeded+", ops...)
		st.refuse = nil
		st.run(st.t.Context(), nil, "failed+ succeeded+ succeeded=", ops...)
	})
}

// Nor is what was done undone when it was to be repeated for one that was put
// off, and a DELETE behind both was done meanwhile.
func TestRepetitionBehindADelete(t *testing.T) {
	stories(t, func(st *story) {
		id := add(st.t, st.s, "there")
		st.s.Script(webextest.Busy(429, "A"))
		st.run(st.t.Context(), nil, "failed+ succeeded+ succeeded+", append(titles("/Users/"+id, "AB"), remove("/Users/"+id))...)
	})
}

// What is to be repeated and no longer can be is not said to have the last
// word, nor to be undone.
func TestRepetitionThatCannotBeSent(t *testing.T) {
	stories(t, func(st *story) {
		id := add(st.t, st.s, "there")
		ops := titles("/Users/"+id, "AB")
		st.refuse = map[string]int{"A": 400}
		st.run(st.t.Context(), nil, "failed+ succeeded+", ops...)
		st.refuse = nil
		large := slices.Clone(ops)
		large[1].Data = append(bytes.Repeat([]byte(" "), 3000), large[1].Data.(json.RawMessage)...)
		results, _ := st.run(st.t.Context(), func(c *client.Config) { c.Limits.Bytes = 2000 }, "succeeded+ unknown", large...)
		if !errors.Is(results[1].Err, client.ErrUnknown) || !errors.Is(results[1].Err, client.ErrTooLarge) {
			st.t.Error(results[1].Err)
		}
		st.run(st.t.Context(), nil, "succeeded= succeeded+", ops...)
		st.title(id, "B")
	})
}
