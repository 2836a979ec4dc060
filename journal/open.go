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
	"sync"
	"time"
)

// The least size of a log with anything in it: its header, the header of a
// frame, a page (sqlite.org/fileformat2.html section 4).
const leastLog = 32 + 24 + 512

// opening guards the time between the creation of a file and SQLite's lock on
// it: on POSIX systems a process loses its locks on a file when it closes any
// descriptor of that file, so while one Open creates and closes it, no other
// may come to lock it.
var opening sync.Mutex

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
	s := &store{path: path}
	defer func() {
		if err != nil && s.db != nil {
			_ = s.close(true)
		}
	}()
	logSize, err := s.acquire(abs)
	if err != nil {
		return nil, err
	}
	if err := s.recognize(); err != nil {
		return nil, err
	}
	if err := s.prepare(maxPages); err != nil {
		return nil, openError(path, err)
	}
	if err := s.verify(); err != nil {
		return nil, err
	}
	if !s.header.closed && logSize < leastLog {
		return nil, damaged(path, "it was not closed, and its log "+path+"-wal is missing or empty")
	}
	return s, s.markOpen()
}

// acquire connects to the file, creating it if need be, and locks it for as
// long as it is open. It returns the size of the log that it found, 0 when
// there is none.
func (s *store) acquire(abs string) (logSize int64, err error) {
	opening.Lock()
	defer opening.Unlock()
	if err := s.precheck(abs); err != nil {
		return 0, err
	}
	f, err := os.OpenFile(abs, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return 0, fmt.Errorf("%w: %w", ErrWrite, err)
	}
	if s.db, s.conn, err = connect(dataSource(abs)); err != nil {
		return 0, openError(s.path, err)
	}
	if err := run(s.conn,
		"PRAGMA trusted_schema = OFF",
		"PRAGMA locking_mode = EXCLUSIVE", // before the log is read: it then needs no shared memory
		"BEGIN EXCLUSIVE", "COMMIT",
	); err != nil {
		return 0, openError(s.path, err)
	}
	return sizeOf(abs + "-wal") // of the log that is ours now
}

// precheck refuses what SQLite would take for an empty file although a
// journal was there.
func (s *store) precheck(abs string) error {
	logSize, err := sizeOf(abs + "-wal") // before the file, which is the first to be written
	if err != nil {
		return err
	}
	size, err := sizeOf(abs)
	if err != nil {
		return err
	}
	switch {
	case size == 0 && logSize > 0: // SQLite would delete the log
		return damaged(s.path, "the file is missing or empty, but its log "+s.path+"-wal is there")
	case size == 1: // which some file systems give an empty file
		return damaged(s.path, "it is a single byte")
	}
	return nil
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

// recognize makes sure that the file is a journal, or makes it one if it is
// empty: without a byte, or a database without a table, as SQLite leaves it
// when the process ends right after it came to be. Another file is left alone.
func (s *store) recognize() error {
	var id, version int
	var tables string
	value := func(query string, into any) error {
		return s.conn.QueryRowContext(context.Background(), query).Scan(into)
	}
	if err := errors.Join(
		value("PRAGMA application_id", &id),
		value("PRAGMA user_version", &version),
		value("SELECT coalesce(group_concat(sql, ';' ORDER BY rowid), '') FROM sqlite_schema", &tables),
	); err != nil {
		return openError(s.path, err)
	}
	switch {
	case id == 0 && version == 0 && tables == "":
		if err := s.create(); err != nil {
			return openError(s.path, err)
		}
		return nil
	case id != applicationID:
		return damaged(s.path, "it is another program's database")
	case version > schemaVersion:
		return fmt.Errorf("%w: %s has format %d, this program knows up to %d", ErrNewer, s.path, version, schemaVersion)
	case version < 1:
		return damaged(s.path, fmt.Sprintf("it has the format %d, which there never was", version))
	case version < schemaVersion:
		return fmt.Errorf("%w: %s has format %d, this program reads %d; finish its job with the version that wrote it, "+
			"or use another name", ErrOlder, s.path, version, schemaVersion)
	case tables != strings.Join(schema, ";"):
		return damaged(s.path, "its tables are not those of a journal")
	}
	return nil
}

// create writes the tables in one transaction, before the file gets a log: the
// main file is either empty or a journal.
func (s *store) create() error {
	h := &s.header
	h.closed = true // as if by a Close: there is no log that could be missed
	return run(s.conn, fmt.Sprintf(`BEGIN;
PRAGMA application_id = %d;
PRAGMA user_version = %d;
%s;
INSERT INTO journal VALUES (1, '', '', %d, 0, 1, 0, %d);
COMMIT`, applicationID, schemaVersion, strings.Join(schema, ";\n"), h.started.UnixMilli(), int64(h.hash())))
}

// verify reads all rows and compares them with the checksum, so that what was
// lost or altered is not taken for never done. What leads to the rows is
// SQLite's to check: an altered branch of the tree could hide a row that is
// there when all are read.
func (s *store) verify() error {
	var started, operations, checksum int64
	var check string
	h := &s.header
	err := s.conn.QueryRowContext(context.Background(), "PRAGMA quick_check(1)").Scan(&check)
	if err == nil && check != "ok" {
		return damaged(s.path, check)
	}
	if err != nil {
		return openError(s.path, err)
	}
	err = s.conn.QueryRowContext(context.Background(),
		"SELECT org_id, base_url, started, runs, closed, operations, checksum FROM journal").
		Scan(&h.target.OrgID, &h.target.BaseURL, &started, &h.runs, &h.closed, &operations, &checksum)
	if err == nil {
		h.started = time.UnixMilli(started)
		err = s.scan()
	}
	switch {
	case err != nil && code(err) != 0:
		return openError(s.path, err)
	case err != nil:
		return damaged(s.path, err.Error())
	case int64(s.rows()) != operations || s.sum+h.hash() != uint64(checksum):
		return damaged(s.path, fmt.Sprintf("its checksum is wrong (%d of %d operations are there)", s.rows(), operations))
	}
	return nil
}

// scan adds up all rows.
func (s *store) scan() error {
	members, sum, err := s.sent()
	if err != nil {
		return err
	}
	s.sum, s.next, s.batches = sum, 1, 1
	for _, m := range members {
		s.next = max(s.next, m.id+1)
	}
	rows, err := s.conn.QueryContext(context.Background(), "SELECT id, data FROM operation")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var data sql.RawBytes
		if err := rows.Scan(&id, &data); err != nil {
			return err
		}
		r, err := parseRow(id, data)
		if err != nil {
			return err
		}
		s.counts[r.state]++
		s.sum += hash(ofOperation, id, data)
		s.next = max(s.next, id+1)
	}
	return rows.Err()
}

// markOpen notes in the main file that from now on the log is part of it.
func (s *store) markOpen() error {
	s.header.closed, s.dirty = false, true
	err := s.transaction(s.fold)
	if err == nil {
		err = run(s.conn, "PRAGMA wal_checkpoint(PASSIVE)")
	}
	if err != nil {
		return openError(s.path, err)
	}
	return nil
}
