package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/webexscim/bulk/client"
)

// The temporary tables cost neither fsync nor log. Each run begins with the table
// known: the operations that earlier runs have left and that no Claim has taken
// yet. The table owned has the resources that done operations have made; it is
// filled when it is asked for first.
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
	// With the LEFT JOIN, an operation that SQLite fails to find again is an error,
	// not one never heard of.
	findKnown = `SELECT known.id, operation.id IS NULL, status, location, version, recovered, operation.sent, date
FROM temp.known LEFT JOIN main.operation ON operation.id = known.id LEFT JOIN main.success ON success.id = known.id
WHERE known.key = ? ORDER BY known.sent, known.id LIMIT 1`
	takeKnown  = "DELETE FROM temp.known WHERE id = ?"
	findRivals = `SELECT id, EXISTS (SELECT 1 FROM success WHERE success.id = known.id)
	FROM temp.known WHERE name = ? ORDER BY id`
	isOwned = `SELECT EXISTS (SELECT 1 FROM temp.owned WHERE resource = ?1)
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
	err := run(s.conn, clearTemporary)
	if err == nil && s.job.operations > 0 {
		err = run(s.conn, fillKnown)
	}
	return history, err
}

// claim takes an operation with that key from those that earlier runs have left.
// The record's Ticket is 0 if there is none.
func (s *store) claim(key client.Key) (record client.Record, err error) {
	var id int64
	var lost bool
	var status, sent, date sql.NullInt64
	var location, version sql.NullString
	var recovered sql.NullBool
	err = s.find.QueryRowContext(context.Background(), key[:]).
		Scan(&id, &lost, &status, &location, &version, &recovered, &sent, &date)
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
	return record, execute(s.take, id)
}

// findRivalsOf notes the operations of that name that no Claim has taken yet.
func (s *store) findRivalsOf(name client.Key, record *client.Record) error {
	rows, err := s.rivals.QueryContext(context.Background(), name[:])
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var done bool
		if err := rows.Scan(&id, &done); err != nil {
			return err
		}
		record.Rivals = append(record.Rivals, client.Ticket(id))
		record.RivalSent = record.RivalSent || !done
	}
	return rows.Err()
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
		if err := s.owns.QueryRowContext(context.Background(), id).Scan(&owned[i]); err != nil {
			return nil, err
		}
	}
	return owned, nil
}

// fillOwned reads the locations of all done operations.
func (s *store) fillOwned() error {
	rows, err := s.conn.QueryContext(context.Background(), "SELECT location FROM main.success")
	if err != nil {
		return err
	}
	defer rows.Close()
	var ids []any
	flush := func() error {
		_, err := s.addOwned.run(s, ids)
		ids = ids[:0]
		return err
	}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		if l, err := client.ParseLocation(text); err == nil {
			ids = append(ids, l.ID)
		}
		if len(ids) == 1000 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := errors.Join(rows.Err(), rows.Close(), flush()); err != nil {
		return err
	}
	return run(s.conn, "CREATE INDEX temp.owned_resource ON owned (resource)")
}
