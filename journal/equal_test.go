package journal

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
)

// Of equal operations that are done, those of earlier runs come first: so once
// all are done, nothing is overtaken, whichever of them was sent when. This holds
// of more than 127 runs, too, whose number is longer on disk.
func TestEqualOnesComeToRest(t *testing.T) {
	for _, before := range []int{0, 126, 127, 200} { // runs
		j := opened(t, newPath(t))
		for range before {
			begin(t, j)
		}
		r := claimOrdered(t, j, "A", "B", "A")
		send(t, j, r[0].Ticket, r[1].Ticket, r[2].Ticket)
		settle(t, j, client.Settlement{Ticket: r[0].Ticket, Outcome: client.Failed, Status: 400},
			success(r[1].Ticket, 1), success(r[2].Ticket, 2))
		begin(t, j)
		r = claimOrdered(t, j, "A", "B", "A")
		wantRecords(t, r, []client.Known{done, done, nothing}, []bool{false, false, false})
		send(t, j, r[2].Ticket)
		settle(t, j, success(r[2].Ticket, 3))
		for range 2 {
			begin(t, j)
			r = claimOrdered(t, j, "A", "B", "A")
			wantRecords(t, r, []client.Known{done, done, done}, []bool{false, false, false})
		}
	}
}

// A run in which all succeeds is the last in which anything is sent, whatever
// failed or was cut off before it.
func TestOrderComesToRest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		j := mustOpen(t, newPath(t))
		defer func() { _ = j.Close() }()
		whats := rapid.SliceOfN(rapid.SampledFrom([]string{"A", "B", "C"}), 1, 8).Draw(rt, "operations")
		outcomes := rapid.SampledFrom([]client.Outcome{client.Succeeded, client.Succeeded, client.Failed, client.Unknown, client.Skipped})
		for range rapid.IntRange(0, 4).Draw(rt, "runs") {
			applyOrdered(t, j, whats, func() client.Outcome { return outcomes.Draw(rt, "outcome") })
		}
		applyOrdered(t, j, whats, func() client.Outcome { return client.Succeeded })
		if n := applyOrdered(t, j, whats, func() client.Outcome { return client.Succeeded }); n > 0 {
			rt.Fatalf("%d of %q are sent again", n, whats)
		}
	})
}

// applyOrdered is a run that sends what is to be sent, and returns how many it
// sent.
func applyOrdered(t *testing.T, j *Journal, whats []string, outcome func() client.Outcome) (n int) {
	t.Helper()
	begin(t, j)
	for _, r := range claimOrdered(t, j, whats...) {
		if r.Known == done && !r.Overtaken {
			settle(t, j, r.Settlement)
			continue
		}
		s := success(r.Ticket, 1)
		s.Outcome = outcome()
		if s.Outcome != client.Skipped { // those never leave
			send(t, j, r.Ticket)
			n++
		}
		settle(t, j, s)
	}
	return n
}
