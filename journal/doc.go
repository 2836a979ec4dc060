// Package journal records on disk which operations of a job were sent and which
// are done, so that an interrupted job continues where it stopped.
//
//	j, err := journal.Open("users.ndjson.journal")
//	if err != nil {
//		return err // in use, damaged, or not writable; nothing was sent
//	}
//	defer j.Close()
//	job := &client.Job{Source: source, Journal: j}
//	for result, err := range c.Run(ctx, job) {
//		...
//	}
//
// If the same job runs again with the same journal, nothing is done twice:
// operations that are done are replayed, operations without an answer are
// looked up, and the rest is sent.
//
// # The file
//
// A journal is a SQLite database (format 3, its user_version) that only its
// owner can read (0600). While it is open, and after a crash, it has a
// write-ahead log in the same folder (-wal), which belongs to it: move or copy
// both files together. A closed journal can be read with the sqlite3 shell:
//
//	$ sqlite3 -box users.ndjson.journal 'SELECT id, sent, known, status, location FROM operations'
//	┌────┬──────────────────────────┬───────┬────────┬──────────────────────────────┐
//	│ id │           sent           │ known │ status │           location           │
//	├────┼──────────────────────────┼───────┼────────┼──────────────────────────────┤
//	│ 1  │ 2026-09-21 14:13:20.123Z │ done  │ 201    │ https://…/v2/Users/3f2504e0… │
//	│ 2  │ 2026-09-21 14:13:20.123Z │ sent  │        │                              │
//	└────┴──────────────────────────┴───────┴────────┴──────────────────────────────┘
//
// The view operations shows the tables operation and success, with keys in
// hexadecimal and times as text in UTC:
//
//	id         the Ticket
//	key, name  the Entry: hashes of the operation and of the natural name of
//	           the resource that it creates, or of the resource that it changes
//	sent       time of its first attempt, by the clock of this machine; 1970 if
//	           it is not known, as after an UpdateUndone
//	date       the latest time of the service that was known before
//	known      sent, or done
//	status, location, version, recovered
//	           the Success of a done operation
//
// Refused and unsent operations have no row. The table foreign_resource has the
// ids of resources that the job did not create. The one row of the table job
// has the target (org_id, base_url), when the first run began (started), when
// the journal was written last (written), the latest time of the service
// (date), the number of runs, the numbers of operations and of done ones, and
// whether the journal was closed. The columns named crc are checksums. Names,
// mail addresses, bulkIds, and the data of operations are not in the file.
//
// A run uses two temporary tables to find recorded operations and their
// resources. Tables of more than 4 MiB are in an unnamed temporary file, in
// SQLITE_TMPDIR, TMPDIR, /var/tmp or /tmp.
//
// # Durability
//
// Write returns after the disk has confirmed its updates. A call is one
// transaction and one fsync. SQLite appends a transaction to the log
// and syncs it before it reports the commit (PRAGMA synchronous=FULL,
// sqlite.org/pragma.html), so:
//
//   - SIGKILL: the operating system keeps written data, and the next Open reads
//     it. A transaction is in the log completely or not at all.
//   - Power loss: acknowledged updates have been synced; on macOS by
//     F_FULLFSYNC. This assumes that the disk does not confirm a sync too
//     early.
//   - A torn page: each page in the log carries a checksum that is chained to
//     those before it; reading stops at the first that does not match, which
//     can only be after the last acknowledged transaction, since transactions
//     are padded so that no two share a sector (psow=0, sqlite.org/psow.html).
//     Pages leave the log for the main file only once they are synced, and the
//     log is used again only once the main file is; a page torn there is still
//     in the log.
//   - A full disk or a disk error: the call returns an error that wraps
//     ErrWrite, and so does each later call. Nothing is tried again, because a
//     failed fsync may have lost the data. Close then leaves the log, as it
//     does if Close itself fails, and the next Open reads it.
//
// A rollback journal instead of the log would need three syncs per transaction
// instead of one; in a measurement it was five times slower.
//
// # Damage
//
// A damaged journal is an error; it is never read as an empty one. The job and
// each operation carry a CRC of their columns, and each transaction writes the
// numbers of operations and of done ones. Open reads and compares all of them,
// has SQLite check its trees (PRAGMA quick_check), and reports a missing log if
// the journal was not closed. Altered bits, a lost, stale, or misplaced page,
// and a cut file are ErrDamaged. One case is not detected: if the end of the
// log is cut off or altered after a crash, an earlier state of the journal is
// read.
//
// # One user
//
// A journal is open once at a time, in one process, and serves one run at a
// time. The lock is on a file beside it (.lock), which is created by Open and
// removed by Close: flock(2), or LockFileEx on Windows. The operating system
// releases it when the process ends, even after a crash; the file then stays,
// but does not prevent the next Open. Reading or copying the journal does not
// release it. SQLite's own lock on the database keeps other programs out as
// well, but a process loses it when it closes any descriptor of that file.
package journal
