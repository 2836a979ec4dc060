package journal

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/bloom"
)

// nameHash stands for a bulkId, which is not to be on disk: 128 bits of its
// SHA-256.
type nameHash [16]byte

func hashName(name string) nameHash {
	sum := sha256.Sum256([]byte(name))
	return nameHash(sum[:])
}

// The filter of names takes 1 MiB. With a million names it is wrong about one in
// fifty, with ten million about most, which then cost a look-up.
const (
	filterBits  = 1 << 23
	filterMarks = 4
)

// names are the named operations that were settled in this run. They live in
// a temporary database of their own, which SQLite deletes with the process,
// so that they take no memory and a look-up never waits for a commit. Nobody
// else reads it, so it is all one transaction without end: pages go to disk
// only when the cache is full.
type names struct {
	mu   sync.Mutex
	db   *sql.DB
	conn *sql.Conn

	statements
	insert, find *sql.Stmt

	filter *bloom.Filter // of the names that are in it
}

// A success is not replaced, so that a second operation of that name, which is
// a mistake in the input, cannot hide it.
const (
	createCreated = `CREATE TABLE created (
	ticket INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, outcome INTEGER NOT NULL, status INTEGER NOT NULL,
	location TEXT NOT NULL, version TEXT NOT NULL, recovered INTEGER NOT NULL)`
	addCreated = `INSERT INTO created (ticket, name, outcome, status, location, version, recovered)
	VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET
	ticket = excluded.ticket, outcome = excluded.outcome, status = excluded.status, location = excluded.location,
	version = excluded.version, recovered = excluded.recovered WHERE outcome <> 1`
	findCreated = `SELECT ticket, outcome, status, location, version, recovered FROM created WHERE name = ?`
)

func openNames() (_ *names, err error) {
	n := &names{filter: bloom.New(filterBits, filterMarks)}
	defer func() {
		if err != nil {
			_ = n.close()
		}
	}()
	// An empty file name is a temporary file (sqlite.org/inmemorydb.html).
	if n.db, n.conn, err = connect(""); err != nil {
		return nil, err
	}
	if err := run(n.conn, "PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -4000",
		createCreated, "BEGIN"); err != nil {
		return nil, err
	}
	stmt := func(text string) *sql.Stmt { return n.add(n.conn, text, &err) }
	n.insert, n.find = stmt(addCreated), stmt(findCreated)
	return n, err
}

// created is a settled operation and the name it goes by.
type created struct {
	name       nameHash
	settlement client.Settlement
}

func (n *names) put(all []created) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range all {
		s := &c.settlement
		err := execute(n.insert, int64(s.Ticket), c.name[:], int(s.Outcome), s.Status, s.Location, s.Version, s.Recovered)
		if err != nil {
			return err
		}
		n.filter.Add(string(c.name[:]))
	}
	return nil
}

func (n *names) get(name nameHash) (s client.Settlement, ok bool, err error) {
	if !n.filter.Has(string(name[:])) {
		return s, false, nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	err = n.find.QueryRowContext(context.Background(), name[:]).
		Scan(&s.Ticket, &s.Outcome, &s.Status, &s.Location, &s.Version, &s.Recovered)
	if errors.Is(err, sql.ErrNoRows) {
		return client.Settlement{}, false, nil
	}
	if err != nil {
		return client.Settlement{}, false, fmt.Errorf("temporary file: %w", err)
	}
	return s, true, nil
}

func (n *names) forget() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.filter.Clear()
	return run(n.conn, "DELETE FROM created")
}

func (n *names) close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return errors.Join(n.statements.close(), closeBoth(n.conn, n.db))
}

// Created returns the settlement of the operation that was claimed under the
// bulkId name and settled in this run. It does not wait for the disk.
func (j *Journal) Created(ctx context.Context, name string) (s client.Settlement, ok bool, err error) {
	if err := ctx.Err(); err != nil {
		return s, false, err
	}
	if err := j.failure(); err != nil {
		return s, false, err
	}
	s, ok, err = j.names.get(hashName(name))
	if err != nil {
		err = j.fail(fmt.Errorf("%w: %w", ErrWrite, err))
	}
	return s, ok, err
}
