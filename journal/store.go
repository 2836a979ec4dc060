package journal

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"

	"github.com/webexscim/bulk/client"
)

// The marks by which a file is known as a journal.
const (
	applicationID = 0x5CB17A0C // in the file's header, for file(1) and us
	schemaVersion = 2
)

// schema is compared with that of the file when it is opened; a change needs
// a new schemaVersion.
var schema = []string{
	`CREATE TABLE operation (
	id   INTEGER PRIMARY KEY,
	data BLOB    NOT NULL
) STRICT`,
	`CREATE TABLE sent (
	id         INTEGER PRIMARY KEY,
	operations BLOB    NOT NULL
) STRICT`,
	`CREATE TABLE journal (
	id         INTEGER PRIMARY KEY CHECK (id = 1),
	org_id     TEXT    NOT NULL,
	base_url   TEXT    NOT NULL,
	started    INTEGER NOT NULL,
	runs       INTEGER NOT NULL,
	closed     INTEGER NOT NULL,
	operations INTEGER NOT NULL,
	checksum   INTEGER NOT NULL
) STRICT`,
}

// Within a run, the rows of earlier runs that no Claim has taken yet, in the
// order in which those of equal key are handed out: done, sent, others; of
// these, what was sent in the earliest run first, as it is when a run has sent
// all that was overtaken: so the next one finds nothing overtaken. The run is two
// bytes at most here, turned round so that they sort: beyond 16,383 runs, or after
// a status beyond that, the order is any. The table is temporary, so it costs
// neither fsync nor log.
const (
	createKnown = `CREATE TEMP TABLE known (key BLOB, rank INTEGER, run BLOB, id INTEGER,
	PRIMARY KEY (key, rank, run, id)) WITHOUT ROWID`
	fillKnown = `INSERT INTO temp.known
	SELECT substr(data, 1, 16) AS key,
		CASE substr(data, 17, 1) WHEN x'01' THEN 0 WHEN x'00' THEN 1 WHEN x'04' THEN 1 ELSE 2 END AS rank,
		CAST(CASE WHEN run < x'80' THEN x'00' ELSE substr(run, 2) END || substr(run, 1, 1) AS BLOB) AS run, id
	FROM (SELECT id, data, substr(data, CASE WHEN substr(data, 19, 1) < x'80' THEN 20 ELSE 21 END, 2) AS run
		FROM main.operation)
	ORDER BY 1, 2, 3, 4`
	findKnown = `SELECT rank, run, id, data FROM temp.known LEFT JOIN main.operation USING (id)
	WHERE known.key = ? ORDER BY rank, run, id LIMIT 1`
	takeKnown = `DELETE FROM temp.known WHERE key = ? AND rank = ? AND run = ? AND id = ?`
)

// header is the one row of the table journal, but for its checksum.
type header struct {
	target  client.Target
	started time.Time // of the first run; zero before it
	runs    int
	closed  bool // by Close, so that no log is needed
}

// hash covers the header, as part of the checksum.
func (h *header) hash() uint64 {
	b := fmt.Appendf(nil, "%d %t %q %q", h.runs, h.closed, h.target.OrgID, h.target.BaseURL)
	return hash(ofHeader, h.started.UnixMilli(), b)
}

// store is the file. It belongs to one goroutine.
type store struct {
	path   string
	db     *sql.DB
	conn   *sql.Conn
	header header
	counts [states]int // of the table of operations, by state
	next   int64       // the lowest id not used
	sum    uint64      // of the hashes of all rows but the header
	dirty  bool        // the header is to be written before the commit

	batches int64       // the next batch's id
	covered [states]int // what batches add to counts, or take away
	latest  index       // the runs in which resources were changed last; see overtaken
	buffer  []byte      // for a row

	statements
	begin, commit, rollback *sql.Stmt
	insert, update, head    *sql.Stmt
	putBatch, dropBatch     *sql.Stmt
	read, find, take        *sql.Stmt
}

