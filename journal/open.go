package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// The least size of a log with anything in it: its header, the header of a
// frame, a page (sqlite.org/fileformat2.html section 4).
const leastLog = 32 + 24 + 512

// pageSize is SQLite's default.
const pageSize = 4096

// openStore opens or creates the file and checks all of it. maxPages bounds
// its size for tests; 0 does not.
func openStore(path string, maxPages int) (_ *store, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// SQLite puts the log beside the file that a link leads to.
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	s := &store{path: path, statements: newStatements()}
	defer func() {
		if err != nil {
			_ = s.close(true)
		}
	}()
	if s.lock, err = acquireLock(abs + ".lock"); err != nil {
		return nil, lockError(path, err)
	}
	logSize, size, err := s.connect(abs)
	if err != nil {
		return nil, err
	}
	if err := s.recognize(); err != nil {
		return nil, err
	}
	if err := s.setUp(maxPages); err != nil {
		return nil, openError(path, err)
	}
	if err := s.verify(); err != nil {
		return nil, err
	}
	switch {
	case logSize >= leastLog: // has all that the file lacks
	case !s.job.closed:
		return nil, damaged(path, "it was not closed, and its log "+path+"-wal is missing or empty")
	case size%pageSize != 0:
		return nil, damaged(path, "its end is missing")
	}
	return s, s.markOpen()
}

// connect opens the file, creating it if need be, with SQLite's own lock on it,
// which keeps other programs out. It returns the sizes of the log and of the
// file that it found, 0 when there are none.
func (s *store) connect(abs string) (logSize, size int64, err error) {
	if logSize, size, err = s.precheck(abs); err != nil {
		return 0, 0, err
	}
	f, err := os.OpenFile(abs, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return 0, 0, fmt.Errorf("%w: %w", ErrWrite, err)
	}
	if s.db, err = sql.Open("sqlite", dataSource(abs)); err != nil {
		return 0, 0, openError(s.path, err)
	}
	if s.conn, err = s.db.Conn(context.Background()); err != nil {
		return 0, 0, openError(s.path, err)
	}
	if err := s.run(
		"PRAGMA trusted_schema = OFF",
		"PRAGMA locking_mode = EXCLUSIVE", // before the log is read: it then needs no shared memory
		"BEGIN EXCLUSIVE", "COMMIT",
	); err != nil {
		return 0, 0, openError(s.path, err)
	}
	return logSize, size, nil
}

// precheck returns an error for a file that SQLite would treat as empty
// although it was a journal.
func (s *store) precheck(abs string) (logSize, size int64, err error) {
	logSize, err = sizeOf(abs + "-wal") // before the file, which is the first to be written
	if err != nil {
		return 0, 0, err
	}
	size, err = sizeOf(abs)
	if err != nil {
		return 0, 0, err
	}
	switch {
	case size == 0 && logSize > 0: // SQLite would delete the log
		return 0, 0, damaged(s.path, "the file is missing or empty, but its log "+s.path+"-wal is there")
	case size == 1: // which some file systems give an empty file
		return 0, 0, damaged(s.path, "it is a single byte")
	}
	return logSize, size, nil
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
	var id, version int
	var tables string
	err := errors.Join(
		s.scan("PRAGMA application_id", nil, &id),
		s.scan("PRAGMA user_version", nil, &version),
		s.scan("SELECT coalesce(group_concat(sql, ';' ORDER BY rowid), '') FROM sqlite_schema", nil, &tables),
	)
	if err == nil && id == 0 && version == 0 && tables == "" {
		return openError(s.path, s.create())
	}
	switch {
	case err != nil:
		return openError(s.path, err)
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
COMMIT`, applicationID, formatVersion, strings.Join(schema, ";\n"), s.crc(empty.values())))
}

// verify reads all rows, so that an operation whose row was lost or altered
// does not count as unsent. Each row has checksums. Each transaction writes the
// numbers of rows, which show missing or old rows. SQLite checks its own
// structures.
func (s *store) verify() error {
	var check string
	err := s.scan("PRAGMA quick_check(1)", nil, &check)
	if err == nil && check != "ok" {
		return damaged(s.path, check)
	}
	if err == nil {
		err = s.readJob()
	}
	if err == nil {
		err = s.readOperations()
	}
	if err != nil && !errors.Is(err, ErrDamaged) {
		err = openError(s.path, err)
	}
	return err
}

func (s *store) readJob() error {
	j := &s.job
	var started, written, date sql.NullInt64
	var sum int64
	err := s.scan("SELECT org_id, base_url, started, written, date, runs, operations, done, closed, crc FROM job", nil,
		&j.target.OrgID, &j.target.BaseURL, &started, &written, &date, &j.runs, &j.operations, &j.done, &j.closed, &sum)
	j.started, j.written, j.date = fromMillis(started), fromMillis(written), fromMillis(date)
	if errors.Is(err, sql.ErrNoRows) || err == nil && sum != s.crc(j.values()) {
		return damaged(s.path, "the row of the table job is missing, or its checksum is wrong")
	}
	return err
}

func (s *store) readOperations() error {
	operations, last, err := s.sumRows("SELECT id, key, name, sent, date, crc FROM operation")
	if err != nil {
		return err
	}
	done, _, err := s.sumRows("SELECT id, status, location, version, recovered, crc FROM success")
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

// sumRows compares the rows of a query with their checksums, and returns how
// many there are, and the largest id.
func (s *store) sumRows(query string) (n int, last int64, err error) {
	var v [6]any
	err = s.query(query, nil, func(scan func(...any) error) error {
		if err := scan(&v[0], &v[1], &v[2], &v[3], &v[4], &v[5]); err != nil {
			return err
		}
		if v[5] != s.crc(v[:5]) {
			return damaged(s.path, fmt.Sprintf("the checksum of operation %d is wrong", v[0]))
		}
		n++
		last = max(last, v[0].(int64))
		return nil
	})
	return n, last, err
}

// setUp sets the connection up. maxPages bounds the file for tests; 0 does not.
func (s *store) setUp(maxPages int) error {
	return s.run(
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
}

// markOpen notes in the main file that from now on the log is part of it.
func (s *store) markOpen() error {
	s.job.closed, s.dirty = false, true
	err := s.transaction(func() error { return nil })
	if err == nil {
		err = s.run("PRAGMA wal_checkpoint(PASSIVE)")
	}
	return openError(s.path, err)
}
