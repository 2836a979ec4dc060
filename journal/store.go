package journal

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/webexscim/bulk/client"
)

// The marks by which a file is known as a journal.
const (
	applicationID = 0x5CB17A0C // in the file's header, for file(1) and us
	formatVersion = 3
)

// schema is compared with that of the file when it is opened; a change needs a
// new formatVersion. An operation is done when it has a success: that is a
// table of its own, since it costs half as much to add a row as to lengthen
// one. Times are milliseconds since 1970. Each crc covers the columns before
// it.
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
func (j *job) values() []any {
	return []any{j.target.OrgID, j.target.BaseURL, millis(j.started), millis(j.written), millis(j.date),
		int64(j.runs), int64(j.operations), int64(j.done), bit(j.closed)}
}

// store is the file. It belongs to one goroutine.
type store struct {
	path  string
	lock  fileLock
	db    *sql.DB
	job   job
	dirty bool  // job is to be written before the commit
	next  int64 // the lowest id that is not used
	begun bool  // temp.known is in use
	owned bool  // temp.owned is filled
	statements
}

// The statements of write. %s is where the rows go.
const (
	insertOperation = "INSERT INTO operation VALUES %s ON CONFLICT DO NOTHING"
	insertSuccess   = "INSERT INTO success VALUES %s"
	insertForeign   = "INSERT INTO foreign_resource VALUES %s ON CONFLICT DO NOTHING"
	deleteOperation = "DELETE FROM operation WHERE id IN (VALUES %s)"
	deleteSuccess   = "DELETE FROM success WHERE id IN (VALUES %s)"
	isDone          = "SELECT EXISTS (SELECT 1 FROM success WHERE id = ?)"
	updateJob       = `UPDATE job SET org_id = ?, base_url = ?, started = ?, written = ?, date = ?, runs = ?,
operations = ?, done = ?, closed = ?, crc = ?`
)

// write makes updates within a transaction: those of one kind that follow each
// other, which are mostly all of them, together.
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
	s.forgetRows()
	for i := range updates {
		u := &updates[i]
		if u.Date.After(s.job.date) {
			s.job.date = u.Date
		}
		switch d := &u.Success; u.Kind {
		case client.UpdateSent:
			s.addSummed(int64(u.Ticket), u.Entry.Key[:], blob(&u.Entry.Name), u.Sent.UnixMilli(), millis(u.Date))
		case client.UpdateDone:
			s.addSummed(int64(u.Ticket), int64(d.Status), d.Location, d.Version, bit(d.Recovered))
		case client.UpdateForeign:
			s.addRow(u.ID)
		default:
			s.addRow(int64(u.Ticket))
		}
	}
	return s.writeRows(updates)
}

// writeRows executes what the rows of these updates, all of one kind, are for.
func (s *store) writeRows(updates []client.Update) error {
	switch kind := updates[0].Kind; kind {
	case client.UpdateSent:
		n, err := s.execRows(insertOperation, 6)
		s.job.operations += n
		if err == nil && n < len(updates) {
			err = s.refuseDone(updates)
		}
		return err
	case client.UpdateDone:
		n, err := s.execRows(insertSuccess, 6)
		s.job.done += n
		return misuse(err, "an operation that is done is not on record as sent, or as done already")
	case client.UpdateForget, client.UpdateReplaced:
		if kind == client.UpdateReplaced { // done or not
			n, err := s.execRows(deleteSuccess, 1)
			s.job.done -= n
			if err != nil {
				return err
			}
		}
		n, err := s.execRows(deleteOperation, 1)
		s.job.operations -= n
		return misuse(err, "an operation that is done was not refused")
	case client.UpdateForeign:
		_, err := s.execRows(insertForeign, 1)
		return err
	default:
		return fmt.Errorf("%w: an update of kind %d", ErrMisuse, kind)
	}
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
	for i := range updates {
		var done bool
		if err := s.scan(isDone, []any{int64(updates[i].Ticket)}, &done); err != nil {
			return err
		}
		if done {
			return fmt.Errorf("%w: the operation of ticket %d is done", ErrMisuse, updates[i].Ticket)
		}
	}
	return nil
}

// transaction runs work and commits; after an error nothing of it is there.
func (s *store) transaction(work func() error) error {
	if err := s.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := work()
	if err == nil && s.dirty {
		s.dirty = false
		values := s.job.values()
		err = s.exec(updateJob, append(values, s.crc(values))...)
	}
	if err == nil {
		err = s.exec("COMMIT")
	}
	if err != nil {
		// Fails where SQLite has rolled back itself, as on a full disk.
		_ = s.exec("ROLLBACK")
	}
	return err
}

// close notes that the journal is whole without its log, which SQLite then
// moves into the file and removes. After a failure, that of noting it among
// them, the log stays: the file may not hold all.
func (s *store) close(failed bool) error {
	var err error
	if !failed {
		s.job.closed, s.dirty = true, true
		if err = s.transaction(func() error { return nil }); err != nil {
			err = writeError(s.path, err)
		}
	}
	if s.conn != nil {
		if failed || err != nil {
			err = errors.Join(err, s.keepLog())
		}
		// SQLite keeps a connection as long as it has statements
		// (sqlite.org/c3ref/close.html).
		err = errors.Join(err, s.statements.close(), s.conn.Close())
	}
	if s.db != nil {
		err = errors.Join(err, s.db.Close())
	}
	return errors.Join(err, s.lock.release())
}

// keepLog has SQLite leave the log when the connection is closed.
func (s *store) keepLog() error {
	return s.conn.Raw(func(driver any) error {
		_, err := driver.(sqlite.FileControl).FileControlPersistWAL("main", 1)
		return err
	})
}
