package journal

import (
	"fmt"

	"github.com/webexscim/bulk/client"
)

// claim is an operation between Claim and Settle. Its contents belong to the
// writer once Claim has returned.
type claim struct {
	row    row  // what the table of operations says, or will say
	stored bool // whether it does
	// earlier is what the runs before this one knew.
	earlier   client.Known
	overtaken bool   // it is to be sent although it is done
	batch     *batch // in which it left in this run, or nil
	name      nameHash
	named     bool
}

// claimOld claims what earlier runs may know.
func (j *Journal) claimOld(s *store, e client.Entry) (client.Record, error) {
	if record, ok := j.claimRest(e); ok {
		return record, nil
	}
	r, ok, err := s.lookup(e.Key)
	if err != nil {
		return client.Record{}, err
	}
	j.mu.Lock()
	record, c := j.add(e, r, ok)
	if ok {
		j.left--
	}
	left := j.left
	j.mu.Unlock()
	if record.Overtaken, err = s.overtaken(e.Resource, c); err != nil {
		return client.Record{}, err
	}
	c.overtaken = record.Overtaken
	if left == 0 { // nothing more that could be overtaken
		err = s.latest.reset()
	}
	return record, err
}

// claimRest claims what follows the last row of earlier runs.
func (j *Journal) claimRest(e client.Entry) (record client.Record, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.left == 0 {
		record, _ = j.add(e, row{}, false)
		return record, true
	}
	return record, false
}

// claimNew claims without the file, as long as that has nothing to tell.
func (j *Journal) claimNew(entries []client.Entry, records []client.Record) (done bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.err != nil:
		return false, j.err
	case !j.begun:
		return false, fmt.Errorf("%w: Claim before Begin", ErrMisuse)
	case j.left > 0:
		return false, nil
	}
	for i, e := range entries {
		records[i], _ = j.add(e, row{}, false)
	}
	return true, nil
}

// add notes a claim of the stored row r, or of a new one.
func (j *Journal) add(e client.Entry, r row, stored bool) (client.Record, *claim) {
	c := &claim{row: r, stored: stored}
	if stored {
		c.earlier = r.state.known()
	} else {
		c.row = row{id: j.next, key: e.Key}
		j.next++
	}
	if e.Name != "" {
		c.name, c.named = hashName(e.Name), true
	}
	record := client.Record{Ticket: client.Ticket(c.row.id), Known: c.earlier}
	switch c.earlier {
	case client.KnownDone:
		record.Settlement = c.row.settlement()
	case client.KnownSent:
		record.Begun = j.started
	}
	j.claims[record.Ticket] = c
	return record, c
}

// settle returns the row of an operation that s settles. A success stays,
// unless it was overtaken and sent again; and that an earlier run sent it
// without an answer is forgotten only for an answer: not when it was skipped
// now, nor when a check of ours failed it before it left again.
func (c *claim) settle(s client.Settlement, run int) (next row, changed bool) {
	left := c.batch != nil
	switch {
	case c.earlier == client.KnownDone && !left,
		c.earlier != client.KnownNothing && s.Outcome == client.Skipped,
		c.earlier == client.KnownSent && s.Outcome == client.Failed && !left && s.Status == 0:
		return c.row, false
	}
	if c.stored && !left {
		run = c.row.run // what a lookup found was sent then
	}
	next = settled(c.row.key, s, run)
	return next, !c.stored || next != c.row
}
