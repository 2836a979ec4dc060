package journal

import (
	"cmp"
	"context"
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

// schema is compared with that of the file when it is opened; a change needs a new
// formatVersion. An operation is done when it has a success: that is a table of its
// own, since it costs half as much to add a row as to lengthen one. Times are
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
func (j *job) values() []any {
	return []any{j.target.OrgID, j.target.BaseURL, millis(j.started), millis(j.written), millis(j.date),
		int64(j.runs), int64(j.operations), int64(j.done), bit(j.closed)}
}

// store is the file. It belongs to one goroutine.
type store struct {
	path  string
	lock  fileLock
	db    *sql.DB
	conn  *sql.Conn
	job   job
	dirty bool  // job is to be written before the commit
	next  int64 // the lowest id that is not used
	owned bool  // temp.owned is filled
	args  []any // for rowStatement.run

	open                     []*sql.Stmt
	begin, commit, rollback  *sql.Stmt
	putJob, isDone           *sql.Stmt
	find, take, rivals, owns *sql.Stmt

	send, finish, forget, undo, addForeign, addOwned rowStatement
}

// prepare sets the connection up. maxPages bounds the file for tests; 0 does not.
func (s *store) prepare(maxPages int) error {
	err := run(s.conn,
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL",
		"PRAGMA foreign_keys = ON",
		"PRAGMA fullfsync = ON", // macOS: fsync alone does not reach the disk
		"PRAGMA checkpoint_fullfsync = ON",
		"PRAGMA cache_size = -4000",
		"PRAGMA temp_store = FILE",
		createTemporary,
		"PRAGMA temp.journal_mode = OFF", // nothing goes on after an error
		"PRAGMA temp.cache_size = -4000",
		fmt.Sprintf("PRAGMA max_page_count = %d", maxPages),
	)
	if err != nil {
		return err
	}
	one := func(text string) *sql.Stmt {
		stmt, e := s.stmt(text)
		err = cmp.Or(err, e)
		return stmt
	}
	s.begin, s.commit, s.rollback = one("BEGIN IMMEDIATE"), one("COMMIT"), one("ROLLBACK")
	s.putJob = one(`UPDATE job SET org_id = ?, base_url = ?, started = ?, written = ?, date = ?, runs = ?, operations = ?,
		done = ?, closed = ?, crc = ?`)
	s.isDone = one("SELECT EXISTS (SELECT 1 FROM success WHERE id = ?)")
	s.send = rowStatement{text: "INSERT INTO operation VALUES %s ON CONFLICT DO NOTHING", columns: 6}
	s.finish = rowStatement{text: "INSERT INTO success VALUES %s", columns: 6}
	s.forget = rowStatement{text: "DELETE FROM operation WHERE id IN (VALUES %s)", columns: 1}
	s.undo = rowStatement{text: "DELETE FROM success WHERE id IN (VALUES %s)", columns: 1}
	s.addForeign = rowStatement{text: "INSERT INTO foreign_resource VALUES %s ON CONFLICT DO NOTHING", columns: 1}
	s.find, s.take, s.rivals = one(findKnown), one(takeKnown), one(findRivals)
	s.addOwned, s.owns = rowStatement{text: "INSERT INTO temp.owned VALUES %s", columns: 1}, one(isOwned)
	return err
}

// stmt prepares a statement, which close closes.
func (s *store) stmt(text string) (*sql.Stmt, error) {
	stmt, err := s.conn.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	s.open = append(s.open, stmt)
	return stmt, nil
}

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
	for i := range updates {
		if d := updates[i].Date; d.After(s.job.date) {
			s.job.date = d
		}
	}
	clear(s.args) // which point into the updates before
	s.args = s.args[:0]
	switch updates[0].Kind {
	case client.UpdateSent:
		return s.writeSent(updates)
	case client.UpdateDone:
		return s.writeDone(updates)
	case client.UpdateForget:
		return s.writeForget(updates)
	case client.UpdateReplaced:
		return s.writeReplaced(updates)
	case client.UpdateForeign:
		return s.writeForeign(updates)
	}
	return fmt.Errorf("%w: an update of kind %d", ErrMisuse, updates[0].Kind)
}

func (s *store) writeSent(updates []client.Update) error {
	for i := range updates {
		u := &updates[i]
		s.args = append(s.args, int64(u.Ticket), u.Entry.Key[:], blob(&u.Entry.Name), u.Sent.UnixMilli(), millis(u.Date))
		s.args = append(s.args, crc(s.args[len(s.args)-5:]))
	}
	n, err := s.send.run(s, s.args)
	s.job.operations += n
	if err == nil && n < len(updates) {
		err = s.refuseDone(updates)
	}
	return err
}

func (s *store) writeDone(updates []client.Update) error {
	for i := range updates {
		d := &updates[i].Success
		s.args = append(s.args, int64(updates[i].Ticket), int64(d.Status), d.Location, d.Version, bit(d.Recovered))
		s.args = append(s.args, crc(s.args[len(s.args)-5:]))
	}
	n, err := s.finish.run(s, s.args)
	s.job.done += n
	return misuse(err, "an operation that is done is not on record as sent, or as done already")
}

func (s *store) writeForget(updates []client.Update) error {
	for i := range updates {
		s.args = append(s.args, int64(updates[i].Ticket))
	}
	n, err := s.forget.run(s, s.args)
	s.job.operations -= n
	return misuse(err, "an operation that is done was not refused")
}

// writeReplaced forgets operations whether they are done or not.
func (s *store) writeReplaced(updates []client.Update) error {
	for i := range updates {
		s.args = append(s.args, int64(updates[i].Ticket))
	}
	n, err := s.undo.run(s, s.args)
	s.job.done -= n
	if err != nil {
		return err
	}
	n, err = s.forget.run(s, s.args)
	s.job.operations -= n
	return err
}

// misuse makes ErrMisuse of the error of a broken constraint.
func misuse(err error, what string) error {
	if code(err) == sqlite3.SQLITE_CONSTRAINT {
		return fmt.Errorf("%w: %s: %w", ErrMisuse, what, err)
	}
	return err
}

func (s *store) writeForeign(updates []client.Update) error {
	for i := range updates {
		s.args = append(s.args, updates[i].ID)
	}
	_, err := s.addForeign.run(s, s.args)
	return err
}

// refuseDone makes sure that none of the operations is done.
func (s *store) refuseDone(updates []client.Update) error {
	for i := range updates {
		var done bool
		err := s.isDone.QueryRowContext(context.Background(), int64(updates[i].Ticket)).Scan(&done)
		if err == nil && done {
			err = fmt.Errorf("%w: the operation of ticket %d is done", ErrMisuse, updates[i].Ticket)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// transaction runs work and commits; after an error nothing of it is there.
func (s *store) transaction(work func() error) error {
	if err := execute(s.begin); err != nil {
		return err
	}
	err := work()
	if err == nil && s.dirty {
		err = s.writeJob()
	}
	if err == nil {
		err = execute(s.commit)
	}
	if err != nil {
		// Fails where SQLite has rolled back itself, as on a full disk.
		_ = execute(s.rollback)
	}
	return err
}

func (s *store) writeJob() error {
	s.dirty = false
	values := s.job.values()
	return execute(s.putJob, append(values, crc(values))...)
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
	if (failed || err != nil) && s.conn != nil {
		err = errors.Join(err, s.keepLog())
	}
	for _, stmt := range s.open {
		// SQLite keeps a connection as long as it has statements (sqlite.org/c3ref/close.html).
		err = errors.Join(err, stmt.Close())
	}
	if s.conn != nil {
		err = errors.Join(err, s.conn.Close())
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
