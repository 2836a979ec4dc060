package journal

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/webexscim/bulk/client"
)

// batch is the operations of one call of Sent that are not settled yet: one
// row on disk for all of them, and what it says goes before what the table of
// operations says.
type batch struct {
	id     int64
	claims []*claim
	hash   uint64 // of the row on disk
}

// In a batch's row, an operation is its id and its key.
const memberSize = 8 + len(client.Key{})

// send puts on record as sent what has not left in this run yet.
func (s *store) send(claims []*claim) error {
	b := &batch{id: s.batches}
	for _, c := range claims {
		if c.batch == nil {
			c.batch = b
			b.claims = append(b.claims, c)
			s.cover(c, 1)
		}
	}
	if len(b.claims) == 0 {
		return nil
	}
	s.batches++
	return s.keep(b)
}

// cover counts that a batch says something else than an operation's row.
func (s *store) cover(c *claim, n int) {
	s.covered[stateSent] += n
	if c.stored {
		s.covered[c.row.state] -= n
	}
}

// settle puts settled operations on record and takes them out of their batches.
func (s *store) settle(claims []*claim, settlements []client.Settlement) error {
	var batches []*batch
	for i, c := range claims {
		next, changed := c.settle(settlements[i], s.header.runs)
		if c.batch != nil {
			s.cover(c, -1) // before put, which changes the row that it goes by
			if !slices.Contains(batches, c.batch) {
				batches = append(batches, c.batch)
			}
			c.batch = nil
		}
		if changed {
			if err := s.put(c, next); err != nil {
				return err
			}
		}
	}
	for _, b := range batches {
		b.claims = slices.DeleteFunc(b.claims, func(c *claim) bool { return c.batch == nil })
		if err := s.keep(b); err != nil {
			return err
		}
	}
	return nil
}

// keep writes what is left of a batch.
func (s *store) keep(b *batch) error {
	s.sum -= b.hash
	s.dirty = true
	if len(b.claims) == 0 {
		return s.one(s.dropBatch, b.id)
	}
	s.buffer = s.buffer[:0]
	for _, c := range b.claims {
		s.buffer = binary.LittleEndian.AppendUint64(s.buffer, uint64(c.row.id))
		s.buffer = append(s.buffer, c.row.key[:]...)
	}
	b.hash = hash(ofBatch, b.id, s.buffer)
	s.sum += b.hash
	return s.one(s.putBatch, b.id, s.buffer)
}

// sent reads all batches: the operations in them, and the sum of their hashes.
// They are never more than were in flight.
func (s *store) sent() (members []row, sum uint64, err error) {
	rows, err := s.conn.QueryContext(context.Background(), "SELECT id, operations FROM sent")
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var data sql.RawBytes
		if err := rows.Scan(&id, &data); err != nil {
			return nil, 0, err
		}
		sum += hash(ofBatch, id, data)
		for ; len(data) >= memberSize; data = data[memberSize:] {
			members = append(members, row{
				id: int64(binary.LittleEndian.Uint64(data)), key: client.Key(data[8:memberSize]),
				state: stateSent, run: s.header.runs,
			})
		}
	}
	return members, sum, rows.Err()
}

// fold moves what the batches of the last run say into the table of operations:
// what has been sent and not settled.
func (s *store) fold() error {
	members, sum, err := s.sent()
	if err != nil || len(members) == 0 {
		return err
	}
	for _, m := range members {
		var data []byte
		err := s.read.QueryRowContext(context.Background(), m.id).Scan(&data)
		c := &claim{row: row{id: m.id, key: m.key}}
		switch {
		case err == nil:
			c.stored = true
			c.row, err = parseRow(m.id, data)
		case errors.Is(err, sql.ErrNoRows):
			err = nil
		}
		if err == nil {
			err = s.put(c, m)
		}
		if err != nil {
			return err
		}
	}
	s.sum -= sum
	s.covered = [states]int{}
	return run(s.conn, "DELETE FROM sent")
}
