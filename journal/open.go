package journal

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/webexscim/bulk/client"
)

// The least size of a log with anything in it: its header, the header of a
// frame, a page (sqlite.org/fileformat2.html section 4).
const leastLog = 32 + 24 + 512

// openStore opens or creates the file and checks all of it.
func openStore(path string) (_ *store, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// SQLite puts the log beside the file that a link leads to.
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	s := &store{path: path}
	defer func() {
		if err != nil {
			err = openError(path, err)
			_ = s.close(true)
		}
	}()
	if s.lock, err = acquireLock(abs + ".lock"); err != nil {
		return nil, err
	}
	logSize, err := s.logSize(abs)
	if err != nil {
		return nil, err
	}
	for _, step := range []func() error{func() error { return s.connect(abs) }, s.recognize, s.setUp, s.verify} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if !s.job.closed && logSize < leastLog { // which has all that the file lacks
		return nil, damaged(path, "it was not closed, and its log "+path+"-wal is missing or empty")
	}
	if err := s.noteClosed(false); err != nil {
		return nil, err
	}
	// From now on, the main file says that the log is a part of it.
	return s, s.run("PRAGMA wal_checkpoint(PASSIVE)")
}

// logSize returns the size of the log, 0 when there is none. It returns an
// error for a file that SQLite would treat as empty although it was a journal.
func (s *store) logSize(abs string) (logSize int64, err error) {
	if logSize, err = sizeOf(abs + "-wal"); err != nil {
		return 0, err
	}
	size, err := sizeOf(abs)
	switch {
	case err != nil:
	case size == 0 && logSize > 0: // SQLite would delete the log
		err = damaged(s.path, "the file is missing or empty, but its log "+s.path+"-wal is there")
	case size == 1: // which some file systems give an empty file
		err = damaged(s.path, "it is a single byte")
	}
	return logSize, err
}

// connect opens the file, creating it if need be, with SQLite's own lock on it,
// which keeps other programs out.
func (s *store) connect(abs string) error {
	if f, err := os.OpenFile(abs, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
		_ = f.Close()
	}
	d, err := openDatabase(dataSource(abs))
	if err != nil {
		return err
	}
	s.database = d
	return s.run(
		"PRAGMA trusted_schema = OFF",
		"PRAGMA locking_mode = EXCLUSIVE", // before the log is read: it then needs no shared memory
		"BEGIN EXCLUSIVE", "COMMIT",
	)
}

// dataSource is the file as SQLite takes it: a url, in which any character of
// a path can stand. psow=0: a write that is cut may harm the sectors it
// touches, so transactions are not to share one.
func dataSource(abs string) string {
	p := filepath.ToSlash(abs)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p // C:/…
	}
	u := url.URL{Scheme: "file", Path: p, RawQuery: "psow=0"}
	return u.String()
}

// sizeOf is the size of a file, 0 when there is none. It does not open it.
func sizeOf(path string) (int64, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("journal: %w", err)
	case info.IsDir():
		return 0, fmt.Errorf("journal: %s is a folder", path)
	}
	return info.Size(), nil
}

// recognize checks that the file is a journal, and creates the tables if it is
// empty: without bytes, or a database without tables, which SQLite leaves if
// the process ends right after the creation. Other files stay unchanged.
func (s *store) recognize() error {
	row, err := s.first(`SELECT application_id, user_version,
(SELECT coalesce(group_concat(sql, ';' ORDER BY rowid), '') FROM sqlite_schema)
FROM pragma_application_id, pragma_user_version`)
	if err != nil {
		return err
	}
	id, version, tables := row[0].(int64), row[1].(int64), row[2].(string)
	switch {
	case id == 0 && version == 0 && tables == "":
		return s.create()
	case id != applicationID:
		return damaged(s.path, "it is another program's database")
	case version > formatVersion:
		return fmt.Errorf("%w: %s has format %d, this program knows up to %d", ErrNewer, s.path, version, formatVersion)
	case version < 1:
		return damaged(s.path, fmt.Sprintf("it has the format %d, which there never was", version))
	case version < formatVersion:
		return fmt.Errorf("%w: %s has format %d, this program reads %d; finish its job with the version that wrote it, "+
			"or use another name", ErrOlder, s.path, version, formatVersion)
	case tables != strings.Join(schema, ";"):
		return damaged(s.path, "its tables are not those of a journal")
	}
	return nil
}

// create writes the tables in one transaction, before the file gets a log: the
// main file is either empty or a journal.
func (s *store) create() error {
	empty := job{closed: true} // as if by a Close: there is no log that could be missed
	return s.run(fmt.Sprintf(`BEGIN;
PRAGMA application_id = %d;
PRAGMA user_version = %d;
%s;
INSERT INTO job VALUES (1, '', '', NULL, NULL, NULL, 0, 0, 0, 1, %d);
COMMIT`, applicationID, formatVersion, strings.Join(schema, ";\n"), crc(empty.values())))
}

// setUp sets the connection up.
func (s *store) setUp() error {
	return s.run(
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL",
		"PRAGMA foreign_keys = ON",
		"PRAGMA fullfsync = ON", // macOS: fsync alone does not reach the disk
		"PRAGMA checkpoint_fullfsync = ON",
		"PRAGMA cache_size = -1000",
		"PRAGMA temp_store = FILE",
		createTemporary,
		"PRAGMA temp.journal_mode = OFF", // nothing goes on after an error
		"PRAGMA temp.cache_size = -4000",
	)
}

// verify reads all rows, so that an operation whose row was lost or altered
// does not count as unsent. Each row has a checksum. Each transaction writes
// the numbers of rows, which show missing or old rows. SQLite checks its own
// structures.
func (s *store) verify() error {
	row, err := s.first("PRAGMA quick_check(1)")
	if err != nil {
		return err
	}
	if row[0] != "ok" {
		return damaged(s.path, fmt.Sprint(row[0]))
	}
	if err := s.readJob(); err != nil {
		return err
	}
	operations, last, err := s.sumRows("SELECT * FROM operation")
	if err != nil {
		return err
	}
	done, _, err := s.sumRows("SELECT * FROM success")
	if err != nil {
		return err
	}
	if operations != s.job.operations || done != s.job.done {
		return damaged(s.path, fmt.Sprintf("it has %d operations, of which %d are done, but should have %d and %d",
			operations, done, s.job.operations, s.job.done))
	}
	s.next = last + 1
	return nil
}

func (s *store) readJob() error {
	row, err := s.first("SELECT * FROM job")
	if err != nil {
		return err
	}
	if row == nil || row[len(row)-1] != crc(row[1:len(row)-1]) {
		return damaged(s.path, "the row of the table job is missing, or its checksum is wrong")
	}
	s.job = job{
		target:  client.Target{OrgID: row[1].(string), BaseURL: row[2].(string)},
		started: fromMillis(row[3]), written: fromMillis(row[4]), date: fromMillis(row[5]),
		runs: int(row[6].(int64)), operations: int(row[7].(int64)), done: int(row[8].(int64)), closed: row[9] == int64(1),
	}
	return nil
}

// sumRows compares the rows of a query with their checksums, and returns how
// many there are, and the largest id.
func (s *store) sumRows(query string) (n int, last int64, err error) {
	err = s.query(query, nil, func(row []driver.Value) error {
		if end := len(row) - 1; row[end] != crc(row[:end]) {
			return damaged(s.path, fmt.Sprintf("the checksum of operation %d is wrong", row[0]))
		}
		n++
		last = max(last, row[0].(int64))
		return nil
	})
	return n, last, err
}
