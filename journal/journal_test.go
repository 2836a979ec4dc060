package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
)

// Ways to the end of a run: the file that Close leaves, the files of a killed
// process, or the next run of the same one.
var nextRun = map[string]func(*testing.T, *Journal, string) *Journal{
	"End": func(t *testing.T, j *Journal, _ string) *Journal { beginAgain(t, j); return j },
	"Close": func(t *testing.T, j *Journal, path string) *Journal {
		mustClose(t, j)
		return opened(t, path)
	},
	"kill": func(t *testing.T, _ *Journal, path string) *Journal { return opened(t, crash(t, path)) },
}

// The updates of an operation decide its record in the next run.
func TestWriteDecidesWhatTheNextRunKnows(t *testing.T) {
	const (
		nothing = client.KnownNothing
		sentNow = client.UpdateSent
		doneNow = client.UpdateDone
		notDone = client.UpdateForget
	)
	tests := []struct {
		name    string
		updates []client.UpdateKind
		want    client.Known
	}{
		{"claimed", nil, nothing},
		{"sent", []client.UpdateKind{sentNow}, client.KnownSent},
		{"sent twice", []client.UpdateKind{sentNow, sentNow}, client.KnownSent},
		{"done", []client.UpdateKind{sentNow, doneNow}, client.KnownDone},
		{"done by the second attempt", []client.UpdateKind{sentNow, sentNow, doneNow}, client.KnownDone},
		{"refused", []client.UpdateKind{sentNow, notDone}, nothing},
		{"never sent", []client.UpdateKind{notDone}, nothing},
		{"replaced", []client.UpdateKind{sentNow, client.UpdateReplaced}, nothing},
		{"done, then replaced", []client.UpdateKind{sentNow, doneNow, client.UpdateReplaced}, nothing},
		{"undone", []client.UpdateKind{sentNow, client.UpdateUndone}, client.KnownSent},
		{"done, then undone", []client.UpdateKind{sentNow, doneNow, client.UpdateUndone}, client.KnownSent},
		{"undone, then done", []client.UpdateKind{sentNow, client.UpdateUndone, notDone, sentNow, doneNow}, client.KnownDone},
		{"refused, then sent", []client.UpdateKind{sentNow, notDone, sentNow}, client.KnownSent},
		{"refused, then done", []client.UpdateKind{sentNow, notDone, sentNow, doneNow}, client.KnownDone},
	}
	for end, next := range nextRun {
		for _, single := range []bool{true, false} { // calls of Write
			path := newPath(t)
			j := opened(t, path)
			for _, test := range tests {
				ticket := claimKeys(t, j, test.name)[0].Ticket
				var updates []client.Update
				for _, kind := range test.updates {
					u := client.Update{Kind: kind, Ticket: ticket, Entry: entry(test.name), Sent: sentAt}
					if kind == doneNow {
						u.Success = success(1)
					}
					updates = append(updates, u)
				}
				if single {
					write(t, j, updates...)
				} else {
					for _, u := range updates {
						write(t, j, u)
					}
				}
			}
			j = next(t, j, path)
			for _, test := range tests {
				r := claimKeys(t, j, test.name, test.name)
				want := client.Record{Ticket: r[0].Ticket, Known: test.want}
				switch test.want {
				case client.KnownSent:
					if !slices.Contains(test.updates, client.UpdateUndone) {
						want.Sent = sentAt
					}
				case client.KnownDone:
					want.Success = success(1)
				}
				if !reflect.DeepEqual(r[0], want) {
					t.Errorf("%s, %s: %+v, want %+v", test.name, end, r[0], want)
				}
				if r[1].Known != nothing {
					t.Errorf("%s, %s: there are two of one operation", test.name, end)
				}
			}
		}
	}
}

// The times on record are those of the first attempt, until an UpdateForget.
func TestTimesOfTheFirstAttempt(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	ticket := claimKeys(t, j, "op")[0].Ticket
	at := func(minutes int) client.Update {
		u := sent(ticket, entry("op"))
		u.Sent = sentAt.Add(time.Duration(minutes) * time.Minute)
		u.Date = u.Sent.Add(time.Hour).Truncate(time.Second)
		return u
	}
	want := func(minutes int) {
		t.Helper()
		r := claimKeys(t, opened(t, crash(t, path)), "op")[0]
		if u := at(minutes); r.Known != client.KnownSent || !r.Sent.Equal(u.Sent) || !r.Date.Equal(u.Date) {
			t.Errorf("%+v, want %v and %v", r, u.Sent, u.Date)
		}
	}
	write(t, j, at(1), at(2))
	write(t, j, at(3))
	want(1)
	write(t, j, forget(ticket), at(4))
	want(4)
	beginAgain(t, j)
	ticket = claimKeys(t, j, "op")[0].Ticket
	write(t, j, at(5))
	want(4)
}

