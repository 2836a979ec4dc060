package journal

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
)

// A run that was cut short goes on: done, sent and failed operations are told
// apart, with the settlements of those that are done.
func TestResume(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	r := claimKeys(t, j, "done", "sent", "failed", "claimed only")
	if got := knowns(r); !slices.Equal(got, make([]client.Known, 4)) {
		t.Fatalf("a new journal knows %v", got)
	}
	send(t, j, r[0].Ticket, r[1].Ticket, r[2].Ticket)
	want := success(r[0].Ticket, 7)
	want.Recovered = true
	settle(t, j, want, client.Settlement{Ticket: r[2].Ticket, Outcome: client.Failed, Status: 400})

	j = opened(t, crash(t, path))
	sum, err := j.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if age := time.Since(sum.Started); age < 0 || age > time.Minute {
		t.Errorf("started %v ago", age)
	}
	sum.Started = time.Time{}
	if want := (Summary{Target: target, Runs: 2, Done: 1, Sent: 1, Other: 1}); sum != want {
		t.Errorf("summary is %+v, want %+v", sum, want)
	}
	got := claimKeys(t, j, "new", "failed", "sent", "done", "claimed only")
	wantKnown := []client.Known{client.KnownNothing, client.KnownNothing, client.KnownSent, client.KnownDone, client.KnownNothing}
	if !slices.Equal(knowns(got), wantKnown) {
		t.Errorf("known: %v, want %v", knowns(got), wantKnown)
	}
	want.Ticket = got[3].Ticket
	if got[3].Settlement != want {
		t.Errorf("settlement is %+v, want %+v", got[3].Settlement, want)
	}
	for i, r := range got {
		if i != 3 && r.Settlement != (client.Settlement{}) {
			t.Errorf("operation %d has a settlement: %+v", i, r.Settlement)
		}
	}
}

// Of equal operations, the done ones are handed out first, and each once.
func TestEqualOperations(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	r := claimKeys(t, j, "a", "a", "a", "a", "a", "b")
	send(t, j, r[0].Ticket, r[1].Ticket, r[2].Ticket, r[3].Ticket)
	settle(t, j,
		client.Settlement{Ticket: r[0].Ticket, Outcome: client.Failed, Status: 400},
		client.Settlement{Ticket: r[1].Ticket, Outcome: client.Unknown},
		success(r[2].Ticket, 2),
		success(claimAndSend(t, j, "a"), 4))
	mustClose(t, j)

	j = opened(t, path)
	got := knowns(claimKeys(t, j, "a", "a", "a", "a", "a", "a", "b"))
	want := []client.Known{client.KnownDone, client.KnownDone, client.KnownSent, client.KnownSent, 0, 0, 0}
	if !slices.Equal(got, want) {
		t.Errorf("known: %v, want %v", got, want)
	}
	// With two of them gone from the input, the next run finds the same.
	begin(t, j)
	if got := knowns(claimKeys(t, j, "b", "a", "a")); !slices.Equal(got, []client.Known{0, client.KnownDone, client.KnownDone}) {
		t.Errorf("known after a change of the input: %v", got)
	}
}

func claimAndSend(t *testing.T, j *Journal, what string) client.Ticket {
	t.Helper()
	r := claimKeys(t, j, what)[0]
	send(t, j, r.Ticket)
	return r.Ticket
}

// What was done in a run is no answer to an equal operation of the same run.
func TestEqualOperationInTheSameRunIsNew(t *testing.T) {
	j := opened(t, newPath(t))
	for range 3 {
		r := claimKeys(t, j, "a")[0]
		if r.Known != client.KnownNothing {
			t.Fatalf("known: %v", r.Known)
		}
		send(t, j, r.Ticket)
		settle(t, j, success(r.Ticket, 1))
	}
	begin(t, j)
	if got := knowns(claimKeys(t, j, "a", "a", "a", "a")); !slices.Equal(got, []client.Known{2, 2, 2, 0}) {
		t.Errorf("known in the next run: %v", got)
	}
}

