package journal

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/webexscim/bulk/client"
)

// A full disk ends the use of the journal, clearly and for good, and what was
// acknowledged before is there.
func TestFullDisk(t *testing.T) {
	path := newPath(t)
	j, err := open(path, 12)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	begin(t, j)
	pending := claimKeys(t, j, "pending")[0]
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
	wantRefusals(t, j, pending.Ticket)
	mustClose(t, j)
	t.Logf("%d operations fit", len(heard.done))
	heard.check(t, path)
}

// wantRefusals makes every kind of call on a journal that has failed.
func wantRefusals(t *testing.T, j *Journal, ticket client.Ticket) {
	t.Helper()
	_, claimErr := j.Claim(t.Context(), []client.Entry{{}})
	_, _, createdErr := j.Created(t.Context(), "u0")
	_, summaryErr := j.Summary(t.Context())
	for name, err := range map[string]error{
		"Begin": j.Begin(t.Context(), target), "Claim": claimErr, "Sent": j.Sent(t.Context(), []client.Ticket{ticket}),
		"Settle":  j.Settle(t.Context(), []client.Settlement{success(ticket, 1)}),
		"Created": createdErr, "Summary": summaryErr,
	} {
		if !errors.Is(err, ErrWrite) {
			t.Errorf("%s after a failed write: %v", name, err)
		}
	}
}

// All calls of a transaction that fails say so.
func TestFailureReachesAllCallers(t *testing.T) {
	j := opened(t, newPath(t))
	r := claimKeys(t, j, "a", "b", "c")
	release := busy(t, j)
	results := make(chan error)
	go func() {
		results <- j.do(t.Context(), false, func(*store) error { return fmt.Errorf("the disk is gone") })
	}()
	for _, r := range r {
		go func() { results <- j.Sent(t.Context(), []client.Ticket{r.Ticket}) }()
	}
	release()
	failures := 0
	for range 4 {
		if err := <-results; errors.Is(err, ErrWrite) {
			failures++
		} else if err != nil {
			t.Error(err)
		}
	}
	if failures == 0 {
		t.Error("nobody was told")
	}
	wantRefusals(t, j, r[0].Ticket)
}
