package journal

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/webexscim/bulk/client"
)

// After a write to a full disk, every call fails. All acknowledged updates are
// in the journal.
func TestFullDisk(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	err := j.do(t.Context(), func(s *store) error { return s.run("PRAGMA max_page_count = 12") })
	pending := send(t, j, "pending")[0]
	heard := &acknowledgements{sent: map[int]bool{}, done: map[int]bool{}}
	say := func(what string, n int) {
		heard.next = n + 1
		map[string]map[int]bool{"sent": heard.sent, "done": heard.done}[what][n] = true
	}
	for n := 0; err == nil && n < 10_000; n++ {
		err = workOne(t.Context(), j, n, say)
	}
	if !errors.Is(err, ErrWrite) || !strings.Contains(err.Error(), "no space left") || !strings.Contains(err.Error(), path) {
		t.Fatalf("after %d operations: %v", heard.next, err)
	}
	wantRefusals(t, j, pending, ErrWrite)
	mustClose(t, j)
	t.Logf("%d operations fit", len(heard.done))
	heard.check(t, path)
}

// wantRefusals makes each call and wants the error.
func wantRefusals(t *testing.T, j *Journal, ticket client.Ticket, want error) {
	t.Helper()
	_, beginErr := j.Begin(t.Context(), target)
	_, claimErr := j.Claim(t.Context(), []client.Entry{{}})
	_, ownedErr := j.Owned(t.Context(), []string{"1"})
	_, summaryErr := j.Summary(t.Context())
	for name, err := range map[string]error{
		"Begin": beginErr, "Claim": claimErr, "Owned": ownedErr, "Summary": summaryErr, "End": j.End(t.Context()),
		"Write": j.Write(t.Context(), []client.Update{done(ticket, 1)}),
	} {
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

// Nothing is left of a call that fails in its middle, and later calls fail
// with its error.
func TestFailureLeavesNothing(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	writing := func(ticket client.Ticket, err error) error {
		return j.do(t.Context(), func(s *store) error {
			return cmp.Or(s.write([]client.Update{sent(ticket, entry(fmt.Sprint(ticket)))}), err)
		})
	}
	if err := writing(1, nil); err != nil {
		t.Fatal(err)
	}
	for ticket := range client.Ticket(2) {
		err := writing(ticket+2, errors.New("the disk is gone"))
		if !errors.Is(err, ErrWrite) || !strings.Contains(err.Error(), "the disk is gone") {
			t.Errorf("call %d: %v", ticket+2, err)
		}
	}
	mustClose(t, j)
	got := knowns(stateOf(t, path, []string{"1", "2", "3"}))
	if want := []client.Known{client.KnownSent, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("known: %v, want %v", got, want)
	}
}

// If the disk is full at Close, the log stays, since the file cannot be marked
// as closed. Nothing is lost.
func TestFullDiskAtClose(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	write(t, j, done(send(t, j, "a")[0], 1))
	if err := j.do(t.Context(), func(s *store) error {
		return s.run("PRAGMA query_only = ON") // but SQLite may still move the log
	}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); !errors.Is(err, ErrWrite) || !strings.Contains(err.Error(), path) {
		t.Errorf("Close: %v", err)
	}
	if got := stateOf(t, path, []string{"a"})[0].Known; got != client.KnownDone {
		t.Errorf("known: %v", got)
	}
}