// A failed operation that is tried again keeps its one row.
func TestRepeatedFailureDoesNotGrow(t *testing.T) {
	j := opened(t, newPath(t))
	for range 3 {
		ticket := claimAndSend(t, j, "a")
		settle(t, j, client.Settlement{Ticket: ticket, Outcome: client.Failed, Status: 400})
		begin(t, j)
	}
	if sum, err := j.Summary(t.Context()); err != nil || sum.Other != 1 {
		t.Errorf("summary: %+v, %v", sum, err)
	}
}

func TestCreated(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	wantNone(t, j, "u1")
	r := claimAll(t, j, client.Entry{Key: key("a"), Name: "u1"}, client.Entry{Key: key("b"), Name: "u10"}, client.Entry{Key: key("c")})
	wantNone(t, j, "u1")
	send(t, j, r[0].Ticket, r[1].Ticket)
	wantNone(t, j, "u1")
	done := success(r[0].Ticket, 1)
	refused := client.Settlement{Ticket: r[1].Ticket, Outcome: client.Failed, Status: 409}
	settle(t, j, done, refused, client.Settlement{Ticket: r[2].Ticket, Outcome: client.Skipped})
	wantCreated(t, j, "u1", done)
	wantCreated(t, j, "u10", refused)
	wantNone(t, j, "")

	// The next run knows it under the name that it has there, once settled.
	mustClose(t, j)
	j = opened(t, path)
	wantNone(t, j, "u1")
	r = claimAll(t, j, client.Entry{Key: key("a"), Name: "renamed"}, client.Entry{Key: key("b"), Name: "u10"})
	wantNone(t, j, "renamed")
	settle(t, j, r[0].Settlement, client.Settlement{Ticket: r[1].Ticket, Outcome: client.Skipped})
	wantNone(t, j, "u1")
	done.Ticket = r[0].Ticket
	wantCreated(t, j, "renamed", done)
	wantCreated(t, j, "u10", client.Settlement{Ticket: r[1].Ticket, Outcome: client.Skipped})
}

// A second operation under a name cannot hide the one that succeeded, and one
// that is done stays so even when it is settled otherwise.
func TestCreatedKeepsSuccess(t *testing.T) {
	j := opened(t, newPath(t))
	r := claimAll(t, j, client.Entry{Key: key("a"), Name: "u"}, client.Entry{Key: key("b"), Name: "u"}, client.Entry{Key: key("c"), Name: "u"})
	failed := client.Settlement{Ticket: r[0].Ticket, Outcome: client.Failed, Status: 400}
	settle(t, j, failed)
	wantCreated(t, j, "u", failed)
	done := success(r[1].Ticket, 1)
	settle(t, j, done)
	wantCreated(t, j, "u", done)
	settle(t, j, client.Settlement{Ticket: r[2].Ticket, Outcome: client.Failed})
	wantCreated(t, j, "u", done)

	begin(t, j)
	again := claimAll(t, j, client.Entry{Key: key("b"), Name: "u"})[0]
	settle(t, j, client.Settlement{Ticket: again.Ticket, Outcome: client.Skipped})
	wantCreated(t, j, "u", done)
}

func wantCreated(t *testing.T, j *Journal, name string, want client.Settlement) {
	t.Helper()
	got, ok, err := j.Created(t.Context(), name)
	if err != nil || !ok || got != want {
		t.Errorf("Created(%q) = %+v, %v, %v; want %+v", name, got, ok, err, want)
	}
}

func wantNone(t *testing.T, j *Journal, name string) {
	t.Helper()
	if got, ok, err := j.Created(t.Context(), name); err != nil || ok {
		t.Errorf("Created(%q) = %+v, %v, %v; want none", name, got, ok, err)
	}
}

