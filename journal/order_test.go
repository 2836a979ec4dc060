package journal

import (
	"errors"
	"slices"
	"testing"

	"github.com/webexscim/bulk/client"
)

// claimOrdered claims changes of the resource "r" by their names.
func claimOrdered(t *testing.T, j *Journal, whats ...string) []client.Record {
	t.Helper()
	var entries []client.Entry
	for _, w := range whats {
		entries = append(entries, client.Entry{Key: key(w), Resource: key("r")})
	}
	return claimAll(t, j, entries...)
}

func overtaken(records []client.Record) (o []bool) {
	for _, r := range records {
		o = append(o, r.Overtaken)
	}
	return o
}

func wantRecords(t *testing.T, records []client.Record, known []client.Known, over []bool) {
	t.Helper()
	if !slices.Equal(knowns(records), known) || !slices.Equal(overtaken(records), over) {
		t.Fatalf("known %v, overtaken %v; want %v, %v", knowns(records), overtaken(records), known, over)
	}
}

// firstRun is a run in which A fails and B, a later change of the same resource,
// is done.
func firstRun(t *testing.T, j *Journal) {
	t.Helper()
	r := claimOrdered(t, j, "A", "B")
	send(t, j, r[0].Ticket, r[1].Ticket)
	settle(t, j, client.Settlement{Ticket: r[0].Ticket, Outcome: client.Failed, Status: 400}, success(r[1].Ticket, 2))
}

const (
	nothing = client.KnownNothing
	sent    = client.KnownSent
	done    = client.KnownDone
)

// A failed and B was done; then A is repeated, and the process killed before B
// was. The third run still knows that B no longer has the last word, and the
// fourth finds all as it should be.
func TestOvertaken(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	firstRun(t, j)

	j = opened(t, crash(t, path))
	r := claimOrdered(t, j, "A", "B")
	wantRecords(t, r, []client.Known{nothing, done}, []bool{false, true})
	send(t, j, r[0].Ticket)
	settle(t, j, success(r[0].Ticket, 1))
	path = crash(t, j.path(t))

	j = opened(t, path)
	r = claimOrdered(t, j, "A", "B")
	wantRecords(t, r, []client.Known{done, done}, []bool{false, true})
	send(t, j, r[1].Ticket)
	killed := crash(t, path) // B is under way
	settle(t, j, success(r[1].Ticket, 3))
	mustClose(t, j)

	j = opened(t, path)
	r = claimOrdered(t, j, "A", "B")
	wantRecords(t, r, []client.Known{done, done}, []bool{false, false})
	if want := success(r[1].Ticket, 3); r[1].Settlement != want {
		t.Errorf("B is %+v, want %+v", r[1].Settlement, want)
	}
	wantRecords(t, claimOrdered(t, opened(t, killed), "A", "B"), []client.Known{done, sent}, []bool{false, false})
}

// path is where a journal is, as SQLite has it.
func (j *Journal) path(t *testing.T) (path string) {
	t.Helper()
	if err := j.do(t.Context(), true, func(s *store) error { path = s.path; return nil }); err != nil {
		t.Fatal(err)
	}
	return path
}

// What no other change of the same resource comes before is not overtaken.
func TestNotOvertaken(t *testing.T) {
	j := opened(t, newPath(t))
	firstRun(t, j)
	for name, entries := range map[string][]client.Entry{
		"another resource": {{Key: key("A"), Resource: key("q")}, {Key: key("B"), Resource: key("r")}},
		"no resource":      {{Key: key("A")}, {Key: key("B")}},
		"other order":      {{Key: key("B"), Resource: key("r")}, {Key: key("A"), Resource: key("r")}},
	} {
		begin(t, j)
		if got := overtaken(claimAll(t, j, entries...)); slices.Contains(got, true) {
			t.Errorf("%s: overtaken %v", name, got)
		}
	}
}

// What overtakes another is to be sent in this run itself, and so overtakes what
// was done in between.
func TestOvertakenOvertakes(t *testing.T) {
	j := opened(t, newPath(t))
	firstRun(t, j)
	begin(t, j)
	r := claimOrdered(t, j, "A", "C")
	send(t, j, r[0].Ticket, r[1].Ticket)
	settle(t, j, success(r[0].Ticket, 1), success(r[1].Ticket, 3))
	begin(t, j)
	wantRecords(t, claimOrdered(t, j, "A", "B", "C"), []client.Known{done, done, done}, []bool{false, true, true})
}

// A new operation overtakes what is done after it, as does one sent without an
// answer.
func TestNewOvertakes(t *testing.T) {
	j := opened(t, newPath(t))
	firstRun(t, j)
	begin(t, j)
	wantRecords(t, claimOrdered(t, j, "new", "B"), []client.Known{nothing, done}, []bool{false, true})

	j = opened(t, newPath(t))
	r := claimOrdered(t, j, "A", "B")
	send(t, j, r[0].Ticket, r[1].Ticket)
	settle(t, j, success(r[1].Ticket, 2))
	begin(t, j)
	wantRecords(t, claimOrdered(t, j, "A", "B"), []client.Known{sent, done}, []bool{false, true})
}

