package journal

import (
	"database/sql/driver"

	"github.com/webexscim/bulk/client"
)

// The temporary tables cost neither fsync nor log. Each run begins with the
// table known: the operations that earlier runs have left and that no Claim has
// taken yet. The table owned has the resources that done operations have made;
// it is filled when it is asked for first.
const (
	createTemporary = `DROP TABLE IF EXISTS temp.known; DROP TABLE IF EXISTS temp.owned;
CREATE TEMP TABLE known (id INTEGER PRIMARY KEY, key BLOB, name BLOB, done INTEGER, sent INTEGER, date INTEGER);
CREATE TEMP TABLE owned (resource TEXT)`
	// The indexes come last: to sort a full table is faster than to insert row
	// by row.
	fillKnown = `INSERT INTO temp.known SELECT id, key, name, success.id IS NOT NULL, sent, date
FROM main.operation LEFT JOIN main.success USING (id);
CREATE INDEX temp.known_key ON known (key, done);
CREATE INDEX temp.known_name ON known (name) WHERE name IS NOT NULL`
	findKnown = `SELECT id, sent, date, status, location, version, recovered
FROM temp.known LEFT JOIN main.success USING (id) WHERE key = ? ORDER BY done DESC, id LIMIT 1`
	takeKnown   = "DELETE FROM temp.known WHERE id = ?"
	findRivals  = "SELECT id, done FROM temp.known WHERE name = ? AND key <> ? AND (done OR sent > 0) ORDER BY id"
	insertOwned = "INSERT INTO temp.owned VALUES %s"
	indexOwned  = "CREATE INDEX temp.owned_resource ON owned (resource)"
	isOwned     = `SELECT EXISTS (SELECT 1 FROM temp.owned WHERE resource = ?1)
OR EXISTS (SELECT 1 FROM main.foreign_resource WHERE id = ?1)`
)

// start begins a run, and returns the history of earlier ones.
func (s *store) start(target client.Target) (client.History, error) {
	history := client.History{LastWritten: s.job.written, LastDate: s.job.date}
	if s.job.runs == 0 {
		s.job.target, s.job.started = target, now()
	}
	s.job.runs++
	s.dirty, s.owned = true, false
	return history, s.run(createTemporary, fillKnown)
}

// claim takes operations from those that earlier runs have left. If there is
// none with the key of an entry, its record has no Ticket. The rivals in the
// records are those that none of the entries has taken.
func (s *store) claim(entries []client.Entry, records []client.Record) (taken int, err error) {
	for i, e := range entries {
		if records[i], err = s.take(e.Key); err != nil {
			return taken, err
		}
		if records[i].Ticket != 0 {
			taken++
		}
	}
	for i, e := range entries {
		r := &records[i]
		if r.Known == client.KnownDone || r.Known == client.KnownSent && e.Create {
			continue
		}
		if err := s.query(findRivals, []driver.Value{e.Name[:], e.Key[:]}, func(row []driver.Value) error {
			r.Rivals = append(r.Rivals, client.Ticket(row[0].(int64)))
			r.RivalSent = r.RivalSent || row[1] == int64(0)
			return nil
		}); err != nil {
			return taken, err
		}
	}
	return taken, nil
}

// take takes an operation of that key from those that earlier runs have left.
// The record's Ticket is 0 if there is none.
func (s *store) take(key client.Key) (record client.Record, err error) {
	row, err := s.first(findKnown, key[:])
	if row == nil || err != nil {
		return record, err
	}
	record.Ticket = client.Ticket(row[0].(int64))
	if status, done := row[3].(int64); done {
		record.Known = client.KnownDone
		record.Success = client.Success{
			Status: int(status), Location: row[4].(string), Version: row[5].(string), Recovered: row[6] == int64(1),
		}
	} else {
		record.Known, record.Sent, record.Date = client.KnownSent, fromMillis(row[1]), fromMillis(row[2])
	}
	_, err = s.exec(takeKnown, row[0])
	return record, err
}

// ownedOf reports which of the resource ids are on record.
func (s *store) ownedOf(ids []string) ([]bool, error) {
	if !s.owned {
		if err := s.fillOwned(); err != nil {
			return nil, err
		}
		s.owned = true
	}
	owned := make([]bool, len(ids))
	for i, id := range ids {
		row, err := s.first(isOwned, id)
		if err != nil {
			return nil, err
		}
		owned[i] = row[0] == int64(1)
	}
	return owned, nil
}

// fillOwned reads the locations of all done operations.
func (s *store) fillOwned() error {
	var ids []driver.Value
	insert := func() error {
		_, err := s.execRows(insertOwned, 1, ids)
		ids = ids[:0]
		return err
	}
	if err := s.query("SELECT location FROM main.success", nil, func(row []driver.Value) error {
		if l, err := client.ParseLocation(row[0].(string)); err == nil {
			ids = append(ids, l.ID)
		}
		if len(ids) < 1000 {
			return nil
		}
		return insert()
	}); err != nil {
		return err
	}
	if err := insert(); err != nil {
		return err
	}
	return s.run(indexOwned)
}
