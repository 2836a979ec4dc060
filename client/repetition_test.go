package client_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// What was done, and is refused when it is to be done once more behind another,
// no longer has the last word: it has failed, in the service's words, and to the
// budget too. The next run sends it again. A 404 tells that there is nobody left
// to have a word on.
func TestRefusedRepetition(t *testing.T) {
	long := "Please wait, " + strings.Repeat("x", 100)
	busy := webextest.Busy(429, "B")
	for name, test := range map[string]struct {
		status int
		faults []*webextest.Fault
	}{
		"refused": {400, []*webextest.Fault{webextest.Busy(400, "B")}}, "gone": {404, []*webextest.Fault{webextest.Busy(404, "B")}},
		"busy": {429, []*webextest.Fault{busy, busy}}, "lost and busy": {429, []*webextest.Fault{webextest.CutAt(webextest.BeforeWork), busy}},
		"the request": {400, []*webextest.Fault{webextest.Refuse(400, "")}}, "too large": {413, []*webextest.Fault{{Status: 413, Body: &long}}},
	} {
		stories(t, func(st *story) {
			id := add(st.t, st.s, "there")
			ops := append(titles("/Users/"+id, "AB"), create("u"))
			change := func(c *client.Config) { c.Limits.Operations, c.Concurrency, c.MaxAttempts = 1, 1, 2 }
			st.refuse = map[string]int{"A": 400}
			first, _ := st.run(st.t.Context(), change, "failed+ succeeded+ succeeded+", ops...)
			st.refuse = nil
			st.s.Script(append([]*webextest.Fault{nil}, test.faults...)...)
			ops = append(ops, users(3)...)
			st.ordered, st.budget = true, 1
			second, third := "succeeded+ failed+ succeeded= skipped skipped skipped", "succeeded= succeeded+ succeeded= succeeded+ succeeded+ succeeded+"
			last := "B"
			if test.status == 404 {
				second, third, last = strings.Replace(second, "failed+", "succeeded+", 1), strings.Replace(third, "succeeded+", "succeeded=", 1), "A"
			}
			results, err := st.run(st.t.Context(), change, second, ops...)
			switch r := results[1]; {
			case !errors.Is(err, client.ErrBudget):
				st.t.Errorf("%s: %v", name, err)
			case test.status != 404:
				wantRefusedRepetition(st.t, r, test.status)
			case r.Status != first[1].Status || r.Version != first[1].Version || r.Location.ID != id:
				st.t.Errorf("%s: %+v, expected %+v", name, r, first[1])
			}
			st.title(id, "A")
			st.budget = 0
			st.run(st.t.Context(), change, third, ops...)
			st.title(id, last)
		})
	}
}

// wantRefusedRepetition wants a result to say that the operation had been done,
// and what the service says now.
func wantRefusedRepetition(t *testing.T, r client.Result, status int) {
	t.Helper()
	said, ok := errors.AsType[*client.ResponseError](r.Err)
	if r.Outcome != client.Failed || r.Status != status || !ok || said.Status != status || !strings.Contains(r.Err.Error(), doneBefore) {
		t.Errorf("%v with status %d: %v; expected status %d", r.Outcome, r.Status, r.Err, status)
	}
}

// doneBefore is what the error of an operation says that failed when it was to be
// done once more.
const doneBefore = "done before"

// So it is within one run. Where nothing came in between, what was done is still
// the last word.
func TestRefusedRepetitionInOneRun(t *testing.T) {
	through := func(f *webextest.Fault) (all []*webextest.Fault) {
		for range 3 {
			all = append(all, f)
		}
		return all
	}
	shy := func(statuses map[string]int) *webextest.Fault {
		return &webextest.Fault{Item: func(op webextest.Operation) int { return statuses[op.BulkID] }}
	}
	lost := webextest.Shaped(func(a *webextest.Answer) { a.Items = a.Items[1:] })
	lost.Item = shy(map[string]int{"B": 400}).Item
	for name, test := range map[string]struct {
		faults []*webextest.Fault
		status int // of B
		title  string
		failed int
	}{
		"busy":            {through(webextest.Busy(429, "B")), 429, "A", 1},
		"refused":         {[]*webextest.Fault{webextest.Busy(400, "B")}, 400, "A", 1},
		"A's answer lost": {[]*webextest.Fault{lost}, 400, "A", 1},
		"gone":            {[]*webextest.Fault{webextest.Busy(404, "B")}, 200, "A", 0},
		"both refused":    {[]*webextest.Fault{webextest.Busy(400, "A", "B")}, 200, "B", 1},
		"both apart":      {[]*webextest.Fault{webextest.Refuse(400, ""), nil, webextest.Busy(400, "B")}, 400, "A", 1},
		"first A":         {append([]*webextest.Fault{webextest.Busy(429, "A"), shy(map[string]int{"B": 429})}, webextest.Busy(400, "B")), 400, "A", 1},
		"and later done":  {[]*webextest.Fault{webextest.Busy(429, "B")}, 200, "B", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{})
			id := add(t, s, "there")
			s.Script(append([]*webextest.Fault{webextest.Busy(429, "A")}, test.faults...)...)
			results, err := newClient(t, s, func(c *client.Config) { c.MaxAttempts = 4 }).Do(t.Context(), titles("/Users/"+id, "AB")...)
			u, _ := s.User(id)
			if n := outcomes(results); err != nil || n[client.Failed] != test.failed || n[client.Succeeded] != 2-test.failed || u["title"] != test.title {
				t.Errorf("%s: %v, the title is %v, expected %v; %v", name, n, u["title"], test.title, err)
			}
			switch r := results[1]; {
			case test.status != 200:
				wantRefusedRepetition(t, r, test.status)
			case r.Status != 200:
				t.Errorf("%s: %+v", name, r)
			}
		})
	}
}
