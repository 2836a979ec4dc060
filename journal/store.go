package journal

import (
	"cmp"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/webexscim/bulk/client"
)

// The marks of a journal file.
const (
	applicationID = 0x5CB17A0C // in the file's header, for file(1) and us
	formatVersion = 3
)

// schema is compared with that of the file when it is opened; a change needs a
// new formatVersion. An operation is done when it has a success, in a table of
// its own: adding a row costs half as much as changing one. Times are
// milliseconds since 1970. Each crc covers the columns before it.
var schema = []string{
	`CREATE TABLE job (
	id         INTEGER PRIMARY KEY CHECK (id = 1),
	org_id     TEXT    NOT NULL,
	base_url   TEXT    NOT NULL,
	started    INTEGER,
	written    INTEGER,
	date       INTEGER,
	runs       INTEGER NOT NULL,
	operations INTEGER NOT NULL,
	done       INTEGER NOT NULL,
	closed     INTEGER NOT NULL,
	crc        INTEGER NOT NULL
) STRICT`,
	`CREATE TABLE operation (
	id   INTEGER PRIMARY KEY,
	key  BLOB    NOT NULL,
	name BLOB,
	sent INTEGER NOT NULL,
	date INTEGER,
	crc  INTEGER NOT NULL
) STRICT`,
	`CREATE TABLE success (
	id        INTEGER PRIMARY KEY REFERENCES operation,
	status    INTEGER NOT NULL,
	location  TEXT    NOT NULL,
	version   TEXT    NOT NULL,
	recovered INTEGER NOT NULL,
	crc       INTEGER NOT NULL
) STRICT`,
	`CREATE TABLE foreign_resource (
	id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID`,
	`CREATE VIEW operations AS
SELECT operation.id, lower(hex(key)) AS key, nullif(lower(hex(name)), '') AS name,
	strftime('%Y-%m-%d %H:%M:%fZ', sent / 1000.0, 'unixepoch') AS sent,
	strftime('%Y-%m-%d %H:%M:%SZ', date / 1000.0, 'unixepoch') AS date,
	iif(success.id IS NULL, 'sent', 'done') AS known, status, location, version, recovered
FROM operation LEFT JOIN success USING (id)`,
}

// job is the one row of the table of that name.
type job struct {
	target           client.Target
	started, written time.Time
	date             time.Time
	runs             int
	operations, done int  // how many there are, to notice lost ones
	closed           bool // by Close, so that no log is needed
}

// values are the columns of the row but id and crc.
func (j *job) values() []driver.Value {
	return []driver.Value{j.target.OrgID, j.target.BaseURL, millis(j.started), millis(j.written), millis(j.date),
		int64(j.runs), int64(j.operations), int64(j.done), bit(j.closed)}
}

// store is the file. It belongs to one goroutine at a time.
type store struct {
	*database
	path  string
	lock  fileLock
	job   job
	dirty bool           // job is to be written before the commit
	next  int64          // the lowest id that is not used
	owned bool           // temp.owned is filled
	rows  []driver.Value // of the next execRows
}

// The statements of write. %s is where the rows go.
const (
	insertOperation = "INSERT INTO operation VALUES %s ON CONFLICT DO NOTHING"
	insertSuccess   = "INSERT INTO success VALUES %s"
	insertForeign   = "INSERT INTO foreign_resource VALUES %s ON CONFLICT DO NOTHING"
	deleteOperation = "DELETE FROM operation WHERE id IN (VALUES %s)"
	deleteSuccess   = "DELETE FROM success WHERE id IN (VALUES %s)"
	isDone          = "SELECT 1 FROM success WHERE id = ?"
	getOperation    = "SELECT id, key, name FROM operation WHERE id = ?"
	undoOperation   = "UPDATE operation SET sent = 0, date = NULL, crc = ? WHERE id = ?"
	undoKnown       = "UPDATE temp.known SET done = 0, sent = 0, date = NULL WHERE id = ?"
	updateJob       = `UPDATE job SET org_id = ?, base_url = ?, started = ?, written = ?, date = ?, runs = ?,
operations = ?, done = ?, closed = ?, crc = ?`
)

// write makes updates within a transaction. Consecutive updates of one kind,
// which are mostly all of them, are made together.
func (s *store) write(updates []client.Update) error {
	if len(updates) > 0 {
		s.job.written, s.dirty = now(), true
	}
	for len(updates) > 0 {
		n := 1
		for n < len(updates) && updates[n].Kind == updates[0].Kind {
			n++
		}
		if err := s.writeAlike(updates[:n]); err != nil {
			return err
		}
		updates = updates[n:]
	}
	return nil
}