// Begin returns the last time of this machine and of the service.
func TestHistory(t *testing.T) {
	path := newPath(t)
	j := mustOpen(t, path)
	if h := beginHistory(t, j); h != (client.History{}) {
		t.Errorf("in the first run: %+v", h)
	}
	before := now()
	u := sent(claimKeys(t, j, "op")[0].Ticket, entry("op"))
	u.Date = sentAt.Add(time.Hour)
	f := forget(u.Ticket)
	f.Date = sentAt
	write(t, j, u, f) // which leaves no operation
	after := now()
	mustClose(t, j)
	for range 2 { // runs that write nothing
		j = mustOpen(t, path)
		h := beginHistory(t, j)
		if h.LastWritten.Before(before) || h.LastWritten.After(after) || !h.LastDate.Equal(u.Date) {
			t.Errorf("%+v, want %v to %v, and %v", h, before, after, u.Date)
		}
		mustClose(t, j)
	}
}

// Of equal operations, each Claim takes one: done ones first, then sent ones.
func TestEqualOperations(t *testing.T) {
	for end, next := range nextRun {
		path := newPath(t)
		j := opened(t, path)
		tickets := send(t, j, "a", "a", "b", "a", "a")
		write(t, j, done(tickets[1], 1), done(tickets[4], 4), forget(tickets[3]))
		j = next(t, j, path)
		r := append(claimKeys(t, j, "a", "b"), claimKeys(t, j, "a", "a", "a")...)
		want := []client.Known{client.KnownDone, client.KnownSent, client.KnownDone, client.KnownSent, client.KnownNothing}
		if got := knowns(r); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", end, got, want)
		}
		if r[0].Success != success(1) || r[2].Success != success(4) {
			t.Errorf("%s: not the oldest first: %+v", end, r)
		}
	}
}

// Rivals of a new create are the operations of its name that the input no
// longer holds, as far as it has been claimed.
func TestRivals(t *testing.T) {
	for end, next := range nextRun {
		path := newPath(t)
		j := opened(t, path)
		entries := []client.Entry{create("old done", "g"), create("old sent", "g"), create("refused", "g"), create("h", "h"), entry("nameless"),
			create("k sent", "k"), create("k done", "k"), create("m done", "m"), create("p sent", "p"), create("p done", "p")}
		r := claim(t, j, entries...)
		for i, e := range entries {
			if len(r[i].Rivals) > 0 {
				t.Errorf("rivals in the first run: %+v", r[i])
			}
			write(t, j, sent(r[i].Ticket, e))
		}
		write(t, j, done(r[0].Ticket, 1), forget(r[2].Ticket), done(r[6].Ticket, 6), done(r[7].Ticket, 7), done(r[9].Ticket, 9))

		j = next(t, j, path)
		now := claim(t, j, create("new", "g"), create("other", "i"), entry("another nameless"), create("h", "h"))
		if want := []client.Ticket{r[0].Ticket, r[1].Ticket}; !slices.Equal(now[0].Rivals, want) {
			t.Errorf("%s: rivals %v, want %v", end, now[0].Rivals, want)
		}
		for _, other := range now[1:] {
			if len(other.Rivals) > 0 {
				t.Errorf("%s: rivals %+v", end, other)
			}
		}
		if !now[0].RivalSent {
			t.Errorf("%s: no rival is known as sent", end)
		}
		// Those that the same call takes are none, wherever they are in it.
		now = claim(t, j, create("newer", "g"), create("old done", "g"))
		if want := []client.Ticket{r[1].Ticket}; !slices.Equal(now[0].Rivals, want) || now[1].Known != client.KnownDone {
			t.Errorf("%s: rivals %v, want %v", end, now[0].Rivals, want)
		}
		now = claim(t, j, create("another k", "k"), create("another m", "m"))
		if len(now[0].Rivals) != 2 || !now[0].RivalSent || len(now[1].Rivals) != 1 || now[1].RivalSent {
			t.Errorf("%s: rivals of k and m: %+v", end, now)
		}
		made := create("p sent", "p")
		made.Create = true
		change := create("k sent", "k")
		now = claim(t, j, made, change, client.Entry{Name: key("p")})
		if want := []client.Ticket{r[6].Ticket}; len(now[0].Rivals) > 0 || !slices.Equal(now[1].Rivals, want) || now[1].RivalSent {
			t.Errorf("%s: rivals of what was sent: %+v", end, now)
		}
		if want := []client.Ticket{r[9].Ticket}; !slices.Equal(now[2].Rivals, want) {
			t.Errorf("%s: rivals by name only: %v, want %v", end, now[2].Rivals, want)
		}
		now = claim(t, j, create("old sent", "g"), create("newest", "g"), entry("nameless"))
		if now[0].Known != client.KnownSent || len(now[0].Rivals)+len(now[1].Rivals) > 0 {
			t.Errorf("%s: rivals of what is all claimed: %+v", end, now)
		}
	}
}

