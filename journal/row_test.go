package journal

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/webexscim/bulk/client"
)

// The numbers on disk are client's; if those change, the format must not.
func TestStatesAreOutcomes(t *testing.T) {
	for outcome, want := range map[client.Outcome]state{
		client.Succeeded: 1, client.Failed: 2, client.Skipped: 3, client.Unknown: 4,
	} {
		if state(outcome) != want {
			t.Errorf("%v is %d, on disk it is %d", outcome, int(outcome), want)
		}
	}
}

// What the next run knows, by what earlier runs knew, whether the operation
// left in this run, and what it was settled as.
func TestSettleDecidesWhatTheNextRunKnows(t *testing.T) {
	t.Parallel()
	const (
		nothing = client.KnownNothing
		sent    = client.KnownSent
		done    = client.KnownDone
	)
	for _, test := range []struct {
		name       string
		earlier    client.Known
		leaves     bool
		settlement client.Settlement
		want       client.Known
	}{
		{"done", nothing, true, client.Settlement{Outcome: client.Succeeded, Status: 201}, done},
		{"refused", nothing, true, client.Settlement{Outcome: client.Failed, Status: 409}, nothing},
		{"invalid", nothing, false, client.Settlement{Outcome: client.Failed}, nothing},
		{"never sent", nothing, false, client.Settlement{Outcome: client.Skipped}, nothing},
		{"left out by the service", nothing, true, client.Settlement{Outcome: client.Skipped}, nothing},
		{"no answer", nothing, true, client.Settlement{Outcome: client.Unknown}, sent},

		{"found", sent, false, client.Settlement{Outcome: client.Succeeded, Recovered: true}, done},
		{"done the second time", sent, true, client.Settlement{Outcome: client.Succeeded, Status: 201}, done},
		{"refused the second time", sent, true, client.Settlement{Outcome: client.Failed, Status: 400}, nothing},
		{"given up the second time", sent, true, client.Settlement{Outcome: client.Failed}, nothing},
		{"refused, says a lookup", sent, false, client.Settlement{Outcome: client.Failed, Status: 400}, nothing},
		{"invalid by now", sent, false, client.Settlement{Outcome: client.Failed}, sent},
		{"canceled before it left again", sent, false, client.Settlement{Outcome: client.Skipped}, sent},
		{"left out the second time", sent, true, client.Settlement{Outcome: client.Skipped}, sent},
		{"still no answer", sent, true, client.Settlement{Outcome: client.Unknown}, sent},
		{"cannot be looked up", sent, false, client.Settlement{Outcome: client.Unknown}, sent},

		{"replayed", done, false, client.Settlement{Outcome: client.Succeeded, Status: 201}, done},
		{"canceled before its replay", done, false, client.Settlement{Outcome: client.Skipped}, done},
		{"invalid, but done", done, false, client.Settlement{Outcome: client.Failed}, done},
		{"unknown, but done", done, false, client.Settlement{Outcome: client.Unknown}, done},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := newPath(t)
			j := opened(t, path)
			earlierRun(t, j, test.earlier)
			begin(t, j)
			r := claimKeys(t, j, "op")[0]
			if r.Known != test.earlier {
				t.Fatalf("the run before left %v, want %v", r.Known, test.earlier)
			}
			if test.leaves {
				send(t, j, r.Ticket)
			}
			test.settlement.Ticket = r.Ticket
			settle(t, j, test.settlement)
			mustClose(t, j)

			j = opened(t, path)
			if got := claimKeys(t, j, "op")[0].Known; got != test.want {
				t.Errorf("the next run knows %v, want %v", got, test.want)
			}
			if got := claimKeys(t, j, "op")[0].Known; got != nothing {
				t.Errorf("an equal operation is known as %v: the first has two rows", got)
			}
		})
	}
}

// earlierRun leaves the operation "op" as known.
func earlierRun(t *testing.T, j *Journal, known client.Known) {
	t.Helper()
	if known == client.KnownNothing {
		return
	}
	r := claimKeys(t, j, "op")[0]
	send(t, j, r.Ticket)
	if known == client.KnownDone {
		settle(t, j, success(r.Ticket, 1))
	}
}

// Two rows that differ in anything have different hashes, or the checksum
// would miss the difference.
func TestHashCoversAllOfARow(t *testing.T) {
	base := row{id: 1, key: key("a"), state: stateSucceeded, status: 201, location: "ab", version: "c"}
	for name, change := range map[string]func(*row){
		"id":        func(r *row) { r.id++ },
		"id's end":  func(r *row) { r.id |= -1 << 63 },
		"key":       func(r *row) { r.key[15]++ },
		"state":     func(r *row) { r.state = stateFailed },
		"status":    func(r *row) { r.status++ },
		"recovered": func(r *row) { r.recovered = true },
		"location":  func(r *row) { r.location = "abd" },
		"version":   func(r *row) { r.version = "" },
		"run":       func(r *row) { r.run++ },
		"border":    func(r *row) { r.location, r.version = "a", "bc" },
	} {
		changed := base
		change(&changed)
		if hash(ofOperation, changed.id, changed.append(nil)) == hash(ofOperation, base.id, base.append(nil)) {
			t.Errorf("a change of %s is not seen", name)
		}
	}
	if data := base.append(nil); hash(ofOperation, 1, data) == hash(ofBatch, 1, data) {
		t.Error("a row in another table is not seen")
	}
}

// What is read back is what was written.
func TestRowRoundTrip(t *testing.T) {
	for _, r := range []row{
		{id: 1, key: key("a")},
		{id: 2, key: key("b"), state: stateUnknown, status: -1, run: 1 << 40, location: "l"},
		{id: 3, state: stateSucceeded, status: 201, recovered: true, run: 2, location: string(make([]byte, 300)), version: `W/"1"`},
	} {
		if got, err := parseRow(r.id, r.append(nil)); err != nil || got != r {
			t.Errorf("%+v is read as %+v, %v", r, got, err)
		}
	}
}

// Any bytes are a row or an error, and a row says all that is in them.
func FuzzRow(f *testing.F) {
	whole := row{key: key("a"), state: stateSucceeded, status: 201, run: 300, location: "/Users/1", version: "v"}
	b := whole.append(nil)
	for n := range b {
		f.Add(b[:n])
	}
	f.Add(b)
	f.Add(binary.AppendUvarint(b[:20:20], math.MaxUint64))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRow(1, b)
		if err != nil {
			return
		}
		again, err := parseRow(1, r.append(nil))
		if err != nil || again != r {
			t.Errorf("%x is %+v, then %+v, %v", b, r, again, err)
		}
	})
}