func TestOtherTarget(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	settle(t, j, success(claimAndSend(t, j, "a"), 1))
	mustClose(t, j)
	j = mustOpen(t, path)
	for _, other := range []client.Target{
		{OrgID: "11111111-89ab-cdef-0123-456789abcdef", BaseURL: target.BaseURL},
		{OrgID: target.OrgID, BaseURL: "https://example.com"},
	} {
		err := j.Begin(t.Context(), other)
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
	// A refusal leaves the journal for its own target, however that is spelled.
	spelled := client.Target{OrgID: strings.ToUpper(target.OrgID), BaseURL: target.BaseURL + "/"}
	if err := j.Begin(t.Context(), spelled); err != nil {
		t.Fatal(err)
	}
	if got := claimKeys(t, j, "a")[0].Known; got != client.KnownDone {
		t.Errorf("known: %v", got)
	}
}

// Calls that break the interface's rules are refused and record nothing.
func TestMisuse(t *testing.T) {
	j := mustOpen(t, newPath(t))
	if _, err := j.Claim(t.Context(), []client.Entry{{}}); !errors.Is(err, ErrMisuse) {
		t.Errorf("Claim before Begin: %v", err)
	}
	begin(t, j)
	r := claimKeys(t, j, "a", "b", "c")
	settle(t, j, success(r[0].Ticket, 1))
	b := success(r[1].Ticket, 2)
	for name, err := range map[string]error{
		"sent after its settlement": j.Sent(t.Context(), []client.Ticket{r[1].Ticket, r[0].Ticket}),
		"sent without a claim":      j.Sent(t.Context(), []client.Ticket{r[1].Ticket, 1 << 60}),
		"settled twice":             j.Settle(t.Context(), []client.Settlement{b, success(r[0].Ticket, 1)}),
		"settled twice in a call":   j.Settle(t.Context(), []client.Settlement{b, b}),
		"settled without outcome":   j.Settle(t.Context(), []client.Settlement{b, {Ticket: r[2].Ticket}}),
	} {
		if !errors.Is(err, ErrMisuse) {
			t.Errorf("%s: %v", name, err)
		}
	}
	begin(t, j)
	if err := j.Settle(t.Context(), []client.Settlement{b}); !errors.Is(err, ErrMisuse) {
		t.Errorf("settled in the run after: %v", err)
	}
	again := claimKeys(t, j, "a", "b", "c")
	if got := knowns(again); !slices.Equal(got, []client.Known{client.KnownDone, 0, 0}) {
		t.Errorf("known: %v", got)
	}
	if err := j.Sent(t.Context(), []client.Ticket{again[0].Ticket}); !errors.Is(err, ErrMisuse) {
		t.Errorf("a done operation was to be sent again: %v", err)
	}
	settle(t, j, again[0].Settlement)
}

// A canceled context keeps operations from leaving, not outcomes from being
// recorded.
func TestCanceled(t *testing.T) {
	j := opened(t, newPath(t))
	r := claimKeys(t, j, "a", "b")
	send(t, j, r[0].Ticket)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Sent(ctx, []client.Ticket{r[1].Ticket}); !errors.Is(err, context.Canceled) {
		t.Errorf("Sent: %v", err)
	}
	if _, err := j.Claim(ctx, []client.Entry{{}}); !errors.Is(err, context.Canceled) {
		t.Errorf("Claim: %v", err)
	}
	if err := j.Begin(ctx, target); !errors.Is(err, context.Canceled) {
		t.Errorf("Begin: %v", err)
	}
	if _, _, err := j.Created(ctx, "u"); !errors.Is(err, context.Canceled) {
		t.Errorf("Created: %v", err)
	}
	if err := j.Settle(ctx, []client.Settlement{success(r[0].Ticket, 1)}); err != nil {
		t.Errorf("Settle: %v", err)
	}
	begin(t, j)
	if got := knowns(claimKeys(t, j, "a", "b")); !slices.Equal(got, []client.Known{client.KnownDone, 0}) {
		t.Errorf("known: %v", got)
	}
}

func TestClosed(t *testing.T) {
	j := opened(t, newPath(t))
	r := claimKeys(t, j, "a")
	mustClose(t, j)
	mustClose(t, j)
	_, claimErr := j.Claim(t.Context(), []client.Entry{{}})
	_, _, createdErr := j.Created(t.Context(), "u")
	_, summaryErr := j.Summary(t.Context())
	for name, err := range map[string]error{
		"Begin": j.Begin(t.Context(), target), "Claim": claimErr, "Sent": j.Sent(t.Context(), []client.Ticket{r[0].Ticket}),
		"Settle":  j.Settle(t.Context(), []client.Settlement{success(r[0].Ticket, 1)}),
		"Created": createdErr, "Summary": summaryErr,
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}