// Owned knows the resources of earlier runs, by the id in any form of location.
func TestOwned(t *testing.T) {
	for end, next := range nextRun {
		path := newPath(t)
		j := opened(t, path)
		tickets := send(t, j, "1", "2", "3", "4")
		odd := done(tickets[1], 2)
		odd.Success.Location = "Groups/g%20x/?a=b"
		none := done(tickets[2], 3)
		none.Success.Location = "" // as of a DELETE
		foreign := client.Update{Kind: client.UpdateForeign, ID: "foreign"}
		write(t, j, done(tickets[0], 1), odd, none, foreign, foreign)
		j = next(t, j, path)
		for range 2 {
			got, err := j.Owned(t.Context(), []string{resourceID(1), "g x", "foreign", resourceID(3), resourceID(4), "", "G x"})
			if want := []bool{true, true, true, false, false, false, false}; err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: owned %v, want %v: %v", end, got, want, err)
			}
		}
		write(t, j, done(claimKeys(t, j, "4")[0].Ticket, 4))
		beginAgain(t, j)
		if got, err := j.Owned(t.Context(), []string{resourceID(4), resourceID(1)}); err != nil || !slices.Equal(got, []bool{true, true}) {
			t.Errorf("%s: in the third run: %v, %v", end, got, err)
		}
	}
}

func TestOtherTarget(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	write(t, j, done(send(t, j, "a")[0], 1))
	mustClose(t, j)
	j = mustOpen(t, path)
	for _, other := range []client.Target{
		{OrgID: "11111111-89ab-cdef-0123-456789abcdef", BaseURL: target.BaseURL},
		{OrgID: target.OrgID, BaseURL: "https://example.com"},
	} {
		_, err := j.Begin(t.Context(), other)
		refused, ok := errors.AsType[*TargetError](err)
		if !ok || refused.Journal != target || refused.Job != other {
			t.Errorf("Begin(%v) = %v", other, err)
			continue
		}
		for _, part := range []string{target.OrgID, target.BaseURL, other.OrgID, other.BaseURL} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not name %s", err, part)
			}
		}
	}
	// A refused Begin changes nothing. Case and a final slash do not matter.
	spelled := client.Target{OrgID: strings.ToUpper(target.OrgID), BaseURL: target.BaseURL + "/"}
	if _, err := j.Begin(t.Context(), spelled); err != nil {
		t.Fatal(err)
	}
	if got := claimKeys(t, j, "a")[0].Known; got != client.KnownDone {
		t.Errorf("known: %v", got)
	}
}

// A second Begin is refused, and the first run goes on.
func TestSecondBegin(t *testing.T) {
	j := opened(t, newPath(t))
	ticket := send(t, j, "a")[0]
	for range 2 {
		if _, err := j.Begin(t.Context(), target); !errors.Is(err, ErrLocked) {
			t.Errorf("second Begin: %v", err)
		}
	}
	write(t, j, done(ticket, 1))
	beginAgain(t, j)
	if r := claimKeys(t, j, "a")[0]; r.Known != client.KnownDone {
		t.Errorf("known: %+v", r)
	}
}

// Outside of a run, every call but Begin, Summary and Close is refused.
func TestOutsideOfARun(t *testing.T) {
	j := mustOpen(t, newPath(t))
	want := func(when string) {
		t.Helper()
		_, claimErr := j.Claim(t.Context(), []client.Entry{{}})
		_, ownedErr := j.Owned(t.Context(), nil)
		for name, err := range map[string]error{
			"Claim": claimErr, "Owned": ownedErr, "Write": j.Write(t.Context(), nil), "End": j.End(t.Context()),
		} {
			if !errors.Is(err, ErrMisuse) {
				t.Errorf("%s %s: %v", name, when, err)
			}
		}
	}
	want("before Begin")
	begin(t, j)
	if err := j.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("after End")
	begin(t, j)
}

