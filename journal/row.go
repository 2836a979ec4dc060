package journal

import (
	"encoding/binary"
	"hash/fnv"

	"github.com/webexscim/bulk/client"
)

// state is what the disk says of an operation. The numbers are part of the
// file format; all but stateSent are those of client.Outcome, as a test holds.
type state int

const (
	stateSent state = iota // sent, without an answer so far
	stateSucceeded
	stateFailed
	stateSkipped
	stateUnknown
	states // how many there are
)

// known is what a state says to a later run.
func (s state) known() client.Known {
	switch s {
	case stateSucceeded:
		return client.KnownDone
	case stateSent, stateUnknown:
		return client.KnownSent
	}
	return client.KnownNothing
}

// row is an operation as it is on disk; the id is its Ticket.
type row struct {
	id                int64
	key               client.Key
	state             state
	status            int
	recovered         bool
	location, version string
}

// hash covers all of a row. The sum of the hashes of all rows is the
// checksum of the table.
func (r *row) hash() uint64 {
	b := make([]byte, 0, 256)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.id))
	b = append(b, r.key[:]...)
	b = append(b, byte(r.state))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.status))
	if r.recovered {
		b = append(b, 1)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(len(r.location)))
	b = append(b, r.location...)
	b = append(b, r.version...)
	h := fnv.New64a()
	h.Write(b)
	return h.Sum64()
}

func (r *row) settlement() client.Settlement {
	return client.Settlement{
		Ticket:    client.Ticket(r.id),
		Outcome:   client.Outcome(r.state),
		Status:    r.status,
		Location:  r.location,
		Version:   r.version,
		Recovered: r.recovered,
	}
}

// claim is an operation between Claim and Settle. Its contents belong to the
// writer once Claim has returned.
type claim struct {
	row    row  // what is on disk, or will be
	stored bool // whether it is on disk
	// earlier is what the runs before this one knew.
	earlier client.Known
	// sent tells that it left in this run.
	sent  bool
	name  nameHash
	named bool
}

// send returns the row of an operation that is about to leave. What the disk
// says already need not be written again.
func (c *claim) send() (next row, changed bool) {
	if c.stored && c.row.state.known() == client.KnownSent {
		return c.row, false
	}
	return row{id: c.row.id, key: c.row.key, state: stateSent}, true
}

// settle returns the row of an operation that s settles. A success stays, and
// that an earlier run sent it without an answer is forgotten only for an
// answer: not when it was skipped now, nor when a check of ours failed it
// before it left again.
func (c *claim) settle(s client.Settlement) (next row, changed bool) {
	switch {
	case c.stored && c.row.state == stateSucceeded:
		return c.row, false
	case c.earlier == client.KnownSent && s.Outcome == client.Skipped:
		return c.row, false
	case c.earlier == client.KnownSent && s.Outcome == client.Failed && !c.sent && s.Status == 0:
		return c.row, false
	}
	next = row{
		id: c.row.id, key: c.row.key, state: state(s.Outcome), status: s.Status,
		recovered: s.Recovered, location: s.Location, version: s.Version,
	}
	return next, !c.stored || next != c.row
}
