package journal

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/webexscim/bulk/client"
)

// The temporary tables cost neither fsync nor log. Each run begins with the
// table known: the operations that earlier runs have left and that no Claim has
// taken yet. The table owned has the resources that done operations have made;
// it is filled when it is asked for first.
const (
	createTemporary = `CREATE TEMP TABLE known (id INTEGER PRIMARY KEY, key BLOB, name BLOB, sent INTEGER);
CREATE TEMP TABLE owned (resource TEXT)`
	clearTemporary = `DELETE FROM temp.known; DROP INDEX IF EXISTS temp.known_key; DROP INDEX IF EXISTS temp.known_name;
DELETE FROM temp.owned; DROP INDEX IF EXISTS temp.owned_resource`
	// Indexes of a full table are sorted, which is faster than to fill them one
	// by one.
	fillKnown = `INSERT INTO temp.known SELECT id, key, name, success.id IS NULL
FROM main.operation LEFT JOIN main.success USING (id);
CREATE INDEX temp.known_key ON known (key, sent);
CREATE INDEX temp.known_name ON known (name) WHERE name IS NOT NULL`
	// With the LEFT JOIN, an operation that SQLite fails to find again is an
	// error, not one never heard of.
	findKnown = `SELECT known.id, operation.id IS NULL, status, location, version, recovered, operation.sent, date
FROM temp.known LEFT JOIN main.operation ON operation.id = known.id LEFT JOIN main.success ON success.id = known.id
WHERE known.key = ? ORDER BY known.sent, known.id LIMIT 1`
	takeKnown  = "DELETE FROM temp.known WHERE id = ?"
	findRivals = `SELECT id, EXISTS (SELECT 1 FROM success WHERE success.id = known.id)
	FROM temp.known WHERE name = ? ORDER BY id`
	insertOwned = "INSERT INTO temp.owned VALUES %s"
	indexOwned  = "CREATE INDEX temp.owned_resource ON owned (resource)"
	isOwned     = `SELECT EXISTS (SELECT 1 FROM temp.owned WHERE resource = ?1)
OR EXISTS (SELECT 1 FROM main.foreign_resource WHERE id = ?1)`
)

// start begins a run, and returns what earlier ones have left.
func (s *store) start(target client.Target) (client.History, error) {
	history := client.History{LastWritten: s.job.written, LastDate: s.job.date}
	if s.job.runs == 0 {
		s.job.target, s.job.started = target, now()
	}
	s.job.runs++
	s.dirty, s.owned = true, false
	var texts []string
	if s.begun {
		texts = append(texts, clearTemporary)
	}
	if s.begun = true; s.job.operations > 0 {
		texts = append(texts, fillKnown)
	}
	return history, s.run(texts...)
}

// claim takes an operation with that key from those that earlier runs have
// left. The record's Ticket is 0 if there is none.
func (s *store) claim(key client.Key) (record client.Record, err error) {
	var id int64
	var lost bool
	var status, sent, date sql.NullInt64
	var location, version sql.NullString
	var recovered sql.NullBool
	err = s.scan(findKnown, []any{key[:]}, &id, &lost, &status, &location, &version, &recovered, &sent, &date)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return record, nil
	case err != nil:
		return record, err
	case lost:
		return record, fmt.Errorf("operation %d is lost: %w", id, ErrDamaged)
	case status.Valid:
		record.Known = client.KnownDone
		record.Success = client.Success{
			Status: int(status.Int64), Location: location.String, Version: version.String, Recovered: recovered.Bool,
		}
	default:
		record.Known, record.Sent, record.Date = client.KnownSent, fromMillis(sent), fromMillis(date)
	}
	record.Ticket = client.Ticket(id)
	return record, s.exec(takeKnown, id)
}

// findRivalsOf notes the operations of that name that no Claim has taken yet.
func (s *store) findRivalsOf(name client.Key, record *client.Record) error {
	return s.query(findRivals, []any{name[:]}, func(scan func(...any) error) error {
		var id client.Ticket
		var done bool
		err := scan(&id, &done)
		record.Rivals = append(record.Rivals, id)
		record.RivalSent = record.RivalSent || !done
		return err
	})
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
		if err := s.scan(isOwned, []any{id}, &owned[i]); err != nil {
			return nil, err
		}
	}
	return owned, nil
}

// fillOwned reads the locations of all done operations.
func (s *store) fillOwned() error {
	s.forgetRows()
	err := s.query("SELECT location FROM main.success", nil, func(scan func(...any) error) error {
		var text string
		if err := scan(&text); err != nil {
			return err
		}
		if l, err := client.ParseLocation(text); err == nil {
			s.addRow(l.ID)
		}
		if len(s.rows) < 1000 {
			return nil
		}
		defer s.forgetRows()
		_, err := s.execRows(insertOwned, 1)
		return err
	})
	if err == nil {
		_, err = s.execRows(insertOwned, 1)
	}
	if err != nil {
		return err
	}
	return s.run(indexOwned)
}