// prepare sets the connection up. maxPages bounds the file; 0 does not.
func (s *store) prepare(maxPages int) error {
	err := run(s.conn,
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL",
		"PRAGMA fullfsync = ON", // macOS: fsync alone does not reach the disk
		"PRAGMA checkpoint_fullfsync = ON",
		"PRAGMA cache_size = -4000",
		"PRAGMA temp_store = FILE",
		createKnown,
		"PRAGMA temp.journal_mode = OFF", // nothing goes on after an error
		"PRAGMA temp.cache_size = -4000",
		fmt.Sprintf("PRAGMA max_page_count = %d", maxPages),
	)
	if err != nil {
		return err
	}
	stmt := func(text string) *sql.Stmt { return s.add(s.conn, text, &err) }
	s.begin, s.commit, s.rollback = stmt("BEGIN IMMEDIATE"), stmt("COMMIT"), stmt("ROLLBACK")
	s.insert = stmt("INSERT INTO operation (data, id) VALUES (?, ?)")
	s.update = stmt("UPDATE operation SET data = ? WHERE id = ?")
	s.putBatch = stmt("INSERT OR REPLACE INTO sent (id, operations) VALUES (?, ?)")
	s.dropBatch = stmt("DELETE FROM sent WHERE id = ?")
	s.read = stmt("SELECT data FROM operation WHERE id = ?")
	s.head = stmt("UPDATE journal SET org_id = ?, base_url = ?, started = ?, runs = ?, closed = ?, operations = ?, checksum = ?")
	s.find, s.take = stmt(findKnown), stmt(takeKnown)
	return err
}

// put writes next in the place of the claim's row.
func (s *store) put(c *claim, next row) error {
	stmt := s.insert
	if c.stored {
		stmt = s.update
		s.counts[c.row.state]--
		s.sum -= hash(ofOperation, c.row.id, c.row.append(s.buffer[:0]))
	}
	s.buffer = next.append(s.buffer[:0])
	s.sum += hash(ofOperation, next.id, s.buffer)
	s.counts[next.state]++
	s.dirty = true
	c.row, c.stored = next, true
	return s.one(stmt, s.buffer, next.id)
}

// one runs a statement that changes one row.
func (s *store) one(stmt *sql.Stmt, args ...any) error {
	result, err := stmt.ExecContext(context.Background(), args...)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("a row is lost: %w", cmp.Or(err, ErrDamaged))
	}
	return nil
}

// lookup takes the best of the rows of that key which this run has not
// claimed yet. (With the LEFT JOIN, one that SQLite fails to find again is an
// error, not an operation never heard of.)
func (s *store) lookup(key client.Key) (r row, ok bool, err error) {
	var rank int
	var id int64
	var run, data []byte
	err = s.find.QueryRowContext(context.Background(), key[:]).Scan(&rank, &run, &id, &data)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, false, nil
	}
	if err == nil {
		r, err = parseRow(id, data)
	}
	if err != nil {
		return row{}, false, err
	}
	return r, true, execute(s.take, key[:], rank, run, id)
}

// start begins a run and returns how many rows earlier runs have left.
func (s *store) start(target client.Target) (int, error) {
	if s.header.runs == 0 {
		s.header.target = target
		s.header.started = time.Now()
	}
	if err := s.fold(); err != nil {
		return 0, err
	}
	s.header.runs++
	s.dirty = true
	if err := errors.Join(run(s.conn, "DELETE FROM temp.known"), s.latest.reset()); err != nil {
		return 0, err
	}
	return s.rows(), run(s.conn, fillKnown)
}

func (s *store) rows() int {
	n := 0
	for _, c := range s.counts {
		n += c
	}
	return n
}

// transaction runs work and commits; after an error nothing of it is there.
func (s *store) transaction(work func() error) error {
	if err := execute(s.begin); err != nil {
		return err
	}
	err := work()
	if err == nil && s.dirty {
		err = s.writeHeader()
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

func (s *store) writeHeader() error {
	s.dirty = false
	h := &s.header
	return execute(s.head, h.target.OrgID, h.target.BaseURL, h.started.UnixMilli(), h.runs, h.closed,
		s.rows(), int64(s.sum+h.hash()))
}

// close notes that the journal is whole without its log, which SQLite then
// moves into the file and removes. After a failure, that of noting it among
// them, the log stays: what is in the file may not be all.
func (s *store) close(failed bool) error {
	var err error
	if !failed {
		s.header.closed, s.dirty = true, true
		if err = s.transaction(func() error { return nil }); err != nil {
			err = writeError(s.path, err)
		}
	}
	if (failed || err != nil) && s.conn != nil {
		err = errors.Join(err, s.keepLog())
	}
	return errors.Join(err, s.latest.close(), s.statements.close(), closeBoth(s.conn, s.db))
}

// keepLog has SQLite leave the log when the connection is closed.
func (s *store) keepLog() error {
	return s.conn.Raw(func(driver any) error {
		_, err := driver.(sqlite.FileControl).FileControlPersistWAL("main", 1)
		return err
	})
}
