package journal

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/webexscim/bulk/client"
)

// state is what the disk says of an operation. The numbers are part of the
// file format; all but stateSent are those of client.Outcome, as a test holds.
type state byte

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
	recovered         bool
	status            int
	run               int // in which it was sent last
	location, version string
}

// append adds all of a row but its id to b, as it is on disk. The key and the
// state stand where SQL finds them.
func (r *row) append(b []byte) []byte {
	b = append(b, r.key[:]...)
	b = append(b, byte(r.state), 0)
	if r.recovered {
		b[len(b)-1] = 1
	}
	b = binary.AppendUvarint(b, uint64(r.status))
	b = binary.AppendUvarint(b, uint64(r.run))
	b = binary.AppendUvarint(b, uint64(len(r.location)))
	b = append(b, r.location...)
	return append(b, r.version...)
}

var errNoRow = errors.New("it is not one")

// parseRow reads what append wrote.
func parseRow(id int64, b []byte) (row, error) {
	r := row{id: id}
	head := len(r.key) + 2
	if len(b) < head || b[head-2] >= byte(states) || b[head-1] > 1 {
		return row{}, fmt.Errorf("operation %d: %w", id, errNoRow)
	}
	copy(r.key[:], b)
	r.state, r.recovered = state(b[head-2]), b[head-1] == 1
	b = b[head:]
	var numbers [3]uint64
	for i := range numbers {
		n, size := binary.Uvarint(b)
		if size <= 0 {
			return row{}, fmt.Errorf("operation %d: %w", id, errNoRow)
		}
		numbers[i], b = n, b[size:]
	}
	if numbers[2] > uint64(len(b)) {
		return row{}, fmt.Errorf("operation %d: %w", id, errNoRow)
	}
	r.status, r.run = int(numbers[0]), int(numbers[1])
	r.location, r.version = string(b[:numbers[2]]), string(b[numbers[2]:])
	return r, nil
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

// settled is the row that s makes of an operation which was sent last in run.
func settled(key client.Key, s client.Settlement, run int) row {
	return row{
		id: int64(s.Ticket), key: key, state: state(s.Outcome), status: s.Status, run: run,
		recovered: s.Recovered, location: s.Location, version: s.Version,
	}
}

// kind is the table that a hash is for.
type kind byte

const (
	ofHeader kind = iota
	ofOperation
	ofBatch
)

// hash covers a row of a table (FNV-1a). The sum of the hashes of all rows of
// all tables is the checksum of the journal.
func hash(k kind, id int64, data []byte) uint64 {
	const basis, prime = 14695981039346656037, 1099511628211
	h := (basis ^ uint64(k)) * prime
	for range 8 {
		h = (h ^ uint64(id)&0xff) * prime
		id >>= 8
	}
	for _, b := range data {
		h = (h ^ uint64(b)) * prime
	}
	return h
}