// A Write with a wrong update records nothing, and every later call fails.
func TestMisuse(t *testing.T) {
	good := send(t, opened(t, newPath(t)), "other")[0] + 100
	for name, bad := range map[string]func(doneTicket client.Ticket) client.Update{
		"done is sent":      func(ticket client.Ticket) client.Update { return sent(ticket, entry("done")) },
		"done is forgotten": forget,
		"done twice":        func(ticket client.Ticket) client.Update { return done(ticket, 2) },
		"done without sent": func(client.Ticket) client.Update { return done(1<<40, 2) },
		"no kind":           func(client.Ticket) client.Update { return client.Update{Ticket: 1 << 40} },
	} {
		path := newPath(t)
		j := opened(t, path)
		write(t, j, done(send(t, j, "done")[0], 1))
		beginAgain(t, j)
		ticket := claimKeys(t, j, "done")[0].Ticket
		err := j.Write(t.Context(), []client.Update{sent(good, entry("good")), bad(ticket)})
		if !errors.Is(err, ErrMisuse) || errors.Is(err, ErrWrite) {
			t.Errorf("%s: %v", name, err)
		}
		wantRefusals(t, j, good, ErrMisuse)
		mustClose(t, j)
		r := claimKeys(t, opened(t, path), "done", "good")
		if r[0].Success != success(1) || r[1].Known != client.KnownNothing {
			t.Errorf("%s: something was recorded: %+v", name, r)
		}
	}
}

// With a canceled context, no call but End does anything.
func TestCanceled(t *testing.T) {
	j := opened(t, newPath(t))
	ticket := send(t, j, "a")[0]
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, claimErr := j.Claim(ctx, []client.Entry{{}})
	_, ownedErr := j.Owned(ctx, []string{"1"})
	_, summaryErr := j.Summary(ctx)
	for name, err := range map[string]error{
		"Claim": claimErr, "Owned": ownedErr, "Summary": summaryErr, "Write": j.Write(ctx, []client.Update{done(ticket, 1)}),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := j.End(ctx); err != nil {
		t.Errorf("End: %v", err)
	}
	if _, err := j.Begin(ctx, target); !errors.Is(err, context.Canceled) {
		t.Errorf("Begin: %v", err)
	}
	begin(t, j)
	if got := claimKeys(t, j, "a")[0].Known; got != client.KnownSent {
		t.Errorf("known: %v", got)
	}
}

func TestClosed(t *testing.T) {
	j := opened(t, newPath(t))
	ticket := send(t, j, "a")[0]
	if err := j.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustClose(t, j)
	mustClose(t, j)
	wantRefusals(t, j, ticket, ErrClosed)
	for _, path := range []string{"", t.TempDir()} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "is a folder") {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestSummary(t *testing.T) {
	j := opened(t, newPath(t))
	tickets := send(t, j, "a", "b", "c", "d")
	write(t, j, done(tickets[0], 1), forget(tickets[1]))
	beginAgain(t, j)
	sum, err := j.Summary(t.Context())
	started := sum.Started
	sum.Started = time.Time{}
	if want := (Summary{Target: target, Runs: 2, Done: 1, Sent: 2}); err != nil || sum != want || time.Since(started) > time.Hour {
		t.Errorf("%+v, begun %v; want %+v: %v", sum, started, want, err)
	}
}

// The view operations of a closed journal can be read with any SQLite.
func TestViewReadsAsText(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	e := client.Entry{Key: client.Key{0xab, 15: 1}, Name: client.Key{15: 2}}
	r := claim(t, j, e, client.Entry{Key: client.Key{15: 3}})
	first := sent(r[0].Ticket, e)
	first.Date = sentAt
	write(t, j, first, sent(r[1].Ticket, client.Entry{Key: client.Key{15: 3}}),
		client.Update{Kind: client.UpdateDone, Ticket: r[0].Ticket, Success: client.Success{Status: 201, Location: "/Users/1", Version: "v"}})
	mustClose(t, j)
	db, err := sql.Open("sqlite", dataSource(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT * FROM operations")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var c [10]any
		if err := rows.Scan(&c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &c[6], &c[7], &c[8], &c[9]); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%v %v %v %v %v %v %v %v %v %v", c[:]...))
	}
	want := []string{
		"1 ab000000000000000000000000000001 00000000000000000000000000000002 " +
			"2026-09-21 14:13:20.123Z 2026-09-21 14:13:20Z done 201 /Users/1 v 0",
		"2 00000000000000000000000000000003 <nil> 2026-09-21 14:13:20.123Z <nil> sent <nil> <nil> <nil> <nil>",
	}
	if err := rows.Err(); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n%q, want\n%q", err, got, want)
	}
}
