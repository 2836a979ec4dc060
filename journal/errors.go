package journal

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/webexscim/bulk/client"
)

// Errors of this package wrap one of these, or are a *TargetError, or come from
// the operating system.
var (
	// ErrLocked: the journal is open already, here or in another process, or
	// serves another run.
	ErrLocked = errors.New("journal is in use")
	// ErrDamaged: the journal is damaged, or the file is not a journal.
	ErrDamaged = errors.New("journal is damaged, or the file is not a journal")
	// ErrNewer: the journal was written by a newer version of this package.
	ErrNewer = errors.New("journal was written by a newer version")
	// ErrOlder: the journal was written by an older version of this package,
	// whose format this one does not read.
	ErrOlder = errors.New("journal was written by an older version")
	// ErrWrite: the journal could not be written, for example on a full disk.
	// Every later call fails too.
	ErrWrite = errors.New("journal cannot be written")
	// ErrClosed: the journal has been closed.
	ErrClosed = errors.New("journal is closed")
	// ErrMisuse: the calls do not follow client.Journal. Nothing of the call
	// was recorded. After a wrong Write, every later call fails too.
	ErrMisuse = errors.New("journal is used wrongly")
)

// TargetError says that the journal belongs to another organization or service
// than the job.
type TargetError struct {
	// Journal is the target that the journal belongs to.
	Journal client.Target
	// Job is the target of the job.
	Job client.Target
}

// Error names both targets.
func (e *TargetError) Error() string {
	return fmt.Sprintf("journal belongs to organization %s at %s, but this job is for organization %s at %s",
		e.Journal.OrgID, e.Journal.BaseURL, e.Job.OrgID, e.Job.BaseURL)
}

// openError translates an error during Open for the user; nil stays nil.
func openError(path string, err error) error {
	if errors.Is(err, errHeld) {
		return fmt.Errorf("%w: %s; wait for the job that has it open to end", ErrLocked, path)
	}
	switch code(err) {
	case sqlite3.SQLITE_OK: // it does not come from SQLite
		return err
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%w: %s is open in another program; wait for it to end", ErrLocked, path)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR: // the last: an unknown file format
		return damaged(path, err.Error())
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return fmt.Errorf("%w: %s and its folder must be writable: %w", ErrWrite, path, err)
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR:
		return writeError(path, err)
	}
	return fmt.Errorf("journal %s: %w", path, err)
}

// damaged returns ErrDamaged with the cause and the possible remedies.
func damaged(path, what string) error {
	return fmt.Errorf("%w: %s: %s; restore it from a copy, or move it and %s-wal away to start afresh, "+
		"which forgets what was done so far", ErrDamaged, path, what, path)
}

// writeError translates a failed write for the user.
func writeError(path string, err error) error {
	if code(err) == sqlite3.SQLITE_FULL {
		return fmt.Errorf("%w: no space left for %s: %w", ErrWrite, path, err)
	}
	return fmt.Errorf("%w: %s: %w", ErrWrite, path, err)
}

// code is SQLite's primary result code (sqlite.org/rescode.html), 0 when the
// error is not SQLite's.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}
