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

// All calls of a transaction that fails are told so, and nothing of it is
// there.
func TestFailureReachesAllCallers(t *testing.T) {
	path := newPath(t)
	s, err := openStore(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	j := &Journal{} // without its goroutine, which is played here
	writing := func(id int64, err error) *request {
		c := &claim{row: row{id: id, key: key(fmt.Sprint(id))}}
		return &request{done: make(chan error, 1), work: func(s *store) error {
			return cmp.Or(s.put(c, row{id: id, key: c.row.key, state: stateSent}), err)
		}}
	}
	before := writing(1, nil)
	j.commit(s, []*request{before})
	if err := <-before.done; err != nil {
		t.Fatal(err)
	}
	group := []*request{writing(2, nil), writing(3, errors.New("the disk is gone")), writing(4, nil)}
	j.commit(s, group)
	after := writing(5, nil)
	j.commit(s, []*request{after})
	for i, r := range append(group, after) {
		if err := <-r.done; !errors.Is(err, ErrWrite) || !strings.Contains(err.Error(), "the disk is gone") {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	if err := s.close(true); err != nil {
		t.Fatal(err)
	}
	got := knowns(stateOf(t, path, []string{"1", "2", "3", "4", "5"}))
	if want := []client.Known{client.KnownSent, 0, 0, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("known: %v, want %v", got, want)
	}
}

// A disk that is full when the journal is closed takes nothing from it: that it
// was closed cannot be noted, so its log stays.
func TestFullDiskAtClose(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	settle(t, j, success(claimAndSend(t, j, "a"), 1))
	if err := j.do(t.Context(), true, func(s *store) error {
		return run(s.conn, "PRAGMA query_only = ON") // but SQLite may still move the log
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
