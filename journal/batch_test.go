package journal

import (
	"slices"
	"testing"

	"github.com/webexscim/bulk/client"
)

// sentRows is how many rows the table of batches has, and how long they are in
// operations.
func sentRows(t *testing.T, j *Journal) (rows, operations int) {
	t.Helper()
	err := j.do(t.Context(), true, func(s *store) error {
		return s.conn.QueryRowContext(t.Context(), "SELECT count(*), coalesce(sum(length(operations)), 0) FROM sent").
			Scan(&rows, &operations)
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows, operations / memberSize
}

// A call of Sent is one row, which shrinks as its operations are settled and
// goes with the last of them: what a kill leaves is right at every step.
func TestBatchShrinks(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	whats := []string{"a", "b", "c", "d", "e"}
	r := claimKeys(t, j, whats...)
	var want []client.Known
	for i := range r {
		want = append(want, client.KnownSent)
		if i > 2 {
			want[i] = client.KnownNothing
		}
	}
	wantSent := func(rows, operations int) {
		t.Helper()
		if gotRows, got := sentRows(t, j); gotRows != rows || got != operations {
			t.Errorf("%d rows of %d operations in all, want %d of %d", gotRows, got, rows, operations)
		}
		if got := knowns(stateOf(t, crash(t, path), whats)); !slices.Equal(got, want) {
			t.Errorf("after a kill: %v, want %v", got, want)
		}
	}
	send(t, j, r[0].Ticket, r[1].Ticket, r[0].Ticket, r[2].Ticket)
	wantSent(1, 3)
	send(t, j, r[1].Ticket) // is on record
	wantSent(1, 3)
	send(t, j, r[2].Ticket, r[3].Ticket, r[4].Ticket)
	want[3], want[4] = client.KnownSent, client.KnownSent
	wantSent(2, 5)
	settle(t, j, success(r[1].Ticket, 1), success(r[3].Ticket, 3))
	want[1], want[3] = client.KnownDone, client.KnownDone
	wantSent(2, 3)
	settle(t, j, success(r[0].Ticket, 0), success(r[2].Ticket, 2))
	want[0], want[2] = client.KnownDone, client.KnownDone
	wantSent(1, 1)
	settle(t, j, client.Settlement{Ticket: r[4].Ticket, Outcome: client.Failed, Status: 400})
	want[4] = client.KnownNothing
	wantSent(0, 0)
}

// What was under way at the end of a run is in the table of operations from the
// next one on, whether the process ended or not.
func TestBatchesOfAnEarlierRun(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	r := claimKeys(t, j, "failed", "sent")
	send(t, j, r[0].Ticket)
	settle(t, j, client.Settlement{Ticket: r[0].Ticket, Outcome: client.Failed, Status: 400})
	for range 2 {
		begin(t, j)
		r = claimKeys(t, j, "failed", "sent")
		send(t, j, r[0].Ticket, r[1].Ticket)
	}
	claimAndSend(t, j, "new")
	mustClose(t, j)
	if sum, err := mustOpen(t, crash(t, path)).Summary(t.Context()); err != nil || sum.Sent != 3 || sum.Other != 0 {
		t.Errorf("summary before the next run: %+v, %v", sum, err)
	}
	j = opened(t, path)
	if rows, _ := sentRows(t, j); rows != 0 {
		t.Errorf("%d rows are left", rows)
	}
	sum, err := j.Summary(t.Context())
	if err != nil || sum.Sent != 3 || sum.Done+sum.Other != 0 {
		t.Errorf("summary: %+v, %v", sum, err)
	}
	if got := knowns(claimKeys(t, j, "failed", "failed", "sent", "sent")); !slices.Equal(got, []client.Known{1, 0, 1, 0}) {
		t.Errorf("known: %v", got)
	}
}