// writeAlike makes updates of one kind.
func (s *store) writeAlike(updates []client.Update) error {
	s.rows = s.rows[:0]
	for i := range updates {
		s.addRow(&updates[i])
	}
	switch kind := updates[0].Kind; kind {
	case client.UpdateSent:
		n, err := s.execRows(insertOperation, 6, s.rows)
		s.job.operations += n
		if err == nil && n < len(updates) {
			err = s.refuseDone(updates)
		}
		return err
	case client.UpdateDone:
		n, err := s.execRows(insertSuccess, 6, s.rows)
		s.job.done += n
		return misuse(err, "an operation that is done is not on record as sent, or as done already")
	case client.UpdateUndone:
		return s.undo(updates)
	case client.UpdateReplaced: // done or not
		n, err := s.execRows(deleteSuccess, 1, s.rows)
		s.job.done -= n
		if err != nil {
			return err
		}
		fallthrough
	case client.UpdateForget:
		n, err := s.execRows(deleteOperation, 1, s.rows)
		s.job.operations -= n
		return misuse(err, "an operation that is done was not refused")
	case client.UpdateForeign:
		_, err := s.execRows(insertForeign, 1, s.rows)
		return err
	default:
		return fmt.Errorf("%w: an update of kind %d", ErrMisuse, kind)
	}
}

// undo makes operations, done or not, count as sent at an unknown time.
func (s *store) undo(updates []client.Update) error {
	n, err := s.execRows(deleteSuccess, 1, s.rows)
	s.job.done -= n
	for _, u := range updates {
		row, e := s.first(getOperation, int64(u.Ticket))
		if row == nil || e != nil || err != nil {
			return cmp.Or(err, e, fmt.Errorf("%w: an operation that is undone is not on record", ErrMisuse))
		}
		if _, err = s.exec(undoOperation, crc(append(row, int64(0), nil)), row[0]); err == nil {
			_, err = s.exec(undoKnown, row[0])
		}
	}
	return err
}

// addRow adds the row of an update to rows. Rows of operation and success end
// with their checksum.
func (s *store) addRow(u *client.Update) {
	if u.Date.After(s.job.date) {
		s.job.date = u.Date
	}
	switch d := &u.Success; u.Kind {
	case client.UpdateSent:
		s.rows = append(s.rows, int64(u.Ticket), u.Entry.Key[:], blob(&u.Entry.Name), u.Sent.UnixMilli(), millis(u.Date))
	case client.UpdateDone:
		s.rows = append(s.rows, int64(u.Ticket), int64(d.Status), d.Location, d.Version, bit(d.Recovered))
	case client.UpdateForeign:
		s.rows = append(s.rows, u.ID)
		return
	default:
		s.rows = append(s.rows, int64(u.Ticket))
		return
	}
	s.rows = append(s.rows, crc(s.rows[len(s.rows)-5:]))
}

// misuse makes ErrMisuse of the error of a broken constraint.
func misuse(err error, what string) error {
	if code(err) == sqlite3.SQLITE_CONSTRAINT {
		return fmt.Errorf("%w: %s: %w", ErrMisuse, what, err)
	}
	return err
}

// refuseDone makes sure that none of the operations is done.
func (s *store) refuseDone(updates []client.Update) error {
	for _, u := range updates {
		if done, err := s.first(isDone, int64(u.Ticket)); done != nil || err != nil {
			return cmp.Or(err, fmt.Errorf("%w: the operation of ticket %d is done", ErrMisuse, u.Ticket))
		}
	}
	return nil
}

// transaction runs work and commits. After an error the connection is only
// closed, which takes back what was not committed.
func (s *store) transaction(work func() error) error {
	if err := s.run("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := work()
	if err == nil && s.dirty {
		s.dirty = false
		values := s.job.values()
		_, err = s.exec(updateJob, append(values, crc(values))...)
	}
	if err == nil {
		err = s.run("COMMIT")
	}
	return err
}

// noteClosed writes whether the journal is whole without its log.
func (s *store) noteClosed(closed bool) error {
	s.job.closed, s.dirty = closed, true
	return s.transaction(func() error { return nil })
}

// close notes that the journal is whole without its log, which SQLite then
// moves into the file and removes. After a failure, that of noting it among
// them, the log stays: the file may not hold all.
func (s *store) close(failed bool) (err error) {
	if !failed {
		if err = s.noteClosed(true); err != nil {
			err = writeError(s.path, err)
		}
	}
	if s.database != nil {
		if failed || err != nil {
			_, e := s.conn.(sqlite.FileControl).FileControlPersistWAL("main", 1)
			err = errors.Join(err, e)
		}
		err = errors.Join(err, s.database.close())
	}
	return errors.Join(err, s.lock.release())
}
