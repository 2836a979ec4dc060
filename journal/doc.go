// Package journal keeps on disk which operations of a job were sent and which are
// done, so that a job that was cut short goes on where it stopped.
//
//	j, err := journal.Open("users.ndjson.journal")
//	if err != nil {
//		return err // in use, damaged, not writable: nothing has been sent
//	}
//	defer j.Close()
//	job := &client.Job{Source: source, Journal: j}
//	for result, err := range c.Run(ctx, job) {
//		...
//	}
//
// Running the same job with the same journal again does nothing twice: done
// operations are replayed, those that were sent without an answer are looked up,
// the rest is sent.
//
// # The file
//
// A journal is a SQLite database (format 3, its user_version) that only its owner
// can read (0600). While it is open, and after a crash, there is a write-ahead log
// beside it (-wal), which is a part of it: whoever moves or copies the one takes the
// other along. A closed journal can be read with the sqlite3 shell:
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
//	key, name  the Entry: hashes of the operation and of the natural name of the
//	           resource that it creates
//	sent       when its first attempt left, by the clock of this machine
//	date       the latest time of the service that was known before
//	known      sent, or done
//	status, location, version, recovered
//	           the Success of a done operation
//
// Refused and unsent operations have no row. The table foreign_resource has the
// ids of resources that somebody else made. The one row of the table job has the
// target (org_id, base_url), when the first run began (started), when the journal
// was written last (written), the latest time of the service (date), the number of
// runs, the numbers of operations and of done ones, and whether the journal was
// closed. The columns named crc are checksums. Names, mail addresses, bulkIds, and the data of operations are not in the
// file.
//
// A run that finds operations on record recognizes them by a temporary table, and
// tells their resources by another. Beyond 4 MiB these are in a temporary file
// without a name, in SQLITE_TMPDIR, TMPDIR, /var/tmp or /tmp.
//
// # Durability
//
// Write returns once the disk has confirmed its updates. The calls that wait at the
// same time share one transaction and one fsync. SQLite appends a transaction to
// the log and syncs it before it reports the commit (PRAGMA synchronous=FULL,
// sqlite.org/pragma.html), so:
//
//   - SIGKILL: the operating system has what was written, and the next Open reads
//     it. A transaction is in the log as a whole or not at all.
//   - Power loss: acknowledged updates have been synced; on macOS by F_FULLFSYNC.
//     This holds for disks that do what they say.
//   - A torn page: each page in the log carries a checksum that is chained to
//     those before it; reading stops at the first that does not match, which can
//     only be after the last acknowledged transaction, since transactions are
//     padded so that no two share a sector (psow=0, sqlite.org/psow.html). Pages
//     leave the log for the main file only once they are synced, and the log is
//     used again only once the main file is; a page torn there is still in the
//     log.
//   - A full disk or an error of the disk: the call gives an error that wraps
//     ErrWrite, and so does each call after it. Nothing is tried again, for a
//     failed fsync may have dropped what it should have written. Close then
//     leaves the log, as it does when it fails itself, and the next Open reads it.
//
// A rollback journal in the log's place would need three syncs a transaction
// instead of one, and was measured to be five times slower.
//
// # Damage
//
// Damage by other causes does not read as "nothing known". The job and each
// operation carry a CRC of their columns, and each transaction writes the numbers of
// operations and of done ones. Open reads and compares all of them, has SQLite check
// its trees (PRAGMA quick_check), compares the length of a closed file with its pages,
// and misses the log if the last user did not close the journal. Altered bits, a lost,
// stale, or misplaced page, and a cut file are ErrDamaged. What this does not cover is the end
// of the log: cut off, or altered after a crash, it reads as an earlier state of the
// journal.
//
// # One user
//
// A journal is open once at a time, in one process, and serves one run at a time.
// The lock is on a file beside it (.lock), which is created by Open and removed by
// Close: flock(2), or LockFileEx on Windows. The operating system releases it when
// the process ends, however it ends; then the file stays, and is no obstacle to the
// next Open. Reading or copying the journal does not release it. SQLite's own lock
// on the database keeps other programs out as well, but a process loses it when it
// closes any descriptor of that file.
package journal