// What becomes of one that is overtaken, by whether it left again and how it was
// settled: the next run finds it overtaken again, or done for good, or without
// an answer, or refused.
func TestSettlingWhatIsOvertaken(t *testing.T) {
	for _, test := range []struct {
		name    string
		leaves  bool
		outcome client.Outcome
		known   client.Known
		over    bool
	}{
		{"done again", true, client.Succeeded, done, false},
		{"refused", true, client.Failed, nothing, false},
		{"no answer", true, client.Unknown, sent, false},
		{"recalled before it left", true, client.Skipped, done, true},
		{"stopped before it", false, client.Skipped, done, true},
		{"given up before it", false, client.Unknown, done, true},
		{"invalid by now", false, client.Failed, done, true},
		{"replayed all the same", false, client.Succeeded, done, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			j := opened(t, newPath(t))
			firstRun(t, j)
			begin(t, j)
			r := claimOrdered(t, j, "A", "B")
			send(t, j, r[0].Ticket)
			settle(t, j, success(r[0].Ticket, 1))
			if test.leaves {
				send(t, j, r[1].Ticket)
			}
			s := success(r[1].Ticket, 3)
			s.Outcome = test.outcome
			settle(t, j, s)
			begin(t, j)
			got := claimOrdered(t, j, "A", "B")
			wantRecords(t, got, []client.Known{done, test.known}, []bool{false, test.over})
			if test.over && got[1].Settlement != success(got[1].Ticket, 2) {
				t.Errorf("its first success is now %+v", got[1].Settlement)
			}
		})
	}
}

// What a lookup finds counts for the run that sent it, not for the one that
// looked: so it is overtaken by what left in between.
func TestFoundIsOfTheRunThatSentIt(t *testing.T) {
	for _, again := range []bool{false, true} { // whether it is sent in the second run, too
		path := newPath(t)
		j := opened(t, path)
		r := claimOrdered(t, j, "A", "B")
		send(t, j, r[0].Ticket, r[1].Ticket)
		settle(t, j, client.Settlement{Ticket: r[0].Ticket, Outcome: client.Failed, Status: 400})

		j = opened(t, crash(t, path))
		path = j.path(t)
		r = claimOrdered(t, j, "A", "B")
		send(t, j, r[0].Ticket)
		settle(t, j, success(r[0].Ticket, 1))
		if again {
			send(t, j, r[1].Ticket)
		}

		j = opened(t, crash(t, path))
		r = claimOrdered(t, j, "A", "B")
		wantRecords(t, r, []client.Known{done, sent}, []bool{false, false})
		settle(t, j, success(r[1].Ticket, 2))
		begin(t, j)
		wantRecords(t, claimOrdered(t, j, "A", "B"), []client.Known{done, done}, []bool{false, !again})
	}
}

// Nothing is kept of the order where nothing can be overtaken: in a first run,
// in a second one of what the first has done, and once all rows are claimed.
func TestOrderIsForgotten(t *testing.T) {
	j := opened(t, newPath(t))
	wantOrder := func(what string, n int) {
		t.Helper()
		if err := j.do(t.Context(), true, func(s *store) error {
			if got := len(s.latest.young); got != n {
				t.Errorf("%s: %d resources are kept, want %d", what, got, n)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	r := claimOrdered(t, j, "A", "B", "C")
	wantOrder("first run", 0)
	send(t, j, r[0].Ticket, r[1].Ticket, r[2].Ticket)
	settle(t, j, success(r[0].Ticket, 1), success(r[1].Ticket, 2), success(r[2].Ticket, 3))
	begin(t, j)
	claimOrdered(t, j, "A")
	wantOrder("done in the first run", 0)
	claimOrdered(t, j, "new")
	wantOrder("a new one among them", 1)
	claimOrdered(t, j, "B", "C")
	wantOrder("all claimed", 0)
}

// Only what the record said to be overtaken may be sent although it is done.
func TestOnlyOvertakenIsSentAgain(t *testing.T) {
	j := opened(t, newPath(t))
	firstRun(t, j)
	begin(t, j)
	r := claimOrdered(t, j, "B", "A")
	if err := j.Sent(t.Context(), []client.Ticket{r[1].Ticket, r[0].Ticket}); !errors.Is(err, ErrMisuse) {
		t.Errorf("a done operation was to be sent again: %v", err)
	}
	begin(t, j)
	wantRecords(t, claimOrdered(t, j, "A", "B"), []client.Known{nothing, done}, []bool{false, true})
}
